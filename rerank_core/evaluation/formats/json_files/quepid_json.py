"""Quepid's own JSON: a case with the ratings of its queries, and a book with the judgements of its judges."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rerank_core.documents.tables.guess import guess_columns
from rerank_core.documents.tables.values import cell
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files import rows

_ROLES = {"query": "query_text", "id": "doc_id", "rating": "rating"}
_OWN = ("query_text", "doc_id", "rating", "rater", "position")
_SAMPLE = 50


def is_case(value: Any) -> bool:
    """Whether a value is a case: queries with a text and ratings."""
    return _holds(value, "queries", "query_text")


def is_book(value: Any) -> bool:
    """Whether a value is a book: pairs of a query and a document."""
    return _holds(value, "query_doc_pairs", "query_text")


def read(value: Mapping[str, Any]) -> Imported:
    """Ratings, each judge's apart where several are named."""
    return _read_book(value) if is_book(value) else _read_case(value)


def _read_case(value: Mapping[str, Any]) -> Imported:
    listed: list[tuple[int, dict[str, Any]]] = []
    for query in _objects(value.get("queries")):
        for rated in _objects(query.get("ratings")) or [{}]:
            about = {"query_text": query.get("query_text"), "doc_id": rated.get("doc_id")}
            listed.append((0, {**about, "rating": rated.get("rating"), "rater": rated.get("user_email")}))
    return _read(listed)


def _read_book(value: Mapping[str, Any]) -> Imported:
    listed: list[tuple[int, dict[str, Any]]] = []
    for pair in _objects(value["query_doc_pairs"]):
        about = {"query_text": pair.get("query_text"), "doc_id": pair.get("doc_id"), "position": pair.get("position")}
        judged = [one for one in _objects(pair.get("judgements")) if not one.get("unrateable")]
        for one in judged or [{}]:
            who = {"rating": one.get("rating"), "rater": one.get("user_email")}
            listed.append((0, {**about, **who, **_fields(pair.get("document_fields"))}))
    return _read(listed, _text_and_title([row for _, row in listed[:_SAMPLE]]))


def _text_and_title(found: list[dict[str, Any]]) -> dict[str, str]:
    """Which of the fields of documents are their text and their title, as for any table."""
    names = list(dict.fromkeys(name for row in found for name in row if name not in _OWN))
    chosen = guess_columns(names, [[cell(row.get(name)) for name in names] for row in found]).chosen
    return {role: chosen[known] for role, known in (("document", "text"), ("title", "title")) if known in chosen}


def _read(listed: list[tuple[int, dict[str, Any]]], of_documents: Mapping[str, str] | None = None) -> Imported:
    raters = {cell(row.get("rater")).strip() for _, row in listed} - {""}
    ranked = any(cell(row.get("position")).strip() for _, row in listed)
    for _, row in listed:
        if not raters:
            row.pop("rater", None)
        if not ranked:
            row.pop("position", None)
    wanted = {
        **(of_documents or {}),
        **_ROLES,
        **({"rater": "rater"} if raters else {}),
        **({"rank": "position"} if ranked else {}),
    }
    return rows.read("quepid-ratings", listed, wanted)


def _fields(value: Any) -> dict[str, Any]:
    """The fields of a document, which a book keeps as an object or as the JSON of one."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    return {str(key): one for key, one in value.items() if key not in _OWN} if isinstance(value, dict) else {}


def _holds(value: Any, key: str, inside: str) -> bool:
    return isinstance(value, dict) and any(inside in one for one in _objects(value.get(key)))


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
