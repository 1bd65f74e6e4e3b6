"""What a bulk run may spend, over all its starts, and what it has spent."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from decimal import Decimal

from rerank_core import pricing
from rerank_core.bulk.target import BulkFolder, Spent
from rerank_core.errors import RerankError, SpendingLimitError
from rerank_core.models import RerankRequest, RerankResponse
from rerank_core.pricing.budget import Budget, Reservation
from rerank_core.providers.spec import ProviderSpec


def most_of(request: RerankRequest, spec: ProviderSpec, limit: Decimal | None, retries: int) -> Decimal | None:
    """The most that a request may cost, every retry billed. Raises SpendingLimitError where there is a limit and nobody
    knows it."""
    estimate = pricing.estimate_cost(
        spec, request.model, request.query, request.documents, rank_fields=request.rank_fields
    )
    most = pricing.upper_bound(estimate, retries)
    if most is None and limit is not None:
        raise SpendingLimitError("What a query costs is not known.", hint="Use a model whose price is known.")
    return most


class BulkPurse:
    """The money of a run, safe under threads. What stands in the folder is never less than what may have been billed: a
    part counts in full from before its first request to its end."""

    def __init__(self, folder: BulkFolder, limit: Decimal | None, *, free: bool) -> None:
        before = folder.spent()
        self._folder, self._free = folder, free
        self._lock = threading.Lock()
        self._open: dict[int, Decimal] = {}
        self._tickets: dict[int, set[Reservation]] = {}
        self._budget = Budget()
        self._budget.settle(self._budget.reserve(before.known + before.maybe), before.known, in_doubt=before.maybe)
        self._budget.set_limit(limit)

    @property
    def spent(self) -> Spent:
        """Over all starts, without what is still open."""
        now = self._budget.now()
        return Spent(now.spent, now.uncertain)

    def begin(self, part: int, mosts: Iterable[Decimal | None]) -> None:
        """A part is about to be asked for; `mosts` are the most that each of its requests may cost. Where it was begun
        before and never ended, as on a machine that died, what it had under way may have been billed."""
        with self._lock:
            for ticket in self._tickets.pop(part, ()):
                self._budget.settle(ticket, None)
            self._open[part] = sum((most for most in mosts if most is not None), Decimal(0))
            self._write()

    def end(self, part: int) -> None:
        """All requests of a part are over."""
        with self._lock:
            self._open.pop(part, None)
            self._write()

    def reserve(self, part: int, most: Decimal | None) -> Reservation:
        """Set aside what a request may cost. Raises SpendingLimitError, with nothing set aside."""
        ticket = self._budget.reserve(most)
        with self._lock:
            self._tickets.setdefault(part, set()).add(ticket)
        return ticket

    def settle(self, part: int, ticket: Reservation, outcome: RerankResponse | RerankError) -> None:
        """Book what a request did cost."""
        with self._lock:
            if ticket not in self._tickets.get(part, ()):
                return  # its part was begun anew meanwhile, and this counted as billed
            self._tickets[part].discard(ticket)
        if isinstance(outcome, RerankResponse):
            self._budget.settle(ticket, outcome.cost.amount, in_doubt=outcome.cost.in_doubt)
        elif outcome.maybe_billed:
            self._budget.settle(ticket, None)
        else:
            self._budget.release(ticket)

    def _write(self) -> None:
        if not self._free:
            now = self.spent
            self._folder.note_spent(Spent(now.known, now.maybe + sum(self._open.values(), Decimal(0))))
