"""One request and its whole reply over a transport of httpx, within bounds of size and time: what the client and the
connector of search engines have in common."""

from __future__ import annotations

from weakref import finalize

import httpcore
import httpx

from rerank_core.transport.credentials import ApiKey
from rerank_core.transport.reply import Failure, Reply
from rerank_core.transport.sockets import Deadline

LARGEST_REPLY = 64 * 1024 * 1024
"""Bytes: a reply that goes on beyond this is not read to its end."""

TRANSPORT_ERRORS = (httpx.HTTPError, httpx.InvalidURL, OSError)
"""All that an exchange may die of; the rest are bugs."""

_STALE_WITHIN = 1.0  # seconds


class Transport(httpx.HTTPTransport):
    """httpx's transport over a pool whose sockets keep to the deadline of an attempt."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool
        finalize(self, pool.close)  # a transport that is forgotten leaves no socket open


class AsyncTransport(httpx.AsyncHTTPTransport):
    """The same for asynchronous use."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool


def limits(deadline: Deadline) -> dict[str, dict[str, float]]:
    """The extensions of a request that has until this deadline, connecting and waiting included."""
    return {"timeout": {"connect": deadline, "read": deadline, "write": deadline, "pool": deadline}}


def exchange(transport: httpx.BaseTransport, request: httpx.Request, deadline: Deadline) -> Reply:
    """Send a request and read the whole reply. Raises one of TRANSPORT_ERRORS."""
    response = transport.handle_request(request)
    received = _Body(deadline, response)
    try:
        for chunk in response.iter_bytes():
            received.add(chunk)
    finally:
        response.close()
    return Reply(response.status_code, response.headers, received.whole())


async def exchange_async(transport: httpx.AsyncBaseTransport, request: httpx.Request, deadline: Deadline) -> Reply:
    """The same for asynchronous use; the caller sets the task's own time-out."""
    response = await transport.handle_async_request(request)
    received = _Body(deadline, response)
    try:
        async for chunk in response.aiter_bytes():
            received.add(chunk)
    finally:
        await response.aclose()
    return Reply(response.status_code, response.headers, received.whole())


class _Body:
    """A reply as it comes in."""

    def __init__(self, deadline: Deadline, response: httpx.Response) -> None:
        self._deadline, self._size = deadline, 0
        self._chunks: list[bytes] = []
        deadline.answered = response.is_success

    def add(self, chunk: bytes) -> None:
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > LARGEST_REPLY:
            raise httpx.DecodingError(f"it is larger than {LARGEST_REPLY // 2**20} MB")
        if self._deadline.left() <= 0:
            raise httpx.ReadTimeout("the reply came too slowly")

    def whole(self) -> bytes:
        return self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)


def failure_of(error: Exception, deadline: Deadline, key: ApiKey | None) -> Failure:
    """What an exception of httpx or of the operating system, one of TRANSPORT_ERRORS, means for the call."""
    said = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    if key is not None:
        said = key.redact(said)
    may_have_left = deadline.phase in (None, "reading")
    worked = deadline.answered is True
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        sent_without_reply = isinstance(error, TimeoutError) and may_have_left
        billed = worked or sent_without_reply or isinstance(error, httpx.ReadTimeout)
        what = "no whole reply came" if billed else "no connection came about, or the request could not be sent,"
        return Failure("timeout", f"{what} within {float(deadline):.3g} seconds", billed)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL | httpx.LocalProtocolError):
        return Failure("address", said)
    if isinstance(error, httpx.DecodingError):
        return Failure("reply", f"the reply cannot be read: {said}", billed=worked)
    # The server may have done the work although the connection ended before its reply: a gateway between us and it may
    # have given up waiting. But where a connection that an earlier request had opened ends at once, the server had
    # closed it before it could see this request.
    closed_before = deadline.phase == "reading" and not deadline.fresh and deadline.took() < _STALE_WITHIN
    sent_without_reply = may_have_left and deadline.answered is None and not closed_before
    cut_off = sent_without_reply and isinstance(error, httpx.ReadError | httpx.RemoteProtocolError)
    return Failure("connection", said, billed=worked or cut_off)
