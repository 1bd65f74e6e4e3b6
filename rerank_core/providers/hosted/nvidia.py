"""NVIDIA, hosted and as a NIM of one's own: https://docs.nvidia.com/nim/nemo-retriever/text-reranking/."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from rerank_core.errors import BadResponseError
from rerank_core.providers import complaints, standard
from rerank_core.providers.addresses import joined
from rerank_core.providers.spec import Batch, ModelSpec, ProviderSpec, ServiceFacts

_HOSTED = "https://ai.api.nvidia.com"
_MODELS = (
    ModelSpec("nvidia/llama-nemotron-rerank-1b-v2", "Nemotron 1B v2", "For many languages.", languages="many"),
    ModelSpec(
        "nvidia/llama-nemotron-rerank-vl-1b-v2",
        "Nemotron VL 1B v2",
        "For many languages, text and pictures; here text alone.",
        languages="many",
    ),
    ModelSpec("nvidia/llama-3.2-nv-rerankqa-1b-v2", "RerankQA 1B v2", "For many languages.", languages="many"),
)


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request. There is no top_n: NIM refuses one with 400."""
    return {
        "model": batch.model,
        "query": {"text": batch.query},
        "passages": [{"text": text} for text in batch.texts],
        "truncate": "END",
    }


def route(base: str, model: str | None, options: Mapping[str, str]) -> str:  # noqa: ARG001  # as of every spec
    """NVIDIA's own address has the model in its path, with underscores for dots; a NIM has one path for all."""
    if urlsplit(base).hostname == urlsplit(_HOSTED).hostname:
        return joined(base, f"/v1/retrieval/{(model or '').replace('.', '_')}/reranking")
    return joined(base, "/v1/ranking")


_HINTS = standard.hints(
    "NVIDIA_API_KEY", {BadResponseError: "Check the address: NVIDIA's own, or that of your NIM without a path."}
)

NVIDIA = ProviderSpec(
    id="nvidia",
    label="NVIDIA",
    description="NVIDIA's rerank models, hosted (needs a key) or in a NIM of your own (give its address).",
    docs_url="https://docs.nvidia.com/nim/nemo-retriever/text-reranking/latest/using-reranking.html",
    build=build,
    parse=partial(standard.parse, rows="rankings", score="logit"),
    explain=partial(complaints.explain, "NVIDIA", _HINTS),
    path="/v1/ranking",
    route=route,
    key_variable="NVIDIA_API_KEY",
    key_optional=True,
    base_url_variable="NVIDIA_BASE_URL",
    default_base_url=_HOSTED,
    models=_MODELS,
    default_model=_MODELS[0].id,
    aliases={"legacy": "nvidia/llama-3.2-nv-rerankqa-1b-v2"},
    max_documents=32,
    takes_any_model=True,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Paths, request and reply were read in langchain-nvidia-ai-endpoints 1.5.0 and LiteLLM. Not called.",
        scale="logit",
        ties="Not documented; the order of the reply is kept.",
        blank="Not documented; they are not sent.",
        cut="Here: the service refuses top_k.",
        limits="NVIDIA's own client sends 32 documents a request, and so does this one; long texts are cut.",
        billed="Not published by the request; the cost is unknown.",
    ),
)
