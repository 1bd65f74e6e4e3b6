"""Runs kept on this machine, in one SQLite file that several threads and processes may use at once."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import TracebackType

from rerank_core.errors import RerankError
from rerank_core.runs import Run, check_rating, from_bytes, to_bytes

__all__ = ["HOME_VARIABLE", "MAX_BYTES", "MAX_RUNS", "MAX_RUN_BYTES", "RunStore", "RunSummary", "StoreError", "home"]

HOME_VARIABLE = "RERANK_PLAYGROUND_HOME"
MAX_RUNS = 2_000
MAX_BYTES = 1_000_000_000
MAX_RUN_BYTES = 64_000_000

_APPLICATION_ID = 0x52504C59  # "RPLY", so that another program's database is never taken for ours
_BUSY_SECONDS = 10.0
_UNSHOWABLE = re.compile("[\ud800-\udfff\x00]")

# One script for each version of the file, run in this order from the version it has; never edit one that shipped.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        created TEXT NOT NULL,
        query TEXT NOT NULL,
        connection TEXT NOT NULL,
        model TEXT,
        order_name TEXT NOT NULL,
        documents INTEGER NOT NULL,
        amount TEXT,
        currency TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        payload BLOB NOT NULL
    );
    CREATE INDEX runs_by_time ON runs (created, number);
    CREATE TABLE ratings (
        run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        grade INTEGER NOT NULL,
        PRIMARY KEY (run_id, place)
    ) WITHOUT ROWID;
    """,
)


class StoreError(RerankError):
    """Saved runs cannot be read or written. What is on the screen is not affected."""

    default_code = "store"
    default_hint = "You can go on working; this run is not saved."


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A saved run as a row of a list. `query` has U+FFFD where the text cannot be shown; `amount` is what was
    billed, None where that is unknown; `rated` how many documents have a rating; `size` its bytes on disk."""

    id: str
    created: datetime
    query: str
    connection: str
    model: str | None
    order_name: str
    documents: int
    amount: Decimal | None
    currency: str
    rated: int
    size: int


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


class RunStore:
    """The runs of this machine. Opening is put off to the first use, so that making one never fails.

    `path` is the SQLite file, None for `runs.sqlite3` in `home()`. The file can be read by its owner only. It
    holds at most `max_runs` runs and `max_bytes` bytes of them: what is beyond goes when a run is saved, the
    oldest without ratings first. Every method raises StoreError, with a hint, where the file is damaged, locked,
    not ours, of a newer version or cannot be written. Safe under threads; close it, or use it in a `with`.
    """

    def __init__(self, path: Path | str | None = None, *, max_runs: int = MAX_RUNS, max_bytes: int = MAX_BYTES) -> None:
        self._given = None if path is None else Path(path)
        self._max_runs, self._max_bytes = max_runs, max_bytes
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self._given if self._given is not None else home() / "runs.sqlite3"

    def save(self, run: Run) -> str:
        """Keep a run, in place of the one with the same id where there is one, and return its id."""
        payload = to_bytes(run)
        if len(payload) > MAX_RUN_BYTES:
            raise StoreError(
                f"This run takes {len(payload) / 1e6:,.0f} MB; at most {MAX_RUN_BYTES / 1e6:,.0f} MB are kept.",
                hint="You can go on working; use Export to keep the result.",
            )
        cost = run.response.cost
        row = (
            run.id,
            run.created.isoformat(timespec="microseconds"),  # of one length, so that text order is time order
            _showable(run.query),
            run.connection,
            run.model,
            _showable(run.order_name),
            len(run.documents),
            None if cost.amount is None else str(cost.amount),
            cost.currency,
            len(payload),
            payload,
        )
        with self._writing() as db:
            db.execute("DELETE FROM runs WHERE id = ?", (run.id,))
            db.execute(
                "INSERT INTO runs (id, created, query, connection, model, order_name, documents, amount, currency, "
                "bytes, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            db.executemany(
                "INSERT INTO ratings (run_id, place, grade) VALUES (?, ?, ?)",
                [(run.id, place, grade) for place, grade in run.ratings.items()],
            )
            _prune(db, self._max_runs, self._max_bytes, keep=run.id)
        return run.id

    def get(self, run_id: str) -> Run | None:
        """The whole run with its ratings, None where there is none with this id."""
        with self._reading() as db:
            found = db.execute("SELECT payload FROM runs WHERE id = ?", (_showable(run_id),)).fetchone()
            if found is None:
                return None
            ratings = dict(db.execute("SELECT place, grade FROM ratings WHERE run_id = ? ORDER BY place", (run_id,)))
        try:
            return from_bytes(found[0], ratings)
        except (ValueError, RerankError) as error:
            raise StoreError(
                "This saved run cannot be read; it may come from another version or be damaged.",
                hint="Delete it, or open another one.",
            ) from error

    def list(self, limit: int = 50, offset: int = 0) -> tuple[RunSummary, ...]:
        """Saved runs, newest first, without their documents."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT id, created, query, connection, model, order_name, documents, amount, currency, "
                "(SELECT count(*) FROM ratings WHERE run_id = runs.id), bytes FROM runs "
                "ORDER BY created DESC, number DESC LIMIT ? OFFSET ?",
                (max(0, limit), max(0, offset)),
            ).fetchall()
        summaries = (RunSummary(*row) for row in rows)
        return tuple(
            replace(
                summary,
                created=datetime.fromisoformat(str(summary.created)).astimezone(UTC),
                amount=None if summary.amount is None else Decimal(summary.amount),
            )
            for summary in summaries
        )

    def count(self) -> int:
        """How many runs are saved."""
        with self._reading() as db:
            return int(db.execute("SELECT count(*) FROM runs").fetchone()[0])

    def delete(self, run_id: str) -> bool:
        """Delete a run and its ratings; False where there was none."""
        with self._writing() as db:
            return db.execute("DELETE FROM runs WHERE id = ?", (_showable(run_id),)).rowcount > 0

    def ratings(self, run_id: str) -> dict[int, int]:
        """The ratings of a run, by place in the input; empty where there are none."""
        with self._reading() as db:
            return dict(
                db.execute("SELECT place, grade FROM ratings WHERE run_id = ? ORDER BY place", (_showable(run_id),))
            )

    def set_rating(self, run_id: str, place: int, grade: int | None) -> None:
        """Rate the document at this place of the input from 0 to 3, or take its rating back with None.

        Raises ValueError for another grade or a place that the run does not have, StoreError where there is no
        such run.
        """
        with self._writing() as db:
            found = db.execute("SELECT documents FROM runs WHERE id = ?", (_showable(run_id),)).fetchone()
            if found is None:
                raise StoreError("There is no saved run with this id.", hint="Run it again to rate its results.")
            check_rating(place, 0 if grade is None else grade, found[0])
            if grade is None:
                db.execute("DELETE FROM ratings WHERE run_id = ? AND place = ?", (run_id, place))
            else:
                db.execute(
                    "INSERT INTO ratings (run_id, place, grade) VALUES (?, ?, ?) "
                    "ON CONFLICT (run_id, place) DO UPDATE SET grade = excluded.grade",
                    (run_id, place, grade),
                )

    def prune(self, max_runs: int, max_bytes: int = MAX_BYTES) -> int:
        """Delete what is beyond these bounds, the oldest runs without ratings first; how many were deleted."""
        with self._writing() as db:
            return _prune(db, max(0, max_runs), max(0, max_bytes))

    def set_aside(self) -> Path | None:
        """Rename a file that cannot be used, so that the next save starts a new one; where it is now, or None
        where there was none. Nothing is deleted."""
        with self._lock:
            self.close()
            path = self.path
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            aside = path.with_name(f"{path.name}.set-aside-{stamp}")
            try:
                for suffix in ("", "-wal", "-shm"):
                    with contextlib.suppress(FileNotFoundError):
                        os.replace(f"{path}{suffix}", f"{aside}{suffix}")
            except OSError as error:
                raise self._explained(error) from error
            return aside if aside.exists() else None

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __enter__(self) -> RunStore:
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
            if not path.parent.exists():
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

    def _explained(self, error: Exception) -> StoreError:
        """What SQLite or the file system said, as a sentence and a next step."""
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return StoreError(
                "The file with the saved runs is in use by another program.", hint="Try again.", retryable=True
            )
        if name.startswith("SQLITE_FULL"):
            return StoreError("The disk is full, so the run is not saved.", hint="Free some space and try again.")
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return StoreError(
                f"The file with the saved runs is damaged: {self.path}.",
                hint="You can go on working; set the file aside to start a new one.",
            )
        return StoreError(
            f"The saved runs in {self.path} cannot be used: {error}.",
            hint=f"Check that the folder can be written, or set {HOME_VARIABLE} to one that can.",
        )


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    """Set the connection up and bring the file to the present version; other processes wait meanwhile."""
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
            raise StoreError(
                f"{path} is another program's database.", hint="Choose another file, or move that one away."
            )
        return 0
    if version > len(_MIGRATIONS):
        raise StoreError(
            f"{path} was written by a newer version of the playground.",
            hint="Update the playground, or set the file aside to start a new one.",
        )
    return version


def _prune(db: sqlite3.Connection, max_runs: int, max_bytes: int, keep: str = "") -> int:
    runs, size = db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM runs").fetchone()
    if runs <= max_runs and size <= max_bytes:
        return 0
    going = []
    for number, own in db.execute(
        "SELECT number, bytes FROM runs WHERE id != ? "
        "ORDER BY EXISTS (SELECT 1 FROM ratings WHERE run_id = runs.id), created, number",
        (keep,),
    ).fetchall():
        if runs <= max_runs and size <= max_bytes:
            break
        going.append((number,))
        runs, size = runs - 1, size - own
    db.executemany("DELETE FROM runs WHERE number = ?", going)
    return len(going)


def _showable(text: str) -> str:
    """Text that SQLite can hold as text: no lone surrogates, no NUL."""
    return _UNSHOWABLE.sub("\ufffd", text)
