"""What a person's grades say about one run: the same measures before and after reranking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rerank_core.evaluation.measures.measure import measure

_QUERY = "q"


@dataclass(frozen=True, slots=True)
class RatedRun:
    """`measures` maps a name (nDCG@5, RR, P@5) to its value before and after, each from 0 to 1.

    `rated` of `total` documents have a grade; those without one count as grade 0, as ir-measures treats them.
    """

    rated: int
    total: int
    measures: Mapping[str, tuple[float, float]]


def rated_run(grades: Mapping[int, int], initial: Iterable[int], reranked: Iterable[int], k: int) -> RatedRun:
    """Compare two orders of one query by grades from 0 (not relevant) to 3 (perfect).

    Keys are the documents' places in the input. nDCG@k is ir-measures' (gain: the grade itself, discount log2,
    ideal order over the rated documents); RR is one over the rank of the first document rated 1 or more, which
    over many queries is averaged to MRR; P@k the share of the first k rated 1 or more. `k` is cut to the number
    of documents. Without grades there are no measures.
    """
    before, after = [str(place) for place in initial], [str(place) for place in reranked]
    depth = max(1, min(k, len(before)))
    if not grades:
        return RatedRun(0, len(before), {})
    names = [f"nDCG@{depth}", "RR", f"P@{depth}"]
    judgments = {_QUERY: {str(place): grade for place, grade in grades.items()}}
    old = measure(judgments, {_QUERY: before}, names)
    new = measure(judgments, {_QUERY: after}, names)
    return RatedRun(len(grades), len(before), {name: (old[name].mean, new[name].mean) for name in names})
