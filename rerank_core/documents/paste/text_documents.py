"""The documents of a text: JSON, whatever is around it, else paragraphs or lines."""

from __future__ import annotations

import re
from dataclasses import replace

from rerank_core.documents.limits import Limits
from rerank_core.documents.markup import markup_read, may_hold_markup
from rerank_core.documents.paste.code import read_code
from rerank_core.documents.paste.json_documents import json_documents, json_lines, value_documents
from rerank_core.documents.paste.json_text import NotJson, read_json
from rerank_core.documents.paste.plain_text import LINE_END, split
from rerank_core.documents.report import Collector, ParsedDocuments, Problem

_JSON_START = re.compile(r"\s*(?:\[\s*[\[{\"]|\{\s*\"[^\"\n]{1,100}\"\s*:)")
_WRAPPING = re.compile(
    r"\s*+(?:(?P<fence>`{3,}|~{3,})[ \t]*+[\w+.-]*+[ \t]*+(?:\r\n|\r|\n)|(?://|#)[^\r\n]*+(?:\r\n|\r|\n)|/\*.*?\*/)",
    re.DOTALL,
)


def read_paste(text: str, mode: str, limits: Limits) -> ParsedDocuments:
    """The documents of a text whose size and mode have been checked, with any HTML in them as it is."""
    if mode in ("auto", "json"):
        parsed = _as_json(text, limits, insist=mode == "json")
        if parsed is not None:
            return parsed
    parsed = split(text, mode, limits)
    return replace(parsed, notes=(_looks_like_json(text),)) if mode == "auto" and _looks_like_json(text) else parsed


def read_text(text: str, mode: str, limits: Limits, *, markup_as_text: bool) -> ParsedDocuments:
    """The same with the HTML in them read as the text that it shows, where that is wanted."""
    parsed = read_paste(text, mode, limits)
    return markup_read(parsed, as_text=markup_as_text) if may_hold_markup(text) else parsed


def _looks_like_json(text: str) -> str:
    """A sentence where a text begins as JSON does and was not read as that, else nothing."""
    text = _unwrapped(text)
    if not _JSON_START.match(text):
        return ""
    try:
        read_json(text)
    except NotJson as error:
        return f"This looks like JSON and was read as plain text. {error.reason}"
    return ""


def _as_json(text: str, limits: Limits, *, insist: bool) -> ParsedDocuments | None:
    """The documents of a JSON paste; None where it is none, unless one insists, which gives a problem."""
    whole, text = text, _unwrapped(text)
    start = text.lstrip()[:1]
    if not start:
        return Collector(limits).finish("json") if insist else None
    damage: NotJson | None = None
    if insist or start in '[{"':
        try:
            value = read_json(text)
        except NotJson as error:
            damage = error
        else:
            return json_documents(text, value, limits)
        if (lines := _as_json_lines(text, limits, insist=insist)) is not None:
            return lines
    copied = read_code(text, insist=insist)
    if copied is None and whole is not text:
        copied = read_code(whole, insist=insist)  # a fence or a comment is one of the signs of a program
    if copied is not None:
        return value_documents(copied.value, copied.lines, limits, "json")
    return ParsedDocuments((), "json", (Problem(damage.line, damage.reason),)) if insist and damage else None


def _unwrapped(text: str) -> str:
    """A text without the Markdown fence around it and without the comment lines above a list or an object.

    The line ends of what goes stay, so that lines keep their numbers.
    """
    place, fence = 0, ""
    while found := _WRAPPING.match(text, place):
        fence = fence or found["fence"] or ""
        place = found.end()
    if not place or not (fence or text[place:].lstrip().startswith(("[", "{"))):
        return text
    kept = text[place:].rstrip()
    if fence and kept.endswith(fence):
        kept = kept.removesuffix(fence)
    return "\n" * len(LINE_END.findall(text, 0, place)) + kept


def _as_json_lines(text: str, limits: Limits, *, insist: bool) -> ParsedDocuments | None:
    """JSON lines: at least two lines that are an object or a string each, and, unless one insists, most lines."""
    lines = [line for line in LINE_END.split(text) if line.strip()]
    good = sum(_is_json_line(line) for line in lines) if _is_json_line(lines[0]) or insist else 0
    if good < 2 or (not insist and good * 2 <= len(lines)):
        return None
    return json_lines(text, limits, "json")


def _is_json_line(line: str) -> bool:
    if line.lstrip()[:1] not in ("{", '"'):
        return False
    try:
        return isinstance(read_json(line), dict | str)
    except NotJson:
        return False
