"""Objects that name documents by query, `{query: {document: number}}`: what ranx, MTEB, BEIR and pytrec_eval keep."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files import rows
from rerank_core.evaluation.measures.measure import LARGEST_GRADE, SMALLEST_GRADE

_DEPTH = 4
_ID = re.compile(r"\S{1,200}")
_JUDGED = "Whole numbers by query were read as ratings. If they are scores, choose 'Run by query' under 'Kind of file'."
_RANKED = (
    "The numbers by query were read as scores. If they are ratings, choose 'Ratings by query' under 'Kind of file'."
)


def kind_of(value: Any) -> str | None:
    """Whether an object holds ratings, which are whole numbers, or scores, by query; None where neither."""
    found = next(_all_by_query(value), None)
    if found is None:
        return None
    numbers = [number for documents in found[1].values() for number in _numbers(documents)]
    grades = all(float(number).is_integer() and SMALLEST_GRADE <= number <= LARGEST_GRADE for number in numbers)
    return "json-judgments" if numbers and grades else "json-run"


def read(value: Any, kind: str, *, guessed: bool = False) -> Imported:
    """Ratings or a run by query; of several such objects in one, as MTEB has one for each part, the first is read."""
    found = list(_all_by_query(value))
    notes = [_JUDGED if kind == "json-judgments" else _RANKED] if guessed else []
    if len(found) > 1:
        others = ", ".join(f"'{name}'" for name, _ in found[1:6])
        notes.append(f"Of several parts '{found[0][0]}' is read, not {others}{', ...' if len(found) > 6 else ''}.")
    role = "rating" if kind == "json-judgments" else "score"
    listed = [
        (0, {"query": query, "id": about[0], role: about[1]})
        for _, queries in found[:1]
        for query, documents in queries.items()
        for about in _of_documents(documents)
    ]
    return rows.read(kind, listed, {"query": "query", "id": "id", role: role}, notes)


def _of_documents(documents: Any) -> list[tuple[str, Any]]:
    """The documents of a query with their numbers; a list of ids is best first."""
    if isinstance(documents, list):
        return [(name, len(documents) - place) for place, name in enumerate(documents)]
    return [*documents.items()] or [("", "")]


def _numbers(documents: Any) -> list[float]:
    return [] if isinstance(documents, list) else [*documents.values()]


def _all_by_query(value: Any, name: str = "", depth: int = _DEPTH) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each object of this layout that lies within a value, with its name there."""
    if not isinstance(value, dict) or not value or not depth:
        return
    if all(_is_documents(documents) for documents in value.values()) and any(value.values()):
        yield name, value
        return
    for key, inside in value.items():
        yield from _all_by_query(inside, str(key), depth - 1)


def _is_documents(value: Any) -> bool:
    if isinstance(value, dict):
        return all(type(number) in (int, float) for number in value.values())
    return (
        isinstance(value, list) and bool(value) and all(isinstance(name, str) and _ID.fullmatch(name) for name in value)
    )
