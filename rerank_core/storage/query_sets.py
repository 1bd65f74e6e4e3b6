"""Query sets with their ratings, kept on this machine."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.measures.measure import Judgments, check_judgments
from rerank_core.evaluation.query_sets.added_runs import BoardRun, with_runs
from rerank_core.evaluation.query_sets.latest import Latest
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.rank_fields import checked_fields
from rerank_core.storage.experiment_lock import forget, held, running_error
from rerank_core.storage.ownership import EVERYBODYS, LISTED, NOT_YOURS, Actor, Ownership, listed, refuse_more
from rerank_core.storage.query_set_record import from_bytes, to_bytes
from rerank_core.storage.run_record import new_id
from rerank_core.storage.sqlite_file import as_bytes, as_text
from rerank_core.storage.thresholds import ThresholdFile

MAX_SETS = 1_000
"""Query sets of one owner."""

_DOCUMENTS = 400_000
"""How many documents, and how many ratings, of the sets that were opened last are kept at hand: near 300 MB."""

_Judgments = dict[str, dict[str, dict[str, int]]]


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


class QuerySetStore(ThresholdFile):
    """The query sets of this machine. What a saved set holds stays; grades change, rated runs may be added, and models
    may be given other fields to read.

    Whoever may open a set may rate in it; everything else that changes it is for its owner and operators. One owner
    keeps at most `max_sets`.
    """

    def __init__(self, path: Path | str | None = None, *, max_sets: int = MAX_SETS) -> None:
        super().__init__(path)
        self._max_sets = max_sets
        self._contents: Latest[QuerySet] = Latest(lambda one: len(one.documents), _DOCUMENTS)
        self._judged: Latest[_Judgments] = Latest(_ratings, _DOCUMENTS)

    def save(self, query_set: QuerySet) -> str:
        """Keep a set with its ratings under a new id, which is returned."""
        if not query_set.queries:
            raise ExperimentError("A set without queries is not kept.", code="experiment_empty", hint="Add some first.")
        for grades in query_set.judgments.values():
            if grades:
                check_judgments(grades)
        set_id, payload = new_id(), to_bytes(query_set)
        with self._writing() as db:
            own = db.execute("SELECT count(*) FROM query_sets WHERE owner = ?", (self.actor.keeper,)).fetchone()[0]
            refuse_more(own, self._max_sets, ExperimentError, "query sets")
            db.execute(
                "INSERT INTO query_sets (id, name, created, queries, pairs, bytes, payload, rank_fields, owner) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    set_id,
                    as_bytes(query_set.name),
                    _now(),
                    len(query_set),
                    query_set.pairs,
                    len(payload),
                    payload,
                    json.dumps(query_set.rank_fields),
                    self.actor.keeper,
                ),
            )
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
            db.execute("UPDATE query_sets SET shared = ? WHERE id = ?", (shared, set_id))
            if not shared:
                db.execute("UPDATE experiments SET shared = 0 WHERE query_set = ?", (set_id,))

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
            payload = to_bytes(after)
            db.execute(
                "UPDATE query_sets SET queries = ?, pairs = ?, bytes = ?, payload = ? WHERE id = ?",
                (len(after), after.pairs, len(payload), payload, set_id),
            )
            _count(db, set_id, "contents")
            _refuse_rater(db, self.actor, set_id, rater)
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
        with self._reading() as db:
            rows = db.execute(
                "SELECT owner, shared, id, name, created, queries, pairs, "  # noqa: S608
                "(SELECT count(*) FROM (SELECT DISTINCT query, document FROM ratings "
                "WHERE query_set = query_sets.id)), "
                f"bytes FROM query_sets WHERE {LISTED} OR id = :also ORDER BY number DESC",
                listed(self.actor) | {"also": also if self.actor.operator else None},
            ).fetchall()
            return tuple(
                replace(
                    QuerySetSummary(row[0], as_text(row[1]), datetime.fromisoformat(row[2]), *row[3:]),
                    ownership=Ownership(owner, bool(shared)),
                )
                for owner, shared, *row in rows
            )

    def rename(self, set_id: str, name: str) -> None:
        """Call a set something else, and its experiments that have no name of their own; a blank name changes
        nothing."""
        if name.strip():
            new = as_bytes(name.strip())
            with self._writing() as db:
                self._to_change(db, "query_sets", set_id)
                db.execute(
                    "UPDATE experiments SET name = ? WHERE query_set = ? AND name = "
                    "(SELECT name FROM query_sets WHERE id = ?)",
                    (new, set_id, set_id),
                )
                db.execute("UPDATE query_sets SET name = ? WHERE id = ?", (new, set_id))

    def set_rank_fields(self, set_id: str, rank_fields: Iterable[str]) -> QuerySet:
        """Say which fields of each document the models read from now on; the set as it is then.

        Experiments that were made before keep the fields that they were made with. Raises ExperimentError where there
        is no such set, InvalidRequestError for what is no list of names.
        """
        with self._writing() as db:
            self._to_change(db, "query_sets", set_id)
            fields = json.dumps(checked_fields(rank_fields))
            if db.execute("UPDATE query_sets SET rank_fields = ? WHERE id = ?", (fields, set_id)).rowcount:
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
            found = db.execute("SELECT id, owner FROM experiments WHERE query_set = ?", (set_id,)).fetchall()
            others = sum(not self.actor.may_change(owner) for _, owner in found)
            if others:
                raise ExperimentError(
                    f"Others have {others:,} experiment{'s' if others > 1 else ''} on this query set.",
                    code=NOT_YOURS,
                    hint="Take back the sharing instead: then nobody else sees it. An operator can delete it.",
                )
            experiments = [experiment for experiment, _ in found]
            if any(held(self.path, one) for one in experiments):
                raise running_error()
            for one in experiments:
                forget(self.path, one)
            return db.execute("DELETE FROM query_sets WHERE id = ?", (set_id,)).rowcount > 0

    def _stored(self, db: sqlite3.Connection, set_id: str) -> QuerySet | None:
        version = _version(db, set_id)
        if version is None:
            return None
        # in its row the name alone stands before the payload, past which there is a long way
        name = db.execute("SELECT name FROM query_sets WHERE id = ?", (set_id,)).fetchone()[0]

        def contents() -> QuerySet:
            payload, fields = db.execute(
                "SELECT payload, rank_fields FROM query_sets WHERE id = ?", (set_id,)
            ).fetchone()
            return replace(from_bytes(payload), rank_fields=tuple(json.loads(fields)))

        try:
            return replace(
                self._contents.of(set_id, version.contents, contents),
                name=as_text(name),
                judgments=self._judgments(db, set_id, version),
            )
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise ExperimentError(
                "This query set cannot be read; it may come from another version or be damaged.",
                hint="Delete it and load its files again.",
            ) from error

    def _judgments(self, db: sqlite3.Connection, set_id: str, version: SetVersion) -> _Judgments:
        return self._judged.of(set_id, version.ratings, lambda: _judgments(db, set_id))

    # Grades

    def judgments(self, set_id: str) -> _Judgments:
        """Every rater's grades of a set: rater to query id to document id to grade. Not to be changed."""
        with self._reading() as db:
            self._to_open(db, "query_sets", set_id)
            version = _version(db, set_id)
            return {} if version is None else self._judgments(db, set_id, version)

    def raters(self, set_id: str) -> tuple[str, ...]:
        """Who has rated in a set, the first one first, without reading the grades; empty where there is no such set."""
        with self._reading() as db:
            self._to_open(db, "query_sets", set_id)
            rows = db.execute(
                "SELECT rater FROM ratings WHERE query_set = ? GROUP BY rater ORDER BY min(number)", (set_id,)
            ).fetchall()
            return tuple(as_text(row[0]) for row in rows)

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
        key = (set_id, as_bytes(rater), as_bytes(query_id), as_bytes(document_id))
        where = "query_set = ? AND rater = ? AND query = ? AND document = ?"
        with self._writing() as db:
            if db.execute("SELECT 1 FROM query_sets WHERE id = ?", (set_id,)).fetchone() is None:
                raise _not_found()
            self._to_open(db, "query_sets", set_id)
            before = db.execute(f"SELECT grade FROM ratings WHERE {where}", key).fetchone()  # noqa: S608
            _refuse_rater(db, self.actor, set_id, rater)
            if grade is None:
                db.execute(f"DELETE FROM ratings WHERE {where}", key)  # noqa: S608
                _count(db, set_id, "ratings")
            else:
                _write_grades(db, set_id, rater, {query_id: {document_id: grade}}, self.actor.keeper)
            return None if before is None else int(before[0])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _not_found() -> ExperimentError:
    return ExperimentError("There is no such query set.", code="query_set_not_found", hint="It may have been deleted.")


def _version(db: sqlite3.Connection, set_id: str) -> SetVersion | None:
    found = db.execute(
        "SELECT coalesce(contents, 0), coalesce(ratings, 0) FROM query_sets "
        "LEFT JOIN set_versions ON query_set = id WHERE id = ?",
        (set_id,),
    ).fetchone()
    return None if found is None else SetVersion(*found)


def _ratings(judgments: _Judgments) -> int:
    return sum(len(own) for grades in judgments.values() for own in grades.values())


def _refuse_rater(db: sqlite3.Connection, actor: Actor, set_id: str, rater: str) -> None:
    """Raise ExperimentError (not_yours) for ratings under a name that is another's: under which somebody else has rated
    in this set, or the address of another person."""
    owners = db.execute(
        "SELECT DISTINCT owner FROM ratings WHERE query_set = ? AND rater = ?", (set_id, as_bytes(rater))
    ).fetchall()
    address = "@" in rater and rater.lower() != actor.keeper and not actor.may_change("")
    if address or not all(actor.may_change(owner) for (owner,) in owners):
        raise ExperimentError(
            f"Ratings by '{rater}' in this query set are not yours to give.",
            code=NOT_YOURS,
            hint="Rate under your own name: ratings of several people are kept apart.",
        )


def _count(db: sqlite3.Connection, set_id: str, what: Literal["contents", "ratings"]) -> None:
    """Write down that a set has changed, or its ratings; whatever changes them does so. The number is a random one, so
    that no state that was taken back, or comes from a backup, has another's."""
    now = {"contents": 0, "ratings": 0, what: secrets.randbits(62)}
    db.execute(
        "INSERT INTO set_versions (query_set, contents, ratings) VALUES (:of, :contents, :ratings) "  # noqa: S608
        f"ON CONFLICT (query_set) DO UPDATE SET {what} = excluded.{what}",
        {"of": set_id} | now,
    )


def _write_grades(db: sqlite3.Connection, set_id: str, rater: str, judgments: Judgments, owner: str) -> None:
    """Keep these grades of a rater, given by `owner`, in place of those that the same documents had from him before."""
    now = _now()
    _count(db, set_id, "ratings")
    db.executemany(
        "INSERT INTO ratings (query_set, rater, query, document, grade, owner, rated_at) VALUES (?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (query_set, rater, query, document) "
        "DO UPDATE SET grade = excluded.grade, owner = excluded.owner, rated_at = excluded.rated_at",
        [
            (set_id, as_bytes(rater), as_bytes(query), as_bytes(document), int(grade), owner, now)
            for query, own in judgments.items()
            for document, grade in own.items()
        ],
    )


def _judgments(db: sqlite3.Connection, set_id: str) -> _Judgments:
    found: _Judgments = {}
    rows = db.execute(
        "SELECT rater, query, document, grade FROM ratings WHERE query_set = ? ORDER BY number", (set_id,)
    )
    for rater, query, document, grade in rows:
        found.setdefault(as_text(rater), {}).setdefault(as_text(query), {})[as_text(document)] = grade
    return found
