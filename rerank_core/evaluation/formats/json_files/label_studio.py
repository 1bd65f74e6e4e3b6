"""Label Studio's JSON of tasks with their annotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rerank_core.documents.tables.values import cell
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.json_files import rows
from rerank_core.evaluation.formats.json_files.annotations import choice
from rerank_core.evaluation.formats.json_files.loading import Placed, Record


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
    return rows.read_as_table("label-studio", listed)


def _result(result: Any) -> str:
    found = [choice(one.get("value")) for one in result if isinstance(one, dict)] if isinstance(result, list) else []
    return next((one for one in found if one), "")
