"""Cohere's recipe for a threshold: the mean score of pairs that are just about good enough."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.measure import USUAL_LARGEST_GRADE
from rerank_core.evaluation.measures.settings import DEFAULT_SETTINGS, EvaluationSettings
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet

BORDERLINE_PAIRS = (30, 50)
"""How many borderline pairs Cohere's recipe asks for, at least and at most."""


@dataclass(frozen=True, slots=True)
class Borderline:
    """A pair to look at: is this document just about good enough for this query? `score` is the contender's, `grade`
    the rating where there is one."""

    query: Query
    document: str
    score: float
    grade: int | None


@dataclass(frozen=True, slots=True)
class BorderlineReference:
    """The mean score of the borderline pairs that a person picked, with the lowest and the highest of them."""

    score: float
    pairs: int
    lowest: float
    highest: float

    @property
    def enough(self) -> bool:
        """Whether there are as many pairs as the recipe asks for."""
        return self.pairs >= BORDERLINE_PAIRS[0]

    @property
    def text(self) -> str:
        """The reference in words."""
        pairs = "1 borderline pair" if self.pairs == 1 else f"{self.pairs:,} borderline pairs"
        said = f"The mean of {pairs} is {self.score:.2f} ({self.lowest:.2f} to {self.highest:.2f})"
        return said if self.enough else f"{said}; {BORDERLINE_PAIRS[0]} pairs or more are needed to rely on it"


def borderline_pairs(
    query_set: QuerySet,
    ranking: Ranking,
    settings: EvaluationSettings = DEFAULT_SETTINGS,
    *,
    most: int = BORDERLINE_PAIRS[1],
) -> tuple[Borderline, ...]:
    """One pair a query that may be borderline, for a person to confirm, the likeliest first.

    A document of the lowest grade that counts as relevant (1 of 3, or 6 of 10 where `relevant` is 6) is borderline by
    itself where it is not the lowest of the scale too; of several the one with the score in the middle. Else, between
    the lowest score of a better document and the highest of one that is not relevant there is the most doubt: the
    document nearest to the middle of the two. Queries without ratings offer the one nearest to the mean score of the
    pairs found so, and where there is none, the one nearest to the middle between the lowest and the highest score of
    all.
    """
    judgments, relevant = settings.judgments_of(query_set), settings.relevant
    known = [grade for own in judgments.values() for grade in own.values()]
    # 0 to 3 has a 0 even where nobody gave one; another scale begins with the lowest grade there is, such as 1 of 10
    lowest = 0 if max(known, default=0) <= USUAL_LARGEST_GRADE else min(known)
    sure: list[Borderline] = []
    likely: list[Borderline] = []
    rest: list[Query] = []
    for query in settings.queries_of(query_set):
        scored = ranking.scores.get(query.id, {})
        own = judgments.get(query.id, {})
        rated = {name: own[name] for name in scored if name in own}
        just = [name for name, grade in rated.items() if grade == relevant > lowest]
        ones = sorted(just, key=scored.__getitem__)
        good = [scored[name] for name, grade in rated.items() if grade > relevant]
        bad = [scored[name] for name, grade in rated.items() if grade < relevant]
        if ones and good:
            sure.append(_borderline(query, ones[len(ones) // 2], scored, own))
        elif good and bad:
            middle = (min(good) + max(bad)) / 2
            likely.append(_borderline(query, _nearest(scored, middle), scored, own))
        elif scored:
            rest.append(query)
    found = [*sure, *likely]
    if rest and len(found) < most:
        middle = math.fsum(one.score for one in found) / len(found) if found else _middle(ranking)
        for query in rest:
            scored = ranking.scores[query.id]
            found.append(_borderline(query, _nearest(scored, middle), scored, judgments.get(query.id, {})))
    return tuple(found[:most])


def borderline_reference(scores: Iterable[float]) -> BorderlineReference:
    """The suggested threshold from the scores of borderline pairs: their mean, as Cohere's best practices for rerank
    describe it ("30-50 representative queries, one borderline document each; the average is the reference").
    Raises InvalidRequestError without any."""
    values = [score for score in scores if math.isfinite(score)]
    if not values:
        raise InvalidRequestError(
            "There are no borderline pairs.", hint="Mark documents that are just about good enough."
        )
    return BorderlineReference(math.fsum(values) / len(values), len(values), min(values), max(values))


def _middle(ranking: Ranking) -> float:
    scores = [score for scored in ranking.scores.values() for score in scored.values()]
    return (min(scores) + max(scores)) / 2


def _nearest(scored: Mapping[str, float], value: float) -> str:
    return min(scored, key=lambda name: abs(scored[name] - value))


def _borderline(query: Query, document: str, scored: Mapping[str, float], own: Mapping[str, int]) -> Borderline:
    return Borderline(query, document, scored[document], own.get(document))
