"""Which failures concern more than one request, and money set aside in several budgets at once."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from rerank_core.errors import (
    AuthenticationError,
    ConfigurationError,
    ModelNotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RerankError,
)
from rerank_core.models import Cost
from rerank_core.pricing.allowance import Held, Purse
from rerank_core.pricing.budget import Budget, Reservation

_CONNECTION = (AuthenticationError, QuotaExceededError)
_CONTENDER = (ConfigurationError, ModelNotFoundError, PermissionDeniedError)


def is_fatal(error: RerankError) -> bool:
    """Whether every further request to the same model would fail in the same way: a wrong key, no such model."""
    return isinstance(error, _CONNECTION + _CONTENDER)


def concerns_connection(error: RerankError) -> bool:
    """Whether a fatal error is about the connection as a whole, and not about one model of it."""
    return isinstance(error, _CONNECTION)


@dataclass(frozen=True, slots=True)
class Reservations:
    """Money set aside for one request, in every budget that has a say; `most` in each, None where no price is known.
    `held` is the part of whoever's key it is, None where no ledger is kept of it."""

    most: Decimal | None
    by_budget: tuple[tuple[Budget, Reservation], ...]
    held: Held | None = None


class Budgets:
    """The experiment's own budget and, where there is one, the session's: a request must fit both, and the purse of
    its connection."""

    def __init__(self, own: Budget, session: Budget | None) -> None:
        self._budgets = (own,) if session is None else (own, session)

    def reserve(self, most: Decimal | None, purse: Purse | None = None) -> Reservations:
        """Set the most that a request may cost aside. Raises SpendingLimitError, with nothing set aside."""
        made: list[tuple[Budget, Reservation]] = []
        try:
            for budget in self._budgets:
                made.append((budget, budget.reserve(most)))
            held = None if purse is None else purse.reserve(most)
        except BaseException:
            for budget, reservation in made:
                budget.release(reservation)
            raise
        return Reservations(most, tuple(made), held)

    def settle(self, reserved: Reservations, cost: Cost | None, *, billed: bool) -> None:
        """Book what a request cost; None with `billed` where nobody knows whether it was billed, and give back where
        it cost nothing."""
        for budget, reservation in reserved.by_budget:
            if billed:
                budget.settle(reservation, None if cost is None else cost.amount)
            else:
                budget.release(reservation)
        if reserved.held is None:
            return
        if billed:
            reserved.held.settle(cost)
        else:
            reserved.held.release()
