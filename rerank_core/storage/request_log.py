"""The requests of experiments on this machine, in the file of the experiments.

A request is written down before it is sent and completed, together with its answer and in one transaction, when it
is over. So whatever kills the process, it is known which requests may have cost something.
"""

from __future__ import annotations

import sqlite3
import time
from array import array
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from rerank_core.errors import RerankError
from rerank_core.evaluation.experiments.records import Request
from rerank_core.models import RerankResponse
from rerank_core.storage.evaluation_file import ExperimentFile
from rerank_core.storage.experiment_lock import held, no_such_experiment
from rerank_core.storage.sqlite_file import as_bytes, as_text

LATEST_REQUESTS = "SELECT max(number) FROM requests WHERE experiment = ? GROUP BY contender, query"
"""The latest request of each query of each contender of an experiment, in SQL."""

_COLUMNS = (
    "number, contender, query, started, finished, outcome, billed, reserved, amount, basis, units, latency, "
    "request_id, code, message, hint"
)


class RequestLog(ExperimentFile):
    """Every request of every experiment, from before it is sent. Safe under threads and processes."""

    def __init__(self, path: Any = None, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(path)
        self._clock = clock

    def begin(self, experiment_id: str, contender: int, query: int, reserved: Decimal | None) -> int:
        """Write a request down before it is sent; its number."""
        with self._writing() as db:
            self._to_change(db, "experiments", experiment_id)
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
            self._to_change(db, "experiments", experiment_id)
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
            number = self._row(db, experiment_id, "number")[0]
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM requests WHERE experiment = ? {only} ORDER BY number",  # noqa: S608
                (number,),
            ).fetchall()
            ledger = tuple(_request(row) for row in rows)
            return tuple(one for one in ledger if one.reserved != 0) if billed_twice else ledger

    def failures(self, experiment_id: str) -> tuple[Request, ...]:
        """The last request of every query of every contender that has no answer and failed, oldest first."""
        with self._reading() as db:
            number = self._row(db, experiment_id, "number")[0]
            rows = db.execute(
                f"SELECT {_COLUMNS} FROM requests WHERE number IN ({LATEST_REQUESTS}) "  # noqa: S608
                "AND outcome = 'failed' ORDER BY number",
                (number,),
            ).fetchall()
            return tuple(_request(row) for row in rows)

    def spending(self, experiment_id: str) -> tuple[Decimal, Decimal]:
        """What is known to be spent, and what may have been billed besides (requests under way included)."""
        with self._reading():
            return sums(self._money(experiment_id))

    def _money(self, experiment_id: str) -> Sequence[tuple[str, str | None, str | None]]:
        with self._reading() as db:
            number = self._row(db, experiment_id, "number")[0]
            asked = "SELECT billed, amount, reserved FROM requests WHERE experiment = ?"
            return db.execute(asked, (number,)).fetchall()

    def answered(self, experiment_id: str) -> set[tuple[int, int]]:
        """The (contender, query) places that have an answer; both count from 0, queries among those that can run."""
        with self._reading() as db:
            number = self._row(db, experiment_id, "number")[0]
            return set(db.execute("SELECT contender, query FROM answers WHERE experiment = ?", (number,)))

    def _row(self, db: sqlite3.Connection, experiment_id: str, columns: str) -> tuple[Any, ...]:
        """These columns of one experiment. Raises ExperimentError where there is none (experiment_not_found) or it may
        not be opened (not_shared)."""
        self._to_open(db, "experiments", experiment_id)
        found = db.execute(f"SELECT {columns} FROM experiments WHERE id = ?", (experiment_id,)).fetchone()  # noqa: S608
        if found is None:
            raise no_such_experiment()
        return tuple(found)


def _request(row: tuple[Any, ...]) -> Request:
    """A request out of _COLUMNS."""
    number, contender, query, started, finished, outcome, billed, reserved, amount, basis, units, latency = row[:12]
    request_id, code, message, hint = row[12:]
    return Request(
        number=number,
        contender=contender,
        query=query,
        started=started,
        finished=finished,
        outcome=outcome,
        billed=billed,
        reserved=None if reserved is None else Decimal(reserved),
        amount=None if amount is None else Decimal(amount),
        basis=basis,
        search_units=units,
        latency_ms=latency,
        request_id=None if request_id is None else as_text(request_id),
        code=as_text(code),
        message=as_text(message),
        hint=as_text(hint),
    )


def sums(rows: Iterable[tuple[str, str | None, str | None]]) -> tuple[Decimal, Decimal]:
    """What is spent and what may be besides, out of rows of (billed, amount, reserved)."""
    spent = maybe = Decimal(0)
    for billed, amount, reserved in rows:
        spent += Decimal(amount) if billed == "yes" and amount is not None else 0
        maybe += Decimal(reserved) if billed == "maybe" and reserved is not None else 0
    return spent, maybe
