"""How much a piece of work reads: documents times the tokens of each, which is known before it begins."""

from __future__ import annotations

from collections.abc import Sequence

from pages.components.server.limits import limits
from rerank_core.errors import RerankError
from rerank_core.models import Document
from rerank_core.pricing.tokens import estimate_tokens
from rerank_core.retrieval.passages import Passages

_SAMPLE = 200
A_PASSAGE = 200
"""Tokens that a text is taken to have before it is there, such as a search engine's."""


def of_documents(documents: Sequence[Document]) -> int:
    """The tokens of all these documents."""
    return sum(estimate_tokens(document.text) for document in documents)


def of_many(documents: Sequence[Document], count: int) -> int:
    """The tokens of `count` documents such as these."""
    some = documents[:: _step(len(documents))]
    return round(of_documents(some) / len(some) * count) if some else count * A_PASSAGE


def of_passages(passages: Passages, count: int | None = None) -> int:
    """The tokens of `count` of these passages, of all where that is None; some from all over stand for all."""
    there = len(passages)
    return of_many(passages.get(range(0, there, _step(there))), there if count is None else min(count, there))


def refuse_too_much(tokens: int) -> None:
    """Raise RerankError where a run of so many tokens is more than the operator allows."""
    most = limits().tokens_per_run
    if tokens > most:
        raise RerankError(
            f"This run would read about {tokens:,} tokens (documents times the length of each). The most that one run "
            f"may read here is {most:,}.",
            hint="Use fewer or shorter documents, or ask whoever runs this server to raise tokens_per_run under "
            "[limits] in its secrets file.",
            code="too_much_work",
        )


def _step(count: int) -> int:
    return max(1, -(-count // _SAMPLE))
