"""Query sets with their ratings, the thresholds of models, and the marks of borderline pairs, kept on this machine."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from rerank_core.documents.report import Problem
from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.measures.cutoff import Threshold
from rerank_core.evaluation.measures.measure import Judgments, check_judgments
from rerank_core.evaluation.query_sets.added_runs import BoardRun, with_runs
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from rerank_core.models import Document
from rerank_core.rank_fields import checked_fields
from rerank_core.storage.evaluation_file import ExperimentFile
from rerank_core.storage.experiment_lock import forget, held, running_error
from rerank_core.storage.run_record import new_id
from rerank_core.storage.sqlite_file import as_bytes, as_text

_FORMAT = 1


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


class QuerySetStore(ExperimentFile):
    """The query sets of this machine. What a saved set holds stays; grades change, rated runs may be added, and models
    may be given other fields to read."""

    def save(self, query_set: QuerySet) -> str:
        """Keep a set with its ratings under a new id, which is returned."""
        if not query_set.queries:
            raise ExperimentError("A set without queries is not kept.", code="experiment_empty", hint="Add some first.")
        for grades in query_set.judgments.values():
            if grades:
                check_judgments(grades)
        set_id, payload = new_id(), _packed(query_set)
        with self._writing() as db:
            db.execute(
                "INSERT INTO query_sets (id, name, created, queries, pairs, bytes, payload, rank_fields) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    set_id,
                    as_bytes(query_set.name),
                    _now(),
                    len(query_set),
                    query_set.pairs,
                    len(payload),
                    payload,
                    json.dumps(query_set.rank_fields),
                ),
            )
            for rater, judgments in query_set.judgments.items():
                _write_grades(db, set_id, rater, judgments)
        return set_id

    def get(self, set_id: str) -> QuerySet | None:
        """The set with its ratings as they are now, None where there is none of that id."""
        with self._reading() as db:
            return _stored(db, set_id)

    def add_runs(self, set_id: str, runs: Iterable[BoardRun], rater: str) -> QuerySet:
        """Add runs that `rater` rated to a saved set (see `with_runs`); the set as it is then.

        All of it is kept or nothing, and of two sessions that add at once neither loses anything. Experiments on the
        set stay as they are. Raises ExperimentError where there is no such set, and what `with_runs` raises.
        """
        given = tuple(runs)
        with self._writing() as db:
            before = _stored(db, set_id)
            if before is None:
                raise _not_found()
            after = with_runs(before, given, rater=rater)
            payload = _packed(after)
            db.execute(
                "UPDATE query_sets SET queries = ?, pairs = ?, bytes = ?, payload = ? WHERE id = ?",
                (len(after), after.pairs, len(payload), payload, set_id),
            )
            earlier = before.judgments.get(rater, {})
            _write_grades(
                db,
                set_id,
                rater,
                {
                    query: {name: grade for name, grade in own.items() if earlier.get(query, {}).get(name) != grade}
                    for query, own in after.judgments[rater].items()
                },
            )
        return after

    def list(self) -> tuple[QuerySetSummary, ...]:
        """All sets, newest first."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT id, name, created, queries, pairs, "
                "(SELECT count(*) FROM (SELECT DISTINCT query, document FROM ratings "
                "WHERE query_set = query_sets.id)), "
                "bytes FROM query_sets ORDER BY number DESC"
            ).fetchall()
        return tuple(QuerySetSummary(row[0], as_text(row[1]), datetime.fromisoformat(row[2]), *row[3:]) for row in rows)

    def rename(self, set_id: str, name: str) -> None:
        """Call a set something else, and its experiments that have no name of their own; a blank name changes
        nothing."""
        if name.strip():
            new = as_bytes(name.strip())
            with self._writing() as db:
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
            fields = json.dumps(checked_fields(rank_fields))
            db.execute("UPDATE query_sets SET rank_fields = ? WHERE id = ?", (fields, set_id))
            after = _stored(db, set_id)
        if after is None:
            raise _not_found()
        return after

    def delete(self, set_id: str) -> bool:
        """Delete a set with its ratings and experiments; False where there was none. Raises ExperimentError
        (experiment_running) while one of them runs."""
        with self._writing() as db:
            experiments = [row[0] for row in db.execute("SELECT id FROM experiments WHERE query_set = ?", (set_id,))]
            if any(held(self.path, one) for one in experiments):
                raise running_error()
            for one in experiments:
                forget(self.path, one)
            return db.execute("DELETE FROM query_sets WHERE id = ?", (set_id,)).rowcount > 0

    # Grades

    def judgments(self, set_id: str) -> dict[str, dict[str, dict[str, int]]]:
        """Every rater's grades of a set: rater to query id to document id to grade."""
        with self._reading() as db:
            return _judgments(db, set_id)

    def raters(self, set_id: str) -> tuple[str, ...]:
        """Who has rated in a set, the first one first, without reading the grades; empty where there is no such set."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT rater FROM ratings WHERE query_set = ? GROUP BY rater ORDER BY min(number)", (set_id,)
            ).fetchall()
        return tuple(as_text(row[0]) for row in rows)

    def version_of(self, set_id: str) -> tuple[int, ...] | None:
        """Numbers that change when a set does, far quicker than reading it: how many queries and candidates it has, and
        more that change with its grades and with the fields that models read. None where there is no such set any
        more."""
        with self._reading() as db:
            found = db.execute("SELECT queries, pairs, rank_fields FROM query_sets WHERE id = ?", (set_id,)).fetchone()
            if found is None:
                return None
            queries, pairs, fields = found
            grades = db.execute(
                "SELECT count(*), coalesce(max(number), 0), coalesce(sum(grade), 0), "
                "coalesce(sum(grade * (number % 1000003)), 0) FROM ratings WHERE query_set = ?",
                (set_id,),
            ).fetchone()
        return (queries, pairs, zlib.crc32(fields.encode()), *map(int, grades))

    def rate(self, set_id: str, rater: str, query_id: str, document_id: str, grade: int | None) -> int | None:
        """Rate a document for a query, or take the rating back with None; gives the grade that was there before, so
        that an undo is a call with that. Raises ExperimentError where there is no such set, InvalidRequestError for
        a grade that is none."""
        if grade is not None:
            check_judgments({query_id: {document_id: grade}})
        key = (set_id, as_bytes(rater), as_bytes(query_id), as_bytes(document_id))
        where = "query_set = ? AND rater = ? AND query = ? AND document = ?"
        with self._writing() as db:
            if db.execute("SELECT 1 FROM query_sets WHERE id = ?", (set_id,)).fetchone() is None:
                raise _not_found()
            before = db.execute(f"SELECT grade FROM ratings WHERE {where}", key).fetchone()  # noqa: S608
            if grade is None:
                db.execute(f"DELETE FROM ratings WHERE {where}", key)  # noqa: S608
            else:
                _write_grades(db, set_id, rater, {query_id: {document_id: grade}})
        return None if before is None else int(before[0])

    # Thresholds

    def set_threshold(self, provider: str, model: str | None, score: float | None, how: str = "set by hand") -> None:
        """Keep the threshold of a model, or forget it with None."""
        with self._writing() as db:
            if score is None:
                db.execute("DELETE FROM thresholds WHERE provider = ? AND model = ?", (provider, model or ""))
            else:
                db.execute(
                    "INSERT INTO thresholds VALUES (?, ?, ?, ?, ?) ON CONFLICT (provider, model) "
                    "DO UPDATE SET score = excluded.score, how = excluded.how, set_at = excluded.set_at",
                    (provider, model or "", float(score), as_bytes(how), _now()),
                )

    def threshold(self, provider: str, model: str | None) -> Threshold | None:
        """The threshold kept for a model, None where there is none."""
        return self.thresholds().get((provider, model))

    def thresholds(self) -> dict[tuple[str, str | None], Threshold]:
        """Every threshold kept, by provider and model."""
        with self._reading() as db:
            rows = db.execute("SELECT provider, model, score, how, set_at FROM thresholds").fetchall()
        return {
            (provider, model or None): Threshold(
                provider, model or None, score, as_text(how), datetime.fromisoformat(set_at)
            )
            for provider, model, score, how, set_at in rows
        }

    # Borderline pairs

    def marks(self, experiment_id: str, contender: str) -> dict[tuple[str, str], str]:
        """What was said of the pairs (query id, document id) that one contender of an experiment, named by its label,
        may be cut at; in the sequence in which it was said. Empty where there is no such experiment."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT query, document, mark FROM borderline_marks WHERE contender = ? "
                "AND experiment = (SELECT number FROM experiments WHERE id = ?) ORDER BY number",
                (as_bytes(contender), experiment_id),
            ).fetchall()
        return {(as_text(query), as_text(document)): mark for query, document, mark in rows}

    def mark(self, experiment_id: str, contender: str, pairs: Sequence[tuple[str, str]], mark: str | None) -> None:
        """Say this of pairs of a contender, in place of what was said before, or take it back with None. Raises
        ExperimentError (experiment_not_found) where there is no such experiment."""
        with self._writing() as db:
            found = db.execute("SELECT number FROM experiments WHERE id = ?", (experiment_id,)).fetchone()
            if found is None:
                raise ExperimentError(
                    "There is no such experiment.", code="experiment_not_found", hint="It may have been deleted."
                )
            rows = [(found[0], as_bytes(contender), as_bytes(query), as_bytes(document)) for query, document in pairs]
            db.executemany(
                "DELETE FROM borderline_marks WHERE experiment = ? AND contender = ? AND query = ? AND document = ?",
                rows,
            )
            if mark is not None:
                db.executemany(
                    "INSERT INTO borderline_marks (experiment, contender, query, document, mark) "
                    "VALUES (?, ?, ?, ?, ?)",
                    [(*row, mark) for row in rows],
                )


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _not_found() -> ExperimentError:
    return ExperimentError("There is no such query set.", code="query_set_not_found", hint="It may have been deleted.")


def _stored(db: sqlite3.Connection, set_id: str) -> QuerySet | None:
    found = db.execute("SELECT payload, name, rank_fields FROM query_sets WHERE id = ?", (set_id,)).fetchone()
    if found is None:
        return None
    try:
        return replace(
            _unpacked(found[0]),
            name=as_text(found[1]),
            judgments=_judgments(db, set_id),
            rank_fields=tuple(json.loads(found[2])),
        )
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise ExperimentError(
            "This query set cannot be read; it may come from another version or be damaged.",
            hint="Delete it and load its files again.",
        ) from error


def _write_grades(db: sqlite3.Connection, set_id: str, rater: str, judgments: Judgments) -> None:
    """Keep these grades of a rater, in place of those that he gave the same documents before."""
    db.executemany(
        "INSERT INTO ratings (query_set, rater, query, document, grade) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (query_set, rater, query, document) DO UPDATE SET grade = excluded.grade",
        [
            (set_id, as_bytes(rater), as_bytes(query), as_bytes(document), int(grade))
            for query, own in judgments.items()
            for document, grade in own.items()
        ],
    )


def _judgments(db: sqlite3.Connection, set_id: str) -> dict[str, dict[str, dict[str, int]]]:
    found: dict[str, dict[str, dict[str, int]]] = {}
    rows = db.execute(
        "SELECT rater, query, document, grade FROM ratings WHERE query_set = ? ORDER BY number", (set_id,)
    )
    for rater, query, document, grade in rows:
        found.setdefault(as_text(rater), {}).setdefault(as_text(query), {})[as_text(document)] = grade
    return found


def _packed(query_set: QuerySet) -> bytes:
    numbers = {name: number for number, name in enumerate(query_set.documents)}
    record = {
        "format": _FORMAT,
        "name": query_set.name,
        "order_name": query_set.order_name,
        "queries": [
            [query.id, query.text, [numbers[name] for name in query.candidates], query.tag, query.lang, query.length]
            for query in query_set.queries
        ],
        "documents": [
            [name, document.text, document.id, dict(document.metadata)]
            for name, document in query_set.documents.items()
        ],
        "problems": query_set.problems,
        "notes": query_set.notes,
        "answers": dict(query_set.answers),
        "scores": {
            query.id: [own.get(name) for name in query.candidates]
            for query in query_set.queries
            if (own := query_set.scores.get(query.id))
        },
        "file_notes": dict(query_set.file_notes),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "surrogatepass")


def _unpacked(data: bytes) -> QuerySet:
    record: dict[str, Any] = json.loads(bytes(data).decode("utf-8", "surrogatepass"))
    if record["format"] != _FORMAT:
        raise ValueError("another format")
    names = [row[0] for row in record["documents"]]
    queries = tuple(
        Query(name, text, tuple(names[number] for number in candidates), tag, lang, length)
        for name, text, candidates, tag, lang, length in record["queries"]
    )
    # what is asked for with `get` is not in the sets that were kept before there was a place for it
    scores = record.get("scores", {})
    return QuerySet(
        name=record["name"],
        queries=queries,
        documents={name: Document(text, own, metadata) for name, text, own, metadata in record["documents"]},
        order_name=record["order_name"],
        problems=tuple(Problem(line, reason) for line, reason in record["problems"]),
        notes=tuple(record["notes"]),
        answers=record.get("answers", {}),
        scores={query.id: _scores(query, scores[query.id]) for query in queries if query.id in scores},
        file_notes=record.get("file_notes", {}),
    )


def _scores(query: Query, scores: Sequence[float | None]) -> dict[str, float]:
    found = zip(query.candidates, scores, strict=True)
    return {name: score for name, score in found if score is not None}
