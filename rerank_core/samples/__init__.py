"""The example stories, each showing one thing reranking is good for, and a sample support desk with rated queries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rerank_core.errors import ConfigurationError
from rerank_core.models import Document, as_documents
from rerank_core.samples.support_desk import TICKETS, RatedQuerySet, Ticket, knowledge_base, rated_queries

__all__ = ["EXAMPLES", "TICKETS", "Example", "RatedQuerySet", "Ticket", "example", "knowledge_base", "rated_queries"]

_STORIES = Path(__file__).parent / "stories"


@dataclass(frozen=True, slots=True)
class Example:
    """One story: a query, documents in the order some search gave them, and what to look at.

    `id` is a slug for links; `title` and `story` are plain text for a person. `model` is the label of the
    model that tells the story best, `top_n` how many results to show, `order_name` what to call the initial
    order, `icon` the name of a Material icon. `answers` holds the indexes (from 0) of the documents that
    answer the query, best first, and is empty in the story where none does.
    """

    id: str
    title: str
    story: str
    query: str
    documents: tuple[Document, ...]
    model: Literal["English", "Multilingual", "v2"]
    top_n: int
    order_name: str
    icon: str
    answers: tuple[int, ...] = ()


def example(id: str) -> Example:
    """The story with this id; raises ConfigurationError, naming the ids there are, where there is none."""
    for story in EXAMPLES:
        if story.id == id:
            return story
    known = ", ".join(story.id for story in EXAMPLES)
    raise ConfigurationError(f"There is no example called {id!r}.", hint=f"Choose one of: {known}.")


def _load(path: Path) -> Example:
    fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    fields["documents"] = as_documents(fields["documents"])
    fields["answers"] = tuple(fields["answers"])
    return Example(**fields)


EXAMPLES: tuple[Example, ...] = tuple(_load(path) for path in sorted(_STORIES.glob("*.json")))
