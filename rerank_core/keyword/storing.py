"""Write counts as stored postings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rerank_core.keyword.bm25 import saturation
from rerank_core.keyword.counting import TokenCounts
from rerank_core.keyword.stored import ARRAYS, DENSE, MOST, WIDE, StoredPostings, hashes_of

Integers = NDArray[np.int64]


def stored(counted: TokenCounts, tick: Callable[[], object] = lambda: None) -> StoredPostings:
    """The postings of what was counted. `tick` is called now and then; what it raises stops the work."""
    rows = _Rows(counted)
    for part in counted.parts():
        tick()
        rows.add(*part)
    tokens = list(counted.rows)
    hashes = hashes_of(tokens)
    order = np.argsort(hashes)
    of_row = np.fromiter(counted.rows.values(), np.int64, len(tokens))[order]
    arrays = {"hashes": hashes[order]} | {name: values[of_row] for name, values in rows.table.items()} | rows.joined()
    return StoredPostings({name: np.ascontiguousarray(arrays[name], kind) for name, kind in ARRAYS.items()})


class _Rows:
    """Rows as they are written one behind the other."""

    def __init__(self, counted: TokenCounts) -> None:
        self._damping = saturation(counted.lengths).astype(np.float32)
        rows = max(counted.rows.values(), default=-1) + 1
        self.table = {name: np.zeros(rows, ARRAYS[name]) for name in ("frequencies", "bounds", "gaps_at", "counts_at")}
        self._gaps: list[NDArray[Any]] = []
        self._counts: list[NDArray[Any]] = []
        self._often: list[tuple[Integers, Integers]] = []
        self._gaps_end = self._counts_end = 0

    def add(self, rows: Integers, documents: Integers, times: Integers) -> None:
        """Write some rows, ascending, each with its documents and how often they hold it."""
        size = len(self._damping)
        first = np.flatnonzero(np.diff(rows, prepend=-1))
        each, frequencies = rows[first], np.diff(first, append=len(rows))
        share = times / (times + self._damping[documents])
        self.table["bounds"][each] = np.ceil(np.maximum.reduceat(share, first) * MOST)
        gaps = np.diff(documents, prepend=0)
        gaps[first] = documents[first]
        dense = frequencies * DENSE >= size
        wide = ~dense & (np.maximum.reduceat(gaps, first) > np.iinfo(ARRAYS["gaps"]).max)
        self.table["frequencies"][each] = frequencies | np.where(wide, WIDE, 0)
        narrow = ~(dense | wide)
        for chosen in (narrow, wide, dense):
            here = np.repeat(chosen, frequencies)
            sizes, these, counts = frequencies[chosen], documents[here], times[here]
            if chosen is dense:
                counts = np.zeros(len(sizes) * size, np.int64)
                counts[np.repeat(np.arange(len(sizes)) * size, sizes) + these] = times[here]
                self._put(each[chosen], np.zeros(0, np.uint16), 0 * sizes, counts, np.full(len(sizes), size))
            elif chosen is wide:
                self._put(each[chosen], these.astype("<u4").view("<u2"), 2 * sizes, counts, sizes)
            else:
                self._put(each[chosen], gaps[here].astype("<u2"), sizes, counts, sizes)

    def _put(self, rows: Integers, gaps: NDArray[Any], gap_sizes: Integers, counts: Integers, sizes: Integers) -> None:
        self.table["gaps_at"][rows] = self._gaps_end + np.cumsum(gap_sizes) - gap_sizes
        self.table["counts_at"][rows] = self._counts_end + np.cumsum(sizes) - sizes
        often = np.flatnonzero(counts >= MOST)
        self._often.append((often + self._counts_end, counts[often]))
        self._gaps.append(gaps)
        self._counts.append(np.minimum(counts, MOST).astype(np.uint8))
        self._gaps_end += len(gaps)
        self._counts_end += len(counts)

    def joined(self) -> dict[str, NDArray[Any]]:
        """All arrays but the table of tokens."""
        at, times = zip(*self._often, strict=True) if self._often else ([], [])
        parts = {"gaps": self._gaps, "counts": self._counts, "often_at": at, "often": times}
        joined = {name: np.concatenate([np.zeros(0, ARRAYS[name]), *some]) for name, some in parts.items()}
        return joined | {"damping": self._damping}
