"""Where to cut: what a score threshold and a top n let through, and what they cost in answers.

For one contender, over the rated queries that it answered. A document is relevant from `relevant` on (grade 1 unless
said otherwise); one without a rating counts as not relevant. With a threshold, a query is *answered* where at least
one document reaches it; *rightly*, where the first of them is relevant; *wrongly*, where it is not. A query that is
not answered is rightly left alone where it has no good answer among its candidates, else it is *missed*.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.measure import Judgments
from rerank_core.evaluation.measures.settings import DEFAULT_SETTINGS, EvaluationSettings
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet

_POINTS = 200


@dataclass(frozen=True, slots=True)
class CutPoint:
    """What one threshold does. Shares are from 0 to 1.

    `precision` is the share of relevant documents among those let through (None where there are none), `recall` the
    share of the relevant candidates that are let through (None where there are none). `right`, `wrong`, `missed` and
    `silent` count queries and make up all of them: answered rightly, answered wrongly, not answered although there
    is a good answer, and rightly not answered. `kept` is how many documents a query shows on average.
    """

    threshold: float
    precision: float | None
    recall: float | None
    right: int
    wrong: int
    missed: int
    silent: int
    kept: float

    @property
    def queries(self) -> int:
        """All queries."""
        return self.right + self.wrong + self.missed + self.silent

    @property
    def answered(self) -> float:
        """The share of queries that show at least one document."""
        return (self.right + self.wrong) / self.queries

    @property
    def wrongly_answered(self) -> float:
        """The share of queries whose first document shown is not relevant."""
        return self.wrong / self.queries

    @property
    def text(self) -> str:
        """The point in a sentence: "At 0.42, 38 of 50 queries are answered, 3 of them wrongly; 4 that have an answer
        get none, and 8 without one are rightly left alone"."""
        answered = self.right + self.wrong
        return (
            f"At {self.threshold:.3f}, {answered:,} of {self.queries:,} queries are answered, {self.wrong:,} of them "
            f"wrongly; {self.missed:,} that have an answer get none, and {self.silent:,} without one are rightly left "
            "alone"
        )


@dataclass(frozen=True, slots=True)
class TopN:
    """What showing the first n documents does, without a threshold: precision and recall over all queries, and the
    share of the queries that have a good answer which show one. Every query shows something, so `wrong` is the share
    of all queries that show nothing good."""

    n: int
    precision: float
    recall: float | None
    found: float | None
    wrong: float

    @property
    def text(self) -> str:
        """The point in a sentence: "With the top 3, 90% of the queries that have an answer show one; 33% of what is
        shown is good"."""
        count = "first result alone" if self.n == 1 else f"top {self.n}"
        there = "" if self.found is None else f"{self.found:.0%} of the queries that have an answer show one; "
        return f"With the {count}, {there}{self.precision:.0%} of what is shown is good"


class _Tops(NamedTuple):
    """The best score of every query, sorted, by what answering it would be: `right`, `wrong` although it has a good
    answer further down, or `unanswerable` since it has none."""

    right: tuple[float, ...]
    wrong: tuple[float, ...]
    unanswerable: tuple[float, ...]

    @classmethod
    def of(cls, tops: Iterable[tuple[float, bool, bool]]) -> _Tops:
        """Out of (best score, whether that document is relevant, whether any is)."""
        groups: tuple[list[float], list[float], list[float]] = ([], [], [])
        for best, is_relevant, has_answer in tops:
            groups[0 if is_relevant else 1 if has_answer else 2].append(best)
        return cls(*(tuple(sorted(group)) for group in groups))


@dataclass(frozen=True, slots=True)
class CutOff:
    """Thresholds and top n of one contender.

    `points` go from the lowest threshold to the highest, `top` from n = 1 on. `suggested` is the point with the most
    queries done right (answered rightly, or rightly not) less those answered wrongly; of several the lowest
    threshold. None where the contender has no scores; where it cuts nothing worth cutting, `unlearned` says so.
    `unrated` is the share of the first documents, one a query,
    without a rating: where it is high the figures say little.
    """

    label: str
    points: tuple[CutPoint, ...]
    top: tuple[TopN, ...]
    suggested: CutPoint | None
    unrated: float
    queries: tuple[str, ...] = ()
    _tops: _Tops | None = field(default=None, repr=False)
    _scores: tuple[float, ...] = field(default=(), repr=False)
    _relevant: tuple[float, ...] = field(default=(), repr=False)
    _all_relevant: int = field(default=0, repr=False)

    @property
    def unlearned(self) -> str:
        """Why these queries teach no threshold, in a sentence; empty where they do, and where there are no scores.

        That is so where the best threshold cuts nothing, since every query is still answered, and where it cuts all
        that is right.
        """
        if self.suggested is None or self._tops is None:
            return ""
        if not self.suggested.right:
            return "Too many first results are wrong: the best cut would show nothing at all."
        if self.suggested.missed or self.suggested.silent:
            return ""
        if not self._tops.unanswerable:
            return (
                "Every query has a good answer among its candidates, so none should stay without one. Add queries that "
                "nothing answers."
            )
        return "At every threshold that cuts something, more right answers are lost than wrong ones avoided."

    def axis(self, *lines: float) -> tuple[float, float]:
        """The ends of a picture's axis: as wide as the scores are, from 0 where they begin near it, up to a round
        number (1 where scores are probabilities and the best is above a half), and as far as `lines` that were set
        beyond them. (0, 1) where the contender has no scores."""
        ends = [*lines, *(point.threshold for point in (*self.points[:1], *self.points[-1:]))]
        low, high = min(ends, default=0.0), max(ends, default=1.0)
        if 0 <= low <= high / 2:
            low = 0.0
        step = 10.0 ** math.floor(math.log10(max(high - low, 1e-6)) - 1)
        top = math.ceil(high / step - 1e-6) * step
        bottom = math.floor(low / step + 1e-6) * step
        if 0.5 < high <= 1.000001:
            top = 1.0
        return bottom, max(top, bottom + step)

    def at(self, threshold: float) -> CutPoint:
        """The point of any threshold, for a line that can be dragged. Raises InvalidRequestError where the contender
        has no scores."""
        if self._tops is None:
            raise InvalidRequestError(
                f"{self.label} gives an order and no scores.", hint="Use a top n instead of a threshold."
            )
        return _point(self, self._tops, threshold)

    def spread(self, low: float, high: float, steps: int = 200) -> tuple[CutPoint, ...]:
        """The points of `steps` + 1 thresholds evenly from `low` to `high`, for a picture. Raises as `at` does."""
        return tuple(self.at(low + (high - low) * step / steps) for step in range(steps + 1))


def cut_off(
    query_set: QuerySet,
    ranking: Ranking,
    settings: EvaluationSettings = DEFAULT_SETTINGS,
    *,
    deepest: int = 20,
) -> CutOff:
    """Work out thresholds (up to 200 of them) and top n (up to `deepest`) of one contender, over the queries and
    judgments of `settings`. Raises InvalidRequestError where no rated query of them has been answered.
    """
    judgments, relevant, asked = settings.judgments_of(query_set), settings.relevant, settings.queries_of(query_set)
    used = [query for query in asked if judgments.get(query.id) and query.id in ranking.run]
    if settings.only is not None and not asked:
        raise InvalidRequestError("No query fits these filters.", hint="Choose other filters.", code="no_ratings")
    if not used:
        raise InvalidRequestError(
            f"No rated query has been answered by {ranking.label} yet.",
            hint="Rate some results, or wait until the run has come further.",
            code="no_ratings",
        )
    scores: list[float] = []
    relevant_scores: list[float] = []
    tops: list[tuple[float, bool, bool]] = []
    unrated = total_relevant = 0
    for query in used:
        own, scored = judgments[query.id], ranking.scores.get(query.id, {})
        good = {name for name in query.candidates if own.get(name, -1) >= relevant}
        total_relevant += len(good)
        order = ranking.run[query.id]
        unrated += bool(order) and order[0] not in own
        scores += scored.values()
        relevant_scores += [score for name, score in scored.items() if name in good]
        first = next((name for name in order if name in scored), None)
        best = -math.inf if first is None else scored[first]
        tops.append((best, first in good, bool(good)))
    made = CutOff(
        ranking.label,
        (),
        tuple(_top(used, ranking, judgments, relevant, n) for n in range(1, _deepest(used, ranking, deepest) + 1)),
        None,
        unrated / len(used),
        tuple(query.id for query in used),
        _Tops.of(tops) if scores else None,
        tuple(sorted(scores)),
        tuple(sorted(relevant_scores)),
        total_relevant,
    )
    if not scores:
        return made
    points = tuple(made.at(threshold) for threshold in _thresholds(made._scores, [best for best, _, _ in tops]))
    suggested = max(points, key=lambda point: (point.right + point.silent - point.wrong, -point.threshold))
    return replace(made, points=points, suggested=suggested)


def _point(made: CutOff, tops: _Tops, threshold: float) -> CutPoint:
    passed = len(made._scores) - bisect.bisect_left(made._scores, threshold)
    good = len(made._relevant) - bisect.bisect_left(made._relevant, threshold)
    missed_right, missed_wrong, silent = (bisect.bisect_left(group, threshold) for group in tops)
    right = len(tops.right) - missed_right
    wrong = len(tops.wrong) - missed_wrong + len(tops.unanswerable) - silent
    missed = missed_right + missed_wrong
    return CutPoint(
        threshold,
        good / passed if passed else None,
        good / made._all_relevant if made._all_relevant else None,
        right,
        wrong,
        missed,
        silent,
        passed / sum(map(len, tops)),
    )


def _thresholds(scores: Sequence[float], tops: Sequence[float]) -> list[float]:
    """Thresholds worth a look: half way between neighbouring first scores, where the answers change, else spread
    evenly over the documents' scores; below the lowest and above the highest too."""
    firsts = sorted({best for best in tops if math.isfinite(best)})
    between = [(low + high) / 2 for low, high in itertools.pairwise(firsts)]
    if len(between) > _POINTS - 2:
        between = [between[place * len(between) // (_POINTS - 2)] for place in range(_POINTS - 2)]
    room = max(0, _POINTS - 2 - len(between))
    spread = [scores[place * len(scores) // room] for place in range(room)] if room else []
    return sorted({scores[0], *between, *spread, math.nextafter(scores[-1], math.inf)})


def _deepest(used: Sequence[Query], ranking: Ranking, deepest: int) -> int:
    return min(deepest, max(len(ranking.run[query.id]) for query in used))


def _top(used: Sequence[Query], ranking: Ranking, judgments: Judgments, relevant: int, n: int) -> TopN:
    shown = hits = total = found = answerable = 0
    for query in used:
        own = judgments[query.id]
        first = ranking.run[query.id][:n]
        good = sum(own.get(name, -1) >= relevant for name in first)
        there = sum(own.get(name, -1) >= relevant for name in query.candidates)
        shown, hits, total = shown + len(first), hits + good, total + there
        answerable += there > 0
        found += good > 0
    return TopN(
        n,
        hits / shown if shown else 0.0,
        hits / total if total else None,
        found / answerable if answerable else None,
        1 - found / len(used),
    )


@dataclass(frozen=True, slots=True)
class Threshold:
    """The score under which a model's document counts as no answer, and how it was found, in a few words. `owner` is
    who keeps it ("" for everybody's), `shared` whether it holds for others here who keep none."""

    provider: str
    model: str | None
    score: float
    how: str
    set_at: datetime
    owner: str = ""
    shared: bool = False
