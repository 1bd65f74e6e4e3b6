"""A bounded memory of the vectors of texts that were embedded before, and of the scores of pairs."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SPAN, _NUMBER = np.dtype("<u4"), np.dtype("<f4")
_ENTRY_BYTES = 400  # key, tuple, array header and dictionary slot, as measured with sys.getsizeof


@dataclass(frozen=True, slots=True)
class Embedding:
    """A text's windows: one unit vector each (rows) and the characters that each covers.

    A text in which the model sees nothing (no tokens) has no windows.
    """

    vectors: NDArray[np.float32]
    spans: tuple[tuple[int, int], ...]

    @property
    def size(self) -> int:
        """Bytes that it takes in memory, roughly."""
        return self.vectors.nbytes + 150 * len(self.spans) + _ENTRY_BYTES


def text_key(role: int, text: str) -> bytes:
    """A short name for a text in a role (query or passage); equal only for equal texts."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16, salt=bytes([role])).digest()


class VectorCache:
    """Least recently used embeddings go first once `limit` bytes are passed. Safe under threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: OrderedDict[bytes, Embedding] = OrderedDict()
        self._size = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes held now, never above the limit."""
        return self._size

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: bytes) -> Embedding | None:
        """The embedding kept under `key`, if it is still there."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: bytes, embedding: Embedding) -> None:
        """Keep an embedding; one that is larger than the whole limit is not kept."""
        with self._lock:
            former = self._entries.pop(key, None)
            if former is not None:
                self._size -= former.size
            if embedding.size > self._limit:
                return
            self._entries[key] = embedding
            self._size += embedding.size
            while self._size > self._limit:
                _, oldest = self._entries.popitem(last=False)
                self._size -= oldest.size


class ScoreCache:
    """The scores asked for last, `limit` of them at most. Safe under threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._scores: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: bytes) -> float | None:
        """The score kept under `key`, if it is still there."""
        with self._lock:
            if key in self._scores:
                self._scores.move_to_end(key)
            return self._scores.get(key)

    def put(self, key: bytes, score: float) -> None:
        """Keep a score; the one that was asked for longest ago goes."""
        with self._lock:
            self._scores[key] = score
            self._scores.move_to_end(key)
            if len(self._scores) > self._limit:
                self._scores.popitem(last=False)


def pack(embedding: Embedding) -> bytes:
    """An embedding as bytes: the number of windows, where each begins and ends, the vectors."""
    head = np.array([len(embedding.spans), *(place for span in embedding.spans for place in span)], _SPAN)
    return head.tobytes() + embedding.vectors.astype(_NUMBER, copy=False).tobytes()


def unpack(data: bytes, width: int) -> Embedding | None:
    """The embedding that `pack` made bytes of; None where these are no such bytes."""
    if len(data) < _SPAN.itemsize:
        return None
    windows = int(np.frombuffer(data, _SPAN, 1)[0])
    head = (1 + 2 * windows) * _SPAN.itemsize
    if len(data) != head + windows * width * _NUMBER.itemsize:
        return None
    places = np.frombuffer(data, _SPAN, 2 * windows, _SPAN.itemsize).reshape(windows, 2).tolist()
    # A view of bytes, so that nobody can write into it; numpy needs no copy of it.
    vectors = np.frombuffer(data, _NUMBER, offset=head).reshape(windows, width)
    return Embedding(vectors, tuple((start, stop) for start, stop in places))
