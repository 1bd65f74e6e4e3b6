"""Carrying out the steps of a flow: one driver with threads, one with tasks. Neither knows what is sent how."""

from __future__ import annotations

import asyncio
import math
import threading
from abc import ABC, abstractmethod
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import aclosing, closing, suppress
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, TypeAlias, TypeVar

from rerank_core.client.flow import rerank_flow
from rerank_core.client.steps import Compute, Flow, Gather, OnProgress, Send, Settings, Settled, Step, Wait
from rerank_core.client.workers import Switch, spread, spread_async
from rerank_core.errors import ConfigurationError, InvalidRequestError, RerankError
from rerank_core.models import RerankRequest, RerankResponse
from rerank_core.providers.spec import ProviderSpec
from rerank_core.transport.reply import Failure, Reply
from rerank_core.transport.sockets import Allowance

__all__ = ["AsyncDriver", "Driver", "Outcome", "check_requests"]

T = TypeVar("T")
Outcome: TypeAlias = RerankResponse | RerankError
AsyncJob: TypeAlias = Callable[[], Coroutine[Any, Any, Outcome]]


class _Base:
    """What both drivers are made of."""

    def __init__(self, settings: Settings, width: int) -> None:
        self._settings = settings
        self._timing = settings.timing
        self._width = width
        self._switch = Switch()

    @property
    def provider(self) -> ProviderSpec:
        """The provider that this client talks to."""
        return self._settings.spec

    @property
    def address(self) -> str | None:
        """The full address that requests go to, None where nothing leaves this computer."""
        return self._settings.address or None

    def __repr__(self) -> str:
        where = f" at {self._settings.address}" if self._settings.address else ""
        return f"<{type(self).__name__} {self._settings.spec.id!r}{where}{', closed' if self._switch.tripped else ''}>"

    def _check_open(self) -> None:
        if self._switch.tripped:
            raise _closed()

    def _flow(self, request: RerankRequest, on_progress: OnProgress | None = None) -> Flow[RerankResponse]:
        if on_progress is not None and (not callable(on_progress) or iscoroutinefunction(on_progress)):
            raise InvalidRequestError(  # now, since afterwards the call has been paid for
                "on_progress is no ordinary function.", hint="Give a function of one argument, not an async one."
            )
        return rerank_flow(self._settings, request, on_progress)

    def _remaining(self, step: Send) -> float | None:
        """Seconds until a call's deadline, None where it has none."""
        return None if math.isinf(step.deadline) else max(0.0, step.deadline - self._timing.clock())

    def _allow(self, step: Send) -> Allowance | None:
        """The time for one attempt, None where the deadline passed while it waited for its turn."""
        clock = self._timing.clock
        seconds = min(step.timeout, step.deadline - clock())
        return Allowance(seconds, clock) if seconds > 0 else None

    def _busy(self) -> Failure:
        return Failure("busy", f"the total time-out passed before one of {self._width} places was free")


def _advance(flow: Flow[T], outcome: Any) -> tuple[Step | None, T | None]:
    """Hand a flow the outcome of its last step: the next step, or None and what the flow returns."""
    try:
        return (flow.throw(outcome) if isinstance(outcome, RerankError) else flow.send(outcome)), None
    except StopIteration as end:
        return None, end.value


def _closed(*, billed: bool = False) -> ConfigurationError:
    error = ConfigurationError("The client is closed.", code="closed", hint="Make a new client.")
    error.maybe_billed = billed
    return error


def check_requests(requests: object, *kinds: type) -> None:
    """Raise InvalidRequestError where somebody hands in something else than several requests."""
    if not isinstance(requests, kinds) or isinstance(requests, str | bytes | Mapping):
        raise InvalidRequestError(
            f"The requests are a {type(requests).__name__}, not a list.", hint="Give several RerankRequest objects."
        )


def _check_request(item: object, number: int) -> RerankRequest:
    if isinstance(item, RerankRequest):
        return item
    raise InvalidRequestError(
        f"Request {number} is a {type(item).__name__}, not a RerankRequest.", hint="Make it with RerankRequest(...)."
    )


class Driver(_Base, ABC):
    """Drives flows in the caller's thread, and parts of them in threads of their own."""

    def __init__(self, settings: Settings, width: int) -> None:
        super().__init__(settings, width)
        self._places = threading.Semaphore(width)

    @abstractmethod
    def _exchange(self, body: bytes, allowance: Allowance) -> Reply | Failure:
        """Send a body and read the whole reply, within the allowance."""

    def _drive(self, flow: Flow[T], switch: Switch) -> T:
        outcome: Any = None
        try:
            while True:
                step, value = _advance(flow, outcome)
                if step is None:
                    return value  # type: ignore[return-value]  # a flow that has ended returned a T
                try:
                    outcome = self._perform(step, switch)
                except RerankError as error:
                    outcome = error
        finally:
            flow.close()

    def _many(self, jobs: Iterator[Callable[[Switch], Outcome]]) -> Generator[Outcome, None, None]:
        return spread(jobs, self._width, self._switch)

    def _jobs(self, requests: Iterable[RerankRequest]) -> Iterator[Callable[[Switch], Outcome]]:
        for number, item in enumerate(requests, 1):
            self._check_open()
            yield partial(self._outcome, item, number)

    def _outcome(self, item: RerankRequest, number: int, switch: Switch) -> Outcome:
        try:
            return self._drive(self._flow(_check_request(item, number)), switch)
        except RerankError as error:
            return error

    def _perform(self, step: Step, switch: Switch) -> Any:
        if isinstance(step, Send):
            return self._send(step, switch)
        if isinstance(step, Wait):
            (self._timing.sleep or switch.wait)(step.seconds)
            if switch.tripped:
                raise _closed()
            return None
        if isinstance(step, Gather):
            return self._gather(step, switch)
        return self._compute(step, switch)

    def _send(self, step: Send, switch: Switch) -> Reply | Failure:
        if not self._places.acquire(timeout=self._remaining(step)):
            return self._busy()
        try:
            if (allowance := self._allow(step)) is None:
                return self._busy()
            with switch.watching(allowance.cancel):
                if switch.tripped:
                    raise _closed()
                outcome = self._exchange(step.body, allowance)
        finally:
            self._places.release()
        if switch.tripped and isinstance(outcome, Failure):
            raise _closed(billed=outcome.billed)
        return outcome

    def _gather(self, step: Gather, switch: Switch) -> list[Settled]:
        settled: dict[int, Settled] = {}
        jobs = (partial(self._part, place, flow) for place, flow in enumerate(step.flows))
        with closing(spread(jobs, self._width, switch)) as parts:
            for place, part in parts:
                step.each(part)
                settled[place] = part
        return [settled[place] for place in range(len(step.flows))]

    def _part(self, place: int, flow: Flow[Settled], switch: Switch) -> tuple[int, Settled]:
        return place, self._drive(flow, switch)

    def _compute(self, step: Compute, switch: Switch) -> Any:
        def report(done: int, total: int) -> None:
            if switch.tripped:
                raise _closed()
            step.report(done, total)

        return step.work(report)


class AsyncDriver(_Base, ABC):
    """Drives flows in tasks of one event loop, and work on this computer in a thread."""

    def __init__(self, settings: Settings, width: int) -> None:
        super().__init__(settings, width)
        self._places = asyncio.Semaphore(width)
        self._loop: asyncio.AbstractEventLoop | None = None

    @abstractmethod
    async def _exchange(self, body: bytes, allowance: Allowance) -> Reply | Failure:
        """Send a body and read the whole reply, within the allowance."""

    async def _drive(self, flow: Flow[T]) -> T:
        outcome: Any = None
        try:
            while True:
                step, value = _advance(flow, outcome)
                if step is None:
                    return value  # type: ignore[return-value]  # a flow that has ended returned a T
                try:
                    outcome = await self._perform(step)
                except RerankError as error:
                    outcome = error
        finally:
            flow.close()

    def _many(self, jobs: Iterable[AsyncJob] | AsyncIterable[AsyncJob]) -> AsyncGenerator[Outcome, None]:
        return spread_async(jobs, self._width)

    def _jobs(self, requests: Iterable[RerankRequest]) -> Iterator[AsyncJob]:
        for number, item in enumerate(requests, 1):
            self._check_open()
            yield partial(self._outcome, item, number)

    async def _later_jobs(self, requests: AsyncIterable[RerankRequest]) -> AsyncIterator[AsyncJob]:
        number = 0
        async for item in requests:
            self._check_open()
            number += 1
            yield partial(self._outcome, item, number)

    async def _outcome(self, item: RerankRequest, number: int) -> Outcome:
        try:
            return await self._drive(self._flow(_check_request(item, number)))
        except RerankError as error:
            return error

    async def _perform(self, step: Step) -> Any:
        self._check_loop()
        if isinstance(step, Send):
            return await self._send(step)
        if isinstance(step, Wait):
            return await self._wait(step.seconds)
        if isinstance(step, Gather):
            return await self._gather(step)
        return await self._compute(step)

    def _check_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        if self._loop is not loop:
            raise ConfigurationError(
                "This client belongs to another event loop.", hint="Make one AsyncClient in each asyncio.run."
            )

    async def _send(self, step: Send) -> Reply | Failure:
        try:
            async with asyncio.timeout(self._remaining(step) if self._places.locked() else None):
                await self._places.acquire()
        except TimeoutError:
            return self._busy()
        try:
            self._check_open()
            if (allowance := self._allow(step)) is None:
                return self._busy()
            outcome = await self._exchange(step.body, allowance)
        finally:
            self._places.release()
        if self._switch.tripped and isinstance(outcome, Failure):
            raise _closed(billed=outcome.billed)
        return outcome

    async def _wait(self, seconds: float) -> None:
        if self._timing.sleep is not None:
            self._timing.sleep(seconds)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds) as scope:
                    with self._switch.watching(partial(expire, scope)):
                        await asyncio.get_running_loop().create_future()
        self._check_open()

    async def _gather(self, step: Gather) -> list[Settled]:
        settled: dict[int, Settled] = {}
        jobs = (partial(self._part, place, flow) for place, flow in enumerate(step.flows))
        async with aclosing(spread_async(jobs, self._width)) as parts:
            async for place, part in parts:
                step.each(part)
                settled[place] = part
        return [settled[place] for place in range(len(step.flows))]

    async def _part(self, place: int, flow: Flow[Settled]) -> tuple[int, Settled]:
        return place, await self._drive(flow)

    async def _compute(self, step: Compute) -> Any:
        loop, given_up = asyncio.get_running_loop(), threading.Event()

        async def on_loop(done: int, total: int) -> None:
            step.report(done, total)

        def report(done: int, total: int) -> None:
            if given_up.is_set() or self._switch.tripped:
                raise _closed()
            if step.for_caller:
                asyncio.run_coroutine_threadsafe(on_loop(done, total), loop).result()
            else:
                step.report(done, total)

        try:
            return await asyncio.to_thread(step.work, report)
        finally:
            given_up.set()


def expire(scope: asyncio.Timeout) -> None:
    """End a time-out's block now."""
    if not scope.expired():
        scope.reschedule(0.0)
