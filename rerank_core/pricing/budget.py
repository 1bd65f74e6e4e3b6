"""A spending limit that is never passed: the most a call may cost is set aside before it is sent."""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass
from decimal import Decimal

from rerank_core.errors import ConfigurationError, SpendingLimitError
from rerank_core.pricing.estimates import money_text


@dataclass(frozen=True, slots=True)
class Reservation:
    """Money set aside for one call; `amount` None where nobody knows what the call may cost."""

    number: int
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class Spending:
    """How a budget stands at one moment, in US dollars.

    `spent` is what is known to be spent, `reserved` what is set aside for calls under way, `uncertain` what
    stays set aside for calls whose cost never came to be known (a time-out may have been billed).
    `remaining` is what a new call may cost, None where there is no limit. `unknown_calls` counts the calls
    whose cost is in none of these numbers.
    """

    limit: Decimal | None
    spent: Decimal
    reserved: Decimal
    uncertain: Decimal
    calls: int
    unknown_calls: int

    @property
    def remaining(self) -> Decimal | None:
        """What a new call may cost, 0 where the limit is reached, None where there is none."""
        if self.limit is None:
            return None
        return max(Decimal(0), self.limit - self.spent - self.reserved - self.uncertain)


class Budget:
    """What a session has spent and may spend, safe to use from many threads.

    `limit` is in US dollars, None for none. As long as no call costs more than was reserved for it, spent,
    reserved and uncertain together never pass the limit. A call of unknown cost (None) cannot be held to a
    limit: it is let through and counted in `unknown_calls`.
    """

    def __init__(self, limit: Decimal | None = None) -> None:
        self._lock = threading.Lock()
        self._limit = _checked(limit)
        self._open: dict[int, Reservation] = {}
        self._numbers = itertools.count(1)
        self._spent = self._reserved = self._uncertain = Decimal(0)
        self._calls = self._unknown_calls = 0

    def now(self) -> Spending:
        """All figures, taken at one moment."""
        with self._lock:
            return self._now()

    def set_limit(self, limit: Decimal | None) -> None:
        """Change the limit. One below what is spent already stops every call that costs something.

        Raises ConfigurationError where it is negative or no number.
        """
        checked = _checked(limit)
        with self._lock:
            self._limit = checked

    def fits(self, amount: Decimal | None) -> bool:
        """Whether a call that may cost this much is allowed right now."""
        remaining = self.now().remaining
        return remaining is None or amount is None or amount <= remaining

    def limit_for(self, amount: Decimal) -> Decimal:
        """The lowest limit that would allow a call of this cost right now."""
        now = self.now()
        return now.spent + now.reserved + now.uncertain + amount

    def reserve(self, amount: Decimal | None) -> Reservation:
        """Set aside the most that a call may cost, or None where nobody knows.

        Raises SpendingLimitError, with nothing set aside, where that would pass the limit, and ValueError for
        a negative or endless amount.
        """
        with self._lock:
            return self._set_aside(next(self._numbers), amount)

    def adjust(self, reservation: Reservation, amount: Decimal | None) -> Reservation:
        """Set aside another amount for the same call, once more is known of it; the new reservation takes the place
        of the old one.

        Raises SpendingLimitError, with everything as before, where that would pass the limit, and ValueError for a
        reservation that is settled or released already and for a negative or endless amount.
        """
        with self._lock:
            before = self._open.pop(reservation.number, None)
            if before is None:
                raise ValueError("this reservation is settled already")
            self._reserved -= before.amount or 0
            try:
                return self._set_aside(before.number, amount)
            except BaseException:
                self._open[before.number] = before
                self._reserved += before.amount or 0
                raise

    def _set_aside(self, number: int, amount: Decimal | None) -> Reservation:
        """Note a reservation; the lock is held."""
        if amount is not None and (not amount.is_finite() or amount < 0):
            raise ValueError("an amount is a finite number of 0 or more")
        remaining = self._now().remaining
        if amount is not None and remaining is not None and amount > remaining:
            raise SpendingLimitError(
                f"This may cost up to {money_text(amount)}, and {money_text(remaining)} is left of the spending "
                f"limit of {money_text(self._limit)}."
            )
        reservation = Reservation(number, amount)
        self._open[number] = reservation
        self._reserved += amount or 0
        return reservation

    def settle(self, reservation: Reservation, actual: Decimal | None, *, in_doubt: Decimal = Decimal(0)) -> None:
        """Turn a reservation into what the call did cost.

        None where that is not known: what was reserved then stays set aside as uncertain. `in_doubt` is what the
        call may have cost besides (`Cost.in_doubt`), which stays set aside too, as far as it was reserved. Raises
        ValueError for a reservation that is settled or released already.
        """
        with self._lock:
            held = self._open.pop(reservation.number, None)
            if held is None:
                raise ValueError("this reservation is settled already")
            self._reserved -= held.amount or 0
            self._calls += 1
            if actual is not None:
                self._spent += actual
                if held.amount is not None:
                    self._uncertain += max(Decimal(0), min(in_doubt, held.amount - actual))
            elif held.amount is not None:
                self._uncertain += held.amount
            else:
                self._unknown_calls += 1

    def release(self, reservation: Reservation) -> None:
        """Give back what was set aside for a call that was never billed; nothing happens if it is settled."""
        with self._lock:
            held = self._open.pop(reservation.number, None)
            if held is not None:
                self._reserved -= held.amount or 0

    def _now(self) -> Spending:
        return Spending(self._limit, self._spent, self._reserved, self._uncertain, self._calls, self._unknown_calls)


def _checked(limit: Decimal | None) -> Decimal | None:
    if limit is not None and (not isinstance(limit, Decimal) or not limit.is_finite() or limit < 0):
        raise ConfigurationError(
            f"The spending limit is {limit!r}.", hint="Use an amount of US dollars of 0 or more, or none."
        )
    return limit
