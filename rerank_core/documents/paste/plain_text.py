"""Plain text to documents: one a line, or one a paragraph."""

from __future__ import annotations

import re

from rerank_core.documents.limits import DEFAULT_LIMITS, Limits
from rerank_core.documents.report import Collector, ParsedDocuments

LINE_END = re.compile(r"\r\n|\r|\n")


def split(text: str, mode: str, limits: Limits = DEFAULT_LIMITS) -> ParsedDocuments:
    """Documents from lines or paragraphs; `mode` says which, "auto" as for a paste that is not JSON."""
    if mode == "auto":
        mode = "paragraphs" if _has_paragraphs(text) else "lines"
    collector = Collector(limits)
    block: list[str] = []
    start = 1
    for number, line in enumerate(LINE_END.split(text) if mode == "lines" else [], 1):
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
    ends = [match.end() for match in LINE_END.finditer(text)]
    return [text[start:end] for start, end in zip([0, *ends], [*ends, len(text)], strict=True)]


def _has_paragraphs(text: str) -> bool:
    """Whether a blank line stands between two texts."""
    seen_text = seen_blank = False
    for line in LINE_END.split(text):
        if line.strip():
            if seen_blank:
                return True
            seen_text = True
        elif seen_text:
            seen_blank = True
    return False
