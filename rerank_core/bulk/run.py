"""Scoring a data set in bulk: part by part, from wherever it stopped, within a limit."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from rerank_core import pricing
from rerank_core.bulk.source import BulkQuery, read
from rerank_core.bulk.target import BulkFolder, Spent
from rerank_core.client.client import Client
from rerank_core.errors import InvalidRequestError, RerankError, SpendingLimitError
from rerank_core.models import RerankRequest, RerankResponse
from rerank_core.pricing.budget import Budget, Reservation
from rerank_core.providers.spec import ProviderSpec
from rerank_core.rank_fields import TITLE_AND_TEXT

PART_QUERIES, PART_DOCUMENTS = 200, 20_000
"""A part ends at so many queries, or at so many candidates, whichever comes first."""
GIVE_UP_AFTER = 10
"""Queries that fail in a row before the provider is taken to be down."""


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """How a data set is scored. `limit` in US dollars is for all starts together, None for none; `top_n` None keeps
    every candidate. `max_retries` is that of the client, since each retry may be billed."""

    model: str | None = None
    top_n: int | None = None
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT
    limit: Decimal | None = None
    max_retries: int = 2
    part_queries: int = PART_QUERIES
    part_documents: int = PART_DOCUMENTS


@dataclass(frozen=True, slots=True)
class BulkProgress:
    """How far it has come: `parts` are there, of these `kept` were there before; `queries` and `documents` are those of
    all parts, `failed` the queries of this start without scores. `spent` is over all starts."""

    parts: int = 0
    kept: int = 0
    queries: int = 0
    documents: int = 0
    failed: int = 0
    spent: Spent = field(default_factory=Spent)


def run_bulk(
    source: str,
    target: str,
    client: Client,
    options: BulkOptions,
    on_progress: Callable[[BulkProgress], None] | None = None,
) -> BulkProgress:
    """Score every query of the data set at `source` into Parquet parts in the folder at `target`.

    At most one part's queries are in memory. A part that is there is not asked for again, so a start that was broken
    off at any moment, also by kill -9, is gone on with by the same call. Before a request is sent the most that it may
    cost is set aside, so the limit is never passed; what was set aside for a part that was broken off counts as spent.
    A query that fails stays as a row with its error. Raises SpendingLimitError where the limit ends it, the provider's
    error where the provider takes no more, and InvalidRequestError where source or target cannot be used.
    """
    spec = client.provider
    folder = BulkFolder(target)
    settings = {"version": 1, "provider": spec.id, "model": options.model, "top_n": options.top_n}
    settings |= {"rank_fields": list(options.rank_fields)}
    settings |= {"part_queries": options.part_queries, "part_documents": options.part_documents}
    folder.begin(settings)
    before = folder.spent()
    money = _Money(spec, options, before)
    at = BulkProgress(spent=before)
    for number, part in enumerate(_parts(read(source, options.model, options.rank_fields), options)):
        digest = hashlib.sha256(b"".join(one.digest for one in part)).digest()
        kept = folder.has(number, digest)
        failed = 0 if kept else _score(folder, number, digest, part, client, options, money)
        at = BulkProgress(
            at.parts + 1,
            at.kept + kept,
            at.queries + len(part),
            at.documents + sum(one.size for one in part),
            at.failed + failed,
            money.spent,
        )
        if on_progress is not None:
            on_progress(at)
    return at


def _parts(queries: Iterator[BulkQuery], options: BulkOptions) -> Iterator[list[BulkQuery]]:
    part: list[BulkQuery] = []
    size = 0
    for one in queries:
        if part and (len(part) >= options.part_queries or size + one.size > options.part_documents):
            yield part
            part, size = [], 0
        part.append(one)
        size += one.size
    if part:
        yield part


class _Money:
    """What may be spent over all starts, and what each request may cost."""

    def __init__(self, spec: ProviderSpec, options: BulkOptions, before: Spent) -> None:
        self._spec, self._options = spec, options
        self._budget = Budget()
        self._budget.settle(self._budget.reserve(before.known + before.maybe), before.known, in_doubt=before.maybe)
        self._budget.set_limit(options.limit)
        self.free = spec.is_local

    @property
    def spent(self) -> Spent:
        now = self._budget.now()
        return Spent(now.spent, now.uncertain)

    def most(self, request: RerankRequest) -> Decimal | None:
        """The most that a request may cost. Raises SpendingLimitError where there is a limit and nobody knows it."""
        estimate = pricing.estimate_cost(
            self._spec, request.model, request.query, request.documents, rank_fields=request.rank_fields
        )
        most = pricing.upper_bound(estimate, self._options.max_retries)
        if most is None and self._options.limit is not None:
            raise SpendingLimitError(
                "What a query costs is not known.", hint="Leave the limit out, or use another model."
            )
        return most

    def reserve(self, request: RerankRequest) -> Reservation:
        return self._budget.reserve(self.most(request))

    def settle(self, reservation: Reservation, outcome: RerankResponse | RerankError) -> None:
        if isinstance(outcome, RerankResponse):
            self._budget.settle(reservation, outcome.cost.amount, in_doubt=outcome.cost.in_doubt)
        elif outcome.maybe_billed:
            self._budget.settle(reservation, None)
        else:
            self._budget.release(reservation)


def _score(
    folder: BulkFolder,
    number: int,
    digest: bytes,
    part: list[BulkQuery],
    client: Client,
    options: BulkOptions,
    money: _Money,
) -> int:
    """Score a part and write it; how many of its queries failed. Nothing is written where it cannot be finished."""
    asked = [one for one in part if one.request is not None]
    if not money.free:
        # Should this start end here, all of the part may have been billed.
        most = sum((money.most(one.request) or Decimal(0) for one in asked if one.request), Decimal(0))
        now = money.spent
        folder.note_spent(Spent(now.known, now.maybe + most))
    outcomes, stopped = _outcomes(asked, client, money)
    if not money.free:
        folder.note_spent(money.spent)
    if stopped is not None:
        raise stopped
    rows: list[dict[str, Any]] = []
    for one in part:
        outcome = outcomes.get(id(one.request))
        rows += _rows(one, outcome, options.top_n)
    folder.write(number, rows, digest)
    return sum(one.request is None or isinstance(outcomes.get(id(one.request)), RerankError) for one in part)


def _outcomes(
    asked: list[BulkQuery], client: Client, money: _Money
) -> tuple[dict[int, RerankResponse | RerankError], RerankError | None]:
    """What each request came to, by the id of the request; and what ended it early, if anything did."""
    reserved: dict[int, Reservation] = {}
    stopped: list[RerankError] = []

    def requests() -> Iterator[RerankRequest]:
        for one in asked:
            assert one.request is not None
            if stopped:
                return
            try:
                reserved[id(one.request)] = money.reserve(one.request)
            except SpendingLimitError as error:
                stopped.append(error)
                return
            yield one.request

    found: dict[int, RerankResponse | RerankError] = {}
    in_a_row = 0
    for outcome in client.rerank_many(requests()):
        request = outcome.request
        money.settle(reserved.pop(id(request)), outcome)
        found[id(request)] = outcome
        failed = isinstance(outcome, RerankError) and not isinstance(outcome, InvalidRequestError)
        in_a_row = in_a_row + 1 if failed else 0
        if isinstance(outcome, RerankError) and failed and (not outcome.retryable or in_a_row >= GIVE_UP_AFTER):
            stopped.append(outcome)
    return found, stopped[0] if stopped else None


def _rows(one: BulkQuery, outcome: RerankResponse | RerankError | None, top_n: int | None) -> list[dict[str, Any]]:
    shared = {"query_id": one.id, "query": one.query}
    if not isinstance(outcome, RerankResponse):
        return [shared | {"error": one.problem if outcome is None else outcome.message}]
    return [
        shared
        | {
            "index": row.index,
            "document_id": row.document.id,
            "rank": row.rank,
            "relevance_score": row.relevance_score,
            "provider": outcome.provider,
            "model": outcome.model,
        }
        for row in outcome.results[:top_n]
    ]


def as_dict(progress: BulkProgress) -> dict[str, Any]:
    """A progress as JSON can hold it."""
    return asdict(progress) | {"spent": {"known": str(progress.spent.known), "maybe": str(progress.spent.maybe)}}
