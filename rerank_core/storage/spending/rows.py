"""The rows of what calls of services have cost: each call, the sums of each day, and the sum of all.

Amounts are Decimals as text. The sums are kept beside the calls and changed in the same transaction, so that a budget
is held against few rows, and stays right when old calls are let go.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from sqlalchemy import Column, Connection, Row, Table, insert, select, update

from rerank_core.pricing.allowance import PaidCall, Sums
from rerank_core.storage.schema.spending import calls, day_sums, totals

CallState = Literal["under way", "billed", "unknown", "in doubt", "not billed"]
"""How a call stands. billed: the cost is known. unknown: it was answered, and nobody knows what it cost. in doubt: it
may have been billed, and there is no answer. not billed: it cost nothing."""

CALL_COLUMNS = tuple(column for column in calls.columns if column.name != "process")
SUM_NAMES = ("spent", "doubt", "assumed", "held", "calls", "unknown")

_LONGEST = 200  # characters of a name: what a visitor can choose must not fill the database


@dataclass(frozen=True, slots=True)
class LedgerCall:
    """One call of the ledger. `day` is the server's calendar day whose budget it counts for. `reserved` is the most
    that it could cost, None where nobody knew. `spent`, `doubt` and `assumed` are as in `Sums`. `note` says who has
    settled a call in doubt."""

    number: int
    day: date
    started: datetime
    finished: datetime | None
    call: PaidCall
    state: CallState
    reserved: Decimal | None
    spent: Decimal
    doubt: Decimal
    assumed: Decimal
    note: str = ""

    @property
    def sums(self) -> Sums:
        """What the call adds to the sums of its day."""
        held = (self.reserved or Decimal(0)) if self.state == "under way" else Decimal(0)
        nobody_knows = self.state == "unknown" or (self.state in ("under way", "in doubt") and self.reserved is None)
        return Sums(self.spent, self.doubt, self.assumed, held, 1, int(nobody_knows))


def call_of(row: Row[Any]) -> LedgerCall:
    """A call out of CALL_COLUMNS."""
    return LedgerCall(
        number=row.number,
        day=date.fromisoformat(row.day),
        started=datetime.fromisoformat(row.started),
        finished=None if row.finished is None else datetime.fromisoformat(row.finished),
        call=PaidCall(row.who, row.connection, row.model, row.page, row.run, row.key),
        state=row.state,
        reserved=None if row.reserved is None else Decimal(row.reserved),
        spent=Decimal(row.spent),
        doubt=Decimal(row.doubt),
        assumed=Decimal(row.assumed),
        note=row.note,
    )


def sum_columns(table: Table) -> list[Column[Any]]:
    """The columns of `day_sums` or `totals` that make up the sums."""
    return [table.columns[name] for name in SUM_NAMES]


def sums_of(row: Row[Any]) -> Sums:
    """The sums out of `sum_columns`."""
    return Sums(Decimal(row.spent), Decimal(row.doubt), Decimal(row.assumed), Decimal(row.held), row.calls, row.unknown)


def insert_call(db: Connection, call: LedgerCall, process: str) -> int:
    """Write a call down and add it to the sums; its number."""
    done = db.execute(
        insert(calls).values(
            named(call.call)
            | {
                "day": call.day.isoformat(),
                "started": call.started.isoformat(),
                "key": call.call.key,
                "process": process,
                "state": call.state,
                "reserved": None if call.reserved is None else str(call.reserved),
                "note": "",
            }
        )
    )
    _add(db, call, call.sums)
    key = done.inserted_primary_key
    assert key is not None
    return int(key[0])


def replace_call(db: Connection, before: LedgerCall, now: LedgerCall) -> None:
    """Write down what became of a call, and change the sums by as much."""
    db.execute(
        update(calls)
        .where(calls.c.number == before.number)
        .values(
            finished=None if now.finished is None else now.finished.isoformat(),
            state=now.state,
            spent=str(now.spent),
            doubt=str(now.doubt),
            assumed=str(now.assumed),
            note=now.note[:_LONGEST],
        )
    )
    _add(db, before, now.sums - before.sums)


def _add(db: Connection, call: LedgerCall, change: Sums) -> None:
    """Change the sums of a call's day, and of all."""
    names = named(call.call)
    day = call.day.isoformat()
    of_day = {"day": day, "key": call.call.key} | {name: names[name] for name in ("who", "connection", "model")}
    for table, place, more in ((day_sums, of_day, {}), (totals, {"key": call.call.key}, {"since": day})):
        here = [table.columns[name] == value for name, value in place.items()]
        row = db.execute(select(*sum_columns(table)).where(*here)).first()
        now = change if row is None else sums_of(row) + change
        values: dict[str, Any] = {name: str(getattr(now, name)) for name in SUM_NAMES[:4]}
        values |= {"calls": now.calls, "unknown": now.unknown}
        if row is None:
            db.execute(insert(table).values(place | more | values))
        else:
            db.execute(update(table).where(*here).values(values))


def named(call: PaidCall) -> dict[str, str]:
    """Who, connection, model, page and run of a call, as the database holds them."""
    return {name: getattr(call, name)[:_LONGEST] for name in ("who", "connection", "model", "page", "run")}
