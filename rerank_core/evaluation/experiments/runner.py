"""Running an experiment: every query to every contender, side by side, within the limits, from wherever it stopped.

A job for `jobs.JobManager`: `manager.submit(run_experiment, ledger, experiment_id, query_set, make_client, ...)`.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, Protocol

from rerank_core import pricing
from rerank_core.client.retry import wait_before
from rerank_core.errors import InvalidRequestError, RateLimitedError, RerankError, SpendingLimitError
from rerank_core.evaluation.experiments.billing import Purse, Taken, for_the_connection, hopeless
from rerank_core.evaluation.experiments.ledger import Ledger
from rerank_core.evaluation.experiments.plan import reservation
from rerank_core.evaluation.experiments.records import ExperimentProgress, ExperimentState, Lane
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from rerank_core.models import Cost, RerankResponse
from rerank_core.pricing.budget import Budget
from rerank_core.pricing.table import PriceTable
from rerank_core.ranking.contender import Contender

if TYPE_CHECKING:
    from rerank_core.client.client import Client
    from rerank_core.jobs import JobContext

__all__ = ["GIVE_UP_AFTER", "ClientFactory", "Only", "run_experiment"]

GIVE_UP_AFTER = 10
"""Queries of one connection that fail in a row before it is given up: it is down, and each try may cost money."""

LONGEST_WAIT = 300.0
"""Seconds that a service may ask to wait; beyond that the query counts as failed."""

Only = Literal["open", "failed", "all"]
"""open: what was never answered and has not failed. failed: what failed, alone. all: everything without an answer."""

_POLL = 0.2
_SHARE = 20  # a report takes at most one part in so many of the time


class ClientFactory(Protocol):
    """Makes the client of a connection, with its key, address and prices. `max_retries` must be passed on: an
    experiment repeats requests itself, so that each one is in its ledger."""

    def __call__(self, provider: str, *, max_retries: int, max_concurrency: int) -> Client: ...


def run_experiment(
    context: JobContext | None,
    ledger: Ledger,
    experiment_id: str,
    query_set: QuerySet,
    make_client: ClientFactory,
    *,
    budget: Budget | None = None,
    lanes: Mapping[str, Lane] | None = None,
    prices: PriceTable | None = None,
    only: Only = "open",
) -> ExperimentProgress:
    """Ask whatever is still to be asked, and write every answer down as it arrives.

    `query_set` is the one that the experiment was made for; `lanes` are speeds in place of its own. Before each
    request the most that it may cost is set aside, from the experiment's own limit and from `budget` (the session's),
    so that neither is ever passed.
    Returns when everything is over, a limit is reached, a connection is given up or somebody asked for a pause;
    the progress says which. Cancelling the job breaks off what is under way, which is then listed as possibly billed.
    Raises ExperimentError where it runs already, or where answers cannot be kept.
    """
    with ledger.hold(experiment_id):
        ledger.mark_interrupted(experiment_id)
        run = _Run(ledger, experiment_id, query_set, budget, prices)
        for provider, tasks in run.tasks(only).items():
            run.start(_Lane(provider, run.speed(provider, lanes), tasks), make_client)
        return run.finish(context)


@dataclass(slots=True)
class _Lane:
    """One connection: what it is still to be asked, and how it fares."""

    provider: str
    speed: Lane
    tasks: deque[tuple[int, int]]
    client: Client | None = None
    not_before: float = 0.0  # the clock at which the next request may start
    failed_in_a_row: int = 0
    over: str = ""  # why it takes no further task
    given_up: set[int] = field(default_factory=set)  # contenders that cannot be asked
    threads: list[threading.Thread] = field(default_factory=list)


class _Run:
    """One start of an experiment. `_changed` guards everything that threads share, the ledger apart."""

    def __init__(
        self,
        ledger: Ledger,
        experiment_id: str,
        query_set: QuerySet,
        budget: Budget | None,
        prices: PriceTable | None,
    ) -> None:
        experiment = ledger.get(experiment_id)
        self._ledger, self._id, self._set, self._prices = ledger, experiment_id, query_set, prices
        self._contenders, self._lanes_asked = experiment.contenders, experiment.lanes
        self._queries = query_set.ready
        if len(self._queries) != experiment.queries:
            raise InvalidRequestError(
                "This is not the query set that the experiment was made for.", hint="Open the experiment again."
            )
        spent, maybe = ledger.spending(experiment_id)
        limit = experiment.spending_limit
        own = Budget()
        own.settle(
            own.reserve(spent + maybe), spent + maybe
        )  # so that what it says of the limit is true after a resume
        own.set_limit(limit)
        self._purse = Purse(own, budget)
        self._changed = threading.Condition()
        self._stop: ExperimentState | Literal[""] = ""
        self._limited = ""
        self._notes: list[str] = []
        self._holding = 0
        self._broken: BaseException | None = None
        self._lanes: list[_Lane] = []

    # What is to be done

    def tasks(self, only: Only) -> dict[str, deque[tuple[int, int]]]:
        """(contender, query) places by provider; the models of one connection take turns, query by query."""
        answered = self._ledger.answered(self._id)
        failed = {(one.contender, one.query) for one in self._ledger.failures(self._id)}
        found: dict[str, deque[tuple[int, int]]] = {}
        for query in range(len(self._queries)):
            for place, contender in enumerate(self._contenders):
                task = (place, query)
                if task in answered or (only != "all" and (task in failed) != (only == "failed")):
                    continue
                found.setdefault(contender.provider, deque()).append(task)
        if set(found) - {"local"}:
            self._ledger.make_durable()
        self._ledger.set_state(self._id, "running")
        return found

    def speed(self, provider: str, lanes: Mapping[str, Lane] | None) -> Lane:
        """How fast a connection may be asked: as told now, else as when the experiment was made, else as usual."""
        return (lanes or {}).get(provider) or self._lanes_asked.get(provider) or Lane.usual(provider)

    def start(self, lane: _Lane, make_client: ClientFactory) -> None:
        """Start the threads of a connection."""
        try:
            lane.client = make_client(lane.provider, max_retries=0, max_concurrency=lane.speed.concurrency)
        except RerankError as error:
            self._give_up(lane, error)
            return
        self._lanes.append(lane)
        for _ in range(min(lane.speed.concurrency, len(lane.tasks))):
            thread = threading.Thread(target=self._work, args=(lane,), name="rerank-experiment", daemon=True)
            lane.threads.append(thread)
        for thread in lane.threads:
            thread.start()

    def finish(self, context: JobContext | None) -> ExperimentProgress:
        """Wait for the end, reporting meanwhile; then write down how it ended."""
        if context is not None:
            context.on_cancel(self._break_off)
        try:
            due = 0.0
            while any(thread.is_alive() for lane in self._lanes for thread in lane.threads):
                if (now := time.monotonic()) >= due:
                    self._report(context)
                    # counting a long ledger takes a while, which the requests should not feel
                    due = now + max(_POLL, _SHARE * (time.monotonic() - now))
                with self._changed:
                    self._changed.wait(_POLL)
        except BaseException:
            self._end("paused")
            self._break_off()
            raise
        finally:
            for lane in self._lanes:
                for thread in lane.threads:
                    thread.join()
                if lane.client is not None:
                    lane.client.close()
            self._ledger.mark_interrupted(self._id)
            self._settle_state()
        if self._broken is not None:
            raise self._broken
        if context is not None:
            self._report(context)
        return self._ledger.progress(self._id)

    def _settle_state(self) -> None:
        state: ExperimentState
        if self._broken is not None:
            state, self._notes = "paused", [*self._notes, f"It stopped: {self._broken}"]
        elif self._stop:
            state = self._stop
        elif self._limited:
            state = "limit"
        else:
            state = "halted" if self._notes else "done"
        with contextlib.suppress(RerankError) if self._broken is not None else contextlib.nullcontext():
            self._ledger.set_state(self._id, state, " ".join(dict.fromkeys([self._limited, *self._notes])).strip())

    def _told_to_stop(self) -> bool:
        """Whether somebody asked for a pause or an end, in whichever process."""
        asked = self._ledger.asked(self._id)
        if asked:
            self._end("cancelled" if asked == "cancel" else "paused")
        return bool(asked)

    def _report(self, context: JobContext | None) -> None:
        self._told_to_stop()
        if context is not None:
            now = self._ledger.progress(self._id)
            context.progress(now.done + now.failed, now.total, Cost(now.spent), now.text)

    def _end(self, state: ExperimentState) -> None:
        with self._changed:
            self._stop = self._stop or state
            self._changed.notify_all()

    def _break_off(self) -> None:
        self._end("paused")
        for lane in self._lanes:
            if lane.client is not None:
                lane.client.close()

    # In the threads

    def _work(self, lane: _Lane) -> None:
        try:
            # Asked before each request, so that none is sent and paid for after somebody pressed Pause.
            while (task := self._next(lane)) is not None and not self._told_to_stop():
                self._ask(lane, *task)
        except BaseException as error:  # answers that cannot be kept, or a bug: no further request must be paid for
            with self._changed:
                self._broken = self._broken or error
            self._end("paused")
        with self._changed:
            self._changed.notify_all()

    def _next(self, lane: _Lane) -> tuple[int, int] | None:
        """The next task once the connection may be asked, None at the end."""
        with self._changed:
            while not self._stop and not lane.over and lane.tasks:
                if lane.tasks[0][0] in lane.given_up:
                    lane.tasks.popleft()
                    continue
                if (wait := lane.not_before - time.monotonic()) <= 0:
                    if lane.speed.per_minute:
                        lane.not_before = time.monotonic() + 60 / lane.speed.per_minute
                    return lane.tasks.popleft()
                self._changed.wait(wait)
        return None

    def _ask(self, lane: _Lane, place: int, number: int) -> None:
        """One query, with its repetitions."""
        contender, query = self._contenders[place], self._queries[number]
        most = reservation(self._set, contender, query, self._prices)
        for attempt in range(lane.speed.retries + 1):
            if attempt and self._paused(lane):
                return
            taken = self._reserve(lane, most)
            if taken is None:
                return
            error = self._send(lane, place, number, contender, query, most, taken, last=attempt == lane.speed.retries)
            if error is None or not error.retryable or not self._wait(lane, attempt, error):
                return

    def _send(
        self,
        lane: _Lane,
        place: int,
        number: int,
        contender: Contender,
        query: Query,
        most: Decimal | None,
        taken: Taken,
        *,
        last: bool,
    ) -> RerankError | None:
        """One request; the error it came to, None where there is an answer or it was broken off."""
        assert lane.client is not None
        amount: Decimal | None = None
        billed = True
        try:
            row = self._ledger.begin(self._id, place, number, most)
            try:
                response = lane.client.rerank(query.text, self._set.documents_of(query), model=contender.model)
            except RerankError as error:
                if error.code == "closed":
                    return None  # it stays in the ledger as under way, and is marked as interrupted at the end
                billed = error.maybe_billed
                self._failed(lane, place, row, error, billed=billed, last=last)
                return error
            cost = self._priced(response, contender)
            amount = cost.amount
            self._ledger.answer(row, response, amount, cost.basis)
            with self._changed:
                lane.failed_in_a_row = 0
            return None
        finally:
            with self._changed:
                self._purse.settle(taken, amount, billed=billed)
                self._holding -= 1
                self._changed.notify_all()

    def _failed(self, lane: _Lane, place: int, row: int, error: RerankError, *, billed: bool, last: bool) -> None:
        lost = hopeless(error)
        final = not lost and (last or not error.retryable or _too_long(error))
        self._ledger.fail(row, error, billed=billed, final=final)
        if lost:
            self._give_up(lane, error, None if for_the_connection(error) else place)
        elif final and not isinstance(error, InvalidRequestError):
            with self._changed:
                lane.failed_in_a_row += 1
                down = lane.failed_in_a_row >= GIVE_UP_AFTER
            if down:
                self._give_up(lane, error, why=f"{GIVE_UP_AFTER} queries in a row failed, the last one so:")

    def _give_up(self, lane: _Lane, error: RerankError, place: int | None = None, *, why: str = "") -> None:
        """Take no further task of a connection, or of one of its contenders."""
        who = lane.provider if place is None else self._contenders[place].label
        with self._changed:
            self._notes.append(f"{who} was given up. {why} {error}".replace("  ", " "))
            if place is None:
                lane.over = "given up"
            else:
                lane.given_up.add(place)
            self._changed.notify_all()

    def _priced(self, response: RerankResponse, contender: Contender) -> Cost:
        if self._prices is None or response.cost.basis not in ("computed", "unknown"):
            return response.cost
        return pricing.cost_of(
            response.provider, response.model or contender.model, response.usage.search_units, prices=self._prices
        )

    # Money and time

    def _reserve(self, lane: _Lane, most: Decimal | None) -> Taken | None:
        """Set money aside, waiting for what is under way where that may free enough; None where it will not, or
        where the run is over."""
        with self._changed:
            while not self._stop and not lane.over:
                try:
                    taken = self._purse.take(most)
                except SpendingLimitError as error:
                    if self._holding:
                        self._changed.wait(_POLL)
                        continue
                    self._limited = f"{error.message} {error.hint}"
                    lane.over = "limit"
                    self._changed.notify_all()
                else:
                    self._holding += 1
                    return taken
        return None

    def _wait(self, lane: _Lane, attempt: int, error: RerankError) -> bool:
        """Set the time before the next attempt; False where there is none."""
        named = error.retry_after if isinstance(error, RateLimitedError) else None
        wait = wait_before(attempt, named, LONGEST_WAIT, random.random)
        if wait is None:
            return False
        deadline = time.monotonic() + wait
        with self._changed:
            if isinstance(error, RateLimitedError):
                lane.not_before = max(lane.not_before, deadline)  # it is the connection that is asked to slow down
            while not self._stop and not lane.over and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            return not self._stop and not lane.over

    def _paused(self, lane: _Lane) -> bool:
        """Wait for the turn that a rate limit leaves to a repetition; True where the run is over."""
        with self._changed:
            while not self._stop and not lane.over and (left := lane.not_before - time.monotonic()) > 0:
                self._changed.wait(left)
            if lane.speed.per_minute:
                lane.not_before = time.monotonic() + 60 / lane.speed.per_minute
            return bool(self._stop or lane.over)


def _too_long(error: RerankError) -> bool:
    return isinstance(error, RateLimitedError) and (error.retry_after or 0.0) >= LONGEST_WAIT
