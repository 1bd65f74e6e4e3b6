"""What an annotator chose, where a tool for annotations keeps it as JSON, in a cell as well."""

from __future__ import annotations

import json
from typing import Any

_VALUES = ("rating", "choices", "number", "text", "taxonomy")


def chosen_in(cell: str) -> str:
    """What a cell such as `[{"rating": 4}]` holds, as Label Studio's CSV has it; any other cell as it is."""
    if not cell.startswith(("[", "{")):
        return cell
    try:
        value = json.loads(cell)
    except (ValueError, RecursionError):
        return cell
    found = choice(value)
    return cell if found is None else found


def choice(value: Any) -> str | None:
    """The first rating, choice, number or text in a value; None where there is none."""
    if isinstance(value, list):
        return choice(value[0]) if value else ""
    if isinstance(value, dict):
        return next((choice(value[key]) for key in _VALUES if key in value), None)
    return None if value is None else str(value)
