"""The answer first: what reranking does to the user's own queries, in one sentence, then in tables.

Every figure is over the same queries: those that have ratings and that every contender has answered. A document
without a rating counts as not relevant, as in ir-measures; `judged` says how many of the top documents have one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from rerank_core import pricing
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.measure import USUAL_LARGEST_GRADE, Judgments, measure
from rerank_core.evaluation.measures.significance import PairedTest, compare_values, describe
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet, count_queries

__all__ = [
    "INITIAL",
    "METHOD",
    "Answer",
    "Change",
    "Row",
    "measures_for",
    "method",
    "summarise",
]

INITIAL = "Initial order"
"""What the order before reranking is called among the runs."""

SEARCHES_A_DAY = 1_000
"""The traffic that a month is worked out for until somebody says otherwise."""

_ENOUGH_JUDGED = 0.7

METHOD: tuple[tuple[str, str], ...] = (
    (
        "nDCG@k",
        "The gain of the first k documents, each counting less the lower it stands, divided by that of the best order "
        "there is. The gain of a document is its grade itself (linear gain), the discount log2 of its rank plus 1.",
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
        "How likely a difference this large is by chance: a two-sided paired randomisation test over queries, "
        "corrected by Holm's method for the number of pairs of orders that are compared. Below 0.05 chance is an "
        "unlikely explanation.",
    ),
    (
        "95% interval",
        "How large the difference may be: a percentile bootstrap over queries, of each comparison by itself and not "
        "corrected for their number. So it may leave out 0 where p is not small; then go by p.",
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
class Row:
    """One line of the table of metrics: a run, its mean for each measure, and its money.

    `compared` is how it does against the initial order on the main measure, None for that order itself.
    `cost` is of this run, `per_search` of one query on average, `monthly` at the searches a day that were asked
    about; None where unknown. `latency_ms` is the median of its answers, None for the initial order.
    """

    label: str
    means: Mapping[str, float] = field(hash=False)
    compared: PairedTest | None
    cost: Decimal | None
    per_search: Decimal | None
    monthly: Decimal | None
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Change:
    """What a contender does to one query: its value before and after, from 0 to 1; `change` is after minus before."""

    query: Query
    before: float
    after: float
    change: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What an experiment says.

    `sentence` is the answer first, about `best`, the contender with the highest mean of `measure` (None where there is
    none); `others` are like sentences for the rest. `warnings` are sentences that must stand beside it. `rows` has
    the initial order first, then the contenders, the best first. `pairs` compares every two runs on the main measure,
    corrected for their number. `ceiling` is the mean that the best possible order of the candidates would reach on the
    main measure: no reranking can do better. `by_query` maps a label and a measure to a value for each query.
    `queries` are the ids that all figures are over, `relevant` is the grade from which on a document counts as relevant
    in the measures that do not grade, and `scope` says what was left out on purpose, such as "Only language de: 14 of
    77 queries"; it is empty where nothing was.
    """

    sentence: str
    best: str | None
    others: tuple[str, ...]
    warnings: tuple[str, ...]
    measure: str
    measures: tuple[str, ...]
    rows: tuple[Row, ...]
    pairs: Mapping[tuple[str, str], PairedTest] = field(hash=False)
    by_query: Mapping[str, Mapping[str, Mapping[str, float]]] = field(hash=False)
    queries: tuple[str, ...] = ()
    ceiling: float = 1.0
    searches_a_day: float = SEARCHES_A_DAY
    searched: Mapping[str, Query] = field(default_factory=dict, hash=False, repr=False)
    relevant: int = 1
    scope: str = ""

    def changes(self, label: str, measure: str | None = None, against: str = INITIAL) -> tuple[Change, ...]:
        """What a contender does to each query, the worst regression first and the greatest gain last."""
        name = measure or self.measure
        before, after = self.by_query[against][name], self.by_query[label][name]
        found = [
            Change(self.searched[query], before[query], after[query], after[query] - before[query])
            for query in self.queries
        ]
        return tuple(sorted(found, key=lambda change: change.change))

    def regressions(self, label: str, most: int = 10, measure: str | None = None) -> tuple[Change, ...]:
        """The queries that a contender makes worse, the worst first."""
        return tuple(change for change in self.changes(label, measure) if change.change < -1e-9)[:most]


def measures_for(k: int = 10, relevant: int = 1) -> tuple[str, ...]:
    """The measures of the table at depth k, the main one first, by ir-measures' names: from another grade than 1 on
    P@5 is P(rel=2)@5, and so on."""
    rel = "" if relevant == 1 else f"(rel={relevant})"
    return (f"nDCG@{k}", f"RR{rel}", f"P{rel}@{min(k, 5)}", f"R{rel}@{k}", f"AP{rel}", f"Judged@{k}")


def summarise(
    query_set: QuerySet,
    rankings: Sequence[Ranking],
    *,
    judgments: Judgments | None = None,
    k: int = 10,
    searches_a_day: float = SEARCHES_A_DAY,
    only: Collection[str] | None = None,
    relevant: int = 1,
    scope: str = "",
) -> Answer:
    """Work out the answer from what the contenders returned.

    `judgments` None are all raters' combined. `k` is the depth of the main measure, nDCG@k. `only` leaves just these
    queries in (see Scope), which `scope` says in words. `relevant` is the lowest grade of a relevant document. Raises
    InvalidRequestError where no query has both ratings and answers, with a hint what to do.
    """
    grades = query_set.combined() if judgments is None else judgments
    allowed = None if only is None else set(only)
    asked = [query for query in query_set.ready if allowed is None or query.id in allowed]
    rated = [query for query in asked if grades.get(query.id)]
    answering = [ranking for ranking in rankings if any(query.id in ranking.run for query in rated)]
    used = [query for query in rated if all(query.id in ranking.run for ranking in answering)]
    if not rated:
        raise InvalidRequestError(
            "None of these queries has a rating." if asked else "No query fits these filters.",
            hint="Rate some results, or load a file of ratings." if asked else "Choose other filters.",
            code="no_ratings",
        )
    if not answering or not used:
        raise InvalidRequestError(
            "No rated query has been answered by every model yet.",
            hint="Start the run, or wait until it has come further.",
            code="no_answers",
        )
    ids = tuple(query.id for query in used)
    judged = {query: dict(grades[query]) for query in ids}
    names = measures_for(k, relevant)
    runs = {INITIAL: {query.id: query.candidates for query in used}} | {
        ranking.label: {query: ranking.run[query] for query in ids} for ranking in answering
    }
    measured = {label: measure(judged, run, names) for label, run in runs.items()}
    pairs = compare_values({label: values[names[0]].by_query for label, values in measured.items()}, names[0])
    means = {label: {name: values[name].mean for name in names} for label, values in measured.items()}
    order = sorted(answering, key=lambda ranking: -means[ranking.label][names[0]])
    rows = [Row(INITIAL, means[INITIAL], None, None, None, None, None)]
    rows += [_row(ranking, means[ranking.label], pairs[INITIAL, ranking.label], searches_a_day) for ranking in order]
    sentences = [_sentence(row, searches_a_day) for row in rows[1:]]
    best = rows[1]
    return Answer(
        sentence=sentences[0],
        best=best.label,
        others=tuple(sentences[1:]),
        warnings=(
            *_warnings(asked, rated, used, rankings, answering, means, k, pairs, best),
            *_rating_warnings(used, judged, relevant),
        ),
        measure=names[0],
        measures=names,
        rows=tuple(rows),
        pairs=pairs,
        by_query={label: {name: values[name].by_query for name in names} for label, values in measured.items()},
        queries=ids,
        ceiling=_ceiling(used, judged, names[0]),
        searches_a_day=searches_a_day,
        searched={query.id: query for query in used},
        relevant=relevant,
        scope=scope,
    )


def _row(ranking: Ranking, means: Mapping[str, float], compared: PairedTest, searches_a_day: float) -> Row:
    each = ranking.cost_per_search
    latencies = sorted(ranking.latency_ms)
    return Row(
        ranking.label,
        means,
        compared,
        ranking.cost,
        each,
        pricing.monthly(each, searches_a_day),
        latencies[len(latencies) // 2] if latencies else None,
    )


def _sentence(row: Row, searches_a_day: float) -> str:
    assert row.compared is not None
    said = describe(replace(row.compared, second=f"{row.label} reranking"))
    return f"{said}; {money_sentence(row, searches_a_day)}."


def money_sentence(row: Row, searches_a_day: float) -> str:
    """ "$0.05 this run, about $30 a month at 1,000 searches a day", without a full stop."""
    if row.cost is None:
        return "what it costs is not known"
    if row.cost == 0:
        return "it costs nothing on this computer"
    return (
        f"{pricing.money_text(row.cost)} this run, about {_round_money(row.monthly)} a month at "
        f"{searches_a_day:,.0f} searches a day"
    )


def _round_money(amount: Decimal | None) -> str:
    text = pricing.money_text(amount)
    return text.removesuffix(".00")


def _warnings(
    asked: Sequence[Query],
    rated: Sequence[Query],
    used: Sequence[Query],
    rankings: Sequence[Ranking],
    answering: Sequence[Ranking],
    means: Mapping[str, Mapping[str, float]],
    k: int,
    pairs: Mapping[tuple[str, str], PairedTest],
    best: Row,
) -> list[str]:
    found = []
    if best.compared is not None and best.compared.warning:
        found.append(best.compared.warning)
    if best.compared is not None and best.compared.comparisons > 1 and best.compared.interval_disagrees:
        found.append(
            f"p is corrected for the {best.compared.comparisons:,} comparisons made here, the interval is that of this "
            "one alone. Where they disagree, go by p."
        )
    for ranking in answering:
        if ranking.label != best.label:
            pair = pairs.get((best.label, ranking.label)) or pairs[ranking.label, best.label]
            if not pair.significant:
                found.append(f"{best.label} and {ranking.label} cannot be told apart on these queries.")
    missing = [ranking.label for ranking in rankings if ranking not in answering]
    if missing:
        found.append(f"{' and '.join(missing)} answered no rated query and is not in the figures.")
    if len(used) < len(rated):
        found.append(
            f"{count_queries(len(rated) - len(used))} without an answer from every model "
            f"{'is' if len(rated) - len(used) == 1 else 'are'} left out for all of them."
        )
    if len(rated) < len(asked):
        left = len(asked) - len(rated)
        found.append(f"{count_queries(left)} without ratings {'is' if left == 1 else 'are'} not in the figures.")
    share = min(values[f"Judged@{k}"] for values in means.values())
    if share < _ENOUGH_JUDGED:
        found.append(
            f"Only {share:.0%} of the top {k} of one of the orders are rated. What is not rated counts as not "
            "relevant, which favours the order that the ratings were made from: rate the rest."
        )
    return found


def _rating_warnings(used: Sequence[Query], judged: Judgments, relevant: int) -> list[str]:
    """What the ratings themselves make of the figures."""
    found = []
    lowest = min(min(grades.values()) for grades in judged.values())
    highest = max(max(grades.values()) for grades in judged.values())
    if highest > USUAL_LARGEST_GRADE and relevant <= lowest < highest:
        found.append(
            f"Ratings go from {lowest} to {highest}, and every rated document counts as relevant in RR, P, R and AP, "
            "which then say nothing about the order. Choose a higher grade to count as relevant."
        )
    hopeless = sum(max(grades.values()) < relevant for grades in judged.values())
    if hopeless:
        rated = "no relevant document among those rated" if relevant == 1 else f"no document rated {relevant} or more"
        where = "for every order" if relevant == 1 else "in RR, P, R and AP for every order"
        found.append(
            f"{count_queries(hopeless)} {'has' if hopeless == 1 else 'have'} {rated}, "
            f"and {'counts' if hopeless == 1 else 'count'} as 0 {where}."
        )
    outside = sum(
        any(grade >= relevant for grade in judged[query.id].values())
        and not any(judged[query.id].get(name, relevant - 1) >= relevant for name in query.candidates)
        for query in used
    )
    if outside:
        found.append(
            f"For {count_queries(outside)} no relevant document is among the candidates: reranking cannot help there, "
            "a better first search can."
        )
    return found


def _ceiling(used: Sequence[Query], judged: Judgments, name: str) -> float:
    best = {query.id: tuple(sorted(query.candidates, key=lambda one: -judged[query.id].get(one, 0))) for query in used}
    return measure(judged, best, [name])[name].mean
