"""JSON as text: strict reading within bounds, and where in the text an item of it begins."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from rerank_core.documents.limits import MAX_NESTING

_SPACE = re.compile(r"[ \t\n\r]*")
_NEWLINE = re.compile(r"\r\n|\r|\n")


class NotJson(ValueError):
    """The text is not JSON. `reason` is a sentence; `line` and `column` count from 1."""

    def __init__(self, reason: str, line: int, column: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column


def _whole(digits: str) -> int | str:
    """A whole number; digits beyond what Python converts safely stay text."""
    return int(digits) if len(digits) < 4000 else digits


_DECODER = json.JSONDecoder(strict=False, parse_int=_whole, parse_constant=str)


def read_json(text: str) -> Any:
    """The value of a JSON text. Control characters inside strings are let through; NaN stays a word.

    Raises NotJson, with line and column, for anything else that is not JSON or is nested too deeply.
    """
    try:
        start = _skip(text, 0)
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _damaged(text, error.pos, _WORDS.get(error.msg, error.msg)) from None
    except RecursionError:
        raise _damaged(text, 0, "it is nested too deeply") from None
    end = _skip(text, end)
    if end != len(text):
        raise _damaged(text, end, "something follows after its end")
    return value


_WORDS = {
    "Expecting value": "a value is missing or is not valid JSON",
    "Expecting ',' delimiter": "a comma or a closing bracket is missing",
    "Expecting ':' delimiter": "a colon is missing after a name",
    "Expecting property name enclosed in double quotes": "a name in double quotes is missing",
    "Unterminated string starting at": "a string begins here and never ends",
    "Invalid \\escape": "a backslash is followed by a character that cannot follow it",
    "Invalid \\uXXXX escape": "a \\u is not followed by four hexadecimal digits",
}


def _damaged(text: str, place: int, reason: str) -> NotJson:
    [line] = lines_of(text, [place])
    start = max(text.rfind("\n", 0, place), text.rfind("\r", 0, place)) + 1
    column = place - start + 1
    return NotJson(f"The JSON is damaged at line {line:,}, column {column:,}: {reason}.", line, column)


def lines_of(text: str, places: Sequence[int]) -> list[int]:
    """The lines, from 1, of ascending places, in one pass over the text."""
    lines: list[int] = []
    line, seen = 1, 0
    for place in places:
        place = min(max(place, seen), len(text))
        line += sum(1 for _ in _NEWLINE.finditer(text, seen, place))
        # a \r\n cut in half by `place` would be counted twice
        seen = place
        if text[place - 1 : place + 1] == "\r\n":
            line -= 1
        lines.append(line)
    return lines


def element_offsets(text: str, path: Sequence[str | None], *, members: bool = False) -> list[int]:
    """Where each element begins of the list that lies under `path`, in valid JSON; with `members` where each value
    begins of the object that lies there.

    A path is a way through objects by their keys; None in it stands for each element of a list, or each value of an
    object. Elements that have no such key are passed over.
    """
    places = [_skip(text, 0)]
    for key in path:
        if key is None:
            places = [inner for place in places for inner in _elements(text, place)]
        else:
            places = [place for place in places if text[place : place + 1] == "{"]
            places = [inner for place in places if (inner := _value_of(text, place, key)) != place]
    return [inner for place in places for inner in (_elements(text, place) if members else _listed(text, place))]


def _listed(text: str, place: int) -> list[int]:
    return _elements(text, place) if text[place : place + 1] == "[" else [place]


def _elements(text: str, place: int) -> list[int]:
    """Where each element of a list, or each value of an object, begins; of equal keys the last counts."""
    start = text[place : place + 1]
    if start not in ("[", "{"):
        return []
    found: dict[object, int] = {}
    place = _skip(text, place + 1)
    while text[place] not in "]}":
        key: object = place
        if start == "{":
            key, place = _DECODER.raw_decode(text, place)
            place = _skip(text, _skip(text, place) + 1)
        found[key] = place
        _, place = _DECODER.raw_decode(text, place)
        place = _skip(text, place)
        if text[place] == ",":
            place = _skip(text, place + 1)
    return list(found.values())


def _value_of(text: str, place: int, wanted: str) -> int:
    """Where the value of a key begins in the object at `place`; of equal keys the last counts, as in reading."""
    found = place
    place = _skip(text, place + 1)
    while text[place] != "}":
        key, place = _DECODER.raw_decode(text, place)
        place = _skip(text, _skip(text, place) + 1)
        if key == wanted:
            found = place
        _, place = _DECODER.raw_decode(text, place)
        place = _skip(text, place)
        if text[place] == ",":
            place = _skip(text, place + 1)
    return found


def _skip(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place


def too_deep(value: Any, allowed: int = MAX_NESTING) -> bool:
    """Whether lists and objects lie in one another more than `allowed` times."""
    level = [value]
    for _ in range(allowed):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True
