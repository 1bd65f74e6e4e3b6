"""How an experiment is run, and with which clients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from rerank_core.pricing.allowance import Purse
from rerank_core.pricing.budget import Budget
from rerank_core.pricing.table import PriceTable
from rerank_core.ranking.contender import Contender

if TYPE_CHECKING:
    from rerank_core.client.client import Client

Only = Literal["open", "failed", "all"]
"""open: what was never answered and has not failed. failed: what failed, alone. all: everything without an answer."""


class ClientFactory(Protocol):
    """Makes the client of a connection, with its key, address and prices. `max_retries` must be passed on: an
    experiment repeats requests itself, so that each one is in its ledger."""

    def __call__(self, provider: str, *, max_retries: int, max_concurrency: int) -> Client: ...


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How an experiment is run this time: `budget` is the session's, beside the experiment's own limit; `prices` are
    the user's own, None for the usual ones; `only` says which queries are asked; `purse_of` gives the purse that the
    requests to a contender are paid from, None where no ledger is kept of it. `addresses` are those of the providers,
    by id, whose answers are kept for the next time that the very same is asked (`client.sent.address_text`).
    Experiments whose connections have one name by `rate_of` keep their rate together, over all servers of the ledger:
    by provider where it is None."""

    budget: Budget | None = None
    prices: PriceTable | None = None
    only: Only = "open"
    purse_of: Callable[[Contender], Purse | None] | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    rate_of: Callable[[str], str] | None = None
