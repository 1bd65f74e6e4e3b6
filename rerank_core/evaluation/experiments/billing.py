"""Which failures concern more than one request, and money set aside in two budgets at once."""

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
    SpendingLimitError,
)
from rerank_core.pricing.budget import Budget, Reservation

__all__ = ["Purse", "Taken", "for_the_connection", "hopeless"]

_CONNECTION = (AuthenticationError, QuotaExceededError)
_CONTENDER = (ConfigurationError, ModelNotFoundError, PermissionDeniedError)


def hopeless(error: RerankError) -> bool:
    """Whether every further request to the same model would fail in the same way: a wrong key, no such model."""
    return isinstance(error, _CONNECTION + _CONTENDER)


def for_the_connection(error: RerankError) -> bool:
    """Whether a hopeless error is about the connection as a whole, and not about one model of it."""
    return isinstance(error, _CONNECTION)


@dataclass(frozen=True, slots=True)
class Taken:
    """Money set aside for one request, in every budget that has a say."""

    reservations: tuple[tuple[Budget, Reservation], ...]


class Purse:
    """The experiment's own budget and, where there is one, the session's: a request must fit both."""

    def __init__(self, own: Budget, session: Budget | None) -> None:
        self._budgets = (own,) if session is None else (own, session)

    def take(self, most: Decimal | None) -> Taken:
        """Set the most that a request may cost aside. Raises SpendingLimitError, with nothing set aside."""
        taken: list[tuple[Budget, Reservation]] = []
        try:
            for budget in self._budgets:
                taken.append((budget, budget.reserve(most)))
        except SpendingLimitError:
            for budget, reserved in taken:
                budget.release(reserved)
            raise
        return Taken(tuple(taken))

    def settle(self, taken: Taken, amount: Decimal | None, *, billed: bool) -> None:
        """Book what a request cost; None with `billed` where that is unknown, and give back where it cost nothing."""
        for budget, reserved in taken.reservations:
            if billed:
                budget.settle(reserved, amount)
            else:
                budget.release(reserved)
