"""Cohere, version 2 of its API: https://docs.cohere.com/v2/reference/rerank."""

from __future__ import annotations

from functools import partial
from typing import Any

from rerank_core.errors import QuotaExceededError
from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import Batch, ProviderSpec, ServiceFacts

_V5 = "rerank-v5"
_V4_PRICE = "LiteLLM's price map 1.108.7, after cohere.com/pricing"
_V5_PRICE = "openrouter.ai, cohere/rerank-5, after Cohere's release of 3 November 2026"
_WINDOW = "For many languages; reads 32,768 tokens of query and document."

_MODELS = (
    standard.priced("rerank-v4.0-fast", "v4 Fast", f"{_WINDOW} The quicker of version 4.", _V4_PRICE, per_1000="2.00"),
    standard.priced("rerank-v4.0-pro", "v4 Pro", f"{_WINDOW} The better of version 4.", _V4_PRICE, per_1000="2.50"),
    standard.priced(
        "rerank-v5.0-fast",
        "v5 Fast",
        f"{_WINDOW} The quicker of version 5; says which words answer.",
        _V5_PRICE,
        per_million="0.02",
    ),
    standard.priced(
        "rerank-v5.0-pro",
        "v5 Pro",
        f"{_WINDOW} The better of version 5; says which words answer.",
        _V5_PRICE,
        per_million="0.05",
    ),
    standard.priced(
        "rerank-v3.5",
        "v3.5",
        "For many languages; reads 4,096 tokens of query and document.",
        _V4_PRICE,
        per_1000="2.00",
        notice="Others call rerank-v3.5 deprecated; Cohere named no day of its end up to 17 October 2026.",
    ),
)


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request. Version 5 is asked for the parts of each text that speak to the query."""
    spans = {"relevant_spans": {"mode": "enabled"}} if (batch.model or "").startswith(_V5) else None
    return standard.build(batch, more=spans)


_HINTS = standard.hints("COHERE_API_KEY", {QuotaExceededError: "Raise the limit on Cohere's billing page."})

COHERE = ProviderSpec(
    id="cohere",
    label="Cohere",
    description="Cohere's own rerank models. Needs a Cohere key; searches or tokens cost money.",
    docs_url="https://docs.cohere.com/v2/reference/rerank",
    build=build,
    parse=standard.parse,
    explain=partial(complaints.explain, "Cohere", _HINTS),
    path="/v2/rerank",
    key_variable="COHERE_API_KEY",
    base_url_variable="COHERE_BASE_URL",
    default_base_url="https://api.cohere.com",
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={"english": "rerank-v5.0-pro", "multilingual": "rerank-v5.0-pro", "legacy": "rerank-v3.5"},
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were compared with what the cohere SDK 7.3.1 sends and takes. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Refused by Cohere, so they are not sent.",
        cut="Cohere, and again here.",
        limits="10,000 documents at most, 1,000 advised; that many go in one request.",
        billed="Up to version 4 searches (meta.billed_units.search_units), from version 5 input tokens "
        "(meta.billed_units.input_tokens). How Cohere counts the query of version 5 is not documented; it is taken "
        "to count with each document.",
    ),
)
