"""How this copy of the app was set up by whoever runs it: its secrets, and whether others can reach it."""

from __future__ import annotations

import gc
import logging
import os
import re
import sys
from collections.abc import Mapping
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.types import Scope
from streamlit.errors import StreamlitSecretNotFoundError
from streamlit.runtime.secrets import Secrets

from rerank_core.errors import ConfigurationError

log = logging.getLogger("rerank_playground")
ANONYMOUS_VARIABLE = "RERANK_ALLOW_ANONYMOUS"
_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
# Where the parser of TOML stopped. What it found there is left out: it may be a key.
_PLACE = re.compile(r"at line \d+, column \d+|at end of document")
_FORWARDING = {b"forwarded", b"x-real-ip"}
# What has been found out since the start and holds until the end: "sign-in", "listens" (beyond loopback), "visited".
_known: set[str] = set()
# Streamlit's secrets and what was in them. A run of a page asks hundreds of times, and Streamlit works out each time
# where the files would be, or copies all of them. A file that comes later, where there was none, counts from the next
# start on.
_kept: list[tuple[object, Mapping[str, Any]]] = []


def secrets() -> Mapping[str, Any]:
    """What is in the secrets file, empty where there is none.

    Raises ConfigurationError where there is one that cannot be read: it may be the one that asks for sign-in, so
    the app must not go on without it.
    """
    source = st.secrets
    for asked, found in _kept:
        if asked is source:
            return found
    found = _read(source)
    _kept[:] = [(source, found)]
    return found


def _forget(_sender: object) -> None:
    """A secrets file has changed, and Streamlit has read it again."""
    _kept.clear()


def _read(source: Secrets) -> Mapping[str, Any]:
    try:
        found = source.to_dict()
        source.file_change_listener.connect(_forget)
        return found
    except StreamlitSecretNotFoundError as error:
        if any(Path(path).exists() for path in st.get_option("secrets.files")):
            where = _PLACE.search(str(error.__cause__ or ""))
            raise ConfigurationError(
                f"The secrets file cannot be read{f' ({where[0]})' if where else ''}.",
                hint="Correct .streamlit/secrets.toml, and restart the app.",
            ) from error
        return {}
    except UnicodeDecodeError as error:
        raise ConfigurationError(
            "The secrets file is not in UTF-8.", hint="Save .streamlit/secrets.toml in UTF-8, and restart the app."
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"The secrets file cannot be read ({error.strerror or type(error).__name__}).",
            hint="Let the user that the app runs as read .streamlit/secrets.toml, and restart the app.",
        ) from error


def section(name: str) -> Mapping[str, Any]:
    """One [table] of the secrets file, empty where it is missing."""
    found = secrets().get(name)
    return found if isinstance(found, Mapping) else {}


def checked_section(name: str) -> Mapping[str, Any]:
    """The same, for whoever checks what is in it. Raises ConfigurationError where the name stands for no table."""
    found = secrets().get(name, {})
    if not isinstance(found, Mapping):
        raise ConfigurationError(
            f"{name} in the secrets file is not a section.", hint=f"Write it as [{name}]; docs/operating.md has it."
        )
    return found


def signs_in() -> bool:
    """Whether people sign in here. What was so at the start stays so, whatever becomes of the secrets file."""
    return "sign-in" in _known or "auth" in secrets()


def anonymous_allowed() -> bool:
    """Whether the operator lets others in without a sign-in, by RERANK_ALLOW_ANONYMOUS=1."""
    return os.environ.get(ANONYMOUS_VARIABLE, "").strip().lower() in ("1", "true", "yes")


def shared() -> bool:
    """Whether others than the person at this computer can reach the app.

    True where sign-in is configured, where the server listens on more than loopback, where it goes by a name
    other than localhost, which is what a server behind a proxy has to be told, and as soon as a request has come from
    elsewhere.
    """
    return signs_in() or "visited" in _known or open_to_others()


def open_to_others() -> bool:
    """Whether the settings let others than the person at this computer reach the app, were it not for a sign-in."""
    names = {str(name).strip().strip("[]").lower() for name in st.get_option("server.allowedHosts")}
    only_here = bool(names) and names <= _LOOPBACK_NAMES and is_loopback(st.get_option("server.address"))
    return "listens" in _known or not only_here


def remember() -> None:
    """Take down, once at the start of the server, what stays so until it ends: sign-in, and where uvicorn listens."""
    if "auth" in secrets():
        _known.add("sign-in")
    uvicorn = sys.modules.get("uvicorn.config")
    if uvicorn is not None:  # started as `uvicorn app:app`, it says where to listen to nobody else
        made = (each for each in gc.get_objects() if type(each) is uvicorn.Config)
        if any(config.uds or not is_loopback(config.host) for config in made):
            _known.add("listens")


def notice(scope: Scope) -> bool:
    """Whether a request comes from elsewhere: a proxy, or another computer. The first makes the app shared.

    One whose sender is not known counts as one from elsewhere, yet makes nothing shared: a browser that gives a
    connection up before it is taken leaves no address behind, and a socket in the file system is known of already.
    """
    forwarded = any(name in _FORWARDING or name.startswith(b"x-forwarded-") for name, _value in scope["headers"])
    peer = scope.get("client")
    elsewhere = forwarded or peer is None or not is_loopback(peer[0])
    if elsewhere and (forwarded or peer is not None) and "visited" not in _known:
        _known.add("visited")
        log.warning("A request came from another computer or through a proxy: others can reach this app.")
    return elsewhere


def is_loopback(address: str | None) -> bool:
    """Whether a server that listens at this address can be reached from this computer alone, or a peer sits at it."""
    if not address:
        return False  # Streamlit then listens everywhere
    try:
        found = ip_address(address.strip("[]"))
    except ValueError:
        return address.lower() == "localhost"
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (mapped or found).is_loopback
