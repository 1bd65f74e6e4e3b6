"""CSV and its relatives: which delimiter it is, and rows with the lines they begin on."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from rerank_core.documents.limits import Limits
from rerank_core.documents.report import Problem, Problems
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.plain import plain_rows
from rerank_core.documents.tables.records import Form, Record, records, single_cells, with_escapes
from rerank_core.documents.tables.rows import Row
from rerank_core.documents.tables.table import Table, spaced, unknown_header, within_columns
from rerank_core.exports.formulas import GUARD, unguarded

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS = 64_000
_SAMPLE_ROWS = 200
_SAMPLE_LINES = 1_000
_ENOUGH = 0.6
_TITLE_ROWS = 10
_SPACED = 0.1
_SEPARATOR_LINE = re.compile(r"sep=([^\w\r\n\" ])(?:\r\n|\r|\n)", re.IGNORECASE)
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file separates its cells; `delimiter` None is one cell a line.

    `space_after` says that a space follows each delimiter and is no part of the cell, `escaped` that a quotation mark
    within quotation marks has a backslash before it. `width` is the usual number of cells of a line, 0 where that is
    not known.
    """

    delimiter: str | None
    space_after: bool = False
    escaped: bool = False
    width: int = 0


def read_delimited(text: str, limits: Limits, *, prefer: str | None = None, by_quepid: bool = False) -> Table:
    """The rows of a CSV, TSV or the like; `prefer` is the delimiter that the file's name promises.

    Cells that are guarded against being run as formulas give the text that was guarded (`exports.formulas.unguarded`;
    `by_quepid` says that Quepid's way is undone too).

    A quotation mark that opens and closes nothing is a character of its cell, and swallows no lines; notes say where
    that is so, and how many rows span lines. Marks within marks are doubled or stand behind a backslash. The first
    line `sep=;` that Excel writes is obeyed.
    """
    line, dialect = 1, None
    if named := _SEPARATOR_LINE.match(text):
        text, line, dialect = text[named.end() :], 2, _dialect(text[named.end() :], named[1], False)
    dialect = dialect or sniff(text, prefer)
    if dialect.delimiter is not None and not (dialect.space_after or dialect.escaped):
        plain = plain_rows(text, dialect.delimiter, limits, line=line, by_quepid=by_quepid)
        if plain is not None:
            return Table(plain)
    if dialect.escaped:
        text = with_escapes(text)
    lines = list(io.StringIO(text, newline=""))
    if dialect.delimiter is None:
        return _table(single_cells(lines), lines, line, 1, limits, by_quepid)
    form = Form(dialect.delimiter, dialect.space_after, dialect.escaped, dialect.width)
    return _table(records(lines, form), lines, line, dialect.width, limits, by_quepid)


def _table(
    found: Iterable[Record], raw: Sequence[str], line: int, width: int, limits: Limits, by_quepid: bool
) -> Table:
    rows: list[Row] = []
    refused = Problems(limits.problems)
    problems: list[Problem] = []
    spanning: list[int] = []
    stray: list[int] = []
    cells_read = 0
    guards = (GUARD, " ") if by_quepid else (GUARD,)
    most_characters = limits.document_characters
    has_long_lines = max(map(len, raw), default=0) > most_characters
    for number, (place, lines, cells, is_stray) in enumerate(found, start=1):
        cells_read += len(cells)
        if is_stray and width > 1 and len(cells) != width:
            refused.add(line + place, "A quotation mark opens in this row and does not close properly.")
        elif (has_long_lines or lines > 1) and (longest := max(map(len, cells))) > most_characters:
            limit = f"the limit is {most_characters:,}"
            refused.add(line + place, f"A cell of this row has {longest:,} characters; {limit}. It was left out.")
        elif cells[0].strip() or any(map(str.strip, cells)):
            # nearly all cells begin otherwise, and most lines hold nothing that one could begin with: looking at each
            # cell would take a tenth of the time
            if lines > 1 or by_quepid or GUARD in raw[place]:
                cells = [unguarded(cell, by_quepid=by_quepid) if cell.startswith(guards) else cell for cell in cells]
            rows.append(Row(line + place, cells))
            if lines > 1:
                spanning.append(line + place)
            elif is_stray:
                stray.append(line + place)
        if cells_read > limits.cells or number > limits.rows:
            most = f"{limits.cells:,} cells" if cells_read > limits.cells else f"{limits.rows:,} rows"
            reason = f"The table has more than {most}; what follows was not read."
            problems.append(Problem(line + place + lines, reason))
            break
    notes = (*_spanning_note(spanning), *_stray_note(stray))
    table = Table(rows, tuple(problems), refused.by_line(), notes=notes, more_refused=refused.more)
    return within_columns(table, limits)


def _spanning_note(lines: Sequence[int]) -> Iterator[str]:
    if lines:
        rows = "1 row spans" if len(lines) == 1 else f"{len(lines):,} rows span"
        yield f"{rows} several lines within quotation marks, {_from(lines)}."


def _stray_note(lines: Sequence[int]) -> Iterator[str]:
    if lines:
        are = "A quotation mark that opens and closes nothing was" if len(lines) == 1 else "Quotation marks that open "
        rest = "" if len(lines) == 1 else f"and close nothing were, in {len(lines):,} rows,"
        yield f"{are}{rest} read as a character, {_from(lines)}."


def _from(lines: Sequence[int]) -> str:
    return f"in line {lines[0]:,}" if len(lines) == 1 else f"the first in line {lines[0]:,}"


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
            best = rating, _dialect(sample, delimiter, found.space_after)
    return best[1] if best else Dialect(None)


class _DialectFit(NamedTuple):
    """A table that one delimiter gives: the cells of its first row, the share of rows that have as many, whether
    the first row holds names that are known, and whether a space follows each delimiter."""

    width: int
    even: float
    known: bool
    space_after: bool


def _from_the_top(rows: list[Sequence[str]], space_after: bool) -> _DialectFit | None:
    if not rows or len(rows[0]) < 2:
        return None
    width, known = len(rows[0]), sum(map(fields.known_name, rows[0]))
    even = _even(rows, 0)
    # "Date, place and time" above texts of other shapes is one of them
    sure = known > 1 or (known and not space_after)
    return _DialectFit(width, even, bool(known), space_after) if sure or even >= _ENOUGH else None


def _below_a_title(rows: list[Sequence[str]], delimiter: str) -> _DialectFit | None:
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


def _even(rows: list[Sequence[str]], place: int) -> float:
    """The share of rows, from a place on, that have as many cells as the one there."""
    return sum(len(cells) == len(rows[place]) for cells in rows[place:]) / (len(rows) - place)


def _dialect(text: str, delimiter: str, space_after: bool) -> Dialect:
    """What else is to be known of a text with that delimiter."""
    form = Form(delimiter, space_after)
    sample = text[:_SAMPLE_CHARACTERS]
    widths = Counter(len(cells) for _, _, cells, _ in islice(records(_lines(sample), form), _SAMPLE_ROWS))
    usual = max(widths, key=lambda width: (widths[width], width), default=0)
    escaped = '\\"' in sample and _is_escaped(sample, form)
    return Dialect(delimiter, space_after, escaped, usual)


def _is_escaped(sample: str, form: Form) -> bool:
    """Whether fewer quotation marks enclose nothing where a backslash before one makes it a character."""
    plain = _strays(sample, form)
    return plain > 0 and _strays(with_escapes(sample), form._replace(escaped=True)) < plain


def _strays(sample: str, form: Form) -> int:
    return sum(stray for _, _, _, stray in records(_lines(sample), form))


def _lines(sample: str) -> list[str]:
    """The lines of the beginning of a text, without the last, which may be cut."""
    lines = list(islice(io.StringIO(sample, newline=""), _SAMPLE_LINES))
    return lines[:-1] if len(sample) == _SAMPLE_CHARACTERS and len(lines) > 1 else lines


def _first_rows(sample: str, delimiter: str, space_after: bool, whole: bool) -> list[Sequence[str]]:
    form = Form(delimiter, space_after)
    found = (cells for _, _, cells, _ in records(list(io.StringIO(sample, newline="")), form))
    rows = list(islice((cells for cells in found if any(map(str.strip, cells))), _SAMPLE_ROWS))
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
