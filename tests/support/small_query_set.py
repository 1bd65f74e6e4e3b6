"""A query set small enough to see through, and clients that answer without a network, for the tests of evaluation."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rerank_core.errors import ConfigurationError, RerankError
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse, Usage

WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")


def small_set(queries: int = 12, documents: int = 6) -> QuerySet:
    """`queries` queries with `documents` candidates each; the last candidate is the good one (grade 3), the first is
    rated 0, and every fourth query has no good answer."""
    texts = {f"q{number}": f"question {number} about {WORDS[number % len(WORDS)]}" for number in range(queries)}
    found: dict[str, Document] = {}
    candidates: dict[str, tuple[str, ...]] = {}
    judgments: dict[str, dict[str, int]] = {}
    for number, query in enumerate(texts):
        names = tuple(f"{query}-d{place}" for place in range(documents))
        for name in names:
            found[name] = Document(f"the text of {name}", name, {"title": f"Title {name}"})
        candidates[query] = names
        judgments[query] = {names[0]: 0, names[-1]: 0 if number % 4 == 3 else 3}
    tags = {query: "odd" if number % 2 else "even" for number, query in enumerate(texts)}
    languages = dict.fromkeys(texts, "en")
    return QuerySet("Small", make_queries(texts, candidates, tags, languages), found, {"ann": judgments})


def reversed_answer(
    request: RerankRequest, model: str | None, amount: Decimal | None = Decimal("0.001")
) -> RerankResponse:
    """An answer that turns the order round, with scores from 0.9 downwards."""
    rows = tuple(
        RankedDocument(rank, index, round(0.9 / rank, 6), request.documents[index])
        for rank, index in enumerate(reversed(range(len(request.documents))), start=1)
    )
    basis = "unknown" if amount is None else "reported"
    return RerankResponse(
        rows, model, "gateflow", request, Usage(1.0), Cost(amount, basis=basis), "req", latency_ms=5.0
    )


class FakeClient:
    """A client whose every answer is made by `answer(request, model)`, which may raise; it counts what it was asked."""

    def __init__(self, answer: Callable[[RerankRequest, str | None], RerankResponse]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.asked: list[tuple[str, str | None]] = []
        self.read: set[tuple[str, ...]] = set()
        self.under_way = self.at_once = 0
        self.closed = threading.Event()

    def rerank(
        self, query: str, documents: Any, model: str | None = None, rank_fields: Any = ("text",), **_: Any
    ) -> RerankResponse:
        if self.closed.is_set():
            raise ConfigurationError("The client is closed.", code="closed")
        request = RerankRequest(query, documents, model, rank_fields=rank_fields)
        with self._lock:
            self.read.add(request.rank_fields)
            self.asked.append((query, model))
            self.under_way += 1
            self.at_once = max(self.at_once, self.under_way)
        try:
            return self._answer(request, model)
        finally:
            with self._lock:
                self.under_way -= 1

    def close(self) -> None:
        self.closed.set()


class FakeClients:
    """A factory of FakeClients; `made` maps a provider to its client, `options` to what it was made with."""

    def __init__(self, answer: Callable[[RerankRequest, str | None], RerankResponse] = reversed_answer) -> None:
        self._answer = answer
        self.made: dict[str, FakeClient] = {}
        self.options: dict[str, dict[str, int]] = {}

    def __call__(self, provider: str, **options: int) -> Any:
        self.made[provider] = FakeClient(self._answer)
        self.options[provider] = options
        return self.made[provider]

    @property
    def asked(self) -> list[tuple[str, str | None]]:
        return [one for client in self.made.values() for one in client.asked]


def raising(error: RerankError) -> Callable[[RerankRequest, str | None], RerankResponse]:
    """An answer function that always fails."""

    def answer(request: RerankRequest, model: str | None) -> RerankResponse:
        raise error

    return answer
