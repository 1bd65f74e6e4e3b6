"""Values of JSON and Parquet as the cells of a table."""

from __future__ import annotations

from typing import Any


def cell(value: Any) -> str:
    """A value as the cell of a table: a text as it is, a list of texts a line each, what has parts as JSON."""
    import json

    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list) and value and all(isinstance(part, str) for part in value):
        return "\n".join(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    return repr(value) if isinstance(value, float) else str(value)
