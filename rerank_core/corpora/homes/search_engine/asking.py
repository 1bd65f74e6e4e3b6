"""Requests about knowledge bases to a search engine: in bulk, once more where it is busy, errors in its words."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from rerank_core.corpora.errors import CorpusError, gone
from rerank_core.errors import ConfigurationError, RateLimitedError, RerankError
from rerank_core.retrieval.live.engine import Product, SearchEngine

WAITS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before each further try where the engine is too busy."""

_LEAST = {"OpenSearch": 2, "Elasticsearch": 8}
_AT_ONCE_BYTES = 4_000_000
_AT_ONCE = 500
_BUSY = (429, 503)

Source = Mapping[str, Any]


class Asking:
    """An engine as the knowledge bases in it use it; `wait` waits so many seconds."""

    def __init__(self, engine: SearchEngine, wait: Callable[[float], object] = time.sleep) -> None:
        self.engine = engine
        self._wait = wait

    @property
    def label(self) -> str:
        """What a person calls it."""
        parts = urlsplit(self.engine.address)
        return f"the search engine at {parts.netloc or self.engine.address}"

    def check(self) -> Product | None:
        """What answers; None where it does not say. Raises where it does not answer, refuses or is too old."""
        found = self.engine.product()
        if found is not None and found.major < _LEAST[found.name]:
            raise ConfigurationError(
                f"{found} is too old to keep knowledge bases in; {found.name} {_LEAST[found.name]} is the oldest that "
                "does.",
                hint="Upgrade it, or name another search engine.",
                code="version",
            )
        return found

    def ask(self, method: str, path: str, body: Source | None = None, *, lines: list[Source] | None = None) -> Any:
        """One request. An index that is not there is a knowledge base whose passages are gone."""
        for wait in (*WAITS, None):
            try:
                return self.engine.ask(method, path, body, index=path.split("/")[1], lines=lines)
            except RateLimitedError:
                if wait is None:
                    raise
                self._wait(wait)
            except RerankError as error:
                if error.code == "index_not_found_exception":
                    raise gone(self.label) from error
                raise
        raise AssertionError("a last try returns or raises")

    def bulk(self, index: str, sources: Iterable[tuple[str, Source]]) -> Iterator[int]:
        """Write documents by their ids, a few hundred a request; gives how many have been written. Raises
        CorpusError for one that the engine refuses."""
        written = 0
        for some in _batches(sources):
            left = some
            for wait in (*WAITS, None):
                left = self._refused(index, left)
                if not left:
                    break
                if wait is None:
                    raise RateLimitedError(
                        "The search engine is too busy to take more passages.", hint="Wait a little and try again."
                    )
                self._wait(wait)
            written += len(some)
            yield written

    def _refused(self, index: str, some: list[tuple[str, Source]]) -> list[tuple[str, Source]]:
        """Write these; those that the engine is too busy for."""
        lines: list[Source] = []
        for name, source in some:
            lines += [{"index": {"_index": index, "_id": name}}, source]
        reply = self.ask("POST", "/_bulk?filter_path=errors,items.*.status,items.*.error", lines=lines)
        if not reply.get("errors"):
            return []
        again = []
        for each, item in zip(some, reply["items"], strict=True):
            (done,) = item.values()
            if "error" not in done:
                continue
            if done.get("status") not in _BUSY:
                error = done["error"]
                if error.get("type") == "index_not_found_exception":
                    raise gone(self.label)
                raise CorpusError(
                    f"The search engine refuses a passage: {' '.join(str(error.get('reason')).split())[:300]}.",
                    hint="Look at the engine's own log, and at the settings of its indexes.",
                    code="home_refused",
                )
            again.append(each)
        return again


def _batches(sources: Iterable[tuple[str, Source]]) -> Iterator[list[tuple[str, Source]]]:
    some: list[tuple[str, Source]] = []
    size = 0
    for name, source in sources:
        some.append((name, source))
        size += sum(len(value) for value in source.values() if isinstance(value, str)) + 20 * len(
            source.get("vector", ())
        )
        if len(some) >= _AT_ONCE or size >= _AT_ONCE_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some
