"""How this copy of the app was set up by whoever runs it: its secrets, and whether others can reach it."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from rerank_core.errors import ConfigurationError

_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
_asked_at_start: set[str] = set()


def secrets() -> Mapping[str, Any]:
    """What is in the secrets file, empty where there is none.

    Raises ConfigurationError where there is one that cannot be read: it may be the one that asks for sign-in, so
    the app must not go on without it.
    """
    try:
        return st.secrets.to_dict()
    except StreamlitSecretNotFoundError as error:
        if any(Path(path).exists() for path in st.get_option("secrets.files")):
            raise ConfigurationError(
                "The secrets file cannot be read.", hint="Correct .streamlit/secrets.toml, and restart the app."
            ) from error
        return {}


def section(name: str) -> Mapping[str, Any]:
    """One [table] of the secrets file, empty where it is missing."""
    found = secrets().get(name)
    return found if isinstance(found, Mapping) else {}


def signs_in() -> bool:
    """Whether people sign in here. What was so at the start stays so, whatever becomes of the secrets file."""
    return bool(_asked_at_start) or "auth" in secrets()


def keep_sign_in() -> None:
    """From now on people sign in here if they do so now; to be called once, at the start of the server."""
    if "auth" in secrets():
        _asked_at_start.add("auth")


def shared() -> bool:
    """Whether others than the person at this computer can reach the app.

    True where sign-in is configured, where the server listens on more than loopback, and where it goes by a name
    other than localhost, which is what a server behind a proxy or started by uvicorn has to be told.
    """
    names = {str(name).strip().strip("[]").lower() for name in st.get_option("server.allowedHosts")}
    only_here = bool(names) and names <= _LOOPBACK_NAMES and is_loopback(st.get_option("server.address"))
    return signs_in() or not only_here


def is_loopback(address: str | None) -> bool:
    """Whether a server that listens at this address can be reached from this computer alone."""
    if not address:
        return False  # Streamlit then listens everywhere
    try:
        return ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return address.lower() == "localhost"
