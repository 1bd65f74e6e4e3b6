"""A live search engine as the first stage: OpenSearch or Elasticsearch, through plain `_search`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from rerank_core.errors import (
    BadResponseError,
    ConfigurationError,
    InvalidQueryError,
    PermissionDeniedError,
    RerankError,
)
from rerank_core.jobs import Cancelled
from rerank_core.retrieval.live.isolated import body_of
from rerank_core.retrieval.live.query import FieldInfo, LiveFields, QueryTemplate
from rerank_core.retrieval.live.reply import LiveResult, explain, failed, result_of
from rerank_core.transport.address import checked_address
from rerank_core.transport.credentials import Credentials
from rerank_core.transport.exchange import TRANSPORT_ERRORS, Transport, exchange, failure_of, limits
from rerank_core.transport.reply import Failure, Reply
from rerank_core.transport.sockets import Deadline, open_pool, pool_options

MOST = 1_000
"""Documents that one search may ask for."""

_WIDTH = 4  # connections
_LONGEST = 600.0
_FIELDS = 2_000


@dataclass(frozen=True, slots=True)
class LiveTest:
    """What a test of the connection found. `engine` names the product and its version where it said so, `documents`
    how many the index holds, `problems` are sentences about settings that do not fit, empty where all is well."""

    engine: str | None
    documents: int | None
    fields: tuple[FieldInfo, ...]
    problems: tuple[str, ...]


class LiveIndex:
    """One index of a search engine. Safe under threads; close it, or use it in a `with`.

    `address` is where the engine listens, `index` a name, an alias or a pattern such as `kb-*`. `template` is the
    body of the search as JSON with `{{query}}`, None for a plain search of text and title. `timeout` is the wall
    clock of one request in seconds. Redirects are never followed, and replies over 64 MB are not read to their end.
    `transport` replaces the network, for tests; closing closes it. Raises ConfigurationError where any of it is wrong.
    """

    def __init__(
        self,
        address: str,
        index: str,
        fields: LiveFields,
        credentials: Credentials | None = None,
        template: str | QueryTemplate | None = None,
        timeout: float = 10.0,
        transport: httpx.BaseTransport | None = None,
        *,
        _clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = checked_address(
            address,
            "The search engine's address",
            hint="Give an address that starts with https:// or http://, as in http://localhost:9200",
            credentials_hint="Leave them out of the address; they have fields of their own.",
        )
        self.index = _index(index)
        self.fields_used = fields
        self.credentials = credentials if credentials is not None else Credentials()
        self.template = (
            template
            if isinstance(template, QueryTemplate)
            else (QueryTemplate(template) if template and template.strip() else QueryTemplate.default(fields))
        )
        if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= _LONGEST:
            raise ConfigurationError(
                f"The time-out is {timeout!r}.", hint=f"Use a number of seconds above 0, up to {_LONGEST:g}."
            )
        self.timeout = float(timeout)
        self._clock = _clock
        if transport is None:
            transport = Transport(open_pool({**pool_options(self.address), "max_connections": _WIDTH}))
        self._transport = transport
        self._lock = threading.Lock()
        self._under_way: list[Deadline] = []
        self._closed = False

    def __repr__(self) -> str:
        return f"<LiveIndex {self.index!r} at {self.address}{', closed' if self._closed else ''}>"

    def search(self, query: str, k: int = 100) -> LiveResult:
        """The up to `k` documents that the engine finds best, in its order; none is no error but a note.

        Raises InvalidQueryError for a blank query, ValueError unless `k` is 1 to 1,000, and otherwise a RerankError
        that says what the engine or the network said.
        """
        if not query.strip():
            raise InvalidQueryError("The query is empty.")
        if not 1 <= k <= MOST:
            raise ValueError(f"k must be 1 to {MOST}")
        sent = self.template.fill(query, k)
        started = self._clock()
        body = self._ask("POST", f"/{self._path}/_search", sent)
        return result_of(body, self.fields_used, sent, (self._clock() - started) * 1000)

    def fields(self) -> tuple[FieldInfo, ...]:
        """The fields of the index, as its mapping lists them, in alphabetical order."""
        body = self._ask("GET", f"/{self._path}/_mapping")
        if not isinstance(body, dict) or not all(isinstance(entry, dict) for entry in body.values()):
            raise _no_engine(self.address)
        if not body:
            raise ConfigurationError(
                f"The search engine has no index called '{self.index}'.",
                hint="Check the name: capitals, dashes and underscores count.",
                code="index_not_found_exception",
            )
        found: dict[str, str] = {}
        for entry in body.values():
            found.update(_fields(entry.get("mappings")))
        return tuple(FieldInfo(name, kind) for name, kind in sorted(found.items()))[:_FIELDS]

    def test(self) -> LiveTest:
        """Whether the engine and the index can be reached and hold the fields named. Raises what `search` raises."""
        fields = self.fields()  # first: it says most about what is wrong
        engine = self._engine()
        try:
            counted = self._ask("GET", f"/{self._path}/_count")
        except PermissionDeniedError:
            counted = None
        count = counted.get("count") if isinstance(counted, dict) else None
        return LiveTest(
            engine, count if isinstance(count, int) else None, fields, tuple(self._problems({f.name for f in fields}))
        )

    def close(self) -> None:
        """Close the connections. Requests under way in other threads fail at once; any later use is refused."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for deadline in self._under_way:
                deadline.cancel()
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def _path(self) -> str:
        return quote(self.index, safe="*,-_.:<>")

    def _engine(self) -> str | None:
        """Product and version, None where the engine keeps them from these credentials."""
        try:
            body = self._ask("GET", "/")
        except RerankError:
            return None
        version = body.get("version") if isinstance(body, dict) else None
        if not isinstance(version, dict) or not isinstance(version.get("number"), str):
            return None
        name = "OpenSearch" if version.get("distribution") == "opensearch" else "Elasticsearch"
        return f"{name} {version['number'][:40]}"

    def _problems(self, there: set[str]) -> Iterator[str]:
        parts = urlsplit(self.address)
        if self.credentials.kind != "none" and parts.scheme == "http" and not _is_loopback(parts.hostname or ""):
            yield "The credentials go to this address unencrypted. Use its https:// address if it has one."
        if not there:
            yield f"The index '{self.index}' has no fields yet: it is empty."
            return
        for role, name in (
            ("text", self.fields_used.text),
            ("title", self.fields_used.title),
            ("address", self.fields_used.url),
        ):
            if name and name not in there:
                yield f"The index has no field '{name}', which is to be the {role}."

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """One request; the parsed reply. Raises the RerankError that anything else amounts to."""
        deadline = Deadline(self.timeout, self._clock)
        with self._lock:
            if self._closed:
                raise _closed()
            self._under_way.append(deadline)
        try:
            outcome = self._exchange(method, path, body, deadline)
        finally:
            with self._lock:
                self._under_way = [other for other in self._under_way if other is not deadline]
        if isinstance(outcome, Failure) and self._closed:
            raise _closed()
        try:
            if isinstance(outcome, Failure):
                raise failed(outcome, self.address, self.timeout)
            parsed = self._read(outcome)
            if not 200 <= outcome.status < 300 or (isinstance(parsed, dict) and "error" in parsed):
                had = self.credentials.kind != "none"
                raise explain(outcome, parsed, self.index, self.address, had_credentials=had)
            if parsed is None:
                raise _no_engine(self.address)
        except RerankError as error:
            error.message, error.hint = map(self.credentials.redact, (error.message, error.hint))
            error.args = (error.message,)
            raise
        return parsed

    def _read(self, reply: Reply) -> Any:
        try:
            return body_of(reply, lambda: self._closed)
        except Cancelled:
            raise _closed() from None

    def _exchange(self, method: str, path: str, body: Mapping[str, Any] | None, deadline: Deadline) -> Reply | Failure:
        try:
            return exchange(self._transport, self._request(method, path, body, deadline), deadline)
        except TRANSPORT_ERRORS as error:
            return failure_of(error, deadline, None)

    def _request(self, method: str, path: str, body: Mapping[str, Any] | None, deadline: Deadline) -> httpx.Request:
        # Single halves of surrogate pairs are no JSON to a search engine; the replacement character is.
        data = b"" if body is None else json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "rerank_core"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        secret = self.credentials.header()
        if secret is not None:
            headers["Authorization"] = secret
        return httpx.Request(method, self.address + path, headers=headers, content=data, extensions=limits(deadline))


def _fields(mapping: Any, before: str = "") -> Iterator[tuple[str, str]]:
    """The fields of a mapping as (dotted path, type), objects opened up, without the copies that a field keeps of
    itself."""
    properties = mapping.get("properties") if isinstance(mapping, dict) else None
    if not isinstance(properties, dict):
        return
    for name, entry in properties.items():
        if not isinstance(entry, dict):
            continue
        if "properties" in entry:
            yield from _fields(entry, f"{before}{name}.")
        else:
            yield f"{before}{name}", str(entry.get("type", "object"))


def _closed() -> ConfigurationError:
    return ConfigurationError("This connection to a search engine is closed.", hint="Open a new one.", code="closed")


def _is_loopback(host: str) -> bool:
    return host == "localhost" or host == "::1" or host.startswith("127.")


def _index(index: str) -> str:
    name = index.strip() if isinstance(index, str) else ""
    if not name:
        raise ConfigurationError("The index is not named.", hint="Type the name of the index to search.")
    # A name that begins with an underscore is one of the engine's own commands, and a slash would lead to another.
    if any(part.startswith(("_", "-", "+")) or part in (".", "..", "") for part in name.split(",")) or any(
        character in '/\\?#"| ' or not character.isprintable() for character in name
    ):
        raise ConfigurationError(
            f"'{name[:80]}' is not a name that an index can have.",
            hint="Use the name as the search engine lists it; several go with commas between, parts with *.",
        )
    return name


def _no_engine(address: str) -> BadResponseError:
    return BadResponseError(
        f"{address} answers, but not as OpenSearch or Elasticsearch do.",
        hint="Check the address: it should be that of the search engine itself (usually port 9200), not its dashboard.",
        code="not_a_search_engine",
    )
