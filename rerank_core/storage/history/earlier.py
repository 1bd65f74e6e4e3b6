"""Things that were kept before there was a history: each gets its entry once."""

from __future__ import annotations

from sqlalchemy import Connection, Select, exists, select

from rerank_core.evaluation.query_sets.query_set import SAMPLE_NAME
from rerank_core.storage.history.filing import file_experiment, include_run
from rerank_core.storage.history.record import ALONE
from rerank_core.storage.history.words import index_documents
from rerank_core.storage.schema.evaluation import experiments, query_sets
from rerank_core.storage.schema.history import history, history_runs
from rerank_core.storage.schema.runs import runs


def has_unlisted(connection: Connection) -> bool:
    """Whether anything is kept that history does not list and should."""
    return (
        connection.execute(_runs().limit(1)).first() is not None
        or connection.execute(_experiments().limit(1)).first() is not None
    )


def list_earlier(connection: Connection) -> None:
    """List every run that no entry is of, as one of the Playground, and every experiment that is on no sample: the
    sample's runs by itself."""
    for row in connection.execute(_runs().order_by(runs.c.created, runs.c.number)).all():
        index_documents(connection, row.number)
        include_run(connection, row.id, ALONE, row.created)
    for number in connection.execute(_experiments().order_by(experiments.c.number)).scalars().all():
        file_experiment(connection, number)


def _runs() -> Select[int, str, str]:
    listed = exists().where(history_runs.c.run == runs.c.number)
    return select(runs.c.number, runs.c.id, runs.c.created).where(~listed)


def _experiments() -> Select[int]:
    listed = exists().where(history.c.experiment == experiments.c.number)
    return (
        select(experiments.c.number)
        .join(query_sets, query_sets.c.id == experiments.c.query_set)
        .where(~listed, query_sets.c.name != SAMPLE_NAME)
    )
