"""The same orders as Quepid and Elasticsearch count them, so that a person who comes from there finds their number.

Three things differ from ours, which is trec_eval's (see `measure`). The gain: 2^grade - 1, not the grade (C. Burges et
al., "Learning to rank using gradient descent", ICML 2005). The ideal of nDCG@k, by which the sum over the first k is
divided: ours are the best k of all rated documents, Quepid's are all rated documents however many, Elasticsearch's as
many of the best as the order has documents, up to k. The denominator of precision: ours is k, theirs is as many
documents as the order has, up to k. All three count an unrated document as not relevant and a query without results as
0, and use log2(rank + 1) as the discount. Worked example, "the first document rated 3, the second not rated, the third
rated 1, of six rated 3, 2, 2, 1, 1, 0": nDCG@10 is .5757 with us, .6690 in Quepid and .7217 in Elasticsearch; P@10 .2
with us and .6667 in both (measured; Elasticsearch's nDCG by its source).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from rerank_core.evaluation.measures.measure import Judgments, RankedLists, check_judgments, check_run


@dataclass(frozen=True, slots=True)
class ToolFigures:
    """Means over all judged queries, each from 0 to 1: nDCG@k as each of the two tools counts it, and precision at k
    and the reciprocal rank within the first k, which both count alike."""

    quepid_ndcg: float
    elasticsearch_ndcg: float
    precision: float
    reciprocal_rank: float


def as_other_tools_count(judgments: Judgments, run: RankedLists, *, k: int = 10, relevant: int = 1) -> ToolFigures:
    """Measure a run as Quepid and Elasticsearch would, relevant from grade `relevant` on (1 in both, unless told
    otherwise). Raises InvalidRequestError as `measure` does, and ValueError for a k under 1."""
    if k < 1:
        raise ValueError("k is at least 1")
    check_judgments(judgments)
    check_run(run)
    sums = [0.0] * 4
    for query, own in judgments.items():
        for place, value in enumerate(_of_query(own, run.get(query, ())[:k], relevant)):
            sums[place] += value
    return ToolFigures(*(total / len(judgments) for total in sums))


def _of_query(own: Mapping[str, int], shown: Sequence[str], relevant: int) -> tuple[float, float, float, float]:
    if not shown:
        return 0.0, 0.0, 0.0, 0.0
    reached = _discounted(own.get(name, 0) for name in shown)
    best = sorted(own.values(), reverse=True)
    hits = [place for place, name in enumerate(shown, start=1) if own.get(name, relevant - 1) >= relevant]
    return (
        _ratio(reached, _discounted(best)),
        _ratio(reached, _discounted(best[: len(shown)])),
        len(hits) / len(shown),
        1 / hits[0] if hits else 0.0,
    )


def _discounted(grades: Iterable[int]) -> float:
    """The discounted sum of gains; a grade under 0 gains nothing."""
    return math.fsum((2.0 ** max(0, grade) - 1) / math.log2(rank + 1) for rank, grade in enumerate(grades, start=1))


def _ratio(reached: float, ideal: float) -> float:
    return min(1.0, reached / ideal) if ideal else 0.0


COUNTING: tuple[tuple[str, str], ...] = (
    (
        "Ideal",
        "Here nDCG@k is divided by the best k of all rated documents, shown or not. Quepid divides by all rated "
        "documents, also beyond k; Elasticsearch by as many of the best as the order has results, up to k.",
    ),
    ("Gain", "Here a document gains its grade. Quepid and Elasticsearch take 2^grade - 1, so a 3 weighs 7 times a 1."),
    (
        "Missing results",
        "Here P@k is divided by k, however few results there are. Quepid and Elasticsearch divide by the results there "
        "are.",
    ),
    (
        "Missing queries",
        "A rated query without results counts as 0, here and there. A query without a rating counts nowhere.",
    ),
    (
        "Ties",
        "Here an order is taken as it stands: of two documents with the same score the one that the model listed first "
        "is first. Tools that sort by score may turn them round; trec_eval goes by document id.",
    ),
    (
        "Cut of RR",
        "Here the reciprocal rank looks through the whole order. MRR@k, as in Quepid and many reports, looks at the "
        "first k.",
    ),
)
"""How ties, missing results and queries, the gain and the ideal are treated, here and in the other two tools."""
