"""SiliconFlow: https://docs.siliconflow.cn/en/api-reference/rerank/create-rerank."""

from __future__ import annotations

from functools import partial

from rerank_core.providers import complaints, standard
from rerank_core.providers.spec import ModelSpec, ProviderSpec, ServiceFacts

_MODELS = (
    ModelSpec("BAAI/bge-reranker-v2-m3", "BGE v2 m3", "For many languages.", languages="many"),
    ModelSpec("Qwen/Qwen3-Reranker-8B", "Qwen3 8B", "For many languages. The largest.", languages="many"),
    ModelSpec("Qwen/Qwen3-Reranker-4B", "Qwen3 4B", "For many languages.", languages="many"),
    ModelSpec("Qwen/Qwen3-Reranker-0.6B", "Qwen3 0.6B", "For many languages. The quickest.", languages="many"),
)
_HINTS = standard.hints("SILICONFLOW_API_KEY")

SILICONFLOW = ProviderSpec(
    id="siliconflow",
    label="SiliconFlow",
    description="Open rerank models that SiliconFlow serves. Needs a SiliconFlow key; the price is not known here.",
    docs_url="https://docs.siliconflow.cn/en/api-reference/rerank/create-rerank",
    build=partial(standard.build, returned="return_documents"),
    parse=standard.parse,
    explain=partial(complaints.explain, "SiliconFlow", _HINTS),
    path="/rerank",
    key_variable="SILICONFLOW_API_KEY",
    base_url_variable="SILICONFLOW_BASE_URL",
    default_base_url="https://api.siliconflow.cn/v1",
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={
        "english": "Qwen/Qwen3-Reranker-8B",
        "multilingual": "Qwen/Qwen3-Reranker-8B",
        "legacy": "BAAI/bge-reranker-v2-m3",
    },
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Read in its documentation alone, and not all of it could be confirmed. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="SiliconFlow, and again here.",
        limits="Not documented; 1,000 documents go in one request.",
        billed="Tokens (tokens.input_tokens or meta.tokens.input_tokens); their price is not known here.",
    ),
)
