"""JSON that was read, and JSON lines, to documents."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rerank_core.documents.limits import Limits
from rerank_core.documents.paste import items
from rerank_core.documents.paste.json_text import NotJson, element_offsets, lines_of, read_json, too_deep
from rerank_core.documents.paste.lists import find
from rerank_core.documents.paste.plain_text import LINE_END
from rerank_core.documents.report import Collector, ParsedDocuments, Problem, Problems, count


def json_documents(
    text: str,
    value: Any,
    limits: Limits,
    mode: str = "json",
    columns: Mapping[str, str] | None = None,
) -> ParsedDocuments:
    """The documents of a JSON value that was read from `text`, problems with the lines of their items."""

    def lines(places: Sequence[int]) -> list[int]:
        found = find(value)
        offsets = element_offsets(text, found.path, members=found.members) if found else [0]
        return lines_of(text, [offsets[place] for place in places])

    return value_documents(value, lines, limits, mode, columns)


def value_documents(
    value: Any,
    lines: Callable[[Sequence[int]], Sequence[int]],
    limits: Limits,
    mode: str,
    columns: Mapping[str, str] | None = None,
) -> ParsedDocuments:
    """The documents of a value, however it was read; `lines` is as for `items.collect`."""
    if too_deep(value):
        return ParsedDocuments((), mode, (Problem(0, "The JSON is nested too deeply to hold documents."),))
    request = items.request_of(value)
    ranked = request.pop("rank_fields", ())
    found = find(value)
    if found is None:
        reason = (
            "The JSON holds no documents: no list under 'documents', 'passages', 'candidates' or the like, and no text."
        )
        return ParsedDocuments((), mode, (Problem(1, reason),), **request)
    if not found.items:
        return ParsedDocuments((), mode, (Problem(1, "The list of documents is empty."),), **request)
    return items.collect(found.items, lines, Collector(limits), mode, columns, ranked, **request)


_ACTIONS = frozenset(("index", "create", "update", "delete"))


class BulkActions:
    """The action lines of an Elasticsearch or OpenSearch bulk file: each gives the line below it its id."""

    def __init__(self) -> None:
        self._problems = Problems()
        self._action: tuple[int, Any] | None = None

    def is_action(self, value: Any, line: int) -> bool:
        """Whether a line says what to do with the next one, as `{"index": {"_id": "a1"}}` does."""
        if not isinstance(value, dict) or len(value) != 1:
            return False
        (name, about), *_ = value.items()
        if (
            name not in _ACTIONS
            or not isinstance(about, dict)
            or any(isinstance(each, dict) for each in about.values())
        ):
            return False
        if about and not any(key.startswith("_") or key in ("routing", "pipeline") for key in about):
            return False
        self.ended()
        self._action = None if name == "delete" else (line, about.get("_id"))
        return True

    def ended(self) -> Problems:
        """The problems of all actions that no document followed."""
        if self._action is not None:
            self._problems.add(self._action[0], "This action has no document in the line below it.")
        self._action = None
        return self._problems

    def with_id(self, value: Any) -> Any:
        """A document with the id of the action above it."""
        action, self._action = self._action, None
        if action is None or not isinstance(value, dict):
            return value
        if set(value) <= {"doc", "doc_as_upsert", "upsert"}:
            value = value.get("doc", value)
        return value if action[1] is None else {"_id": action[1], **value}


def json_lines(
    text: str, limits: Limits, mode: str = "jsonl", columns: Mapping[str, str] | None = None
) -> ParsedDocuments:
    """Documents from JSON lines; a line that is not JSON is a problem of its own."""
    values: list[Any] = []
    numbers: list[int] = []
    damaged = Problems(limits.problems)
    bulk = BulkActions()
    for number, line in enumerate(LINE_END.split(text), 1):
        if not line.strip():
            continue
        try:
            value = read_json(line)
        except NotJson as error:
            damaged.add(number, f"This line is not JSON ({count(error.column, 'character')} in).")
            continue
        if bulk.is_action(value, number):
            continue
        values.append(bulk.with_id(value))
        numbers.append(number)
    actions = bulk.ended()
    damaged.take(actions.by_line(), actions.more)
    rows = len(damaged)
    parsed = items.collect(
        values, lambda places: [numbers[place] for place in places], Collector(limits), mode, columns
    )
    damaged.take(parsed.problems, parsed.more_problems)
    return replace(parsed, problems=damaged.by_line(), more_problems=damaged.more, rows=parsed.rows + rows)
