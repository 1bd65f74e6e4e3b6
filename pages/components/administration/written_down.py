"""Which servers of this user run, as they write it down in the home folder for their own user alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rerank_core.storage.sqlite_file import home

PATH = "/jobs"
"""Where a server answers the command."""


@dataclass(frozen=True)
class Running:
    """A server as it is written down: its address, the name by which it has to be asked for, and its token."""

    address: str
    host: str
    token: str


def folder() -> Path:
    """Where the servers of this user are written down."""
    return home() / "servers"
