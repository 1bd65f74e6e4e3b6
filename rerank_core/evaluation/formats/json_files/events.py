"""Events of User Behavior Insights: what people searched for, were shown and clicked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rerank_core.documents.report import count
from rerank_core.documents.tables.values import cell
from rerank_core.evaluation.formats.imported import ImportBuilder, Imported
from rerank_core.evaluation.formats.json_files.loading import Placed, Record

_SHOWN = ("query_response_object_ids", "query_response_hit_ids")


def is_event(record: Record) -> bool:
    """Whether an object is something that somebody did with results, or a query with what it brought."""
    return ("action_name" in record and ("query_id" in record or "event_attributes" in record)) or is_query(record)


def is_query(record: Record) -> bool:
    """Whether an object is a search with the ids of what it brought."""
    return "user_query" in record and any(key in record for key in (*_SHOWN, "query_response_id", "client_id"))


def read(records: Sequence[Placed]) -> Imported:
    """The queries, and the results that were shown where the file has them. Clicks are counted and said; they are no
    ratings, since people click what stands on top."""
    builder = ImportBuilder("ubi-events")
    clicks: dict[str, set[str]] = {}
    number = 0
    for _, record in records:
        if not is_event(record):
            continue
        text = cell(record.get("user_query")).strip() or cell(record.get("query_id")).strip()
        if not text:
            continue
        builder.query(0, text, text)
        places = builder.places.setdefault(text, {}) if is_query(record) else {}
        for name in _shown(record) if not places else ():
            places.setdefault(name, (len(places),))
        if cell(record.get("action_name")).lower() in ("click", "item_click", "result_click"):
            number += 1
            clicks.setdefault(text, set()).add(_object(record))
    builder.places = {query: places for query, places in builder.places.items() if places}
    if number:
        clicked = count(len({name for own in clicks.values() for name in own}), "document")
        queries = f"{len(clicks):,} {'query' if len(clicks) == 1 else 'queries'}"
        builder.reading_notes.append(
            f"These are events: {count(number, 'click')} on {clicked} for {queries}. Clicks are not ratings, since "
            "people click what stands on top, so only the queries are read."
        )
    if not builder.queries:
        builder.refuse(0, "These events name no queries.")
    return builder.finish()


def _shown(record: Mapping[str, Any]) -> list[str]:
    found: list[Any] = next((record[key] for key in _SHOWN if isinstance(record.get(key), list)), [])
    return [cell(one) for one in found if cell(one).strip()]


def _object(record: Mapping[str, Any]) -> str:
    about = record.get("event_attributes")
    inside = about.get("object") if isinstance(about, dict) else None
    return cell(inside.get("object_id")) if isinstance(inside, dict) else cell(record.get("object_id"))
