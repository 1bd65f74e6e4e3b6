"""Answers that were given before to the very same requests, in experiments and in kept runs: found, and taken over for
nothing. Whoever asks gets the answers of what stands in their lists, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Row, func, insert, select

from rerank_core.errors import RerankError
from rerank_core.evaluation.experiments.records import Request
from rerank_core.models import RerankResponse
from rerank_core.storage.evaluation.evaluation_store import Values
from rerank_core.storage.evaluation.request_log import RequestLog, packed, request_of
from rerank_core.storage.pieces import in_parts
from rerank_core.storage.runs import RunStore
from rerank_core.storage.schema.evaluation import answers, experiments, requests
from rerank_core.storage.schema.runs import runs
from rerank_core.storage.store import listed, upsert

_log, _experiment, _answer = requests.c, experiments.c, answers.c


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer with what the ledger says of the request that it was given to."""

    request: Values
    answer: Values


class SavedAnswers(RequestLog):
    """What was answered before. Safe under threads and processes."""

    def which_saved(self, names: Iterable[str]) -> set[str]:
        """Which of these requests, by their names (`rerank_core.client.sent`), have an answer to be taken over."""
        wanted = set(names) - {""}
        with self._reading() as db:
            return {*self._in_experiments(db, wanted), *self._in_runs(db, wanted)}

    def take_saved(self, experiment_id: str, by_place: Mapping[tuple[int, int], str]) -> int:
        """Take over the answers that these requests were given before; how many. `by_place` has the names of
        those of an experiment, by the places of contender and query. What has an answer keeps its own."""
        found = self._found(set(by_place.values()) - {""})
        taken = {place: found[name] for place, name in by_place.items() if name in found}
        if not taken:
            return 0
        with self._writing() as db:
            experiment, now = self._mine(db, experiment_id), self._clock()
            there = self.answered(experiment_id)
            new = {place: one for place, one in taken.items() if place not in there}
            if not new:
                return 0
            fixed = {"experiment": experiment, "started": now, "finished": now, "outcome": "saved", "billed": "no"}
            placed = {place: {"contender": place[0], "query": place[1]} for place in new}
            db.execute(insert(requests), [fixed | placed[place] | one.request for place, one in new.items()])
            written = (_log.experiment == experiment, _log.outcome == "saved")
            latest = select(_log.contender, _log.query, func.max(_log.number)).where(*written)
            numbers = {(row[0], row[1]): row[2] for row in db.execute(latest.group_by(_log.contender, _log.query))}
            rows = [
                {"experiment": experiment, "request": numbers[place]} | placed[place] | one.answer
                for place, one in new.items()
            ]
            upsert(db, answers, rows, ("experiment", "contender", "query"))
            return len(new)

    def saved(self, experiment_id: str) -> tuple[Request, ...]:
        """The requests of an experiment that were not sent, since their answers were saved; oldest first."""
        with self._reading() as db:
            number = self._row(db, experiment_id, _experiment.number)[0]
            found = select(requests).where(_log.experiment == number, _log.outcome == "saved").order_by(_log.number)
            return tuple(request_of(row) for row in db.execute(found))

    def _found(self, names: set[str]) -> dict[str, _Answer]:
        with self._reading() as db:
            in_experiments = self._in_experiments(db, names)
            found: dict[str, _Answer] = {}
            for some in in_parts(in_experiments.values()):
                joined = requests.join(answers, _answer.request == _log.number)
                asked = select(requests, _answer.model, _answer.places, _answer.scores).select_from(joined)
                found |= {row.asked: _of_row(row) for row in db.execute(asked.where(_log.number.in_(some)))}
            in_runs = self._in_runs(db, names - set(found))
        kept = RunStore(self.database).acting_for(self.actor)
        for name, run_id in in_runs.items():
            try:
                run = kept.get(run_id)
            except RerankError:  # what cannot be read is asked for
                continue
            if run is not None:
                found[name] = _of_run(name, run.response, run.created.timestamp())
        return found

    def _in_experiments(self, db: Connection, names: set[str]) -> dict[str, int]:
        """Names to the numbers of the last requests that were answered."""
        joined = requests.join(experiments, _experiment.number == _log.experiment).join(
            answers, _answer.request == _log.number
        )
        asked = select(_log.asked, func.max(_log.number)).select_from(joined).where(listed(experiments, self.actor))
        return {
            name: number
            for some in in_parts(names)
            for name, number in db.execute(asked.where(_log.asked.in_(some)).group_by(_log.asked))
        }

    def _in_runs(self, db: Connection, names: set[str]) -> dict[str, str]:
        """Names to the ids of the last runs."""
        asked = select(runs.c.sent, runs.c.id).where(listed(runs, self.actor)).order_by(runs.c.number)
        return {
            name: run_id for some in in_parts(names) for name, run_id in db.execute(asked.where(runs.c.sent.in_(some)))
        }


def _of_row(row: Row[*tuple[object, ...]]) -> _Answer:
    of_it = row._mapping
    known = ("amount", "basis", "units", "latency", "request_id", "asked")
    first = of_it["finished"] if of_it["first"] is None else of_it["first"]
    return _Answer(
        {name: of_it[name] for name in known} | {"first": first},
        {name: of_it[name] for name in ("model", "places", "scores")},
    )


def _of_run(name: str, response: RerankResponse, created: float) -> _Answer:
    places, scores = packed(response)
    amount = response.cost.amount
    return _Answer(
        {
            "amount": None if amount is None else str(amount),
            "basis": response.cost.basis,
            "units": response.usage.search_units,
            "latency": response.latency_ms,
            "request_id": response.request_id,
            "asked": name,
            "first": created,
        },
        {"model": response.model or "", "places": places, "scores": scores},
    )
