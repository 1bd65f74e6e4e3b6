"""The systemone wire of decision models: TypeSafe's Jev, Ollama, llama.cpp, LiteLLM, OpenRouter, dev-double.

One request has a state, which the model reads, and questions about it, each answered with a probability. The state is
the query with its documents, a question is whether one document answers the query. Ids of questions are not shown to
the model, so each instruction names its document.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from rerank_core.errors import BadResponseError
from rerank_core.providers import billing, complaints, replies, standard
from rerank_core.providers.spec import TOGETHER, Batch, Option, ParsedReply, ProviderSpec, ServiceFacts

_TYPE = "noul"
_MOST = 30
_CRITERIA = {
    "true": "The document holds the answer to the query, or what is needed to answer it.",
    "false": "The document is about something else, or shares words with the query without answering it.",
}


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request: one question for each document."""
    names = [f"D{place + 1}" for place in range(len(batch.texts))]
    return {
        "model": batch.model,
        "state": {"query": batch.query, "documents": dict(zip(names, batch.texts, strict=True))},
        "questions": {
            name: {
                "type": _TYPE,
                "instructions": f"Does document {name} answer the query?",
                "criteria": _CRITERIA,
            }
            for name in names
        },
    }


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Probabilities by question. A refusal, and a question without an answer, leave their document unplaced, with a
    warning; BadResponseError where there is no answer at all."""
    answers = replies.inside(body, "answers")
    if not isinstance(answers, dict):
        raise BadResponseError("The reply holds no answers.", code=replies.NO_ROWS)
    found = [replies.number(replies.inside(answers, f"D{place + 1}", _TYPE)) for place in range(len(batch.texts))]
    said = replies.inside(body, "model") or replies.inside(body, "meta", "model")
    model, warnings = replies.answering_model(said, batch)
    return placed(found, model, warnings, body)


def placed(found: list[float | None], model: str | None, warnings: tuple[str, ...], body: Any) -> ParsedReply:
    """A reply of the probabilities that were found, None for documents without one.

    Raises BadResponseError where no document has one, or one is not from 0 to 1.
    """
    if any(score is not None and not 0 <= score <= 1 for score in found):
        raise BadResponseError("A probability of the reply is not from 0 to 1.")
    missing = tuple(place for place, score in enumerate(found) if score is None)
    if len(missing) == len(found):
        raise BadResponseError("The reply answers for none of the documents.")
    if missing:
        got = "1 document got" if len(missing) == 1 else f"{len(missing):,} documents got"
        warnings += (f"{got} no answer from the model, and stand last: that says nothing about them.",)
    return ParsedReply(
        rows=tuple((place, score) for place, score in enumerate(found) if score is not None),
        missing=missing,
        model=model,
        request_id=replies.text_or_none(replies.inside(body, "id")),
        amount=billing.amount(body),
        tokens=billing.tokens(body),
        warnings=warnings,
    )


_HINTS = standard.hints("SYSTEMONE_API_KEY")

SYSTEMONE = ProviderSpec(
    id="systemone",
    label="Decision model",
    description="Models that say how probable it is that a document answers: TypeSafe's Jev, or one of your own.",
    docs_url="https://docs.typesafe.ai/api-reference/systemone",
    build=build,
    parse=parse,
    explain=partial(complaints.explain, "Decision model", _HINTS),
    path="/v1/systemone",
    group="decisions",
    key_variable="SYSTEMONE_API_KEY",
    key_optional=True,
    base_url_variable="SYSTEMONE_BASE_URL",
    example_base_url="https://api.typesafe.ai",
    options=(
        Option(
            "model",
            "Model",
            "A name that the server knows; a version keeps scores comparable.",
            default="jev-latest",
            example="jev-1.14.0",
        ),
        Option(
            TOGETHER,
            "Documents a request",
            "1 asks about each document by itself: its probability then depends on no other and on no place, and every "
            "document is a request.",
            default=str(_MOST),
            choices=(str(_MOST), "1"),
        ),
    ),
    takes_any_model=True,
    max_documents=_MOST,
    max_bytes=48_000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Run: dev-double 0.2.0 answered this adapter. The fields are those of typesafe-sdk 0.7.5. No hosted "
        "service was called.",
        scale="calibrated",
        ties="Answers come by question, so equal probabilities stay in the order of the documents.",
        blank="They are not sent.",
        cut="Here: there is no such field.",
        limits="30 documents and 48 kB a request, so that servers with the smallest limits take them; longer lists are "
        "split. The same pair's probability varies a little from call to call and with its place in the request; one "
        "document a request, an option of the connection, leaves the place out.",
        billed="What the reply names (usage.cost); tokens are shown (usage.input_tokens). TypeSafe asked $0.042 for a "
        "million input tokens in November 2026.",
    ),
)
