"""What an experiment will cost and how long it will take, worked out before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rerank_core import pricing
from rerank_core.evaluation.experiments.local_speed import LocalSpeed
from rerank_core.evaluation.experiments.records import RatePolicy
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from rerank_core.pricing import CostEstimate
from rerank_core.pricing.table import PriceTable
from rerank_core.rank_fields import ranked_text
from rerank_core.ranking.contender import Contender

REMOTE_SECONDS = 0.6
"""Seconds that a hosted service is taken to need for one request until it has been seen to need another time."""

LOCAL_SPEED: Mapping[str, float] = {
    "local-english": 16_000.0,
    "local-multilingual": 7_000.0,
    "local-cross-encoder": 7_000.0,
}
"""Tokens a second that the local models are taken to read on two idle cores until `local_speed` has measured them; a
document read once is remembered."""

_KEYWORD_SECONDS = 0.02
_AGAIN = 500_000.0  # tokens a second of candidates that were read before, or that are matched by keyword alone


@dataclass(frozen=True, slots=True)
class ContenderPlan:
    """What is still to be asked of one contender. `amount` is what it is likely to cost, `most` the most it can if
    texts are denser than estimated and every request has to be repeated (a spending limit sets this aside, request
    by request); both None where no price is known. `seconds` is a rough guess."""

    contender: Contender
    requests: int
    documents: int
    search_units: int | None
    amount: Decimal | None
    most: Decimal | None
    seconds: float
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExperimentPlan:
    """The whole of what is still to be asked. `amount` leaves out contenders of unknown cost, which `unknown` names.
    Connections are asked at the same time, so `seconds` is that of the slowest."""

    contenders: tuple[ContenderPlan, ...]
    requests: int
    amount: Decimal
    most: Decimal
    unknown: tuple[str, ...]
    seconds: float

    @property
    def free(self) -> bool:
        """Whether it certainly costs nothing."""
        return self.most == 0 and not self.unknown


def plan(
    query_set: QuerySet,
    contenders: Iterable[Contender],
    *,
    prices: PriceTable | None = None,
    rates: Mapping[str, RatePolicy] | None = None,
    seconds: Mapping[str, float] | None = None,
    speeds: Mapping[str, LocalSpeed] | None = None,
    answered: Collection[tuple[int, int]] = (),
) -> ExperimentPlan:
    """Plan a run over every query that has candidates.

    `rates` are the speeds by provider id. `seconds` maps a label to the seconds of one request where they have been
    measured, `speeds` the id of a local model to its speed on this machine. `answered` are the places of contender and
    query, among those that have candidates, that need not be asked. Raises ConfigurationError for a provider
    that does not exist.
    """
    chosen = tuple(contenders)
    table = prices or PriceTable.default()
    plans = []
    busy: dict[str, float] = {}
    for place, contender in enumerate(chosen):
        queries = [query for at, query in enumerate(query_set.ready) if (place, at) not in answered]
        rate = (rates or {}).get(contender.provider) or RatePolicy.usual(contender.provider)
        asked = replace(query_set, queries=tuple(queries)) if answered else query_set
        made = _planned(asked, contender, table, rate, (seconds or {}).get(contender.label), speeds or {})
        plans.append(made)
        busy[contender.provider] = busy.get(contender.provider, 0.0) + made.seconds
    return ExperimentPlan(
        tuple(plans),
        sum(one.requests for one in plans),
        sum((one.amount for one in plans if one.amount is not None), Decimal(0)),
        sum((one.most for one in plans if one.most is not None), Decimal(0)),
        tuple(one.contender.label for one in plans if one.amount is None and one.requests),
        max(busy.values(), default=0.0),
    )


def reservation(query_set: QuerySet, contender: Contender, query: Query, prices: PriceTable | None) -> Decimal | None:
    """The most that one request may cost, to be set aside before it is sent; None where no price is known."""
    return pricing.upper_bound(_estimate(query_set, contender, query, prices), 0)


def _estimate(query_set: QuerySet, contender: Contender, query: Query, prices: PriceTable | None) -> CostEstimate:
    documents = query_set.documents_of(query)
    return pricing.estimate_cost(
        contender.provider, contender.model, query.text, documents, prices=prices, rank_fields=query_set.rank_fields
    )


def _planned(
    query_set: QuerySet,
    contender: Contender,
    table: PriceTable,
    rate: RatePolicy,
    known: float | None,
    speeds: Mapping[str, LocalSpeed],
) -> ContenderPlan:
    queries = query_set.ready
    estimates = [_estimate(query_set, contender, query, table) for query in queries]
    amounts = [estimate.amount for estimate in estimates if estimate.amount is not None]
    units = [estimate.search_units for estimate in estimates if estimate.search_units is not None]
    bounds = [pricing.upper_bound(estimate, rate.retries) for estimate in estimates]
    priced = len(amounts) == len(estimates)
    return ContenderPlan(
        contender,
        requests=len(queries),
        documents=sum(len(query.candidates) for query in queries),
        search_units=sum(units) if len(units) == len(estimates) else None,
        amount=sum(amounts, Decimal(0)) if priced else None,
        most=sum((bound for bound in bounds if bound is not None), Decimal(0)) if priced else None,
        seconds=_local_seconds(query_set, contender.model or "local-english", queries, speeds)
        if known is None and contender.is_local
        else _seconds(queries, rate, known),
        assumptions=tuple(dict.fromkeys(text for estimate in estimates[:1] for text in estimate.assumptions)),
    )


def _local_seconds(
    query_set: QuerySet, model: str, queries: Sequence[Query], speeds: Mapping[str, LocalSpeed]
) -> float:
    """Every document is read once, and then compared with each query that it is a candidate for."""
    tokens = {
        name: pricing.estimate_tokens(ranked_text(query_set.documents[name], query_set.rank_fields))
        for name in {name for query in queries for name in query.candidates}
    }
    compared = sum(tokens[name] for query in queries for name in query.candidates) / _AGAIN
    measured = speeds.get(model)
    if measured is not None:
        return sum(tokens.values()) / measured.tokens + measured.query * len(queries) + compared
    usual = LOCAL_SPEED.get(model)
    reading = sum(tokens.values()) / usual if usual else 0.0
    return reading + _KEYWORD_SECONDS * len(queries) + compared


def _seconds(queries: Sequence[Query], rate: RatePolicy, known: float | None) -> float:
    seconds = (REMOTE_SECONDS if known is None else known) * len(queries) / rate.concurrency
    return max(seconds, len(queries) * 60 / rate.per_minute) if rate.per_minute else seconds
