"""What calls of services cost: held in the database before each is sent, so that no session and no server passes a
budget.

The most that a call may cost is set aside in one transaction with the look at what is left, which every other process
and server waits for. After the call it is settled with what it did cost. What a process had under way when it died
stays counted, as possibly billed, until an operator has looked at the service's own bill.
"""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Connection, and_, delete, func, or_, select

from rerank_core.models import Cost
from rerank_core.pricing.allowance import LARGEST, Allowance, BudgetStanding, PaidCall, Sums, exact
from rerank_core.storage.database import Database
from rerank_core.storage.schema.spending import calls, day_sums, totals
from rerank_core.storage.spending.ledger import SpendingLedger
from rerank_core.storage.spending.process_mark import Presence, mark_of
from rerank_core.storage.spending.rows import (
    CALL_COLUMNS,
    CallState,
    LedgerCall,
    call_of,
    insert_call,
    named,
    replace_call,
    sum_columns,
    sums_of,
)
from rerank_core.storage.sqlite_file import StoreError

KEPT_DAYS = 400
"""For how many days single calls are kept."""

MAX_CALLS = 250_000
"""How many single calls are kept; of older ones the sums of their day, person, connection and model stay."""

SUMS_KEPT_DAYS = 1_100
"""For how many days the sums of a day are kept."""

_PRUNE_EVERY = 200  # calls
_NONE = Decimal(0)
_NOT_BILLED = Cost(_NONE, basis="free")


class SpendingStore(SpendingLedger):
    """The ledger of spending. Safe under threads, processes and, with PostgreSQL, servers; every method raises
    StoreError, with a hint, where the database cannot be used.

    `clock` gives the time with its zone: a day is a calendar day of the server.
    """

    def __init__(
        self, database: Database | Path | str | None = None, *, clock: Callable[[], datetime] | None = None
    ) -> None:
        super().__init__(database)
        self._clock = clock or (lambda: datetime.now().astimezone())
        self._mark: Presence | None = None
        self._late: dict[int, Cost | None] = {}  # settled, and not yet written down
        self._settling = threading.RLock()  # never taken within a write: whoever has it may write

    def today(self) -> date:
        """The server's calendar day."""
        return self._clock().date()

    def reserve(self, call: PaidCall, most: Decimal | None, allowance: Allowance) -> int:
        """Set aside the most that a call may cost, None where nobody knows; its number.

        The allowance is held against calls with a configured key only. Raises BudgetExceededError, with nothing set
        aside, where that would pass a limit, and ValueError for a negative or endless amount.
        """
        counts = call.key == "configured"
        amount = allowance.set_aside(most) if counts else None if most is None else exact(most)
        with self._writing() as db:
            late = self._book_late(db)
            now = self._clock()
            if counts:
                allowance.check(amount, self._standing(db, call.who, now.date()))
            mark, new = self._present()
            if new:
                self._mark_in_doubt(db, mark)
            started = LedgerCall(
                0, now.date(), now.astimezone(UTC), None, call, "under way", amount, _NONE, _NONE, _NONE
            )
            number = insert_call(db, started, mark.token)
            if number % _PRUNE_EVERY == 0:
                self._prune(db, now.date())
        self._forget_late(late)
        return number

    def settle(self, number: int, cost: Cost | None) -> None:
        """Book what a call cost; None where it may have been billed and there is no answer.

        Where the file cannot be written, what was set aside stays counted, and this is booked with the next use of
        the file: no answer is lost for it. A call that is settled already stays as it is.
        """
        with self._settling:
            self._late.setdefault(number, cost)
            with contextlib.suppress(StoreError):
                self._write_late()

    def release(self, number: int) -> None:
        """Book that a call was not billed: it was not sent, or the service refused it."""
        self.settle(number, _NOT_BILLED)

    def recover(self) -> int:
        """Mark what processes that are gone had under way as possibly billed; how many calls that were.

        It goes on counting for its day. It is done at the first call of a process, too.
        """
        self._write_late()
        with self._reading() as db:
            if db.execute(select(calls.c.number).where(calls.c.state == "under way").limit(1)).first() is None:
                return 0
        with self._writing() as db:
            return self._mark_in_doubt(db, self._present()[0])

    def resolve(self, number: int, amount: Decimal, by: str) -> bool:
        """Settle a call in doubt, or of unknown cost, with what the service's bill says; whether it was one, or was
        settled in this way before.

        `amount` 0 is a call that was not billed; `by` is who says so. Raises ValueError for what is no amount.
        """
        amount = exact(amount)
        with self._writing() as db:
            before = _find(db, number)
            if before is None or not (before.state in ("in doubt", "unknown") or before.doubt or before.note):
                return False
            note = f"Settled by {by}." if by else "Settled by hand."
            state: CallState = "billed" if amount else "not billed"
            now = dataclasses.replace(before, state=state, spent=amount, doubt=_NONE, assumed=_NONE, note=note)
            replace_call(db, before, now)
        return True

    def standing(self, who: str) -> BudgetStanding:
        """What the configured keys have cost by now: this person's share of today, all of today, and all."""
        with self._reading() as db:
            return self._standing(db, who, self.today())

    def _standing(self, db: Connection, who: str, day: date) -> BudgetStanding:
        person = server = Sums()
        name = named(PaidCall(who, ""))["who"]
        here = (day_sums.c.day == day.isoformat(), day_sums.c.key == "configured")
        for row in db.execute(select(day_sums.c.who, *sum_columns(day_sums)).where(*here)):
            sums = sums_of(row)
            server += sums
            person += sums if row.who == name else Sums()
        total = db.execute(select(*sum_columns(totals)).where(totals.c.key == "configured")).first()
        return BudgetStanding(person, server, Sums() if total is None else sums_of(total))

    def _present(self) -> tuple[Presence, bool]:
        """The mark of this process, and whether it has just been set."""
        if self._mark is not None:
            self._mark.renew()
            return self._mark, False
        self._mark = mark_of(self.database)
        return self._mark, True

    # What came of a call

    def _write_late(self) -> None:
        with self._settling:
            if not self._late:
                return
            with self._writing() as db:
                late = self._book_late(db)
            self._forget_late(late)

    def _book_late(self, db: Connection) -> tuple[int, ...]:
        late = dict(self._late)
        for number, cost in late.items():
            before = _find(db, number)
            if before is not None and (before.state == "under way" or (before.state == "in doubt" and not before.note)):
                replace_call(db, before, self._settled(before, cost))
        return tuple(late)

    def _forget_late(self, numbers: tuple[int, ...]) -> None:
        with self._settling:
            for number in numbers:
                self._late.pop(number, None)

    def _settled(self, before: LedgerCall, cost: Cost | None) -> LedgerCall:
        now = dataclasses.replace(before, finished=self._clock().astimezone(UTC), doubt=_NONE)
        reserved = before.reserved or _NONE
        if cost is None:
            return dataclasses.replace(now, state="in doubt", doubt=reserved)
        if cost.amount is None or not cost.amount < LARGEST:  # what is beyond that is no amount of money
            return dataclasses.replace(now, state="unknown", assumed=reserved)
        spent = exact(cost.amount)
        doubt = _NONE
        if cost.in_doubt and before.reserved is not None:
            left = (Sums(before.reserved) - Sums(spent)).spent
            doubt = exact(max(_NONE, min(cost.in_doubt, left)))
        return dataclasses.replace(now, state="billed" if spent or doubt else "not billed", spent=spent, doubt=doubt)

    def _mark_in_doubt(self, db: Connection, mark: Presence) -> int:
        gone = 0
        under_way = calls.c.state == "under way"
        for token in db.execute(select(calls.c.process).where(under_way).distinct()).scalars().all():
            if mark.alive(token, db):
                continue
            rows = db.execute(select(*CALL_COLUMNS).where(under_way, calls.c.process == token)).all()
            for before in map(call_of, rows):
                now = dataclasses.replace(before, state="in doubt", doubt=before.reserved or _NONE)
                replace_call(db, before, now)
            gone += len(rows)
        return gone

    def _prune(self, db: Connection, today: date) -> None:
        """Let old calls go. What is under way stays, and so do the sums, which say what there was."""
        oldest = (today - timedelta(days=KEPT_DAYS)).isoformat()
        newest = db.execute(select(func.max(calls.c.number))).scalar() or 0
        beyond = or_(calls.c.day < oldest, calls.c.number <= newest - MAX_CALLS)
        db.execute(delete(calls).where(and_(calls.c.state != "under way", beyond)))
        db.execute(delete(day_sums).where(day_sums.c.day < (today - timedelta(days=SUMS_KEPT_DAYS)).isoformat()))


def _find(db: Connection, number: int) -> LedgerCall | None:
    row = db.execute(select(*CALL_COLUMNS).where(calls.c.number == number)).first()
    return None if row is None else call_of(row)
