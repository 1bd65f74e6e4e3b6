"""What the operator wants to see of the server: `[monitoring]` in the secrets file, or the environment."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import streamlit as st

from pages.components.server import deployment
from rerank_core.errors import ConfigurationError

SECTION = "monitoring"
VARIABLES = {
    "metrics_port": "RERANK_METRICS_PORT",
    "metrics_address": "RERANK_METRICS_ADDRESS",
    "json_log": "RERANK_JSON_LOG",
}
"""The variable of the environment that says the same as each setting, and goes before it."""
_HINT = "Correct .streamlit/secrets.toml or the environment, and restart the app."
_TRUE, _FALSE = ("1", "true", "yes"), ("", "0", "false", "no")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Monitoring:
    """`metrics_port` is where `/metrics` is answered, 0 for nowhere; `metrics_address` the address it listens at.
    `json_log` makes each line of the log one JSON object."""

    metrics_port: int = 0
    metrics_address: str = "127.0.0.1"
    json_log: bool = False


def monitoring() -> Monitoring:
    """The settings as they are. Raises ConfigurationError where one makes no sense."""
    section = deployment.checked_section(SECTION)
    for name in section:
        if name not in VARIABLES:
            raise ConfigurationError(
                f"[{SECTION}] in secrets.toml knows no '{name}'.", hint=f"Use {', '.join(VARIABLES)}."
            )
    given = {name: _given(section, name) for name in VARIABLES}
    return Monitoring(
        **{name: _READ[name](where, value) for name, (where, value) in given.items() if value is not None}
    )


def problem() -> str | None:
    """For the start-up check: what makes no sense, with its cure, also a port that is taken; None where all does."""
    asked = monitoring()
    if not asked.metrics_port:
        return None
    if asked.metrics_port == st.get_option("server.port"):
        return (
            f"metrics_port is {asked.metrics_port}, the port of the app itself, and everybody could read the numbers. "
            "Give them a port of their own, such as 9464."
        )
    try:
        with socket.create_server((asked.metrics_address, asked.metrics_port), family=family(asked.metrics_address)):
            return None
    except OSError as error:
        return (
            f"/metrics cannot be answered at {asked.metrics_address}, port {asked.metrics_port} "
            f"({error.strerror or type(error).__name__}). Choose another metrics_port or metrics_address."
        )


def family(address: str) -> socket.AddressFamily:
    """The kind of address that this is."""
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _given(section: Mapping[str, Any], name: str) -> tuple[str, Any]:
    """Where a setting stands, in words, and its value; None where it stands nowhere."""
    variable = os.environ.get(VARIABLES[name])
    if variable is not None:
        return VARIABLES[name], variable.strip()
    return f"[{SECTION}] {name} in secrets.toml", section.get(name)


def _port(where: str, value: Any) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if value == "":
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 65_535:
        raise ConfigurationError(f"{where} is no port.", hint="Use a number from 1 to 65535, or 0 for none. " + _HINT)
    return value


def _address(where: str, value: Any) -> str:
    text = str(value).strip("[]") if isinstance(value, str) else ""
    try:
        return str(ip_address(text))
    except ValueError:
        if _HOST.fullmatch(text):
            return text
    raise ConfigurationError(f"{where} is no address.", hint='Use one such as "127.0.0.1" or "0.0.0.0". ' + _HINT)


def _switch(where: str, value: Any) -> bool:
    word = str(value).lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ConfigurationError(f"{where} is neither true nor false.", hint="Use true or false. " + _HINT)


_READ: dict[str, Any] = {"metrics_port": _port, "metrics_address": _address, "json_log": _switch}
