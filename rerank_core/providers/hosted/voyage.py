"""Voyage AI, also by MongoDB: https://docs.voyageai.com/reference/reranker-api."""

from __future__ import annotations

from functools import partial

from rerank_core.errors import RateLimitedError
from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import ProviderSpec, ServiceFacts

_SOURCE = "openrouter.ai, mongodb/rerank-3, and usagepricing.com"

_MODELS = (
    standard.priced(
        "rerank-3", "3", "For many languages. The newest, since 30 September 2026.", _SOURCE, per_million="0.05"
    ),
    standard.priced(
        "rerank-3-lite", "3 Lite", "For many languages. The newest small one.", _SOURCE, per_million="0.02"
    ),
    standard.priced("rerank-2.5", "2.5", "For many languages. The one before.", _SOURCE, per_million="0.05"),
    standard.priced(
        "rerank-2.5-lite", "2.5 Lite", "For many languages. The small one before.", _SOURCE, per_million="0.02"
    ),
)
_HINTS = standard.hints(
    "VOYAGE_API_KEY", {RateLimitedError: "Wait a little; without a payment method Voyage allows few calls a minute."}
)

VOYAGE = ProviderSpec(
    id="voyage",
    label="Voyage",
    description="Voyage AI's rerank models, also with keys of MongoDB. Needs a key; tokens cost money.",
    docs_url="https://docs.voyageai.com/reference/reranker-api",
    build=partial(standard.build, cut="top_k", returned="return_documents", more={"truncation": True}),
    parse=partial(standard.parse, rows="data"),
    explain=partial(complaints.explain, "Voyage", _HINTS),
    path="/rerank",
    key_variable="VOYAGE_API_KEY",
    base_url_variable="VOYAGE_BASE_URL",
    default_base_url="https://api.voyageai.com/v1",
    hosts_by_key=(("al-", "https://ai.mongodb.com/v1"),),
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={"legacy": "rerank-2.5"},
    max_documents=1000,
    max_bytes=1_200_000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were compared with what the voyageai SDK 0.5.0 sends and takes. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="One blank document fails a whole request, so they are not sent.",
        cut="Voyage (top_k), and again here.",
        limits="1,000 documents and 600,000 tokens a request, a query of 8,000 tokens. Longer lists are split by size; "
        "a pair over 32,000 tokens is cut.",
        billed="Tokens: the query with each document, and the documents (usage.total_tokens). Keys that begin with al- "
        "go to ai.mongodb.com.",
    ),
)
