"""Where to cut a text: between paragraphs, at headings, or by size. Nothing here makes documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from rerank_core.documents.paste.markdown import headings_of
from rerank_core.documents.paste.plain_text import LINE_END
from rerank_core.extras import require
from rerank_core.pricing.tokens import estimate_tokens

Span = tuple[int, int]
"""Characters of a text from 0, the end excluded, without white space at either end."""
Piece = tuple[Span, Mapping[str, str]]
"""A span and what is known of it besides ("section")."""

SHORT_TOKENS = 15

_WINDOW_CHARACTERS = 10_000
_WINDOW_TOKENS = 16
_HTML_HEADING = re.compile(r"<h([1-6])\b[^<>]{0,500}>(.{0,500}?)</h\1\s{0,9}>", re.IGNORECASE | re.DOTALL)
_HTML_TAG = re.compile(r"<[^<>]{0,500}>")
_SURROGATES = re.compile("[\ud800-\udfff]")
_SENTENCE = re.compile(r"(?:[.!?:]\s|[。！？\n])\s*")
_SPACE = re.compile(r"\s+")
_TITLE_CHARACTERS = 300


def _trimmed(text: str, start: int, end: int) -> Span:
    """The span without white space at either end; empty where there is nothing else."""
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())


def _lines(text: str) -> Iterator[Span]:
    start = 0
    for end in LINE_END.finditer(text):
        yield start, end.start()
        start = end.end()
    yield start, len(text)


def paragraphs(text: str) -> list[Span]:
    """Blocks between blank lines; one of fewer than SHORT_TOKENS tokens goes with the next, the last with the one
    before."""
    blocks: list[Span] = []
    begin: int | None = None
    last = 0
    for start, end in _lines(text):
        if text[start:end].strip():
            begin, last = start if begin is None else begin, end
        elif begin is not None:
            blocks.append(_trimmed(text, begin, last))
            begin = None
    if begin is not None:
        blocks.append(_trimmed(text, begin, last))
    joined: list[Span] = []
    for block in blocks:
        if joined and estimate_tokens(text[slice(*joined[-1])]) < SHORT_TOKENS:
            joined[-1] = (joined[-1][0], block[1])
        else:
            joined.append(block)
    if len(joined) > 1 and estimate_tokens(text[slice(*joined[-1])]) < SHORT_TOKENS:
        joined[-2:] = [(joined[-2][0], joined[-1][1])]
    return joined


def sections(text: str) -> list[Piece]:
    """From heading to heading; a heading with nothing but a lower one below it is only part of the way."""
    marks = _headings(text)
    if not marks:
        return [(_trimmed(text, 0, len(text)), {})]
    found: list[Piece] = []
    start, _ = _trimmed(text, 0, marks[0][0])
    if start < marks[0][0]:
        found.append((_trimmed(text, 0, marks[0][0]), {}))
    path: list[tuple[int, str]] = []
    pending: int | None = None
    for number, (offset, body, level, title) in enumerate(marks):
        end = marks[number + 1][0] if number + 1 < len(marks) else len(text)
        path = [*(entry for entry in path if entry[0] < level), (level, title)]
        begin = offset if pending is None else pending
        pending = None
        if not text[body:end].strip() and number + 1 < len(marks) and marks[number + 1][2] > level:
            pending = begin  # the words of the heading stay in the text, with what comes next
            continue
        way = " > ".join(words for _, words in path if words)
        found.append((_trimmed(text, begin, end), {"section": way} if way else {}))
    return found


def _headings(text: str) -> list[tuple[int, int, int, str]]:
    """Each heading: where it begins, where what it heads begins, its level and its words, in order."""
    marks: list[tuple[int, int, int, str]] = []
    spans = list(_lines(text))
    for (start, end), heading in zip(spans, headings_of(text[slice(*span)] for span in spans), strict=True):
        if heading:
            marks.append((start, end, heading[0], heading[1][:_TITLE_CHARACTERS]))
    for match in _HTML_HEADING.finditer(text):
        words = " ".join(_HTML_TAG.sub(" ", match[2]).split())
        marks.append((match.start(), match.end(), int(match[1]), words[:_TITLE_CHARACTERS]))
    return sorted(marks)


class BySize:
    """Splits texts by size, a window at a time: the splitter's time grows with the square of an unbroken text."""

    def __init__(self, tokens: int, overlap: int) -> None:
        require("Chunking by size", "documents", "semantic_text_splitter")
        from semantic_text_splitter import TextSplitter

        self._tokens = tokens
        self._overlap = overlap
        self._window = max(_WINDOW_CHARACTERS, _WINDOW_TOKENS * tokens)
        # its own overlap repeats whole paragraphs or nothing, so the room for ours is kept free
        self._splitter = TextSplitter.from_callback(estimate_tokens, tokens - overlap)

    def __call__(self, text: str) -> list[Piece]:
        if estimate_tokens(text) <= self._tokens:
            return [((0, len(text)), {})]
        spans = self._split(text)
        if self._overlap:
            before = [spans[0][0], *(start for start, _ in spans)]
            spans = [(self._earlier(text, span, least), span[1]) for span, least in zip(spans, before, strict=False)]
        return [(span, {}) for span in spans]

    def _split(self, text: str) -> list[Span]:
        # lone surrogates are no text to the splitter; one character for another keeps every place
        plain = _SURROGATES.sub("\ufffd", text)
        spans: list[Span] = []
        start = 0
        while start < len(plain):
            window = plain[start : start + self._window]
            found = [
                (start + offset, start + offset + len(piece)) for offset, piece in self._splitter.chunk_indices(window)
            ]
            end = start + len(window)
            # the last chunk ends where the window does and not where the text would: it is cut again
            again = found.pop()[0] if end < len(plain) and len(found) > 1 else end
            start = again if again > start else end
            spans += found
        return spans

    def _earlier(self, text: str, span: Span, before: int) -> int:
        """Where a chunk with its overlap begins: after `before`, as early as sizes allow, at a sentence or word."""
        start, end = span
        # a token is about four characters, and where it is more the overlap is less
        # both sizes shrink as the beginning moves on
        low, high = max(before + 1, start - 4 * self._overlap), start
        while low < high:
            middle = (low + high) // 2
            whole = estimate_tokens(text[middle:end])
            if whole <= self._tokens and estimate_tokens(text[middle:start]) <= self._overlap:
                high = middle
            else:
                low = middle + 1
        if low >= start:
            return start
        for boundary in _SENTENCE.finditer(text, low, start):
            if boundary.end() - low <= (start - low) // 2:
                return boundary.end()
            break
        word = _SPACE.search(text, low, start)
        return low if word is None else word.end()
