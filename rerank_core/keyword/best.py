"""Find the best documents of stored postings without adding up the score of every one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rerank_core.keyword.asked import Asked
from rerank_core.keyword.bm25 import Places
from rerank_core.keyword.highest import highest, reached_by
from rerank_core.keyword.stored import StoredPostings

_LONG = 32  # one part in so many of all documents: before a row so long it is worth asking who can still win
_MANY = 2**15  # documents of a row that are added up sooner than that is answered
_FEW = 8  # one part in so many of all documents: so few are kept in mind
_ROUNDING = 1e-4  # of the best score: more than what adding in another order may change


def best(postings: StoredPostings, asked: Asked, k: int) -> tuple[Places, NDArray[np.float32]]:
    """The up to `k` documents that score highest above 0, best first, equal ones in order, and their scores.

    Rows are added up from the one that can add most to the one that can add least. Once all that are left add less than
    what the k-th best has, only the documents that can still reach it count (Turtle and Flood, Query evaluation:
    strategies and optimizations, 1995).
    """
    with postings.totals() as totals:
        found = _best(postings, asked, k, totals)
        return found, totals[found]


def _best(postings: StoredPostings, asked: Asked, k: int, totals: NDArray[np.float32]) -> Places:
    rows = postings.rows(asked.tokens)
    gains = list(postings.gains(asked))
    chosen: Places | None = None
    left = np.cumsum([row.most for row in reversed(rows)])[::-1].tolist()
    for row, rest in zip(rows, left, strict=True):
        if chosen is not None:
            reached = totals[chosen]
            chosen = chosen[reached >= _needed(reached, k, rest)]
        elif row.frequency > max(_MANY, postings.size // _LONG) and rest < left[0] - rest:
            chosen = _able(totals, _needed(totals, k, rest))
        postings.add(row, totals, chosen)
    if chosen is not None and gains:
        holders = np.unique(np.concatenate([some for some, _ in gains]))
        totals[holders] = postings.sums(asked.tokens, holders)
        chosen = np.union1d(chosen, holders)
    for holders, more in gains:
        totals[holders] += more
    return highest(totals, k, above=0) if chosen is None else chosen[highest(totals[chosen], k, above=0)]


def _needed(totals: NDArray[np.float32], k: int, rest: float) -> float:
    """What a document must have to be among the first `k` still, if it and others may get up to `rest` more."""
    return (reached_by(totals, k) - rest) * (1 - _ROUNDING)


def _able(totals: NDArray[np.float32], needed: float) -> Places | None:
    """The documents that have what is needed; None where they are many."""
    if needed <= 0:
        return None
    found = np.flatnonzero(totals >= needed)
    return found if len(found) * _FEW < len(totals) else None
