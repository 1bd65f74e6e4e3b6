"""How large query sets and experiments are, and how much of them one owner may keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, func, literal, select

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.storage.ownership import refuse_size
from rerank_core.storage.schema.evaluation import answers, experiments, kept_figures, query_sets, requests

if TYPE_CHECKING:
    from rerank_core.evaluation.query_sets.query_set import QuerySet

MAX_SET_BYTES, MAX_EXPERIMENT_BYTES = 5_000_000_000, 2_000_000_000
"""Bytes of all query sets of one owner, and of all experiments."""

REQUEST_BYTES = 200
"""What a request takes besides its answer, about."""

PLACE_BYTES = 12
"""What an answer takes for each document: its place and its score."""

_PARTS = (
    (answers, func.length(answers.c.places) + func.length(answers.c.scores)),
    (requests, literal(REQUEST_BYTES)),
    (kept_figures, func.length(kept_figures.c.value)),
)


def experiment_sizes(db: Connection, *which: ColumnElement[bool]) -> Mapping[int, int]:
    """The bytes of experiments by their numbers: of the answers, the requests and what was worked out of them."""
    found: Counter[int] = Counter()
    for table, size in _PARTS:
        joined = table.join(experiments, experiments.c.number == table.c.experiment)
        asked = select(table.c.experiment, func.sum(size)).select_from(joined).where(*which)
        for number, own in db.execute(asked.group_by(table.c.experiment)):
            found[number] += int(own)
    return found


def expected_size(query_set: QuerySet, contenders: int) -> int:
    """The bytes that an experiment takes once every query has been answered in full."""
    return contenders * sum(REQUEST_BYTES + PLACE_BYTES * len(query.candidates) for query in query_set.ready)


def refuse_experiments(db: Connection, owner: str, most: int, needed: int) -> None:
    """Raise ExperimentError where the experiments of an owner and so many bytes more take more than `most`; the
    sentence names the largest."""
    sizes = experiment_sizes(db, experiments.c.owner == owner)
    size = sum(sizes.values()) + needed
    if size > most:
        such_as = ""
        if sizes:
            number = max(sizes, key=sizes.__getitem__)
            name = db.execute(select(experiments.c.name).where(experiments.c.number == number)).scalar_one()
            such_as = sized(name, sizes[number])
        refuse_size(size, most, ExperimentError, "experiments", such_as)


def refuse_sets(db: Connection, owner: str, most: int, new: str = "") -> None:
    """Raise ExperimentError where an owner keeps more than so many bytes of query sets; the sentence names the largest,
    apart from the one of the id `new`."""
    mine = select(query_sets.c.name, query_sets.c.bytes).where(query_sets.c.owner == owner)
    total = select(func.coalesce(func.sum(query_sets.c.bytes), 0)).where(query_sets.c.owner == owner)
    size = int(db.execute(total).scalar_one())
    if size > most:
        largest = mine.where(query_sets.c.id != new).order_by(query_sets.c.bytes.desc()).limit(1)
        found = db.execute(largest).first()
        such_as = "" if found is None else sized(found[0], int(found[1]))
        refuse_size(size, most, ExperimentError, "query sets", such_as)


def sized(name: str, size: int) -> str:
    """ "'Shop queries' (120 MB)"."""
    return f"'{name[:60]}' ({size / 1e6:,.0f} MB)" if size >= 1e6 else f"'{name[:60]}' ({size / 1e3:,.0f} kB)"
