"""Mixedbread: https://www.mixedbread.com/api-reference/endpoints/reranking."""

from __future__ import annotations

from functools import partial

from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import ProviderSpec, ServiceFacts

_SOURCE = "mixedbread.com, the pages of the models"
_MODELS = (
    standard.priced(
        "mixedbread-ai/mxbai-rerank-large-v2",
        "Large v2",
        "For many languages. The better one.",
        _SOURCE,
        per_million="0.15",
    ),
    standard.priced(
        "mixedbread-ai/mxbai-rerank-base-v2",
        "Base v2",
        "For many languages. The smaller one.",
        _SOURCE,
        per_million="0.15",
    ),
)
_HINTS = standard.hints("MIXEDBREAD_API_KEY")

MIXEDBREAD = ProviderSpec(
    id="mixedbread",
    label="Mixedbread",
    description="Mixedbread's rerank models. Needs a Mixedbread key; tokens cost money.",
    docs_url="https://www.mixedbread.com/api-reference/endpoints/reranking",
    build=partial(standard.build, documents="input", cut="top_k", returned="return_input"),
    parse=partial(standard.parse, rows="data", score="score"),
    explain=partial(complaints.explain, "Mixedbread", _HINTS),
    path="/reranking",
    key_variable="MIXEDBREAD_API_KEY",
    base_url_variable="MIXEDBREAD_BASE_URL",
    default_base_url="https://api.mixedbread.com/v1",
    models=_MODELS,
    default_model=_MODELS[0].id,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were compared with what the mixedbread SDK 0.54.0 sends and takes. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="Mixedbread (top_k), and again here.",
        limits="The most documents of a request are not documented; 1,000 go in one.",
        billed="Tokens (usage.total_tokens). How the query counts is not documented; it is taken to count with each "
        "document.",
    ),
)
