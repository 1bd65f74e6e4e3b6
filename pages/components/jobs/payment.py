"""The money of one piece of work: set aside before it is queued, given back when it ends without a bill."""

from __future__ import annotations

from decimal import Decimal

from rerank_core.pricing.budget import Budget, Reservation


class Payment:
    """What one job may spend. It is handed to the worker thread, so nothing of Streamlit is in here."""

    def __init__(self, budget: Budget, most: Decimal | None) -> None:
        """Set aside the most that the work may cost, None where nobody knows.

        Raises SpendingLimitError, with nothing set aside, where that would pass the limit.
        """
        self._budget = budget
        self._reservation: Reservation = budget.reserve(most)

    def cover(self, most: Decimal | None) -> None:
        """Set aside another amount, now that it is known what will be sent.

        Raises SpendingLimitError, with everything as before, where that would pass the limit.
        """
        self._reservation = self._budget.adjust(self._reservation, most)

    def settle(self, actual: Decimal | None, in_doubt: Decimal = Decimal(0)) -> None:
        """Book what the work did cost; None where that is not known. See Budget.settle."""
        self._budget.settle(self._reservation, actual, in_doubt=in_doubt)

    def release(self) -> None:
        """Give back what was set aside; nothing happens where it is settled."""
        self._budget.release(self._reservation)
