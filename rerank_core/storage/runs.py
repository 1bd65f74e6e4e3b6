"""Runs kept on this machine, in one SQLite file that several threads and processes may use at once."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rerank_core.errors import RerankError
from rerank_core.storage.run_record import Run, check_rating, from_bytes, to_bytes
from rerank_core.storage.sqlite_file import FileKind, SqliteFile, StoreError

MAX_RUNS = 2_000
MAX_BYTES = 1_000_000_000
MAX_RUN_BYTES = 64_000_000

_UNSHOWABLE = re.compile("[\ud800-\udfff\x00]")

# One script for each version of the file; never edit one that shipped.
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


class RunStore(SqliteFile):
    """The runs of this machine. Opening is put off to the first use, so that making one never fails.

    `path` is the SQLite file, None for `runs.sqlite3` in `home()`. The file can be read by its owner only. It
    holds at most `max_runs` runs and `max_bytes` bytes of them: what is beyond goes when a run is saved, the
    oldest without ratings first. Every method raises StoreError, with a hint, where the file is damaged, locked,
    not ours, of a newer version or cannot be written. Safe under threads; close it, or use it in a `with`.
    """

    kind = FileKind(
        "runs.sqlite3",
        "saved runs",
        0x52504C59,  # "RPLY"
        _MIGRATIONS,
        StoreError,
        "set the file aside to start a new one",
        durable=True,
    )

    def __init__(self, path: Path | str | None = None, *, max_runs: int = MAX_RUNS, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(path)
        self._max_runs, self._max_bytes = max_runs, max_bytes

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
            _showable(run.connection),
            None if run.model is None else _showable(run.model),
            _showable(run.order_name),
            len(run.documents),
            None if cost.amount is None else str(cost.amount),
            _showable(cost.currency),
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
                [(run.id, index, grade) for index, grade in run.ratings.items()],
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
        """The ratings of a run, by index in the input; empty where there are none."""
        with self._reading() as db:
            return dict(
                db.execute("SELECT place, grade FROM ratings WHERE run_id = ? ORDER BY place", (_showable(run_id),))
            )

    def set_rating(self, run_id: str, index: int, grade: int | None) -> None:
        """Rate the document at this index of the input from 0 to 3, or take its rating back with None.

        Raises ValueError for another grade or an index that the run does not have, StoreError where there is no
        such run.
        """
        with self._writing() as db:
            found = db.execute("SELECT documents FROM runs WHERE id = ?", (_showable(run_id),)).fetchone()
            if found is None:
                raise StoreError("There is no saved run with this id.", hint="Run it again to rate its results.")
            check_rating(index, 0 if grade is None else grade, found[0])
            if grade is None:
                db.execute("DELETE FROM ratings WHERE run_id = ? AND place = ?", (run_id, index))
            else:
                db.execute(
                    "INSERT INTO ratings (run_id, place, grade) VALUES (?, ?, ?) "
                    "ON CONFLICT (run_id, place) DO UPDATE SET grade = excluded.grade",
                    (run_id, index, grade),
                )


def _prune(db: sqlite3.Connection, max_runs: int, max_bytes: int, keep: str) -> None:
    runs, size = db.execute("SELECT count(*), coalesce(sum(bytes), 0) FROM runs").fetchone()
    if runs <= max_runs and size <= max_bytes:
        return
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


def _showable(text: str) -> str:
    """Text that SQLite can hold as text: no lone surrogates, no NUL."""
    return _UNSHOWABLE.sub("\ufffd", text)
