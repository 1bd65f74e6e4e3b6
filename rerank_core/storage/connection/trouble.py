"""What an error of SQLite, PostgreSQL or the file system means for whoever keeps something."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import exc

from rerank_core.storage.sqlite_file import trouble_of

Trouble = Literal["busy", "full", "damaged", "unreachable"]

# by the beginning of PostgreSQL's SQLSTATE
_STATES: dict[str, Trouble] = {
    "40001": "busy",
    "40P01": "busy",
    "55P03": "busy",
    "53100": "full",
    "53300": "unreachable",
    "57P": "unreachable",
    "08": "unreachable",
    "XX001": "damaged",
    "XX002": "damaged",
    "42P01": "damaged",
    "42703": "damaged",
}


def database_trouble(error: Exception) -> Trouble | None:
    """What it means; None for everything else."""
    if isinstance(error, exc.TimeoutError):
        return "busy"
    if not type(error).__module__.startswith("psycopg"):
        return trouble_of(error)
    state = getattr(error, "sqlstate", None)
    if state is None:  # no server said it: the connection did not come about, or broke
        return "unreachable" if type(error).__name__ in ("OperationalError", "ConnectionTimeout") else None
    return next((trouble for start, trouble in _STATES.items() if state.startswith(start)), None)
