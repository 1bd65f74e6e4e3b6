"""One request and its whole reply over a transport of httpx, within bounds of size and time: what the client and the
connector of search engines have in common."""

from __future__ import annotations

import httpcore
import httpx

from rerank_core.transport.credentials import ApiKey
from rerank_core.transport.reply import Failure, Reply
from rerank_core.transport.sockets import Allowance

__all__ = [
    "BROKEN",
    "LARGEST_REPLY",
    "AsyncTransport",
    "Transport",
    "exchange",
    "exchange_async",
    "failure_of",
    "limits",
]

LARGEST_REPLY = 64 * 1024 * 1024
"""Bytes: a reply that goes on beyond this is not read to its end."""

BROKEN = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""All that an exchange may die of; the rest are bugs."""

_STALE_WITHIN = 1.0  # seconds


class Transport(httpx.HTTPTransport):
    """httpx's transport over a pool whose sockets keep to the deadline of an attempt."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool


class AsyncTransport(httpx.AsyncHTTPTransport):
    """The same for asynchronous use."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool


def limits(allowance: Allowance) -> dict[str, dict[str, float]]:
    """The extensions of a request that may take so long as a whole."""
    return {"timeout": {"connect": allowance, "read": allowance, "write": allowance, "pool": allowance}}


def exchange(transport: httpx.BaseTransport, request: httpx.Request, allowance: Allowance) -> Reply:
    """Send a request and read the whole reply. Raises one of BROKEN."""
    response = transport.handle_request(request)
    received = _Body(allowance, response)
    try:
        for chunk in response.iter_bytes():
            received.add(chunk)
    finally:
        response.close()
    return Reply(response.status_code, response.headers, received.whole())


async def exchange_async(transport: httpx.AsyncBaseTransport, request: httpx.Request, allowance: Allowance) -> Reply:
    """The same for asynchronous use; the caller sets the task's own time-out."""
    response = await transport.handle_async_request(request)
    received = _Body(allowance, response)
    try:
        async for chunk in response.aiter_bytes():
            received.add(chunk)
    finally:
        await response.aclose()
    return Reply(response.status_code, response.headers, received.whole())


class _Body:
    """A reply as it comes in."""

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


def failure_of(error: Exception, allowance: Allowance, key: ApiKey | None) -> Failure:
    """What an exception of httpx or of the operating system, one of BROKEN, means for the call."""
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if key is not None:
        said = key.redact(said)
    may_have_left = allowance.phase in (None, "reading")
    worked = allowance.answered is True
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        in_the_dark = isinstance(error, TimeoutError) and may_have_left
        billed = worked or in_the_dark or isinstance(error, httpx.ReadTimeout)
        what = "no whole reply came" if billed else "no connection came about, or the request could not be sent,"
        return Failure("timeout", f"{what} within {float(allowance):.3g} seconds", billed)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | httpx.LocalProtocolError):
        return Failure("address", said)
    if isinstance(error, httpx.DecodingError):
        return Failure("reply", f"the reply cannot be read: {said}", billed=worked)
    # A server that hangs up while it should answer may have done the work: a gateway in between gives up earlier. A
    # connection from an earlier request that ends at once had been closed before this one came.
    stale = allowance.phase == "reading" and not allowance.fresh and allowance.took() < _STALE_WITHIN
    unheard = may_have_left and allowance.answered is None and not stale
    cut_off = unheard and isinstance(error, httpx.ReadError | httpx.RemoteProtocolError)
    return Failure("connection", said, billed=worked or cut_off)
