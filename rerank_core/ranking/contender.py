"""Who takes part in a comparison or an experiment: one model of one connection, and how it is named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rerank_core.errors import ConfigurationError
from rerank_core.providers import provider as find_provider
from rerank_core.providers import providers


@dataclass(frozen=True, slots=True)
class Contender:
    """One model of one connection; `model` may be given as an alias, and is its id then. `label` is what it is
    called everywhere, by default the model's own; labels of one experiment differ, which `distinct` sees to."""

    provider: str
    model: str | None = None
    label: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "model", _model(self.provider, self.model))
        if not self.label:
            object.__setattr__(self, "label", _label(self.provider, self.model))

    @property
    def is_local(self) -> bool:
        """Whether it runs on this computer; False too where its provider is not known any more."""
        return any(spec.id == self.provider and spec.is_local for spec in providers())


def _model(provider: str, model: str | None) -> str | None:
    try:
        known = find_provider(provider).model(model) if model is not None else None
    except ConfigurationError:  # a provider that is not known any more
        return model
    return model if known is None else known.id


def _label(provider: str, model: str | None) -> str:
    try:
        spec = find_provider(provider)
    except ConfigurationError:
        return f"{provider} {model or ''}".strip()
    known = spec.model(model) if model is not None else None
    return known.label if known is not None else model or spec.label


def distinct(contenders: Iterable[Contender]) -> tuple[Contender, ...]:
    """The contenders, each once, with the connection in the label of those that would share one."""
    chosen = tuple({(one.provider, one.model): one for one in contenders}.values())
    labels = [one.label for one in chosen]
    return tuple(
        one if labels.count(one.label) == 1 else replace(one, label=f"{one.label} ({_label(one.provider, None)})")
        for one in chosen
    )


MAX_CONTENDERS = 4
"""As many models as can be told apart side by side."""


def contenders() -> tuple[Contender, ...]:
    """Everything that can be compared: each model of each provider, a provider without models once."""
    return tuple(
        Contender(spec.id, model)
        for spec in providers()
        for model in ([known.id for known in spec.models] if spec.has_models else [None])
    )


def key_of(contender: Contender) -> str:
    """A contender in an address: "local:local-english", "flashrank"."""
    return contender.provider if contender.model is None else f"{contender.provider}:{contender.model}"


def keys_text(chosen: Iterable[Contender]) -> str:
    """Several contenders in an address; `read_keys` reads it."""
    return ",".join(key_of(contender) for contender in chosen)


def read_keys(text: str | None) -> tuple[Contender, ...]:
    """The contenders that an address names, each once, at most MAX_CONTENDERS; what is not known is left out."""
    known = {key_of(contender): contender for contender in contenders()}
    parts = (part.strip().partition(":") for part in (text or "").split(","))
    named = dict.fromkeys(key_of(Contender(provider, model or None)) for provider, _, model in parts)
    return tuple(known[name] for name in named if name in known)[:MAX_CONTENDERS]


def short_names(chosen: Sequence[Contender]) -> tuple[str, ...]:
    """What to call each in a sentence: the model's name, with the provider's where two models share one."""
    shared = Counter(contender.label for contender in chosen)
    return tuple(full_name(contender) if shared[contender.label] > 1 else contender.label for contender in chosen)


def full_name(contender: Contender) -> str:
    """A model with its provider: "English (GateFlow)", "English (local)"; a provider without models is its own name."""
    spec = find_provider(contender.provider)
    where = "local" if spec.is_local else spec.label
    return spec.label if contender.model is None else f"{contender.label} ({where})"
