"""What a client is made with, checked once, before anything is sent."""

from __future__ import annotations

import os
from numbers import Integral, Real

from rerank_core.client.retry import Timing
from rerank_core.client.steps import Settings
from rerank_core.errors import ConfigurationError
from rerank_core.pricing.table import PriceTable
from rerank_core.providers import provider
from rerank_core.providers.spec import ProviderSpec
from rerank_core.transport.address import checked_address
from rerank_core.transport.credentials import ApiKey

__all__ = ["LONGEST", "read_settings"]

LONGEST = 86_400.0
"""Seconds: the longest time-out, one day. The operating system's own limits are not much further out."""


def read_settings(
    connection: str | ProviderSpec,
    api_key: str | ApiKey | None,
    base_url: str | None,
    timeout: float,
    total_timeout: float | None,
    max_retries: int,
    max_concurrency: int,
    timing: Timing | None,
    prices: PriceTable | None = None,
) -> Settings:
    """Check the arguments of a client and fill in what the environment holds. Raises ConfigurationError."""
    spec = connection if isinstance(connection, ProviderSpec) else provider(connection)
    seconds = _seconds("timeout", timeout)
    total = None if total_timeout is None else _seconds("total_timeout", total_timeout)
    if total is None and not spec.is_local:
        total = min(3 * seconds, LONGEST)
    retries = _whole("max_retries", max_retries, 0)
    _whole("max_concurrency", max_concurrency, 1)
    return Settings(
        spec=spec,
        key=_key(spec, api_key),
        address=_address(spec, base_url),
        timeout=seconds,
        total_timeout=total,
        max_retries=retries,
        timing=timing or Timing(),
        prices=prices,
    )


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < float(value) <= LONGEST:
        raise ConfigurationError(
            f"{name} is {value!r}.", hint=f"Use a number of seconds above 0, up to {LONGEST:,.0f}."
        )
    return float(value)


def _whole(name: str, value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral) or value < least:
        raise ConfigurationError(f"{name} is {value!r}.", hint=f"Use a whole number of {least} or more.")
    return int(value)


def _key(spec: ProviderSpec, given: str | ApiKey | None) -> ApiKey | None:
    if spec.key_variable is None:
        return None
    hint = f"Set {spec.key_variable} in the environment, or pass api_key=."
    if isinstance(given, str) and not given.strip():
        given = None
    key = os.environ.get(spec.key_variable, "").strip() if given is None else given
    if not key:
        raise ConfigurationError(f"{spec.label} needs a key, and there is none.", code="missing_key", hint=hint)
    return ApiKey(key, hint=hint)


def _address(spec: ProviderSpec, given: str | None) -> str:
    """The full address that requests go to; empty where nothing is sent."""
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
