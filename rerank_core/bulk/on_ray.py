"""Scoring a data set in bulk on the machines of a Ray cluster: each part is a task of Ray Data.

The parts, the folder and the promises are those of `rerank_core.bulk.run`. A part that is lost with its machine is
computed anew on another one; it is written whole or not at all, and under the same name. What all machines share, the
money and the pace of requests, is kept by one actor on the machine that starts the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any

from rerank_core import extras

extras.require("Scoring on a cluster", "ray", "ray")

import ray
import ray.data
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from rerank_core.bulk.parts import BulkOptions, digest_of, parts_of, score_part
from rerank_core.bulk.purse import BulkPurse
from rerank_core.bulk.run import BulkProgress
from rerank_core.bulk.source import Mark, read
from rerank_core.bulk.target import BulkFolder
from rerank_core.client.client import Client
from rerank_core.client.pace import Pace
from rerank_core.errors import RerankError, SpendingLimitError
from rerank_core.models import RerankRequest, RerankResponse
from rerank_core.pricing.budget import Reservation
from rerank_core.providers import provider as find_provider


@dataclass(frozen=True, slots=True)
class _Task:
    """What a worker is told: where everything is, and how a part is scored."""

    source: str
    target: str
    provider: str
    base_url: str | None
    at_once: int
    options: BulkOptions


class _Shared:
    """The actor: the purse, and the moments at which requests may go."""

    def __init__(self, target: str, options: BulkOptions, free: bool) -> None:
        self._purse = BulkPurse(BulkFolder(target), options.limit, free=free)
        self._pace = Pace(options.per_minute, time.monotonic)
        self._stopped: RerankError | None = None

    def spent(self) -> Any:
        """What is spent over all starts."""
        return self._purse.spent

    def begin(self, part: int, mosts: list[Decimal | None]) -> None:
        """See BulkPurse.begin."""
        self._purse.begin(part, mosts)

    def end(self, part: int) -> None:
        """See BulkPurse.end."""
        self._purse.end(part)

    def reserve(self, part: int, most: Decimal | None) -> tuple[Reservation | None, float, str]:
        """A ticket and the seconds to wait before sending; no ticket, and why, where the limit does not allow it."""
        try:
            ticket = self._purse.reserve(part, most)
        except SpendingLimitError as error:
            return None, 0.0, error.message
        return ticket, self._pace.wait(float("inf")) or 0.0, ""

    def settle(self, part: int, ticket: Reservation, outcome: RerankResponse | RerankError) -> None:
        """See BulkPurse.settle."""
        self._purse.settle(part, ticket, outcome)

    def stop(self, error: RerankError) -> None:
        """No part is begun any more."""
        self._stopped = self._stopped or error

    def stopped(self) -> RerankError | None:
        """What ended the run early, None while it goes on."""
        return self._stopped


class _Remote:
    """The purse of a worker: it asks the actor."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def begin(self, part: int, mosts: Iterable[Decimal | None]) -> None:
        ray.get(self._actor.begin.remote(part, list(mosts)))

    def end(self, part: int) -> None:
        ray.get(self._actor.end.remote(part))

    def reserve(self, part: int, most: Decimal | None) -> Reservation:
        ticket, wait, why = ray.get(self._actor.reserve.remote(part, most))
        if ticket is None:
            raise SpendingLimitError(why)
        time.sleep(wait)
        found: Reservation = ticket
        return found

    def settle(self, part: int, ticket: Reservation, outcome: RerankResponse | RerankError) -> None:
        """Only the money of the outcome travels, not its texts."""
        ray.get(self._actor.settle.remote(part, ticket, _without_texts(outcome)))


_NOTHING = RerankRequest("-", ["-"])


def _without_texts(outcome: RerankResponse | RerankError) -> RerankResponse | RerankError:
    if isinstance(outcome, RerankResponse):
        return replace(outcome, results=(), request=_NOTHING, sent=None, raw=None, spans={}, warnings=(), attempts=())
    return _plain(outcome)


def _plain(error: RerankError) -> RerankError:
    """An error that can go from one process to another: without its request, whose texts stay where they are."""
    made = (SpendingLimitError if isinstance(error, SpendingLimitError) else RerankError)(
        error.message, hint=error.hint, code=error.code, status=error.status, retryable=error.retryable
    )
    made.maybe_billed = error.maybe_billed
    return made


def _score(row: dict[str, Any], task: _Task, actor: Any) -> dict[str, Any]:
    """One part, on a worker: how many of its queries failed."""
    number, queries = int(row["number"]), int(row["queries"])
    said = {"number": number, "failed": 0, "done": False}
    if ray.get(actor.stopped.remote()) is not None:
        return said
    options = task.options
    mark = Mark(int(row["at"]), int(row["line"]), int(row["before"]))
    try:
        part = list(islice(read(task.source, options.model, options.rank_fields, mark), queries))
        folder = BulkFolder(task.target)
        if folder.has(number, digest_of(part)):
            return said | {"done": True}
        with Client(
            task.provider, base_url=task.base_url, max_retries=options.max_retries, max_concurrency=task.at_once
        ) as client:
            failed = score_part(number, part, folder, client, options, _Remote(actor))
    except RerankError as error:
        ray.get(actor.stop.remote(_plain(error)))
        return said
    return said | {"failed": failed, "done": True}


def run_bulk_on_ray(  # noqa: PLR0913  # what the command can be told is its signature
    source: str,
    target: str,
    provider: str,
    options: BulkOptions,
    on_progress: Callable[[BulkProgress], None] | None = None,
    *,
    address: str = "auto",
    base_url: str | None = None,
    at_once: int = 8,
) -> BulkProgress:
    """What `run_bulk` does, on the cluster at `address` ("auto" for the one that runs here, "local" for one that is
    started for this run; one that this process is connected to already is used as it is).

    `source` and `target` are addresses that every machine reaches under the same name. The library is installed on
    each, and keys are in the environment of each: none is sent through Ray. `at_once` requests are under way on a
    worker. Raises what `run_bulk` raises.
    """
    spec = find_provider(provider)
    folder = BulkFolder(target)
    folder.begin(options.settings(spec.id))
    at, plan = BulkProgress(), []
    for number, part in enumerate(parts_of(read(source, options.model, options.rank_fields), options)):
        size = sum(one.size for one in part)
        kept = folder.has(number, digest_of(part))
        at = replace(
            at,
            parts=at.parts + kept,
            kept=at.kept + kept,
            queries=at.queries + len(part),
            documents=at.documents + size,
        )
        if not kept:
            mark = part[0].mark
            plan.append(
                {"number": number, "queries": len(part), "at": mark.at, "line": mark.line, "before": mark.queries}
            )
    at = replace(at, spent=BulkPurse(folder, options.limit, free=spec.is_local).spent)
    if not plan:
        return at
    started = not ray.is_initialized()
    if started:
        ray.init(address=None if address == "local" else address, log_to_driver=False, include_dashboard=None)
    try:
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
        shared = ray.remote(_Shared).options(num_cpus=0, scheduling_strategy=here)
        actor = shared.remote(target, options, spec.is_local)
        task = _Task(source, target, spec.id, base_url, 1 if spec.is_local else at_once, options)
        for row in _run(plan, partial(_score, task=task, actor=actor)):
            at = replace(
                at,
                parts=at.parts + bool(row["done"]),
                failed=at.failed + int(row["failed"]),
                spent=ray.get(actor.spent.remote()),
            )
            if on_progress is not None:
                on_progress(at)
        if (error := ray.get(actor.stopped.remote())) is not None:
            raise error
    finally:
        if started:
            ray.shutdown()
    return at


def _run(plan: list[dict[str, int]], score: Callable[[dict[str, Any]], dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What each part came to, as they end. A part is a block of its own, so that one is lost alone."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = False
    yield from ray.data.from_items(plan, override_num_blocks=len(plan)).map(score).iter_rows()
