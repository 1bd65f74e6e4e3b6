"""A query set as bytes: UTF-8 JSON that gives back exactly what went in. Ratings, the name and the fields that models
read are not in it: a store keeps them apart, since they change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rerank_core.documents.report import Problem
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from rerank_core.models import Document

_FORMAT = 1


def to_bytes(query_set: QuerySet) -> bytes:
    """The set without what changes; `from_bytes` gives back an equal one."""
    numbers = {name: number for number, name in enumerate(query_set.documents)}
    record = {
        "format": _FORMAT,
        "name": query_set.name,
        "order_name": query_set.order_name,
        "queries": [
            [query.id, query.text, [numbers[name] for name in query.candidates], query.tag, query.lang, query.length]
            for query in query_set.queries
        ],
        "documents": [
            [name, document.text, document.id, dict(document.metadata)]
            for name, document in query_set.documents.items()
        ],
        "problems": query_set.problems,
        "notes": query_set.notes,
        "answers": dict(query_set.answers),
        "scores": {
            query.id: [own.get(name) for name in query.candidates]
            for query in query_set.queries
            if (own := query_set.scores.get(query.id))
        },
        "file_notes": dict(query_set.file_notes),
    }
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"), default=str).encode("utf-8", "surrogatepass")


def from_bytes(data: bytes) -> QuerySet:
    """The set that `to_bytes` wrote. Raises ValueError, KeyError, TypeError or IndexError for anything else."""
    record: dict[str, Any] = json.loads(bytes(data).decode("utf-8", "surrogatepass"))
    if record["format"] != _FORMAT:
        raise ValueError("another format")
    names = [row[0] for row in record["documents"]]
    queries = tuple(
        Query(name, text, tuple(names[number] for number in candidates), tag, lang, length)
        for name, text, candidates, tag, lang, length in record["queries"]
    )
    # what is asked for with `get` is not in the sets that were kept before there was a place for it
    scores = record.get("scores", {})
    return QuerySet(
        name=record["name"],
        queries=queries,
        documents={name: Document(text, own, metadata) for name, text, own, metadata in record["documents"]},
        order_name=record["order_name"],
        problems=tuple(Problem(line, reason) for line, reason in record["problems"]),
        notes=tuple(record["notes"]),
        answers=record.get("answers", {}),
        scores={query.id: _scores(query, scores[query.id]) for query in queries if query.id in scores},
        file_notes=record.get("file_notes", {}),
    )


def _scores(query: Query, scores: Sequence[float | None]) -> dict[str, float]:
    found = zip(query.candidates, scores, strict=True)
    return {name: score for name, score in found if score is not None}
