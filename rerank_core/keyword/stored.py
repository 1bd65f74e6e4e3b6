"""The postings of a collection in few bytes, in arrays that can be mapped from disk."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerank_core.keyword.bm25 import Places, Postings, inverse_frequency

ARRAYS: dict[str, np.dtype[Any]] = {
    "hashes": np.dtype("<u8"),
    "frequencies": np.dtype("<u4"),
    "bounds": np.dtype("u1"),
    "gaps_at": np.dtype("<i8"),
    "counts_at": np.dtype("<i8"),
    "gaps": np.dtype("<u2"),
    "counts": np.dtype("u1"),
    "often_at": np.dtype("<i8"),
    "often": np.dtype("<u4"),
    "damping": np.dtype("<f4"),
}
"""The arrays of stored postings, with their types."""

WIDE = 1 << 31
"""Added to a frequency where a gap needs more than 16 bits."""

DENSE = 3
"""One part in so many of all documents, from which on a token has a count for every document."""

MOST = 255
"""What a count in one byte holds at most; it then stands apart."""

_DEARER = 8  # looking one document up in a row takes as long as adding so many of the row's


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A row of stored postings that a question asks for: where it stands in the arrays, how many documents it has, what
    its token tells, times how often the question asks for it, and the most that it adds to a score."""

    place: int
    frequency: int
    rarity: float
    most: float


class StoredPostings(Postings):
    """Postings in arrays. They never change, so threads can share them.

    A token is known by a 64-bit hash. `hashes` is ascending, and for each of them `frequencies` says how many documents
    hold it, `bounds` the most of tf / (tf + K), in 255ths, and `gaps_at` and `counts_at` where its `gaps` and its
    `counts` begin. Gaps lead from each document to the next, the first from 0. Where one is too large for them
    (`WIDE`), the documents themselves stand there, two places each. A token that one in `DENSE` documents holds has no
    gaps, and a count for every document, 0 where it is not. A count is how often the token stands in a document; from
    `MOST` on it is `often`, whose place among the counts is at the same place of `often_at`. `damping` is K of BM25 for
    each document.

    What a file holds is not looked through when it is mapped. Methods that meet something impossible raise ValueError
    or IndexError.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.arrays = arrays
        self._hashes, self._frequencies, self._bounds = (arrays[name] for name in ("hashes", "frequencies", "bounds"))
        self._gaps, self._gaps_at = arrays["gaps"], arrays["gaps_at"]
        self._counts, self._counts_at = arrays["counts"], arrays["counts_at"]
        self._often, self._often_at = arrays["often"], arrays["often_at"]
        self._damping = arrays["damping"]
        self.size = len(self._damping)
        self._spare: list[NDArray[np.float32]] = []

    def frequencies(self, tokens: Sequence[str]) -> list[int]:
        """How many documents hold each of these tokens."""
        found = self._places(tokens)
        held = found >= 0
        out = np.zeros(len(tokens), np.int64)
        out[held] = self._sizes(found[held])
        return list(map(int, out))

    def documents(self, token: str) -> Places:
        """The documents that hold a token, ascending."""
        for row in self.rows([token]):
            documents, counts = self._read(row)
            return np.flatnonzero(counts) if documents is None else documents
        return np.zeros(0, np.int64)

    def sums(self, tokens: Sequence[str], places: Places) -> NDArray[np.float32]:
        """What these tokens, each once, add to the scores of the documents at some places, which are ascending."""
        totals = np.zeros(len(places), np.float32)
        for row in self.rows(tokens):
            self.add_to(row, places, totals)
        return totals

    @contextlib.contextmanager
    def totals(self) -> Iterator[NDArray[np.float32]]:
        """A 0 for each document, to add to. The memory is used again: fresh one takes as long as adding up."""
        try:
            totals = self._spare.pop()  # whoever comes while it is away makes another
            totals.fill(0)
        except IndexError:
            totals = np.zeros(self.size, np.float32)
        yield totals
        if not self._spare:
            self._spare.append(totals)

    def rows(self, tokens: Sequence[str]) -> list[StoredRow]:
        """The distinct rows of these tokens, those first that add most to a score."""
        times: dict[int, list[int]] = {}
        for place in map(int, self._places(tokens)):
            if place >= 0:  # tokens of one row have one place for its counts
                times.setdefault(int(self._counts_at[place]), []).append(place)
        places = [same[0] for same in times.values()]
        frequencies = self._sizes(np.array(places, np.int64))
        rarities = inverse_frequency(self.size, frequencies) * [len(same) for same in times.values()]
        bounds = rarities * self._bounds[places] / MOST
        found = map(StoredRow, places, frequencies.tolist(), rarities.tolist(), bounds.tolist())
        return sorted(found, key=lambda row: -row.most)

    def add(self, row: StoredRow, totals: NDArray[np.float32], chosen: Places | None = None) -> None:
        """Add to each document's total what a row weighs in it; of `chosen` ones, ascending, to theirs at least."""
        if chosen is not None and (row.frequency > _DEARER * len(chosen) or is_dense(row.frequency, self.size)):
            some = totals[chosen]
            self.add_to(row, chosen, some)
            totals[chosen] = some
            return
        documents, counts = self._read(row)
        if documents is None:
            totals += self._weights(row, counts, self._damping)
        else:
            np.add.at(totals, documents, self._weights(row, counts, self._damping.take(documents)))

    def add_to(self, row: StoredRow, chosen: Places, totals: NDArray[np.float32]) -> None:
        """Add to the totals of some documents, which are ascending, what a row weighs in them."""
        documents, counts = self._read(row)
        if documents is None:
            totals += self._weights(row, counts[chosen], self._damping[chosen], chosen)
            return
        found = np.minimum(np.searchsorted(documents, chosen), len(documents) - 1)
        held = np.flatnonzero(documents[found] == chosen)
        totals[held] += self._weights(row, counts[found[held]], self._damping[chosen[held]], found[held])

    def _weights(
        self, row: StoredRow, counts: NDArray[np.uint8], damping: NDArray[np.float32], held: Places | None = None
    ) -> NDArray[np.float32]:
        """What a row weighs where its counts are these; `held` are their places among its counts, None for all."""
        times = counts.astype(np.float32)
        if len(self._often_at):
            begin = int(self._counts_at[row.place])
            many = np.flatnonzero(counts == MOST)
            at = begin + (many if held is None else held[many])
            times[many] = self._often[np.searchsorted(self._often_at, at)]
        weights = times + damping
        np.divide(np.float32(row.rarity), weights, out=weights)
        weights *= times
        return weights

    def _read(self, row: StoredRow) -> tuple[Places | None, NDArray[np.uint8]]:
        """The documents of a row and the count of each; of None, the counts of all documents there are."""
        begin, frequency = int(self._counts_at[row.place]), row.frequency
        dense = is_dense(frequency, self.size)
        size = self.size if dense else frequency
        if begin < 0 or begin + size > len(self._counts):
            raise ValueError("counts lie outside of their file")
        counts = self._counts[begin : begin + size]
        if dense:
            return None, counts
        at = int(self._gaps_at[row.place])
        if self._frequencies[row.place] & WIDE:
            documents = self._gaps[at : at + 2 * frequency].view("<u4").astype(np.int64)
        else:
            documents = np.cumsum(self._gaps[at : at + frequency], dtype=np.int64)
        if at < 0 or len(documents) != frequency or documents[-1] >= self.size:
            raise ValueError("documents lie outside of their file, or are not there")
        return documents, counts

    def _sizes(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many documents hold the tokens at these places of the table."""
        found = self._frequencies[places].astype(np.int64) & (WIDE - 1)
        if len(found) and not (found.min() > 0 and found.max() <= self.size):
            raise ValueError("a token is in no document, or in more than there are")
        return found

    def _places(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        """Where each of these tokens stands in the table, -1 for one that no document holds."""
        wanted = hashes_of(tokens)
        if not len(self._hashes):
            return np.full(len(wanted), -1)
        found = np.minimum(np.searchsorted(self._hashes, wanted), len(self._hashes) - 1)
        return np.where(self._hashes[found] == wanted, found, -1)


def is_dense(frequency: int, size: int) -> bool:
    """Whether a token that so many of all documents hold has a count for each of them."""
    return frequency * DENSE >= size


def hashes_of(tokens: Sequence[str]) -> NDArray[np.uint64]:
    """A 64-bit hash of each token."""
    digests = b"".join(blake2b(token.encode("utf-8", "surrogatepass"), digest_size=8).digest() for token in tokens)
    return np.frombuffer(digests, "<u8")
