"""Who pays for a call, and where it is written down: the operator's budget and the ledger of this computer.

Each call of a service is written down before it is sent, with whose it is and what for. Calls with a configured key
are held to the operator's budget; those with a typed key are the visitor's own money, and only noted.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from pages.components.server import budget
from pages.components.session import owner, stores
from pages.components.session.connection import Connection
from rerank_core.pricing.allowance import Allowance, BudgetStanding, KeyKind, PaidCall
from rerank_core.storage.spending.purse import LedgerPurse
from rerank_core.storage.spending.store import SpendingStore
from rerank_core.storage.sqlite_file import StoreError


@dataclass(frozen=True, slots=True)
class Account:
    """What a worker thread needs to have calls paid: whose they are, what for, and what is allowed. `who` is the
    person's e-mail address, "" where nobody signs in; `page` and `run` say what for."""

    store: SpendingStore
    allowance: Allowance
    who: str
    page: str
    run: str

    def purse(self, connection: Connection, model: str | None) -> LedgerPurse | None:
        """Where the calls of one model are paid from and written down; None where no request is billed."""
        if connection.provider.is_free:
            return None
        call = PaidCall(self.who, connection.provider.id, model or "", self.page, self.run, key_kind(connection))
        return LedgerPurse(self.store, self.allowance, call)

    def check(self, calls: Iterable[tuple[Connection, Decimal | None]]) -> None:
        """Raise BudgetExceededError where these calls, which may cost as much, would pass the operator's budget as it
        stands. The same is held once more for each, when it is sent."""
        amounts = [
            self.allowance.set_aside(most)
            for connection, most in calls
            if key_kind(connection) == "configured" and not connection.provider.is_free
        ]
        if amounts and self.allowance.stands:
            try:
                now = self.store.standing(self.who)
            except StoreError:
                return  # said when the call is about to be sent
            self.allowance.check(sum((amount or Decimal(0) for amount in amounts), Decimal(0)), now)


def of(page: str, run: str) -> Account:
    """The account of this session's work: `page` and the id of the `run` say what for. Not for worker threads."""
    return Account(stores.spending(), budget.allowance(), owner.keeper(), page, run)


def standing() -> tuple[Allowance, BudgetStanding | None]:
    """The operator's budget, and how it stands for this session's person; None where nothing is limited, or where the
    ledger cannot be read."""
    allowance = budget.allowance()
    with contextlib.suppress(StoreError):
        return allowance, stores.spending().standing(owner.keeper()) if allowance.stands else None
    return allowance, None


def left() -> Decimal | None:
    """What the operator's budget leaves for this session's person; None where nothing is limited, or nothing known."""
    allowance, now = standing()
    return None if now is None else allowance.left(now)


def key_kind(connection: Connection) -> KeyKind:
    """Whose key a connection uses: the server's, the visitor's, or nobody's."""
    if connection.key_source in ("secrets", "environment"):
        return "configured"
    return "own" if connection.key_source == "typed" else "none"
