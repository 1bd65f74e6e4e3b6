"""Vectors as bytes: a quarter of the memory, to find which are near before those are compared exactly.

Each row is scaled so that its largest number is 127 and rounded (symmetric scalar quantisation, as in faiss' SQ8). The
cosine that comes out differs from the exact one by a few thousandths, so the nearest `k` by it may be others; among the
nearest `OVERSAMPLED` x `k` the true ones are found, which is measured by `make bench`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OVERSAMPLED = 4
"""How many times as many texts as are wanted are compared exactly."""

SMALL_FROM = 20_000
"""Rows from which they are kept as bytes too; fewer are compared exactly as quickly."""

_ROWS = 2_048  # rows turned back into numbers at a time, so that they stay in the processor's cache
_LARGEST = 127

SmallRows = NDArray[np.void]
"""Rows of `row_type`: the scale of a row and its numbers from -127 to 127."""


def row_type(width: int) -> np.dtype[np.void]:
    """How a row of so many numbers is laid out."""
    return np.dtype([("scale", "<f4"), ("numbers", "i1", (width,))])


def small_rows(rows: NDArray[np.float32]) -> SmallRows:
    """The rows as bytes."""
    small: SmallRows = np.zeros(len(rows), row_type(rows.shape[1]))
    scale = np.abs(rows).max(axis=1, initial=0) / np.float32(_LARGEST)
    small["scale"] = scale
    small["numbers"] = np.rint(rows / np.where(scale > 0, scale, 1)[:, None])
    return small


def cosines_with(small: SmallRows, query: NDArray[np.float32]) -> NDArray[np.float32]:
    """About the product of each row with a query."""
    found = np.empty(len(small), np.float32)
    room = np.empty((min(_ROWS, len(small)), len(query)), np.float32)
    for start in range(0, len(small), _ROWS):
        part = small["numbers"][start : start + _ROWS]
        np.copyto(room[: len(part)], part)
        np.dot(room[: len(part)], query, out=found[start : start + len(part)])
    found *= small["scale"]
    return found
