"""The money of one piece of work: set aside before it is queued, held to the operator's budget before it is sent, given
back when it ends without a bill."""

from __future__ import annotations

from decimal import Decimal

from pages.components.session.account import Account
from pages.components.session.connection import Connection
from rerank_core.models import Cost
from rerank_core.pricing.budget import Budget, Reservation
from rerank_core.storage.spending.purse import HeldCall


class Payment:
    """What one job may spend. It is handed to the worker thread, so nothing of Streamlit is in here.

    The visitor's own spending limit (`budget`) sets the money aside when the work is queued. The operator's budget and
    the ledger (`account`) come in when the call is about to be sent.
    """

    def __init__(self, budget: Budget, most: Decimal | None, account: Account | None = None) -> None:
        """Set aside the most that the work may cost, None where nobody knows.

        Raises SpendingLimitError, with nothing set aside, where that would pass the visitor's limit.
        """
        self._budget, self._account = budget, account
        self._reservation: Reservation = budget.reserve(most)
        self._held: HeldCall | None = None

    def cover(self, connection: Connection, model: str | None, most: Decimal | None) -> str:
        """Set aside the most that a call may cost, now that it is known what will be sent, and write the call down;
        why it could not be written down, empty where it was.

        Raises SpendingLimitError, with everything as before, where that would pass the visitor's limit, and
        BudgetExceededError where it would pass the operator's budget.
        """
        self._reservation = self._budget.adjust(self._reservation, most)
        purse = self._account.purse(connection, model) if self._account is not None else None
        if purse is None:
            return ""
        self._held = purse.reserve(most)
        return self._held.problem

    def settle(self, cost: Cost | None) -> None:
        """Book what the work did cost; None where that is not known. See Budget.settle."""
        if cost is None:
            self._budget.settle(self._reservation, None)
        else:
            self._budget.settle(self._reservation, cost.amount, in_doubt=cost.in_doubt)
        if self._held is not None:
            self._held.settle(cost)

    def release(self) -> None:
        """Give back what was set aside; nothing happens where it is settled."""
        self._budget.release(self._reservation)
        if self._held is not None:
            self._held.release()
