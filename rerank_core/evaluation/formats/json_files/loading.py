"""The values of a JSON file: one, or one a line, each with the place from which a problem is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rerank_core.documents.limits import MAX_NESTING
from rerank_core.documents.paste.json_documents import BulkActions
from rerank_core.documents.paste.json_text import NotJson, element_offsets, lines_of, read_json, too_deep
from rerank_core.documents.report import Problems
from rerank_core.evaluation.formats.imported import Imported

Record = Mapping[str, Any]
Placed = tuple[int, Record]
"""An object with its place: its line in JSON lines, else its number in the list that holds it, from 1."""

_SEARCHED = 6


@dataclass(frozen=True, slots=True)
class JsonFile:
    """What a JSON text holds.

    value: the one value, or the list of all lines' values. records: its objects, or, of one object, itself. lines:
    whether each value stands in a line of its own. problems: of lines that are no JSON, and how many there were in all.
    """

    text: str
    value: Any
    records: tuple[Placed, ...]
    lines: bool
    problems: Problems = field(default_factory=Problems)

    def named(self, imported: Imported, path: Sequence[str] = ()) -> Imported:
        """The import with lines in place of the numbers of items in its problems; `path` leads to their list."""
        numbers = sorted({problem.line for problem in imported.problems if problem.line})
        if self.lines or not numbers:
            return imported
        offsets = element_offsets(self.text, path)
        known = [number for number in numbers if number <= len(offsets)]
        found = dict(zip(known, lines_of(self.text, [offsets[number - 1] for number in known]), strict=True))
        problems = tuple(problem._replace(line=found.get(problem.line, 0)) for problem in imported.problems)
        return replace(imported, problems=problems)


def is_json(filename: str, text: str) -> bool:
    """Whether a text is to be read as JSON: it begins like it, and its name or its first line agrees."""
    start = text[:1_000].lstrip("\ufeff \t\r\n")
    if not start.startswith(("{", "[")):
        return False
    if filename.lower().endswith((".json", ".jsonl", ".ndjson", ".geojson")) or start[1:].lstrip()[:1] in ('"', "{"):
        return True
    return _is_value(text)


def _is_value(text: str) -> bool:
    try:
        read_json(text)
    except NotJson:
        return False
    return True


def load(text: str) -> JsonFile:
    """The values of a text. Raises NotJson where it is neither one value nor a value in most lines, or is nested too
    deeply."""
    text = text.removeprefix("\ufeff")
    try:
        value = read_json(text)
    except NotJson as error:
        values, problems = _lines(text)
        if len(values) <= len(problems):
            raise error from None
        return JsonFile(text, [value for _, value in values], _objects(values), True, problems)
    if too_deep(value):
        raise NotJson("The JSON is nested too deeply.", 1, 1)
    placed = list(enumerate(value, start=1)) if isinstance(value, list) else [(0, value)]
    return JsonFile(text, value, _objects(placed), False)


def _lines(text: str) -> tuple[list[tuple[int, Any]], Problems]:
    values: list[tuple[int, Any]] = []
    problems = Problems()
    bulk = BulkActions()
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            value = read_json(line)
            if too_deep(value, MAX_NESTING):
                raise NotJson("It is nested too deeply.", 1, 1)
        except NotJson as error:
            problems.add(number, f"This line is not JSON: {error.reason}")
        else:
            if not bulk.is_action(value, number):
                values.append((number, bulk.with_id(value)))
    actions = bulk.ended()
    problems.take(actions.by_line(), actions.more)
    return values, problems


def _objects(values: Sequence[tuple[int, Any]]) -> tuple[Placed, ...]:
    return tuple((place, value) for place, value in values if isinstance(value, dict))


def under(value: Any, key: str, depth: int = _SEARCHED) -> Any:
    """What stands under a key, wherever it is within a few levels; None where it is nowhere."""
    return next(every(value, key, depth), None)


def every(value: Any, key: str, depth: int = _SEARCHED) -> Iterator[Any]:
    """Each value that stands under a key within a few levels, the outer before the inner."""
    level = [value]
    for _ in range(depth):
        following: list[Any] = []
        for outer in level:
            if isinstance(outer, dict):
                if key in outer:
                    yield outer[key]
                following += [inner for inner in outer.values() if isinstance(inner, dict | list)]
            elif isinstance(outer, list):
                following += [inner for inner in outer if isinstance(inner, dict | list)]
        level = following
