"""Where Prometheus asks: a small server on a port of its own, which knows one address."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from socket import AddressFamily
from urllib.parse import urlsplit

from prometheus_client import MetricsHandler

from pages.components.monitoring.metrics import Metrics
from pages.components.monitoring.settings import Monitoring, family
from pages.components.server.deployment import is_loopback

_PATIENCE_SECONDS = 10


class _Answer(MetricsHandler):
    """Answers GET /metrics. Where the server is for this computer alone, only by a name of this computer: a page of
    another site could point its own name here."""

    timeout = _PATIENCE_SECONDS
    only_here = True

    def do_GET(self) -> None:
        if self.path.partition("?")[0] != "/metrics":
            self.send_error(404, "There is nothing at this address.")
        elif self.only_here and not is_loopback(urlsplit(f"//{self.headers.get('Host', '')}").hostname):
            self.send_error(400, "This server does not go by that name.")
        else:
            super().do_GET()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    address_family: AddressFamily


@contextmanager
def answering(numbers: Metrics, asked: Monitoring) -> Iterator[int]:
    """While the app runs, answer at the port that the operator chose; gives the port. Raises OSError where it is
    taken."""
    handler = type(
        "Answer", (_Answer,), {"registry": numbers.registry, "only_here": is_loopback(asked.metrics_address)}
    )
    kind = type("Server", (_Server,), {"address_family": family(asked.metrics_address)})
    with kind((asked.metrics_address, asked.metrics_port), handler) as server:
        threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
