"""The SQLite file of query sets, ratings, experiments and thresholds, shared by threads and processes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from rerank_core.errors import RerankError
from rerank_core.store import HOME_VARIABLE, home

__all__ = ["ExperimentError", "ExperimentFile", "as_bytes", "as_text"]

_APPLICATION_ID = 0x52504C58  # "RPLX"
_BUSY_SECONDS = 10.0

# One script for each version of the file, run in this order from the version it has; never edit one that shipped.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE query_sets (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        name BLOB NOT NULL,
        created TEXT NOT NULL,
        queries INTEGER NOT NULL,
        pairs INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        payload BLOB NOT NULL
    );
    CREATE TABLE ratings (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        query_set TEXT NOT NULL REFERENCES query_sets (id) ON DELETE CASCADE,
        rater BLOB NOT NULL,
        query BLOB NOT NULL,
        document BLOB NOT NULL,
        grade INTEGER NOT NULL,
        UNIQUE (query_set, rater, query, document)
    );
    CREATE TABLE experiments (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        query_set TEXT NOT NULL REFERENCES query_sets (id) ON DELETE CASCADE,
        name BLOB NOT NULL,
        created TEXT NOT NULL,
        contenders TEXT NOT NULL,
        spending_limit TEXT,
        queries INTEGER NOT NULL,
        state TEXT NOT NULL,
        asked TEXT NOT NULL DEFAULT '',
        ran_from REAL NOT NULL DEFAULT 0,
        note BLOB NOT NULL DEFAULT x''
    );
    CREATE INDEX experiments_by_set ON experiments (query_set);
    CREATE TABLE requests (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
        contender INTEGER NOT NULL,
        query INTEGER NOT NULL,
        started REAL NOT NULL,
        finished REAL,
        outcome TEXT NOT NULL,
        billed TEXT NOT NULL,
        reserved TEXT,
        amount TEXT,
        basis TEXT,
        units REAL,
        latency REAL,
        request_id BLOB,
        code BLOB,
        message BLOB,
        hint BLOB
    );
    CREATE INDEX requests_by_query ON requests (experiment, contender, query, number);
    CREATE TABLE answers (
        experiment INTEGER NOT NULL REFERENCES experiments (number) ON DELETE CASCADE,
        contender INTEGER NOT NULL,
        query INTEGER NOT NULL,
        request INTEGER NOT NULL,
        model BLOB,
        places BLOB NOT NULL,
        scores BLOB NOT NULL,
        UNIQUE (experiment, contender, query)
    );
    CREATE TABLE thresholds (
        provider TEXT NOT NULL,
        model TEXT NOT NULL,
        score REAL NOT NULL,
        how BLOB NOT NULL,
        set_at TEXT NOT NULL,
        PRIMARY KEY (provider, model)
    ) WITHOUT ROWID;
    """,
    "ALTER TABLE experiments ADD COLUMN lanes TEXT NOT NULL DEFAULT '{}'",
)


class ExperimentError(RerankError):
    """Query sets and experiments cannot be read or written, or an experiment cannot be run as asked.

    `code` tells which case it is: experiment_not_found, query_set_not_found, experiment_running, experiment_empty,
    or experiment_file for what is wrong with the file itself.
    """

    default_code = "experiment_file"
    default_hint = "You can go on working; what is on the screen is not affected."


class ExperimentFile:
    """One connection to the file, opened at the first use. `path` None is `experiments.sqlite3` in the playground's
    home. Safe under threads; every use may raise ExperimentError. Close it, or use it in a `with`."""

    def __init__(self, path: Path | str | None = None) -> None:
        self._given = None if path is None else Path(path)
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._given if self._given is not None else home() / "experiments.sqlite3"

    def make_durable(self) -> None:
        """From now on, what is written through this connection outlives a power cut too, and not only the process:
        for answers that were paid for."""
        with self._reading() as db:
            db.execute("PRAGMA synchronous = FULL")

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            try:
                yield self._opened()
            except (sqlite3.Error, OSError) as error:
                self.close()
                raise self._explained(error) from error

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, taken for writing from the start so that another process waits instead of failing."""
        with self._reading() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
            except BaseException:
                if db.in_transaction:
                    db.execute("ROLLBACK")
                raise
            db.execute("COMMIT")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            path = self.path
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # before SQLite would make it readable by all
            connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                _prepare(connection, path)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _explained(self, error: Exception) -> ExperimentError:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return ExperimentError(
                "The file with the experiments is in use by another program.", hint="Try again.", retryable=True
            )
        if name.startswith("SQLITE_FULL"):
            return ExperimentError("The disk is full, so nothing can be kept.", hint="Free some space and try again.")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return ExperimentError(
                f"The file with the experiments is damaged: {self.path}.",
                hint="Move that file away; a new one is started at the next use.",
            )
        return ExperimentError(
            f"The experiments in {self.path} cannot be used: {error}.",
            hint=f"Check that the folder can be written, or set {HOME_VARIABLE} to one that can.",
        )


def as_bytes(text: str) -> bytes:
    """A text as SQLite can hold it whatever is in it, lone surrogates and NULs included."""
    return text.encode("utf-8", "surrogatepass")


def as_text(data: bytes | None) -> str:
    """The text that `as_bytes` turned into bytes; empty for None."""
    return "" if data is None else bytes(data).decode("utf-8", "surrogatepass")


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    version = _version(db, path)  # before anything that would write into a file that is not ours
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")
    if version == len(_MIGRATIONS):
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        for script in _MIGRATIONS[_version(db, path) :]:
            for statement in filter(str.strip, script.split(";")):
                db.execute(statement)
        db.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(_MIGRATIONS)}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _version(db: sqlite3.Connection, path: Path) -> int:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if db.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        if version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise ExperimentError(
                f"{path} is another program's database.", hint="Choose another file, or move that one away."
            )
        return 0
    if version > len(_MIGRATIONS):
        raise ExperimentError(
            f"{path} was written by a newer version of the playground.", hint="Update the playground."
        )
    return version
