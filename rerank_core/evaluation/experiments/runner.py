"""Running an experiment: every query to every contender, side by side, within the limits, from wherever it stopped.

A job for `jobs.JobManager`: `manager.submit(run_experiment, ledger, experiment_id, query_set, make_client, ...)`.
"""

from __future__ import annotations

import contextlib
import contextvars
import random
import threading
import time
from collections import deque
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from rerank_core import pricing
from rerank_core.client.retry import wait_before
from rerank_core.errors import InvalidRequestError, RateLimitedError, RerankError, SpendingLimitError
from rerank_core.evaluation.experiments.billing import Budgets, Reservations, concerns_connection, is_fatal
from rerank_core.evaluation.experiments.connection_queue import ConnectionQueue, QueryTask
from rerank_core.evaluation.experiments.ledger import Ledger
from rerank_core.evaluation.experiments.options import ClientFactory, Only, RunOptions
from rerank_core.evaluation.experiments.patience import PATIENCE, patiently
from rerank_core.evaluation.experiments.plan import reservation
from rerank_core.evaluation.experiments.records import ExperimentProgress, ExperimentState, RatePolicy
from rerank_core.evaluation.experiments.saved_answers import RequestNames
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.models import Cost, RerankResponse
from rerank_core.pricing.allowance import Purse
from rerank_core.pricing.budget import Budget
from rerank_core.ranking.contender import Contender

if TYPE_CHECKING:
    from rerank_core.jobs import JobContext

GIVE_UP_AFTER = 10
"""Queries of one connection that fail in a row before it is given up: it is down, and each try may cost money."""

LONGEST_WAIT = 300.0
"""Seconds that a service may ask to wait; beyond that the query counts as failed."""

_POLL = 0.2
_SHARE = 20  # a report takes at most one part in so many of the time


_USUAL = RunOptions()


def run_experiment(
    context: JobContext | None,
    ledger: Ledger,
    experiment_id: str,
    query_set: QuerySet,
    make_client: ClientFactory,
    options: RunOptions = _USUAL,
) -> ExperimentProgress:
    """Ask whatever is still to be asked, and write every answer down as it arrives.

    `query_set` is the one that the experiment was made for; its models read the fields that the experiment was made
    with. Before each request the most that it may cost is set
    aside, from the experiment's own limit and from the budget and the purse of `options`, so that none is ever passed.
    Returns when everything is over, a limit is reached, a connection is given up or somebody asked for a pause;
    the progress says which. Cancelling the job breaks off what is under way, which is then listed as possibly billed.
    Raises ExperimentError where it runs already, or where answers cannot be kept.
    """
    with ledger.hold(experiment_id):
        ledger.mark_interrupted(experiment_id)
        run = _ExperimentRun(ledger, experiment_id, query_set, options)
        run.take_saved()
        for provider, tasks in run.tasks(options.only).items():
            shared = provider if options.rate_of is None else options.rate_of(provider)
            run.start(ConnectionQueue(provider, run.rate(provider), tasks, shared=shared), make_client)
        return run.finish(context)


class _ExperimentRun:
    """One start of an experiment. `_changed` guards everything that threads share, the ledger apart."""

    def __init__(self, ledger: Ledger, experiment_id: str, query_set: QuerySet, options: RunOptions) -> None:
        experiment = ledger.get(experiment_id)
        self._ledger, self._id, self._prices = ledger, experiment_id, options.prices
        self._set = replace(query_set, rank_fields=experiment.rank_fields)
        self._contenders, self._rates = experiment.contenders, experiment.rates
        self._queries = query_set.ready[: experiment.queries]  # what was added to the set since comes after these
        if len(self._queries) != experiment.queries:
            raise InvalidRequestError(
                "This is not the query set that the experiment was made for.", hint="Open the experiment again."
            )
        self._names = RequestNames(self._set, self._queries, self._contenders, options.addresses)
        self._reuse = experiment.reuse
        spent, maybe = ledger.spending(experiment_id)
        own = Budget()
        # What earlier starts spent counts, so that what it says of the limit is true after the run was resumed.
        own.settle(own.reserve(spent + maybe), spent + maybe)
        own.set_limit(experiment.spending_limit)
        self._budgets = Budgets(own, options.budget)
        self._purses = [options.purse_of(one) if options.purse_of else None for one in self._contenders]
        self._changed = threading.Condition()
        self._stop: ExperimentState | Literal[""] = ""
        self._limited = ""
        self._notes: list[str] = []
        self._under_way = 0
        self._broken: BaseException | None = None
        self._queues: list[ConnectionQueue] = []

    # What is to be done

    def take_saved(self) -> None:
        """Take over what was answered before, where the experiment says so."""
        if self._reuse:
            answered = self._ledger.answered(self._id)
            names = {place: name for place, name in self._names.all().items() if place not in answered}
            self._ledger.take_saved(self._id, names)

    def tasks(self, only: Only) -> dict[str, deque[QueryTask]]:
        """What to ask, by provider; the models of one connection take turns, query by query."""
        answered = self._ledger.answered(self._id)
        failed = {(one.contender, one.query) for one in self._ledger.failures(self._id)}
        found: dict[str, deque[QueryTask]] = {}
        for query in range(len(self._queries)):
            for place, contender in enumerate(self._contenders):
                task = QueryTask(place, query)
                if task in answered or (only != "all" and (task in failed) != (only == "failed")):
                    continue
                found.setdefault(contender.provider, deque()).append(task)
        self._ledger.set_state(self._id, "running")
        return found

    def rate(self, provider: str) -> RatePolicy:
        """How fast a connection may be asked: as the experiment says, else as usual."""
        return self._rates.get(provider) or RatePolicy.usual(provider)

    def start(self, queue: ConnectionQueue, make_client: ClientFactory) -> None:
        """Start the threads of a connection."""
        try:
            queue.client = make_client(queue.provider, max_retries=0, max_concurrency=queue.rate.concurrency)
        except RerankError as error:
            self._give_up(queue, error)
            return
        self._queues.append(queue)
        for _ in range(min(queue.rate.concurrency, len(queue.tasks))):
            # in this thread's context, so that the local models know whose work it is
            run = contextvars.copy_context().run
            thread = threading.Thread(target=run, args=(self._work, queue), name="rerank-experiment", daemon=True)
            queue.threads.append(thread)
        for thread in queue.threads:
            thread.start()

    def finish(self, context: JobContext | None) -> ExperimentProgress:
        """Wait for the end, reporting meanwhile; then write down how it ended."""
        if context is not None:
            context.on_cancel(self._break_off)
        try:
            due = 0.0
            while any(thread.is_alive() for queue in self._queues for thread in queue.threads):
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
            for queue in self._queues:
                for thread in queue.threads:
                    thread.join()
                if queue.client is not None:
                    queue.client.close()
            patiently(self._ledger.mark_interrupted, self._id)
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
            said = " ".join(dict.fromkeys([self._limited, *self._notes])).strip()
            patiently(self._ledger.set_state, self._id, state, said)

    def _asked_to_stop(self) -> bool:
        """Whether somebody asked for a pause or an end, in whichever process."""
        asked = patiently(self._ledger.asked, self._id)
        if asked:
            self._end("cancelled" if asked == "cancel" else "paused")
        return bool(asked)

    def _report(self, context: JobContext | None) -> None:
        self._asked_to_stop()
        if context is not None:
            now = patiently(self._ledger.progress, self._id)
            context.progress(now.done + now.failed, now.total, Cost(now.spent), now.text)

    def _end(self, state: ExperimentState) -> None:
        with self._changed:
            self._stop = self._stop or state
            self._changed.notify_all()

    def _break_off(self) -> None:
        self._end("paused")
        for queue in self._queues:
            if queue.client is not None:
                queue.client.close()

    # In the threads

    def _work(self, queue: ConnectionQueue) -> None:
        try:
            # Asked before each request, so that none is sent and paid for after somebody pressed Pause.
            while (task := self._next(queue)) is not None and not self._asked_to_stop():
                self._ask(queue, task)
        except BaseException as error:  # answers that cannot be kept, or a bug: no further request must be paid for
            with self._changed:
                self._broken = self._broken or error
            self._end("paused")
        with self._changed:
            self._changed.notify_all()

    def _next(self, queue: ConnectionQueue) -> QueryTask | None:
        """The next task once the connection may be asked, None at the end."""
        with self._changed:
            while not self._stop and not queue.over and queue.tasks:
                if queue.tasks[0].contender in queue.given_up:
                    queue.tasks.popleft()
                    continue
                if (wait := queue.not_before - time.monotonic()) <= 0:
                    queue.space_out()
                    return queue.tasks.popleft()
                self._changed.wait(wait)
        return None

    def _ask(self, queue: ConnectionQueue, task: QueryTask) -> None:
        """One query, with its repetitions."""
        most = reservation(self._set, self._contenders[task.contender], self._queries[task.query], self._prices)
        for attempt in range(queue.rate.retries + 1):
            if not self._turn(queue, again=attempt > 0):
                return
            reserved = self._reserve(queue, most, self._purses[task.contender])
            if reserved is None:
                return
            error = self._send(queue, task, reserved, last=attempt == queue.rate.retries)
            if error is None or not error.retryable or not self._wait(queue, attempt, error):
                return

    def _send(
        self, queue: ConnectionQueue, task: QueryTask, reserved: Reservations, *, last: bool
    ) -> RerankError | None:
        """One request; the error it came to, None where there is an answer or it was broken off."""
        assert queue.client is not None
        contender, query = self._contenders[task.contender], self._queries[task.query]
        cost: Cost | None = None
        billed = True
        try:
            asked = self._names.of(task.contender, task.query)
            number = patiently(self._ledger.begin, self._id, task.contender, task.query, reserved.most, asked)
            try:
                response = queue.client.rerank(
                    query.text,
                    self._set.documents_of(query),
                    model=contender.model,
                    rank_fields=self._set.rank_fields,
                )
            except RerankError as error:
                if error.code == "closed":
                    return None  # it stays in the ledger as under way, and is marked as interrupted at the end
                billed = error.maybe_billed
                fatal = is_fatal(error)
                final = not fatal and (last or not error.retryable or _too_long(error))
                patiently(self._ledger.fail, number, error, billed=billed, final=final)
                self._count_failure(queue, task, error, fatal=fatal, final=final)
                return error
            cost = self._priced(response, contender)
            patiently(self._ledger.answer, number, response, cost.amount, cost.basis)
            with self._changed:
                queue.failed_in_a_row = 0
            return None
        finally:
            with self._changed:
                self._budgets.settle(reserved, cost, billed=billed)
                self._under_way -= 1
                self._changed.notify_all()

    def _count_failure(
        self, queue: ConnectionQueue, task: QueryTask, error: RerankError, *, fatal: bool, final: bool
    ) -> None:
        """Give up what would only fail again."""
        if fatal:
            self._give_up(queue, error, None if concerns_connection(error) else task.contender)
        elif final and not isinstance(error, InvalidRequestError):
            with self._changed:
                queue.failed_in_a_row += 1
                down = queue.failed_in_a_row >= GIVE_UP_AFTER
            if down:
                self._give_up(queue, error, why=f"{GIVE_UP_AFTER} queries in a row failed, the last one so:")

    def _give_up(
        self, queue: ConnectionQueue, error: RerankError, contender: int | None = None, *, why: str = ""
    ) -> None:
        """Take no further task of a connection, or of one of its contenders."""
        who = queue.provider if contender is None else self._contenders[contender].label
        with self._changed:
            self._notes.append(f"{who} was given up. {why} {error}".replace("  ", " "))
            if contender is None:
                queue.over = "given up"
            else:
                queue.given_up.add(contender)
            self._changed.notify_all()

    def _priced(self, response: RerankResponse, contender: Contender) -> Cost:
        if self._prices is None or response.cost.basis not in ("computed", "unknown"):
            return response.cost
        return pricing.cost_of(
            response.provider, response.model or contender.model, response.usage.search_units, prices=self._prices
        )

    # Money and time

    def _reserve(self, queue: ConnectionQueue, most: Decimal | None, purse: Purse | None) -> Reservations | None:
        """Set money aside, waiting for what is under way where that may free enough; None where it will not, or
        where the run is over."""
        end = time.monotonic() + PATIENCE
        with self._changed:
            while not self._stop and not queue.over:
                try:
                    reserved = self._budgets.reserve(most, purse)
                except SpendingLimitError as error:
                    if self._under_way:
                        self._changed.wait(_POLL)
                        continue
                    self._limited = f"{error.message} {error.hint}"
                    queue.over = "limit"
                    self._changed.notify_all()
                except RerankError as error:  # the ledger of spending is away
                    if not error.retryable or time.monotonic() > end:
                        raise
                    self._changed.wait(_POLL)
                else:
                    self._under_way += 1
                    return reserved
        return None

    def _wait(self, queue: ConnectionQueue, attempt: int, error: RerankError) -> bool:
        """Set the time before the next attempt; False where there is none."""
        named = error.retry_after if isinstance(error, RateLimitedError) else None
        wait = wait_before(attempt, named, LONGEST_WAIT, random.random)
        if wait is None:
            return False
        moment = time.monotonic() + wait
        with self._changed:
            if isinstance(error, RateLimitedError):
                queue.not_before = max(queue.not_before, moment)  # it is the connection that is asked to slow down
            return self._until(queue, moment)

    def _turn(self, queue: ConnectionQueue, *, again: bool) -> bool:
        """Wait for the turn that the rate leaves to a request; False where the run is over. Among those of this run the
        first attempt has had its turn already."""
        with self._changed:
            if again and not self._until(queue):
                return False
            if again:
                queue.space_out()
        moment = time.monotonic() + queue.wait_for_others(self._ledger)
        with self._changed:
            return self._until(queue, moment)

    def _until(self, queue: ConnectionQueue, moment: float | None = None) -> bool:
        """Wait for this moment, or for when the connection may be asked again, which others may put off meanwhile;
        False where the run is over. With `_changed` held."""
        while not self._stop and not queue.over:
            left = (queue.not_before if moment is None else moment) - time.monotonic()
            if left <= 0:
                return True
            self._changed.wait(left)
        return False


def _too_long(error: RerankError) -> bool:
    return isinstance(error, RateLimitedError) and (error.retry_after or 0.0) >= LONGEST_WAIT
