"""Which model a name means with a provider: an id, an alias, or nothing for the usual one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from rerank_core.errors import ModelNotFoundError
from rerank_core.providers.spec import ALIASES, Alias, ModelSpec, ProviderSpec


@dataclass(frozen=True, slots=True)
class ModelChoice:
    """A model that can be chosen.

    `id` is its name with the provider, `label` the short one for people, `audience` who it is for. `aliases` are the
    names that mean it besides, "english", "multilingual" or "legacy". `languages` is "english" for a model that does
    badly on other languages, else "many". `usual`: it answers where none is named. `notice` is what must be known
    before using it, "" where there is nothing to say.

    The published price is in US dollars, by 1,000 search units or by million tokens, whichever is billed: 0 is free,
    and both are None where it is unknown. `price_source` says where it was read and `price_as_of` when, "" and None
    where the model does not say; `PriceTable` has a session's own prices.
    """

    id: str
    label: str
    audience: str
    aliases: tuple[Alias, ...]
    languages: Literal["english", "many"]
    usual: bool
    price_per_1000: Decimal | None = None
    price_per_million: Decimal | None = None
    price_source: str = ""
    price_as_of: date | None = None
    notice: str = ""


def models(provider: str | ProviderSpec) -> tuple[ModelChoice, ...]:
    """The models of a provider that can be chosen, in its own order.

    `provider` is an id or a ProviderSpec of your own. Empty for a provider that has one model without a name, and for
    a server that decides by itself which models there are (`ProviderSpec.takes_any_model`; where there are models too,
    they are the known ones among others). Nothing is loaded or sent: a model of this computer may lack its files.
    Raises ConfigurationError for a provider that does not exist.
    """
    from rerank_core.providers import provider as find_provider

    spec = find_provider(provider)
    return tuple(
        ModelChoice(
            one.id,
            one.label,
            one.audience,
            aliases_of(spec, one),
            one.languages,
            one.id == spec.default_model,
            one.price_per_1000 if one.price_per_million is None else None,
            one.price_per_million,
            one.price_source,
            one.price_as_of,
            one.notice,
        )
        for one in spec.models
    )


def aliases_of(spec: ProviderSpec, model: ModelSpec) -> tuple[Alias, ...]:
    """The aliases that mean a model of this provider."""
    return tuple(alias for alias in ALIASES if spec.resolved(alias) == model.id)


def names_text(spec: ProviderSpec) -> str:
    """The names by which a model of the provider can be chosen, for a sentence: "a, b; or english for a"."""
    meant = [(alias, spec.resolved(alias)) for alias in ALIASES]
    said = ", ".join(f"{alias} for {id}" for alias, id in meant if id is not None and id != alias)
    return ", ".join(one.id for one in spec.models) + (f"; or {said}" if said else "")


def chosen_model(spec: ProviderSpec, asked: str | None) -> str | None:
    """The id of the model to ask for: the usual one for None, the one that an alias means, else the name as it is.

    None where the provider has no model to name. A name that is not in the list is asked for all the same from a
    service, which may have newer models than this list. Raises ModelNotFoundError, with the names there are, where it
    cannot exist: on this computer, and for an alias that means no model of the provider.
    """
    if asked is None:
        return spec.default_model
    model = spec.resolved(asked)
    known = not spec.has_models or (model is not None and (not spec.is_local or spec.model(model) is not None))
    if not known:
        raise ModelNotFoundError(
            f"{'This computer' if spec.id == 'local' else spec.label} has no model called {asked[:100]!r}.",
            hint=f"Choose one of {names_text(spec)}.",
        )
    return model


def unlisted(spec: ProviderSpec, model: str | None) -> bool:
    """Whether a service is asked for a model that its list here does not have, though it has one."""
    return model is not None and spec.has_models and spec.model(model) is None


def counterpart(first: ProviderSpec, named: str, following: ProviderSpec) -> str | None:
    """What to ask another provider for in place of a model of the first: its own model of that name or alias; else the
    one for the same use, which is by age where the model is an old one, then by languages. None, for the usual one,
    where the first does not know the name or the other has nothing alike."""
    if following.model(named) is not None:
        return named
    known = first.model(named)
    if known is None:
        return None
    old = aliases_of(first, known) == ("legacy",)
    alias: Alias = "legacy" if old else "multilingual" if known.languages == "many" else "english"
    return alias if following.aliased(alias) is not None else None
