"""Carrying out the steps of a flow: one driver with threads, one with tasks. Neither knows what is sent how."""

from __future__ import annotations

import asyncio
import math
import threading
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator, Mapping
from contextlib import aclosing, closing, suppress
from dataclasses import dataclass
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, Generic, TypeAlias, TypeVar

from rerank_core.client.concurrency import AsyncJob, CancelToken, Job, run_concurrently, run_concurrently_async
from rerank_core.client.flow import rerank_flow
from rerank_core.client.pace import Pace
from rerank_core.client.steps import BatchResult, ClientSettings, Compute, Flow, Gather, OnProgress, Send, Step, Wait
from rerank_core.errors import ConfigurationError, InvalidRequestError, RerankError
from rerank_core.models import RerankRequest, RerankResponse
from rerank_core.providers.spec import ProviderSpec
from rerank_core.transport.reply import Failure, Reply
from rerank_core.transport.sockets import Deadline

T = TypeVar("T")
Outcome: TypeAlias = RerankResponse | RerankError


class DriverBase:
    """What both drivers are made of."""

    def __init__(self, settings: ClientSettings) -> None:
        self._settings = settings
        self._timing = settings.timing
        self._width = settings.max_concurrency
        self._cancel_token = CancelToken()
        self._pace = Pace(settings.per_minute, settings.timing.clock)

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
        closed = ", closed" if self._cancel_token.cancelled else ""
        return f"<{type(self).__name__} {self._settings.spec.id!r}{where}{closed}>"

    def _check_open(self) -> None:
        if self._cancel_token.cancelled:
            raise _closed()

    def _flow(self, request: RerankRequest, on_progress: OnProgress | None = None) -> Flow[RerankResponse]:
        if on_progress is not None and (not callable(on_progress) or iscoroutinefunction(on_progress)):
            raise InvalidRequestError(  # now, since afterwards the call has been paid for
                "on_progress is no ordinary function.", hint="Give a function of one argument, not an async one."
            )
        return rerank_flow(self._settings, request, on_progress)

    def _remaining(self, step: Send) -> float | None:
        """Seconds until the whole call has to end, None where it has no limit."""
        return None if math.isinf(step.ends_at) else max(0.0, step.ends_at - self._timing.clock())

    def _deadline_of(self, step: Send) -> Deadline | None:
        """The deadline of one attempt, None where the call's time was over before its turn came."""
        clock = self._timing.clock
        seconds = min(step.timeout, step.ends_at - clock())
        return Deadline(seconds, clock) if seconds > 0 else None

    def _busy(self) -> Failure:
        return Failure("busy", f"the total time-out passed before one of {self._width} places was free")


@dataclass(frozen=True, slots=True)
class _Returned(Generic[T]):
    """The end of a flow, and what it returned."""

    value: T


def _advance(flow: Flow[T], outcome: Any) -> Step | _Returned[T]:
    """Hand a flow the outcome of its last step, an error included: the next step, or the end."""
    try:
        return flow.throw(outcome) if isinstance(outcome, RerankError) else flow.send(outcome)
    except StopIteration as end:
        return _Returned(end.value)


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


class Driver(DriverBase, ABC):
    """Drives flows in the caller's thread, and batches of them in threads of their own."""

    def __init__(self, settings: ClientSettings) -> None:
        super().__init__(settings)
        self._places = threading.Semaphore(self._width)

    @abstractmethod
    def _exchange(self, body: bytes, address: str, deadline: Deadline) -> Reply | Failure:
        """Send a body to an address and read the whole reply, within the deadline."""

    def _drive(self, flow: Flow[T], token: CancelToken) -> T:
        with closing(flow):
            step = _advance(flow, None)
            while not isinstance(step, _Returned):
                step = _advance(flow, self._perform(step, token))
        return step.value

    def _many(self, jobs: Iterator[Job[Outcome]]) -> Generator[Outcome, None, None]:
        return run_concurrently(jobs, self._width, self._cancel_token)

    def _jobs(self, requests: Iterable[RerankRequest]) -> Iterator[Job[Outcome]]:
        for number, item in enumerate(requests, 1):
            self._check_open()
            yield partial(self._outcome, item, number)

    def _answer(self, request: RerankRequest, on_progress: OnProgress | None, token: CancelToken) -> RerankResponse:
        """The answer to one request. Raises RerankError."""
        return self._drive(self._flow(request, on_progress), token)

    def _outcome(self, item: RerankRequest, number: int, token: CancelToken) -> Outcome:
        try:
            return self._answer(_check_request(item, number), None, token)
        except RerankError as error:
            return error

    def _perform(self, step: Step, token: CancelToken) -> Any:
        """The outcome of a step, or the RerankError that it ended in."""
        try:
            if isinstance(step, Send):
                return self._send(step, token)
            if isinstance(step, Wait):
                return self._wait(step.seconds, token)
            if isinstance(step, Gather):
                return self._gather(step, token)
            return self._compute(step, token)
        except RerankError as error:
            return error

    def _wait(self, seconds: float, token: CancelToken) -> None:
        (self._timing.sleep or token.wait)(seconds)
        if token.cancelled:
            raise _closed()

    def _send(self, step: Send, token: CancelToken) -> Reply | Failure:
        if (pause := self._pace.wait(step.ends_at)) is None:
            return self._busy()
        if pause:
            self._wait(pause, token)
        if not self._places.acquire(timeout=self._remaining(step)):
            return self._busy()
        try:
            if (deadline := self._deadline_of(step)) is None:
                return self._busy()
            with token.watching(deadline.cancel):
                if token.cancelled:
                    raise _closed()
                outcome = self._exchange(step.body, step.address, deadline)
        finally:
            self._places.release()
        if token.cancelled and isinstance(outcome, Failure):
            # Of a request that was just being sent the last bytes may have gone in that moment.
            raise _closed(billed=outcome.billed or deadline.phase == "sending")
        return outcome

    def _gather(self, step: Gather, token: CancelToken) -> list[BatchResult]:
        found: dict[int, BatchResult] = {}
        jobs = (partial(self._numbered, number, flow) for number, flow in enumerate(step.flows))
        with closing(run_concurrently(jobs, self._width, token)) as results:
            for number, result in results:
                step.each(result)
                found[number] = result
        return [found[number] for number in sorted(found)]

    def _numbered(self, number: int, flow: Flow[BatchResult], token: CancelToken) -> tuple[int, BatchResult]:
        return number, self._drive(flow, token)

    def _compute(self, step: Compute, token: CancelToken) -> Any:
        def report(done: int, total: int) -> None:
            if token.cancelled:
                raise _closed()
            step.report(done, total)

        return step.work(report)


class AsyncDriver(DriverBase, ABC):
    """Drives flows in tasks of one event loop, and work on this computer in a thread."""

    def __init__(self, settings: ClientSettings) -> None:
        super().__init__(settings)
        self._places = asyncio.Semaphore(self._width)
        self._loop: asyncio.AbstractEventLoop | None = None

    @abstractmethod
    async def _exchange(self, body: bytes, address: str, deadline: Deadline) -> Reply | Failure:
        """Send a body to an address and read the whole reply, within the deadline."""

    async def _drive(self, flow: Flow[T]) -> T:
        with closing(flow):
            step = _advance(flow, None)
            while not isinstance(step, _Returned):
                step = _advance(flow, await self._perform(step))
        return step.value

    def _many(
        self, jobs: Iterable[AsyncJob[Outcome]] | AsyncIterable[AsyncJob[Outcome]]
    ) -> AsyncGenerator[Outcome, None]:
        return run_concurrently_async(jobs, self._width)

    def _jobs(self, requests: Iterable[RerankRequest]) -> Iterator[AsyncJob[Outcome]]:
        for number, item in enumerate(requests, 1):
            self._check_open()
            yield partial(self._outcome, item, number)

    async def _later_jobs(self, requests: AsyncIterable[RerankRequest]) -> AsyncIterator[AsyncJob[Outcome]]:
        number = 0
        async for item in requests:
            self._check_open()
            number += 1
            yield partial(self._outcome, item, number)

    async def _answer(self, request: RerankRequest, on_progress: OnProgress | None) -> RerankResponse:
        """The answer to one request. Raises RerankError."""
        return await self._drive(self._flow(request, on_progress))

    async def _outcome(self, item: RerankRequest, number: int) -> Outcome:
        try:
            return await self._answer(_check_request(item, number), None)
        except RerankError as error:
            return error

    async def _perform(self, step: Step) -> Any:
        """The outcome of a step, or the RerankError that it ended in."""
        try:
            self._check_loop()
            if isinstance(step, Send):
                return await self._send(step)
            if isinstance(step, Wait):
                return await self._wait(step.seconds)
            if isinstance(step, Gather):
                return await self._gather(step)
            return await self._compute(step)
        except RerankError as error:
            return error

    def _check_loop(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is None:
            self._loop = loop
        if self._loop is not loop:
            raise ConfigurationError(
                "This client belongs to another event loop.", hint="Make one AsyncClient in each asyncio.run."
            )

    async def _send(self, step: Send) -> Reply | Failure:
        if (pause := self._pace.wait(step.ends_at)) is None:
            return self._busy()
        if pause:
            await self._wait(pause)
        try:
            async with asyncio.timeout(self._remaining(step) if self._places.locked() else None):
                await self._places.acquire()
        except TimeoutError:
            return self._busy()
        try:
            self._check_open()
            if (deadline := self._deadline_of(step)) is None:
                return self._busy()
            outcome = await self._exchange(step.body, step.address, deadline)
        finally:
            self._places.release()
        if self._cancel_token.cancelled and isinstance(outcome, Failure):
            # Of a request that was just being sent the last bytes may have gone in that moment.
            raise _closed(billed=outcome.billed or deadline.phase == "sending")
        return outcome

    async def _wait(self, seconds: float) -> None:
        if self._timing.sleep is not None:
            self._timing.sleep(seconds)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds) as scope:
                    with self._cancel_token.watching(partial(expire, scope)):
                        await asyncio.get_running_loop().create_future()
        self._check_open()

    async def _gather(self, step: Gather) -> list[BatchResult]:
        found: dict[int, BatchResult] = {}
        jobs = (partial(self._numbered, number, flow) for number, flow in enumerate(step.flows))
        async with aclosing(run_concurrently_async(jobs, self._width)) as results:
            async for number, result in results:
                step.each(result)
                found[number] = result
        return [found[number] for number in sorted(found)]

    async def _numbered(self, number: int, flow: Flow[BatchResult]) -> tuple[int, BatchResult]:
        return number, await self._drive(flow)

    async def _compute(self, step: Compute) -> Any:
        loop, given_up = asyncio.get_running_loop(), threading.Event()

        async def on_loop(done: int, total: int) -> None:
            step.report(done, total)

        def report(done: int, total: int) -> None:
            if given_up.is_set() or self._cancel_token.cancelled:
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
