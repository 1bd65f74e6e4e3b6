"""The requests of experiments.

A request is written down before it is sent and completed, together with its answer and in one transaction, when it
is over. So whatever kills the process, it is known which requests may have cost something.
"""

from __future__ import annotations

import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, ScalarSelect, Select, cast, func, insert, select, update

from rerank_core.errors import RerankError
from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.experiments.records import Request
from rerank_core.models import RerankResponse
from rerank_core.storage.database import Database
from rerank_core.storage.evaluation.evaluation_store import EvaluationStore, Values
from rerank_core.storage.evaluation.experiment_lock import held, no_such_experiment, running_error
from rerank_core.storage.ownership import Ownership, refuse_opening
from rerank_core.storage.schema.evaluation import answers, experiments, requests
from rerank_core.storage.schema.replicas import turns
from rerank_core.storage.store import upsert

_NOW = select(cast(func.extract("epoch", func.clock_timestamp()), Double))
_FAR = 3600.0  # seconds: so far ahead no turn is, so somebody has set the clock back
_log = requests.c
_experiment = experiments.c


class RequestLog(EvaluationStore):
    """Every request of every experiment, from before it is sent. Safe under threads and processes."""

    def __init__(
        self, database: Database | Path | str | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(database)
        self._clock = clock
        self._runs: dict[str, tuple[str, Callable[[], bool]]] = {}  # what this process runs: its mark, and its lock

    def begin(self, experiment_id: str, contender: int, query: int, reserved: Decimal | None, asked: str = "") -> int:
        """Write a request down before it is sent; its number. `asked` is its name, empty where it has none."""
        with self._writing() as db:
            row: Values = {
                "experiment": self._mine(db, experiment_id),
                "contender": contender,
                "query": query,
                "started": self._clock(),
                "outcome": "sent",
                "billed": "maybe",
                "reserved": None if reserved is None else str(reserved),
                "asked": asked,
            }
            key = db.execute(insert(requests).values(row)).inserted_primary_key
            assert key is not None
            return int(key[0])

    def _mine(self, db: Connection, experiment_id: str) -> int:
        """The number of an experiment that this process runs. Raises ExperimentError where it does so no more."""
        self._to_change(db, "experiments", experiment_id)
        found = db.execute(select(_experiment.number, _experiment.runner).where(_experiment.id == experiment_id))
        experiment, runner = found.one()
        mark, still = self._runs.get(experiment_id, (runner, lambda: True))
        if mark != runner or not still():  # PostgreSQL was away, and another server goes on with it
            raise running_error()
        return int(experiment)

    def answer(self, number: int, response: RerankResponse, amount: Decimal | None, basis: str) -> None:
        """Complete a request with its answer, in one transaction."""
        places, scores = packed(response)
        with self._writing() as db:
            db.execute(
                update(requests)
                .where(_log.number == number)
                .values(
                    finished=self._clock(),
                    outcome="answered",
                    billed="yes",
                    amount=None if amount is None else str(amount),
                    basis=basis,
                    units=response.usage.search_units,
                    latency=response.latency_ms,
                    request_id=response.request_id,
                )
            )
            asked = db.execute(select(_log.experiment, _log.contender, _log.query).where(_log.number == number)).first()
            if asked is not None:
                answer = {"model": response.model or "", "places": places, "scores": scores}
                row = dict(asked._mapping) | {"request": number} | answer
                upsert(db, answers, [row], ("experiment", "contender", "query"))

    def fail(self, number: int, error: RerankError, *, billed: bool, final: bool = True) -> None:
        """Complete a request with the error that it came to. `billed` says that it may have cost something; without
        `final` its query has not failed by it and is to be asked again."""
        with self._writing() as db:
            db.execute(
                update(requests)
                .where(_log.number == number)
                .values(
                    finished=self._clock(),
                    outcome="failed" if final else "deferred",
                    billed="maybe" if billed else "no",
                    request_id=error.request_id,
                    code=error.code,
                    message=error.message,
                    hint=error.hint,
                )
            )

    def mark_interrupted(self, experiment_id: str) -> int:
        """Mark what was under way when its process ended; for whoever runs it and holds its lock. How many."""
        with self._writing() as db:
            self._to_change(db, "experiments", experiment_id)
            self._still_held(db, experiment_id)
            sent = (_log.outcome == "sent", _log.experiment == _numbered(experiment_id))
            return db.execute(update(requests).where(*sent).values(outcome="interrupted")).rowcount

    def _still_held(self, db: Connection, experiment_id: str) -> None:
        """Raise ExperimentError where this process ran an experiment and another server goes on with it, as it may
        once PostgreSQL was away for a while."""
        held_here = self._runs.get(experiment_id)
        if held_here is not None and held_here[0] != self._row(db, experiment_id, _experiment.runner)[0]:
            raise running_error()

    def turn(self, name: str, spacing: float) -> float:
        """Take the next turn among all who ask under this name; the seconds until it comes. The clock is the
        database's, where it has one."""
        with self._sound(), self.database.write("turns", ExperimentError) as db:
            shared = db.dialect.name == "postgresql"
            now = db.execute(_NOW).scalar_one() if shared else self._clock()
            after = db.execute(select(turns.c.next).where(turns.c.name == name)).scalar() or 0.0
            moment = now if after - now > _FAR else max(now, after)
            upsert(db, turns, [{"name": name, "next": moment + spacing}], ("name",), ("next",))
            return float(moment - now)

    def requests(self, experiment_id: str, *, billed_twice: bool = False) -> tuple[Request, ...]:
        """The ledger, oldest first; with `billed_twice` only what may have been billed without an answer: requests
        that were interrupted, timed out or broke off."""
        which = [_log.experiment == _numbered(experiment_id)]
        if billed_twice:
            which.append(_log.billed == "maybe")
            if held(self.database, experiment_id):
                which.append(_log.outcome != "sent")  # those are under way; once nobody runs it, they were broken off
        with self._reading() as db:
            self._row(db, experiment_id, _experiment.number)
            rows = db.execute(select(requests).where(*which).order_by(_log.number))
            ledger = tuple(request_of(row) for row in rows)
            return tuple(one for one in ledger if one.reserved != 0) if billed_twice else ledger

    def failures(self, experiment_id: str) -> tuple[Request, ...]:
        """The last request of every query of every contender that has no answer and failed, oldest first."""
        with self._reading() as db:
            number = self._row(db, experiment_id, _experiment.number)[0]
            failed = select(requests).where(_log.number.in_(latest_requests(number)), _log.outcome == "failed")
            return tuple(request_of(row) for row in db.execute(failed.order_by(_log.number)))

    def spending(self, experiment_id: str, after: int = 0) -> tuple[Decimal, Decimal]:
        """What is known to be spent, and what may have been billed besides (requests under way included); of the
        requests after this number."""
        with self._reading():
            return sums(self._money(experiment_id, after))

    def last_request(self) -> int:
        """The number of the latest request of all experiments; 0 where there was none."""
        with self._reading() as db:
            return int(db.execute(select(func.max(_log.number))).scalar() or 0)

    def _money(self, experiment_id: str, after: int = 0) -> Sequence[tuple[str, str | None, str | None]]:
        with self._reading() as db:
            number = self._row(db, experiment_id, _experiment.number)[0]
            which = (_log.experiment == number, _log.number > after)
            rows = db.execute(select(_log.billed, _log.amount, _log.reserved).where(*which))
            return [(billed, amount, reserved) for billed, amount, reserved in rows]

    def answered(self, experiment_id: str) -> set[tuple[int, int]]:
        """The (contender, query) places that have an answer; both count from 0, queries among those that can run."""
        with self._reading() as db:
            number = self._row(db, experiment_id, _experiment.number)[0]
            rows = db.execute(select(answers.c.contender, answers.c.query).where(answers.c.experiment == number))
            return {(contender, query) for contender, query in rows}

    def _row(self, db: Connection, experiment_id: str, *columns: ColumnElement[Any]) -> Sequence[Any]:
        """These columns of one experiment. Raises ExperimentError where there is none (experiment_not_found) or it may
        not be opened (not_shared)."""
        asked = select(_experiment.owner, _experiment.shared, *columns).where(_experiment.id == experiment_id)
        found = db.execute(asked).first()
        if found is None:
            raise no_such_experiment()
        refuse_opening(self.actor, Ownership(found[0], bool(found[1])), ExperimentError, "experiment")
        return found[2:]


def packed(response: RerankResponse) -> tuple[bytes, bytes]:
    """The places and the scores of an answer, as `PackedAnswer` has them."""
    places = array("I", [row.index for row in response.results])
    scores = [float("nan") if row.relevance_score is None else row.relevance_score for row in response.results]
    return places.tobytes(), array("d", scores).tobytes()


def latest_requests(experiment: int) -> Select[tuple[int]]:
    """The numbers of the latest request of each query of each contender of an experiment."""
    return select(func.max(_log.number)).where(_log.experiment == experiment).group_by(_log.contender, _log.query)


def _numbered(experiment_id: str) -> ScalarSelect[int]:
    return select(_experiment.number).where(_experiment.id == experiment_id).scalar_subquery()


def request_of(row: Any) -> Request:
    """A request out of a row of the table."""
    return Request(
        number=row.number,
        contender=row.contender,
        query=row.query,
        started=row.started,
        finished=row.finished,
        outcome=row.outcome,
        billed=row.billed,
        reserved=None if row.reserved is None else Decimal(row.reserved),
        amount=None if row.amount is None else Decimal(row.amount),
        basis=row.basis,
        search_units=row.units,
        latency_ms=row.latency,
        request_id=row.request_id,
        code=row.code or "",
        message=row.message or "",
        hint=row.hint or "",
        first=row.first,
    )


def sums(rows: Iterable[tuple[str, str | None, str | None]]) -> tuple[Decimal, Decimal]:
    """What is spent and what may be besides, out of rows of (billed, amount, reserved)."""
    spent = maybe = Decimal(0)
    for billed, amount, reserved in rows:
        spent += Decimal(amount) if billed == "yes" and amount is not None else 0
        maybe += Decimal(reserved) if billed == "maybe" and reserved is not None else 0
    return spent, maybe
