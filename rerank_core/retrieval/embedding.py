"""Texts as vectors of the local models, one text at a time or a whole collection."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from rerank_core.errors import ModelNotFoundError
from rerank_core.keyword.highest import highest
from rerank_core.offline import engine
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from rerank_core.offline.weights import MINILM, MULTILINGUAL_E5
from rerank_core.retrieval.small_rows import OVERSAMPLED, SmallRows, cosines_with

if TYPE_CHECKING:
    from rerank_core.offline.encoder import Encoder

EMBEDDING_MODELS = (ENGLISH, MULTILINGUAL)
"""The local models that make vectors; the keyword model makes none."""

Floats = NDArray[np.float32]

_WEIGHTS = {ENGLISH: MINILM, MULTILINGUAL: MULTILINGUAL_E5}


@dataclass(frozen=True, slots=True)
class Vectors:
    """Unit vectors of texts: `rows`, and for each row the place of its text in `owners`, ascending.

    A text longer than the model reads at once has several rows, one in which the model sees nothing has none. `small`
    are the same rows as bytes (`small_rows`), None where all of them are compared exactly.
    """

    rows: Floats
    owners: NDArray[np.int32]
    small: SmallRows | None = None


def joined(parts: Iterable[Vectors], width: int = 0) -> Vectors:
    """Vectors that were read in several parts, as one; `width` is that of no rows at all."""
    some = list(parts)
    if not some:
        return Vectors(np.zeros((0, width), np.float32), np.zeros(0, np.int32))
    return Vectors(np.concatenate([part.rows for part in some]), np.concatenate([part.owners for part in some]))


class VectorTable:
    """The vectors of a whole collection, compared with a query's. Never changes, so threads can share it."""

    def __init__(self, vectors: Vectors, size: int) -> None:
        self._vectors = vectors
        self._size = size
        owners = np.asarray(vectors.owners)
        first = np.flatnonzero(np.concatenate([[True], owners[1:] != owners[:-1]])) if len(owners) else owners
        # One row for every text, the common case, needs no second pass for the best row of each.
        self._first = None if len(first) == len(owners) else first
        self._places = owners if self._first is None else owners[first]

    def __len__(self) -> int:
        return self._size

    @property
    def vectors(self) -> Vectors:
        """The vectors themselves; owned by places 0 to len(self) - 1."""
        return self._vectors

    def search(self, query: Floats, k: int) -> list[tuple[int, float]]:
        """The `k` texts nearest to a query's unit vector, nearest first: (place, cosine), equal ones in order.

        The cosine of a text of several rows is that of its best one. Where there are rows as bytes they say which
        texts are compared exactly: the cosines are exact, and of a hundred nearest at most one is missed. Raises
        ValueError for k below 1.
        """
        if k < 1:
            raise ValueError("k must be 1 or more")
        rows = self._vectors.rows
        if not len(rows):
            return []
        chosen = self._likely(query, OVERSAMPLED * k)
        cosines = self._by_text(rows @ query) if chosen is None else self._exactly(chosen, query)
        order = highest(cosines, k)
        nearest = np.clip(cosines[order], -1.0, 1.0)
        places = self._places if chosen is None else self._places[chosen]
        return list(zip(places[order].tolist(), nearest.tolist(), strict=True))

    def _by_text(self, cosines: Floats) -> Floats:
        """Of the cosines of all rows the best one of each text."""
        return cosines if self._first is None else np.maximum.reduceat(cosines, self._first)

    def _likely(self, query: Floats, number: int) -> NDArray[np.intp] | None:
        """Which texts, by their places among those that have vectors and ascending, are nearest by their rows as bytes;
        None where all are to be compared."""
        small = self._vectors.small
        if small is None or number >= len(self._places):
            return None
        return np.sort(highest(self._by_text(cosines_with(small, query)), number))

    def _exactly(self, chosen: NDArray[np.intp], query: Floats) -> Floats:
        """The cosines of these texts."""
        rows = self._vectors.rows
        if self._first is None:
            return rows[chosen] @ query
        ends = np.append(self._first[1:], len(rows))
        lengths = ends[chosen] - self._first[chosen]
        heads = np.cumsum(lengths) - lengths
        picked = np.arange(int(lengths.sum())) + np.repeat(self._first[chosen] - heads, lengths)
        return np.maximum.reduceat(rows[picked] @ query, heads)


def embed_query(model: str, query: str) -> Floats | None:
    """The unit vector of a query (of several windows: their mean), None where the model sees nothing in it.

    Raises ConfigurationError where the model cannot be used here.
    """
    from rerank_core.offline.encoder import QUERY

    embedding = _encoder(model).embed(query, QUERY)
    if not embedding.spans:
        return None
    mean: Floats = embedding.vectors.mean(axis=0)
    return mean / np.linalg.norm(mean)


def embed_passages(
    model: str, texts: Sequence[str], first_place: int = 0, *, tick: Callable[[int], None] | None = None
) -> Vectors:
    """The vectors of texts, the first of which has the place `first_place`.

    `tick(done)` is called from this thread now and then; what it raises stops the work at once. Raises
    ConfigurationError where the model cannot be used here.
    """
    from rerank_core.offline.encoder import PASSAGE

    encoder = _encoder(model)
    embeddings = encoder.embed_all(texts, PASSAGE, keep=False, tick=tick)  # collections keep their own
    windows = [len(embedding.spans) for embedding in embeddings]
    width = encoder.width
    rows = np.concatenate([np.zeros((0, width), np.float32), *(embedding.vectors for embedding in embeddings)])
    owners = np.repeat(np.arange(first_place, first_place + len(texts), dtype=np.int32), windows)
    return Vectors(rows, owners)


def remember(model: str, table: VectorTable, texts: Mapping[int, str]) -> None:
    """Let the model know vectors that a collection has kept, so that reranking its passages computes none again.

    `texts` are passages by their place. A text of several windows is left out: where its windows begin and end is
    not kept with a collection.
    """
    from rerank_core.offline.cache import Embedding, text_key
    from rerank_core.offline.encoder import PASSAGE

    cache, vectors = _encoder(model).cache, table.vectors
    places = np.fromiter(texts, np.int32, len(texts))
    first = np.searchsorted(vectors.owners, places, "left")
    last = np.searchsorted(vectors.owners, places, "right")
    for text, start, stop in zip(texts.values(), first.tolist(), last.tolist(), strict=True):
        key = text_key(PASSAGE, text)
        if stop - start == 1 and cache.get(key) is None:
            cache.put(key, Embedding(vectors.rows[start:stop].copy(), ((0, len(text)),)))


def fingerprint(model: str) -> str:
    """A short name for the weights behind a model: vectors of other weights must not be compared with these."""
    if model not in _WEIGHTS:
        raise ModelNotFoundError(
            f"There is no local model called '{model}' that makes vectors.",
            hint=f"Use {' or '.join(EMBEDDING_MODELS)}.",
        )
    return _WEIGHTS[model].sha256[:12]


def _encoder(model: str) -> Encoder:
    fingerprint(model)
    found = engine.embedding_model(model)
    assert found is not None
    return found.get()
