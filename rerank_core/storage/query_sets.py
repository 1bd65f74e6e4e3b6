"""Query sets with their ratings, kept on this machine."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from sqlalchemy import Connection, delete, func, insert, or_, select, update

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.measures.measure import Judgments, check_judgments
from rerank_core.evaluation.query_sets.added_runs import BoardRun, with_runs
from rerank_core.evaluation.query_sets.latest import Latest
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.rank_fields import checked_fields
from rerank_core.storage import pieces
from rerank_core.storage.database import Database
from rerank_core.storage.evaluation.evaluation_store import Values
from rerank_core.storage.evaluation.experiment_lock import forget, held, running_error
from rerank_core.storage.evaluation.grades import KeptJudgments, judgments_of, refuse_rater
from rerank_core.storage.evaluation.query_set_record import from_bytes, to_parts, whole
from rerank_core.storage.evaluation.sizes import MAX_SET_BYTES, refuse_sets
from rerank_core.storage.judging.rows import forget_judging
from rerank_core.storage.ownership import EVERYBODYS, NOT_YOURS, Ownership, refuse_more
from rerank_core.storage.run_record import new_id
from rerank_core.storage.schema.columns import digest
from rerank_core.storage.schema.evaluation import experiments, query_set_pieces, query_sets, ratings, set_versions
from rerank_core.storage.store import listed, upsert
from rerank_core.storage.thresholds import ThresholdStore

MAX_SETS = 1_000
"""Query sets of one owner."""


_DOCUMENTS = 400_000
"""How many documents, and how many ratings, of the sets that were opened last are kept at hand: near 300 MB."""

_set = query_sets.c


@dataclass(frozen=True, slots=True)
class QuerySetSummary:
    """A saved query set as a row of a list; `rated` is how many (query, document) pairs have a rating."""

    id: str
    name: str
    created: datetime
    queries: int
    pairs: int
    rated: int
    size: int
    ownership: Ownership = EVERYBODYS


class SetVersion(NamedTuple):
    """Two numbers that no earlier or later state of a set has: of its `contents` (its queries, its documents, the
    fields that models read) and of its `ratings`. 0 until they are changed after the set was saved."""

    contents: int
    ratings: int


class QuerySetStore(ThresholdStore):
    """The query sets of this machine. What a saved set holds stays; grades change, rated runs may be added, and models
    may be given other fields to read.

    Whoever may open a set may rate in it; everything else that changes it is for its owner and operators. One owner
    keeps at most `max_sets`, and at most `max_bytes` bytes of them.
    """

    def __init__(
        self,
        database: Database | Path | str | None = None,
        *,
        max_sets: int = MAX_SETS,
        max_bytes: int = MAX_SET_BYTES,
    ) -> None:
        super().__init__(database)
        self._max_sets, self._max_bytes = max_sets, max_bytes
        self._contents: Latest[QuerySet] = Latest(lambda one: len(one.documents), _DOCUMENTS)
        self._judged: Latest[KeptJudgments] = Latest(_ratings, _DOCUMENTS)

    def save(self, query_set: QuerySet) -> str:
        """Keep a set with its ratings under a new id, which is returned."""
        if not query_set.queries:
            raise ExperimentError("A set without queries is not kept.", code="experiment_empty", hint="Add some first.")
        for grades in query_set.judgments.values():
            if grades:
                check_judgments(grades)
        set_id, (head, content) = new_id(), to_parts(query_set)
        with self._writing() as db:
            mine = select(func.count()).select_from(query_sets).where(_set.owner == self.actor.keeper)
            refuse_more(db.execute(mine).scalar_one(), self._max_sets, ExperimentError, "query sets")
            row: Values = {
                "id": set_id,
                "name": query_set.name,
                "created": _now(),
                "rank_fields": json.dumps(query_set.rank_fields),
                "owner": self.actor.keeper,
            }
            db.execute(insert(query_sets).values(row | _content(query_set, head, content)))
            refuse_sets(db, self.actor.keeper, self._max_bytes, set_id)
            pieces.keep(db, query_set_pieces, _number(db, set_id), content)
            for rater, judgments in query_set.judgments.items():
                _write_grades(db, set_id, rater, judgments, self.actor.keeper)
        return set_id

    # Whose they are

    def ownership(self, set_id: str) -> Ownership | None:
        """Whose a set is; None where there is none with this id, or it is not shared with who asks."""
        with self._reading() as db:
            found = self._ownership(db, "query_sets", set_id)
            return found if found is not None and self.actor.may_open(found.owner, found.shared) else None

    def share(self, set_id: str, shared: bool = True) -> None:
        """Let everyone here open a set and rate in it, or take that back, also for the experiments on it. Raises
        ExperimentError where there is no such set."""
        with self._writing() as db:
            if self._ownership(db, "query_sets", set_id) is None:
                raise _not_found()
            self._to_change(db, "query_sets", set_id)
            db.execute(update(query_sets).where(_set.id == set_id).values(shared=shared))
            if not shared:
                db.execute(update(experiments).where(experiments.c.query_set == set_id).values(shared=False))

    # Reading and changing

    def get(self, set_id: str) -> QuerySet | None:
        """The set with its ratings as they are now, None where there is none of that id."""
        with self._reading() as db:
            self._to_open(db, "query_sets", set_id)
            return self._stored(db, set_id)

    def add_runs(self, set_id: str, runs: Iterable[BoardRun], rater: str) -> QuerySet:
        """Add runs that `rater` rated to a saved set (see `with_runs`); the set as it is then.

        All of it is kept or nothing, and of two sessions that add at once neither loses anything. Experiments on the
        set stay as they are. Raises ExperimentError where there is no such set, and what `with_runs` raises.
        """
        given = tuple(runs)
        with self._writing() as db:
            self._to_change(db, "query_sets", set_id)
            before = self._stored(db, set_id)
            if before is None:
                raise _not_found()
            after = with_runs(before, given, rater=rater)
            head, content = to_parts(after)
            db.execute(update(query_sets).where(_set.id == set_id).values(_content(after, head, content)))
            owned = self._ownership(db, "query_sets", set_id)
            refuse_sets(db, owned.owner if owned else "", self._max_bytes)
            pieces.keep(db, query_set_pieces, _number(db, set_id), content)
            _count(db, set_id, "contents")
            refuse_rater(db, self.actor, set_id, rater)
            earlier = before.judgments.get(rater, {})
            _write_grades(
                db,
                set_id,
                rater,
                {
                    query: {name: grade for name, grade in own.items() if earlier.get(query, {}).get(name) != grade}
                    for query, own in after.judgments[rater].items()
                },
                self.actor.keeper,
            )
        return after

    def list(self, also: str | None = None) -> tuple[QuerySetSummary, ...]:
        """The sets of who asks, those that are shared with them and everybody's; newest first. For an operator `also`
        the one of this id."""
        grades = select(ratings.c.query, ratings.c.document).where(ratings.c.query_set == _set.id).distinct()
        count = select(func.count()).select_from(grades.correlate(query_sets).subquery()).scalar_subquery()
        with self._reading() as db:
            rows = db.execute(
                select(
                    _set.owner,
                    _set.shared,
                    _set.id,
                    _set.name,
                    _set.created,
                    _set.queries,
                    _set.pairs,
                    count,
                    _set.bytes,
                )
                .where(or_(listed(query_sets, self.actor), _set.id == (also if self.actor.operator else None)))
                .order_by(_set.number.desc())
            )
            return tuple(
                QuerySetSummary(
                    name,
                    title,
                    datetime.fromisoformat(created),
                    queries,
                    pairs,
                    rated,
                    size,
                    Ownership(owner, bool(shared)),
                )
                for owner, shared, name, title, created, queries, pairs, rated, size in rows
            )

    def rename(self, set_id: str, name: str) -> None:
        """Call a set something else, and its experiments that have no name of their own; a blank name changes
        nothing."""
        if name.strip():
            new = name.strip()
            before = select(_set.name).where(_set.id == set_id).scalar_subquery()
            with self._writing() as db:
                self._to_change(db, "query_sets", set_id)
                named = (experiments.c.query_set == set_id, experiments.c.name == before)
                db.execute(update(experiments).where(*named).values(name=new))
                db.execute(update(query_sets).where(_set.id == set_id).values(name=new))

    def set_rank_fields(self, set_id: str, rank_fields: Iterable[str]) -> QuerySet:
        """Say which fields of each document the models read from now on; the set as it is then.

        Experiments that were made before keep the fields that they were made with. Raises ExperimentError where there
        is no such set, InvalidRequestError for what is no list of names.
        """
        with self._writing() as db:
            self._to_change(db, "query_sets", set_id)
            fields = json.dumps(checked_fields(rank_fields))
            if db.execute(update(query_sets).where(_set.id == set_id).values(rank_fields=fields)).rowcount:
                _count(db, set_id, "contents")
            after = self._stored(db, set_id)
        if after is None:
            raise _not_found()
        return after

    def delete(self, set_id: str) -> bool:
        """Delete a set with its ratings and experiments; False where there was none. Raises ExperimentError
        (experiment_running) while one of them runs, and for its owner too (not_yours) while others have experiments
        on it: they may have paid for the answers."""
        with self._writing() as db:
            self._to_change(db, "query_sets", set_id)
            asked = select(experiments.c.id, experiments.c.owner).where(experiments.c.query_set == set_id)
            found = db.execute(asked).all()
            others = sum(not self.actor.may_change(owner) for _, owner in found)
            if others:
                raise ExperimentError(
                    f"Others have {others:,} experiment{'s' if others > 1 else ''} on this query set.",
                    code=NOT_YOURS,
                    hint="Take back the sharing instead: then nobody else sees it. An operator can delete it.",
                )
            if any(held(self.database, one) for one, _ in found):
                raise running_error()
            for one, _ in found:
                forget(self.database, one)
            numbers = db.execute(select(_set.number).where(_set.id == set_id)).scalars().all()
            suspects = pieces.holding(db, query_set_pieces, numbers)
            gone = db.execute(delete(query_sets).where(_set.id == set_id)).rowcount > 0
            pieces.sweep(db, suspects)
            if gone:
                forget_judging(db, set_id)
            return gone

    def _stored(self, db: Connection, set_id: str) -> QuerySet | None:
        version = _version(db, set_id)
        if version is None:
            return None
        name = db.execute(select(_set.name).where(_set.id == set_id)).scalar_one()

        def contents() -> QuerySet:
            asked = select(_set.number, _set.payload, _set.rank_fields).where(_set.id == set_id)
            number, head, fields = db.execute(asked).one()
            made = from_bytes(whole(head, pieces.held(db, query_set_pieces, number)))
            return replace(made, rank_fields=tuple(json.loads(fields)))

        try:
            return replace(
                self._contents.of(set_id, version.contents, contents),
                name=name,
                judgments=self._judgments(db, set_id, version),
            )
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise ExperimentError(
                "This query set cannot be read; it may come from another version or be damaged.",
                hint="Delete it and load its files again.",
            ) from error

    def _judgments(self, db: Connection, set_id: str, version: SetVersion) -> KeptJudgments:
        return self._judged.of(set_id, version.ratings, lambda: judgments_of(db, set_id))

    # Grades

    def judgments(self, set_id: str) -> KeptJudgments:
        """Every rater's grades of a set: rater to query id to document id to grade. Not to be changed."""
        with self._reading() as db:
            self._to_open(db, "query_sets", set_id)
            version = _version(db, set_id)
            return {} if version is None else self._judgments(db, set_id, version)

    def raters(self, set_id: str) -> tuple[str, ...]:
        """Who has rated in a set, the first one first, without reading the grades; empty where there is no such set."""
        with self._reading() as db:
            self._to_open(db, "query_sets", set_id)
            asked = select(ratings.c.rater).where(ratings.c.query_set == set_id).group_by(ratings.c.rater)
            return tuple(db.execute(asked.order_by(func.min(ratings.c.number))).scalars())

    def version_of(self, set_id: str) -> SetVersion | None:
        """Numbers that change whenever a set does, far quicker than reading it; None where there is no such set any
        more. Asked for before the set is read, they are never those of a later state than is read."""
        with self._reading() as db:
            self._to_open(db, "query_sets", set_id)
            return _version(db, set_id)

    def rate(self, set_id: str, rater: str, query_id: str, document_id: str, grade: int | None) -> int | None:
        """Rate a document for a query, or take the rating back with None; gives the grade that was there before, so
        that an undo is a call with that. Raises ExperimentError where there is no such set and under a name that is
        another's (not_yours), InvalidRequestError for a grade that is none."""
        if grade is not None:
            check_judgments({query_id: {document_id: grade}})
        here = (ratings.c.query_set == set_id, ratings.c.key == digest(rater, query_id, document_id))
        with self._writing() as db:
            if self._ownership(db, "query_sets", set_id) is None:
                raise _not_found()
            self._to_open(db, "query_sets", set_id)
            before = db.execute(select(ratings.c.grade).where(*here)).first()
            refuse_rater(db, self.actor, set_id, rater)
            if grade is None:
                db.execute(delete(ratings).where(*here))
                _count(db, set_id, "ratings")
            else:
                _write_grades(db, set_id, rater, {query_id: {document_id: grade}}, self.actor.keeper)
            return None if before is None else int(before[0])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _not_found() -> ExperimentError:
    return ExperimentError("There is no such query set.", code="query_set_not_found", hint="It may have been deleted.")


def _version(db: Connection, set_id: str) -> SetVersion | None:
    changed = (func.coalesce(set_versions.c.contents, 0), func.coalesce(set_versions.c.ratings, 0))
    asked = select(*changed).select_from(query_sets).outerjoin(set_versions).where(_set.id == set_id)
    found = db.execute(asked).first()
    return None if found is None else SetVersion(*found)


def _ratings(judgments: KeptJudgments) -> int:
    return sum(len(own) for grades in judgments.values() for own in grades.values())


def _count(db: Connection, set_id: str, what: Literal["contents", "ratings"]) -> None:
    """Write down that a set has changed, or its ratings; whatever changes them does so. The number is a random one, so
    that no state that was taken back, or comes from a backup, has another's."""
    row = {"query_set": set_id, "contents": 0, "ratings": 0, what: secrets.randbits(62)}
    upsert(db, set_versions, [row], ("query_set",), (what,))


def _write_grades(db: Connection, set_id: str, rater: str, judgments: Judgments, owner: str) -> None:
    """Keep these grades of a rater, given by `owner`, in place of those that the same documents had from him before."""
    now = _now()
    _count(db, set_id, "ratings")
    upsert(
        db,
        ratings,
        (
            {
                "query_set": set_id,
                "rater": rater,
                "query": query,
                "document": document,
                "grade": int(grade),
                "owner": owner,
                "rated_at": now,
                "key": digest(rater, query, document),
            }
            for query, own in judgments.items()
            for document, grade in own.items()
        ),
        ("query_set", "key"),
        ("grade", "owner", "rated_at"),
    )


def _content(query_set: QuerySet, head: bytes, content: Sequence[memoryview]) -> Values:
    """What the row of a set says of what is in it."""
    return {
        "queries": len(query_set),
        "pairs": query_set.pairs,
        "bytes": len(head) + sum(map(len, content)),
        "payload": head,
    }


def _number(db: Connection, set_id: str) -> int:
    return int(db.execute(select(_set.number).where(_set.id == set_id)).scalar_one())
