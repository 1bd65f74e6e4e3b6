"""The rerank client, in a version that blocks and one that does not.

Both are short drivers of the flow in `_flow.py`: they send, wait and run what it asks for, and know nothing of
retries, batches or what a reply means.
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Generator, Iterable, Iterator, Mapping
from contextlib import aclosing, closing, suppress
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

import httpcore
import httpx

from rerank_core._flow import (
    Compute,
    Failure,
    Flow,
    Gather,
    OnProgress,
    Reply,
    Send,
    Settled,
    Step,
    Wait,
    rerank_flow,
)
from rerank_core._network import Allowance, open_async_pool, open_pool
from rerank_core._retry import Timing
from rerank_core._settings import read_settings
from rerank_core._spread import Switch, spread, spread_async
from rerank_core.errors import ConfigurationError, InvalidRequestError, RerankError
from rerank_core.keys import ApiKey
from rerank_core.models import DocumentInput, RerankRequest, RerankResponse
from rerank_core.providers.spec import ProviderSpec

__all__ = ["LARGEST_REPLY", "AsyncClient", "Client"]

T = TypeVar("T")
Outcome = RerankResponse | RerankError

LARGEST_REPLY = 64 * 1024 * 1024
"""Bytes: a reply that goes on beyond this is not read to its end."""

_HEADERS = {"accept": "application/json", "accept-encoding": "gzip, deflate", "content-type": "application/json"}
_BROKEN = (httpx.HTTPError, httpx.InvalidURL, OSError)  # all that an attempt may die of; the rest are bugs


class _Transport(httpx.HTTPTransport):
    """httpx's transport over a pool whose sockets keep to the deadline of an attempt."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool


class _AsyncTransport(httpx.AsyncHTTPTransport):
    """The same for asynchronous use."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool


class _Base:
    """What both clients are made of: checked settings, and all of an exchange but its input and output."""

    def __init__(
        self,
        provider: str | ProviderSpec,
        api_key: str | ApiKey | None = None,
        base_url: str | None = None,
        timeout: float = 60.0,
        total_timeout: float | None = None,
        max_retries: int = 2,
        max_concurrency: int = 8,
        transport: Any = None,
        *,
        _timing: Timing | None = None,
    ) -> None:
        self._settings = read_settings(
            provider, api_key, base_url, timeout, total_timeout, max_retries, max_concurrency, _timing
        )
        self._timing = self._settings.timing
        self._width = max_concurrency
        self._switch = Switch()
        address = self._settings.address
        try:
            self._url = httpx.URL(address)
        except httpx.InvalidURL:
            raise ConfigurationError(
                "The base address is not an http or https address.", hint="Check it for characters out of place."
            ) from None
        self._open(transport, address)

    def _open(self, transport: Any, address: str) -> None:
        raise NotImplementedError

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
        return rerank_flow(self._settings, request, on_progress)

    def _request(self, body: bytes, allowance: Allowance) -> httpx.Request:
        headers = httpx.Headers(_HEADERS)
        if self._settings.key is not None:
            headers["authorization"] = f"Bearer {self._settings.key.reveal()}"
        limits = {"connect": allowance, "read": allowance, "write": allowance, "pool": allowance}
        return httpx.Request("POST", self._url, headers=headers, content=body, extensions={"timeout": limits})

    def _remaining(self, step: Send) -> float | None:
        """Seconds until a call's deadline, None where it has none."""
        return None if math.isinf(step.deadline) else max(0.0, step.deadline - self._timing.clock())

    def _allow(self, step: Send) -> Allowance | None:
        """The time for one attempt, None where the deadline has passed while it waited for its turn."""
        clock = self._timing.clock
        seconds = min(step.timeout, step.deadline - clock())
        return Allowance(seconds, clock) if seconds > 0 else None

    def _busy(self) -> Failure:
        return Failure("busy", f"all {self._width} places of this client stayed taken")


class _Body:
    """A reply as it comes in, within bounds of size and time."""

    def __init__(self, allowance: Allowance, response: httpx.Response) -> None:
        self._allowance, self._size = allowance, 0
        self._chunks: list[bytes] = []
        allowance.answered = response.is_success

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > LARGEST_REPLY:
            raise httpx.DecodingError(f"it is larger than {LARGEST_REPLY // 2**20} MB")
        if self._allowance.left() <= 0:
            raise httpx.ReadTimeout("the reply came too slowly")

    def whole(self) -> bytes:
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)


def _failure(error: Exception, allowance: Allowance) -> Failure:
    """What an exception of httpx or of the operating system means for the call."""
    said = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        in_the_dark = isinstance(error, TimeoutError) and allowance.phase in (None, "reading")
        billed = allowance.answered or in_the_dark or isinstance(error, httpx.ReadTimeout)
        what = "no whole reply came" if billed else "no connection came about, or the request could not be sent,"
        return Failure("timeout", f"{what} within {float(allowance):.3g} seconds", billed)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | httpx.LocalProtocolError):
        return Failure("address", said)
    if isinstance(error, httpx.DecodingError):
        return Failure("reply", f"the reply cannot be read: {said}")
    return Failure("connection", said, billed=allowance.answered)


def _advance(flow: Flow[T], outcome: Any) -> tuple[Step | None, T | None]:
    """Hand a flow the outcome of its last step: the next step, or None and what the flow returns."""
    try:
        return (flow.throw(outcome) if isinstance(outcome, RerankError) else flow.send(outcome)), None
    except StopIteration as end:
        return None, end.value


def _closed() -> ConfigurationError:
    return ConfigurationError("The client is closed.", code="closed", hint="Make a new client.")


def _check_requests(requests: object, *kinds: type) -> None:
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


def _check_transport(transport: object, kind: type) -> None:
    if transport is not None and not isinstance(transport, kind):
        raise ConfigurationError(
            f"The transport is a {type(transport).__name__}, not an httpx.{kind.__name__}.",
            hint="Leave transport out, or pass one that is made for this kind of client.",
        )


class Client(_Base):
    """A client of one rerank provider. It may be shared between threads; close it, or use it in `with`.

    `provider` is an id of `rerank_core.providers()`. The key and the address come from the arguments, else from
    the provider's environment variables, else (the address) from the provider. `timeout` is the wall clock of
    one attempt in seconds, `total_timeout` that of a whole call, waits and batches included (default: three times
    `timeout`; none for work on this computer). Each request that a call consists of is tried up to
    1 + `max_retries` times, and at most `max_concurrency` requests are under way at once. `transport` replaces
    the network, for tests or special wiring; closing the client closes it. Raises ConfigurationError where any
    of it is wrong.
    """

    def _open(self, transport: Any, address: str) -> None:
        _check_transport(transport, httpx.BaseTransport)
        if transport is None and address:
            transport = _Transport(open_pool(address, self._width))
        self._transport: httpx.BaseTransport | None = transport
        self._places = threading.Semaphore(self._width)

    def rerank(
        self,
        query: str,
        documents: Iterable[DocumentInput],
        model: str | None = None,
        top_n: int | None = None,
        return_documents: bool = False,
        *,
        on_progress: OnProgress | None = None,
    ) -> RerankResponse:
        """Put documents in order for a query.

        `model` None is the provider's default, `top_n` None keeps all. `return_documents` asks the provider to
        send the texts back, which the results never need. `on_progress` is called with a `Progress` after every
        batch, or every few documents on this computer; what it raises stops the call. Raises a RerankError:
        InvalidRequestError or a subclass before anything is sent, others as the provider or the network fail.
        """
        self._check_open()
        request = RerankRequest(query, documents, model, top_n, return_documents)
        return self._drive(self._flow(request, on_progress), self._switch)

    def rerank_many(self, requests: Iterable[RerankRequest]) -> Generator[RerankResponse | RerankError, None, None]:
        """Answer many requests side by side and yield each outcome as it finishes: a RerankResponse, or the
        RerankError that it failed with; `.request` of either says which request it was.

        The iterable is read as places become free, in this thread, and may be endless. Leaving the loop early
        stops what is under way.
        """
        self._check_open()
        _check_requests(requests, Iterable)
        return spread(self._jobs(requests), self._width, self._switch)

    def close(self) -> None:
        """Close the connections. Calls under way in other threads fail at once; any later use is refused."""
        if not self._switch.tripped:
            self._switch.trip()
            if self._transport is not None:
                self._transport.close()

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _jobs(self, requests: Iterable[RerankRequest]) -> Iterator[partial[Outcome]]:
        for number, item in enumerate(requests, 1):
            self._check_open()
            yield partial(self._outcome, item, number)

    def _outcome(self, item: RerankRequest, number: int, switch: Switch) -> Outcome:
        try:
            return self._drive(self._flow(_check_request(item, number)), switch)
        except RerankError as error:
            return error

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
            raise _closed()
        return outcome

    def _exchange(self, body: bytes, allowance: Allowance) -> Reply | Failure:
        assert self._transport is not None
        try:
            response = self._transport.handle_request(self._request(body, allowance))
            received = _Body(allowance, response)
            try:
                for chunk in response.iter_bytes():
                    received.add(chunk)
            finally:
                response.close()
        except _BROKEN as error:
            return _failure(error, allowance)
        return Reply(response.status_code, response.headers, received.whole())

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


class AsyncClient(_Base):
    """The client for asyncio, with the arguments, meanings and errors of `Client`. It belongs to the event loop
    that first uses it; close it with `aclose`, or use it in `async with`."""

    def _open(self, transport: Any, address: str) -> None:
        _check_transport(transport, httpx.AsyncBaseTransport)
        if transport is None and address:
            transport = _AsyncTransport(open_async_pool(address, self._width))
        self._transport: httpx.AsyncBaseTransport | None = transport
        self._places = asyncio.Semaphore(self._width)
        self._loop: asyncio.AbstractEventLoop | None = None

    async def rerank(
        self,
        query: str,
        documents: Iterable[DocumentInput],
        model: str | None = None,
        top_n: int | None = None,
        return_documents: bool = False,
        *,
        on_progress: OnProgress | None = None,
    ) -> RerankResponse:
        """What `Client.rerank` does, without blocking the loop. `on_progress` is called in the loop's thread."""
        self._check_open()
        request = RerankRequest(query, documents, model, top_n, return_documents)
        return await self._drive(self._flow(request, on_progress))

    def rerank_many(
        self, requests: Iterable[RerankRequest] | AsyncIterable[RerankRequest]
    ) -> AsyncGenerator[RerankResponse | RerankError, None]:
        """What `Client.rerank_many` does, for `async for`; the requests may come from an asynchronous iterable."""
        self._check_open()
        _check_requests(requests, Iterable, AsyncIterable)
        jobs = self._later_jobs(requests) if isinstance(requests, AsyncIterable) else self._jobs(requests)
        return spread_async(jobs, self._width)

    async def aclose(self) -> None:
        """Close the connections. Calls under way in other tasks fail at once; any later use is refused."""
        if not self._switch.tripped:
            self._switch.trip()
            if self._transport is not None:
                await self._transport.aclose()

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _jobs(self, requests: Iterable[RerankRequest]) -> Iterator[partial[Any]]:
        for number, item in enumerate(requests, 1):
            self._check_open()
            yield partial(self._outcome, item, number)

    async def _later_jobs(self, requests: AsyncIterable[RerankRequest]) -> AsyncIterator[partial[Any]]:
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
        if isinstance(outcome, Failure):
            self._check_open()
        return outcome

    async def _exchange(self, body: bytes, allowance: Allowance) -> Reply | Failure:
        assert self._transport is not None
        try:
            async with asyncio.timeout(float(allowance)) as scope:
                with self._switch.watching(partial(_expire, scope)):
                    response = await self._transport.handle_async_request(self._request(body, allowance))
                    received = _Body(allowance, response)
                    try:
                        async for chunk in response.aiter_bytes():
                            received.add(chunk)
                    finally:
                        await response.aclose()
        except _BROKEN as error:
            return _failure(error, allowance)
        return Reply(response.status_code, response.headers, received.whole())

    async def _wait(self, seconds: float) -> None:
        if self._timing.sleep is not None:
            self._timing.sleep(seconds)
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds) as scope:
                with self._switch.watching(partial(_expire, scope)):
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

        def report(done: int, total: int) -> None:
            if given_up.is_set() or self._switch.tripped:
                raise _closed()
            if step.for_caller:
                asyncio.run_coroutine_threadsafe(_call(step, done, total), loop).result()
            else:
                step.report(done, total)

        try:
            return await asyncio.to_thread(step.work, report)
        finally:
            given_up.set()


async def _call(step: Compute, done: int, total: int) -> None:
    step.report(done, total)


def _expire(scope: asyncio.Timeout) -> None:
    if not scope.expired():
        scope.reschedule(0.0)
