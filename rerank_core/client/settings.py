"""What a client is made with, checked once, before anything is sent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Integral, Real

from rerank_core.errors import ConfigurationError
from rerank_core.providers.addresses import filled_host
from rerank_core.providers.spec import Option, ProviderSpec
from rerank_core.transport.address import checked_address
from rerank_core.transport.credentials import ApiKey

LONGEST = 86_400.0
"""Seconds: the longest time-out, one day. The operating system's own limits are not much further out."""


def read_timeouts(spec: ProviderSpec, timeout: object, total_timeout: object) -> tuple[float, float | None]:
    """Seconds for one attempt and for a whole call; None is no limit, for work on this computer. Raises
    ConfigurationError."""
    seconds = _seconds("timeout", timeout)
    if total_timeout is not None:
        return seconds, _seconds("total_timeout", total_timeout)
    return seconds, None if spec.is_local else min(3 * seconds, LONGEST)


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) <= LONGEST:
        raise ConfigurationError(
            f"{name} is {value!r}.", hint=f"Use a number of seconds above 0, up to {LONGEST:,.0f}."
        )
    return float(value)


def read_whole(name: str, value: object, least: int) -> int:
    """A whole number of at least `least`. Raises ConfigurationError."""
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ConfigurationError(f"{name} is {value!r}.", hint=f"Use a whole number of {least} or more.")
    return int(value)


def read_key(spec: ProviderSpec, given: str | ApiKey | None) -> ApiKey | None:
    """The key: the one given, else the environment's; None where none is needed, or where one is not given that need
    not be. Raises ConfigurationError."""
    if spec.key_variable is None:
        return None
    hint = f"Set {spec.key_variable} in the environment, or pass api_key= in code."
    if isinstance(given, str) and not given.strip():
        given = None
    key = os.environ.get(spec.key_variable, "").strip() if given is None else given
    if not key and spec.key_optional:
        return None
    if not key:
        raise ConfigurationError(f"{spec.label} needs a key, and there is none.", code="missing_key", hint=hint)
    return ApiKey(key, hint=hint)


def read_options(spec: ProviderSpec, given: Mapping[str, str] | None) -> dict[str, str]:
    """Every option of a provider: what is given, else the environment's, else its default, "" where there is none.

    Raises ConfigurationError for an option that the provider does not have, one that is needed and missing, and a value
    that is none of its choices.
    """
    names = {option.name for option in spec.options}
    if strange := sorted(set(given or ()) - names):
        known = f"It has {', '.join(sorted(names))}." if names else "It has none."
        raise ConfigurationError(f"{spec.label} has no option {strange[0]!r}.", hint=known)
    read: dict[str, str] = {}
    for option in spec.options:
        variable = spec.option_variable(option.name)
        value = (given or {}).get(option.name)
        if value is not None and not isinstance(value, str):
            raise ConfigurationError(f"The option {option.name} is not a string.", hint=option.help)
        value = (value or "").strip() or os.environ.get(variable, "").strip() or option.default
        if not value and option.needed:
            raise ConfigurationError(
                f"{spec.label} needs its {option.label.lower()}, and there is none.",
                code="missing_option",
                hint=f"Set {variable} in the environment, or pass options={{{option.name!r}: ...}}. {option.help}",
            )
        check_option(option, value)
        read[option.name] = value
    return read


def check_option(option: Option, value: str) -> None:
    """Raise ConfigurationError where a value cannot be that of an option; "" is none, and passes."""
    if not value.isprintable() or (option.choices and value and value not in option.choices):
        of = f"Choose one of {', '.join(option.choices)}." if option.choices else option.help
        raise ConfigurationError(f"{option.label} cannot be {value[:100]!r}.", hint=of)


def read_base(
    spec: ProviderSpec, given: str | None, key: ApiKey | None = None, options: Mapping[str, str] | None = None
) -> str:
    """The base address: the one given, else the environment's, else the provider's own; empty where nothing is sent.
    Raises ConfigurationError."""
    if spec.is_local:
        return ""
    variable = spec.base_url_variable
    hint = "Give an address that starts with https:// or http://" + (
        f", as base_url= or in {variable}." if variable else "."
    )
    base = given.strip() if isinstance(given, str) else given
    base = base or os.environ.get(variable or "", "").strip()
    if not base and (own := spec.default_base(None if key is None else key.reveal())):
        base = filled_host(own, options or {})
    if not base:
        raise ConfigurationError(f"{spec.label} has no address.", hint=hint)
    return checked_address(
        base,
        "The base address",
        hint=hint,
        credentials_hint="Take them out of the address; a key is passed as api_key=.",
    )


def read_address(
    spec: ProviderSpec, given: str | None, model: str | None = None, options: Mapping[str, str] | None = None
) -> str:
    """The full address that requests for a model go to; empty where nothing is sent. Raises ConfigurationError."""
    known = read_options(spec, options)
    base = read_base(spec, given, options=known)
    return base and spec.url(base, model or spec.default_model, known)
