"""Columns of prose on a page of a PDF that a program drew line by line across the page.

PDFium gives text as it was drawn, so two columns drawn so come out mixed. They are put one after the other where the
page leaves no doubt: a strip that no letter crosses, and beside it lines that go on in the next line. A table has such
strips too, but its cells begin anew in every row. Where anything is unsure the text stays as it was drawn.
"""

from __future__ import annotations

import itertools
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

_GUTTER = 8.0  # points, at least
_LINES = 6  # of each column, at least
_WORDS = 30  # of each column, at least
_WORDS_A_LINE = 3
_SHARE_OF_HEIGHT = 0.4  # of the text on the page that the columns take, at least
_SHARE_LOWER = 0.4  # of the lines of prose that begin within a sentence, at least
_SHARE_FULL = 0.6  # of the lines of prose that fill most of their column, at least
_FULL = 0.7
_SHARE_ACROSS = 0.7  # of all steps from line to line that lead to another column, at least
_COLUMNS = 4
_FAR = 2.0  # heights of a line between the columns and what stands below or above them
_END_PIECES = 6
_PIECES = 5_000
_HYPHENS = (0x02, 0xFFFE)  # PDFium's signs for one at the end of a line
_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])-\n(?=[^\W\d_])")


class Box(NamedTuple):
    """Where a piece of a line stands, in points from the lower left."""

    left: float
    bottom: float
    right: float
    top: float

    def is_beside(self, other: Box) -> bool:
        """Whether both stand on one line."""
        return abs(self.bottom + self.top - other.bottom - other.top) < min(
            self.top - self.bottom, other.top - other.bottom
        )


def in_columns(words: Any, text: str, pdfium: Any) -> str:
    """The text of a page column after column where it was drawn across columns of prose, else as it is.

    `words` is PDFium's page of text. Above and below the columns the text stays as it was drawn.
    """
    count = words.count_rects()
    if not 2 * _LINES <= count <= _PIECES:
        return text
    boxes = [Box(*words.get_rect(place)) for place in range(count)]
    boxes = [box for box in boxes if box.left < box.right and box.bottom < box.top]
    zone = _zone(boxes)
    if zone is None:
        return text
    inside = [box for box in boxes if zone.bottom <= box.bottom and box.top <= zone.top]
    columns = _columns(inside, zone)
    if not 2 <= len(columns) <= _COLUMNS or not _drawn_across(inside, columns):
        return text
    # quickly told, before every letter is looked at; spaces that PDFium adds are missing here
    if not all(_is_full(inside, one) and _goes_on(words.get_text_bounded(*one)) for one in columns):
        return text
    above, below = zone._replace(bottom=zone.top), zone._replace(top=zone.bottom)
    parts = _parts(words, pdfium, [above, *columns, below])
    if parts is None or not all(map(_has_words, parts[1:-1])):
        return text
    return "\n".join(_BROKEN_WORD.sub("", part) for part in parts if part)


def _parts(words: Any, pdfium: Any, areas: Sequence[Box]) -> list[str] | None:
    """The text of each area, of which the first is all that is above and the last all that is below the others. Every
    letter goes where its middle is, and white space where the letter before it went; None for letters that are none."""
    found: list[list[str]] = [[] for _ in areas]
    current = 0
    for place in range(words.count_chars()):
        code = pdfium.raw.FPDFText_GetUnicode(words, place)
        if 0xD800 <= code < 0xE000:
            return None
        letter = "-" if code in _HYPHENS else chr(code)
        if not letter.isspace() and pdfium.raw.FPDFText_IsGenerated(words, place) != 1:
            area = _area(Box(*words.get_charbox(place)), areas)
            if area != current:
                current = area
                found[area].append("\n")
        found[current].append(letter)
    return [_lines("".join(part)) for part in found]


def _area(box: Box, areas: Sequence[Box]) -> int:
    """Which area the middle of a letter is in."""
    middle = (box.bottom + box.top) / 2
    if middle >= areas[0].bottom:
        return 0
    if middle <= areas[-1].top:
        return len(areas) - 1
    return 1 + _place(box, areas[1:-1])


def _lines(text: str) -> str:
    """A text without blank lines and without white space around lines."""
    return "\n".join(line for part in text.splitlines() if (line := part.strip()))


def _zone(boxes: Sequence[Box]) -> Box | None:
    """The tallest part of the page with a place between left and right that nothing crosses; None where there is
    none, or only a small one."""
    gaps: Counter[int] = Counter()
    for one, two in itertools.pairwise(boxes):
        if two.left - one.right >= _GUTTER and one.is_beside(two):
            gaps.update(range(int(one.right) + 1, int(two.left) + 1))
    if not gaps or max(gaps.values()) < _LINES:
        return None
    place = gaps.most_common(1)[0][0]
    lowest, highest = min(box.bottom for box in boxes), max(box.top for box in boxes)
    crossing = [box for box in boxes if box.left < place < box.right]
    edges = sorted([lowest - 1, highest + 1, *((box.bottom + box.top) / 2 for box in crossing)])
    low, high = max(itertools.pairwise(edges), key=lambda edge: edge[1] - edge[0])
    inside = [box for box in boxes if low < (box.bottom + box.top) / 2 < high and box not in crossing]
    if not inside:
        return None
    inside = _without_ends(sorted(inside, key=lambda box: box.bottom))
    bottom, top = min(box.bottom for box in inside), max(box.top for box in inside)
    if top - bottom < _SHARE_OF_HEIGHT * (highest - lowest):
        return None
    # the edges halfway to the lines above and below
    above = min((box.bottom for box in boxes if box.bottom >= top), default=top + 2)
    below = max((box.top for box in boxes if box.top <= bottom), default=bottom - 2)
    left, right = min(box.left for box in boxes), max(box.right for box in boxes)
    return Box(left, (below + bottom) / 2, right, (above + top) / 2)


def _without_ends(boxes: list[Box]) -> list[Box]:
    """Pieces from the lowest to the highest, without a page number or the like far below or above the others."""
    far = _FAR * statistics.median(box.top - box.bottom for box in boxes)
    begin, end = 0, len(boxes)
    for place in range(1, min(_END_PIECES, len(boxes) - 1) + 1):
        if boxes[place].bottom - max(box.top for box in boxes[:place]) > far:
            begin = place
        if boxes[-place].bottom - max(box.top for box in boxes[:-place]) > far:
            end = len(boxes) - place
    return boxes[begin:end] or boxes


def _columns(inside: Iterable[Box], zone: Box) -> list[Box]:
    """The zone, cut in the middle of every strip that no letter in it crosses."""
    cuts = [zone.left - 1]
    end: float | None = None
    for box in sorted(inside):
        if end is not None and box.left - end >= _GUTTER:
            cuts.append((end + box.left) / 2)
        end = box.right if end is None else max(end, box.right)
    cuts.append(zone.right + 1)
    return [Box(left, zone.bottom, right, zone.top) for left, right in itertools.pairwise(cuts)]


def _drawn_across(inside: Sequence[Box], columns: Sequence[Box]) -> bool:
    """Whether the lines were drawn in turn, one of each column, and not column after column or cell after cell."""
    steps = across = 0
    for one, two in itertools.pairwise(inside):
        other = _place(one, columns) != _place(two, columns)
        across += other
        steps += other or not one.is_beside(two)
    return across >= _SHARE_ACROSS * steps


def _place(box: Box, columns: Sequence[Box]) -> int:
    return next(
        (place for place, column in enumerate(columns) if box.left + box.right < 2 * column.right), len(columns) - 1
    )


def _goes_on(text: str) -> bool:
    """Whether many lines begin within a sentence."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return len(lines) >= _LINES and sum(line[0].islower() for line in lines) >= _SHARE_LOWER * len(lines)


def _has_words(text: str) -> bool:
    """Whether lines are as long as those of prose."""
    return len(text.split()) >= max(_WORDS, _WORDS_A_LINE * len(text.splitlines()))


def _is_full(inside: Iterable[Box], column: Box) -> bool:
    """Whether most lines of a column are nearly as wide as it is."""
    rows: list[tuple[Box, float, float]] = []
    for box in inside:
        if column.left < box.left and box.right < column.right:
            if rows and rows[-1][0].is_beside(box):
                rows[-1] = (box, min(rows[-1][1], box.left), max(rows[-1][2], box.right))
            else:
                rows.append((box, box.left, box.right))
    widest = max(right for _, _, right in rows) - min(left for _, left, _ in rows)
    return sum(right - left >= _FULL * widest for _, left, right in rows) >= _SHARE_FULL * len(rows)
