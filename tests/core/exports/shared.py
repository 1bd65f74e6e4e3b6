"""Results to hand on, for the tests of links and files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rerank_core.exports.shared_result import SharedAnswer, SharedResult
from rerank_core.models import Document

WHEN = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
TEXTS = ("Password policies", "How to reset your password", "Two-factor sign-in")


def result(**changes: Any) -> SharedResult:
    """One query, three documents, one model that puts the second one first."""
    given: dict[str, Any] = {
        "kind": "playground",
        "query": "I forgot my password",
        "documents": tuple(Document(text, f"kb-{place}") for place, text in enumerate(TEXTS)),
        "answers": (SharedAnswer("local", "local-english", (1, 0, 2), (0.91, 0.34, 0.02)),),
        "created": WHEN,
        "order_name": "as pasted",
    }
    return SharedResult(**given | changes)
