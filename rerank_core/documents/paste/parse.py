"""Pasted text to documents: one a line, one a paragraph, or JSON in its many dresses."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

from rerank_core.documents.limits import DEFAULT_LIMITS, Limits, over
from rerank_core.documents.paste import items
from rerank_core.documents.paste.code import read_code
from rerank_core.documents.paste.json_text import Damaged, element_offsets, lines_of, read_json, too_deep
from rerank_core.documents.report import Collector, ParsedDocuments, Problem, count
from rerank_core.errors import InvalidDocumentsError

__all__ = ["PasteMode", "json_documents", "json_lines", "parse_documents", "split"]

PasteMode = Literal["auto", "lines", "paragraphs", "json"]

_JSON_START = re.compile(r"\s*(?:\[\s*[\[{\"]|\{\s*\"[^\"\n]{1,100}\"\s*:)")
_DRESS = re.compile(
    r"\s*+(?:(?P<fence>`{3,}|~{3,})[ \t]*+[\w+.-]*+[ \t]*+(?:\r\n|\r|\n)|(?://|#)[^\r\n]*+(?:\r\n|\r|\n)|/\*.*?\*/)",
    re.DOTALL,
)
_LINE_END = re.compile(r"\r\n|\r|\n")


def parse_documents(text: str, mode: str = "auto", *, limits: Limits = DEFAULT_LIMITS) -> ParsedDocuments:
    """Documents from pasted text.

    mode "lines": one a line, blank lines skipped. "paragraphs": blocks between blank lines, their line
    breaks kept. "json": an array of strings or objects, an object that holds one, a whole request body
    (its query, model and top_n come back too), JSON lines, or such a body inside copied code. "auto": JSON
    if it is that, else paragraphs if a blank line stands between texts, else lines.

    Lines and paragraphs lose the white space around them and nothing else, list markers included; JSON
    strings stay exactly as they are. Bad items become problems, good ones stay.
    Raises InvalidDocumentsError where `text` is not a string or `mode` unknown.
    """
    if not isinstance(text, str):
        raise InvalidDocumentsError("The pasted documents are not text.", hint="Give one string.")
    if mode not in get_args(PasteMode):
        raise InvalidDocumentsError(
            f"There is no way of reading called '{mode}'.", hint=f"Use one of {', '.join(get_args(PasteMode))}."
        )
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > limits.file_bytes:
        reason = f"The text is {over(size, limits.file_bytes)}. Nothing was read."
        return ParsedDocuments((), "lines" if mode == "auto" else mode, (Problem(0, reason),))
    text = text.removeprefix("\ufeff")
    if mode in ("auto", "json"):
        parsed = _as_json(text, limits, insist=mode == "json")
        if parsed is not None:
            return parsed
    parsed = split(text, mode, limits)
    return replace(parsed, notes=(_looks_like_json(text),)) if mode == "auto" and _looks_like_json(text) else parsed


def _looks_like_json(text: str) -> str:
    """A sentence where a text begins as JSON does and was not read as that, else nothing."""
    text = _undressed(text)
    if not _JSON_START.match(text):
        return ""
    try:
        read_json(text)
    except Damaged as error:
        return f"This looks like JSON and was read as plain text. {error.reason}"
    return ""


def split(text: str, mode: str, limits: Limits = DEFAULT_LIMITS) -> ParsedDocuments:
    """Documents from lines or paragraphs; `mode` says which, "auto" as for a paste that is not JSON."""
    if mode == "auto":
        mode = "paragraphs" if _has_paragraphs(text) else "lines"
    collector = Collector(limits)
    block: list[str] = []
    start = 1
    for number, line in enumerate(_LINE_END.split(text) if mode == "lines" else [], 1):
        if stripped := line.strip():
            collector.add(number, stripped)
    if mode == "paragraphs":
        for number, line in enumerate(_lines_with_ends(text), 1):
            if line.strip():
                if not block:
                    start = number
                block.append(line)
            elif block:
                collector.add(start, "".join(block).strip())
                block = []
        if block:
            collector.add(start, "".join(block).strip())
    return collector.finish(mode)


def _lines_with_ends(text: str) -> list[str]:
    ends = [match.end() for match in _LINE_END.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _has_paragraphs(text: str) -> bool:
    """Whether a blank line stands between two texts."""
    seen_text = seen_blank = False
    for line in _LINE_END.split(text):
        if line.strip():
            if seen_blank:
                return True
            seen_text = True
        elif seen_text:
            seen_blank = True
    return False


def _as_json(text: str, limits: Limits, *, insist: bool) -> ParsedDocuments | None:
    """The documents of a JSON paste; None where it is none, unless one insists, which gives a problem."""
    whole, text = text, _undressed(text)
    start = text.lstrip()[:1]
    if not start:
        return Collector(limits).finish("json") if insist else None
    damage: Damaged | None = None
    if insist or start in '[{"':
        try:
            value = read_json(text)
        except Damaged as error:
            damage = error
        else:
            return json_documents(text, value, limits)
        if (lines := _as_json_lines(text, limits, insist=insist)) is not None:
            return lines
    copied = read_code(text, insist=insist)
    if copied is None and whole is not text:
        copied = read_code(whole, insist=insist)  # a fence or a comment is one of the signs of a program
    if copied is not None:
        return _from_value(copied.value, copied.lines, limits, "json", None)
    return ParsedDocuments((), "json", (Problem(damage.line, damage.reason),)) if insist and damage else None


def _undressed(text: str) -> str:
    """A text without the Markdown fence around it and without the comment lines above a list or an object.

    The line ends of what goes stay, so that lines keep their numbers.
    """
    place, fence = 0, ""
    while found := _DRESS.match(text, place):
        fence = fence or found["fence"] or ""
        place = found.end()
    if not place or not (fence or text[place:].lstrip().startswith(("[", "{"))):
        return text
    kept = text[place:].rstrip()
    if fence and kept.endswith(fence):
        kept = kept.removesuffix(fence)
    return "\n" * len(_LINE_END.findall(text, 0, place)) + kept


def json_documents(
    text: str,
    value: Any,
    limits: Limits,
    mode: str = "json",
    columns: Mapping[str, str] | None = None,
) -> ParsedDocuments:
    """The documents of a JSON value that was read from `text`, problems with the lines of their items."""

    def lines(places: Sequence[int]) -> list[int]:
        found = items.find(value)
        offsets = element_offsets(text, found.path if found else ())
        return lines_of(text, [offsets[place] for place in places])

    return _from_value(value, lines, limits, mode, columns)


def _from_value(
    value: Any,
    lines: Callable[[Sequence[int]], Sequence[int]],
    limits: Limits,
    mode: str,
    columns: Mapping[str, str] | None,
) -> ParsedDocuments:
    if too_deep(value):
        return ParsedDocuments((), mode, (Problem(0, "The JSON is nested too deeply to hold documents."),))
    request = items.request_of(value)
    found = items.find(value)
    if found is None:
        reason = (
            "The JSON holds no documents: no list under 'documents', 'passages', 'candidates' or the like, and no text."
        )
        return ParsedDocuments((), mode, (Problem(1, reason),), **request)
    if not found.items:
        return ParsedDocuments((), mode, (Problem(1, "The list of documents is empty."),), **request)
    return items.collect(found.items, lines, Collector(limits), mode, columns, **request)


def _as_json_lines(text: str, limits: Limits, *, insist: bool) -> ParsedDocuments | None:
    """JSON lines: at least two lines that are an object or a string each, and, unless one insists, most lines."""
    lines = [line for line in _LINE_END.split(text) if line.strip()]
    good = sum(_is_json_line(line) for line in lines) if _is_json_line(lines[0]) or insist else 0
    if good < 2 or (not insist and good * 2 <= len(lines)):
        return None
    return json_lines(text, limits, "json")


def _is_json_line(line: str) -> bool:
    if line.lstrip()[:1] not in ("{", '"'):
        return False
    try:
        return isinstance(read_json(line), dict | str)
    except Damaged:
        return False


def json_lines(
    text: str, limits: Limits, mode: str = "jsonl", columns: Mapping[str, str] | None = None
) -> ParsedDocuments:
    """Documents from JSON lines; a line that is not JSON is a problem of its own."""
    values: list[Any] = []
    numbers: list[int] = []
    damaged: list[Problem] = []
    for number, line in enumerate(_LINE_END.split(text), 1):
        if not line.strip():
            continue
        try:
            value = read_json(line)
        except Damaged as error:
            damaged.append(Problem(number, f"This line is not JSON ({count(error.column, 'character')} in)."))
            continue
        values.append(value)
        numbers.append(number)
    parsed = items.collect(
        values, lambda places: [numbers[place] for place in places], Collector(limits), mode, columns
    )
    problems = tuple(sorted((*parsed.problems, *damaged), key=lambda problem: problem.line))
    return replace(parsed, problems=problems, rows=parsed.rows + len(damaged))
