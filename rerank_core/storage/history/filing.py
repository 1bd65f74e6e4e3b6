"""Writing a thing into the history in the transaction in which it is saved, and finding its words again after a
change."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, exists, insert, select, update

from rerank_core.ranking.contender import Contender, key_of
from rerank_core.storage.history.record import Made
from rerank_core.storage.history.words import index_documents, index_entry, texts_of
from rerank_core.storage.run_record import Run
from rerank_core.storage.schema.evaluation import experiments, query_sets
from rerank_core.storage.schema.history import history, history_marks, history_runs
from rerank_core.storage.schema.runs import run_pieces, runs

TAG, MODEL = "tag", "model"


def file_run(connection: Connection, run: Run, number: int, made: Made) -> None:
    """A run was saved in the row of this number: it is what history lists, or another one of a comparison that is there
    already."""
    index_documents(connection, number)
    created = run.created.isoformat(timespec="microseconds")
    entry = _entry(connection, made.entry or run.id, made, created, number)
    _take_in(connection, entry, [(made.place, number), *_known(connection, made.others)])


def include_run(connection: Connection, run_id: str, made: Made, created: str) -> None:
    """A run that was saved before is part of a comparison that is made now."""
    number = _run_number(connection, run_id)
    entry = _entry(connection, made.entry or run_id, made, created, number)
    _take_in(connection, entry, [(made.place, number), *_known(connection, made.others)])


def file_experiment(connection: Connection, experiment: int) -> None:
    """An experiment was made by somebody."""
    row = connection.execute(select(experiments).where(experiments.c.number == experiment)).one()
    if connection.execute(select(history.c.number).where(history.c.experiment == experiment)).first() is not None:
        return
    entry = _inserted(connection, row.id, "evaluate", row.created, experiment=experiment)
    _mark(connection, entry, MODEL, (key_of(one) for one in contenders_of(row.contenders)))
    index_again(connection, entry)


def index_again(connection: Connection, entry: int) -> None:
    """Find an entry by its words as they are now."""
    row = connection.execute(
        select(
            history,
            runs.c.query,
            experiments.c.name.label("called"),
            experiments.c.contenders,
            query_sets.c.name.label("set_name"),
        )
        .select_from(
            history.outerjoin(runs, runs.c.number == history.c.run)
            .outerjoin(experiments, experiments.c.number == history.c.experiment)
            .outerjoin(query_sets, query_sets.c.id == experiments.c.query_set)
        )
        .where(history.c.number == entry)
    ).one()
    marks = connection.execute(
        select(history_marks.c.value).where(history_marks.c.entry == entry, history_marks.c.kind == TAG)
    )
    texts = [row.name, row.note, row.query or "", row.called or "", row.set_name or "", *marks.scalars()]
    texts += _texts_inside(connection, entry)
    texts += [f"{one.label} {one.provider} {one.model or ''}" for one in _contenders(connection, entry, row.contenders)]
    index_entry(connection, entry, texts)


def index_experiment_again(connection: Connection, experiment_id: str) -> None:
    """An experiment is called something else."""
    found = connection.execute(
        select(history.c.number)
        .join(experiments, experiments.c.number == history.c.experiment)
        .where(experiments.c.id == experiment_id)
    ).scalar()
    if found is not None:
        index_again(connection, found)


def set_tags(connection: Connection, entry: int, tags: Iterable[str]) -> None:
    """These tags and no others."""
    connection.execute(delete(history_marks).where(history_marks.c.entry == entry, history_marks.c.kind == TAG))
    _mark(connection, entry, TAG, tags)


def contenders_of(written: str) -> tuple[Contender, ...]:
    """The contenders of an experiment as its row has them."""
    return tuple(Contender(*one) for one in json.loads(written))


def _run_number(connection: Connection, run_id: str) -> int:
    return int(connection.execute(select(runs.c.number).where(runs.c.id == run_id)).scalar_one())


def _known(connection: Connection, others: Sequence[tuple[int, str]]) -> list[tuple[int, int]]:
    """Those of the runs that are saved, with their places."""
    if not others:
        return []
    places = {run_id: place for place, run_id in others}
    found = connection.execute(select(runs.c.id, runs.c.number).where(runs.c.id.in_(places)))
    return [(places[row.id], row.number) for row in found]


def _entry(connection: Connection, name: str, made: Made, created: str, run: int) -> int:
    found = connection.execute(select(history.c.number).where(history.c.id == name)).scalar()
    if found is None:
        return _inserted(connection, name, made.page, created, run=run, context=made.context)
    connection.execute(update(history).where(history.c.number == found).values(page=made.page, context=made.context))
    return int(found)


def _inserted(
    connection: Connection,
    name: str,
    page: str,
    created: str,
    *,
    run: int | None = None,
    experiment: int | None = None,
    context: str = "",
) -> int:
    values = {"id": name, "page": page, "created": created, "run": run, "experiment": experiment}
    made = connection.execute(insert(history).values(**values, name="", note="", context=context))
    return int((made.inserted_primary_key or (0,))[0])


def _take_in(connection: Connection, entry: int, parts: Sequence[tuple[int, int]]) -> None:
    """Have runs be part of an entry, each in its place; the first one is the run that the entry is of."""
    found = connection.execute(select(history_runs.c.place, history_runs.c.run).where(history_runs.c.entry == entry))
    there = {row.place: row.run for row in found}
    new = {place: run for place, run in parts if there.get(place) != run}
    if new:
        if replaced := [place for place in new if place in there]:
            places = history_runs.c.place.in_(replaced)
            connection.execute(delete(history_runs).where(history_runs.c.entry == entry, places))
        connection.execute(
            insert(history_runs), [{"entry": entry, "place": place, "run": run} for place, run in new.items()]
        )
    of_all = {**there, **new}
    connection.execute(update(history).where(history.c.number == entry).values(run=of_all[min(of_all)]))
    _mark(connection, entry, MODEL, (key_of(one) for one in _contenders(connection, entry, None)))
    index_again(connection, entry)


def _contenders(connection: Connection, entry: int, written: str | None) -> list[Contender]:
    if written is not None:
        return list(contenders_of(written))
    found = connection.execute(
        select(runs.c.connection, runs.c.model)
        .join(history_runs, history_runs.c.run == runs.c.number)
        .where(history_runs.c.entry == entry)
        .order_by(history_runs.c.place)
    )
    return [Contender(row.connection, row.model) for row in found]


def _texts_inside(connection: Connection, entry: int) -> list[str]:
    """The texts of documents that runs of an earlier version have inside."""
    apart = exists().where(run_pieces.c.run == runs.c.number)
    found = connection.execute(
        select(runs.c.payload)
        .join(history_runs, history_runs.c.run == runs.c.number)
        .where(history_runs.c.entry == entry, ~apart)
    ).scalars()
    texts: list[str] = []
    for payload in found:
        documents = json.loads(bytes(payload).decode("utf-8", "surrogatepass"))["request"]["documents"]
        texts += texts_of(documents) if isinstance(documents, list) else []
    return texts


def _mark(connection: Connection, entry: int, kind: str, values: Iterable[str]) -> None:
    there = set(
        connection.execute(
            select(history_marks.c.value).where(history_marks.c.entry == entry, history_marks.c.kind == kind)
        ).scalars()
    )
    new = [value for value in dict.fromkeys(values) if value not in there]
    if new:
        connection.execute(insert(history_marks), [{"entry": entry, "kind": kind, "value": value} for value in new])
