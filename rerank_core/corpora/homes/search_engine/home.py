"""A search engine as the home of knowledge bases."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from rerank_core.corpora.database import Facts
from rerank_core.corpora.errors import CorpusError, full
from rerank_core.corpora.homes.home import MAX_PLACES, HomeEntry
from rerank_core.corpora.homes.search_engine.asking import Asking
from rerank_core.corpora.homes.search_engine.catalogue import (
    GOING,
    MAKING,
    WHOLE,
    Catalogue,
    Source,
    entry_of,
    now,
    said_by,
)
from rerank_core.corpora.homes.search_engine.passages import (
    MAPPING,
    READ,
    SETTINGS,
    passages_of,
    source_of,
)
from rerank_core.corpora.homes.search_engine.vectors import EngineVectors
from rerank_core.corpora.homes.tokens import asked, joined, parent_key
from rerank_core.corpora.rows import row_of
from rerank_core.errors import InvalidDocumentsError, RerankError
from rerank_core.models import Document
from rerank_core.retrieval.embedding import Floats, Vectors
from rerank_core.retrieval.live.engine import SearchEngine
from rerank_core.storage.sqlite_file import as_bytes

PREFIX = "rerank-knowledge-bases"
"""What the names of its indexes begin with, where the operator does not say otherwise."""

_CONTENT = ("storage", "passages", "documents", "bytes", "vectors", "rank_fields")
_AT_ONCE = 200
_PAGE = 1_000


class SearchEngineHome:
    """Knowledge bases in OpenSearch or Elasticsearch.

    An index with the name `prefix` lists them; each has an index of its own behind that prefix, and one for each set
    of vectors. A passage counts from when the list says so: what a fill left that was killed is not found, and goes
    with the next fill. `wait` waits so many seconds where the engine is busy. Closing closes the engine.
    """

    id = "opensearch"

    def __init__(
        self, engine: SearchEngine, prefix: str = PREFIX, *, wait: Callable[[float], object] | None = None
    ) -> None:
        self._asking = Asking(engine) if wait is None else Asking(engine, wait)
        self._prefix = prefix
        self._catalogue = Catalogue(engine, prefix, self.label)
        self._vectors = EngineVectors(self._asking, self._catalogue, prefix)

    @property
    def label(self) -> str:
        """What a person calls it."""
        return self._asking.label

    def check(self) -> None:
        """Raise where it does not answer, refuses, or is too old."""
        self._asking.check()
        self._catalogue.all()

    def close(self) -> None:
        """Close the connections."""
        self._asking.engine.close()

    # The list

    def entries(self) -> list[HomeEntry]:
        """All knowledge bases that are whole."""
        return [entry_of(base, source) for base, source in self._catalogue.all() if source.get("state") == WHOLE]

    def entry(self, base: str) -> HomeEntry:
        """One of them, or one in the making."""
        return entry_of(base, self._catalogue.get(base))

    def begin(self, entry: HomeEntry) -> None:
        """Make an empty one."""
        self.drop(entry.id)
        self._catalogue.prepare()
        self._catalogue.add(entry.id, entry)
        self._asking.ask("PUT", f"/{self._prefix}-{entry.id}", {"settings": SETTINGS, "mappings": MAPPING})

    def publish(self, base: str) -> None:
        """List it from now on."""
        self._catalogue.update(base, lambda source: {**source, "state": WHOLE})

    def change(self, base: str, facts: Facts) -> None:
        """Take over what its owner chose."""
        self._catalogue.update(base, lambda source: {**source, **said_by(facts)})

    def drop(self, base: str) -> None:
        """Delete one with its indexes."""
        try:
            source = self._catalogue.update(base, lambda source: {**source, "state": GOING})
        except RerankError as error:
            if error.code in ("corpus_not_found", "index_not_found_exception"):
                return
            raise
        self._remove_indexes(source)
        self._catalogue.remove(base)

    def _remove_indexes(self, source: Source) -> None:
        for name in source["vectors"]:
            self._vectors.remove_index(self._vectors.index_of(source, name))
        self._vectors.remove_index(f"{self._prefix}-{source['storage']}")

    def take_place(self, new: str, old: str) -> None:
        """One takes the passages of another and keeps its own id, name and owner; the other is no more."""
        with self._catalogue.writing(old):
            taken, former = self._catalogue.get(new), self._catalogue.get(old)
            kept = {name: taken[name] for name in _CONTENT}
            self._catalogue.update(old, lambda source: {**source, **kept})
            self._catalogue.remove(new)
        self._remove_indexes(former)

    def leftovers(self) -> list[str]:
        """Those in the making, or on their way out, at which nobody works any more."""
        return [
            base
            for base, source in self._catalogue.all()
            if source.get("state") == GOING
            or (source.get("state") == MAKING and datetime.fromisoformat(source["until"]) < now())
        ]

    # Passages

    def append(self, base: str, documents: Iterable[Document], *, skip_known: bool) -> tuple[int, int]:
        """Add passages; they count once all are there."""
        with self._catalogue.writing(base) as stay:
            source = self._catalogue.get(base)
            before = source["passages"]
            self._forget_from(base, before)
            tally = _Tally(before)
            try:
                rows = self._rows(base, documents, tally, source["rank_fields"], skip_known)
                for _ in self._asking.bulk(self._index(base), rows):
                    stay()
                self._asking.ask("POST", f"/{self._index(base)}/_refresh")
            except BaseException:
                with contextlib.suppress(RerankError):  # what is wrong has been said; the next fill deletes it
                    self._forget_from(base, before)
                raise
            self._catalogue.update(base, tally.onto)
        return tally.added, tally.skipped

    def _rows(
        self, base: str, documents: Iterable[Document], tally: _Tally, rank_fields: Sequence[str], skip_known: bool
    ) -> Iterator[tuple[str, Source]]:
        for some in _batched(documents):
            rows = [row_of(0, document) for document in some]
            known = (
                self._there(base, "digest", {row.digest.hex() for row in rows}, tally.before) if skip_known else set()
            )
            names = {parent_key(row.parent).hex() for row in rows if row.parent is not None} - tally.parents
            tally.parents |= self._there(base, "document", names, tally.before)
            for document, row in zip(some, rows, strict=True):
                if row.digest.hex() in known:
                    tally.skipped += 1
                    continue
                if row.parent is None:
                    tally.documents += 1
                elif (name := parent_key(row.parent).hex()) not in tally.parents:
                    tally.parents.add(name)
                    tally.documents += 1
                place = tally.before + tally.added
                tally.added, tally.size = tally.added + 1, tally.size + row.size
                if place >= MAX_PLACES:
                    raise full(place + 1, MAX_PLACES)
                yield str(place), source_of(row._replace(place=place), document, rank_fields)

    def _there(self, base: str, field: str, values: set[str], before: int) -> set[str]:
        """Which of these values passages before a place have."""
        if not values or not before:
            return set()
        body = {
            "size": 0,
            "query": _both({"terms": {field: sorted(values)}}, before),
            "aggs": {"found": {"terms": {"field": field, "size": len(values), "include": sorted(values)}}},
        }
        found = self._asking.ask("POST", f"/{self._index(base)}/_search", body)
        return {bucket["key"] for bucket in found["aggregations"]["found"]["buckets"]}

    def _forget_from(self, base: str, place: int) -> None:
        """Delete what a fill left that did not come to its end."""
        self._asking.ask("POST", f"/{self._index(base)}/_refresh")
        body = {"query": {"range": {"place": {"gte": place}}}}
        self._asking.ask("POST", f"/{self._index(base)}/_delete_by_query?refresh=true&conflicts=proceed", body)

    def read(self, base: str, places: Sequence[int]) -> list[Document]:
        """The passages at these places."""
        return self._documents(self._sources(base, places, READ), places)

    def _sources(self, base: str, places: Sequence[int], fields: Sequence[str]) -> list[Source]:
        found: list[Source] = []
        path = f"/{self._index(base)}/_mget?_source_includes={','.join(fields)}"
        for start in range(0, len(places), _AT_ONCE):
            some = [str(place) for place in places[start : start + _AT_ONCE]]
            for each in self._asking.ask("POST", path, {"ids": some})["docs"]:
                if each.get("error", {}).get("type") == "index_not_found_exception":
                    self._asking.ask("GET", f"/{self._index(base)}/_count")  # says so
                found.append(each["_source"] if each.get("found") else {})
        return found

    def _documents(self, sources: Sequence[Source], places: Sequence[int]) -> list[Document]:
        for place, source in zip(places, sources, strict=True):
            if not source:
                raise IndexError(f"the corpus has no passage {place}")
        try:
            return passages_of(sources)
        except (KeyError, TypeError, ValueError, InvalidDocumentsError) as error:
            raise CorpusError(
                "A passage of this knowledge base is damaged in the search engine.",
                hint="Make the knowledge base again from its documents; another program may have written into it.",
                code="corpus_damaged",
            ) from error

    def siblings(self, base: str, place: int, around: int) -> list[int]:
        """Neighbours from the same document."""
        near = list(range(max(0, place - around), min(self._catalogue.get(base)["passages"], place + around + 1)))
        sources = self._sources(base, near, ["place", "document"])
        document = next((each.get("document") for at, each in zip(near, sources, strict=True) if at == place), None)
        return [
            at
            for at, each in zip(near, sources, strict=True)
            if at == place or (document is not None and each.get("document") == document)
        ]

    def places_of(self, base: str, parent: str) -> list[int]:
        """All passages of one document."""
        before = self._catalogue.get(base)["passages"]
        query = _both({"term": {"document": parent_key(as_bytes(parent)).hex()}}, before)
        found: list[int] = []
        while True:
            body: Source = {"size": _PAGE, "query": query, "sort": [{"place": "asc"}], "_source": ["place"]}
            if found:
                body["search_after"] = [found[-1]]
            hits = self._asking.ask("POST", f"/{self._index(base)}/_search", body)["hits"]["hits"]
            found += [int(hit["_source"]["place"]) for hit in hits]
            if len(hits) < _PAGE:
                return found

    # Search

    def reword(self, base: str, rank_fields: Sequence[str]) -> Iterator[int]:
        """Write the words of other fields."""
        with self._catalogue.writing(base) as stay:
            size = self._catalogue.get(base)["passages"]
            for done in self._asking.bulk(self._index(base), self._reworded(base, size, rank_fields)):
                stay()
                yield done
            self._asking.ask("POST", f"/{self._index(base)}/_refresh")

    def _reworded(self, base: str, size: int, rank_fields: Sequence[str]) -> Iterator[tuple[str, Source]]:
        for start in range(0, size, _AT_ONCE):
            places = range(start, min(size, start + _AT_ONCE))
            for place, document in zip(places, self.read(base, places), strict=True):
                yield str(place), source_of(row_of(place, document), document, rank_fields)

    def frequencies(self, base: str, words: Sequence[str]) -> list[int]:
        """How many passages hold each word."""
        if not words:
            return []
        counted = {str(number): {"term": {"words": word}} for number, word in enumerate(words)}
        body = {"size": 0, "aggs": {"words": {"filters": {"filters": counted}}}}
        found = self._asking.ask("POST", f"/{self._index(base)}/_search", body)["aggregations"]["words"]["buckets"]
        return [int(found[str(number)]["doc_count"]) for number in range(len(words))]

    def by_keyword(self, base: str, question: str, k: int) -> list[tuple[int, float]]:
        """The passages that match best."""
        tokens = asked(question)
        if not tokens:
            return []
        body = {
            "size": k,
            "query": _both({"match": {"words": {"query": joined(tokens)}}}, self._catalogue.get(base)["passages"]),
            "sort": [{"_score": "desc"}, {"place": "asc"}],
            "_source": ["place"],
        }
        found = self._asking.ask("POST", f"/{self._index(base)}/_search", body)
        return [(int(hit["_source"]["place"]), float(hit["_score"])) for hit in found["hits"]["hits"]]

    def add_vectors(self, base: str, name: str, vectors: Vectors, passages: int) -> None:
        """Keep rows of vectors."""
        self._vectors.add(base, name, vectors, passages)

    def finish_vectors(self, base: str, name: str) -> None:
        """Let searches see them all."""
        self._vectors.finish(base, name)

    def by_meaning(self, base: str, name: str, query: Floats, k: int) -> list[tuple[int, float]]:
        """The passages nearest to a vector."""
        return self._vectors.nearest(base, name, query, k)

    def vectors(self, base: str, name: str) -> Iterator[Vectors]:
        """All rows."""
        return self._vectors.all(base, name)

    def drop_vectors(self, base: str, name: str) -> None:
        """Delete a set of vectors."""
        self._vectors.drop(base, name)

    def _index(self, base: str) -> str:
        return f"{self._prefix}-{self._catalogue.get(base)['storage']}"


class _Tally:
    """What an addition comes to."""

    def __init__(self, before: int) -> None:
        self.before = before
        self.added = self.skipped = self.documents = self.size = 0
        self.parents: set[str] = set()

    def onto(self, source: dict[str, Any]) -> Source:
        """The document of the list after it."""
        return {
            **source,
            "passages": self.before + self.added,
            "documents": source["documents"] + self.documents,
            "bytes": source["bytes"] + self.size,
        }


def _batched(documents: Iterable[Document]) -> Iterator[tuple[Document, ...]]:
    rest = iter(documents)
    while some := tuple(islice(rest, _AT_ONCE)):
        yield some


def _both(query: Source, before: int) -> Source:
    """A query among the passages that count."""
    return {"bool": {"must": [query], "filter": [{"range": {"place": {"lt": before}}}]}}
