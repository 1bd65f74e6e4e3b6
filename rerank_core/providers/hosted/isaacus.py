"""Isaacus, models for law: https://docs.isaacus.com/api-reference/rerankings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial

from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import ModelSpec, ProviderSpec, ServiceFacts

_SOURCE = "Isaacus' price list (docs.isaacus.com/pricing)"
_MODELS = (
    ModelSpec(
        "kanon-2-reranker",
        "Kanon 2",
        "Legal texts in English.",
        price_per_million=Decimal("0.35"),
        price_source=_SOURCE,
        price_as_of=date(2026, 11, 30),
    ),
    ModelSpec(
        "kanon-universal-classifier",
        "Kanon Classifier",
        "Legal texts in English. The one before.",
        price_per_million=Decimal("1.00"),
        price_source=_SOURCE,
        price_as_of=date(2026, 11, 30),
    ),
)
_HINTS = standard.hints("ISAACUS_API_KEY")

ISAACUS = ProviderSpec(
    id="isaacus",
    label="Isaacus",
    description="Rerank models for law. Needs an Isaacus key; tokens cost money.",
    docs_url="https://docs.isaacus.com/api-reference/rerankings",
    build=partial(standard.build, documents="texts"),
    parse=partial(standard.parse, score="score"),
    explain=partial(complaints.explain, "Isaacus", _HINTS),
    path="/rerankings",
    key_variable="ISAACUS_API_KEY",
    base_url_variable="ISAACUS_BASE_URL",
    default_base_url="https://api.isaacus.com/v1",
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={"legacy": "kanon-universal-classifier"},
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were compared with what the isaacus SDK 0.22.1 sends and takes. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Refused, so they are not sent.",
        cut="Isaacus, and again here.",
        limits="Not documented; 1,000 documents go in one request. Long texts are read in chunks, the best one counts.",
        billed="Tokens (usage.input_tokens): those that the model reads, the query and a few more with each text.",
    ),
)
