"""Literals as people copy them from code: Python, JavaScript and JSON with trailing commas.

Nothing is evaluated. A name, an expression or a call that is no literal becomes OPAQUE, and what cannot be
read at all raises; both leave the decision to the caller.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from rerank_core.documents.limits import MAX_NESTING


class Opaque:
    """Something in code that has no value here: a variable, an expression, a call."""

    def __repr__(self) -> str:
        return "OPAQUE"


OPAQUE: Final = Opaque()


class NotLiteral(ValueError):
    """The text is no literal from the place where it should be one."""


_BLANK = re.compile(r"(?:[\s\\]|//[^\n]*|#[^\n]*|/\*.*?\*/)*+", re.DOTALL)
_STRING = re.compile(
    r'(?P<prefix>[rRbBuUfF]{0,2})(?:"""(?P<a>(?:[^"\\]|\\.|"(?!""))*+)"""'
    r"|'''(?P<b>(?:[^'\\]|\\.|'(?!''))*+)'''"
    r'|"(?P<c>(?:[^"\\\n\r]|\\(?:\r\n|.))*+)"'
    r"|'(?P<d>(?:[^'\\\n\r]|\\(?:\r\n|.))*+)'"
    r"|`(?P<e>(?:[^`\\]|\\.)*+)`)",
    re.DOTALL,
)
_NUMBER = re.compile(r"[-+]?(?:\d[\d_]*+(?:\.\d*+)?|\.\d++)(?:[eE][-+]?\d++)?")
_NAME = re.compile(r"[^\W\d][\w$]*+(?:\??\.[^\W\d][\w$]*+)*+|\$[\w$]*+")
_ESCAPE = re.compile(
    r"\\(?:u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|(\r\n|.))", re.S
)
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "v": "\v", "0": "\0", "a": "\a"}
_GAP = {"\n": "", "\r": "", "\r\n": ""}
_WORDS = {"true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "undefined": None}
_LONGEST_NUMBER = 300


@dataclass(frozen=True, slots=True)
class Literal:
    """A value that was read: where it ends in the text, and where the elements of its lists begin."""

    value: Any
    end: int
    _starts: dict[int, list[int]]

    def starts_of(self, found: Any) -> list[int] | None:
        """The places of the elements of one list inside the value; None for a list that is not in it."""
        return self._starts.get(id(found))


def read_literal(text: str, place: int = 0) -> Literal:
    """The literal that begins at `place` (white space and comments before it are skipped).

    Objects become dicts, tuples lists, a call with named arguments (`Document(text="a")`) a dict of them, a
    call with one list or object (`JSON.stringify({...})`) that argument. Raises NotLiteral.
    """
    reader = _LiteralReader(text)
    value, end = reader.value(place, 0)
    return Literal(value, end, reader.starts)


class _LiteralReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: dict[int, list[int]] = {}

    def skip(self, place: int) -> int:
        match = _BLANK.match(self.text, place)
        return match.end() if match else place

    def value(self, place: int, depth: int, *, joined: bool = False) -> tuple[Any, int]:
        """A value and its end; with `joined`, strings that stand side by side are one, as in Python's brackets."""
        if depth > MAX_NESTING:
            raise NotLiteral("nested too deeply")
        place = self.skip(place)
        value, end = self.single(place, depth)
        while isinstance(value, str):
            after = self.skip(end)
            plus = self.text[after : after + 1] == "+"
            if not plus and not (joined and _STRING.match(self.text, after)):
                break
            more, end = self.single(self.skip(after + 1) if plus else after, depth)
            value = value + more if isinstance(more, str) else OPAQUE
        return value, end

    def single(self, place: int, depth: int) -> tuple[Any, int]:
        char = self.text[place : place + 1]
        if char == "{":
            return self.object(place, depth)
        if char == "[":
            return self.list(place, "]", depth)
        if char == "(":
            items, end = self.list(place, ")", depth)
            commas = self.text[place:end].rstrip(")").rstrip().endswith(",")
            return (items[0] if len(items) == 1 and not commas else items), end
        if string := _STRING.match(self.text, place):
            return _unescaped(string), string.end()
        if number := _NUMBER.match(self.text, place):
            return _number(number[0]), number.end()
        if name := _NAME.match(self.text, place):
            return self.named(name[0], name.end(), depth)
        raise NotLiteral("no value here")

    def list(self, place: int, close: str, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        starts: list[int] = []

        def element(at: int) -> int:
            starts.append(at)
            item, end = self.value(at, depth + 1, joined=close == ")")
            items.append(item)
            return end

        end = self.elements(place, close, element)
        self.starts[id(items)] = starts
        return items, end

    def object(self, place: int, depth: int) -> tuple[dict[str, Any], int]:
        found: dict[str, Any] = {}

        def element(at: int) -> int:
            key, end = self.key(at)
            after = self.skip(end)
            if self.text[after : after + 1] == ":":
                found[key], end = self.value(after + 1, depth + 1)
            else:
                # JavaScript's shorthand: {query, documents}
                found[key] = OPAQUE
            return end

        return found, self.elements(place, "}", element)

    def elements(self, place: int, close: str, element: Callable[[int], int]) -> int:
        """Read what stands between the bracket at `place` and its partner; the place after that."""
        place = self.skip(place + 1)
        while self.text[place : place + 1] != close:
            place = self.skip(element(place))
            mark = self.text[place : place + 1]
            if mark == ",":
                place = self.skip(place + 1)
            elif mark != close:
                raise NotLiteral("a comma or a closing bracket is missing")
        return place + 1

    def key(self, place: int) -> tuple[str, int]:
        if string := _STRING.match(self.text, place):
            return _unescaped(string), string.end()
        for pattern in (_NAME, _NUMBER):
            if match := pattern.match(self.text, place):
                return match[0], match.end()
        raise NotLiteral("no key here")

    def named(self, name: str, end: int, depth: int) -> tuple[Any, int]:
        """A word with a value, a call, or some other name."""
        if name in _WORDS:
            return _WORDS[name], end
        if name in ("await", "new"):
            return self.value(end, depth + 1)
        value: Any = OPAQUE
        while self.text[end : end + 1] in ("(", "["):
            value, end = self.call(end, depth) if self.text[end] == "(" else (OPAQUE, self.list(end, "]", depth + 1)[1])
            if trail := re.compile(r"(?:\.[^\W\d]\w*+)++").match(self.text, end):
                value, end = OPAQUE, trail.end()
        return value, end

    def call(self, place: int, depth: int) -> tuple[Any, int]:
        named: dict[str, Any] = {}
        plain: list[Any] = []

        def argument(at: int) -> int:
            name = _NAME.match(self.text, at)
            after = self.skip(name.end()) if name else at
            if name and self.text[after : after + 1] == "=" and self.text[after + 1 : after + 2] != "=":
                named[name[0]], end = self.value(after + 1, depth + 1, joined=True)
            else:
                item, end = self.value(at, depth + 1, joined=True)
                plain.append(item)
            return end

        end = self.elements(place, ")", argument)
        if named:
            return named, end
        return (plain[0] if len(plain) == 1 and isinstance(plain[0], dict | list) else OPAQUE), end


def _unescaped(match: re.Match[str]) -> str:
    body = next(part for part in match.group("a", "b", "c", "d", "e") if part is not None)
    if "\\" not in body or "r" in match["prefix"].lower():
        return body
    text = _ESCAPE.sub(_one_escape, body)
    if any("\ud800" <= char <= "\udfff" for char in text):
        # two \u halves of one character, as JSON and JavaScript write those beyond the first 65,536
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return text


def _one_escape(match: re.Match[str]) -> str:
    code = match[1] or match[2] or match[3] or match[4]
    if code:
        number = int(code, 16)
        return chr(number) if number <= 0x10FFFF else match[0]
    char = match[5]
    return _GAP.get(char, _SHORT.get(char, char))


def _number(digits: str) -> int | float | str:
    digits = digits.replace("_", "")
    if len(digits) > _LONGEST_NUMBER:
        return digits
    try:
        return int(digits)
    except ValueError:
        return float(digits)
