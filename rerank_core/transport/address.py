"""The address of a service, checked before anything is sent to it."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx

from rerank_core.errors import ConfigurationError


def checked_address(address: object, name: str, *, hint: str, credentials_hint: str, path: str = "") -> str:
    """An http or https address without the slash at its end, and with `path` behind it.

    `name` begins the sentence of an error, `hint` says what an address looks like, `credentials_hint` where a user name
    and a password go instead. Raises ConfigurationError where it is no such address, holds a user name or a password,
    or goes on after a ? or a #.
    """
    refusal = ConfigurationError(f"{name} is not an http or https address.", hint=hint)
    if not isinstance(address, str):
        raise refusal
    address = address.strip()
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
        whole = parts.geturl().rstrip("/") + path
        httpx.URL(whole)
    except (ValueError, httpx.InvalidURL):
        raise refusal from None
    if not host or parts.scheme not in ("http", "https") or port == 0 or not address.isprintable() or " " in address:
        raise refusal
    if parts.username is not None or parts.password is not None:
        raise ConfigurationError(
            f"{name} holds a user name or a password, which error messages would show.", hint=credentials_hint
        )
    if parts.query or parts.fragment:
        raise ConfigurationError(f"{name} goes on after a ? or a #.", hint=f"End it before that. {hint}")
    return whole
