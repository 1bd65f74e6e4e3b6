"""OpenAI's Decisions (public beta since 6 October 2026): https://platform.openai.com/docs/api-reference/decisions."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from rerank_core.errors import BadResponseError
from rerank_core.providers import complaints, replies, standard
from rerank_core.providers.decisions.systemone import placed
from rerank_core.providers.spec import Batch, ModelSpec, ParsedReply, ProviderSpec, ServiceFacts

_MODELS = (
    ModelSpec(
        "gpt-6-luna",
        "GPT-6 Luna",
        "For many languages; a probability for each document.",
        languages="many",
        price_per_million=Decimal("0.10"),
        tokens_counted="once",
        price_source="OpenAI's beta of Decisions, input tokens",
        price_as_of=standard.READ_ON,
    ),
)


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request: one predicate for each document."""
    names = [f"D{place + 1}" for place in range(len(batch.texts))]
    documents = "\n\n".join(f"Document {name}:\n{text}" for name, text in zip(names, batch.texts, strict=True))
    return {
        "model": batch.model,
        "input": f"Query:\n{batch.query}\n\n{documents}",
        "questions": [
            {
                "type": "predicate",
                "name": name,
                "instructions": f"Document {name} holds the answer to the query, or what is needed to answer it.",
            }
            for name in names
        ],
    }


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Probabilities in the order of the questions. A refusal leaves its document unplaced, with a warning.

    BadResponseError where there are not as many answers as questions, or one names another question.
    """
    answers = replies.inside(body, "answers")
    if not isinstance(answers, list):
        raise BadResponseError("The reply holds no list of answers.", code=replies.NO_ROWS)
    if len(answers) != len(batch.texts):
        raise BadResponseError(f"The reply holds {len(answers)} of {len(batch.texts)} answers.")
    found: list[float | None] = []
    for place, answer in enumerate(answers):
        named = replies.inside(answer, "name")
        if named not in (None, f"D{place + 1}"):
            raise BadResponseError(f"Answer {place + 1} of the reply is for another question.")
        found.append(replies.number(replies.inside(answer, "probability")))
    model, warnings = replies.answering_model(replies.inside(body, "model"), batch)
    return placed(found, model, warnings, body)


_HINTS = standard.hints("OPENAI_DECISIONS_API_KEY")

OPENAI_DECISIONS = ProviderSpec(
    id="openai-decisions",
    label="OpenAI Decisions",
    description="OpenAI's decision model: how probable it is that a document answers. Needs a key; tokens cost money.",
    docs_url="https://platform.openai.com/docs/api-reference/decisions",
    build=build,
    parse=parse,
    explain=partial(complaints.explain, "OpenAI Decisions", _HINTS),
    path="/decisions",
    group="decisions",
    key_variable="OPENAI_DECISIONS_API_KEY",
    base_url_variable="OPENAI_DECISIONS_BASE_URL",
    default_base_url="https://api.openai.com/v1",
    models=_MODELS,
    default_model=_MODELS[0].id,
    takes_any_model=True,
    max_documents=30,
    max_bytes=200_000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were compared with what the openai SDK 3.57.0 sends and takes. Not called.",
        scale="calibrated",
        ties="Answers come by question, so equal probabilities stay in the order of the documents.",
        blank="They are not sent.",
        cut="Here: there is no such field.",
        limits="400 questions a request; 30 documents and 200 kB go in one, since long lists in one request rank "
        "worse. The same pair's probability varies a little from call to call.",
        billed="Input tokens (usage.input_tokens), once a request.",
    ),
)
