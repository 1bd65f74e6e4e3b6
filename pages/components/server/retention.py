"""How long what was run is kept: `[history]` of the secrets file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pages.components.server import deployment
from rerank_core.errors import ConfigurationError
from rerank_core.storage.history.retention import Retention

SECTION = "history"
_MOST = 10**9


def retention() -> Retention:
    """What the operator has set, else what suits one laptop. Raises ConfigurationError where it makes no sense."""
    found = deployment.checked_section(SECTION)
    if said := _wrong(found):
        raise ConfigurationError(said, hint="Correct .streamlit/secrets.toml, and restart the app.")
    return Retention(**found)


def problem() -> str | None:
    """For the start-up check: what makes no sense about the section, with its cure; None where all does."""
    retention()
    return None


def _wrong(found: Mapping[str, Any]) -> str | None:
    for name, value in found.items():
        if name not in Retention.__dataclass_fields__:
            known = ", ".join(Retention.__dataclass_fields__)
            return f"[{SECTION}] in secrets.toml knows no '{name}'. Use {known}."
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= _MOST:
            return f"[{SECTION}] {name} in secrets.toml must be a whole number of at least 1."
    return None
