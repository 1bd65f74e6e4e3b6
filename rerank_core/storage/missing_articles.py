"""Questions that nothing answered, kept until somebody has written the article."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Delete, Update, and_, delete, insert, or_, select, update

from rerank_core.exports.tables import csv_file
from rerank_core.storage.ownership import EVERYBODYS, Ownership, refuse_change
from rerank_core.storage.run_record import new_id
from rerank_core.storage.schema.columns import digest
from rerank_core.storage.schema.missing_articles import missing_articles
from rerank_core.storage.sqlite_file import StoreError
from rerank_core.storage.store import Store, listed

MAX_ARTICLES = 10_000
"""Of how many questions one owner's list is kept; the latest."""

_table = missing_articles.c


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


class MissingArticleStore(Store):
    """The lists of questions. Every method raises StoreError, with a hint, where the database cannot be used, and for
    what is another's (codes not_shared, not_yours)."""

    subject = "missing articles"

    def add(self, *articles: MissingArticle) -> None:
        """Note questions on one's own list, or put back what was removed, shared as it was. The same question about the
        same place stands there once, as it was noted last."""
        owner = self.actor.keeper
        latest = select(_table.number).where(_table.owner == owner).order_by(_table.number.desc())
        with self._writing() as db:
            for one in articles:
                self._to_change(db, one.id)
                key = digest(one.query, one.place)
                same = or_(_table.id == one.id, and_(_table.owner == owner, _table.key == key))
                db.execute(delete(missing_articles).where(same))
                db.execute(insert(missing_articles).values(_row(one) | {"owner": owner, "key": key}))
            beyond = db.execute(latest.offset(MAX_ARTICLES).limit(1)).scalar()
            if beyond is not None:
                db.execute(delete(missing_articles).where(_table.owner == owner, _table.number <= beyond))

    def list(self) -> tuple[MissingArticle, ...]:
        """What who asks has noted, what others share and what is everybody's; the latest first."""
        with self._reading() as db:
            rows = db.execute(
                select(
                    _table.query,
                    _table.place,
                    _table.near_miss,
                    _table.score,
                    _table.id,
                    _table.noted,
                    _table.owner,
                    _table.shared,
                )
                .where(listed(missing_articles, self.actor))
                .order_by(_table.noted.desc(), _table.number.desc())
            )
            return tuple(
                MissingArticle(
                    query, place, near, score, one, datetime.fromisoformat(noted), Ownership(owner, bool(shared))
                )
                for query, place, near, score, one, noted, owner, shared in rows
            )

    def share(self, ids: Iterable[str], shared: bool = True) -> None:
        """Put these on everyone's list, or take that back; all or none."""
        self._each(ids, update(missing_articles).values(shared=shared))

    def remove(self, ids: Iterable[str]) -> None:
        """Take these off the list, all or none; what is not on it is no error."""
        self._each(ids, delete(missing_articles))

    def _each(self, ids: Iterable[str], statement: Update | Delete) -> None:
        with self._writing() as db:
            for one in ids:
                self._to_change(db, one)
                db.execute(statement.where(_table.id == one))

    def _to_change(self, db: Connection, one: str) -> None:
        """Raise StoreError where this is on a list and is another's."""
        found = db.execute(select(_table.owner, _table.shared).where(_table.id == one)).first()
        if found is not None:
            refuse_change(self.actor, Ownership(found[0], bool(found[1])), StoreError, "missing article")


def _row(one: MissingArticle) -> dict[str, Any]:
    return {
        "id": one.id,
        "noted": one.noted.astimezone(UTC).isoformat(timespec="microseconds"),
        "query": one.query,
        "place": one.place,
        "near_miss": one.near_miss,
        "score": one.score,
        "shared": one.ownership.shared,
    }


def missing_articles_csv(articles: Iterable[MissingArticle]) -> bytes:
    """The list as a file for a spreadsheet: question, noted (UTC), searched in, nearest result, its score."""
    rows = (
        (one.query, one.noted.isoformat(timespec="seconds"), one.place, one.near_miss, one.score) for one in articles
    )
    return csv_file(("question", "noted", "searched_in", "nearest", "score"), rows)
