"""DeepInfra: https://deepinfra.com/docs/advanced/rerank."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from rerank_core import errors
from rerank_core.providers import billing, complaints, replies, standard
from rerank_core.providers.spec import Batch, ModelSpec, ParsedReply, ProviderSpec, ServiceFacts

_MODELS = (
    ModelSpec(
        "Qwen/Qwen3-Reranker-8B",
        "Qwen3 8B",
        "For many languages. The best of the three.",
        languages="many",
        price_per_million=Decimal("0.05"),
        price_source="deepinfra.com, the page of the model",
        price_as_of=date(2026, 11, 30),
    ),
    ModelSpec("Qwen/Qwen3-Reranker-4B", "Qwen3 4B", "For many languages.", languages="many"),
    ModelSpec(
        "Qwen/Qwen3-Reranker-0.6B",
        "Qwen3 0.6B",
        "For many languages. The quickest.",
        languages="many",
        price_per_million=Decimal("0.01"),
        price_source="deepinfra.com, the page of the model",
        price_as_of=date(2026, 11, 30),
    ),
)


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request: the query once for each document. The model is in the address."""
    return {"queries": [batch.query] * len(batch.texts), "documents": list(batch.texts)}


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Scores in the order of the documents; BadResponseError where there are not as many, or one is no number."""
    scores = replies.inside(body, "scores")
    if not isinstance(scores, list):
        raise errors.BadResponseError("The reply holds no list of scores.", code=replies.NO_ROWS)
    rows = [{"index": place, "relevance_score": score} for place, score in enumerate(scores)]
    return ParsedReply(
        rows=replies.read_rows({"results": rows}, len(batch.texts), None),
        model=batch.model,
        request_id=replies.text_or_none(replies.inside(body, "request_id")),
        amount=billing.amount(body),
        tokens=billing.tokens(body),
    )


_HINTS = standard.hints("DEEPINFRA_API_KEY")

DEEPINFRA = ProviderSpec(
    id="deepinfra",
    label="DeepInfra",
    description="Open rerank models that DeepInfra serves. Needs a DeepInfra key; its replies name their cost.",
    docs_url="https://deepinfra.com/docs/advanced/rerank",
    build=build,
    parse=parse,
    explain=partial(complaints.explain, "DeepInfra", _HINTS),
    path="/v1/inference/{model}",
    key_variable="DEEPINFRA_API_KEY",
    base_url_variable="DEEPINFRA_BASE_URL",
    default_base_url="https://api.deepinfra.com",
    models=_MODELS,
    default_model=_MODELS[0].id,
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were read in LiteLLM 1.108.7. Not called.",
        scale="unit",
        ties="The scores come in the order of the documents, so equal ones stay in it.",
        blank="Not documented; they are not sent.",
        cut="Here: the service has no such field.",
        limits="Not documented; 1,000 documents go in one request.",
        billed="What the reply names (inference_status.cost); the estimate is of tokens, the query with each "
        "document. The price of the 4B model was not found.",
    ),
)
