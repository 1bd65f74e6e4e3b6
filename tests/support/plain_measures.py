"""The measures written down from their definitions, without ir-measures: what the app's figures are checked by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def ndcg(grades: Mapping[str, int], order: Sequence[str], k: int) -> float:
    """Gain is the grade, discount log2 of rank + 1, ideal order over all rated documents."""

    def gain(values: Sequence[int]) -> float:
        return math.fsum(max(value, 0) / math.log2(rank + 1) for rank, value in enumerate(values[:k], start=1))

    best = gain(sorted(grades.values(), reverse=True))
    return gain([grades.get(name, 0) for name in order]) / best if best else 0.0


def reciprocal_rank(grades: Mapping[str, int], order: Sequence[str]) -> float:
    """One over the rank of the first relevant document."""
    return next((1 / rank for rank, name in enumerate(order, start=1) if grades.get(name, 0) >= 1), 0.0)


def precision(grades: Mapping[str, int], order: Sequence[str], k: int) -> float:
    """Relevant ones among the first k, of k."""
    return sum(grades.get(name, 0) >= 1 for name in order[:k]) / k


def recall(grades: Mapping[str, int], order: Sequence[str], k: int) -> float:
    """Relevant ones among the first k, of all relevant."""
    relevant = sum(grade >= 1 for grade in grades.values())
    return sum(grades.get(name, 0) >= 1 for name in order[:k]) / relevant if relevant else 0.0


def average_precision(grades: Mapping[str, int], order: Sequence[str]) -> float:
    """Precision at each relevant document's rank, over all relevant."""
    relevant = sum(grade >= 1 for grade in grades.values())
    found, total = 0, 0.0
    for rank, name in enumerate(order, start=1):
        if grades.get(name, 0) >= 1:
            found += 1
            total += found / rank
    return total / relevant if relevant else 0.0


def judged(grades: Mapping[str, int], order: Sequence[str], k: int) -> float:
    """The share of the first k that is rated; of fewer where there are fewer."""
    first = order[:k]
    return sum(name in grades for name in first) / len(first) if first else 0.0


def all_of(grades: Mapping[str, int], order: Sequence[str], k: int = 10) -> dict[str, float]:
    """Every measure of the Evaluate page's table for one query."""
    return {
        f"nDCG@{k}": ndcg(grades, order, k),
        "RR": reciprocal_rank(grades, order),
        f"P@{min(k, 5)}": precision(grades, order, min(k, 5)),
        f"R@{k}": recall(grades, order, k),
        "AP": average_precision(grades, order),
        f"Judged@{k}": judged(grades, order, k),
    }
