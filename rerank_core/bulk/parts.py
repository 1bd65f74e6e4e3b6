"""The parts of a data set: where each ends, and how one is scored."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from rerank_core.bulk.purse import most_of
from rerank_core.bulk.source import BulkQuery
from rerank_core.bulk.target import BulkFolder
from rerank_core.client.client import Client
from rerank_core.errors import InvalidRequestError, RerankError, SpendingLimitError
from rerank_core.models import RerankRequest, RerankResponse
from rerank_core.rank_fields import TITLE_AND_TEXT

PART_QUERIES, PART_DOCUMENTS = 200, 20_000
"""A part ends at so many queries, or at so many candidates, whichever comes first."""
GIVE_UP_AFTER = 10
"""Queries that fail in a row before the provider is taken to be down."""


@dataclass(frozen=True, slots=True)
class BulkOptions:
    """How a data set is scored. `limit` in US dollars is for all starts together, None for none; `top_n` None keeps
    every candidate. `max_retries` is that of the client, since each retry may be billed. At most `per_minute` requests
    are sent in a minute, by all machines together; None for no such limit."""

    model: str | None = None
    top_n: int | None = None
    rank_fields: tuple[str, ...] = TITLE_AND_TEXT
    limit: Decimal | None = None
    max_retries: int = 2
    per_minute: int | None = None
    part_queries: int = PART_QUERIES
    part_documents: int = PART_DOCUMENTS

    def settings(self, provider: str) -> dict[str, Any]:
        """What must be the same at every start on one folder."""
        return {
            "version": 1,
            "provider": provider,
            "model": self.model,
            "top_n": self.top_n,
            "rank_fields": list(self.rank_fields),
            "part_queries": self.part_queries,
            "part_documents": self.part_documents,
        }


class PartPurse(Protocol):
    """The money of a part, wherever it is kept (see `rerank_core.bulk.purse.BulkPurse`)."""

    def begin(self, part: int, mosts: Iterable[Decimal | None]) -> None: ...
    def end(self, part: int) -> None: ...
    def reserve(self, part: int, most: Decimal | None) -> Any: ...
    def settle(self, part: int, ticket: Any, outcome: RerankResponse | RerankError) -> None: ...


def parts_of(queries: Iterator[BulkQuery], options: BulkOptions) -> Iterator[list[BulkQuery]]:
    """The queries in order, cut into parts; the same data set and options give the same parts."""
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


def digest_of(part: Iterable[BulkQuery]) -> bytes:
    """What stands for a part's queries and candidates."""
    return hashlib.sha256(b"".join(one.digest for one in part)).digest()


def score_part(
    number: int, part: list[BulkQuery], folder: BulkFolder, client: Client, options: BulkOptions, purse: PartPurse
) -> int:
    """Score a part and write it; how many of its queries failed.

    Raises SpendingLimitError or the provider's error, with nothing written, where it cannot be finished.
    """
    asked = [one.request for one in part if one.request is not None]
    mosts = {id(one): most_of(one, client.provider, options.limit, options.max_retries) for one in asked}
    purse.begin(number, mosts.values())
    outcomes, stopped = _outcomes(number, asked, client, mosts, purse)
    purse.end(number)
    if stopped is not None:
        raise stopped
    rows = [row for one in part for row in _rows(one, outcomes.get(id(one.request)), options.top_n)]
    folder.write(number, rows, digest_of(part))
    return sum(one.request is None or isinstance(outcomes.get(id(one.request)), RerankError) for one in part)


def _outcomes(
    number: int,
    asked: list[RerankRequest],
    client: Client,
    mosts: dict[int, Decimal | None],
    purse: PartPurse,
) -> tuple[dict[int, RerankResponse | RerankError], RerankError | None]:
    """What each request came to, by the id of the request; and what ended it early, if anything did."""
    reserved: dict[int, Any] = {}
    stopped: list[RerankError] = []

    def requests() -> Iterator[RerankRequest]:
        for request in asked:
            if stopped:
                return
            try:
                reserved[id(request)] = purse.reserve(number, mosts[id(request)])
            except SpendingLimitError as error:
                stopped.append(error)
                return
            yield request

    found: dict[int, RerankResponse | RerankError] = {}
    in_a_row = 0
    for outcome in client.rerank_many(requests()):
        request = outcome.request
        purse.settle(number, reserved.pop(id(request)), outcome)
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
