"""An SQLite file of this machine that several threads and processes may use at once, and the folder it stands in."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Self

from rerank_core.errors import RerankError
from rerank_core.storage.locks import create_private

_PAGES = 100_000  # bytes that SQLite needs at least beside a file to use it
_DAMAGE = ("no such table", "no such column", "Could not decode to UTF-8")
UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, MemoryError)
"""What reading a row and making something of it raise where it is not what was written; a damaged length asks for more
memory than there is."""

ROOM = 50_000_000
"""Bytes that must be free before work begins whose answers are paid for: those of a run of some 10,000 queries."""

HOME_VARIABLE = "RERANK_PLAYGROUND_HOME"


class StoreError(RerankError):
    """Saved runs cannot be read or written. What is on the screen is not affected."""

    default_code = "store"
    default_hint = "You can go on working; this run is not saved."


def home() -> Path:
    """The folder of everything that is kept on this machine: RERANK_PLAYGROUND_HOME, else ~/.rerank-playground."""
    named = os.environ.get(HOME_VARIABLE, "").strip()
    if named:
        return Path(named).expanduser()
    try:
        return Path.home() / ".rerank-playground"
    except RuntimeError as error:
        raise StoreError(
            "This user has no home folder to save in.", hint=f"Set {HOME_VARIABLE} to a folder that can be written."
        ) from error


@dataclass(frozen=True, slots=True)
class FileKind:
    """What a file holds.

    `file_name` is its name in `home()`, `holds` what a sentence calls its content. `application_id` stands in the
    file, so that another program's database is never taken for ours. `migrations` has one script for each version,
    run in this order from the version that the file has. `error` is what is raised, `start_anew` its hint where
    only a new file helps. With `durable`, what was written outlives a power cut and not only the end of the process:
    for files that record money. Each write then waits for the disk.
    """

    file_name: str
    holds: str
    application_id: int
    migrations: tuple[str, ...]
    error: type[RerankError]
    start_anew: str
    durable: bool = False


class SqliteFile:
    """One connection to the file, opened at the first use, so that making one never fails. `path` None is the kind's
    own file in `home()`. The file can be read by its owner only. Safe under threads. Every use may raise the kind's
    error, with a hint, where the file is damaged, locked, not ours, of a newer version or cannot be written. Close
    it, or use it in a `with`."""

    kind: ClassVar[FileKind]
    busy_seconds: ClassVar[float] = 10.0
    """How long a use waits for another program that holds the file."""

    def __init__(self, path: Path | str | None = None) -> None:
        self._given = None if path is None else Path(path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._given if self._given is not None else home() / self.kind.file_name

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The connection, to read rows and to make of them what they stand for. Both belong inside: rows of which
        nothing can be made are damage of the file. What a caller gives is checked before."""
        with self._lock:
            try:
                yield self._opened()
            except (sqlite3.Error, OSError) as error:
                self.close()
                raise self._explained(error) from error
            except UNREADABLE as error:
                raise self._damaged() from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """The same in one transaction."""
        with self._reading() as db, transaction(db):
            yield db

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            path = self.path
            if not path.parent.exists():
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            create_private(path)
            connection = sqlite3.connect(path, timeout=self.busy_seconds, isolation_level=None, check_same_thread=False)
            try:
                prepare_file(connection, path, self.kind)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _explained(self, error: Exception) -> RerankError:
        """What SQLite or the file system said, as a sentence and a next step."""
        kind, trouble = self.kind, trouble_of(error)
        if trouble is None and self._free() < _PAGES:  # SQLite calls it an I/O error where its side files find no room
            trouble = "full"
        if trouble == "busy":
            return kind.error(
                f"The file with the {kind.holds} is in use by another program.", hint="Try again.", retryable=True
            )
        if trouble == "full":
            return kind.error("The disk is full, so nothing is saved.", hint="Free some space and try again.")
        if trouble == "damaged":
            return self._damaged()
        return kind.error(
            f"The {kind.holds} in {self.path} cannot be used: {error}.",
            hint=f"Check that the folder can be written, or set {HOME_VARIABLE} to one that can.",
        )

    def require_room(self) -> None:
        """Raise the kind's error where the disk of the file has less than ROOM left: what is about to be paid for might
        not be kept. Where nobody can say, nothing is raised."""
        free = self._free()
        if free < ROOM:
            raise self.kind.error(
                f"The disk has only {free / 1e6:,.0f} MB left, too little to begin: answers might not be kept.",
                hint=f"Free some space in {self.path.parent} and try again.",
            )

    def _free(self) -> float:
        """Bytes that are free on the disk of the file; infinite where nobody can say."""
        try:
            return shutil.disk_usage(self.path.parent).free
        except OSError:
            return math.inf

    def _damaged(self) -> RerankError:
        return self.kind.error(
            f"The file with the {self.kind.holds} is damaged: {self.path}.",
            hint=f"You can go on working; {self.kind.start_anew}.",
        )


def trouble_of(error: Exception) -> Literal["busy", "full", "damaged"] | None:
    """What an error of SQLite or of the file system means for a file; None for everything else."""
    name = getattr(error, "sqlite_errorname", "") or ""
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return "busy"
    if name.startswith("SQLITE_FULL") or getattr(error, "errno", None) == errno.ENOSPC:
        return "full"
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return "damaged"
    # what SQLite does not call damage: a table that is gone, a text that is none
    return "damaged" if isinstance(error, sqlite3.OperationalError) and str(error).startswith(_DAMAGE) else None


@contextlib.contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """One transaction, taken for writing from the start so that another process waits instead of failing; what was
    written in it goes where an exception comes out of it."""
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def prepare_file(db: sqlite3.Connection, path: Path, kind: FileKind) -> None:
    """Set the connection up and bring the file to the present version; other processes wait meanwhile."""
    version = version_of_file(db, path, kind)  # before anything that would write into a file that is not ours
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"PRAGMA synchronous = {'FULL' if kind.durable else 'NORMAL'}")
    db.execute(f"PRAGMA fullfsync = {int(kind.durable)}")  # macOS: past the disk's own memory too
    if version == len(kind.migrations):
        return
    with transaction(db):
        for script in kind.migrations[version_of_file(db, path, kind) :]:
            for statement in filter(str.strip, script.split(";")):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {kind.application_id}")
        db.execute(f"PRAGMA user_version = {len(kind.migrations)}")


def version_of_file(db: sqlite3.Connection, path: Path, kind: FileKind) -> int:
    """How many of its kind's scripts a file has run. Raises the kind's error for another program's, and for one of a
    newer version."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if db.execute("PRAGMA application_id").fetchone()[0] != kind.application_id:
        if version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise kind.error(
                f"{path} is another program's database.", hint="Choose another file, or move that one away."
            )
        return 0
    if version > len(kind.migrations):
        raise kind.error(
            f"{path} was written by a newer version of the playground.",
            hint=f"Update the playground, or {kind.start_anew}.",
        )
    return version


def as_bytes(text: str) -> bytes:
    """A text as SQLite can hold it whatever is in it, lone surrogates and NULs included."""
    return text.encode("utf-8", "surrogatepass")


def as_text(data: bytes | None) -> str:
    """The text that `as_bytes` turned into bytes; empty for None."""
    return "" if data is None else bytes(data).decode("utf-8", "surrogatepass")
