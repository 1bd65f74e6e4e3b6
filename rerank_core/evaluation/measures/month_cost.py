"""What hosted models that were not run would cost a month, from their price and the documents of a query set.

No key is needed and nothing is sent: a search is priced as an estimate before a call is (see `rerank_core.pricing`),
with the query and the candidates that the set has. What such a model would add to the quality nobody knows before it is
run, so nothing is said about that.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal

from rerank_core import pricing
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from rerank_core.pricing.table import Price, PriceTable
from rerank_core.providers import provider as find_provider
from rerank_core.providers import providers
from rerank_core.ranking.contender import Contender, full_name

_LOOKED_AT = 50
"""Queries that an average is taken over, spread evenly over the set."""


@dataclass(frozen=True, slots=True)
class MonthCost:
    """One hosted model with a known price. `documents` is how many a search has on average, `per_search` and `monthly`
    are US dollars, `price` is what they were worked out with."""

    label: str
    documents: float
    per_search: Decimal
    monthly: Decimal
    price: Price


def not_run(
    query_set: QuerySet,
    rankings: Collection[Ranking] = (),
    *,
    prices: PriceTable | None = None,
    searches_a_day: float,
) -> tuple[MonthCost, ...]:
    """Every hosted model with a known price that is not among the rankings, the cheapest first. Empty where no query
    has candidates; raises ValueError for a negative number of searches."""
    looked_at = _spread(query_set)
    known = {spec.id for spec in providers() if not spec.is_local}
    asked = {(one.contender.provider, one.contender.model) for one in rankings}
    table = prices or PriceTable.default()
    wanted = [price for price in table.prices if price.provider in known and (price.provider, price.model) not in asked]
    units: dict[tuple[object, ...], Decimal] = {}  # models that are billed alike are counted once
    found = [_month(query_set, looked_at, price, units, searches_a_day) for price in wanted if looked_at]
    return tuple(sorted(found, key=lambda one: one.monthly))


def unpriced() -> tuple[str, ...]:
    """The hosted services of which no price is known for any model, by name."""
    priced = {price.provider for price in PriceTable.default().prices}
    return tuple(spec.label for spec in providers() if not spec.is_free and spec.id not in priced)


def _month(
    query_set: QuerySet,
    queries: tuple[Query, ...],
    price: Price,
    units: dict[tuple[object, ...], Decimal],
    searches_a_day: float,
) -> MonthCost:
    billed = (price.unit, price.chunk_tokens, price.counted, find_provider(price.provider).batch_size)
    if billed not in units:
        units[billed] = _at_one_dollar(query_set, queries, price)
    each = units[billed] * price.per_unit
    monthly = pricing.monthly(each, searches_a_day)
    assert monthly is not None
    documents = math.fsum(len(query.candidates) for query in queries) / len(queries)
    return MonthCost(full_name(Contender(price.provider, price.model)), documents, each, monthly, price)


def _at_one_dollar(query_set: QuerySet, queries: tuple[Query, ...], price: Price) -> Decimal:
    """What a search would cost on average if the unit of this price cost one dollar."""
    by_token = price.per_million is not None
    one = replace(price, per_million=Decimal(1) if by_token else None, per_1000=None if by_token else Decimal(1))
    table = PriceTable((one,))
    amounts = [
        pricing.estimate_cost(
            price.provider,
            price.model,
            query.text,
            query_set.documents_of(query),
            prices=table,
            rank_fields=query_set.rank_fields,
        ).amount
        for query in queries
    ]
    return sum((amount for amount in amounts if amount is not None), Decimal(0)) / len(queries)


def _spread(query_set: QuerySet) -> tuple[Query, ...]:
    ready = query_set.ready
    step = max(1, math.ceil(len(ready) / _LOOKED_AT))
    return tuple(ready[::step])
