"""How fast the local models are on this machine as it is now, measured on a few documents before a run is promised."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rerank_core import pricing
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.rank_fields import ranked_text

if TYPE_CHECKING:
    from rerank_core.jobs import JobContext

MEASURED_TOKENS = 1_000
"""Tokens that are read to measure: a fraction of a second on an idle machine, seconds on a very busy one."""

_LEAST_SECONDS = 1e-4


@dataclass(frozen=True, slots=True)
class LocalSpeed:
    """What a local model needs here: `tokens` a second of documents that it has not read before, and `query` seconds
    for each query besides."""

    tokens: float
    query: float


def measure_local_speed(
    context: JobContext | None,
    query_set: QuerySet,
    model: str,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> LocalSpeed:
    """Rerank about MEASURED_TOKENS tokens of this set's documents twice, made to look new the first time.

    The model is loaded before the clock starts. Raises InvalidRequestError for a set without candidates and
    ConfigurationError where the model is not on this machine.
    """
    from rerank_core.client.client import Client

    texts = _sample(query_set)
    if not texts:
        raise InvalidRequestError("No query has candidates.", hint="Find candidates for the queries first.")
    with Client("local") as client:
        if context is not None:
            context.on_cancel(client.close)
        client.rerank("one", ["two"], model=model)
        once = secrets.token_hex(4)  # what was read before is remembered, which would make it look fast
        fresh = [f"{once} {text}" for text in texts]
        start = clock()
        client.rerank(f"{once} first", fresh, model=model)
        middle = clock()
        client.rerank(f"{once} second", fresh, model=model)
        end = clock()
    again = max(_LEAST_SECONDS, end - middle)
    reading = max(_LEAST_SECONDS, (middle - start) - again)
    return LocalSpeed(sum(map(pricing.estimate_tokens, fresh)) / reading, again)


def _sample(query_set: QuerySet) -> list[str]:
    """Documents from all over the set, each whole but the last, with MEASURED_TOKENS tokens together."""
    names = tuple(dict.fromkeys(name for query in query_set.ready for name in query.candidates))
    texts: list[str] = []
    left = MEASURED_TOKENS
    for place in range(0, len(names), max(1, len(names) // 20)):
        text = ranked_text(query_set.documents[names[place]], query_set.rank_fields)
        tokens = pricing.estimate_tokens(text)
        texts.append(text if tokens <= left else text[: max(1, len(text) * left // tokens)])
        left -= tokens
        if left <= 0:
            break
    return texts
