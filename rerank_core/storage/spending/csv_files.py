"""The ledger of spending as files: every call, and what each day came to."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from rerank_core.exports.tables import csv_file
from rerank_core.storage.spending.ledger import DaySums
from rerank_core.storage.spending.rows import LedgerCall


def calls_csv(calls: Iterable[LedgerCall]) -> bytes:
    """A row for each call, as they come. Times are in UTC, amounts in US dollars to the last digit; a cell is empty
    where nobody knows."""
    header = (
        "number",
        "day",
        "started",
        "finished",
        "who",
        "connection",
        "model",
        "page",
        "run",
        "key",
        "state",
        "cost",
        "may_be_billed_besides",
        "counted_for_unknown_cost",
        "set_aside",
        "note",
    )
    return csv_file(
        header,
        (
            (
                row.number,
                row.day.isoformat(),
                row.started.isoformat(),
                None if row.finished is None else row.finished.isoformat(),
                row.call.who,
                row.call.connection,
                row.call.model,
                row.call.page,
                row.call.run,
                row.call.key,
                row.state,
                _digits(row.spent) if row.state in ("billed", "not billed") else None,
                _digits(row.doubt),
                _digits(row.assumed),
                None if row.reserved is None else _digits(row.reserved),
                row.note,
            )
            for row in calls
        ),
    )


def days_csv(days: Iterable[DaySums]) -> bytes:
    """A row for each day, key, person, connection and model; amounts in US dollars to the last digit."""
    header = (
        "day",
        "key",
        "who",
        "connection",
        "model",
        "calls",
        "cost",
        "may_be_billed_besides",
        "counted_for_unknown_cost",
        "under_way",
        "calls_of_unknown_cost",
    )
    return csv_file(
        header,
        (
            (
                each.day.isoformat(),
                each.key,
                each.who,
                each.connection,
                each.model,
                each.sums.calls,
                _digits(each.sums.spent),
                _digits(each.sums.doubt),
                _digits(each.sums.assumed),
                _digits(each.sums.held),
                each.sums.unknown,
            )
            for each in days
        ),
    )


def _digits(amount: Decimal) -> str:
    return f"{amount:f}"
