"""The rerank client, in a version that blocks and one that does not.

Both are drivers of the flow in `flow.py` that send over httpx: they know nothing of retries, batches or what a
reply means.
"""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Generator, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, ClassVar, Generic, Self, TypeVar

import httpx

from rerank_core import __version__
from rerank_core.client.concurrency import CancelToken
from rerank_core.client.drivers import AsyncDriver, Driver, DriverBase, check_requests, expire
from rerank_core.client.events import OnEvent
from rerank_core.client.fallback import LEFT_OUT, chain
from rerank_core.client.retry import Timing
from rerank_core.client.settings import read_base, read_key, read_options, read_timeouts, read_whole
from rerank_core.client.steps import ClientSettings, OnProgress
from rerank_core.errors import ConfigurationError, RerankError
from rerank_core.models import DocumentInput, RerankRequest, RerankResponse
from rerank_core.pricing.table import PriceTable
from rerank_core.providers import provider as find_provider
from rerank_core.providers.spec import ProviderSpec
from rerank_core.rank_fields import TEXT_ONLY
from rerank_core.transport.credentials import ApiKey
from rerank_core.transport.exchange import (
    TRANSPORT_ERRORS,
    AsyncTransport,
    Post,
    Target,
    Transport,
    exchange,
    exchange_async,
    failure_of,
)
from rerank_core.transport.kept import KeptConnection
from rerank_core.transport.reply import Failure, Reply
from rerank_core.transport.sockets import Deadline, open_async_pool, open_pool, pool_options

T = TypeVar("T")

_HEADERS = (
    (b"Accept", b"application/json"),
    (b"Accept-Encoding", b"gzip, deflate"),
    (b"Content-Type", b"application/json"),
    (b"User-Agent", f"rerank_core/{__version__}".encode("ascii")),
)


class _TransportPool(Generic[T]):
    """As many transports of one connection each as there are requests under way, the warmest first; or the one
    that the caller brought. A pool of many connections looks through all of them several times a request.
    """

    def __init__(self, given: T | None, make: Callable[[], T]) -> None:
        self._given, self._make = given, make
        self._free: list[T] = []
        self.all: list[T] = [] if given is None else [given]

    def take(self) -> T:
        if self._given is not None:
            return self._given
        try:
            return self._free.pop()
        except IndexError:
            self.all.append(made := self._make())
            return made

    def give_back(self, transport: T, *, whole: bool) -> bool:
        """Take back a transport whose exchange came to its end (`whole`), or else let go of it, since one that
        was interrupted may be stuck; True where the caller must close it."""
        if self._given is not None:
            return False
        if whole:
            self._free.append(transport)
        else:
            self.all.remove(transport)
        return not whole


def _for(spec: ProviderSpec, given: Any, first: bool) -> Any:
    """What is given for a provider: by its id, or for the first one where it is given for one alone."""
    if isinstance(given, Mapping):
        return given.get(spec.id)
    return given if first else None


class _HttpClient(DriverBase, Generic[T]):
    """What both clients are made with, and the transports of kind T that they send over."""

    _kind: ClassVar[type]
    _left_out: tuple[str, ...]

    def __init__(  # noqa: PLR0913  # what both clients can be given is their public signature
        self,
        provider: str | ProviderSpec | Sequence[str | ProviderSpec],
        api_key: str | ApiKey | Mapping[str, str | ApiKey] | None = None,
        base_url: str | Mapping[str, str] | None = None,
        timeout: float = 60.0,
        total_timeout: float | None = None,
        max_retries: int = 2,
        max_concurrency: int = 8,
        transport: T | None = None,
        *,
        prices: PriceTable | None = None,
        options: Mapping[str, str] | None = None,
        requests_per_minute: int | None = None,
        on_event: OnEvent | None = None,
        _timing: Timing | None = None,
    ) -> None:
        asked: list[Any] = list(provider) if isinstance(provider, list | tuple) else [provider]
        if not asked:
            raise ConfigurationError("There is no provider to ask.", hint="Name one, or several in a list.")
        if transport is not None and not isinstance(transport, self._kind):
            raise ConfigurationError(
                f"The transport is a {type(transport).__name__}, not an httpx.{self._kind.__name__}.",
                hint="Leave transport out, or pass one that is made for this kind of client.",
            )
        made: list[ClientSettings] = []
        unfit: list[ConfigurationError] = []
        for spec in map(find_provider, asked):
            first = spec is find_provider(asked[0])
            try:
                attempt, call = read_timeouts(spec, timeout, total_timeout)
                key = read_key(spec, _for(spec, api_key, first))
                known = read_options(spec, options if first else None)
                base = read_base(spec, _for(spec, base_url, first), key, known)
            except ConfigurationError as error:
                if len(asked) == 1 or error.code not in LEFT_OUT:
                    raise
                unfit.append(error)
                continue
            made.append(
                ClientSettings(
                    spec=spec,
                    timeout=attempt,
                    total_timeout=call,
                    max_retries=read_whole("max_retries", max_retries, 0),
                    max_concurrency=read_whole("max_concurrency", max_concurrency, 1),
                    key=key,
                    address=base and spec.url(base, spec.default_model or known.get("model"), known),
                    base=base,
                    options=known,
                    timing=_timing or Timing(),
                    prices=prices,
                    on_event=on_event,
                    per_minute=None
                    if requests_per_minute is None
                    else read_whole("requests_per_minute", requests_per_minute, 1),
                )
            )
        if not made:
            raise unfit[0]
        self._set_up(made[0], transport)
        self._left_out = tuple(f"{error.message} It was left out." for error in unfit)
        for settings in made[1:]:
            other: Any = type(self).__new__(type(self))
            other._set_up(settings, transport)
            self._fallbacks.append(other)

    def _set_up(self, settings: ClientSettings, transport: T | None) -> None:
        super().__init__(settings)
        self._targets: dict[str, Target] = {}
        self._fallbacks: list[Self] = []
        self._left_out = ()
        pool = pool_options(settings.address) if settings.address and transport is None else {}
        self._transports = _TransportPool(transport, partial(self._open, pool))

    @staticmethod
    @abstractmethod
    def _open(options: dict[str, Any]) -> T:
        """A transport of one connection, made with these options of httpcore."""

    def _post(self, body: bytes, address: str) -> Post:
        target = self._targets.get(address) or self._targets.setdefault(address, Target.of(address))
        headers = [*_HEADERS, (b"Host", target.url.netloc), (b"Content-Length", str(len(body)).encode("ascii"))]
        settings = self._settings
        secret = None if settings.key is None else settings.key.reveal()
        if secret is not None and settings.spec.auth.signs:
            moment = datetime.fromtimestamp(settings.timing.now(), UTC)
            shown = settings.spec.auth.sign(secret, address, body, moment, settings.options)
        else:
            shown = settings.spec.headers(secret, settings.options)
        for name, value in shown.items():
            headers.append((name.encode("ascii"), value.encode("ascii")))
        return Post(target, headers, body)


class Client(_HttpClient[httpx.BaseTransport], Driver):
    """A client of one rerank provider. It may be shared between threads; close it, or use it in `with`.

    `provider` is an id of `rerank_core.providers()`, or a ProviderSpec of your own. With several in a list the next one
    is asked where one cannot answer: the response says who did, and its warnings and `attempts` what came before. One
    that has no key is left out then; `api_key` and `base_url` are for the first, or map ids to what is for each, and a
    model that a later one does not have gives way to its usual one. The key and the address come
    from the arguments, else from the provider's environment variables, else (the address) from the provider.
    `timeout` is the wall clock of one attempt in seconds, `total_timeout` that of a whole call, waits and batches
    included (default: three times `timeout`; none for work on this computer). Each request that a call consists
    of is tried up to 1 + `max_retries` times, and at most `max_concurrency` requests are under way at once.
    `transport` replaces the network, for tests or special wiring; closing the client closes it. `prices` is the
    table for costs that the provider does not report itself (default: the published one). `options` are what some
    providers must know besides, such as a region (see `ProviderSpec.options`). At most `requests_per_minute` are
    sent to a provider, evenly spread. `on_event` is called with a `rerank_core.client.events.ClientEvent` at each step
    of a call, from whichever thread is at work; it never holds a text. Raises ConfigurationError where any of it is
    wrong.
    """

    _kind = httpx.BaseTransport

    @staticmethod
    def _open(options: dict[str, Any]) -> httpx.BaseTransport:
        return Transport(open_pool(options) if options["proxy"] is not None else KeptConnection(options))

    def rerank(
        self,
        query: str,
        documents: Iterable[DocumentInput],
        model: str | None = None,
        top_n: int | None = None,
        return_documents: bool = False,
        *,
        rank_fields: Iterable[str] = TEXT_ONLY,
        on_progress: OnProgress | None = None,
    ) -> RerankResponse:
        """Put documents in order for a query.

        `model` None is the provider's default, `top_n` None keeps all. `return_documents` asks the provider to
        send the texts back, which the results never need. `rank_fields` are the fields that make up what is sent of
        each document, in their order: "text" alone by default, ("title", "text") where the title in a document's
        metadata is to count (see `rerank_core.rank_fields.ranked_text`). `on_progress` is called with a `Progress`
        after every batch, or every few documents on this computer; what it raises stops the call. Raises a
        RerankError: InvalidRequestError or a subclass before anything is sent, others as the provider or the network
        fail.
        """
        self._check_open()
        request = RerankRequest(query, documents, model, top_n, return_documents, rank_fields)
        return self._answer(request, on_progress, self._cancel_token)

    def rerank_many(self, requests: Iterable[RerankRequest]) -> Generator[RerankResponse | RerankError, None, None]:
        """Answer many requests side by side and yield each outcome as it finishes: a RerankResponse, or the
        RerankError that it failed with; `.request` of either says which request it was.

        The iterable is read as places become free, in this thread, and may be endless. Leaving the loop early
        stops what is under way.
        """
        self._check_open()
        check_requests(requests, Iterable)
        return self._many(self._jobs(requests))

    def close(self) -> None:
        """Close the connections. Calls under way in other threads fail at once, one that is still connecting when
        its time is over; any later use is refused."""
        if not self._cancel_token.cancelled:
            self._cancel_token.cancel()
            for transport in [*self._transports.all]:
                transport.close()
            for other in self._fallbacks:
                other.close()

    def __enter__(self) -> Self:
        self._check_open()
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _answer(self, request: RerankRequest, on_progress: OnProgress | None, token: CancelToken) -> RerankResponse:
        if not self._fallbacks and not self._left_out:
            return super()._answer(request, on_progress, token)
        clients: list[Client] = [self, *self._fallbacks]
        steps = chain([client.provider for client in clients], self._left_out, request)
        place, asked = next(steps)
        while True:
            client = clients[place]
            outcome: RerankResponse | RerankError
            try:
                outcome = client._drive(client._flow(asked, on_progress), token)
            except RerankError as error:
                outcome = error
            try:
                place, asked = steps.send(outcome)
            except StopIteration as end:
                found: RerankResponse = end.value
                return found

    def _exchange(self, body: bytes, address: str, deadline: Deadline) -> Reply | Failure:
        transport, outcome = self._transports.take(), None
        try:
            post = self._post(body, address)
            if isinstance(transport, Transport):
                outcome = transport.post(post, deadline)
            else:
                outcome = exchange(transport, post.for_httpx(deadline), deadline)
        except TRANSPORT_ERRORS as error:
            return failure_of(error, deadline, self._settings.key)
        finally:
            if self._transports.give_back(transport, whole=outcome is not None):
                transport.close()
        return outcome


class AsyncClient(_HttpClient[httpx.AsyncBaseTransport], AsyncDriver):
    """The client for asyncio, with the arguments, meanings and errors of `Client`. It belongs to the event loop
    that first uses it; close it with `aclose`, or use it in `async with`."""

    _kind = httpx.AsyncBaseTransport

    @staticmethod
    def _open(options: dict[str, Any]) -> httpx.AsyncBaseTransport:
        return AsyncTransport(open_async_pool(options))

    async def rerank(
        self,
        query: str,
        documents: Iterable[DocumentInput],
        model: str | None = None,
        top_n: int | None = None,
        return_documents: bool = False,
        *,
        rank_fields: Iterable[str] = TEXT_ONLY,
        on_progress: OnProgress | None = None,
    ) -> RerankResponse:
        """What `Client.rerank` does, without blocking the loop. `on_progress` is called in the loop's thread."""
        self._check_open()
        request = RerankRequest(query, documents, model, top_n, return_documents, rank_fields)
        return await self._answer(request, on_progress)

    def rerank_many(
        self, requests: Iterable[RerankRequest] | AsyncIterable[RerankRequest]
    ) -> AsyncGenerator[RerankResponse | RerankError, None]:
        """What `Client.rerank_many` does, for `async for`; the requests may come from an asynchronous iterable."""
        self._check_open()
        check_requests(requests, Iterable, AsyncIterable)
        return self._many(self._later_jobs(requests) if isinstance(requests, AsyncIterable) else self._jobs(requests))

    async def aclose(self) -> None:
        """Close the connections. Calls under way in other tasks fail at once; any later use is refused."""
        if not self._cancel_token.cancelled:
            self._cancel_token.cancel()
            for transport in [*self._transports.all]:
                await transport.aclose()
            for other in self._fallbacks:
                await other.aclose()

    async def __aenter__(self) -> Self:
        self._check_open()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def _answer(self, request: RerankRequest, on_progress: OnProgress | None) -> RerankResponse:
        if not self._fallbacks and not self._left_out:
            return await super()._answer(request, on_progress)
        clients: list[AsyncClient] = [self, *self._fallbacks]
        steps = chain([client.provider for client in clients], self._left_out, request)
        place, asked = next(steps)
        while True:
            client = clients[place]
            outcome: RerankResponse | RerankError
            try:
                outcome = await client._drive(client._flow(asked, on_progress))
            except RerankError as error:
                outcome = error
            try:
                place, asked = steps.send(outcome)
            except StopIteration as end:
                found: RerankResponse = end.value
                return found

    async def _exchange(self, body: bytes, address: str, deadline: Deadline) -> Reply | Failure:
        transport, outcome = self._transports.take(), None
        try:
            async with asyncio.timeout(float(deadline)) as scope:
                with self._cancel_token.watching(partial(expire, scope)):
                    post = self._post(body, address)
                    if isinstance(transport, AsyncTransport):
                        outcome = await transport.post(post, deadline)
                    else:
                        outcome = await exchange_async(transport, post.for_httpx(deadline), deadline)
        except TRANSPORT_ERRORS as error:
            return failure_of(error, deadline, self._settings.key)
        finally:
            if self._transports.give_back(transport, whole=outcome is not None):
                await transport.aclose()
        return outcome
