"""Markdown files to documents: one section, from heading to heading, each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain, pairwise

from rerank_core.documents.limits import Limits
from rerank_core.documents.paste.plain_text import LINE_END, split
from rerank_core.documents.report import Collector, ParsedDocuments

_HEADING = re.compile(r" {0,3}(#{1,6})(?:[ \t](.*))?")
_UNDERLINE = re.compile(r" {0,3}(={3,}|-{3,})[ \t]*")
# what may stand above a line of === or --- and be no heading: a list, a quotation, a table, HTML, code
_NO_HEADING = re.compile(r" {4}|\t|\s*(?:[-+*>|<#=]|\d{1,9}[.)]\s)")
_HEADING_CHARACTERS = 120
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")


def read_markdown(text: str, limits: Limits) -> ParsedDocuments:
    """One document for each heading with the text below it, as written, beginning with the heading's words.

    "title" in the metadata is that of the front matter, else the outermost heading.
    "section" in the metadata is the way to it, "Guide > Install > Windows". A heading with nothing below
    but a lower heading is only part of that way. Front matter (`---`, `key: value`) becomes metadata. A
    file without headings splits as a paste does.
    """
    lines = LINE_END.split(text)
    front, begin = _front_matter(lines)
    collector = Collector(limits)
    path: list[tuple[int, str]] = []
    block: list[str] = []
    start, headings, underlined = begin + 1, 0, 0

    def close(next_level: int = 0) -> None:
        bare = bool(path) and not any(line.strip() for line in block[1:])
        if any(line.strip() for line in block) and not (bare and next_level > path[-1][0]):
            section = " > ".join(title for _, title in path if title)
            title = {"title": path[0][1]} if path and path[0][1] else {}
            metadata = {**title, **front, **({"section": section} if section else {})}
            collector.add(start, "\n".join(block).strip(), None, metadata)

    for number, (line, heading) in enumerate(zip(lines[begin:], headings_of(lines[begin:]), strict=True), begin + 1):
        if heading:
            level, title = heading
            close(level)
            path = [*(entry for entry in path if entry[0] < level), (level, title)]
            block, start, headings, line = [], number, headings + 1, title
            underlined = number if _HEADING.fullmatch(lines[number - 1]) is None else 0
        elif underlined and number == underlined + 1:
            continue
        if not block:
            start = number
        block.append(line)
    if not headings and not front:
        return split(text, "auto", limits)
    close()
    return collector.finish("sections")


def headings_of(lines: Iterable[str]) -> Iterator[tuple[int, str] | None]:
    """For each line the level and the words of the heading that it is; None for others and for those in a fence. A
    line that stands alone above one of === or --- is a heading too, the other one is none."""
    fence, above = "", ""
    for line, below in pairwise(chain(lines, [""])):
        mark = _FENCE.match(line)
        heading = None if fence else _HEADING.fullmatch(line)
        level = 0 if fence or heading or above.strip() else _underlined(line, below)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and not line.strip(" `~\t"):
            fence = ""
        above = "" if heading else line
        if level:
            yield level, line.strip()
        else:
            yield (len(heading[1]), _title_of(heading[2] or "")) if heading else None


def _underlined(line: str, below: str) -> int:
    """The level of the heading that a line is by the one below it, 0 where it is none. A sentence above --- is no
    heading: there the line below is a rule."""
    mark = _UNDERLINE.fullmatch(below)
    words = line.strip()
    if not mark or not words or len(words) > _HEADING_CHARACTERS or _NO_HEADING.match(line):
        return 0
    if mark[1][0] == "=":
        return 1
    return 0 if words[-1] in ".,;:!" else 2


def _title_of(text: str) -> str:
    """A heading's words without the closing number signs that Markdown allows."""
    words = text.strip()
    bare = words.rstrip("#")
    return bare.strip() if not bare or bare[-1] in " \t" else words


def _front_matter(lines: list[str]) -> tuple[dict[str, str], int]:
    """The `key: value` pairs between two lines of three dashes at the very top, and where the text begins."""
    if lines[0].rstrip() != "---":
        return {}, 0
    found: dict[str, str] = {}
    for number, line in enumerate(lines[1:200], 1):
        if line.rstrip() in ("---", "..."):
            return (found, number + 1) if found else ({}, 0)
        key, colon, value = line.partition(":")
        if colon and key and key[0].isalpha():
            found[key.strip()] = value.strip().strip("\"'")
    return {}, 0
