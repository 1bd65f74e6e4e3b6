"""Find the best documents of stored postings without adding up the score of every one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rerank_core.keyword.asked import Asked
from rerank_core.keyword.bm25 import Places
from rerank_core.keyword.stored import StoredPostings

_GROUPS = 8  # for each document wanted: of so many groups the best ones are looked at
_LONG = 4  # one part in so many of all documents: before a row so long it is worth asking who can still win
_FEW = 32  # one part in so many of all documents: so few are looked up one by one
_ROUNDING = 1e-4  # of the best score: more than what adding in another order may change


def best(postings: StoredPostings, asked: Asked, k: int) -> tuple[Places, NDArray[np.float32]]:
    """The up to `k` documents that score highest above 0, best first, equal ones in order, and their scores.

    Rows are added up from the one that can add most to the one that can add least. Once all that are left add less than
    what the k-th best has, only the documents that can still reach it are looked up in those (Turtle and Flood,
    Query evaluation: strategies and optimizations, 1995).
    """
    rows = postings.rows(asked.tokens)
    gains = list(postings.gains(asked))
    totals = np.zeros(postings.size, np.float32)
    chosen: Places | None = None
    left = np.cumsum([row.most for row in reversed(rows)])[::-1]
    for place, row in enumerate(rows):
        if chosen is None and place and row.frequency * _LONG > postings.size:
            chosen = _able(totals, k, float(left[place]))
            if chosen is not None:
                for holders, _ in gains:
                    chosen = np.union1d(chosen, holders)
                some = totals[chosen]
        if chosen is None:
            postings.add(row, totals)
        else:
            postings.add_to(row, chosen, some)
    if chosen is not None:
        totals[:] = 0
        totals[chosen] = some
    for holders, more in gains:
        totals[holders] += more
    return _first(totals, k)


def _able(totals: NDArray[np.float32], k: int, left: float) -> Places | None:
    """The documents that can be among the first `k` if each total may still grow by `left`; None for too many."""
    edge = _at_least(totals, k) - left
    if edge <= 0:
        return None
    found = np.flatnonzero(totals >= edge * (1 - _ROUNDING))
    return found if len(found) * _FEW < len(totals) else None


def _at_least(totals: NDArray[np.float32], k: int) -> float:
    """What the k-th best total is at least, found without sorting: the k-th best among the best ones of many groups."""
    groups = _GROUPS * k
    if len(totals) < 2 * groups:
        return float(np.partition(totals, len(totals) - k)[len(totals) - k]) if k < len(totals) else 0.0
    members = len(totals) // groups
    heads = totals[: members * groups].reshape(members, groups).max(axis=0)
    return float(np.partition(heads, groups - k)[groups - k])


def _first(totals: NDArray[np.float32], k: int) -> tuple[Places, NDArray[np.float32]]:
    edge = _at_least(totals, k)
    found = np.flatnonzero(totals >= edge) if edge > 0 else np.flatnonzero(totals)
    if len(found) > k:
        # Everything that could be among the first k, ties at the edge included; the rest need no sorting.
        edge = np.partition(totals[found], len(found) - k)[len(found) - k]
        found = found[totals[found] >= edge]
    found = found[np.argsort(-totals[found], kind="stable")][:k]
    return found, totals[found]
