"""Lines of a delimited text to rows: quotation marks that enclose, and quotation marks that are characters.

A field in quotation marks may hold separators and line breaks. A mark that opens and closes nothing is a character: the
inch of a screen, or the beginning of a quotation that ends elsewhere. It must not swallow the rows below it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

_FIELD_CHARACTERS = 2**31 - 1
_REREADS = 5
_ENOUGH_LINES = 1_000
# the lines of one cell, in a file in which some marks are known to enclose nothing
_LONGEST_CELL = 1_000
_NEARLY_ALL = 0.8
_ESCAPES = re.compile(r"\\(.|\n|\r\n?)", re.DOTALL)
_KEPT_ESCAPES = frozenset(('"', "\n", "\r", "\r\n"))
_SPACES = re.compile(" *+")
_INCH = re.compile(r'\d"\s*\Z')


class Form(NamedTuple):
    """How rows are written: the delimiter, whether a space follows it that is no part of the cell, whether a backslash
    stands before a quotation mark that is a character, and the usual number of cells, 0 where that is not known."""

    delimiter: str
    space_after: bool = False
    escaped: bool = False
    width: int = 0


Record = tuple[int, int, Sequence[str], bool]
"""One row: the place of its first line, how many lines it has, its cells, and whether a quotation mark opens in it that
encloses nothing; then it is one line, and the marks are characters."""


def records(lines: Sequence[str], form: Form) -> Iterator[Record]:
    """The rows of these lines, each of which ends as it does in the file; rows without any cell are left out."""
    # the module's own limit of 131,072 characters a cell is for the whole process and only ever raised
    csv.field_size_limit(_FIELD_CHARACTERS)
    place, end = 0, len(lines)
    left = _REREADS * end + _ENOUGH_LINES
    damaged = False
    while place < end and left > 0:
        # only where something is known to be damaged is it worth counting the lines of a cell
        last = min(end, place + _LONGEST_CELL) if damaged else end
        start, consumed = place, 0
        reader = csv.reader(map(lines.__getitem__, range(start, last)), **_options(form))  # type: ignore[arg-type]
        try:
            for cells in reader:
                after = start + reader.line_num
                if after - place > 1 and _swallows(lines[place:after], cells, form):
                    consumed = after - place
                    break
                if cells:
                    yield place, after - place, cells, False
                place = after
            else:
                continue
        except csv.Error:
            consumed = start + reader.line_num - place
            if place > start and start + reader.line_num == last < end:
                continue  # it was looked at no further than that
        damaged, left = True, left - consumed
        yield place, 1, split_line(lines[place], form), True
        place += 1
    # so many marks enclose nothing that none is believed any more
    for later in range(place, end):
        yield later, 1, split_line(lines[later], form), '"' in lines[later]


def _options(form: Form) -> Mapping[str, str | bool | None]:
    return {
        "delimiter": form.delimiter,
        "skipinitialspace": form.space_after,
        "strict": True,
        "escapechar": "\\" if form.escaped else None,
    }


def split_line(line: str, form: Form) -> list[str]:
    """The cells of one line by itself. A cell is in quotation marks if they begin and end it; all others are
    characters."""
    line = line.rstrip("\r\n")
    cell, place, cells = _cell(form.delimiter, form.escaped), 0, list[str]()
    while True:
        if form.space_after:
            place = max(place, _SPACES.match(line, place).end())  # type: ignore[union-attr]  # it matches nothing as well
        found = cell.match(line, place)
        if found is None:  # never: it matches nothing as well
            return cells
        quoted, plain = found[1], found[2]
        text = plain if quoted is None else quoted.replace('""', '"')
        cells.append(re.sub(r"\\(.)", r"\1", text) if form.escaped else text)
        place = found.end() + 1
        if place > len(line):
            return cells


@lru_cache(maxsize=64)
def _cell(delimiter: str, escaped: bool) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    inside = r'[^"\\]|""|\\.' if escaped else r'[^"]|""'
    outside = rf"(?:[^{mark}\\]|\\.)*+" if escaped else rf"[^{mark}]*+"
    return re.compile(rf'"((?:{inside})*+)"(?={mark}|\Z)|({outside})')


def _swallows(lines: Sequence[str], cells: Sequence[str], form: Form) -> bool:
    """Whether a cell that spans lines is rather several rows: one mark opens, one closes far below, and each of the
    lines is a row as it stands."""
    if form.width < 2 or "".join(lines).count('"') != 2:
        return False
    split = [split_line(line, form) for line in lines]
    if len(cells) != form.width:
        return len(split[0]) == form.width
    if len(split[0]) != form.width or len(split[-1]) != form.width:
        return False
    if form.delimiter != "\t" and any(cell.startswith(" ") for row in split for cell in row[1:]):
        return False  # commas of prose
    return sum(len(row) == form.width for row in split) >= _NEARLY_ALL * len(split)


def with_escapes(text: str) -> str:
    """A text in which a backslash means something before a quotation mark and a line break only, and before another
    backslash where each one in the text is so; all others stay what they are."""
    found = {match[1] for match in _ESCAPES.finditer(text)}
    kept = _KEPT_ESCAPES | {"\\"} if found <= _KEPT_ESCAPES | {"\\"} else _KEPT_ESCAPES
    return _ESCAPES.sub(lambda match: match[0] if match[1] in kept else "\\\\" + _again(match[1]), text)


def _again(char: str) -> str:
    return "\\\\" if char == "\\" else char


def single_cells(lines: Sequence[str]) -> Iterator[Record]:
    """One cell a line; quotation marks around a whole cell are taken off, and what they hold may span lines if the file
    is written that way."""
    place, convention = 0, None
    closing = _closing_lines(lines)
    while place < len(lines):
        line = lines[place].rstrip("\r\n")
        count = closing.get(place, 0)
        if count > 1:
            convention = _is_csv(lines, closing) if convention is None else convention
            inside = "".join(lines[place : place + count])
            certain = '""' in inside or any(not between.strip() for between in lines[place : place + count])
            if not certain and (not convention or _INCH.search(inside)):
                yield place, 1, [line], True
                place += 1
                continue
        if count:
            text = "".join(lines[place : place + count]).strip(" \t\r\n")
            yield place, count, [text[1:-1].replace('""', '"')], False
        else:
            yield place, 1, [line], False
        place += count or 1


def _closing_lines(lines: Sequence[str]) -> dict[int, int]:
    """For each line that begins a cell in quotation marks, how many lines the cell has."""
    found: dict[int, int] = {}
    opened: int | None = None
    for place, line in enumerate(lines):
        if '"' not in line:
            continue
        marks = line.replace('""', "")
        if opened is not None and marks.count('"') == 1 and marks.rstrip().endswith('"'):
            found[opened], opened = place - opened + 1, None
        elif opened is None or '"' in marks:
            # one that closes in the middle of a line never enclosed a cell; another may begin here
            opened = place if line.lstrip(" \t").startswith('"') else None
            marks = line.lstrip(" \t")[1:].replace('""', "")
            if opened is not None and '"' in marks:
                found |= {place: 1} if marks.count('"') == 1 and marks.rstrip().endswith('"') else {}
                opened = None
    return found


def _is_csv(lines: Sequence[str], closing: Mapping[int, int]) -> bool:
    """Whether all that would need quotation marks has them: no line outside of them holds a comma or a mark."""
    place = 0
    while place < len(lines):
        if place in closing:
            place += closing[place]
        elif "," in lines[place] or '"' in lines[place]:
            return False
        else:
            place += 1
    return True
