"""The connection to a search engine: requests within a deadline, replies read, and what anything else amounts to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from rerank_core.errors import BadResponseError, ConfigurationError, RerankError
from rerank_core.jobs import Cancelled
from rerank_core.retrieval.live.isolated import body_of
from rerank_core.retrieval.live.reply import explain, failed
from rerank_core.transport.address import checked_address
from rerank_core.transport.credentials import Credentials
from rerank_core.transport.exchange import TRANSPORT_ERRORS, Transport, exchange, failure_of, limits
from rerank_core.transport.reply import Failure, Reply
from rerank_core.transport.sockets import Deadline, open_pool, pool_options

_WIDTH = 4  # connections
_LONGEST = 600.0


@dataclass(frozen=True, slots=True)
class Product:
    """What answers: "OpenSearch" or "Elasticsearch", and its version as it says it."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def major(self) -> int:
        """The first number of the version; 0 where it begins with none."""
        first = self.version.partition(".")[0]
        return int(first) if first.isdecimal() else 0


class SearchEngine:
    """OpenSearch or Elasticsearch at an address. Safe under threads; close it when it is no longer needed.

    `timeout` is the wall clock of one request in seconds. Redirects are never followed, and replies over 64 MB are not
    read to their end. `transport` replaces the network, for tests; closing closes it. Raises ConfigurationError where
    any of it is wrong.
    """

    def __init__(
        self,
        address: str,
        credentials: Credentials | None = None,
        timeout: float = 10.0,
        transport: httpx.BaseTransport | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = checked_address(
            address,
            "The search engine's address",
            hint="Give an address that starts with https:// or http://, as in http://localhost:9200",
            credentials_hint="Leave them out of the address; they have fields of their own.",
        )
        self.credentials = credentials if credentials is not None else Credentials()
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= _LONGEST:
            raise ConfigurationError(
                f"The time-out is {timeout!r}.", hint=f"Use a number of seconds above 0, up to {_LONGEST:g}."
            )
        self.timeout = float(timeout)
        self._clock = clock
        if transport is None:
            transport = Transport(open_pool({**pool_options(self.address), "max_connections": _WIDTH}))
        self._transport = transport
        self._lock = threading.Lock()
        self._under_way: list[Deadline] = []
        self.closed = False

    def product(self) -> Product | None:
        """Product and version, None where the engine keeps them from these credentials. Raises what `ask` raises."""
        body = self.ask("GET", "/")
        version = body.get("version") if isinstance(body, dict) else None
        if not isinstance(version, dict) or not isinstance(version.get("number"), str):
            return None
        name = "OpenSearch" if version.get("distribution") == "opensearch" else "Elasticsearch"
        return Product(name, version["number"][:40])

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        index: str = "",
        timeout: float | None = None,
        lines: Iterable[Mapping[str, Any]] | None = None,
    ) -> Any:
        """One request; the parsed reply. `lines` are a body of one JSON object a line, `index` is what an error calls
        what was asked, `timeout` takes the place of the engine's. Raises the RerankError that
        anything else amounts to."""
        timeout = timeout or self.timeout
        deadline = Deadline(timeout, self._clock)
        with self._lock:
            if self.closed:
                raise _closed()
            self._under_way.append(deadline)
        try:
            outcome = self._exchange(self._request(method, path, body, lines, deadline), deadline)
        finally:
            with self._lock:
                self._under_way = [other for other in self._under_way if other is not deadline]
        if isinstance(outcome, Failure) and self.closed:
            raise _closed()
        try:
            if isinstance(outcome, Failure):
                raise failed(outcome, self.address, timeout)
            parsed = self._read(outcome)
            if not 200 <= outcome.status < 300 or (isinstance(parsed, dict) and "error" in parsed):
                had = self.credentials.kind != "none"
                raise explain(outcome, parsed, index, self.address, had_credentials=had)
            if parsed is None:
                raise no_engine(self.address)
        except RerankError as error:
            error.message, error.hint = map(self.credentials.redact, (error.message, error.hint))
            error.args = (error.message,)
            raise
        return parsed

    def close(self) -> None:
        """Close the connections. Requests under way in other threads fail at once; any later use is refused."""
        with self._lock:
            if self.closed:
                return
            self.closed = True
            for deadline in self._under_way:
                deadline.cancel()
        self._transport.close()

    def _read(self, reply: Reply) -> Any:
        try:
            return body_of(reply, lambda: self.closed)
        except Cancelled:
            raise _closed() from None

    def _exchange(self, request: httpx.Request, deadline: Deadline) -> Reply | Failure:
        try:
            return exchange(self._transport, request, deadline)
        except TRANSPORT_ERRORS as error:
            return failure_of(error, deadline, None)

    def _request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None,
        lines: Iterable[Mapping[str, Any]] | None,
        deadline: Deadline,
    ) -> httpx.Request:
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "rerank_core"}
        data = b""
        if lines is not None:
            data = b"".join(_json(line) + b"\n" for line in lines)
            headers["Content-Type"] = "application/x-ndjson"
        elif body is not None:
            data = _json(body)
            headers["Content-Type"] = "application/json"
        secret = self.credentials.header()
        if secret is not None:
            headers["Authorization"] = secret
        return httpx.Request(method, self.address + path, headers=headers, content=data, extensions=limits(deadline))


def _json(value: Mapping[str, Any]) -> bytes:
    # Single halves of surrogate pairs are no JSON to a search engine; the replacement character is.
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")


def _closed() -> ConfigurationError:
    return ConfigurationError("This connection to a search engine is closed.", hint="Open a new one.", code="closed")


def no_engine(address: str) -> BadResponseError:
    """The error for what answers and is no search engine."""
    return BadResponseError(
        f"{address} answers, but not as OpenSearch or Elasticsearch do.",
        hint="Check the address: it should be that of the search engine itself (usually port 9200), not its dashboard.",
        code="not_a_search_engine",
    )
