"""What one connection is still to be asked by an experiment."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from rerank_core.evaluation.experiments.records import RatePolicy

if TYPE_CHECKING:
    from rerank_core.client.client import Client
    from rerank_core.evaluation.experiments.ledger import Ledger


class QueryTask(NamedTuple):
    """One query for one contender, both by their places."""

    contender: int
    query: int


@dataclass(slots=True)
class ConnectionQueue:
    """One connection: what it is still to be asked, and how it fares. `shared` names all who keep its rate together."""

    provider: str
    rate: RatePolicy
    tasks: deque[QueryTask]
    client: Client | None = None
    not_before: float = 0.0  # the clock at which the next request may start
    failed_in_a_row: int = 0
    over: str = ""  # why it takes no further task
    given_up: set[int] = field(default_factory=set)  # contenders that cannot be asked
    threads: list[threading.Thread] = field(default_factory=list)
    shared: str = ""

    def space_out(self) -> None:
        """A request starts now: put the next one off as far as the rate asks for."""
        if self.rate.per_minute:
            self.not_before = time.monotonic() + 60 / self.rate.per_minute

    def wait_for_others(self, ledger: Ledger) -> float:
        """Take a turn among all who keep this rate together, in every experiment and on every server; seconds."""
        return ledger.turn(self.shared, 60 / self.rate.per_minute) if self.rate.per_minute else 0.0
