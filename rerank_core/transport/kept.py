"""One connection that is kept open between requests: what a client without a proxy sends over.

It does what a pool of httpcore does that has room for one connection, without the pool's bookkeeping, which takes a
tenth of the processor time of a small request. Whoever uses it sends one request at a time.
"""

from __future__ import annotations

from typing import Any

import httpcore

from rerank_core.transport.sockets import TimedBackend


class KeptConnection:
    """A connection to wherever the request goes. It is made anew where either side has closed it, where it has been
    idle for too long, and where its last reply was not read to the end.

    `options` are those of `sockets.pool_options`, none of them a proxy.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        self._options = {name: options[name] for name in ("ssl_context", "keepalive_expiry")}
        self._backend = TimedBackend()
        self._connection: httpcore.HTTPConnection | None = None

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """Send a request; the reply's head is there, its body is to be read. Raises what httpcore raises."""
        origin = request.url.origin
        connection = self._connection
        if (
            connection is None
            or not connection.is_available()
            or connection.has_expired()
            or not connection.can_handle_request(origin)
        ):
            self.close()
            if origin.scheme not in (b"http", b"https"):
                raise httpcore.UnsupportedProtocol(f"{origin.scheme.decode('ascii', 'replace')} is no protocol for it")
            connection = httpcore.HTTPConnection(origin, network_backend=self._backend, **self._options)
            self._connection = connection
        return connection.handle_request(request)

    def close(self) -> None:
        """Close the connection; the next request would open one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
