"""Whether the process that wrote something down is still there to finish it: each holds a lock as long as it lives."""

from __future__ import annotations

import contextlib
import re
import secrets
import sqlite3
import weakref
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection

from rerank_core.storage.connection.server_lock import ServerLock, taken
from rerank_core.storage.database import Database
from rerank_core.storage.locks import create_private
from rerank_core.storage.sqlite_file import trouble_of

_TOKEN = re.compile(r"[0-9a-f]{16}")


class Presence(Protocol):
    """What says that a process is still there, by its token."""

    token: str

    def alive(self, token: str, db: Connection) -> bool:
        """Whether the one who set the mark with this token is still there."""

    def renew(self) -> None:
        """Set the mark again where the database has lost it. Raises StoreError where it cannot be reached."""

    def end(self) -> object:
        """Take the mark away, as the end of the process does."""


def mark_of(database: Database) -> Presence:
    """The mark of this process. Raises StoreError, sqlite3.Error or OSError where it cannot be set."""
    path = database.file
    return ServerMark(database) if path is None else ProcessMark(path.with_name(f"{path.name}-processes"))


class ServerMark:
    """The mark of one process of any server that shares a PostgreSQL."""

    def __init__(self, database: Database) -> None:
        self.token = secrets.token_hex(8)
        self._lock = ServerLock(database, _name(self.token))
        self._lock.take()

    def alive(self, token: str, db: Connection) -> bool:
        """Whether the one who set this mark is still there."""
        return token == self.token or taken(db, _name(token))

    def renew(self) -> None:
        """Set the mark again where PostgreSQL was started again meanwhile."""
        self._lock.still()

    def end(self) -> None:
        """Take the mark away."""
        self._lock.release()


def _name(token: str) -> str:
    return f"process {token}"


class ProcessMark:
    """The mark of one user of a file, in a folder beside the file; it is gone with this object, or with its process.

    The lock is one of SQLite's on a file of its own: it works on every platform and outlives no process, however that
    ends.
    """

    def __init__(self, folder: Path) -> None:
        """Set the mark. Raises sqlite3.Error or OSError where the folder cannot be written."""
        self.token = secrets.token_hex(8)
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / self.token
        create_private(path)
        held = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            held.execute("BEGIN EXCLUSIVE")
        except BaseException:
            held.close()
            raise
        self.end = weakref.finalize(self, _end, held, path)

    def renew(self) -> None:
        """A file keeps its lock."""

    def alive(self, token: str, db: Connection | None = None) -> bool:  # noqa: ARG002
        """Whether the one who set this mark is still there. The mark of one who is gone is removed."""
        if token == self.token:
            return True
        path = self._folder / token
        if not _TOKEN.fullmatch(token) or not path.exists():
            return False
        try:
            held = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)
        except sqlite3.Error:
            return False
        with contextlib.closing(held):
            try:
                held.execute("BEGIN EXCLUSIVE")
            except sqlite3.Error as error:
                return trouble_of(error) == "busy"
        path.unlink(missing_ok=True)
        return False


def _end(held: sqlite3.Connection, path: Path) -> None:
    held.close()
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
