"""The SQLite file of what calls of services have cost: each call, the sums of each day, and the sum of all.

Amounts are Decimals as text. The sums are kept beside the calls and changed in the same transaction, so that a budget
is held against few rows, and stays right when old calls are let go.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from rerank_core.pricing.allowance import PaidCall, Sums
from rerank_core.storage.sqlite_file import FileKind, StoreError, as_bytes, as_text

CallState = Literal["under way", "billed", "unknown", "in doubt", "not billed"]
"""How a call stands. billed: the cost is known. unknown: it was answered, and nobody knows what it cost. in doubt: it
may have been billed, and there is no answer. not billed: it cost nothing."""

# One script for each version of the file; never edit one that shipped.
_MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE calls (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        day TEXT NOT NULL,
        started TEXT NOT NULL,
        finished TEXT,
        who BLOB NOT NULL,
        connection BLOB NOT NULL,
        model BLOB NOT NULL,
        page BLOB NOT NULL,
        run BLOB NOT NULL,
        key TEXT NOT NULL,
        process TEXT NOT NULL,
        state TEXT NOT NULL,
        reserved TEXT,
        spent TEXT NOT NULL DEFAULT '0',
        doubt TEXT NOT NULL DEFAULT '0',
        assumed TEXT NOT NULL DEFAULT '0',
        note BLOB NOT NULL DEFAULT x''
    );
    CREATE INDEX calls_by_day ON calls (day);
    CREATE INDEX calls_under_way ON calls (process) WHERE state = 'under way';
    CREATE TABLE sums (
        day TEXT NOT NULL,
        key TEXT NOT NULL,
        who BLOB NOT NULL,
        connection BLOB NOT NULL,
        model BLOB NOT NULL,
        spent TEXT NOT NULL,
        doubt TEXT NOT NULL,
        assumed TEXT NOT NULL,
        held TEXT NOT NULL,
        calls INTEGER NOT NULL,
        unknown INTEGER NOT NULL,
        PRIMARY KEY (day, key, who, connection, model)
    ) WITHOUT ROWID;
    CREATE TABLE totals (
        key TEXT PRIMARY KEY,
        since TEXT NOT NULL,
        spent TEXT NOT NULL,
        doubt TEXT NOT NULL,
        assumed TEXT NOT NULL,
        held TEXT NOT NULL,
        calls INTEGER NOT NULL,
        unknown INTEGER NOT NULL
    ) WITHOUT ROWID;
    """,
)

SPENDING = FileKind(
    "spending.sqlite3",
    "ledger of spending",
    0x52504C44,  # "RPLD"
    _MIGRATIONS,
    StoreError,
    "move that file away, and a new ledger is started at the next use; what was spent before is not counted then",
    durable=True,
)

SUM_COLUMNS = "spent, doubt, assumed, held, calls, unknown"
CALL_COLUMNS = (
    "number, day, started, finished, who, connection, model, page, run, key, state, reserved, spent, doubt, "
    "assumed, note"
)

_LONGEST = 200  # characters of a name: what a visitor can choose must not fill the file


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


def call_of(row: tuple[Any, ...]) -> LedgerCall:
    """A call out of CALL_COLUMNS."""
    number, day, started, finished, who, connection, model, page, run, key, state = row[:11]
    reserved, spent, doubt, assumed, note = row[11:]
    who, connection, model, page, run = (as_text(data) for data in (who, connection, model, page, run))
    return LedgerCall(
        number=number,
        day=date.fromisoformat(day),
        started=datetime.fromisoformat(started),
        finished=None if finished is None else datetime.fromisoformat(finished),
        call=PaidCall(who, connection, model, page, run, key),
        state=state,
        reserved=None if reserved is None else Decimal(reserved),
        spent=Decimal(spent),
        doubt=Decimal(doubt),
        assumed=Decimal(assumed),
        note=as_text(note),
    )


def sums_of(row: tuple[Any, ...]) -> Sums:
    """The sums out of SUM_COLUMNS."""
    spent, doubt, assumed, held, calls, unknown = row
    return Sums(Decimal(spent), Decimal(doubt), Decimal(assumed), Decimal(held), calls, unknown)


def insert(db: sqlite3.Connection, call: LedgerCall, process: str) -> int:
    """Write a call down and add it to the sums; its number."""
    named = name_bytes(call.call)
    amounts = None if call.reserved is None else str(call.reserved)
    done = db.execute(
        "INSERT INTO calls (day, started, who, connection, model, page, run, key, process, state, reserved) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (call.day.isoformat(), call.started.isoformat(), *named, call.call.key, process, call.state, amounts),
    )
    _add(db, call, call.sums)
    return int(done.lastrowid or 0)


def replace(db: sqlite3.Connection, before: LedgerCall, now: LedgerCall) -> None:
    """Write down what became of a call, and change the sums by as much."""
    db.execute(
        "UPDATE calls SET finished = ?, state = ?, spent = ?, doubt = ?, assumed = ?, note = ? WHERE number = ?",
        (
            None if now.finished is None else now.finished.isoformat(),
            now.state,
            str(now.spent),
            str(now.doubt),
            str(now.assumed),
            as_bytes(now.note[:_LONGEST]),
            before.number,
        ),
    )
    _add(db, before, now.sums - before.sums)


def _add(db: sqlite3.Connection, call: LedgerCall, change: Sums) -> None:
    """Change the sums of a call's day, and of all."""
    who, connection, model = name_bytes(call.call)[:3]
    day = call.day.isoformat()
    place = {"day": day, "key": call.call.key, "who": who, "connection": connection, "model": model}
    at = "day = :day AND key = :key AND who = :who AND connection = :connection AND model = :model"
    for table, where in (("sums", at), ("totals", "key = :key")):
        row = db.execute(f"SELECT {SUM_COLUMNS} FROM {table} WHERE {where}", place).fetchone()  # noqa: S608
        now = change if row is None else sums_of(row) + change
        values = {name: str(getattr(now, name)) for name in ("spent", "doubt", "assumed", "held")}
        numbers = {"calls": now.calls, "unknown": now.unknown}
        if row is not None:
            sets = ", ".join(f"{name} = :{name}" for name in (*values, *numbers))
            db.execute(f"UPDATE {table} SET {sets} WHERE {where}", place | values | numbers)  # noqa: S608
            continue
        key = place if table == "sums" else {"key": call.call.key, "since": day}
        names = [*key, *values, *numbers]
        db.execute(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})",  # noqa: S608
            key | values | numbers,
        )


def name_bytes(call: PaidCall) -> tuple[bytes, ...]:
    """Who, connection, model, page and run of a call, as the file holds them."""
    texts = (call.who, call.connection, call.model, call.page, call.run)
    return tuple(as_bytes(text[:_LONGEST]) for text in texts)
