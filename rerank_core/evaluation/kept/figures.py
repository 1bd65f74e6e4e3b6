"""Figures of an experiment that are worked out once: what is kept is read, everything else is worked out and kept."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Protocol, TypeVar

from rerank_core.errors import RerankError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.kept import records
from rerank_core.evaluation.kept.names import name_of
from rerank_core.evaluation.measures.measure import RankedLists
from rerank_core.evaluation.measures.month_cost import MonthCost, not_run
from rerank_core.evaluation.measures.settings import EvaluationSettings
from rerank_core.evaluation.measures.summary import INITIAL, Summary, summarise
from rerank_core.evaluation.measures.without_ratings import DecidingPair, deciding_pairs
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.pricing.table import PriceTable

Made = TypeVar("Made")


class Keeper(Protocol):
    """Where the figures of experiments are kept; `rerank_core.storage.experiments.ExperimentStore` is one."""

    def kept_figures(self, experiment_id: str, key: bytes) -> bytes | None:
        """What is kept under this key."""

    def keep_figures(self, experiment_id: str, key: bytes, value: bytes) -> None:
        """Keep this under this key."""


class ExperimentFigures:
    """The figures of one experiment over a query set, as far as it was answered.

    Each is what the function of the same purpose gives, exactly. Nothing is kept of a set or of answers that were not
    read from a store. Where the place to keep them fails or holds other bytes, figures are worked out as if there were
    none. `turn` is entered while something is worked out, and not where it is kept.
    """

    def __init__(
        self,
        keeper: Keeper,
        experiment_id: str,
        query_set: QuerySet,
        rankings: Sequence[Ranking],
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._keeper, self._id, self._set, self._rankings = keeper, experiment_id, query_set, rankings
        self._turn = turn

    def summary(self, settings: EvaluationSettings) -> Summary:
        """What the experiment comes to; see `summarise`."""
        settings = replace(settings, judgments=settings.judgments_of(self._set))
        return self._once(
            name_of("summary", self._set, self._rankings, settings),
            lambda: summarise(self._set, self._rankings, settings),
            lambda made: records.summary_to_bytes(made, self._set),
            lambda data: records.summary_from_bytes(data, self._set, settings),
        )

    def deciding(self, settings: EvaluationSettings) -> tuple[DecidingPair, ...]:
        """What to rate first of the queries that are left in, down to the depth of the settings; see
        `deciding_pairs`."""
        settings = replace(settings, judgments=settings.judgments_of(self._set))
        return self._once(
            name_of("deciding", self._set, self._rankings, settings),
            lambda: deciding_pairs(self._orders(settings), settings.judgments or {}, depth=settings.k),
            lambda made: records.pairs_to_bytes(made, self._set),
            lambda data: records.pairs_from_bytes(data, self._set),
        )

    def not_run(self, prices: PriceTable, searches_a_day: float) -> tuple[MonthCost, ...]:
        """What a month would cost with each hosted model that was not run; see `month_cost.not_run`."""
        settings = EvaluationSettings(searches_a_day=searches_a_day)
        return self._once(
            name_of("not run", self._set, self._rankings, settings, repr(prices)),
            lambda: not_run(self._set, self._rankings, prices=prices, searches_a_day=searches_a_day),
            lambda made: records.costs_to_bytes(made, prices),
            lambda data: records.costs_from_bytes(data, prices),
        )

    def _orders(self, settings: EvaluationSettings) -> Mapping[str, RankedLists]:
        orders: dict[str, RankedLists] = {INITIAL: self._set.initial}
        orders |= {ranking.label: ranking.run for ranking in self._rankings if ranking.run}
        if settings.only is None:
            return orders
        return {label: {query: run[query] for query in settings.only if query in run} for label, run in orders.items()}

    def _once(
        self,
        name: bytes | None,
        make: Callable[[], Made],
        write: Callable[[Made], bytes],
        read: Callable[[bytes], Made],
    ) -> Made:
        if name is None:
            with self._turn():
                return make()
        with contextlib.suppress(RerankError, *records.UNREADABLE):
            data = self._keeper.kept_figures(self._id, name)
            if data is not None:
                return read(data)
        with self._turn():
            made = make()
        with contextlib.suppress(RerankError):
            self._keeper.keep_figures(self._id, name, write(made))
        return made
