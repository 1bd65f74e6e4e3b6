"""Which queries and grades the figures of an experiment are over, and how they count."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from rerank_core.evaluation.measures.measure import Judgments
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet

SEARCHES_A_DAY = 1_000
"""The traffic that a month is worked out for until somebody says otherwise."""


@dataclass(frozen=True, slots=True)
class EvaluationSettings:
    """What is chosen once and holds for the summary, the cut-off, the costs and the report alike.

    `raters` are those whose grades count, None for everybody; `judgments` are theirs combined, None where that is
    still to be done. `only` leaves just the queries of these ids in, None all (see Scope.only), and `scope` says so in
    words, such as "Only language de: 26 of 165 queries". `relevant` is the lowest grade of a relevant document, `k` the
    depth of the main measure, nDCG@k, and `searches_a_day` the traffic that a month is worked out for.
    """

    judgments: Judgments | None = field(default=None, hash=False, repr=False)
    only: Collection[str] | None = field(default=None, hash=False)
    scope: str = ""
    raters: tuple[str, ...] | None = None
    relevant: int = 1
    k: int = 10
    searches_a_day: float = SEARCHES_A_DAY

    def judgments_of(self, query_set: QuerySet) -> Judgments:
        """The judgments that count."""
        return query_set.combined(self.raters) if self.judgments is None else self.judgments

    def queries_of(self, query_set: QuerySet) -> tuple[Query, ...]:
        """The queries that can be run and are left in."""
        if self.only is None:
            return query_set.ready
        allowed = set(self.only)
        return tuple(query for query in query_set.ready if query.id in allowed)


DEFAULT_SETTINGS = EvaluationSettings()
"""All queries, everybody's grades, nDCG@10, relevant from grade 1 on."""
