"""What takes part in an experiment, how fast it may be asked, and the records that an experiment leaves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from rerank_core.errors import ConfigurationError
from rerank_core.models import CostBasis
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.ranking.contender import Contender

ExperimentState = Literal["new", "running", "interrupted", "paused", "limit", "halted", "cancelled", "done"]
"""new: nothing was asked yet. running. interrupted: it ran when the server ended. paused, cancelled: somebody asked
for it. limit: the spending limit was reached. halted: a connection was given up (a wrong key, a service that is
down). done: every query has an answer or has failed. All but running can be resumed."""

RequestOutcome = Literal["sent", "answered", "failed", "deferred", "interrupted", "saved"]
Billed = Literal["no", "maybe", "yes"]


@dataclass(frozen=True, slots=True)
class RatePolicy:
    """How fast a connection may be asked: `concurrency` requests under way at once, and at most `per_minute`
    started within any minute, evenly spread (None: no such limit). A request that fails for a passing reason is
    repeated up to `retries` times. Raises ConfigurationError for what makes no sense."""

    concurrency: int = 4
    per_minute: int | None = None
    retries: int = 2

    def __post_init__(self) -> None:
        whole = all(isinstance(value, int) for value in (self.concurrency, self.retries, self.per_minute or 1))
        if not whole or not 1 <= self.concurrency <= 64 or self.retries < 0 or (self.per_minute or 1) < 1:
            raise ConfigurationError(
                "The speed of a connection makes no sense.",
                hint="Use 1 to 64 requests at once, at least 1 a minute, and 0 or more retries.",
            )

    @classmethod
    def usual(cls, provider: str) -> RatePolicy:
        """One request at a time on this computer, whose engine uses every core by itself; else the default."""
        return cls(concurrency=1, retries=0) if provider in ("local", "flashrank-library") else cls()


@dataclass(frozen=True, slots=True)
class Experiment:
    """A query set put to several contenders. `spending_limit` in US dollars is for the experiment as a whole, however
    often it is resumed. `note` is a sentence about how it last ended. `rates` are the speeds by provider id that
    were asked for when it was made; they hold again whenever it is resumed. `rank_fields` are the fields of each
    document that its models read, whatever the query set says now. `owner` is whose it is ("" for everybody's),
    `shared` whether others here may open it. With `reuse` answers to the very same requests that were given before are
    taken over whenever it starts, for nothing."""

    id: str
    query_set: str
    name: str
    created: datetime
    contenders: tuple[Contender, ...]
    spending_limit: Decimal | None
    queries: int
    state: ExperimentState
    note: str = ""
    rates: Mapping[str, RatePolicy] = field(default_factory=dict, hash=False)
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT
    owner: str = ""
    shared: bool = False
    reuse: bool = False


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the ledger has it. It is written before the request is sent and completed after.

    `outcome`: sent (under way); answered; saved: nothing was sent, since the very same was answered at `first`, with
    this `amount` and latency; failed; deferred: it failed, and its query is still to be asked; or
    interrupted: under way when the server was killed or the work broken off. `billed` says
    whether it cost something: a request that was interrupted, timed out or broke off may have been billed although
    there is no answer, and its query then costs again when it is asked again. `reserved` is the most it may have
    cost, `amount` what it did; None where unknown. Times are seconds since 1970.
    """

    number: int
    contender: int
    query: int
    started: float
    finished: float | None
    outcome: RequestOutcome
    billed: Billed
    reserved: Decimal | None = None
    amount: Decimal | None = None
    basis: CostBasis | None = None
    search_units: float | None = None
    latency_ms: float | None = None
    request_id: str | None = None
    code: str = ""
    message: str = ""
    hint: str = ""
    first: float | None = None


@dataclass(frozen=True, slots=True)
class Ranking:
    """All answers of one contender: query id to document ids, best first, and to the scores of those that have one.

    `cost` is what the answered queries cost this experiment, None where that is unknown; `saved` of them were taken
    over from earlier requests, for which `saved_cost` was paid then. `latency_ms` has one value an answer;
    `failed` names the queries whose last request failed; `rank_fields` are the fields of each document that it read.
    `mark` tells these answers, with their costs and times, from all others to the same queries; empty where they were
    not kept.
    """

    contender: Contender
    run: Mapping[str, tuple[str, ...]] = field(hash=False)
    scores: Mapping[str, Mapping[str, float]] = field(hash=False)
    cost: Decimal | None
    latency_ms: tuple[float, ...] = ()
    failed: tuple[str, ...] = ()
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT
    saved: int = 0
    saved_cost: Decimal | None = Decimal(0)
    mark: str = field(default="", compare=False, repr=False)

    @property
    def label(self) -> str:
        """What the contender is called."""
        return self.contender.label

    @property
    def cost_per_search(self) -> Decimal | None:
        """What one answered query cost on average, when it was asked; None where that is unknown."""
        if self.cost is None or self.saved_cost is None or not self.run:
            return None
        return (self.cost + self.saved_cost) / len(self.run)


@dataclass(frozen=True, slots=True)
class ExperimentProgress:
    """How far an experiment has come, from its ledger, so from any session and after a restart.

    `done` of `total` queries have an answer, over all contenders; `failed` have none and failed; `under_way` are
    being asked; `saved` of the answers were taken over from earlier requests, for nothing. `spent` is known to be
    spent, `maybe` may have been billed without an answer, `unknown_cost` counts answers whose cost nobody knows.
    `seconds_left` is None where it cannot be told.
    """

    state: ExperimentState
    total: int
    done: int
    failed: int
    under_way: int
    spent: Decimal
    maybe: Decimal
    unknown_cost: int
    seconds_left: float | None = None
    note: str = ""
    saved: int = 0

    @property
    def fraction(self) -> float:
        """Queries that are over with, answered or failed, of all: 0 to 1."""
        return min(1.0, (self.done + self.failed) / self.total) if self.total else 0.0

    @property
    def text(self) -> str:
        """The progress in words: "120 of 300 done, 2 failed, $0.12 so far, about 2 min left"."""
        from rerank_core.pricing.estimates import money_text

        parts = [f"{self.done:,} of {self.total:,} done"]
        if self.saved:
            parts.append(f"{self.saved:,} of them saved answers")
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        parts.append(f"{money_text(self.spent)}{'' if self.state == 'done' else ' so far'}")
        if self.seconds_left is not None and self.state == "running":
            parts.append(f"about {duration_text(self.seconds_left)} left")
        return ", ".join(parts)


def duration_text(seconds: float) -> str:
    """A duration for a person: "5 s", "3 min", "2 h 5 min"."""
    if seconds < 90:
        return f"{max(1, math.ceil(seconds))} s"
    minutes = math.ceil(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
