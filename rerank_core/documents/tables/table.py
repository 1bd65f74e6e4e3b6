"""A table of cells, from whatever file, to documents: header, roles, metadata and what is wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from rerank_core.documents.limits import Limits
from rerank_core.documents.report import Collector, ParsedDocuments, Problem, Problems, count
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.guess import guess_columns
from rerank_core.documents.tables.rows import PlainRows, Row
from rerank_core.errors import InvalidDocumentsError

PREVIEW_ROWS = 5
_SAMPLE_ROWS = 200
_LONG_FOR_A_NAME = 60
_LONGEST_NAME = 100
_PREAMBLE_ROWS = 10
_NEARLY_ALL = 0.9


TOTAL = "This row sums up the rows above it and was left out."
_TOTALS = frozenset(
    fields.listed_names(
        "total, totals, grand total, subtotal, sum, average, avg, mean, median, count, summe, gesamt, gesamtsumme, "
        "insgesamt, durchschnitt, mittelwert, anzahl, total général, somme, moyenne, suma, promedio, totale, media, "
        "somma, totaal, gemiddelde, som, soma, média, ø, Σ"
    )
)
_LONGEST_ERROR = 20
_ERRORS = frozenset(
    fields.listed_names(
        "#N/A, #REF!, #DIV/0!, #VALUE!, #NAME?, #NULL!, #NUM!, #SPILL!, #CALC!, #FIELD!, #NV, #BEZUG!, #WERT!, #ZAHL!, "
        "#LEER!, #NOM?, #VALEUR!, #NOMBRE!, #NOMBRE?, #¡REF!, #¡VALOR!, #¿NOMBRE?, #¡DIV/0!, #RIF!, #VALORE!, #NOME?"
    )
)


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as they are in a file, wholly empty ones left out.

    `problems` are about the table as a whole, `refused` about rows that could not be read, with `more_refused` beyond
    those that are named. `ragged` says
    that a row of another length than the header is damaged, as in a CSV; a sheet has no such rows. `notes` are
    sentences about the choice of this table.
    """

    rows: Sequence[Row]
    problems: tuple[Problem, ...] = ()
    refused: tuple[Problem, ...] = ()
    ragged: bool = True
    notes: tuple[str, ...] = ()
    more_refused: int = 0

    def left_out(self) -> Problems:
        """All problems, those of the table and those of single rows."""
        found = Problems(found=self.refused, more=self.more_refused)
        for line, reason in self.problems:
            found.add(line, reason, of_all=True)
        return found


def documents_of(
    table: Table, mode: str, limits: Limits, columns: Mapping[str, str] | None = None, **details: Any
) -> ParsedDocuments:
    """Documents from the rows of a table.

    `columns` maps roles to column names; "header" in it may say "yes" or "no" where the guess whether the
    first row names the columns is wrong. The column of the text and that of the id leave the metadata,
    every other cell stays in it as the string it is.
    Raises InvalidDocumentsError for a role or column that does not exist.
    """
    wanted = dict(columns or {})
    header = requested_header(wanted)
    table = within_columns(table, limits)
    rows, notes = table.rows, list(table.notes)
    skipped = 0 if header else rows_above(rows)
    if skipped:
        notes.append(f"{count(skipped, 'line')} above the table {'was' if skipped == 1 else 'were'} skipped.")
        rows = rows[skipped:]
    named = header == "yes" or (header != "no" and bool(rows) and _is_header(rows, wanted))
    if named:
        body = rows[1:]
        names = _names(rows[0].cells, body) if rows else ()
        if not header and not any(fields.known_name(name) for name in names) and not any(wanted.values()):
            notes.append("The first row was read as the names of the columns.")
    else:
        names, body = numbered_columns(rows), rows
        if rows and not header:
            notes.append("The first row was read as a document, since it does not look like column names.")
    body, totals = without_totals(body)
    guess = guess_columns(names, (row.cells for row in body), wanted)
    chosen = guess.chosen
    notes += guess.notes
    collector = Collector(limits)
    for line in totals:
        collector.refuse(line, TOTAL)
    for line, reason in table.problems:
        collector.problems.add(line, reason, of_all=True)
    collector.problems.take(table.refused, table.more_refused)
    collector.rows += len(table.refused) + table.more_refused
    if "text" in chosen:
        _collect(body, names, chosen, table.ragged, collector)
    elif body:
        collector.rows += len(body)
        collector.problems.add(0, "No column looks like texts. Choose the column that holds the texts.")
    preview = tuple(dict(zip(names, row.cells, strict=False)) for row in islice(body, PREVIEW_ROWS))
    layout = {"columns": names, "chosen": chosen, "unsure": guess.unsure, "samples": guess.samples, "header": named}
    return collector.finish(mode, preview=preview, notes=tuple(notes), **layout, **details)


def requested_header(columns: dict[str, str]) -> str:
    """What was requested of the first row, taken out of the columns: "yes", it names them, "no", or "" for a guess.
    Raises InvalidDocumentsError for anything else."""
    header = columns.pop("header", "").strip().casefold()
    if header not in ("", "yes", "no"):
        raise InvalidDocumentsError(f"The header is '{header}'.", hint="Say 'yes' or 'no', or leave it out.")
    return header


def numbered_columns(rows: Sequence[Row]) -> tuple[str, ...]:
    """Names for the columns of a table that has none: "Column 1" and so on."""
    return tuple(f"Column {place + 1}" for place in range(_usual_width(rows)))


def unique_names(header: Sequence[str]) -> tuple[str, ...]:
    """The names of columns, blank ones named after their place and equal ones numbered."""
    names: dict[str, None] = {}
    numbers: Counter[str] = Counter()  # how many a name has had, so that many equal ones are not counted up anew
    for place, cell in enumerate(header, start=1):
        base = " ".join(cell.split()) or f"Column {place}"
        name = base
        while name in names:
            numbers[base] += 1
            name = f"{base} ({numbers[base] + 1})"
        names[name] = None
    return tuple(names)


def within_columns(table: Table, limits: Limits) -> Table:
    """The table without the cells beyond the limit on columns, and a problem that says so; the same table where there
    are none."""
    rows = table.rows[:1] if isinstance(table.rows, PlainRows) else table.rows
    if all(len(row.cells) <= limits.columns for row in rows):
        return table
    reason = f"The table has more than {limits.columns:,} columns; only the first {limits.columns:,} were read."
    rows = [Row(row.line, row.cells[: limits.columns]) for row in table.rows]
    return replace(table, rows=rows, problems=(*table.problems, Problem(0, reason)))


def _collect(
    body: Sequence[Row], names: Sequence[str], chosen: Mapping[str, str], ragged: bool, collector: Collector
) -> None:
    width = len(names)
    text_at = names.index(chosen["text"])
    id_at = names.index(chosen["id"]) if "id" in chosen else None
    kept = [(place, name) for place, name in enumerate(names) if place not in (text_at, id_at)]
    for line, cells in body:
        if len(cells) != width:
            extra = any(cell.strip() for cell in cells[width:])
            if ragged and (extra or len(cells) < width):
                collector.refuse(line, _ragged_row(len(cells), width))
                continue
            cells = [*cells[:width], *[""] * (width - len(cells))]
        text = cells[text_at]
        if not text.strip():
            collector.refuse(line, f"The '{chosen['text']}' cell is blank.")
            continue
        if len(text) < _LONGEST_ERROR and is_error(text):
            collector.refuse(line, f"The '{chosen['text']}' cell holds {error_words(text)}, not a text.")
            continue
        identity = cells[id_at].strip() if id_at is not None else ""
        if identity.startswith("#") and is_error(identity):
            # several documents would go by it
            reason = f"The '{chosen['id']}' cell holds {error_words(identity)}; this document has no id."
            collector.problems.add(line, reason)
            identity = ""
        collector.add(line, text, identity or None, {name: cells[place] for place, name in kept})


def _ragged_row(number: int, width: int) -> str:
    reason = f"This row has {count(number, 'cell')}, and the table {count(width, 'column')}."
    return f"{reason} A text that holds the separator needs quotation marks around it." if number > width else reason


def _names(header: Sequence[str], body: Sequence[Row]) -> tuple[str, ...]:
    """Column names without blanks or doubles; nameless columns at the end that hold nothing are dropped."""
    width = _filled_width(header)
    if width < len(header):
        width = min(len(header), max(width, *(_filled_width(row.cells) for row in body), 0))
    return unique_names([cell[:_LONGEST_NAME] for cell in header[:width]])


def _filled_width(cells: Sequence[str]) -> int:
    """Cells up to the last that is not blank."""
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return width


def _usual_width(rows: Sequence[Row]) -> int:
    """The most common number of cells; the larger of equals."""
    widths = Counter(len(row.cells) for row in rows[:_SAMPLE_ROWS])
    return max(widths, key=lambda width: (widths[width], width), default=0)


def rows_above(rows: Sequence[Row]) -> int:
    """How many rows stand above the table: a title or a date in a cell of its own, before a wider row; or anything
    narrower, before a row with a column name that is known.

    A row whose only cell stands beside the first column is no title but names its column, as in `,text`, which
    pandas writes for a table with an index.
    """
    sample = rows[:_SAMPLE_ROWS]
    if _usual_width([Row(row.line, _filled(row.cells)) for row in sample]) < 2:
        return 0
    first = min(map(_first_filled, sample))
    for place, row in enumerate(sample[:_PREAMBLE_ROWS]):
        filled = _filled(row.cells)
        known = sum(map(fields.known_name, filled))
        if known and not _is_title(row.cells, first):
            names = 2 * known > len(filled)
            if all(
                _is_title(cells, first) or len(_filled(cells)) < len(filled) or (names and spaced(cells))
                for _, cells in sample[:place]
            ):
                return place + _is_group(sample[place : place + 2])
            break
    for place, row in enumerate(sample[:_PREAMBLE_ROWS]):
        if len(row.cells) > 1 and fields.known_name("".join(_filled(row.cells))):
            return place
        if not _is_title(row.cells, first):
            return unknown_header([row.cells for row in sample]) or place
    return 0


def _is_group(rows: Sequence[Row]) -> bool:
    """Whether the first of two rows names groups of columns, with blanks where merged cells go on, and the second the
    columns themselves."""
    if len(rows) < 2:
        return False
    above, below = (row.cells for row in rows)
    names = _filled(below)
    blank = any(place >= len(above) or not above[place].strip() for place in range(len(below)) if below[place].strip())
    if not blank or len(names) <= len(_filled(above)) or any(len(name) > _LONG_FOR_A_NAME for name in names):
        return False
    known = sum(map(fields.known_name, names))
    return known >= max(1, sum(map(fields.known_name, above))) and not any(_is_data(name.strip()) for name in names)


def unknown_header(rows: Sequence[Sequence[str]]) -> int:
    """The place of a row that can only be the names of a table, though none of them is known, below lines of a file
    that are no rows of it; 0 where there is none.

    Such lines hold one cell, or commas of their own with spaces behind them. The row has more cells, each of them
    filled and fit for a name, and nearly all rows below it, two or more, have as many.
    """
    for place in range(1, min(len(rows) - 2, _PREAMBLE_ROWS)):
        if not _is_title(rows[place - 1], 0) and not spaced(rows[place - 1]):
            break
        header, below = rows[place], rows[place:]
        width = len(header)
        if width < 2 or len(_filled(header)) < width or spaced(header):
            continue
        if any(len(_filled(above)) >= width for above in rows[:place]):
            continue
        even = sum(len(cells) == width for cells in below)
        if even >= _NEARLY_ALL * len(below) and _is_header([Row(0, cells) for cells in below], {}):
            return place
    return 0


def spaced(cells: Sequence[str]) -> bool:
    """Whether a space begins a cell after the first, as it does where a line of prose is cut at its commas."""
    return any(cell.startswith(" ") and cell.strip() for cell in cells[1:])


def without_totals(body: Sequence[Row]) -> tuple[Sequence[Row], list[int]]:
    """The rows without those at the end that sum up the others, and the lines of those: a word such as "Total" or
    "Average", numbers, and a blank."""
    end = len(body)
    while end > 1 and _is_total(body[end - 1].cells):
        end -= 1
    return (body, []) if end == len(body) else (body[:end], [row.line for row in body[end:]])


def _is_total(cells: Sequence[str]) -> bool:
    filled = _filled(cells)
    if not filled or len(filled) == len(cells) or len(cells) < 2:
        return False
    return filled[0].strip().rstrip(":").casefold() in _TOTALS and all(map(fields.is_number, filled[1:]))


def is_error(cell: str) -> bool:
    """Whether a cell holds what a spreadsheet shows in place of a result that it could not work out."""
    return cell.strip().upper() in _ERRORS


def error_words(cell: str) -> str:
    """The error in words, for a sentence."""
    return f"an Excel error, {cell.strip()}"


def _is_title(cells: Sequence[str], first: int) -> bool:
    """Whether a row holds one cell, in the first column that is used at all."""
    return len(_filled(cells)) == 1 and _first_filled(Row(0, cells)) == first


def _first_filled(row: Row) -> int:
    return next((place for place, cell in enumerate(row.cells) if cell.strip()), len(row.cells))


def _filled(cells: Sequence[str]) -> list[str]:
    return [cell for cell in cells if cell.strip()]


def _is_header(rows: Sequence[Row], wanted: Mapping[str, str]) -> bool:
    """Whether the first row names the columns rather than being data."""
    first = [cell.strip() for cell in rows[0].cells]
    filled = [cell for cell in first if cell]
    if any(len(cell) > _LONG_FOR_A_NAME for cell in filled):
        return False
    named = {name.strip().casefold() for name in wanted.values() if name}
    if named & {cell.casefold() for cell in filled} or any(fields.known_name(cell) for cell in filled):
        return True
    if len(first) < 2 or len(rows) < 2:
        # a single column of texts: without a name that is known, every line is a text
        return False
    if any(cell[-1] in ".!?" or _is_data(cell) for cell in filled) or len(set(filled)) < len(filled):
        return False
    return not any(_looks_like_the_rest(cell, place, rows) for place, cell in enumerate(first))


def _is_data(cell: str) -> bool:
    """Whether a cell is a number, a date or an address, which column names are not."""
    return cell[0].isdigit() or cell.startswith(("http://", "https://")) or fields.is_number(cell)


def _looks_like_the_rest(cell: str, place: int, rows: Sequence[Row]) -> bool:
    """Whether a cell with digits is built like most below it: "kb-7" above "kb-8" and "kb-12" names no column."""
    shape = _shape(cell)
    if "9" not in shape:
        return False
    below = [_shape(row.cells[place].strip()) for row in rows[1:_SAMPLE_ROWS] if place < len(row.cells)]
    return 2 * below.count(shape) > len(below)


def _shape(cell: str) -> str:
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell[:_LONGEST_NAME]))
