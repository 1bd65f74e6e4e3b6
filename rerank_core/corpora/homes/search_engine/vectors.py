"""The vectors of a knowledge base in a search engine: an index for each set of them, a document for each row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rerank_core.corpora.errors import CorpusError
from rerank_core.corpora.homes.home import MAX_EXACT_ROWS
from rerank_core.corpora.homes.search_engine.asking import Asking
from rerank_core.corpora.homes.search_engine.catalogue import Catalogue, Source
from rerank_core.corpora.homes.search_engine.passages import rows_of, vectors_of
from rerank_core.errors import InvalidRequestError, RerankError
from rerank_core.retrieval.embedding import Floats, Vectors, VectorTable, joined

_AT_ONCE = 1_000
_MOST_NEAR = 10_000


class EngineVectors:
    """All vectors of one engine.

    Where it compares vectors (OpenSearch with its k-NN plugin, Elasticsearch), it finds the nearest itself, by an HNSW
    graph: nearly always the nearest. Where it does not, the rows are read to this computer once and compared there,
    each with each.
    """

    def __init__(self, asking: Asking, catalogue: Catalogue, prefix: str) -> None:
        self._asking = asking
        self._catalogue = catalogue
        self._prefix = prefix
        self._tables: dict[str, tuple[int, VectorTable]] = {}

    def index_of(self, source: Source, name: str) -> str:
        """The index of a set of vectors of what the list says so of."""
        return f"{self._prefix}-{source['storage']}-{name}".lower()

    def add(self, base: str, name: str, vectors: Vectors, passages: int) -> None:
        """Keep these rows; so many passages have their vectors then."""
        index, head = self._head(base, name)
        width = vectors.rows.shape[1]
        if head is None:
            head = {"passages": 0, "rows": 0, "width": width, "searched": self._make(index, width)}
        for _ in self._asking.bulk(index, rows_of(vectors, head["searched"] is not None)):
            pass
        known = head

        def change(source: Source) -> Source:
            now = source["vectors"].get(name, known)
            if now["passages"] < passages:
                now = {**now, "passages": passages, "rows": now["rows"] + len(vectors.rows)}
            return {**source, "vectors": {**source["vectors"], name: now}}

        self._catalogue.update(base, change)

    def finish(self, base: str, name: str) -> None:
        """Let searches see all rows."""
        index, head = self._head(base, name)
        if head is not None:
            self._asking.ask("POST", f"/{index}/_refresh")

    def nearest(self, base: str, name: str, query: Floats, k: int) -> list[tuple[int, float]]:
        """The passages nearest to a vector."""
        index, head = self._head(base, name)
        if head is None:
            return []
        if not head["searched"]:
            return self._table(index, head).search(query, k)
        # A passage of several rows comes up more than once; twice as many rows nearly always hold k passages.
        rows = min(2 * k, _MOST_NEAR)
        found = self._asking.ask("POST", f"/{index}/_search", _asked(query, rows, head["searched"]))
        best: dict[int, float] = {}
        for hit in found["hits"]["hits"]:
            place = int(hit["_source"]["place"])
            cosine = min(1.0, max(-1.0, 2 * float(hit["_score"]) - 1))
            best[place] = max(best.get(place, -1.0), cosine)
        return sorted(best.items(), key=lambda each: (-each[1], each[0]))[:k]

    def all(self, base: str, name: str) -> Iterator[Vectors]:
        """All rows, by passage."""
        index, head = self._head(base, name)
        if head is not None and head["rows"]:
            yield from self._rows(index, head)

    def _rows(self, index: str, head: Source) -> Iterator[Vectors]:
        self._asking.ask("POST", f"/{index}/_refresh")
        after: list[int] | None = None
        while True:
            body: Source = {
                "size": _AT_ONCE,
                "query": {"range": {"place": {"lt": head["passages"]}}},
                "sort": [{"place": "asc"}, {"row": "asc"}],
                "_source": ["place", "packed"],
                **({"search_after": after} if after else {}),
            }
            hits = self._asking.ask("POST", f"/{index}/_search", body)["hits"]["hits"]
            if not hits:
                return
            after = hits[-1]["sort"]
            try:
                yield vectors_of([hit["_source"] for hit in hits], head["width"])
            except (KeyError, TypeError, ValueError) as error:
                raise CorpusError(
                    "The vectors of this knowledge base are damaged.",
                    hint="Delete it and make it again from its documents.",
                    code="corpus_damaged",
                ) from error

    def drop(self, base: str, name: str) -> None:
        """Delete a set."""
        index, _ = self._head(base, name)
        self._tables.pop(index, None)
        self.remove_index(index)

        def change(source: Source) -> Source:
            return {**source, "vectors": {key: each for key, each in source["vectors"].items() if key != name}}

        self._catalogue.update(base, change)

    def remove_index(self, index: str) -> None:
        """Delete an index; nothing where there is none."""
        try:
            self._asking.ask("DELETE", f"/{index}")
        except RerankError as error:
            if error.code != "home_gone":
                raise

    def _head(self, base: str, name: str) -> tuple[str, dict[str, Any] | None]:
        """The index of a set, and what the list says of it; None where it is not listed."""
        source = self._catalogue.get(base)
        return self.index_of(source, name), source["vectors"].get(name)

    def _table(self, index: str, head: Source) -> VectorTable:
        rows = head["rows"]
        kept = self._tables.get(index)
        if kept is not None and kept[0] == rows:
            return kept[1]
        if rows > MAX_EXACT_ROWS:
            raise CorpusError(
                f"This search engine compares no vectors, and {rows:,} are more than are compared on this computer.",
                hint="Search by keyword, or have the operator install the engine's k-NN plugin.",
                code="home_without_vectors",
            )
        whole = joined(self._rows(index, head), head["width"])
        table = VectorTable(whole, head["passages"])
        self._tables = {index: (rows, table)}  # the last one only
        return table

    def _make(self, index: str, width: int) -> str | None:
        """Make the index of a set; the kind of field that the engine compares, None where it compares none."""
        query = np.eye(1, width, dtype=np.float32)[0]
        for kind, settings, field in _fields(width):
            self.remove_index(index)  # also what an attempt left that was killed before it said so
            mapping = {
                "dynamic": False,
                "_source": {"excludes": ["vector"]},  # `packed` is the same in a quarter of the room
                "properties": {**_PLACES, "vector": field},
            }
            try:
                self._asking.ask("PUT", f"/{index}", {"settings": settings, "mappings": mapping})
                self._asking.ask("POST", f"/{index}/_search", _asked(query, 1, kind))
            except InvalidRequestError:
                continue  # it knows no such field, or no such query
            return kind
        self.remove_index(index)
        self._asking.ask("PUT", f"/{index}", {"mappings": {"dynamic": False, "properties": _PLACES}})
        return None


_PLACES = {"place": {"type": "integer"}, "row": {"type": "integer"}}


def _fields(width: int) -> Iterator[tuple[str, Source, Source]]:
    """Kinds of fields whose vectors an engine may compare, with the settings that each needs: OpenSearch's, and
    Elasticsearch's."""
    method = {"name": "hnsw", "engine": "lucene", "space_type": "cosinesimil"}
    yield "knn_vector", {"index": {"knn": True}}, {"type": "knn_vector", "dimension": width, "method": method}
    yield "dense_vector", {}, {"type": "dense_vector", "dims": width, "index": True, "similarity": "cosine"}


def _asked(query: Floats, rows: int, kind: str) -> Source:
    """The search for the rows nearest to a vector. Both engines score a row by (1 + cosine) / 2."""
    vector = query.tolist()
    if kind == "dense_vector":
        knn = {"field": "vector", "query_vector": vector, "k": rows, "num_candidates": min(_MOST_NEAR, 2 * rows)}
        return {"size": rows, "knn": knn, "_source": ["place"]}
    return {"size": rows, "query": {"knn": {"vector": {"vector": vector, "k": rows}}}, "_source": ["place"]}
