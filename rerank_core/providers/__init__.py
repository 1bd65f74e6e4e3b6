"""The providers there are, each in a file of its own, listed by hand."""

from __future__ import annotations

from rerank_core.errors import ConfigurationError
from rerank_core.providers.flashrank import FLASHRANK
from rerank_core.providers.flashrank_library import FLASHRANK_LIBRARY
from rerank_core.providers.gateflow import GATEFLOW
from rerank_core.providers.local import LOCAL
from rerank_core.providers.spec import Batch, ModelSpec, ParsedReply, ProviderSpec

__all__ = ["Batch", "ModelSpec", "ParsedReply", "ProviderSpec", "provider", "providers"]

_PROVIDERS = (LOCAL, GATEFLOW, FLASHRANK, FLASHRANK_LIBRARY)


def providers() -> tuple[ProviderSpec, ...]:
    """Every provider, the one that needs no key first."""
    return _PROVIDERS


def provider(id: str | ProviderSpec) -> ProviderSpec:
    """The provider of that id; a spec stands for itself. Raises ConfigurationError, naming those there are, for any
    other."""
    if isinstance(id, ProviderSpec):
        return id
    for spec in _PROVIDERS:
        if spec.id == id:
            return spec
    known = ", ".join(spec.id for spec in _PROVIDERS)
    raise ConfigurationError(
        f"There is no provider called {id!r}.", code="unknown_provider", hint=f"Choose one of {known}."
    )
