"""Request bodies inside copied code: a curl command, a Python call, a fetch, an assignment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rerank_core.documents.paste.json_text import lines_of
from rerank_core.documents.paste.lists import find
from rerank_core.documents.paste.literals import Literal, NotLiteral, Opaque, read_literal

MAX_CHARACTERS = 1_000_000
"""ValueInCode code beyond this length is not looked into; plain JSON may be longer."""

_LISTS = "documents|passages|candidates|texts|docs|inputs?|sources|records"
_REQUEST_KEYS = "query|model|top_?n|top_?k"
_NAMED = re.compile(
    rf"(?<![\w.$])([\"']?)({_LISTS}|{_REQUEST_KEYS})\1\s*(?::\s?[\w\[\]., |]{{1,80}}=(?!=)|:(?!:)|=(?![=>]))",
    re.IGNORECASE,
)
_TRIES = 100
_FIRST_LINE = re.compile(
    r"\s*(?:[$>%]\s+)?(?:curl\b|wget\b|import\s+[\w{*]|from\s+[\w.]+\s+import\b|const\s|let\s|var\s|await\s|async\s"
    r"|return\b|export\s|with\s|def\s|POST\s|#!|//|/\*|```"
    r"|[\w.]+\s*(?::\s?[\w\[\]., |]{1,80})?=(?!=)|(?:[\w$]+\.)*[\w$]+\()"
)
_DATA_FLAGS = ("-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--json")
_SHELL = re.compile(
    r"(?P<gap>[ \t\r\n]+|\\\r?\n|\^\r?\n)|'(?P<single>[^']*+)'|\"(?P<double>(?:[^\"\\]|\\.)*+)\""
    r"|\\(?P<one>.)|(?P<plain>[^\s'\"\\^]++|\^)",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ValueInCode:
    """Documents found in code: a value that holds them, and the lines of its list's elements."""

    value: Any
    lines: Callable[[Sequence[int]], Sequence[int]]


def read_code(text: str, *, insist: bool) -> ValueInCode | None:
    """The documents in copied code, with the query, model and top_n beside them; None where there are none.

    Reads a literal as it is written in Python or JavaScript (single quotes, trailing commas, comments,
    names without quotes), the body of a curl command, and `documents=[...]` or `documents: [...]` in a
    program. Unless one insists, a program must begin like one, so that an article with code in it stays an
    article.
    """
    if len(text) > MAX_CHARACTERS:
        return None
    start = text.lstrip()[:1]
    if start and start in "[{(" and (found := _whole(text, 0)):
        return found
    if (insist or start in ("'", '"', "`")) and (found := _bare_list(text, insist)):
        return found
    if not insist and not _FIRST_LINE.match(text):
        return None
    return _curl(text) or _program(text)


def _whole(text: str, shift: int) -> ValueInCode | None:
    """The text as one literal; places in it are `shift` characters to the right of those in the source."""
    try:
        literal = read_literal(text)
    except NotLiteral:
        return None
    rest = _rest(text, literal.end)
    return _copied(literal.value, literal, text, shift) if not rest else None


def _rest(text: str, place: int) -> str:
    """What follows a literal, but for the marks that end a statement."""
    return text[place:].strip().strip(";,").strip()


def _bare_list(text: str, insist: bool) -> ValueInCode | None:
    """Strings or objects with commas between them, the brackets left behind when they were copied."""
    stripped = [line.strip() for line in text.strip().splitlines()]
    if not insist and (len(stripped) < 2 or not all(line.endswith(",") for line in stripped[:-1])):
        return None
    found = _whole(f"[{text}\n]", 1)
    if found is None or len(found.value) < 2 or not all(isinstance(item, str | dict) for item in found.value):
        return None
    return found


def _program(text: str) -> ValueInCode | None:
    """The first list of documents that a program names, and what it names besides."""
    found: dict[str, Any] = {}
    holder: Literal | None = None
    place = 0
    for _ in range(_TRIES):
        match = _NAMED.search(text, place)
        if match is None:
            break
        place = match.end()
        name = match[2].lower()
        try:
            literal = read_literal(text, place)
        except NotLiteral:
            continue
        if name in found or isinstance(literal.value, Opaque):
            continue
        if re.fullmatch(_LISTS, name):
            if holder is not None or not _holds_texts(literal.value):
                continue
            holder = literal
            place = literal.end
        found[name] = literal.value
    return _copied(found, holder, text, 0) if holder is not None else None


def _holds_texts(value: Any) -> bool:
    listed = find(value, guess=False) if isinstance(value, list | dict) else None
    return listed is not None and any(isinstance(item, str | dict) for item in listed.items)


def _copied(value: Any, literal: Literal, text: str, shift: int) -> ValueInCode | None:
    listed = find(value, guess=False) if isinstance(value, list | dict) else None
    if listed is None or not any(isinstance(item, str | dict) for item in listed.items):
        return None
    starts = literal.starts_of(listed.items)
    offsets = starts if starts is not None else [0] * len(listed.items)

    def lines(places: Sequence[int]) -> list[int]:
        source = text[shift:]
        return lines_of(source, [max(0, offsets[place] - shift) for place in places])

    return ValueInCode(value, lines)


def _curl(text: str) -> ValueInCode | None:
    """The body of a curl command: the word after -d or its like."""
    if not re.match(r"\s*(?:[$>%]\s+)?curl\b", text):
        return None
    takes_body = False
    for word, offset in _words(text):
        flag, equals, rest = word.partition("=")
        if takes_body or (equals and flag in _DATA_FLAGS[1:]) or (word.startswith("-d") and word[2:3] in ("{", "[")):
            body = word if takes_body else rest if equals and flag in _DATA_FLAGS[1:] else word[2:]
            found = _whole(body, 0)
            if found is None:
                return None
            return _shifted(found, lines_of(text, [offset])[0] - 1)
        takes_body = word in _DATA_FLAGS
    return None


def _shifted(found: ValueInCode, above: int) -> ValueInCode:
    return ValueInCode(found.value, lambda places: [above + line for line in found.lines(places)])


def _words(text: str) -> Iterator[tuple[str, int]]:
    """The words of a shell command, quotation marks taken off, and where each begins."""
    parts: list[str] = []
    start = place = 0
    while match := _SHELL.match(text, place):
        if match["gap"] is not None:
            if parts:
                yield "".join(parts), start
            parts = []
        else:
            if not parts:
                start = match.start()
            double = match["double"]
            parts.append(
                re.sub(r"\\([\"\\$`])|\\\r?\n", lambda found: found[1] or "", double)
                if double is not None
                else match["single"] or match["one"] or match["plain"] or ""
            )
        place = match.end()
    if parts:
        yield "".join(parts), start
