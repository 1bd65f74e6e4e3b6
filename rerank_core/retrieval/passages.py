"""What a first stage searches: passages with their keyword index and their vectors, on disk or in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from rerank_core.models import Document, DocumentInput, as_documents, texts_of
from rerank_core.rank_fields import TITLE_AND_TEXT, checked_fields

if TYPE_CHECKING:
    from rerank_core.keyword.index import KeywordIndex
    from rerank_core.retrieval.embedding import Floats, Vectors, VectorTable

PARENT = "document_id"
"""The metadata of a passage that names the document it was cut from. A passage without it is a document itself."""

OnProgress = Callable[[int, int], None]
"""Called with passages done and passages in all; what it raises stops the work."""


class KeywordMatch(Protocol):
    """A passage that shares something with the query: its place and its BM25."""

    @property
    def index(self) -> int: ...

    @property
    def score(self) -> float: ...


class KeywordSearch(Protocol):
    """Passages searched by keyword: a KeywordIndex, or a search engine's own index."""

    def __len__(self) -> int: ...

    def search(self, query: str, k: int = 100) -> Sequence[KeywordMatch]:
        """The up to `k` passages that match best, best first."""
        ...

    def rarity_in(self, query: str) -> Callable[[str], float]:
        """How much a word of this query tells in this collection, from 0 (in no passage) to 1 (in one)."""
        ...


class MeaningSearch(Protocol):
    """Passages searched by their vectors: a VectorTable, or those that a database or a search engine compares."""

    def __len__(self) -> int: ...

    @property
    def vectors(self) -> Vectors:
        """The vectors themselves, owned by places 0 to len(self) - 1."""
        ...

    def search(self, query: Floats, k: int) -> list[tuple[int, float]]:
        """The up to `k` passages nearest to a unit vector: (place, cosine), nearest first."""
        ...


class Passages(Protocol):
    """A collection of passages, each known by its place, counted from 0."""

    @property
    def rank_fields(self) -> tuple[str, ...]:
        """The fields of a passage that are searched, and that a reranker is to read."""
        ...

    def __len__(self) -> int: ...

    def get(self, places: Sequence[int]) -> list[Document]:
        """The passages at these places, in this order. Raises IndexError where there is none."""
        ...

    def keyword_index(self, on_progress: OnProgress | None = None) -> KeywordSearch:
        """The keyword index of all passages, built where it is missing."""
        ...

    def vectors(self, model: str, on_progress: OnProgress | None = None) -> MeaningSearch:
        """The vectors of all passages by a local model, made where they are missing."""
        ...

    def surroundings(self, place: int, around: int = 2) -> list[tuple[int, Document]]:
        """A passage with up to `around` passages before and after it that were cut from the same document, each with
        its place. Raises IndexError where there is none."""
        ...

    def has_keyword_index(self) -> bool:
        """Whether `keyword_index` has nothing left to build."""
        ...

    def missing_vectors(self, model: str) -> int:
        """How many passages `vectors` would have to embed first."""
        ...


class PassageList:
    """Passages in memory, such as a sample collection or a pasted list. Safe under threads.

    Takes strings, objects with a `text` or Documents; raises InvalidDocumentsError for anything else, and
    InvalidRequestError for fields that are no list of names.
    """

    def __init__(self, documents: Iterable[DocumentInput], rank_fields: Iterable[str] = TITLE_AND_TEXT) -> None:
        self.documents = as_documents(documents)
        self._fields = checked_fields(rank_fields)
        self._lock = threading.Lock()
        self._index: KeywordIndex | None = None
        self._vectors: dict[str, VectorTable] = {}

    @property
    def rank_fields(self) -> tuple[str, ...]:
        """The fields of a passage that are searched, and that a reranker is to read."""
        return self._fields

    def __len__(self) -> int:
        return len(self.documents)

    def get(self, places: Sequence[int]) -> list[Document]:
        """The passages at these places, in this order. Raises IndexError where there is none."""
        if any(place < 0 for place in places):
            raise IndexError("places count from 0")
        return [self.documents[place] for place in places]

    def surroundings(self, place: int, around: int = 2) -> list[tuple[int, Document]]:
        """A passage with up to `around` passages before and after it that were cut from the same document, each with
        its place. Raises IndexError where there is none."""
        parent = self.get([place])[0].metadata.get(PARENT)
        near = range(max(0, place - around), min(len(self), place + around + 1))
        return [
            (at, self.documents[at])
            for at in near
            if at == place or (parent is not None and str(self.documents[at].metadata.get(PARENT)) == str(parent))
        ]

    def keyword_index(self, on_progress: OnProgress | None = None) -> KeywordIndex:
        """The keyword index of all passages, built at the first call."""
        from rerank_core.keyword.index import KeywordIndex
        from rerank_core.offline.workers import indexing

        with self._lock:
            if self._index is None:
                with indexing(on_progress) as heard:
                    self._index = KeywordIndex.build(texts_of(self.documents, self._fields), on_progress=heard)
            return self._index

    def vectors(self, model: str, on_progress: OnProgress | None = None) -> VectorTable:
        """The vectors of all passages by a local model, made at the first call.

        Raises ConfigurationError where the model cannot be used here.
        """
        from rerank_core.retrieval.embedding import VectorTable, embed_passages

        total = len(self)
        with self._lock:
            if model not in self._vectors:

                def tick(done: int) -> None:
                    if on_progress is not None:
                        on_progress(done, total)

                texts = texts_of(self.documents, self._fields)
                self._vectors[model] = VectorTable(embed_passages(model, texts, tick=tick), total)
            return self._vectors[model]

    def has_keyword_index(self) -> bool:
        """Whether the keyword index has been built."""
        return self._index is not None

    def missing_vectors(self, model: str) -> int:
        """How many passages `vectors` would have to embed first: all or none."""
        return 0 if model in self._vectors else len(self)
