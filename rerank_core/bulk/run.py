"""Scoring a data set in bulk in this process: part by part, from wherever it stopped, within a limit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from rerank_core.bulk.parts import BulkOptions, digest_of, parts_of, score_part
from rerank_core.bulk.purse import BulkPurse
from rerank_core.bulk.source import read
from rerank_core.bulk.target import BulkFolder, Spent
from rerank_core.client.client import Client


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

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON can hold them."""
        return asdict(self) | {"spent": {"known": str(self.spent.known), "maybe": str(self.spent.maybe)}}


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
    folder = BulkFolder(target)
    folder.begin(options.settings(client.provider.id))
    purse = BulkPurse(folder, options.limit, free=client.provider.is_local)
    at = BulkProgress(spent=purse.spent)
    for number, part in enumerate(parts_of(read(source, options.model, options.rank_fields), options)):
        kept = folder.has(number, digest_of(part))
        failed = 0 if kept else score_part(number, part, folder, client, options, purse)
        at = BulkProgress(
            at.parts + 1,
            at.kept + kept,
            at.queries + len(part),
            at.documents + sum(one.size for one in part),
            at.failed + failed,
            purse.spent,
        )
        if on_progress is not None:
            on_progress(at)
    return at
