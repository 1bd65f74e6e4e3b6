"""What calls of services cost: held in a file before each is sent, so that no session and no server passes a budget.

The most that a call may cost is set aside in one transaction with the look at what is left, which another process
waits for. After the call it is settled with what it did cost. What a process had under way when it died stays counted,
as possibly billed, until an operator has looked at the service's own bill.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rerank_core.models import Cost
from rerank_core.pricing.allowance import LARGEST, Allowance, BudgetStanding, PaidCall, Sums, exact
from rerank_core.storage.spending import file as spending_file
from rerank_core.storage.spending.file import CALL_COLUMNS, CallState, LedgerCall, call_of
from rerank_core.storage.spending.ledger import SpendingLedger
from rerank_core.storage.spending.process_mark import ProcessMark
from rerank_core.storage.sqlite_file import StoreError, transaction

if TYPE_CHECKING:
    import sqlite3

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
    """The ledger of this computer's spending, in `spending.sqlite3` unless another path is given. Safe under threads
    and processes; every method raises StoreError, with a hint, where the file cannot be used.

    `clock` gives the time with its zone: a day is a calendar day of the server.
    """

    def __init__(self, path: Path | str | None = None, *, clock: Callable[[], datetime] | None = None) -> None:
        super().__init__(path)
        self._clock = clock or (lambda: datetime.now().astimezone())
        self._mark: ProcessMark | None = None
        self._late: dict[int, Cost | None] = {}  # settled, and not yet written down

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
        with self._booking() as db:
            late = self._book_late(db)
            now = self._clock()
            if counts:
                allowance.check(amount, self._standing(db, call.who, now.date()))
            if self._mark is None:
                self._mark = ProcessMark(self.path.with_name(f"{self.path.name}-processes"))
                self._mark_in_doubt(db, self._mark)
            started = LedgerCall(
                0, now.date(), now.astimezone(UTC), None, call, "under way", amount, _NONE, _NONE, _NONE
            )
            number = spending_file.insert(db, started, self._mark.token)
            if number % _PRUNE_EVERY == 0:
                self._prune(db, now.date())
        self._forget_late(late)
        return number

    def settle(self, number: int, cost: Cost | None) -> None:
        """Book what a call cost; None where it may have been billed and there is no answer.

        Where the file cannot be written, what was set aside stays counted, and this is booked with the next use of
        the file: no answer is lost for it. A call that is settled already stays as it is.
        """
        with self._lock:
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
            if db.execute("SELECT 1 FROM calls WHERE state = 'under way' LIMIT 1").fetchone() is None:
                return 0
        with self._booking() as db:
            if self._mark is None:
                self._mark = ProcessMark(self.path.with_name(f"{self.path.name}-processes"))
            return self._mark_in_doubt(db, self._mark)

    def resolve(self, number: int, amount: Decimal, by: str) -> bool:
        """Settle a call in doubt, or of unknown cost, with what the service's bill says; whether it was one, or was
        settled in this way before.

        `amount` 0 is a call that was not billed; `by` is who says so. Raises ValueError for what is no amount.
        """
        amount = exact(amount)
        with self._booking() as db:
            before = _find(db, number)
            if before is None or not (before.state in ("in doubt", "unknown") or before.doubt or before.note):
                return False
            note = f"Settled by {by}." if by else "Settled by hand."
            state: CallState = "billed" if amount else "not billed"
            now = dataclasses.replace(before, state=state, spent=amount, doubt=_NONE, assumed=_NONE, note=note)
            spending_file.replace(db, before, now)
        return True

    def standing(self, who: str) -> BudgetStanding:
        """What the configured keys have cost by now: this person's share of today, all of today, and all."""
        with self._reading() as db:
            return self._standing(db, who, self.today())

    def _standing(self, db: sqlite3.Connection, who: str, day: date) -> BudgetStanding:
        person = server = Sums()
        name = spending_file.name_bytes(PaidCall(who, ""))[0]
        columns = spending_file.SUM_COLUMNS
        for row in db.execute(
            f"SELECT who, {columns} FROM sums WHERE day = ? AND key = 'configured'",  # noqa: S608
            (day.isoformat(),),
        ):
            sums = spending_file.sums_of(row[1:])
            server += sums
            person += sums if row[0] == name else Sums()
        total = db.execute(f"SELECT {columns} FROM totals WHERE key = 'configured'").fetchone()  # noqa: S608
        return BudgetStanding(person, server, Sums() if total is None else spending_file.sums_of(total))

    # What came of a call

    @contextlib.contextmanager
    def _booking(self) -> Iterator[sqlite3.Connection]:
        """A transaction that reads what it changes: rows of which nothing can be made are damage of the file."""
        with self._reading() as db, transaction(db):
            yield db

    def _write_late(self) -> None:
        with self._lock:
            if not self._late:
                return
            with self._booking() as db:
                late = self._book_late(db)
            self._forget_late(late)

    def _book_late(self, db: sqlite3.Connection) -> tuple[int, ...]:
        late = dict(self._late)
        for number, cost in late.items():
            before = _find(db, number)
            if before is not None and (before.state == "under way" or (before.state == "in doubt" and not before.note)):
                spending_file.replace(db, before, self._settled(before, cost))
        return tuple(late)

    def _forget_late(self, numbers: tuple[int, ...]) -> None:
        with self._lock:
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

    def _mark_in_doubt(self, db: sqlite3.Connection, mark: ProcessMark) -> int:
        gone = 0
        for (token,) in db.execute("SELECT DISTINCT process FROM calls WHERE state = 'under way'").fetchall():
            if mark.alive(token):
                continue
            rows = db.execute(
                f"SELECT {CALL_COLUMNS} FROM calls WHERE state = 'under way' AND process = ?",  # noqa: S608
                (token,),
            ).fetchall()
            for before in map(call_of, rows):
                now = dataclasses.replace(before, state="in doubt", doubt=before.reserved or _NONE)
                spending_file.replace(db, before, now)
            gone += len(rows)
        return gone

    def _prune(self, db: sqlite3.Connection, today: date) -> None:
        """Let old calls go. What is under way stays, and so do the sums, which say what there was."""
        db.execute(
            "DELETE FROM calls WHERE state != 'under way' AND "
            "(day < ? OR number <= (SELECT max(number) FROM calls) - ?)",
            ((today - timedelta(days=KEPT_DAYS)).isoformat(), MAX_CALLS),
        )
        db.execute("DELETE FROM sums WHERE day < ?", ((today - timedelta(days=SUMS_KEPT_DAYS)).isoformat(),))


def _find(db: sqlite3.Connection, number: int) -> LedgerCall | None:
    row = db.execute(f"SELECT {CALL_COLUMNS} FROM calls WHERE number = ?", (number,)).fetchone()  # noqa: S608
    return None if row is None else call_of(row)
