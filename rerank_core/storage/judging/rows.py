"""The rows of a judging: how they are read and written, within a connection of the caller's."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from rerank_core.evaluation.judging.assignment import NOT_ASSIGNED, AssignedRater, Judging
from rerank_core.evaluation.judging.settling import Settled, SettledGrade, as_rule
from rerank_core.storage.schema.columns import digest
from rerank_core.storage.schema.judging import judging_raters, judgings, settled_grades


def now() -> datetime:
    """This moment, aware."""
    return datetime.now(UTC)


def judging_of(connection: Connection, set_id: str) -> Judging:
    """Who judges a set, NOT_ASSIGNED where there is no row of it."""
    found = connection.execute(select(judgings).where(judgings.c.query_set == set_id)).one_or_none()
    if found is None:
        return NOT_ASSIGNED
    rows = connection.execute(
        select(judging_raters).where(judging_raters.c.query_set == set_id).order_by(judging_raters.c.number)
    ).all()
    return Judging(
        tuple(AssignedRater(row.rater, _time(row.done)) for row in rows),
        _unpacked(found.pool),
        found.led_by,
        _time(found.since),
        as_rule(found.rule),
    )


def put_judging(connection: Connection, set_id: str, judging: Judging) -> None:
    """Keep all of a judging but its raters in place of what was there."""
    connection.execute(delete(judgings).where(judgings.c.query_set == set_id))
    connection.execute(
        insert(judgings).values(
            query_set=set_id,
            rule=judging.rule,
            led_by=judging.by,
            since="" if judging.since is None else judging.since.isoformat(),
            pool=_packed(judging.pool),
        )
    )


def row_of(set_id: str, name: str, done: datetime | None) -> dict[str, Any]:
    """The values of a row of judging_raters."""
    return {
        "query_set": set_id,
        "rater": name,
        "done": None if done is None else done.isoformat(),
        "key": digest(name),
    }


def settled_row(set_id: str, query: str, document: str, one: SettledGrade) -> dict[str, Any]:
    """The values of a row of settled_grades."""
    return {
        "query_set": set_id,
        "query": query,
        "document": document,
        "grade": one.grade,
        "settled_by": one.by,
        "settled_at": one.at.isoformat(),
        "key": digest(query, document),
    }


def forget_judging(connection: Connection, set_id: str) -> None:
    """Delete all of this of a set; for whoever deletes the set."""
    for table in (judgings, judging_raters, settled_grades):
        connection.execute(delete(table).where(table.c.query_set == set_id))


def settled_of(connection: Connection, set_id: str) -> Settled:
    """What was settled in a set, in the sequence in which it was."""
    found: dict[str, dict[str, SettledGrade]] = {}
    for row in connection.execute(
        select(settled_grades).where(settled_grades.c.query_set == set_id).order_by(settled_grades.c.number)
    ):
        found.setdefault(row.query, {})[row.document] = grade_of(row)
    return found


def grade_of(row: Any) -> SettledGrade:
    """A row of settled_grades."""
    return SettledGrade(int(row.grade), row.settled_by, datetime.fromisoformat(row.settled_at))


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _packed(pool: Mapping[str, Iterable[str]]) -> bytes:
    plain = [[query, list(documents)] for query, documents in pool.items()]
    return zlib.compress(json.dumps(plain, separators=(",", ":")).encode())


def _unpacked(data: bytes) -> dict[str, tuple[str, ...]]:
    return {query: tuple(documents) for query, documents in json.loads(zlib.decompress(data))}
