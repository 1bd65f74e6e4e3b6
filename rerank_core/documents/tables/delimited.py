"""CSV and its relatives: which delimiter it is, and rows with the lines they begin on."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from rerank_core.documents.limits import Limits
from rerank_core.documents.report import Problem
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.table import Row, Table, spaced, unknown_header

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS = 64_000
_SAMPLE_ROWS = 200
_FIELD_CHARACTERS = 2**31 - 1
_ENOUGH = 0.6
_TITLE_ROWS = 10
_SPACED = 0.1
_REREADS = 5
_SEPARATOR_LINE = re.compile(r"sep=([^\w\r\n\" ])(?:\r\n|\r|\n)", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")
_QUOTED_LINE = re.compile(r'[ \t]*"((?:[^"]|"")*+)"[ \t]*(?:\r\n|\r|\n|\Z)')
_LINE = re.compile(r"([^\r\n]*+)(?:\r\n|\r|\n|\Z)")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file separates its cells; `delimiter` None is one cell a line.

    `space_after` says that a space follows each delimiter and is no part of the cell.
    """

    delimiter: str | None
    space_after: bool = False


def read_delimited(text: str, limits: Limits, *, prefer: str | None = None) -> Table:
    """The rows of a CSV, TSV or the like; `prefer` is the delimiter that the file's name promises.

    A quotation mark that opens and never closes properly costs its own line, not the rest of the file. The
    first line `sep=;` that Excel writes is obeyed.
    """
    line = 1
    if named := _SEPARATOR_LINE.match(text):
        text, line, dialect = text[named.end() :], 2, Dialect(named[1])
    else:
        dialect = sniff(text, prefer)
    if dialect.delimiter is None:
        return Table([Row(number, [cell]) for number, cell in _single_cells(text, line) if cell.strip()])
    return _read(text, line, dialect, dialect.delimiter, limits)


def _read(text: str, line: int, dialect: Dialect, delimiter: str, limits: Limits) -> Table:
    # the module's own limit of 131,072 characters a cell is for the whole process and only ever raised
    csv.field_size_limit(_FIELD_CHARACTERS)
    rows: list[Row] = []
    refused: list[Problem] = []
    problems: list[Problem] = []
    stream = io.StringIO(text, newline="")
    pulled: list[str] = []
    offset = reread = cells_read = 0

    def pull() -> Iterator[str]:
        for raw in stream:
            pulled.append(raw)
            yield raw

    def options(strict: bool) -> dict[str, bool | str]:
        return {"delimiter": delimiter, "skipinitialspace": dialect.space_after, "strict": strict}

    while True:
        try:
            for cells in csv.reader(pull(), **options(True)):  # type: ignore[arg-type]  # typed one by one
                if any(cell.strip() for cell in cells):
                    rows.append(Row(line, cells))
                line += len(pulled)
                offset += sum(map(len, pulled))
                pulled.clear()
                cells_read += len(cells)
                if cells_read > limits.cells:
                    reason = f"The table has more than {limits.cells:,} cells; what follows was not read."
                    return Table(rows, (*problems, Problem(line, reason)), tuple(refused))
            return Table(rows, tuple(problems), tuple(refused))
        except csv.Error as error:
            first, ended = pulled[0], "unexpected end" in str(error)
            if len(pulled) == 1 and not ended:
                # `"so" he said` within one line harms nobody else
                rows.append(Row(line, next(csv.reader([first], **options(False)))))  # type: ignore[arg-type]
            else:
                refused.append(Problem(line, "A quotation mark opens in this row and does not close properly."))
            reread += sum(map(len, pulled))
            line, offset = line + 1, offset + len(first)
            if reread > _REREADS * len(text) + _SAMPLE_CHARACTERS:
                problems.append(Problem(line, "Too many quotation marks never close; what follows was not read."))
                return Table(rows, tuple(problems), tuple(refused))
            stream.seek(offset)
            pulled.clear()


def _single_cells(text: str, line: int) -> Iterator[tuple[int, str]]:
    """One cell a line; quotation marks around a whole cell are taken off, and what they hold may span lines."""
    place = 0
    while place < len(text):
        quoted = _QUOTED_LINE.match(text, place)
        found = quoted or _LINE.match(text, place)
        if found is None:
            break
        yield line, found[1].replace('""', '"') if quoted else found[1]
        line += len(_LINE_END.findall(text, place, found.end()))
        place = found.end()


def sniff(text: str, prefer: str | None = None) -> Dialect:
    """The dialect of a text, by reading its beginning with each delimiter and seeing which one holds.

    A delimiter holds where the first row has several cells and most rows as many, or its cells are column
    names that are known; lines above a row of names are passed over. Of several that hold the one wins
    that gives known names, then the most even one, then `prefer`, then the one with more columns. Where none
    holds, each line is one cell.
    """
    sample = text[:_SAMPLE_CHARACTERS]
    whole = len(sample) == len(text)
    best: tuple[tuple[int, float, bool, int], Dialect] | None = None
    for delimiter in DELIMITERS:
        if delimiter not in sample:
            continue
        space_after = _has_space_after(sample, delimiter)
        rows = _first_rows(sample, delimiter, space_after, whole)
        # what stands above a table may have a space after its commas where the table has none
        found = _from_the_top(rows, space_after) or _below_a_title(
            _first_rows(sample, delimiter, False, whole) if space_after else rows, delimiter
        )
        if found is None:
            continue
        rating = (int(found.known), round(found.even, 1), delimiter == prefer, found.width)
        if best is None or rating > best[0]:
            best = rating, Dialect(delimiter, found.space_after)
    return best[1] if best else Dialect(None)


class _DialectFit(NamedTuple):
    """A table that one delimiter gives: the cells of its first row, the share of rows that have as many, whether
    the first row holds names that are known, and whether a space follows each delimiter."""

    width: int
    even: float
    known: bool
    space_after: bool


def _from_the_top(rows: list[list[str]], space_after: bool) -> _DialectFit | None:
    if not rows or len(rows[0]) < 2:
        return None
    width, known = len(rows[0]), sum(map(fields.known_name, rows[0]))
    even = _even(rows, 0)
    # "Date, place and time" above texts of other shapes is one of them
    sure = known > 1 or (known and not space_after)
    return _DialectFit(width, even, bool(known), space_after) if sure or even >= _ENOUGH else None


def _below_a_title(rows: list[list[str]], delimiter: str) -> _DialectFit | None:
    """A table below lines that are no part of it: from the first row of known names on, if that gives an even table,
    else from a row that can only be names."""
    for place, row in enumerate(rows[:_TITLE_ROWS]):
        known = sum(map(fields.known_name, row))
        wide = all(len(above) < len(row) for above in rows[:place])
        names = known > 1 or (known and wide and not spaced(row))
        if place and len(row) > 1 and names and (even := _even(rows, place)) >= _ENOUGH:
            space_after = delimiter != "\t" and all(cell.startswith(" ") for cell in row[1:])
            return _DialectFit(len(row), even, True, space_after)
    place = unknown_header(rows)
    if not place:
        return None
    below = rows[place:]
    if delimiter in ",;" and sum(map(spaced, below)) > _SPACED * len(below):
        return None  # prose, cut at its commas
    return _DialectFit(len(rows[place]), _even(rows, place), False, False)


def _even(rows: list[list[str]], place: int) -> float:
    """The share of rows, from a place on, that have as many cells as the one there."""
    return sum(len(cells) == len(rows[place]) for cells in rows[place:]) / (len(rows) - place)


def _first_rows(sample: str, delimiter: str, space_after: bool, whole: bool) -> list[list[str]]:
    csv.field_size_limit(_FIELD_CHARACTERS)
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter, skipinitialspace=space_after)
    rows = [cells for cells in islice(reader, _SAMPLE_ROWS) if any(cell.strip() for cell in cells)]
    # the end of a sample cuts its last row in half
    return rows if whole or len(rows) in (1, _SAMPLE_ROWS) else rows[:-1]


def _has_space_after(sample: str, delimiter: str) -> bool:
    """Whether each delimiter of the first line is followed by a space, as in `id, text, "a, b"`, and one of the next
    line is too, where that has any."""
    first, *rest = _LINE_END.split(sample.lstrip("\r\n"), maxsplit=1)
    second = _LINE_END.split(rest[0].lstrip("\r\n"), maxsplit=1)[0] if rest else ""
    parts = first.split(delimiter)[1:]
    if not parts or delimiter == "\t" or (delimiter in second and f"{delimiter} " not in second):
        return False
    return all(part.startswith(" ") for part in parts)
