"""How long things are kept: what is older, or more, than the operator allows makes room."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select

from rerank_core.storage.evaluation.sizes import experiment_sizes
from rerank_core.storage.schema.evaluation import experiments, query_sets
from rerank_core.storage.schema.history import history, history_marks, history_runs
from rerank_core.storage.schema.runs import run_ratings, runs

Busy = Callable[[str], bool]
"""Whether the experiment of an id is under way."""


@dataclass(frozen=True, slots=True)
class Retention:
    """`days` is how old what nobody keeps may become, None for any age.

    Somebody keeps a thing by pinning, sharing, naming or rating it, or by writing a note or a tag on it.
    """

    days: int | None = None


def kept_runs() -> ColumnElement[bool]:
    """The condition that somebody keeps a row of `runs`."""
    marked = (
        select(history_runs.c.run)
        .join(history, history.c.number == history_runs.c.entry)
        .where(history_runs.c.run == runs.c.number, _written_on())
        .exists()
    )
    rated = exists().where(run_ratings.c.run_id == runs.c.id)
    return or_(runs.c.shared, runs.c.pinned, rated, marked)


def expired_runs(now: datetime, days: int) -> ColumnElement[bool]:
    """The condition that a row of `runs` is older than so many days, and that nobody keeps it."""
    return (runs.c.created < _before(now, days)) & ~kept_runs()


def expire_experiments(db: Connection, now: datetime, days: int, busy: Busy) -> list[str]:
    """Delete the experiments that are older than so many days, that nobody keeps and that are not under way; their
    ids."""
    return _delete(db, [one for one in _may_go(db, experiments.c.created < _before(now, days)) if not busy(one[1])])


def room_for_experiments(db: Connection, owner: str, most: int, needed: int, busy: Busy) -> list[str]:
    """Delete experiments of an owner that nobody keeps and that are not under way, the ones that were made first, until
    all of theirs and so many bytes more take at most `most`; the ids of those that went."""
    sizes = experiment_sizes(db, experiments.c.owner == owner)
    size, going = sum(sizes.values()) + needed, []
    if size <= most:
        return []
    for number, name in _may_go(db, experiments.c.owner == owner):
        if size > most and not busy(name):
            going.append((number, name))
            size -= sizes.get(number, 0)
    return _delete(db, going)


def _may_go(db: Connection, which: ColumnElement[bool]) -> list[tuple[int, str]]:
    """Number and id of the experiments that nobody keeps, the first one first."""
    marked = exists().where(history.c.experiment == experiments.c.number, _written_on())
    named = (
        experiments.c.name
        != select(query_sets.c.name).where(query_sets.c.id == experiments.c.query_set).scalar_subquery()
    )
    kept = or_(experiments.c.shared, experiments.c.pinned, marked, named)
    asked = select(experiments.c.number, experiments.c.id).where(which, ~kept)
    return [(number, name) for number, name in db.execute(asked.order_by(experiments.c.number))]


def _delete(db: Connection, rows: Iterable[tuple[int, str]]) -> list[str]:
    gone = []
    for number, name in rows:
        db.execute(delete(experiments).where(experiments.c.number == number))
        gone.append(name)
    return gone


def _written_on() -> ColumnElement[bool]:
    tagged = exists().where(history_marks.c.entry == history.c.number, history_marks.c.kind == "tag")
    return or_(history.c.name != "", history.c.note != "", tagged)


def _before(now: datetime, days: int) -> str:
    return (now.astimezone(UTC) - timedelta(days=days)).isoformat(timespec="microseconds")
