"""The three models that run on this computer, as a person chooses between them."""

from __future__ import annotations

from decimal import Decimal

from rerank_core.providers.spec import ModelSpec

__all__ = ["ENGLISH", "KEYWORD", "MODELS", "MULTILINGUAL"]

ENGLISH, MULTILINGUAL, KEYWORD = "local-english", "local-multilingual", "local-keyword"

_FREE = Decimal(0)

MODELS: tuple[ModelSpec, ...] = (
    ModelSpec(
        id=ENGLISH,
        label="English",
        audience="English text. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="english",
        notice=(
            "A small embedding model (all-MiniLM-L6-v2) together with keyword matching, not a cross-encoder. It "
            "stands where the hosted English model stands; it is not that model, which may order better."
        ),
    ),
    ModelSpec(
        id=MULTILINGUAL,
        label="Multilingual",
        audience="Many languages, also a question in one and documents in another. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="many",
        notice=(
            "A small embedding model (multilingual-e5-small) together with keyword matching, not a cross-encoder. "
            "It stands where the hosted multilingual model stands; it is not that model, which may order better."
        ),
    ),
    ModelSpec(
        id=KEYWORD,
        label="v2",
        audience="Names, codes and exact words, in any language. Runs on this computer, free.",
        price_per_1000=_FREE,
        languages="many",
        notice=(
            "The keyword baseline: it counts shared words and parts of words (BM25) and knows nothing of meaning. "
            "It stands where the hosted v2 model stands; it is not that model."
        ),
    ),
)
