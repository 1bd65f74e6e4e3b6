"""What an experiment comes to: what reranking does to the user's own queries, in one sentence, then in tables.

Every figure is over the same queries: those that have ratings and that every contender has answered. A document
without a rating counts as not relevant, as in ir-measures; `judged` says how many of the top documents have one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NamedTuple

from rerank_core import pricing
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.measure import USUAL_LARGEST_GRADE, Judgments, RankedLists, measure
from rerank_core.evaluation.measures.settings import DEFAULT_SETTINGS, EvaluationSettings
from rerank_core.evaluation.measures.significance import PairedTest, compare_values, describe
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet, count_queries

INITIAL = "Initial order"
"""What the order before reranking is called among the runs."""

_ENOUGH_JUDGED = 0.7

METHOD: tuple[tuple[str, str], ...] = (
    (
        "nDCG@k",
        "The gain of the first k documents, each counting less the lower it stands, divided by that of the best order "
        "there is of all rated documents, cut at k. The gain of a document is its grade itself (linear gain), the "
        "discount log2 of its rank plus 1.",
    ),
    (
        "Relevant",
        "Documents rated 1 or more. nDCG takes the grades as they are; RR, P, R and AP know only relevant and not.",
    ),
    ("RR", "One divided by the rank of the first relevant document; its mean over queries is called MRR."),
    ("P@k", "The share of the first k documents that are relevant; missing ones count as not relevant."),
    ("R@k", "The share of all relevant documents that are among the first k (recall)."),
    ("AP", "Precision at the rank of each relevant document, averaged; its mean over queries is called MAP."),
    ("Judged@k", "The share of the first k documents that somebody has rated."),
    (
        "p",
        "How likely a difference this large is by chance: the larger p of two paired tests over queries, a two-sided "
        "randomisation test and Student's t-test, corrected by Holm's method for the number of pairs of orders that "
        "are compared. From 0.05 on two orders cannot be told apart.",
    ),
    (
        "95% interval",
        "How large the difference may be: Student's t interval over queries. It reaches to 0 wherever p cannot rule "
        "out chance, so that the two always say the same. One query has no interval, and neither have queries that all "
        "changed by the same amount. Where few queries gain much and most nothing, it holds nearer 90%.",
    ),
    (
        "Ratings",
        "A document without a rating counts as not relevant. A person's rating takes the place of the imported one; "
        "where several people rated a document, the median counts, of two the lower.",
    ),
)
"""What each figure means, for the report. All measures are computed by ir-measures through trec_eval."""


def method(relevant: int = 1) -> tuple[tuple[str, str], ...]:
    """METHOD where a document counts as relevant from this grade on, with the names that the measures then have."""
    if relevant == 1:
        return METHOD
    named = {"RR": f"RR(rel={relevant})", "P@k": f"P(rel={relevant})@k", "R@k": f"R(rel={relevant})@k"}
    named["AP"] = f"AP(rel={relevant})"
    return tuple(
        (named.get(name, name), meaning.replace("rated 1 or more", f"rated {relevant} or more"))
        for name, meaning in METHOD
    )


@dataclass(frozen=True, slots=True)
class OrderScores:
    """One order: its mean for each measure, and its money in US dollars.

    `compared` is how it does against the initial order on the main measure, None for that order itself.
    `cost` is of this experiment, `per_search` of one query on average, `monthly` at the searches a day that were asked
    about; None where unknown. `latency_ms` is the median of its answers, None for the initial order. `local` says that
    it ran on this computer. `saved` of its answers were taken over from earlier requests, for nothing.
    """

    label: str
    means: Mapping[str, float] = field(hash=False)
    compared: PairedTest | None
    cost: Decimal | None
    per_search: Decimal | None
    monthly: Decimal | None
    latency_ms: float | None
    local: bool = False
    saved: int = 0


@dataclass(frozen=True, slots=True)
class QueryChange:
    """What a contender does to one query: its value before and after, from 0 to 1; `change` is after minus before."""

    query: Query
    before: float
    after: float
    change: float


@dataclass(frozen=True, slots=True)
class Summary:
    """What an experiment comes to, under these `settings` (with the judgments that were used).

    `sentence` says it, about `best`, the contender with the highest mean of `measure` (None where there is
    none); `others` are like sentences for the rest. `warnings` are sentences that must stand beside it. `rows` has
    the initial order first, then the contenders, the best first. `pairs` compares every two runs on the main measure,
    corrected for their number. `ceiling` is the mean that the best possible order of the candidates would reach on the
    main measure: no reranking can do better. `by_query` maps a label and a measure to a value for each query.
    `queries` are the ids that all figures are over, and `searched` maps them to their queries; `unrated` is how many
    more were asked for and have no ratings.
    """

    sentence: str
    best: str | None
    others: tuple[str, ...]
    warnings: tuple[str, ...]
    measure: str
    measures: tuple[str, ...]
    rows: tuple[OrderScores, ...]
    pairs: Mapping[tuple[str, str], PairedTest] = field(hash=False)
    by_query: Mapping[str, Mapping[str, Mapping[str, float]]] = field(hash=False)
    queries: tuple[str, ...] = ()
    ceiling: float = 1.0
    searched: Mapping[str, Query] = field(default_factory=dict, hash=False, repr=False)
    settings: EvaluationSettings = DEFAULT_SETTINGS
    unrated: int = 0

    @property
    def sentences(self) -> dict[str, str]:
        """What each contender comes to, by its label, the best first."""
        return dict(zip([row.label for row in self.rows[1:]], [self.sentence, *self.others], strict=True))

    def changes(self, label: str, measure: str | None = None, against: str = INITIAL) -> tuple[QueryChange, ...]:
        """What a contender does to each query, the worst regression first and the greatest gain last."""
        name = measure or self.measure
        before, after = self.by_query[against][name], self.by_query[label][name]
        found = [
            QueryChange(self.searched[query], before[query], after[query], after[query] - before[query])
            for query in self.queries
        ]
        return tuple(sorted(found, key=lambda change: change.change))

    def regressions(self, label: str, most: int) -> tuple[QueryChange, ...]:
        """The queries that a contender makes worse on the main measure, the worst first."""
        return tuple(change for change in self.changes(label) if change.change < -1e-9)[:most]


def measures_for(k: int = 10, relevant: int = 1) -> tuple[str, ...]:
    """The measures of the table at depth k, the main one first, by ir-measures' names: from another grade than 1 on
    P@5 is P(rel=2)@5, and so on."""
    rel = "" if relevant == 1 else f"(rel={relevant})"
    return (f"nDCG@{k}", f"RR{rel}", f"P{rel}@{min(k, 5)}", f"R{rel}@{k}", f"AP{rel}", f"Judged@{k}")


class _Coverage(NamedTuple):
    """The queries asked for, those of them with judgments, and those of these that every contender which `answering`
    names has answered."""

    asked: Sequence[Query]
    rated: Sequence[Query]
    used: Sequence[Query]
    rankings: Sequence[Ranking]
    answering: Sequence[Ranking]


def summarise(
    query_set: QuerySet, rankings: Sequence[Ranking], settings: EvaluationSettings = DEFAULT_SETTINGS
) -> Summary:
    """Work out the summary from what the contenders returned.

    Raises InvalidRequestError where no query has both judgments and answers, with a hint what to do.
    """
    settings = replace(settings, judgments=settings.judgments_of(query_set))
    covered = _covered(query_set, rankings, settings)
    ids = tuple(query.id for query in covered.used)
    judgments = {query: dict((settings.judgments or {})[query]) for query in ids}
    names = measures_for(settings.k, settings.relevant)
    main = names[0]
    runs: dict[str, RankedLists] = {INITIAL: {query.id: query.candidates for query in covered.used}}
    runs |= {ranking.label: {query: ranking.run[query] for query in ids} for ranking in covered.answering}
    measured = {label: measure(judgments, run, names) for label, run in runs.items()}
    by_query = {label: {name: values[name].by_query for name in names} for label, values in measured.items()}
    means = {label: {name: values[name].mean for name in names} for label, values in measured.items()}
    pairs = compare_values({label: values[main] for label, values in by_query.items()}, main)
    order = sorted(covered.answering, key=lambda ranking: -means[ranking.label][main])
    daily = settings.searches_a_day
    rows = [OrderScores(INITIAL, means[INITIAL], None, None, None, None, None)]
    rows += [_scores(ranking, means[ranking.label], pairs[INITIAL, ranking.label], daily) for ranking in order]
    best, *others = rows[1:]
    return Summary(
        sentence=_sentence(best, daily),
        best=best.label,
        others=tuple(_sentence(row, daily) for row in others),
        warnings=(
            *_pair_warnings(best, covered.answering, pairs),
            *_coverage_warnings(covered),
            *_judged_warnings(means, settings.k),
            *_grade_warnings(covered.used, judgments, settings.relevant),
        ),
        measure=main,
        measures=names,
        rows=tuple(rows),
        pairs=pairs,
        by_query=by_query,
        queries=ids,
        ceiling=_ceiling(covered.used, judgments, main),
        searched={query.id: query for query in covered.used},
        settings=settings,
        unrated=len(covered.asked) - len(covered.rated),
    )


def _covered(query_set: QuerySet, rankings: Sequence[Ranking], settings: EvaluationSettings) -> _Coverage:
    judgments = settings.judgments or {}
    asked = settings.queries_of(query_set)
    rated = [query for query in asked if judgments.get(query.id)]
    if not rated:
        raise InvalidRequestError(
            "None of these queries has a rating." if asked else "No query fits these filters.",
            hint="Rate some results, or load a file of ratings." if asked else "Choose other filters.",
            code="no_ratings",
        )
    answering = [ranking for ranking in rankings if any(query.id in ranking.run for query in rated)]
    used = [query for query in rated if all(query.id in ranking.run for ranking in answering)]
    if not answering or not used:
        raise InvalidRequestError(
            "No rated query has been answered by every model yet.",
            hint="Start the run, or wait until it has come further.",
            code="no_answers",
        )
    return _Coverage(asked, rated, used, rankings, answering)


def _scores(ranking: Ranking, means: Mapping[str, float], compared: PairedTest, searches_a_day: float) -> OrderScores:
    each = ranking.cost_per_search
    latencies = sorted(ranking.latency_ms)
    return OrderScores(
        ranking.label,
        means,
        compared,
        ranking.cost,
        each,
        pricing.monthly(each, searches_a_day),
        latencies[len(latencies) // 2] if latencies else None,
        ranking.contender.is_local,
        ranking.saved,
    )


def _sentence(row: OrderScores, searches_a_day: float) -> str:
    assert row.compared is not None
    said = describe(replace(row.compared, first="the initial order", second=f"{row.label} reranking"))
    return f"{said}; {money_sentence(row, searches_a_day)}."


def money_sentence(row: OrderScores, searches_a_day: float) -> str:
    """ "$0.05 this run, about $30 a month at 1,000 searches a day", without a full stop."""
    if row.cost is None:
        return "what it costs is not known"
    if row.cost == 0 and not row.saved:
        return "it costs nothing on this computer"
    monthly = pricing.money_text(row.monthly).removesuffix(".00")
    this = f"{pricing.money_text(row.cost)} this run{f' ({saved_text(row.saved)})' if row.saved else ''}"
    if row.monthly is None:
        return f"{this}, what a month costs is not known"
    return f"{this}, about {monthly} a month at {searches_a_day:,.0f} searches a day"


def saved_text(saved: int) -> str:
    """ "1 saved answer", "40 saved answers"."""
    return "1 saved answer" if saved == 1 else f"{saved:,} saved answers"


def _pair_warnings(
    best: OrderScores, answering: Sequence[Ranking], pairs: Mapping[tuple[str, str], PairedTest]
) -> Iterator[str]:
    """How far the comparisons can be relied on."""
    assert best.compared is not None
    if best.compared.warning:
        yield best.compared.warning
    for label in (ranking.label for ranking in answering if ranking.label != best.label):
        pair = pairs.get((best.label, label)) or pairs[label, best.label]
        if not pair.significant:
            yield f"{best.label} and {label} cannot be told apart on these queries."


def _coverage_warnings(covered: _Coverage) -> Iterator[str]:
    """What the figures leave out."""
    missing = [ranking.label for ranking in covered.rankings if ranking not in covered.answering]
    if missing:
        yield f"{' and '.join(missing)} answered no rated query and is not in the figures."
    if left := len(covered.rated) - len(covered.used):
        yield (
            f"{count_queries(left)} without an answer from every model {'is' if left == 1 else 'are'} left out for all "
            "of them."
        )
    if left := len(covered.asked) - len(covered.rated):
        yield f"{count_queries(left)} without ratings {'is' if left == 1 else 'are'} not in the figures."


def _judged_warnings(means: Mapping[str, Mapping[str, float]], k: int) -> Iterator[str]:
    share = min(values[f"Judged@{k}"] for values in means.values())
    if share < _ENOUGH_JUDGED:
        yield (
            f"Only {share:.0%} of the top {k} of one of the orders are rated. What is not rated counts as not "
            "relevant, which favours the order that the ratings were made from: rate the rest."
        )


def _grade_warnings(used: Sequence[Query], judgments: Judgments, relevant: int) -> Iterator[str]:
    """What the grades themselves make of the figures."""
    lowest = min(min(grades.values()) for grades in judgments.values())
    highest = max(max(grades.values()) for grades in judgments.values())
    if highest > USUAL_LARGEST_GRADE and relevant <= lowest < highest:
        yield (
            f"Ratings go from {lowest} to {highest}, and every rated document counts as relevant in RR, P, R and AP, "
            "which then say nothing about the order. Choose a higher grade to count as relevant."
        )
    without = sum(max(grades.values()) < relevant for grades in judgments.values())
    if without:
        rated = "no relevant document among those rated" if relevant == 1 else f"no document rated {relevant} or more"
        where = "for every order" if relevant == 1 else "in RR, P, R and AP for every order"
        yield (
            f"{count_queries(without)} {'has' if without == 1 else 'have'} {rated}, "
            f"and {'counts' if without == 1 else 'count'} as 0 {where}."
        )
    outside = sum(
        any(grade >= relevant for grade in judgments[query.id].values())
        and not any(judgments[query.id].get(name, relevant - 1) >= relevant for name in query.candidates)
        for query in used
    )
    if outside:
        yield (
            f"For {count_queries(outside)} no relevant document is among the candidates: reranking cannot help there, "
            "a better first search can."
        )


def _ceiling(used: Sequence[Query], judgments: Judgments, name: str) -> float:
    """The mean of the measure where every query's candidates stand in the best order there is."""
    best = {
        query.id: tuple(sorted(query.candidates, key=lambda one: -judgments[query.id].get(one, 0))) for query in used
    }
    return measure(judgments, best, [name])[name].mean
