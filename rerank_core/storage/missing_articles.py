"""Questions that nothing answered, kept on this machine until somebody has written the article."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from rerank_core.exports.tables import csv_file
from rerank_core.storage.run_record import new_id
from rerank_core.storage.sqlite_file import FileKind, SqliteFile, StoreError, as_bytes, as_text

MAX_ARTICLES = 10_000
"""Of how many questions the list is kept; the latest."""

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
)


@dataclass(frozen=True, slots=True)
class MissingArticle:
    """A question without an answer. `place` is the name of what was searched, `near_miss` the title or the beginning of
    the best result there and `score` its score, both None where nothing was found. `noted` is an aware time in UTC."""

    query: str
    place: str
    near_miss: str | None = None
    score: float | None = None
    id: str = field(default_factory=new_id)
    noted: datetime = field(default_factory=lambda: datetime.now(UTC))


class MissingArticleStore(SqliteFile):
    """The list of this machine, in `missing_articles.sqlite3` unless another path is given. Safe under threads; every
    method raises StoreError, with a hint, where the file cannot be used."""

    kind = FileKind(
        "missing_articles.sqlite3",
        "missing articles",
        0x52504C4D,  # "RPLM"
        _MIGRATIONS,
        StoreError,
        "move that file away, and a new one is started at the next use",
    )

    def add(self, *articles: MissingArticle) -> None:
        """Note questions, or put back what was removed. The same question about the same place stands there once, as it
        was noted last."""
        with self._writing() as db:
            for one in articles:
                query, place = as_bytes(one.query), as_bytes(one.place)
                db.execute("DELETE FROM missing_articles WHERE query = ? AND place = ?", (query, place))
                db.execute(
                    "INSERT OR REPLACE INTO missing_articles (id, noted, query, place, near_miss, score) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    (
                        one.id,
                        one.noted.astimezone(UTC).isoformat(timespec="microseconds"),
                        query,
                        place,
                        None if one.near_miss is None else as_bytes(one.near_miss),
                        one.score,
                    ),
                )
            db.execute(
                "DELETE FROM missing_articles WHERE number NOT IN "
                "(SELECT number FROM missing_articles ORDER BY noted DESC, number DESC LIMIT ?)",
                (MAX_ARTICLES,),
            )

    def list(self) -> tuple[MissingArticle, ...]:
        """All of them, the latest first."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT query, place, near_miss, score, id, noted FROM missing_articles "
                "ORDER BY noted DESC, number DESC"
            ).fetchall()
        return tuple(
            MissingArticle(
                as_text(query),
                as_text(place),
                None if near is None else as_text(near),
                score,
                one,
                datetime.fromisoformat(noted),
            )
            for query, place, near, score, one, noted in rows
        )

    def remove(self, ids: Iterable[str]) -> None:
        """Take these off the list; what is not on it is no error."""
        with self._writing() as db:
            db.executemany("DELETE FROM missing_articles WHERE id = ?", [(one,) for one in ids])


def missing_articles_csv(articles: Iterable[MissingArticle]) -> bytes:
    """The list as a file for a spreadsheet: question, noted (UTC), searched in, nearest result, its score."""
    rows = (
        (one.query, one.noted.isoformat(timespec="seconds"), one.place, one.near_miss, one.score) for one in articles
    )
    return csv_file(("question", "noted", "searched_in", "nearest", "score"), rows)
