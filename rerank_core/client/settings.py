"""What a client is made with, checked once, before anything is sent."""

from __future__ import annotations

import os
from numbers import Integral, Real

from rerank_core.errors import ConfigurationError
from rerank_core.providers.spec import ProviderSpec
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
    """The key: the one given, else the environment's; None where none is needed. Raises ConfigurationError."""
    if spec.key_variable is None:
        return None
    hint = f"Set {spec.key_variable} in the environment, or pass api_key=."
    if isinstance(given, str) and not given.strip():
        given = None
    key = os.environ.get(spec.key_variable, "").strip() if given is None else given
    if not key:
        raise ConfigurationError(f"{spec.label} needs a key, and there is none.", code="missing_key", hint=hint)
    return ApiKey(key, hint=hint)


def read_address(spec: ProviderSpec, given: str | None) -> str:
    """The full address that requests go to; empty where nothing is sent. Raises ConfigurationError."""
    if spec.is_local:
        return ""
    variable = spec.base_url_variable
    hint = "Give an address that starts with https:// or http://" + (
        f", as base_url= or in {variable}." if variable else "."
    )
    base = given.strip() if isinstance(given, str) else given
    base = base or os.environ.get(variable or "", "").strip() or spec.default_base_url
    if not base:
        raise ConfigurationError(f"{spec.label} has no address.", hint=hint)
    return checked_address(
        base,
        "The base address",
        hint=hint,
        credentials_hint="Take them out of the address; a key is passed as api_key=.",
        path=spec.path,
    )
