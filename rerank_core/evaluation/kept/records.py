"""Figures as bytes that give back exactly what went in: JSON of numbers, labels and sentences.

Queries and documents stand in them as places in the query set, so that they hold no text of it: an id may be a text.
What readers raise for other bytes is in UNREADABLE.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from rerank_core.evaluation.measures.month_cost import MonthCost
from rerank_core.evaluation.measures.settings import EvaluationSettings
from rerank_core.evaluation.measures.significance import PairedTest, differences
from rerank_core.evaluation.measures.summary import INITIAL, OrderScores, Summary
from rerank_core.evaluation.measures.without_ratings import DecidingPair
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.pricing.table import PriceTable

UNREADABLE = (ValueError, KeyError, TypeError, IndexError, AttributeError, ArithmeticError)


def summary_to_bytes(summary: Summary, query_set: QuerySet) -> bytes:
    """A summary without its settings and queries."""
    places = {query.id: place for place, query in enumerate(query_set.queries)}
    return _json(
        {
            "sentence": summary.sentence,
            "best": summary.best,
            "others": summary.others,
            "warnings": summary.warnings,
            "measure": summary.measure,
            "measures": summary.measures,
            "rows": [_row(row) for row in summary.rows],
            "pairs": [_pair(pair) for pair in summary.pairs.values()],
            "by_query": {
                label: {name: list(own.values()) for name, own in values.items()}
                for label, values in summary.by_query.items()
            },
            "queries": [places[query] for query in summary.queries],
            "ceiling": summary.ceiling,
            "unrated": summary.unrated,
        }
    )


def summary_from_bytes(data: bytes, query_set: QuerySet, settings: EvaluationSettings) -> Summary:
    """The summary that `summary_to_bytes` wrote, of that set under these settings."""
    record: dict[str, Any] = json.loads(data)
    used = [query_set.queries[place] for place in record["queries"]]
    ids = tuple([query.id for query in used])
    by_query = {
        label: {name: dict(zip(ids, own, strict=True)) for name, own in values.items()}
        for label, values in record["by_query"].items()
    }
    main = record["measure"]
    main_values = {label: values[main] for label, values in by_query.items()}
    pairs = {(pair[0], pair[1]): _paired(pair, main, main_values) for pair in record["pairs"]}
    return Summary(
        sentence=record["sentence"],
        best=record["best"],
        others=tuple(record["others"]),
        warnings=tuple(record["warnings"]),
        measure=main,
        measures=tuple(record["measures"]),
        rows=tuple(_scores(row, pairs) for row in record["rows"]),
        pairs=pairs,
        by_query=by_query,
        queries=ids,
        ceiling=record["ceiling"],
        searched={query.id: query for query in used},
        settings=settings,
        unrated=record["unrated"],
    )


def pairs_to_bytes(pairs: Sequence[DecidingPair], query_set: QuerySet) -> bytes:
    """Pairs to rate, each of a query and one of its candidates."""
    places = {query.id: place for place, query in enumerate(query_set.queries)}
    rows = []
    for pair in pairs:
        place = places[pair.query]
        candidate = query_set.queries[place].candidates.index(pair.document)
        rows.append([place, candidate, pair.weight, dict(pair.ranks)])
    return _json(rows)


def pairs_from_bytes(data: bytes, query_set: QuerySet) -> tuple[DecidingPair, ...]:
    """The pairs that `pairs_to_bytes` wrote."""
    found = []
    for place, candidate, weight, ranks in json.loads(data):
        query = query_set.queries[place]
        found.append(DecidingPair(query.id, query.candidates[candidate], weight, ranks))
    return tuple(found)


def costs_to_bytes(costs: Sequence[MonthCost], prices: PriceTable) -> bytes:
    """What months would cost, by these prices."""
    places = {price: place for place, price in enumerate(prices.prices)}
    return _json([[one.label, one.documents, one.per_search, one.monthly, places[one.price]] for one in costs])


def costs_from_bytes(data: bytes, prices: PriceTable) -> tuple[MonthCost, ...]:
    """What `costs_to_bytes` wrote, with the same prices."""
    return tuple(
        MonthCost(label, documents, Decimal(per_search), Decimal(monthly), prices.prices[place])
        for label, documents, per_search, monthly, place in json.loads(data)
    )


def _row(row: OrderScores) -> list[Any]:
    return [
        row.label,
        dict(row.means),
        row.compared is not None,
        row.cost,
        row.per_search,
        row.monthly,
        row.latency_ms,
        row.local,
        row.saved,
    ]


def _scores(row: Sequence[Any], pairs: Mapping[tuple[str, str], PairedTest]) -> OrderScores:
    label, means, compared, cost, per_search, monthly, latency, local, saved = row
    return OrderScores(
        label,
        means,
        pairs[INITIAL, label] if compared else None,
        _money(cost),
        _money(per_search),
        _money(monthly),
        latency,
        local,
        saved,
    )


def _pair(pair: PairedTest) -> list[Any]:
    counts = (pair.better, pair.worse, pair.same)
    rest = (pair.p, pair.p_alone, *counts, pair.warning, pair.comparisons)
    return [pair.first, pair.second, pair.means, pair.difference, pair.interval, *rest]


def _paired(row: Sequence[Any], measure: str, values: Mapping[str, Mapping[str, float]]) -> PairedTest:
    first, second, means, difference, interval, p, p_alone, better, worse, same, warning, comparisons = row
    return PairedTest(
        measure=measure,
        first=first,
        second=second,
        means=(means[0], means[1]),
        difference=difference,
        interval=None if interval is None else (interval[0], interval[1]),
        p=p,
        p_alone=p_alone,
        better=better,
        worse=worse,
        same=same,
        differences=differences(values[first], values[second]),
        warning=warning,
        comparisons=comparisons,
    )


def _money(amount: str | None) -> Decimal | None:
    return None if amount is None else Decimal(amount)


def _json(record: Any) -> bytes:
    return json.dumps(record, separators=(",", ":"), default=str).encode()
