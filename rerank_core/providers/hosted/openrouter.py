"""OpenRouter: https://openrouter.ai/docs/api-reference/rerank."""

from __future__ import annotations

from functools import partial

from rerank_core.errors import QuotaExceededError
from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import ProviderSpec, ServiceFacts

_MODELS = (
    standard.priced(
        "cohere/rerank-5-fast",
        "Cohere 5 Fast",
        "For many languages.",
        "openrouter.ai/models, cohere/rerank-5-fast",
        per_million="0.02",
    ),
    standard.priced(
        "cohere/rerank-5-pro",
        "Cohere 5 Pro",
        "For many languages.",
        "openrouter.ai/models, cohere/rerank-5-pro",
        per_million="0.05",
    ),
    standard.priced(
        "mongodb/rerank-3",
        "Voyage 3",
        "For many languages.",
        "openrouter.ai/models, mongodb/rerank-3",
        per_million="0.05",
    ),
    standard.priced(
        "mongodb/rerank-3-lite",
        "Voyage 3 Lite",
        "For many languages.",
        "openrouter.ai/models, mongodb/rerank-3-lite",
        per_million="0.02",
    ),
    standard.priced(
        "qwen/qwen3-reranker-8b",
        "Qwen3 8B",
        "For many languages. An open model.",
        "openrouter.ai/models, qwen/qwen3-reranker-8b",
    ),
    standard.priced(
        "nvidia/nemotron-3.5-rerank-8b:free",
        "Nemotron 3.5 8B",
        "An open model; free, with few calls.",
        "openrouter.ai/models, nvidia/nemotron-3.5-rerank-8b:free",
        per_million="0",
    ),
)
_HINTS = standard.hints("OPENROUTER_API_KEY", {QuotaExceededError: "Add credit at openrouter.ai."})

OPENROUTER = ProviderSpec(
    id="openrouter",
    label="OpenRouter",
    description="Many companies' rerank models behind one key. Needs an OpenRouter key; its replies name their cost.",
    docs_url="https://openrouter.ai/docs/api-reference/rerank",
    build=standard.build,
    parse=standard.parse,
    explain=partial(complaints.explain, "OpenRouter", _HINTS),
    path="/rerank",
    key_variable="OPENROUTER_API_KEY",
    base_url_variable="OPENROUTER_BASE_URL",
    default_base_url="https://openrouter.ai/api/v1",
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={"english": "cohere/rerank-5-pro", "multilingual": "cohere/rerank-5-pro"},
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were read in the openrouter SDK 1.3.84 and the documentation. Not called.",
        scale="unit",
        ties="Those of the model behind it; the order of the reply is kept.",
        blank="Up to the model behind it; they are not sent.",
        cut="OpenRouter, and again here.",
        limits="Those of the model behind it; 1,000 documents go in one request.",
        billed="What the reply names (usage.cost). 524 and 529 are tried again.",
    ),
)
