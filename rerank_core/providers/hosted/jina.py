"""Jina AI: https://api.jina.ai/openapi.json and https://jina.ai/reranker."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial

from rerank_core.errors import QuotaExceededError
from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import ModelSpec, ProviderSpec, ServiceFacts

_LIST = "A gateway's list (one-api), the same for each of Jina's rerankers; Jina publishes packages of tokens"
_MODELS = (
    ModelSpec(
        "jina-reranker-v3.5",
        "v3.5",
        "For many languages. Reads all documents of a request together.",
        languages="many",
        price_per_million=Decimal("0.05"),
        price_source=_LIST,
        price_as_of=date(2026, 11, 30),
        listwise=True,
    ),
    ModelSpec(
        "jina-reranker-v3",
        "v3",
        "For many languages. Reads all documents of a request together.",
        languages="many",
        price_per_million=Decimal("0.05"),
        price_source=_LIST,
        price_as_of=date(2026, 11, 30),
        notice="Jina is giving jina-reranker-v3 up for v3.5, which came on 27 July 2026.",
        listwise=True,
    ),
    ModelSpec(
        "jina-reranker-m0",
        "m0",
        "For many languages, text and pictures; here text alone.",
        languages="many",
        price_per_million=Decimal("0.05"),
        price_source=_LIST,
        price_as_of=date(2026, 11, 30),
    ),
    ModelSpec(
        "jina-reranker-v2-base-multilingual",
        "v2 Base",
        "For many languages. Reads each document by itself.",
        languages="many",
        price_per_million=Decimal("0.05"),
        price_source="LiteLLM's price map 1.108.7, after api.jina.ai/v1/models",
        price_as_of=standard.READ_ON,
    ),
)
_HINTS = standard.hints("JINA_API_KEY", {QuotaExceededError: "Top up the key's tokens at jina.ai."})

JINA = ProviderSpec(
    id="jina",
    label="Jina",
    description="Jina AI's rerank models. Needs a Jina key; tokens cost money, the first ten million are free.",
    docs_url="https://api.jina.ai/openapi.json",
    build=partial(standard.build, returned="return_documents"),
    parse=standard.parse,
    explain=partial(complaints.explain, "Jina", _HINTS),
    path="/v1/rerank",
    key_variable="JINA_API_KEY",
    base_url_variable="JINA_BASE_URL",
    default_base_url="https://api.jina.ai",
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={"legacy": "jina-reranker-v2-base-multilingual"},
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Read in its documentation alone. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="Jina, and again here.",
        limits="The most documents of a request are not documented. Versions 3 and 3.5 are never split; lists for the "
        "others go in requests of 1,000.",
        billed="Tokens (usage.total_tokens). Jina names the price of version 2 alone; that of the others is a third "
        "party's.",
    ),
)
