"""The providers there are, each in a file of its own, listed by hand."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from rerank_core.errors import ConfigurationError
from rerank_core.providers.spec import Batch, ModelSpec, ParsedReply, ProviderSpec

__all__ = ["Batch", "ModelSpec", "ParsedReply", "ProviderSpec", "provider", "providers"]

# One line a provider: its id, and the file that has its spec, named after the id in capitals. Files
# are read when they are first asked for, so that `import rerank_core` stays light.
_PROVIDERS = {
    "local": "local.this_computer",
    "gateflow": "hosted.gateflow",
    "flashrank": "hosted.flashrank",
    "flashrank-library": "local.flashrank_library",
    "onnx-folder": "local.onnx_folder",
    "cohere": "hosted.cohere",
    "voyage": "hosted.voyage",
    "jina": "hosted.jina",
    "mixedbread": "hosted.mixedbread",
    "pinecone": "hosted.pinecone",
    "nvidia": "hosted.nvidia",
    "openrouter": "hosted.openrouter",
    "deepinfra": "hosted.deepinfra",
    "zeroentropy": "hosted.zeroentropy",
    "contextual": "hosted.contextual",
    "isaacus": "hosted.isaacus",
    "siliconflow": "hosted.siliconflow",
    "dashscope": "hosted.dashscope",
    "bedrock": "hosted.bedrock",
    "azure": "hosted.azure",
    "vertex": "hosted.vertex",
    "tei": "self_hosted.tei",
    "vllm": "self_hosted.vllm",
    "infinity": "self_hosted.infinity",
    "llamacpp": "self_hosted.llamacpp",
    "litellm": "self_hosted.litellm",
    "xinference": "self_hosted.xinference",
    "tensorrt": "self_hosted.tensorrt",
    "custom": "self_hosted.custom",
    "systemone": "decisions.systemone",
    "openai-decisions": "decisions.openai_decisions",
}


def providers() -> tuple[ProviderSpec, ...]:
    """Every provider, the one that needs no key first."""
    return tuple(_loaded(id) for id in _PROVIDERS)


def provider(id: str | ProviderSpec) -> ProviderSpec:
    """The provider of that id; a spec stands for itself. Raises ConfigurationError, naming those there are, for any
    other."""
    if isinstance(id, ProviderSpec):
        return id
    if isinstance(id, str) and id in _PROVIDERS:
        return _loaded(id)
    known = ", ".join(_PROVIDERS)
    raise ConfigurationError(
        f"There is no provider called {id!r}.", code="unknown_provider", hint=f"Choose one of {known}."
    )


@cache
def _loaded(id: str) -> ProviderSpec:
    name = id.upper().replace("-", "_")
    spec = getattr(import_module(f"{__name__}.{_PROVIDERS[id]}"), name)
    assert isinstance(spec, ProviderSpec)
    return spec
