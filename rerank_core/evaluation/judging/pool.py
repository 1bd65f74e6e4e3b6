"""Which documents are to be rated, so that no order is at a disadvantage."""

from __future__ import annotations

from collections.abc import Iterable

from rerank_core.evaluation.measures.measure import RankedLists


def pool(runs: Iterable[RankedLists], depth: int = 10) -> dict[str, tuple[str, ...]]:
    """The documents that any of the runs shows among its first `depth`, query by query: what has to be rated so that
    no run is at a disadvantage (K. Sparck Jones, C. van Rijsbergen, 1975; used by TREC ever since).

    They come in the order of their best rank in any run, so that rating may stop early; ties go to the earlier run.
    Raises ValueError for a depth under 1.
    """
    if depth < 1:
        raise ValueError("the depth of a pool is at least 1")
    best: dict[str, dict[str, int]] = {}
    for run in runs:
        for query, documents in run.items():
            ranks = best.setdefault(query, {})
            for rank, document in enumerate(documents[:depth]):
                ranks[document] = min(rank, ranks.get(document, rank))
    return {query: tuple(sorted(ranks, key=ranks.__getitem__)) for query, ranks in best.items()}
