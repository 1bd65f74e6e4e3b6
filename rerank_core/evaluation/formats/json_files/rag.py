"""Logs of what was retrieved for a question: ragas, DPR and rankify, and rank_llm."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rerank_core.documents.tables.values import cell
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files import rows
from rerank_core.evaluation.formats.json_files.loading import Placed, Record

_RETRIEVED = ("retrieved contexts", "ctxs", "contexts", "candidates", "retrieved documents", "source documents")
_REFERENCES = ("reference contexts", "ground truth contexts")
_ANSWERED = ("has answer", "hasanswer")
_ANSWER_NOTE = "Whether a text has the answer (has_answer) counts as the rating 1 or 0."
_REFERENCE_NOTE = "The reference contexts are rated 1; what else was retrieved is not rated."


def is_log(record: Record) -> bool:
    """Whether an object is a question with the list of what was retrieved for it."""
    key = rows.key_of(record, _RETRIEVED)
    return (
        rows.query_of(record) is not None
        and key is not None
        and isinstance(record[key], list)
        and all(isinstance(one, dict | str) for one in record[key])
    )


def read(records: Sequence[Placed]) -> Imported:
    """The texts in the order in which they were retrieved, rated where the log says which of them are right."""
    listed: list[tuple[int, dict[str, Any]]] = []
    notes: dict[str, None] = {}
    for place, record in records:
        about = rows.query_of(record)
        key = rows.key_of(record, _RETRIEVED)
        if about is None or key is None or not isinstance(record[key], list):
            continue
        about = {"query": about.get("query_id", ""), **about}
        found = [_document(one) for one in record[key]]
        right = rows.key_of(record, _REFERENCES)
        references = record[right] if right is not None and isinstance(record[right], list) else []
        if references:
            notes[_REFERENCE_NOTE] = None
        if any("rating" in one for one in found):
            notes[_ANSWER_NOTE] = None
        wanted = dict.fromkeys(cell(one) for one in references)
        for rank, one in enumerate(found, start=1):
            if one.get("document") in wanted:
                one["rating"] = "1"
                del wanted[one["document"]]
            listed.append((place, {**about, **one, "rank": rank}))
        listed += [(place, {**about, "document": text, "rank": "", "rating": "1"}) for text in wanted if text.strip()]
    known = {role for _, row in listed for role in row}
    roles = ("query", "query_id", "document", "id", "title", "rank", "score", "rating")
    return rows.read("rag-log", listed, {role: role if role in known else "" for role in roles}, list(notes))


def _document(value: Any) -> dict[str, Any]:
    """A text that was retrieved, as roles: the text itself, or an object with its id, title, score and the like."""
    if not isinstance(value, dict):
        return {"document": cell(value)}
    inside = rows.flat(value)
    found: dict[str, Any] = {}
    names = {
        "document": ("text", "contents", "content", "segment", "passage", "body", "page content", "document"),
        "id": ("docid", "doc id", "id", "_id", "passage id", "pid"),
        "title": ("title",),
        "score": ("score", "similarity"),
        "rating": _ANSWERED,
    }
    for role, known in names.items():
        key = rows.key_of(inside, known)
        if key is not None and cell(inside[key]).strip():
            found[role] = _as_grade(inside[key]) if role == "rating" else cell(inside[key])
    return found


def _as_grade(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else cell(value)
