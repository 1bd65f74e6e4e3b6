"""Runs kept on this machine, in one SQLite file that several threads and processes may use at once."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from rerank_core.errors import RerankError
from rerank_core.storage.ownership import (
    EVERYBODYS,
    LISTED,
    TOO_MANY,
    OwnedFile,
    Ownership,
    listed,
    refuse_change,
    refuse_opening,
)
from rerank_core.storage.run_record import Run, check_rating, from_bytes, to_bytes
from rerank_core.storage.sqlite_file import FileKind, StoreError

MAX_RUNS = 2_000
"""Of how many runs that nobody rated, shared or pinned one owner keeps the latest."""
MAX_BYTES = 1_000_000_000
"""Bytes of all runs of one owner."""
MAX_RUN_BYTES = 64_000_000

_SAVED = "id, created, query, connection, model, order_name, documents, amount, currency, bytes, payload"
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
    # What is there by now is everybody's.
    """
    ALTER TABLE runs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
    ALTER TABLE runs ADD COLUMN shared INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE runs ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX runs_by_owner ON runs (owner, number);
    ALTER TABLE ratings ADD COLUMN rated_at TEXT NOT NULL DEFAULT '';
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
    ownership: Ownership = EVERYBODYS


class RunStore(OwnedFile):
    """The runs of this machine. Opening is put off to the first use, so that making one never fails.

    `path` is the SQLite file, None for `runs.sqlite3` in `home()`. The file can be read by its owner only. Of the runs
    of one owner that are not rated, shared or pinned it holds at most `max_runs`, and of all of them `max_bytes` bytes:
    what is beyond goes when that owner saves a run, the one that was saved first before the others, whatever the
    clock said. Every method raises StoreError, with a hint, where the file is damaged, locked, not ours, of a newer
    version or cannot be written, and for another's run (codes not_shared, not_yours). Safe under threads; close it, or
    use it in a `with`.
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
            owner = self._owner_to_be(db, run.id)
            db.execute(
                f"INSERT INTO runs ({_SAVED}, owner) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "  # noqa: S608
                f"ON CONFLICT (id) DO UPDATE SET ({_SAVED}) = "
                f"({', '.join(f'excluded.{name}' for name in _SAVED.split(', '))})",
                (*row, owner),
            )
            db.execute("DELETE FROM ratings WHERE run_id = ?", (run.id,))
            db.executemany(
                "INSERT INTO ratings (run_id, place, grade, rated_at) VALUES (?, ?, ?, ?)",
                [(run.id, index, grade, _now()) for index, grade in run.ratings.items()],
            )
            _prune(db, owner, self._max_runs, self._max_bytes, keep=run.id)
        return run.id

    def _owner_to_be(self, db: sqlite3.Connection, run_id: str) -> str:
        """Whose a run is that is about to be saved; one that is there stays its owner's."""
        there = _ownership(db, run_id)
        if there is None:
            return self.actor.keeper
        refuse_change(self.actor, there, StoreError, "run")
        return there.owner

    # Whose they are

    def ownership(self, run_id: str) -> Ownership | None:
        """Whose a run is; None where there is none with this id, or it is not shared with who asks."""
        with self._reading() as db:
            found = _ownership(db, run_id)
            return found if found is not None and self.actor.may_open(found.owner, found.shared) else None

    def share(self, run_id: str, shared: bool = True) -> None:
        """Let everyone here open a run, or take that back. Raises StoreError where there is no such run."""
        self._mark(run_id, "shared", shared)

    def pin(self, run_id: str, pinned: bool = True) -> None:
        """Have a run never make room for newer ones, or take that back. Raises StoreError where there is no such
        run."""
        self._mark(run_id, "pinned", pinned)

    def _mark(self, run_id: str, column: str, value: bool) -> None:
        with self._writing() as db:
            self._to_change(db, run_id)
            db.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, run_id))  # noqa: S608

    def _to_change(self, db: sqlite3.Connection, run_id: str) -> None:
        """Raise StoreError unless there is such a run and it may be changed."""
        found = _ownership(db, run_id)
        if found is None:
            raise StoreError("There is no saved run with this id.", hint="Run it again to rate its results.")
        refuse_change(self.actor, found, StoreError, "run")

    # Reading

    def get(self, run_id: str) -> Run | None:
        """The whole run with its ratings, None where there is none with this id."""
        with self._reading() as db:
            owned = _ownership(db, run_id)
            if owned is None:
                return None
            refuse_opening(self.actor, owned, StoreError, "run")
            found = db.execute("SELECT payload FROM runs WHERE id = ?", (run_id,)).fetchone()
            ratings = dict(db.execute("SELECT place, grade FROM ratings WHERE run_id = ? ORDER BY place", (run_id,)))
            try:
                return from_bytes(found[0], ratings)
            except (ValueError, RerankError) as error:
                raise StoreError(
                    "This saved run cannot be read; it may come from another version or be damaged.",
                    hint="Delete it, or open another one.",
                ) from error

    def list(self, limit: int = 50, offset: int = 0) -> tuple[RunSummary, ...]:
        """The runs of who asks, those that are shared with them and everybody's; newest first, without their
        documents."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT id, created, query, connection, model, order_name, documents, amount, currency, "  # noqa: S608
                "(SELECT count(*) FROM ratings WHERE run_id = runs.id), bytes, owner, shared, pinned FROM runs "
                f"WHERE {LISTED} ORDER BY created DESC, number DESC LIMIT :limit OFFSET :offset",
                listed(self.actor) | {"limit": max(0, limit), "offset": max(0, offset)},
            ).fetchall()
            return tuple(_summary(row) for row in rows)

    def count(self) -> int:
        """How many runs `list` has in all."""
        with self._reading() as db:
            rows = db.execute(f"SELECT count(*) FROM runs WHERE {LISTED}", listed(self.actor))  # noqa: S608
            return int(rows.fetchone()[0])

    def delete(self, run_id: str) -> bool:
        """Delete a run and its ratings; False where there was none."""
        with self._writing() as db:
            if _ownership(db, run_id) is None:
                return False
            self._to_change(db, run_id)
            return db.execute("DELETE FROM runs WHERE id = ?", (run_id,)).rowcount > 0

    def ratings(self, run_id: str) -> dict[int, int]:
        """The ratings of a run, by index in the input; empty where there are none, or where the run is not shared with
        who asks."""
        if self.ownership(run_id) is None:
            return {}
        with self._reading() as db:
            return dict(db.execute("SELECT place, grade FROM ratings WHERE run_id = ? ORDER BY place", (run_id,)))

    def set_rating(self, run_id: str, index: int, grade: int | None) -> None:
        """Rate the document at this index of the input from 0 to 3, or take its rating back with None.

        Raises ValueError for another grade or an index that the run does not have, StoreError where there is no
        such run.
        """
        with self._reading() as db:
            self._to_change(db, run_id)
            documents = int(db.execute("SELECT documents FROM runs WHERE id = ?", (run_id,)).fetchone()[0])
        check_rating(index, 0 if grade is None else grade, documents)  # they never change
        with self._writing() as db:
            self._to_change(db, run_id)
            if grade is None:
                db.execute("DELETE FROM ratings WHERE run_id = ? AND place = ?", (run_id, index))
            else:
                db.execute(
                    "INSERT INTO ratings (run_id, place, grade, rated_at) VALUES (?, ?, ?, ?) "
                    "ON CONFLICT (run_id, place) DO UPDATE SET grade = excluded.grade, rated_at = excluded.rated_at",
                    (run_id, index, grade, _now()),
                )


def _ownership(db: sqlite3.Connection, run_id: str) -> Ownership | None:
    """Whose a run is; None where there is none."""
    if run_id != _showable(run_id):
        return None
    found = db.execute("SELECT owner, shared, pinned FROM runs WHERE id = ?", (run_id,)).fetchone()
    return None if found is None else Ownership(found[0], bool(found[1]), bool(found[2]))


def _summary(row: Sequence[Any]) -> RunSummary:
    """A row of the list out of the columns that `RunStore.list` asks for."""
    summary = RunSummary(*row[:-3])
    return replace(
        summary,
        created=datetime.fromisoformat(str(summary.created)).astimezone(UTC),
        amount=None if summary.amount is None else Decimal(summary.amount),
        ownership=Ownership(row[-3], bool(row[-2]), bool(row[-1])),
    )


def _prune(db: sqlite3.Connection, owner: str, max_runs: int, max_bytes: int, keep: str) -> None:
    """Delete what is beyond the bounds of this owner, of nobody else: the runs that were saved first, and none that is
    rated, shared or pinned. Raises StoreError where those alone fill the bytes, so that the new one has no place."""
    kept = "shared OR pinned OR EXISTS (SELECT 1 FROM ratings WHERE run_id = runs.id)"
    (size,) = db.execute("SELECT coalesce(sum(bytes), 0) FROM runs WHERE owner = ?", (owner,)).fetchone()
    may_go = db.execute(
        f"SELECT number, bytes FROM runs WHERE owner = ? AND id != ? AND NOT ({kept}) ORDER BY number",  # noqa: S608
        (owner, keep),
    ).fetchall()
    (others,) = db.execute(
        f"SELECT coalesce(sum(bytes), 0) FROM runs WHERE owner = ? AND id != ? AND ({kept})",  # noqa: S608
        (owner, keep),
    ).fetchone()
    if others >= max_bytes:
        raise StoreError(
            f"Your rated, shared and pinned runs take {others / 1e6:,.0f} MB; {max_bytes / 1e6:,.0f} MB is the most.",
            code=TOO_MANY,
            hint="This run is not saved. Delete some of those first; use Export to keep the result.",
        )
    going, left = [], len(may_go) + 1
    for number, own in may_go:
        if left <= max_runs and size <= max_bytes:
            break
        going.append((number,))
        left, size = left - 1, size - own
    db.executemany("DELETE FROM runs WHERE number = ?", going)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _showable(text: str) -> str:
    """Text that SQLite can hold as text: no lone surrogates, no NUL."""
    return _UNSHOWABLE.sub("\ufffd", text)
