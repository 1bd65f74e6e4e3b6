"""What can be said of orders that nobody has rated: how much they change, where they disagree, what to rate first.

The share of the first TOP documents that an order has new against the initial one says how much would change, not
whether that is better. Queries are sorted by disagreement: the share of the first TOP that two orders do not have in
common, averaged over every two orders; of equal ones those first whose first documents differ in more orders.

A short list of pairs decides the most. The weight of a document for a query is how far apart the orders put it,

    w = max over orders of 1 / log2(rank + 1)  -  min over orders of the same,

with 0 where it stands below rank `depth` or is missing: the most that one grade point can move the difference in DCG
between two of the orders (B. Carterette, J. Allan, R. Sitaraman, "Minimal test collections for retrieval evaluation",
SIGIR 2006, rate by this weight). A document that all orders put at the same rank has weight 0 and decides nothing, so
it is not in the list.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rerank_core.evaluation.measures.measure import Judgments, RankedLists

TOP = 3
"""How many of the first documents are compared."""

DECIDING = 40
"""How many pairs the short list has."""

A_QUERY = 4
"""How many of them are of one query at the most, so that several queries are rated."""


@dataclass(frozen=True, slots=True)
class Turnover:
    """How much one order changes over all queries: the share (0 to 1) of its first TOP that are not among the initial
    order's, and on how many of the `queries` another document stands first."""

    label: str
    new: float
    first_changed: int
    queries: int

    @property
    def text(self) -> str:
        """In a sentence: "English changes 41% of the top 3, and the first result of 23 of 60 queries"."""
        queries = "query" if self.queries == 1 else "queries"
        return (
            f"{self.label} changes {self.new:.0%} of the top {TOP}, and the first result of {self.first_changed:,} of "
            f"{self.queries:,} {queries}"
        )


@dataclass(frozen=True, slots=True)
class Disputed:
    """A query with how far the orders disagree about its first TOP (0: they are the same documents, 1: no two orders
    share one), and how many different documents stand first."""

    query: str
    disagreement: float
    firsts: int


@dataclass(frozen=True, slots=True)
class DecidingPair:
    """A document of a query whose rating would decide; `weight` as above, `ranks` are its ranks by the orders' labels,
    None where it is missing."""

    query: str
    document: str
    weight: float
    ranks: Mapping[str, int | None]


def turnovers(orders: Mapping[str, RankedLists]) -> tuple[Turnover, ...]:
    """How much each order but the first changes, over the queries that every order has; in the order given."""
    initial, *others = orders
    queries = _shared(orders)
    found = []
    for label in others:
        new = first_changed = shown = 0
        for query in queries:
            before, after = orders[initial][query][:TOP], orders[label][query][:TOP]
            new += len(set(after) - set(before))
            shown += len(after)
            first_changed += before[:1] != after[:1]
        found.append(Turnover(label, new / shown if shown else 0.0, first_changed, len(queries)))
    return tuple(found)


def disputed(orders: Mapping[str, RankedLists]) -> tuple[Disputed, ...]:
    """The queries that every order has, the most disputed first. At least two orders are needed (ValueError)."""
    if len(orders) < 2:
        raise ValueError("two orders are needed for a dispute")
    pairs = list(itertools.combinations(orders, 2))
    found = []
    for query in _shared(orders):
        tops = {label: set(run[query][:TOP]) for label, run in orders.items()}
        apart = math.fsum(_apart(tops[one], tops[other]) for one, other in pairs) / len(pairs)
        found.append(Disputed(query, apart, len({tuple(run[query][:1]) for run in orders.values()})))
    return tuple(sorted(found, key=lambda one: (-one.disagreement, -one.firsts)))


def deciding_pairs(
    orders: Mapping[str, RankedLists], judgments: Judgments, *, depth: int = 10, most: int = DECIDING
) -> tuple[DecidingPair, ...]:
    """The pairs without a rating whose rating would decide, the weightiest first; of equal weights those of the more
    disputed queries first. At most A_QUERY are of one query. Raises as `disputed` does, and ValueError for a depth
    under 1."""
    if depth < 1:
        raise ValueError("the depth is at least 1")
    found = []
    for one in disputed(orders):
        runs = {label: run[one.query] for label, run in orders.items()}
        rated = judgments.get(one.query, {})
        pairs = [pair for pair in _weighed(one.query, runs, depth) if pair.document not in rated and pair.weight > 1e-9]
        found += sorted(pairs, key=lambda pair: -pair.weight)[:A_QUERY]
    return tuple(sorted(found, key=lambda pair: -pair.weight)[:most])


def _weighed(query: str, runs: Mapping[str, Sequence[str]], depth: int) -> list[DecidingPair]:
    ranks = {label: {name: rank for rank, name in enumerate(run[:depth], start=1)} for label, run in runs.items()}
    pairs = []
    for name in dict.fromkeys(name for own in ranks.values() for name in own):
        at = {label: own.get(name) for label, own in ranks.items()}
        gains = [0.0 if rank is None else 1 / math.log2(rank + 1) for rank in at.values()]
        pairs.append(DecidingPair(query, name, max(gains) - min(gains), at))
    return pairs


def _shared(orders: Mapping[str, RankedLists]) -> list[str]:
    first, *others = orders.values()
    return [query for query in first if all(query in run for run in others)]


def _apart(one: set[str], other: set[str]) -> float:
    most = max(len(one), len(other))
    return 1 - len(one & other) / most if most else 0.0
