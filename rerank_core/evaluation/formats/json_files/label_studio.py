"""Label Studio's JSON, and the cells in which its CSV keeps what an annotator chose."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files import rows
from rerank_core.evaluation.formats.json_files.loading import Placed, Record, cell

_VALUES = ("rating", "choices", "number", "text", "taxonomy")


def is_task(record: Record) -> bool:
    """Whether an object is a task with its annotations."""
    return isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list)


def read(records: Sequence[Placed]) -> Imported:
    """Each annotator's rating of each task, kept apart; a task that nobody has annotated gives its query."""
    listed: list[tuple[int, dict[str, Any]]] = []
    for place, task in records:
        if not is_task(task):
            continue
        about = {str(key): value for key, value in task["data"].items()}
        done = [one for one in task["annotations"] if isinstance(one, dict) and not one.get("was_cancelled")]
        for one in done or [{}]:
            who = one.get("completed_by")
            who = who.get("email") or who.get("id") if isinstance(who, dict) else who
            listed.append((place, {**about, "rater": cell(who), "rating": _result(one.get("result"))}))
    raters = {row["rater"] for _, row in listed} - {""}
    return rows.read("label-studio", listed, {"rating": "rating", "rater": "rater" if raters else ""})


def chosen(text: str) -> str:
    """What an annotator chose, from a cell that has it as JSON, such as `[{"rating": 4}]`; any other cell as it is."""
    stripped = text.strip()
    if not stripped.startswith(("[", "{")):
        return text
    try:
        value = json.loads(stripped)
    except (ValueError, RecursionError):
        return text
    found = _chosen(value)
    return text if found is None else found


def _result(result: Any) -> str:
    found = [_chosen(one.get("value")) for one in result if isinstance(one, dict)] if isinstance(result, list) else []
    return next((one for one in found if one), "")


def _chosen(value: Any) -> str | None:
    if isinstance(value, list):
        return _chosen(value[0]) if value else ""
    if isinstance(value, dict):
        return next((_chosen(value[key]) for key in _VALUES if key in value), None)
    return cell(value)
