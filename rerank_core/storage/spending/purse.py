"""A purse whose calls are written down in the ledger of spending before they are sent."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from decimal import Decimal

from rerank_core.errors import RerankError
from rerank_core.models import Cost
from rerank_core.pricing.allowance import Allowance, PaidCall, Purse
from rerank_core.storage.spending.store import SpendingStore
from rerank_core.storage.sqlite_file import StoreError

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LedgerPurse(Purse):
    """The money of calls of one kind: `call` says whose and what for, `allowance` what may be spent."""

    store: SpendingStore
    allowance: Allowance
    call: PaidCall

    def reserve(self, most: Decimal | None) -> HeldCall:
        """Set the most that a call may cost aside, and write the call down. Raises BudgetExceededError where that would
        pass the operator's budget, and RerankError where a budget stands and nothing can be written."""
        try:
            return HeldCall(self.store, self.store.reserve(self.call, most, self.allowance))
        except StoreError as error:
            if self.call.key == "configured" and self.allowance.stands:
                raise RerankError(
                    f"A budget stands here, and this call cannot be noted, so it was not sent. {error.message}",
                    hint=error.hint,
                    retryable=error.retryable,
                ) from error
            _log.warning("A call is not in the ledger of spending: %s", error)
            return HeldCall(self.store, None, f"This call is not in the ledger of spending. {error}")


class HeldCall:
    """A call that is written down and not over; `problem` says why it could not be, and is empty where it was."""

    def __init__(self, store: SpendingStore, number: int | None, problem: str = "") -> None:
        self._store, self._number, self.problem = store, number, problem

    def settle(self, cost: Cost | None) -> None:
        """Book what the call cost; None where it may have been billed and there is no answer."""
        number, self._number = self._number, None
        if number is not None:
            self._store.settle(number, cost)

    def release(self) -> None:
        """Book that it was not billed; nothing happens where it is settled."""
        number, self._number = self._number, None
        if number is not None:
            self._store.release(number)
