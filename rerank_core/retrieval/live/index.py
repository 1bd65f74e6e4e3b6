"""A live search engine as the first stage: OpenSearch or Elasticsearch, through plain `_search`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import quote, urlsplit

import httpx

from rerank_core.errors import ConfigurationError, InvalidQueryError, PermissionDeniedError, RerankError
from rerank_core.retrieval.live.engine import SearchEngine, no_engine
from rerank_core.retrieval.live.query import FieldInfo, LiveFields, QueryTemplate
from rerank_core.retrieval.live.reply import LiveResult, result_of
from rerank_core.transport.credentials import Credentials

MOST = 1_000
"""Documents that one search may ask for."""

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
        self._engine = SearchEngine(address, credentials, timeout, transport, clock=_clock)
        self.address = self._engine.address
        self.index = _index(index)
        self.fields_used = fields
        self.credentials = self._engine.credentials
        self.template = (
            template
            if isinstance(template, QueryTemplate)
            else (QueryTemplate(template) if template and template.strip() else QueryTemplate.default(fields))
        )
        self.timeout = self._engine.timeout
        self._clock = _clock

    def __repr__(self) -> str:
        return f"<LiveIndex {self.index!r} at {self.address}{', closed' if self._engine.closed else ''}>"

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
            raise no_engine(self.address)
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
        engine = self._product()
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
        self._engine.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def _path(self) -> str:
        return quote(self.index, safe="*,-_.:<>")

    def _product(self) -> str | None:
        """Product and version, None where the engine keeps them from these credentials."""
        try:
            found = self._engine.product()
        except RerankError:
            return None
        return None if found is None else str(found)

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
        return self._engine.ask(method, path, body, index=self.index)


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
