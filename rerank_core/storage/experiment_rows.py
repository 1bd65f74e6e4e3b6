"""Rows of the ledger as the records that they stand for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from rerank_core.evaluation.experiments.records import Experiment, Lane, Request
from rerank_core.ranking.contender import Contender
from rerank_core.storage.evaluation_file import as_text

__all__ = ["EXPERIMENT_COLUMNS", "REQUEST_COLUMNS", "experiment_of", "lanes_text", "request_of", "sums"]

REQUEST_COLUMNS = (
    "number, contender, query, started, finished, outcome, billed, reserved, amount, basis, units, latency, "
    "request_id, code, message, hint"
)
EXPERIMENT_COLUMNS = "id, query_set, name, created, contenders, spending_limit, queries, state, note, lanes"


def experiment_of(row: tuple[Any, ...]) -> Experiment:
    """An experiment out of EXPERIMENT_COLUMNS."""
    experiment_id, query_set, name, created, contenders, limit, queries, state, note, lanes = row
    return Experiment(
        id=experiment_id,
        query_set=query_set,
        name=as_text(name),
        created=datetime.fromisoformat(created),
        contenders=tuple(Contender(*one) for one in json.loads(contenders)),
        spending_limit=None if limit is None else Decimal(limit),
        queries=queries,
        state=state,
        note=as_text(note),
        lanes={provider: Lane(*speed) for provider, speed in json.loads(lanes).items()},
    )


def lanes_text(lanes: Mapping[str, Lane]) -> str:
    """Speeds by provider id as the column `lanes` holds them."""
    return json.dumps({name: [one.concurrency, one.per_minute, one.retries] for name, one in lanes.items()})


def request_of(row: tuple[Any, ...]) -> Request:
    """A request out of REQUEST_COLUMNS."""
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
