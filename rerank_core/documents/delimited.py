"""CSV and its relatives: which delimiter it is, and rows with the lines they begin on."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

from rerank_core.documents import fields
from rerank_core.documents.report import Problem
from rerank_core.documents.tables import Row, Table

__all__ = ["Dialect", "read_delimited", "sniff"]

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS = 64_000
_SAMPLE_ROWS = 200
_FIELD_CHARACTERS = 2**31 - 1
_ENOUGH = 0.6
_RESUMES = 100
_SEPARATOR_LINE = re.compile(r"sep=(.)(?:\r\n|\r|\n)", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file separates its cells; `delimiter` None is one cell a line."""

    delimiter: str | None
    space_after: bool = False


def read_delimited(text: str, *, prefer: str | None = None) -> Table:
    """The rows of a CSV, TSV or the like; `prefer` is the delimiter that the file's name promises.

    A quotation mark that opens and never closes costs its own line, not the rest of the file. The first
    line `sep=;` that Excel writes is obeyed.
    """
    line = 1
    if named := _SEPARATOR_LINE.match(text):
        text, line, dialect = text[named.end() :], 2, Dialect(named[1])
    else:
        dialect = sniff(text, prefer)
    rows: list[Row] = []
    problems: list[Problem] = []
    for _ in range(_RESUMES):
        end = _read(text, line, dialect, rows)
        if end is None:
            break
        # rows[-1] swallowed the rest of the file: give its first line up and go on with the next
        start = rows.pop().line
        problems.append(Problem(start, "A quotation mark opens in this row and never closes."))
        text, line = _after_line(text, start - line), start + 1
    return Table(rows, problems=tuple(problems))


def _read(text: str, line: int, dialect: Dialect, rows: list[Row]) -> int | None:
    """Append the rows of `text`; the line where the last one began if its quotation never closed."""
    start = line
    last = None
    for cells, lines in _records(text, dialect):
        if any(cell.strip() for cell in cells):
            rows.append(Row(start, cells))
            last = start, lines
        else:
            last = None
        start += lines
    if last is None or dialect.delimiter is None:
        return None
    begin = _offset_of_line(text, last[0] - line)
    return last[0] if _is_open(text[begin:], dialect) else None


def _records(text: str, dialect: Dialect) -> Iterator[tuple[list[str], int]]:
    """Each record and the number of lines it takes."""
    if dialect.delimiter is None:
        yield from _cells_by_line(text)
        return
    # the module's own limit of 131,072 characters a cell is for the whole process and only ever raised
    csv.field_size_limit(_FIELD_CHARACTERS)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=dialect.delimiter, skipinitialspace=dialect.space_after
    )
    before = 0
    for cells in reader:
        yield cells, reader.line_num - before
        before = reader.line_num


def _cells_by_line(text: str) -> Iterator[tuple[list[str], int]]:
    """One cell a line; quotation marks around a whole cell are taken off and may hold line breaks."""
    dialect = Dialect("\x1f")
    if "\x1f" in text:
        for line in _LINE_END.split(text):
            yield [line], 1
        return
    yield from _records(text, dialect)


def _is_open(record: str, dialect: Dialect) -> bool:
    """Whether a record ends inside a quotation."""
    if '"' not in record:
        return False
    reader = csv.reader(
        io.StringIO(record, newline=""),
        delimiter=dialect.delimiter or ",",
        skipinitialspace=dialect.space_after,
        strict=True,
    )
    try:
        for _ in reader:
            pass
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _offset_of_line(text: str, number: int) -> int:
    """Where the line with this number, from 0, begins."""
    place = 0
    for match in _LINE_END.finditer(text):
        if number == 0:
            break
        place, number = match.end(), number - 1
    return place


def _after_line(text: str, number: int) -> str:
    return text[_offset_of_line(text, number + 1) :]


def sniff(text: str, prefer: str | None = None) -> Dialect:
    """The dialect of a text, by reading its beginning with each delimiter and seeing which one holds.

    A delimiter holds where the first row has several cells and most rows as many. Of several that hold the
    one wins whose header has names that are known, then the most even one, then `prefer`, then the one
    with more columns. Where none holds, each line is one cell.
    """
    sample = text[:_SAMPLE_CHARACTERS]
    whole = len(sample) == len(text)
    best: tuple[tuple[int, float, bool, int], Dialect] | None = None
    for delimiter in DELIMITERS:
        if delimiter not in sample:
            continue
        dialect = Dialect(delimiter, _has_space_after(sample, delimiter))
        rows = [cells for cells, _ in _first(sample, dialect, whole) if any(cell.strip() for cell in cells)]
        if not rows or len(rows[0]) < 2:
            continue
        width = len(rows[0])
        even = sum(len(cells) == width for cells in rows) / len(rows)
        known = sum(fields.known_name(cell) for cell in rows[0])
        if even < _ENOUGH and not known and delimiter != prefer:
            continue
        rating = (min(known, 1), round(even, 1), delimiter == prefer, width)
        if best is None or rating > best[0]:
            best = rating, dialect
    return best[1] if best else Dialect(None)


def _first(sample: str, dialect: Dialect, whole: bool) -> list[tuple[list[str], int]]:
    records = []
    for record in _records(sample, dialect):
        records.append(record)
        if len(records) > _SAMPLE_ROWS:
            break
    # the end of a sample cuts its last record in half
    return records if whole or len(records) < 2 else records[:-1]


def _has_space_after(sample: str, delimiter: str) -> bool:
    """Whether each delimiter of the first line is followed by a space, as in `id, text, "a, b"`."""
    first = _LINE_END.split(sample.lstrip("\r\n"), maxsplit=1)[0]
    parts = first.split(delimiter)[1:]
    return bool(parts) and delimiter != "\t" and all(part.startswith(" ") for part in parts)
