"""Queries with relevant and other texts, as the training and test sets of rerankers are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from rerank_core.documents.limits import COLLECTION_LIMITS
from rerank_core.documents.report import Problem
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.documents.tables.values import cell
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files import rows
from rerank_core.evaluation.formats.json_files.loading import Placed, Record

_ASKED = (*rows.QUERIES, "anchor")
_RELEVANT = ("positive", "pos", "positives", "positive passages", "positive ctxs")
_OTHERS = ("negative", "neg", "negatives", "negative passages", "negative ctxs", "hard negatives", "hard negative ctxs")
_SHOWN = ("documents", "candidates")
_NOTE = (
    "The file has relevant and other texts and no order, so the texts of a query stand in alphabetical order. Relevant "
    "ones are rated 1, the others 0."
)
_SHOWN_NOTE = "Relevant texts are rated 1, the others among the documents 0."


def is_reranking(record: Record) -> bool:
    """Whether an object has a query and relevant texts, and others or documents to choose from."""
    known = rows.key_of(record, _ASKED), rows.key_of(record, _RELEVANT), rows.key_of(record, (*_OTHERS, *_SHOWN))
    return None not in known and all(_texts(record.get(key or "")) is not None for key in known[1:])


def is_header(cells: Sequence[str]) -> bool:
    """Whether the columns of a table are a query, a relevant text and another one."""
    names = {fields.normal(one) for one in cells}
    return all(not names.isdisjoint(known) for known in (_ASKED, _RELEVANT, _OTHERS))


def read(records: Sequence[Placed]) -> Imported:
    """Judgments of 1 and 0 on the texts, the texts, and as the order that of the documents, where the file has one."""
    listed: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
    ordered = False
    for place, record in records:
        about = _about(record)
        shown = _texts(record.get(rows.key_of(record, _SHOWN) or "")) or []
        ordered = ordered or bool(shown)
        relevant = _texts(record.get(rows.key_of(record, _RELEVANT) or "")) or []
        others = _texts(record.get(rows.key_of(record, _OTHERS) or "")) or []
        ranks = {document["document"]: rank for rank, document in enumerate(shown, start=1)}
        for document, rating in [*((one, 1) for one in relevant), *((one, 0) for one in [*others, *shown])]:
            row = {**about, **document, "rank": ranks.get(document["document"], ""), "rating": rating}
            listed.setdefault((about["query"], document["document"]), (place, row))
    found = list(listed.values())
    if not ordered:
        # any order but that of the file, which has the relevant ones first
        found.sort(key=lambda one: (one[1]["query"], one[1]["document"]))
        for rank, (_, row) in enumerate(found, start=1):
            row["rank"] = rank
    roles = {role: role for role in ("query", "document", "rank", "rating")}
    extra = {role: role for role in ("query_id", "id", "title") if any(role in row for _, row in found)}
    return rows.read("reranking", found, {**roles, **extra}, [_SHOWN_NOTE if ordered else _NOTE])


def read_table(text: str) -> Imported:
    """The same from a table with a query, a relevant text and another one in each row."""
    table = read_delimited(text, COLLECTION_LIMITS)
    header = table.rows[0].cells if table.rows else []
    if not is_header(header):
        return Imported("reranking", problems=(Problem(0, "No columns are a query, a relevant text and another one."),))
    records = [(line, dict(zip(header, cells, strict=False))) for line, cells in table.rows[1:]]
    found = read(records)
    problems = table.left_out()
    problems.take(found.problems, found.more_problems)
    return replace(found, problems=problems.by_line(), more_problems=problems.more)


def _about(record: Record) -> dict[str, str]:
    found = rows.query_of(record)
    if found is None:
        key = rows.key_of(record, _ASKED)
        found = {"query": cell(record[key]) if key else ""}
    return {"query": found.get("query", ""), **found}


def _texts(value: Any) -> list[dict[str, str]] | None:
    """Texts in a list, alone or in objects with an id and a title; None where it is none of these."""
    listed = value if isinstance(value, list) else [value]
    found: list[dict[str, str]] = []
    for one in listed:
        if isinstance(one, str):
            found.append({"document": one})
        elif isinstance(one, Mapping) and (key := rows.key_of(one, ("text", "document", "content", "passage"))):
            about = {"document": cell(one[key]), "title": cell(one.get("title"))}
            name = rows.key_of(one, ("docid", "doc id", "passage id", "id", "_id"))
            found.append({**about, **({"id": cell(one[name])} if name else {})})
        else:
            return None
    return [one for one in found if one["document"].strip()]
