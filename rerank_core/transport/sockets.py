"""Sockets that keep to the deadline of one attempt, however slowly the other side drips.

httpx and httpcore count a time-out anew for every connect, send and read. Here the time-out that they pass
down is a `Deadline`: a float for everybody else, and for these streams the clock of the whole attempt.
"""

from __future__ import annotations

import ipaddress
import os
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from importlib.util import find_spec
from typing import Any, Literal
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore

from rerank_core.errors import ConfigurationError

_KEEP_OPEN = 30.0  # seconds: shorter than the 60 after which common load balancers hang up on an idle connection
_SEND_AT_MOST = 256 * 1024  # the clock is looked at between two pieces of this size


class Deadline(float):
    """The end of one attempt, given as the seconds that it may take; it knows how many of them are left.

    `phase` says how far the attempt has come: "reading" means that the whole request has left this machine.
    It stays None over a transport that is not ours. `fresh` says that a connection was made for it, `answered` whether
    the head of a reply was one of success, None before it came.
    """

    phase: Literal["connecting", "sending", "reading"] | None
    fresh: bool
    answered: bool | None

    def __new__(cls, seconds: float, _clock: Callable[[], float] = time.monotonic) -> Deadline:
        return super().__new__(cls, seconds)

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._socket: socket.socket | None = None
        self._cancelled = False
        self.phase = None
        self.fresh = False
        self.answered = None

    def left(self) -> float:
        """Seconds left, 0 where there are none."""
        return 0.0 if self._cancelled else max(0.0, self._end - self._clock())

    def took(self) -> float:
        """Seconds gone, all of them once it is cancelled."""
        return float(self) - self.left()

    def cancel(self) -> None:
        """End the attempt from another thread: what waits for its socket fails at once."""
        self._cancelled = True
        held = self._socket
        if held is not None:
            with suppress(OSError):  # it may be closed already
                # SSLSocket's own shutdown first drops the TLS state that a reading thread still needs.
                socket.socket.shutdown(held, socket.SHUT_RDWR)

    def hold(self, stream: httpcore.NetworkStream) -> None:
        """Remember which socket the attempt is on, for `cancel`."""
        self._socket = stream.get_extra_info("socket")


def _left(timeout: float | None, error: type[Exception]) -> float | None:
    """What remains of a time-out; raises `error` where that is nothing."""
    if not isinstance(timeout, Deadline):
        return timeout
    left = timeout.left()
    if left <= 0:
        raise error("the time for this attempt is over")
    return left


class _HeadBuffer:
    """Holds the head of a request back until its body comes, so that both leave in one packet. h11 hands them
    over one by one, and every request here has a body."""

    def __init__(self) -> None:
        self._head = b""

    def pieces(self, buffer: bytes, size: int) -> list[bytes | memoryview]:
        """What may be sent now, in pieces of at most this size; nothing where it is held back."""
        if buffer.startswith(b"POST ") and buffer.endswith(b"\r\n\r\n"):
            self._head = buffer
            return []
        head, self._head = self._head, b""
        if len(head) + len(buffer) <= size:
            return [head + buffer]
        cut = max(0, size - len(head))
        rest = memoryview(buffer)[cut:]  # not copied: a body may have megabytes
        return [head + buffer[:cut], *(rest[start : start + size] for start in range(0, len(rest), size))]


class _TimedStream(httpcore.NetworkStream):
    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner
        self._head_buffer = _HeadBuffer()

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if isinstance(timeout, Deadline):
            timeout.phase = "reading"
        return self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if isinstance(timeout, Deadline):
            timeout.phase = "sending"
            timeout.hold(self._inner)
        for piece in self._head_buffer.pieces(buffer, _SEND_AT_MOST):
            self._inner.write(piece, _left(timeout, httpcore.WriteTimeout))  # type: ignore[arg-type]  # sockets take it

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            left = _left(timeout, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            self.close()  # the pool knows nothing of this socket yet
            raise
        return _TimedStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class TimedBackend(httpcore.NetworkBackend):
    """httpcore's own sockets, where looking up a name and trying all its addresses count as connecting."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: Any = None, socket_options: Any = None
    ) -> httpcore.NetworkStream:
        if isinstance(timeout, Deadline):
            timeout.phase, timeout.fresh = "connecting", True
        addresses = _resolve(host, port, _left(timeout, httpcore.ConnectTimeout))
        for tried, address in enumerate(addresses):
            left = _left(timeout, httpcore.ConnectTimeout)
            share = left if left is None else left / (len(addresses) - tried)
            try:
                return _TimedStream(self._inner.connect_tcp(address, port, share, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                if tried == len(addresses) - 1:
                    raise
        raise httpcore.ConnectError(f"{host} has no address")

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


def _resolve(host: str, port: int, timeout: float | None) -> list[str]:
    """The addresses of a host name, within the time there is: the system's own look-up knows no time-out."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        pass
    else:
        return [host]
    found: queue.SimpleQueue[list[str] | OSError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            found.put(list(dict.fromkeys(str(entry[4][0]) for entry in entries)))
        except (OSError, UnicodeError) as error:
            found.put(error if isinstance(error, OSError) else OSError(f"{host} is no host name"))

    threading.Thread(target=look_up, name="rerank-name-lookup", daemon=True).start()
    try:
        result = found.get(timeout=timeout)
    except queue.Empty:
        raise httpcore.ConnectTimeout(f"looking up {host} took too long") from None
    if isinstance(result, OSError):
        raise httpcore.ConnectError(str(result))
    return result


class _AsyncTimedStream(httpcore.AsyncNetworkStream):
    """Marks the phases; the task's own time-out, set by the client, is what ends an attempt."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._head_buffer = _HeadBuffer()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if isinstance(timeout, Deadline):
            timeout.phase = "reading"
        return await self._inner.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if isinstance(timeout, Deadline):
            timeout.phase = "sending"
        for piece in self._head_buffer.pieces(buffer, _SEND_AT_MOST):
            await self._inner.write(bytes(piece), _left(timeout, httpcore.WriteTimeout))

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            left = _left(timeout, httpcore.ConnectTimeout)
        except httpcore.ConnectTimeout:
            await self.aclose()
            raise
        return _AsyncTimedStream(await self._inner.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class AsyncTimedBackend(httpcore.AsyncNetworkBackend):
    """httpcore's own asynchronous sockets, which also say how far an attempt has come."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: Any = None, socket_options: Any = None
    ) -> httpcore.AsyncNetworkStream:
        if isinstance(timeout, Deadline):
            timeout.phase, timeout.fresh = "connecting", True
        left = _left(timeout, httpcore.ConnectTimeout)
        return _AsyncTimedStream(await self._inner.connect_tcp(host, port, left, local_address, socket_options))

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)


# Pools of such sockets


def open_pool(options: dict[str, Any]) -> httpcore.ConnectionPool:
    """A pool of one connection, kept open between requests."""
    return httpcore.ConnectionPool(network_backend=TimedBackend(), **options)


def open_async_pool(options: dict[str, Any]) -> httpcore.AsyncConnectionPool:
    """The same for asynchronous use."""
    return httpcore.AsyncConnectionPool(network_backend=AsyncTimedBackend(), **options)


def pool_options(address: str) -> dict[str, Any]:
    """How to reach an address: proxy and certificates as the environment names them. Raises ConfigurationError
    where it names some that cannot be used."""
    proxy = _proxy(address)
    secure = address.startswith("https:") or (proxy is not None and proxy.url.scheme == b"https")
    return {
        "ssl_context": _certificates(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))
        if secure
        else None,
        "proxy": proxy,
        "max_connections": 1,
        "keepalive_expiry": _KEEP_OPEN,
    }


@lru_cache(maxsize=4)
def _certificates(file: str | None, folder: str | None) -> ssl.SSLContext:
    """Whom to trust: what the environment names, else Mozilla's list. Reading it takes tens of milliseconds."""
    if file or folder:
        try:
            return ssl.create_default_context(cafile=file or None, capath=folder or None)
        except OSError as error:
            raise ConfigurationError(
                f"The certificates that the environment names cannot be read: {error.strerror or error}.",
                hint="Correct SSL_CERT_FILE or SSL_CERT_DIR, or take them out of the environment.",
            ) from None
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _proxy(address: str) -> httpcore.Proxy | None:
    """The proxy that the environment or the system names for this address."""
    target = urlsplit(address)
    named = getproxies()
    url = named.get(target.scheme) or named.get("all")
    if not url or (target.hostname and proxy_bypass(target.hostname)):
        return None
    parts = urlsplit(url if "://" in url else f"http://{url}")
    hint = "Correct HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, or name the host in NO_PROXY."
    try:
        if parts.scheme not in ("http", "https", "socks5", "socks5h") or not parts.hostname:
            raise ValueError
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        port = parts.port or (443 if parts.scheme == "https" else 1080 if parts.scheme.startswith("socks") else 80)
    except ValueError:
        raise ConfigurationError("The proxy that the environment names is not an address.", hint=hint) from None
    if parts.scheme.startswith("socks") and find_spec("socksio") is None:
        raise ConfigurationError(
            "The environment names a SOCKS proxy, and the package for it is not installed.",
            hint="Install it with: pip install 'httpx[socks]'. Or " + hint[0].lower() + hint[1:],
        )
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username else None
    return httpcore.Proxy(f"{parts.scheme}://{host}:{port}", auth=auth)
