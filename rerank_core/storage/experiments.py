"""Experiments on this machine: what was asked, what came back, what it cost, request by request.

A request is written down before it is sent and completed, together with its answer and in one transaction, when it
is over. So whatever kills the process, the ledger knows every request that may have cost something.
"""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
import statistics
import time
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from rerank_core.errors import RerankError
from rerank_core.evaluation.experiments.ledger import Ask, ExperimentError, Ledger
from rerank_core.evaluation.experiments.records import (
    Experiment,
    ExperimentProgress,
    ExperimentState,
    Lane,
    Ranking,
    Request,
)
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.models import RerankResponse
from rerank_core.ranking.contender import Contender
from rerank_core.storage.evaluation_file import ExperimentFile, as_bytes, as_text
from rerank_core.storage.experiment_lock import forget, held, hold, running_error
from rerank_core.storage.experiment_rows import (
    EXPERIMENT_COLUMNS,
    REQUEST_COLUMNS,
    experiment_of,
    lanes_text,
    request_of,
    sums,
)
from rerank_core.storage.run_record import new_id

__all__ = ["ExperimentStore"]

_RECENT = 30
# The latest request of each query of each contender of an experiment.
_LATEST = "SELECT max(number) FROM requests WHERE experiment = ? GROUP BY contender, query"


class ExperimentStore(ExperimentFile, Ledger):
    """The experiments of this machine. Safe under threads and processes; answers are never asked for twice."""

    def __init__(self, path: Any = None, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path)
        self._clock = clock

    # Experiments

    def create(
        self,
        query_set_id: str,
        query_set: QuerySet,
        contenders: Iterable[Contender],
        *,
        name: str = "",
        spending_limit: Decimal | None = None,
        lanes: Mapping[str, Lane] | None = None,
    ) -> Experiment:
        """Write down a new experiment over a saved query set, with the speeds by provider id; nothing is sent.

        Raises ExperimentError where there is nothing to ask or nobody to ask, or two contenders have one label.
        """
        chosen = tuple(contenders)
        labels = [contender.label for contender in chosen]
        if not chosen or not query_set.ready:
            raise ExperimentError(
                "There is no model to ask." if not chosen else "No query has candidates to rerank.",
                code="experiment_empty",
                hint="Choose at least one model." if not chosen else "Find candidates for the queries first.",
            )
        if len(set(labels)) < len(labels):
            raise ExperimentError(
                "Two models have the same label.", code="experiment_empty", hint="Leave one out, or name it otherwise."
            )
        experiment_id = new_id()
        with self._writing() as db:
            if db.execute("SELECT 1 FROM query_sets WHERE id = ?", (query_set_id,)).fetchone() is None:
                raise ExperimentError("There is no such query set.", code="query_set_not_found", hint="Save it first.")
            db.execute(
                "INSERT INTO experiments (id, query_set, name, created, contenders, spending_limit, queries, state, "
                "lanes) VALUES (?, ?, ?, ?, ?, ?, ?, 'new', ?)",
                (
                    experiment_id,
                    query_set_id,
                    as_bytes(name or query_set.name),
                    datetime.now(UTC).isoformat(timespec="microseconds"),
                    json.dumps([[one.provider, one.model, one.label] for one in chosen]),
                    None if spending_limit is None else str(spending_limit),
                    len(query_set.ready),
                    lanes_text(lanes or {}),
                ),
            )
        return self.get(experiment_id)

    def get(self, experiment_id: str) -> Experiment:
        """The experiment of that id; ExperimentError (experiment_not_found) where there is none."""
        with self._reading() as db:
            row = _row(db, experiment_id, EXPERIMENT_COLUMNS)
        return self._now(experiment_of(row))

    def list(self, query_set_id: str | None = None) -> tuple[Experiment, ...]:
        """All experiments, or those over one query set, newest first."""
        with self._reading() as db:
            rows = db.execute(
                f"SELECT {EXPERIMENT_COLUMNS} FROM experiments WHERE ? IS NULL OR query_set = ? "  # noqa: S608
                "ORDER BY number DESC",
                (query_set_id, query_set_id),
            ).fetchall()
        return tuple(self._now(experiment_of(row)) for row in rows)

    def _now(self, experiment: Experiment) -> Experiment:
        """One that nobody runs any more was interrupted."""
        if experiment.state != "running" or held(self.path, experiment.id):
            return experiment
        return replace(experiment, state="interrupted")

    def delete(self, experiment_id: str) -> bool:
        """Delete an experiment with its answers and its ledger; False where there was none. Raises ExperimentError
        (experiment_running) while it runs."""
        if held(self.path, experiment_id):
            raise running_error()
        forget(self.path, experiment_id)
        with self._writing() as db:
            return db.execute("DELETE FROM experiments WHERE id = ?", (experiment_id,)).rowcount > 0

    def rename(self, experiment_id: str, name: str) -> None:
        """Call an experiment something else; a blank name changes nothing."""
        if name.strip():
            with self._writing() as db:
                db.execute("UPDATE experiments SET name = ? WHERE id = ?", (as_bytes(name.strip()), experiment_id))

    def set_limit(self, experiment_id: str, spending_limit: Decimal | None) -> None:
        """Change what the experiment may cost as a whole; it counts from the next start on."""
        limit = None if spending_limit is None else str(spending_limit)
        with self._writing() as db:
            db.execute("UPDATE experiments SET spending_limit = ? WHERE id = ?", (limit, experiment_id))

    def set_lanes(self, experiment_id: str, lanes: Mapping[str, Lane]) -> None:
        """Change how fast its connections may be asked, by provider id; it counts from the next start on."""
        with self._writing() as db:
            db.execute("UPDATE experiments SET lanes = ? WHERE id = ?", (lanes_text(lanes), experiment_id))

    def ask(self, experiment_id: str, what: Ask) -> None:
        """Ask a running experiment to pause or to end ("pause", "cancel"): it starts no further request, and what is
        under way is waited for, since it is paid. Works from any session and process."""
        with self._writing() as db:
            db.execute("UPDATE experiments SET asked = ? WHERE id = ?", (what, experiment_id))

    def asked(self, experiment_id: str) -> Ask:
        """What somebody has asked of a running experiment."""
        with self._reading() as db:
            found: Ask = _row(db, experiment_id, "asked")[0]
            return found

    def set_state(self, experiment_id: str, state: ExperimentState, note: str = "") -> None:
        """Write down how an experiment stands; for whoever runs it."""
        with self._writing() as db:
            db.execute(
                "UPDATE experiments SET state = ?, note = ?, asked = '', ran_from = "
                "CASE ? WHEN 'running' THEN ? ELSE ran_from END WHERE id = ?",
                (state, as_bytes(note), state, self._clock(), experiment_id),
            )

    # The ledger

    def hold(self, experiment_id: str) -> contextlib.AbstractContextManager[None]:
        """Run an experiment alone, over all threads and processes of this machine. Entering raises ExperimentError
        (experiment_running) where somebody else runs it."""
        return hold(self.path, experiment_id)

    def begin(self, experiment_id: str, contender: int, query: int, reserved: Decimal | None) -> int:
        """Write a request down before it is sent; its number."""
        with self._writing() as db:
            done = db.execute(
                "INSERT INTO requests (experiment, contender, query, started, outcome, billed, reserved) "
                "VALUES ((SELECT number FROM experiments WHERE id = ?), ?, ?, ?, 'sent', 'maybe', ?)",
                (experiment_id, contender, query, self._clock(), None if reserved is None else str(reserved)),
            )
            return int(done.lastrowid or 0)

    def answer(self, number: int, response: RerankResponse, amount: Decimal | None, basis: str) -> None:
        """Complete a request with its answer, in one transaction."""
        places = array("I", [row.index for row in response.results])
        scores = array(
            "d", [float("nan") if row.relevance_score is None else row.relevance_score for row in response.results]
        )
        with self._writing() as db:
            db.execute(
                "UPDATE requests SET finished = ?, outcome = 'answered', billed = 'yes', amount = ?, basis = ?, "
                "units = ?, latency = ?, request_id = ? WHERE number = ?",
                (
                    self._clock(),
                    None if amount is None else str(amount),
                    basis,
                    response.usage.search_units,
                    response.latency_ms,
                    None if response.request_id is None else as_bytes(response.request_id),
                    number,
                ),
            )
            db.execute(
                "INSERT INTO answers (experiment, contender, query, request, model, places, scores) "
                "SELECT experiment, contender, query, number, ?, ?, ? FROM requests WHERE number = ?",
                (as_bytes(response.model or ""), places.tobytes(), scores.tobytes(), number),
            )

    def fail(self, number: int, error: RerankError, *, billed: bool, final: bool = True) -> None:
        """Complete a request with the error that it came to. `billed` says that it may have cost something; without
        `final` its query has not failed by it and is to be asked again."""
        with self._writing() as db:
            db.execute(
                "UPDATE requests SET finished = ?, outcome = ?, billed = ?, request_id = ?, code = ?, "
                "message = ?, hint = ? WHERE number = ?",
                (
                    self._clock(),
                    "failed" if final else "deferred",
                    "maybe" if billed else "no",
                    None if error.request_id is None else as_bytes(error.request_id),
                    *(as_bytes(text) for text in (error.code, error.message, error.hint)),
                    number,
                ),
            )

    def mark_interrupted(self, experiment_id: str) -> int:
        """Mark what was under way when its process ended; for whoever runs it and holds its lock. How many."""
        with self._writing() as db:
            return db.execute(
                "UPDATE requests SET outcome = 'interrupted' WHERE outcome = 'sent' AND experiment = "
                "(SELECT number FROM experiments WHERE id = ?)",
                (experiment_id,),
            ).rowcount

    def requests(self, experiment_id: str, *, billed_twice: bool = False) -> tuple[Request, ...]:
        """The ledger, oldest first; with `billed_twice` only what may have been billed without an answer: requests
        that were interrupted, timed out or broke off."""
        only = "AND billed = 'maybe'" if billed_twice else ""
        if billed_twice and held(self.path, experiment_id):
            only += " AND outcome != 'sent'"  # those are under way; once nobody runs it, they were broken off
        with self._reading() as db:
            number = _row(db, experiment_id, "number")[0]
            rows = db.execute(
                f"SELECT {REQUEST_COLUMNS} FROM requests WHERE experiment = ? {only} ORDER BY number",  # noqa: S608
                (number,),
            ).fetchall()
        ledger = tuple(request_of(row) for row in rows)
        return tuple(one for one in ledger if one.reserved != 0) if billed_twice else ledger

    def failures(self, experiment_id: str) -> tuple[Request, ...]:
        """The last request of every query of every contender that has no answer and failed, oldest first."""
        with self._reading() as db:
            number = _row(db, experiment_id, "number")[0]
            rows = db.execute(
                f"SELECT {REQUEST_COLUMNS} FROM requests WHERE number IN ({_LATEST}) "  # noqa: S608
                "AND outcome = 'failed' ORDER BY number",
                (number,),
            ).fetchall()
        return tuple(request_of(row) for row in rows)

    def spending(self, experiment_id: str) -> tuple[Decimal, Decimal]:
        """What is known to be spent, and what may have been billed besides (requests under way included)."""
        return sums(self._ledger(experiment_id))

    def _ledger(self, experiment_id: str) -> Sequence[tuple[str, str | None, str | None]]:
        with self._reading() as db:
            number = _row(db, experiment_id, "number")[0]
            asked = "SELECT billed, amount, reserved FROM requests WHERE experiment = ?"
            return db.execute(asked, (number,)).fetchall()

    # Results

    def answered(self, experiment_id: str) -> set[tuple[int, int]]:
        """The (contender, query) places that have an answer; both count from 0, queries among those that can run."""
        with self._reading() as db:
            number = _row(db, experiment_id, "number")[0]
            return set(db.execute("SELECT contender, query FROM answers WHERE experiment = ?", (number,)))

    def rankings(self, experiment_id: str, query_set: QuerySet) -> tuple[Ranking, ...]:
        """The answers of every contender so far, as runs over the query set that the experiment is about."""
        experiment = self.get(experiment_id)
        ready = query_set.ready
        runs: list[dict[str, tuple[str, ...]]] = [{} for _ in experiment.contenders]
        scored: list[dict[str, dict[str, float]]] = [{} for _ in experiment.contenders]
        costs: list[list[Decimal | None]] = [[] for _ in experiment.contenders]
        latencies: list[list[float]] = [[] for _ in experiment.contenders]
        with self._reading() as db:
            number = _row(db, experiment_id, "number")[0]
            rows = db.execute(
                "SELECT answers.contender, answers.query, places, scores, amount, latency FROM answers "
                "JOIN requests ON requests.number = request WHERE answers.experiment = ? ORDER BY answers.query",
                (number,),
            ).fetchall()
        for contender, place, places, scores, amount, latency in rows:
            query = ready[place]
            order = [query.candidates[index] for index in array("I", bytes(places))]
            numbers = zip(order, array("d", bytes(scores)), strict=True)
            runs[contender][query.id] = tuple(order)
            scored[contender][query.id] = {name: score for name, score in numbers if not math.isnan(score)}
            costs[contender].append(None if amount is None else Decimal(amount))
            latencies[contender].append(latency)
        failed = sorted(self.failures(experiment_id), key=lambda one: one.query)
        return tuple(
            Ranking(
                contender,
                runs[place],
                scored[place],
                None if None in costs[place] else sum((one for one in costs[place] if one is not None), Decimal(0)),
                tuple(latencies[place]),
                tuple(ready[one.query].id for one in failed if one.contender == place),
            )
            for place, contender in enumerate(experiment.contenders)
        )

    def usual_seconds(self, contender: Contender) -> float | None:
        """The median of the seconds that its latest answers took in any experiment; None where it never answered."""
        found: list[float] = []
        for experiment in self.list():
            models = [(one.provider, one.model) for one in experiment.contenders]
            if (contender.provider, contender.model) not in models:
                continue
            with self._reading() as db:
                rows = db.execute(
                    "SELECT latency FROM requests WHERE experiment = (SELECT number FROM experiments WHERE id = ?) "
                    "AND contender = ? AND outcome = 'answered' ORDER BY number DESC LIMIT ?",
                    (experiment.id, models.index((contender.provider, contender.model)), _RECENT),
                ).fetchall()
            found += [latency / 1000 for (latency,) in rows]
            if len(found) >= _RECENT:
                break
        return statistics.median(found) if found else None

    def progress(self, experiment_id: str) -> ExperimentProgress:
        """How far an experiment has come, from the ledger."""
        with self._reading() as db:
            number, queries, contenders, state, note, since = _row(
                db, experiment_id, "number, queries, contenders, state, note, ran_from"
            )
            done = dict(
                db.execute("SELECT contender, count(*) FROM answers WHERE experiment = ? GROUP BY contender", (number,))
            )
            latest: dict[tuple[int, str], int] = {
                (contender, outcome): count
                for contender, outcome, count in db.execute(
                    "SELECT contender, outcome, count(*) FROM requests "  # noqa: S608
                    f"WHERE number IN ({_LATEST}) GROUP BY contender, outcome",
                    (number,),
                )
            }
            rows = self._ledger(experiment_id)
            if state == "running" and not held(self.path, experiment_id):
                state = "interrupted"
            places = range(len(json.loads(contenders)))
            left = {place: queries - done.get(place, 0) - latest.get((place, "failed"), 0) for place in places}
            seconds = self._seconds_left(db, number, since, left) if state == "running" else None
        spent, maybe = sums(rows)
        return ExperimentProgress(
            state=state,
            total=queries * len(places),
            done=sum(done.values()),
            failed=sum(count for (_, outcome), count in latest.items() if outcome == "failed"),
            under_way=sum(count for (_, outcome), count in latest.items() if outcome == "sent"),
            spent=spent,
            maybe=maybe,
            unknown_cost=sum(billed == "yes" and amount is None for billed, amount, _ in rows),
            seconds_left=seconds,
            note=as_text(note),
        )

    def _seconds_left(self, db: sqlite3.Connection, number: int, since: float, left: Mapping[int, int]) -> float | None:
        """The time that the slowest contender needs if it goes on as it did in its last answers of this run."""
        slowest = 0.0
        for contender, remaining in left.items():
            started = db.execute(
                "SELECT started FROM requests WHERE experiment = ? AND contender = ? AND outcome = 'answered' "
                "AND started >= ? ORDER BY number DESC LIMIT ?",
                (number, contender, since, _RECENT),
            ).fetchall()
            if remaining and not started:
                return None
            if remaining:
                slowest = max(slowest, remaining * (self._clock() - min(started)[0]) / len(started))
        return slowest


def _row(db: sqlite3.Connection, experiment_id: str, columns: str) -> tuple[Any, ...]:
    found = db.execute(f"SELECT {columns} FROM experiments WHERE id = ?", (experiment_id,)).fetchone()  # noqa: S608
    if found is None:
        raise ExperimentError(
            "There is no such experiment.", code="experiment_not_found", hint="It may have been deleted."
        )
    return tuple(found)
