"""Several models on the same documents: who takes part, how far their orders agree, where they differ, what it costs.

Orders are compared by rank alone. A score means something within one model and one query only: 0.9 from one model
and 0.7 from another say nothing about each other, so nothing in here ever puts scores of two models side by side.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from rerank_core.errors import InvalidRequestError
from rerank_core.pricing.estimates import CostEstimate, money_text, upper_bound
from rerank_core.ranking.orders import compare_orders

Order = Sequence[int]
"""The documents of an answer by their index in the input (from 0), best first."""

COUNTS = ("none", "one", "two", "three", "four")


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How far two orders agree: `first` and `second` are their indexes in what was compared.

    `overlap` is the share of the top `k` that both have, `shared` the same as a count; `kendall_tau` is from -1 to 1,
    `rbo` from 0 to 1 with the top counting most (see `rerank_core.ranking.orders` for the formulas). `same_pairs` is
    Kendall's tau in words that need no explanation: of all pairs of documents, the share that both put in the same
    order, (1 + tau) / 2.
    """

    first: int
    second: int
    k: int
    overlap: float
    kendall_tau: float
    rbo: float

    @property
    def shared(self) -> int:
        """How many documents both have in their top k."""
        return round(self.overlap * self.k)

    @property
    def same_pairs(self) -> float:
        """The share of pairs of documents that stand in the same order, from 0 to 1."""
        return (1 + self.kendall_tau) / 2

    @property
    def text(self) -> str:
        """The agreement in words: "2 of the top 3 are the same; 85% of all pairs stand in the same order"."""
        if self.kendall_tau == 1.0 and self.rbo == 1.0:
            return "The same order."
        first = "The first place is the same" if self.k == 1 and self.shared else "The first place differs"
        verb = "is" if self.shared == 1 else "are"
        top = first if self.k == 1 else f"{self.shared} of the top {self.k} {verb} the same"
        return f"{top}; {percent(self.same_pairs)}% of all pairs of documents stand in the same order."


@dataclass(frozen=True, slots=True)
class OrderAgreement:
    """How far several orders agree. `firsts` are the documents in first place, in the orders' own sequence;
    `common_top` those in the top `k` of every order, as the first order has them; `pairs` every pair of orders."""

    k: int
    firsts: tuple[int, ...]
    common_top: tuple[int, ...]
    pairs: tuple[PairAgreement, ...]
    identical: bool

    @property
    def same_first(self) -> bool:
        """Whether every order has the same document in first place."""
        return len(set(self.firsts)) == 1

    @property
    def by_closeness(self) -> tuple[PairAgreement, ...]:
        """The pairs, those first that agree most: by rank-biased overlap, then Kendall's tau."""
        return tuple(sorted(self.pairs, key=_closeness, reverse=True))

    @property
    def closest(self) -> PairAgreement | None:
        """The two orders that agree most."""
        return max(self.pairs, key=_closeness, default=None)

    @property
    def farthest(self) -> PairAgreement | None:
        """The two orders that agree least."""
        return min(self.pairs, key=_closeness, default=None)


def agreement(orders: Sequence[Order], k: int) -> OrderAgreement:
    """Compare every pair of orders; `k` (at least 1, cut to the shortest order) is how deep "the top" goes.

    Raises InvalidRequestError where there is no order, an order is empty or names a document twice, or for such a k.
    """
    if not orders or not all(orders):
        raise InvalidRequestError("There is nothing to compare.", hint="Rank the documents with at least one model.")
    pairs = []
    for (first, one), (second, other) in itertools.combinations(enumerate(orders), 2):
        found = compare_orders(one, other, k)
        pairs.append(PairAgreement(first, second, found.k, found.overlap, found.kendall_tau, found.rbo))
    depth = min(k, *(len(order) for order in orders))
    if depth < 1:
        raise InvalidRequestError(f"The depth of the comparison is {k!r}.", hint="Use a whole number from 1 up.")
    tops = [set(order[:depth]) for order in orders[1:]]
    return OrderAgreement(
        k=depth,
        firsts=tuple(order[0] for order in orders),
        common_top=tuple(index for index in orders[0][:depth] if all(index in top for top in tops)),
        pairs=tuple(pairs),
        identical=all(list(order) == list(orders[0]) for order in orders),
    )


def extremes_text(found: OrderAgreement, names: Sequence[str]) -> str | None:
    """Which two agree most and which least, without a full stop; None where there are not two pairs that differ.

    "English and v2 agree most, English and Multilingual least, the top places counting most".
    """
    closest, farthest = found.closest, found.farthest
    if closest is None or farthest is None or _closeness(closest) == _closeness(farthest):
        return None
    most, least = (f"{names[pair.first]} and {names[pair.second]}" for pair in (closest, farthest))
    return f"{most} agree most, {least} least, the top places counting most"


@dataclass(frozen=True, slots=True)
class RankDifference:
    """One document's ranks in several orders (from 1, None where an order does not have it)."""

    index: int
    ranks: tuple[int | None, ...]

    @property
    def best(self) -> int | None:
        """The highest place that any order gives it."""
        return min((rank for rank in self.ranks if rank is not None), default=None)

    @property
    def spread(self) -> int:
        """How many places lie between the highest and the lowest."""
        known = [rank for rank in self.ranks if rank is not None]
        return max(known) - min(known) if known else 0

    def text(self, names: Sequence[str]) -> str:
        """The ranks with their orders, best first: "1 for English, 6 for v2"."""
        placed = sorted(
            zip(self.ranks, names, strict=True), key=lambda pair: (pair[0] is None, pair[0] or 0)
        )  # of equal ranks the first column stays first
        return ", ".join(f"{'not placed' if rank is None else rank} for {name}" for rank, name in placed)


def differences(orders: Sequence[Order], k: int) -> tuple[RankDifference, ...]:
    """Every document with its ranks, those first on which the orders disagree most.

    A document that some order has in its top `k` comes before all that none has there, since a move far down the list
    matters to nobody; among each kind the wider spread comes first, then the better place.
    """
    ranks = [{index: rank for rank, index in enumerate(order, start=1)} for order in orders]
    indexes = dict.fromkeys(index for order in orders for index in order)
    found = [RankDifference(index, tuple(known.get(index) for known in ranks)) for index in indexes]
    found.sort(key=lambda each: ((each.best or 0) > k, -each.spread, each.best, each.index))
    return tuple(found)


def only_here(orders: Sequence[Order], k: int) -> tuple[frozenset[int], ...]:
    """For each order the documents of its top `k` that no other order has there; empty sets for one order alone."""
    tops = [frozenset(order[:k]) for order in orders]
    if len(tops) < 2:
        return tuple(frozenset() for _ in tops)
    counted = Counter(index for top in tops for index in top)
    return tuple(frozenset(index for index in top if counted[index] == 1) for top in tops)


@dataclass(frozen=True, slots=True)
class WholeCost:
    """What several calls cost together, in US dollars: `amount` of those whose cost is known, `most` with every retry
    billed and texts twice as dense as estimated; `unknown` is how many calls nobody can put a price on."""

    amount: Decimal
    most: Decimal
    unknown: int
    calls: int

    @property
    def text(self) -> str:
        """The amount for a person: "$0.002", "unknown", "$0.001 and one unknown"."""
        if not self.unknown:
            return money_text(self.amount)
        if self.unknown == self.calls or not self.amount:
            return "unknown"
        return f"{money_text(self.amount)} + {COUNTS[self.unknown] if self.unknown < 5 else self.unknown} unknown"


def whole_cost(estimates: Iterable[tuple[CostEstimate, int]]) -> WholeCost:
    """Add up estimates, each given with the retries that its connection may make."""
    listed = list(estimates)
    bounds = [upper_bound(estimate, retries) for estimate, retries in listed]
    return WholeCost(
        amount=total(estimate.amount for estimate, _ in listed if estimate.amount is not None),
        most=total(bound for bound in bounds if bound is not None),
        unknown=sum(1 for estimate, _ in listed if estimate.amount is None),
        calls=len(listed),
    )


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Amounts of money added up."""
    return sum(amounts, Decimal(0))


def _closeness(pair: PairAgreement) -> tuple[float, float]:
    return pair.rbo, pair.kendall_tau


def percent(share: float) -> int:
    """A share in per cent, a whole number; neither 0 nor 100 unless it is exactly that."""
    if share in (0.0, 1.0):
        return int(share * 100)
    return min(99, max(1, round(share * 100)))
