"""The highest of many numbers, in order, without sorting them all."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_GROUPS = 8  # for each number wanted: of so many groups the highest ones are looked at


def reached_by(values: NDArray[np.float32], k: int) -> float:
    """A number that at least `k` of the values reach, close to the highest such; -infinity where there are no more.

    It is the k-th highest among the highest ones of many groups, so that hardly anything has to be sorted.
    """
    groups = _GROUPS * k
    if k >= len(values):
        return -np.inf
    if len(values) < 2 * groups:
        return float(np.partition(values, len(values) - k)[len(values) - k])
    members = len(values) // groups
    heads = values[: members * groups].reshape(members, groups).max(axis=0)
    return float(np.partition(heads, groups - k)[groups - k])


def highest(values: NDArray[np.float32], k: int, above: float = -np.inf) -> NDArray[np.int64]:
    """The places of the up to `k` highest values above some number, highest first, equal ones in order."""
    edge = reached_by(values, k)
    found = np.flatnonzero(values >= edge) if edge > above else np.flatnonzero(values > above)
    if len(found) > k:
        # Everything that could be among the first k, ties at the edge included; the rest need no sorting.
        edge = np.partition(values[found], len(found) - k)[len(found) - k]
        found = found[values[found] >= edge]
    return found[np.argsort(-values[found], kind="stable")][:k]
