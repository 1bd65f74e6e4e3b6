"""Contextual AI: https://docs.contextual.ai/api-reference/rerank/rerank."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial

from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import ModelSpec, ProviderSpec, ServiceFacts

_MODELS = (
    ModelSpec("ctxl-rerank-v2-instruct-multilingual", "Instruct v2", "For many languages.", languages="many"),
    ModelSpec(
        "ctxl-rerank-v2-instruct-multilingual-mini",
        "Instruct v2 Mini",
        "For many languages, quicker.",
        languages="many",
    ),
    ModelSpec(
        "ctxl-rerank-v1-instruct",
        "Instruct v1",
        "English. The one before.",
        price_per_million=Decimal("0.12"),
        price_source="docs.contextual.ai, billing, the sheet of July 2025, which is older than version 2",
        price_as_of=date(2026, 11, 30),
    ),
)
_HINTS = standard.hints("CONTEXTUAL_API_KEY")

CONTEXTUAL = ProviderSpec(
    id="contextual",
    label="Contextual AI",
    description="Contextual AI's rerank models. Needs a Contextual AI key; tokens cost money.",
    docs_url="https://docs.contextual.ai/api-reference/rerank/rerank",
    build=standard.build,
    parse=standard.parse,
    explain=partial(complaints.explain, "Contextual AI", _HINTS),
    path="/rerank",
    key_variable="CONTEXTUAL_API_KEY",
    base_url_variable="CONTEXTUAL_BASE_URL",
    default_base_url="https://api.contextual.ai/v1",
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={"english": "ctxl-rerank-v2-instruct-multilingual", "legacy": "ctxl-rerank-v1-instruct"},
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were compared with what contextual-client 0.11.0 sends and takes. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="Contextual AI, and again here.",
        limits="Not documented; 1,000 documents go in one request.",
        billed="Tokens; replies do not count them, so what a call cost is not known. The price of version 2 was not "
        "found. How the query counts is not documented; it is taken to count with each document.",
    ),
)
