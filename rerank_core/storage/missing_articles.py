"""Questions that nothing answered, kept on this machine until somebody has written the article."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rerank_core.exports.tables import csv_file
from rerank_core.storage.ownership import EVERYBODYS, LISTED, OwnedFile, Ownership, listed, refuse_change
from rerank_core.storage.run_record import new_id
from rerank_core.storage.sqlite_file import FileKind, StoreError, as_bytes, as_text

MAX_ARTICLES = 10_000
"""Of how many questions one owner's list is kept; the latest."""

# One script for each version of the file; never edit one that shipped.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE missing_articles (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        noted TEXT NOT NULL,
        query BLOB NOT NULL,
        place BLOB NOT NULL,
        near_miss BLOB,
        score REAL,
        UNIQUE (query, place)
    );
    """,
    # What is there by now is everybody's.
    """
    CREATE TABLE owned_articles (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        noted TEXT NOT NULL,
        query BLOB NOT NULL,
        place BLOB NOT NULL,
        near_miss BLOB,
        score REAL,
        owner TEXT NOT NULL DEFAULT '',
        shared INTEGER NOT NULL DEFAULT 0,
        UNIQUE (owner, query, place)
    );
    INSERT INTO owned_articles (number, id, noted, query, place, near_miss, score)
        SELECT number, id, noted, query, place, near_miss, score FROM missing_articles;
    DROP TABLE missing_articles;
    ALTER TABLE owned_articles RENAME TO missing_articles;
    """,
)


@dataclass(frozen=True, slots=True)
class MissingArticle:
    """A question without an answer. `place` is the name of what was searched, `near_miss` the title or the beginning of
    the best result there and `score` its score, both None where nothing was found. `noted` is an aware time in UTC.
    `ownership` says whose it is; a store sets it."""

    query: str
    place: str
    near_miss: str | None = None
    score: float | None = None
    id: str = field(default_factory=new_id)
    noted: datetime = field(default_factory=lambda: datetime.now(UTC))
    ownership: Ownership = EVERYBODYS


class MissingArticleStore(OwnedFile):
    """The lists of this machine, in `missing_articles.sqlite3` unless another path is given. Safe under threads; every
    method raises StoreError, with a hint, where the file cannot be used, and for what is another's (codes not_shared,
    not_yours)."""

    kind = FileKind(
        "missing_articles.sqlite3",
        "missing articles",
        0x52504C4D,  # "RPLM"
        _MIGRATIONS,
        StoreError,
        "move that file away, and a new one is started at the next use",
    )

    def add(self, *articles: MissingArticle) -> None:
        """Note questions on one's own list, or put back what was removed, shared as it was. The same question about the
        same place stands there once, as it was noted last."""
        owner = self.actor.keeper
        with self._writing() as db:
            for one in articles:
                query, place = as_bytes(one.query), as_bytes(one.place)
                self._to_change(db, one.id)
                db.execute(
                    "DELETE FROM missing_articles WHERE id = ? OR (owner = ? AND query = ? AND place = ?)",
                    (one.id, owner, query, place),
                )
                db.execute(
                    "INSERT INTO missing_articles (id, noted, query, place, near_miss, score, owner, shared) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        one.id,
                        one.noted.astimezone(UTC).isoformat(timespec="microseconds"),
                        query,
                        place,
                        None if one.near_miss is None else as_bytes(one.near_miss),
                        one.score,
                        owner,
                        one.ownership.shared,
                    ),
                )
            db.execute(
                "DELETE FROM missing_articles WHERE owner = ? AND number NOT IN "
                "(SELECT number FROM missing_articles WHERE owner = ? ORDER BY number DESC LIMIT ?)",
                (owner, owner, MAX_ARTICLES),
            )

    def list(self) -> tuple[MissingArticle, ...]:
        """What who asks has noted, what others share and what is everybody's; the latest first."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT query, place, near_miss, score, id, noted, owner, shared FROM missing_articles "  # noqa: S608
                f"WHERE {LISTED} ORDER BY noted DESC, number DESC",
                listed(self.actor),
            ).fetchall()
            return tuple(
                MissingArticle(
                    as_text(query),
                    as_text(place),
                    None if near is None else as_text(near),
                    score,
                    one,
                    datetime.fromisoformat(noted),
                    Ownership(owner, bool(shared)),
                )
                for query, place, near, score, one, noted, owner, shared in rows
            )

    def share(self, ids: Iterable[str], shared: bool = True) -> None:
        """Put these on everyone's list, or take that back; all or none."""
        self._each(ids, "UPDATE missing_articles SET shared = ? WHERE id = ?", shared)

    def remove(self, ids: Iterable[str]) -> None:
        """Take these off the list, all or none; what is not on it is no error."""
        self._each(ids, "DELETE FROM missing_articles WHERE id = ?")

    def _each(self, ids: Iterable[str], statement: str, *values: object) -> None:
        with self._writing() as db:
            for one in ids:
                self._to_change(db, one)
                db.execute(statement, (*values, one))

    def _to_change(self, db: sqlite3.Connection, one: str) -> None:
        """Raise StoreError where this is on a list and is another's."""
        found = db.execute("SELECT owner, shared FROM missing_articles WHERE id = ?", (one,)).fetchone()
        if found is not None:
            refuse_change(self.actor, Ownership(found[0], bool(found[1])), StoreError, "missing article")


def missing_articles_csv(articles: Iterable[MissingArticle]) -> bytes:
    """The list as a file for a spreadsheet: question, noted (UTC), searched in, nearest result, its score."""
    rows = (
        (one.query, one.noted.isoformat(timespec="seconds"), one.place, one.near_miss, one.score) for one in articles
    )
    return csv_file(("question", "noted", "searched_in", "nearest", "score"), rows)
