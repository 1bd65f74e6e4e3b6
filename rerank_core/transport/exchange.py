"""One request and its whole reply over a transport of httpx, within bounds of size and time: what the client and the
connector of search engines have in common."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from weakref import finalize

import httpcore
import httpx

from rerank_core.transport.credentials import ApiKey
from rerank_core.transport.kept import KeptConnection
from rerank_core.transport.reply import Failure, Reply
from rerank_core.transport.sockets import Deadline

LARGEST_REPLY = 64 * 1024 * 1024
"""Bytes: a reply that goes on beyond this is not read to its end."""

_TIMED_OUT = (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError)
_NO_ADDRESS = (
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
    httpx.LocalProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.LocalProtocolError,
)
_ENDED = (httpx.ReadError, httpx.RemoteProtocolError, httpcore.ReadError, httpcore.RemoteProtocolError)

TRANSPORT_ERRORS = (
    httpx.HTTPError,
    httpx.InvalidURL,
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
)
"""All that an exchange may die of; the rest are bugs."""

_STALE_WITHIN = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, as httpx and as httpcore have it. Raises httpx.InvalidURL when it is made of no address."""

    url: httpx.URL
    core: httpcore.URL

    @classmethod
    def of(cls, address: str) -> Target:
        """The target of an address."""
        url = httpx.URL(address)
        return cls(url, httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path))


@dataclass(frozen=True, slots=True)
class Post:
    """What is sent: where to, every header in the order in which it is written, and the body."""

    target: Target
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes

    def for_httpx(self, deadline: Deadline) -> httpx.Request:
        """The same for a transport of httpx."""
        # With a stream, httpx leaves the headers as they are, which is a good deal quicker.
        stream = httpx.ByteStream(self.body)
        return httpx.Request(
            "POST", self.target.url, headers=[*self.headers], stream=stream, extensions=limits(deadline)
        )

    def for_httpcore(self, deadline: Deadline) -> httpcore.Request:
        """The same without what httpx makes around it: half the work of a small request."""
        return httpcore.Request(
            "POST", self.target.core, headers=self.headers, content=self.body, extensions=limits(deadline)
        )


class Transport(httpx.HTTPTransport):
    """httpx's transport over a pool, or a connection, whose sockets keep to the deadline of an attempt."""

    def __init__(self, pool: httpcore.ConnectionPool | KeptConnection) -> None:
        self._pool = pool  # type: ignore[assignment]  # a connection takes requests as a pool does
        finalize(self, pool.close)  # a transport that is forgotten leaves no socket open

    def post(self, post: Post, deadline: Deadline) -> Reply:
        """Send a body and read the whole reply. Raises one of TRANSPORT_ERRORS."""
        response = self._pool.handle_request(post.for_httpcore(deadline))
        headers = _lower(response.headers)
        received = _Body(deadline, response.status)
        try:
            for chunk in _chunks(response, headers):
                received.add(chunk)
        finally:
            response.close()
        return received.reply(response.status, headers)


class AsyncTransport(httpx.AsyncHTTPTransport):
    """The same for asynchronous use."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool

    async def post(self, post: Post, deadline: Deadline) -> Reply:
        """The same for asynchronous use; the caller sets the task's own time-out."""
        response = await self._pool.handle_async_request(post.for_httpcore(deadline))
        headers = _lower(response.headers)
        received = _Body(deadline, response.status)
        try:
            async for chunk in _chunks_async(response, headers):
                received.add(chunk)
        finally:
            await response.aclose()
        return received.reply(response.status, headers)


def limits(deadline: Deadline) -> dict[str, dict[str, float]]:
    """The extensions of a request that has until this deadline, connecting and waiting included."""
    return {"timeout": {"connect": deadline, "read": deadline, "write": deadline, "pool": deadline}}


def exchange(transport: httpx.BaseTransport, request: httpx.Request, deadline: Deadline) -> Reply:
    """Send a request and read the whole reply. Raises one of TRANSPORT_ERRORS."""
    response = transport.handle_request(request)
    received = _Body(deadline, response.status_code)
    try:
        for chunk in response.iter_bytes():
            received.add(chunk)
    finally:
        response.close()
    return received.reply(response.status_code, response.headers)


async def exchange_async(transport: httpx.AsyncBaseTransport, request: httpx.Request, deadline: Deadline) -> Reply:
    """The same for asynchronous use; the caller sets the task's own time-out."""
    response = await transport.handle_async_request(request)
    received = _Body(deadline, response.status_code)
    try:
        async for chunk in response.aiter_bytes():
            received.add(chunk)
    finally:
        await response.aclose()
    return received.reply(response.status_code, response.headers)


class _Body:
    """A reply as it comes in."""

    def __init__(self, deadline: Deadline, status: int) -> None:
        self._deadline, self._size = deadline, 0
        self._chunks: list[bytes] = []
        deadline.answered = 200 <= status < 300

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > LARGEST_REPLY:
            raise httpx.DecodingError(f"it is larger than {LARGEST_REPLY // 2**20} MB")
        if self._deadline.left() <= 0:
            raise httpx.ReadTimeout("the reply came too slowly")

    def reply(self, status: int, headers: Mapping[str, str]) -> Reply:
        return Reply(status, headers, self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks))


def _lower(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case, those of one name in one line."""
    found: dict[str, str] = {}
    for name, value in headers:
        key, text = name.lower().decode("ascii", "replace"), value.decode("utf-8", "replace")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


class _Coming(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A reply of httpcore for httpx to unpack."""

    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        return self._response.iter_stream()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._response.aiter_stream()


def _chunks(response: httpcore.Response, headers: Mapping[str, str]) -> Iterator[bytes]:
    """The pieces of a reply, unpacked where it came packed."""
    if "content-encoding" not in headers:
        return response.iter_stream()
    return httpx.Response(response.status, headers=response.headers, stream=_Coming(response)).iter_bytes()


def _chunks_async(response: httpcore.Response, headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    if "content-encoding" not in headers:
        return response.aiter_stream()
    return httpx.Response(response.status, headers=response.headers, stream=_Coming(response)).aiter_bytes()


def failure_of(error: Exception, deadline: Deadline, key: ApiKey | None) -> Failure:
    """What an exception of httpx or of the operating system, one of TRANSPORT_ERRORS, means for the call."""
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if key is not None:
        said = key.redact(said)
    may_have_left = deadline.phase in (None, "reading")
    worked = deadline.answered is True
    if isinstance(error, _TIMED_OUT):
        sent_without_reply = isinstance(error, TimeoutError) and may_have_left
        billed = worked or sent_without_reply or isinstance(error, httpx.ReadTimeout | httpcore.ReadTimeout)
        what = "no whole reply came" if billed else "no connection came about, or the request could not be sent,"
        return Failure("timeout", f"{what} within {float(deadline):.3g} seconds", billed)
    if isinstance(error, _NO_ADDRESS):
        return Failure("address", said)
    if isinstance(error, httpx.DecodingError):
        return Failure("reply", f"the reply cannot be read: {said}", billed=worked)
    # The server may have done the work although the connection ended before its reply: a gateway between us and it may
    # have given up waiting. But where a connection that an earlier request had opened ends at once, the server had
    # closed it before it could see this request.
    closed_before = deadline.phase == "reading" and not deadline.fresh and deadline.took() < _STALE_WITHIN
    sent_without_reply = may_have_left and deadline.answered is None and not closed_before
    cut_off = sent_without_reply and isinstance(error, _ENDED)
    return Failure("connection", said, billed=worked or cut_off)
