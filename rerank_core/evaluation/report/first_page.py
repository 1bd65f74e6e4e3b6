"""The first page of the report: what to do, three figures, queries won and lost with the titles that stand first.

Whoever reads no further has the answer; everything behind it follows in the report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.recommendation import Advice, recommend
from rerank_core.evaluation.measures.summary import OrderScores, QueryChange, Summary
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.pricing.estimates import money_text
from rerank_core.ranking.heading import heading

EXAMPLES = 3
"""How many queries won, and how many lost."""

_CHARACTERS = 110


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with what it is of, in words."""

    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class FirstResult:
    """The first document of an order for a query, by its title or else the beginning of its text. `rating` is None
    where nobody rated it."""

    title: str
    rating: int | None


@dataclass(frozen=True, slots=True)
class QueryExample:
    """A query whose order got better or worse: its change, and what stood first before and after."""

    change: QueryChange
    before: FirstResult
    after: FirstResult


@dataclass(frozen=True, slots=True)
class FirstPage:
    """What the first page says, about the model `label`: the one that is recommended, else the best of those that are
    not."""

    advice: Advice
    label: str
    figures: tuple[Figure, ...]
    won: tuple[QueryExample, ...]
    lost: tuple[QueryExample, ...]


def first_page(query_set: QuerySet, rankings: Sequence[Ranking], summary: Summary) -> FirstPage:
    """Work the first page out from what an experiment came to."""
    advice = recommend(summary)
    label = advice.lead.label or summary.rows[1].label
    (row,) = (row for row in summary.rows if row.label == label)
    run = next(ranking.run for ranking in rankings if ranking.label == label)
    changes = summary.changes(label)
    won = [change for change in reversed(changes) if change.change > 1e-9][:EXAMPLES]
    lost = [change for change in changes if change.change < -1e-9][:EXAMPLES]
    return FirstPage(
        advice,
        label,
        _figures(summary, row),
        tuple(_example(query_set, summary, run, change) for change in won),
        tuple(_example(query_set, summary, run, change) for change in lost),
    )


def _figures(summary: Summary, row: OrderScores) -> tuple[Figure, ...]:
    compared, measure = row.compared, summary.measure
    assert compared is not None
    before, after = compared.means
    daily = f"{summary.settings.searches_a_day:,.0f} searches a day"
    if row.local:
        cost = Figure("$0", f"a month: {row.label} runs on this computer, as a stand-in for a hosted model")
    else:
        cost = Figure(money_text(row.monthly).removesuffix(".00"), f"a month for {row.label} at {daily}")
    return (
        Figure(f"{before:.2f} → {after:.2f}", f"{measure}, from the initial order to {row.label}; 1 is the best"),
        Figure(
            f"{compared.better:,} : {compared.worse:,}",
            f"queries better and worse; {compared.same:,} stay the same",
        ),
        cost,
    )


def _example(
    query_set: QuerySet, summary: Summary, run: Mapping[str, Sequence[str]], change: QueryChange
) -> QueryExample:
    query = change.query
    return QueryExample(
        change,
        _first(query_set, summary, query.id, query.candidates),
        _first(query_set, summary, query.id, run[query.id]),
    )


def _first(query_set: QuerySet, summary: Summary, query: str, order: Sequence[str]) -> FirstResult:
    if not order:
        return FirstResult("nothing", None)
    name = order[0]
    title, text = heading(query_set.documents[name])
    words = " ".join((title or text).split())
    short = words if len(words) <= _CHARACTERS else f"{words[: _CHARACTERS - 1]}…"
    return FirstResult(short, (summary.settings.judgments or {}).get(query, {}).get(name))
