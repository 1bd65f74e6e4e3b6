"""Excel workbooks to tables, within bounds and without trusting what they say of themselves."""

from __future__ import annotations

import datetime
import io
import re
import threading
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.extract.archive import check_parts
from rerank_core.documents.limits import Limits
from rerank_core.documents.report import Problem, listed
from rerank_core.documents.tables.rows import Row
from rerank_core.documents.tables.table import Table
from rerank_core.errors import InvalidDocumentsError
from rerank_core.exports.formulas import unguarded
from rerank_core.extras import require

_EMPTY_ROWS = 1_048_576
_MERGED = re.compile(rb'<mergeCell\b[^<>]*\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_UNSAVED = re.compile(
    rb'<c r="([A-Z]{1,3}\d{1,7})"[^<>]*>\s*<f\b[^<>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>'
)
# how a number is shown with zeros before it, and perhaps a word: 00000, "SKU-"00000
_PADDED = re.compile(r'(?:"(?P<word>[^"]*)")?(?P<zeros>0{2,})(?:;.*)?')
_ESCAPED = re.compile(r"_x(000[9AaDd])_")
_MERGED_BYTES = 50_000_000
_MERGED_RANGES = 50_000
_MERGED_FILLS = 500_000
_SHEETS_LOOKED_AT = 20
_SHEETS_NAMED = 3
_ROWS_LOOKED_AT = 200
_CELLS_LOOKED_AT = 100_000
_ONE_AT_A_TIME = threading.Lock()


def read_workbook(data: bytes, limits: Limits, sheet: str | None = None) -> tuple[Table, str | None, tuple[str, ...]]:
    """The rows of one sheet, its name, and the names of all sheets.

    Without `sheet` the first visible one that holds anything, with a note where other visible ones do too. A
    formula gives the result that was saved with it, a date its ISO form, a whole number no decimal point; merged
    cells give their value to each row that they span. Line numbers are those of the sheet's rows.
    Raises Unreadable where the file is damaged, hostile or too large, and where openpyxl is missing;
    InvalidDocumentsError for a sheet that does not exist.
    """
    require("Reading Excel workbooks", "documents", "openpyxl", refused=Unreadable)
    check_parts(data, limits, "workbook")
    # openpyxl warns about what it skips (styles, validation); the filter it needs is for the whole process
    with _ONE_AT_A_TIME, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return _read(data, limits, sheet)
        except (Unreadable, InvalidDocumentsError, MemoryError):
            raise
        except Exception as error:  # what a damaged file makes openpyxl raise has no common base
            raise Unreadable("This Excel workbook is damaged and could not be read.") from error


def _read(data: bytes, limits: Limits, wanted: str | None) -> tuple[Table, str | None, tuple[str, ...]]:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        sheets = [sheet for sheet in book.worksheets if hasattr(sheet, "iter_rows")]
        names = tuple(str(sheet.title) for sheet in sheets)
        if wanted:
            chosen = [sheet for sheet in sheets if sheet.title == wanted] or [
                sheet for sheet in sheets if str(sheet.title).casefold() == wanted.casefold()
            ]
            if not chosen:
                there = ", ".join(f"'{name}'" for name in names)
                raise InvalidDocumentsError(f"There is no sheet called '{wanted}'.", hint=f"The sheets are: {there}.")
        else:
            chosen = sorted(sheets, key=lambda sheet: sheet.sheet_state != "visible")
        for sheet in chosen:
            table = _rows_of(sheet, data, limits)
            if table.rows and not wanted:
                others = [other for other in sheets if other is not sheet and other.sheet_state == "visible"]
                table = replace(table, notes=_left_unread(str(sheet.title), others[:_SHEETS_LOOKED_AT]))
            if table.rows or wanted:
                return table, str(sheet.title), names
        return Table((), ragged=False), None, names
    finally:
        book.close()


def _left_unread(read: str, others: Sequence[Any]) -> tuple[str, ...]:
    """A note that names the other sheets that hold something; none where there are none."""
    names = [f"'{other.title}'" for other in others if _holds_something(other)]
    if not names:
        return ()
    more = len(names) - _SHEETS_NAMED
    named = [*names[:_SHEETS_NAMED], f"{more} more"] if more > 0 else names
    was = "was" if len(names) == 1 else "were"
    return (f"Sheet '{read}' was read; {listed(named)} {was} not. To read another one, choose it as the sheet.",)


def _holds_something(sheet: Any) -> bool:
    """Whether a look at the beginning of a sheet finds a filled cell. One that is damaged harms no other."""
    cells = 0
    try:
        for _, values in islice(_numbered(sheet), _ROWS_LOOKED_AT):
            if _width(values):
                return True
            cells += len(values)
            if cells > _CELLS_LOOKED_AT:
                break
    except MemoryError:
        raise
    except Exception:  # what a damaged sheet makes openpyxl raise has no common base
        return False
    return False


def _rows_of(sheet: Any, data: bytes, limits: Limits) -> Table:
    problems: list[Problem] = []
    rows: dict[int, list[str]] = {}
    cells = 0
    for number, values in _numbered(sheet):
        width = min(_width(values), limits.columns + 1)
        if width:
            rows[number] = [_as_string(value) for value in values[:width]]
        cells += len(values)
        if len(rows) > limits.documents + 1 or cells > limits.cells:
            problems.append(
                Problem(
                    number,
                    f"The sheet is larger than {limits.documents:,} rows or {limits.cells:,} cells; "
                    f"what follows row {number:,} was not read.",
                )
            )
            break
    if rows:
        xml = _xml_of(sheet, data)
        _fill_merged(rows, _merged(xml))
        problems += _unsaved(xml)
    return Table([Row(number, cells) for number, cells in rows.items()], ragged=False, problems=tuple(problems))


def _numbered(sheet: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    # the size that a sheet declares may be a lie of a billion cells
    sheet.reset_dimensions()
    padded = any(map(_PADDED.fullmatch, sheet.parent._number_formats))
    for number, cells in enumerate(sheet.iter_rows(values_only=not padded), 1):
        if number > _EMPTY_ROWS:
            return
        yield number, [_shown(cell) for cell in cells] if padded else cells


def _shown(cell: Any) -> Any:
    """The value of a cell; a whole number that is shown with zeros before it is the text that it is shown as."""
    value = cell.value
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < 0:
        return value
    form = _PADDED.fullmatch(cell.number_format)
    return f"{form['word'] or ''}{int(value):0{len(form['zeros'])}d}" if form else value


def _width(values: Sequence[Any]) -> int:
    """Cells up to the last that holds something."""
    width = len(values)
    while width and (values[width - 1] is None or values[width - 1] == ""):
        width -= 1
    return width


def _as_string(value: Any) -> str:
    """A cell as a person sees it: 5.0 is "5", a date is ISO, true is "TRUE". One that was guarded against being run as
    a formula, in a CSV that was saved as a workbook, is the text that was guarded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else format(value, ".15g")
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return unguarded(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), str(value)).replace("\r\n", "\n"))


def _xml_of(sheet: Any, data: bytes) -> bytes:
    """The sheet as it is stored; nothing where it is too large for a second look."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        part = archive.getinfo(sheet._worksheet_path)
        return archive.read(part) if part.file_size <= _MERGED_BYTES else b""


def _unsaved(xml: bytes) -> Iterator[Problem]:
    """A problem where formulas were saved without their results, as programs do that do not calculate."""
    cells = [] if b"<f" not in xml else _UNSAVED.findall(xml)
    if cells:
        first = cells[0]
        formulas = "1 formula has" if len(cells) == 1 else f"{len(cells):,} formulas have"
        where = f"in {first.decode()}" if len(cells) == 1 else f"the first in {first.decode()}"
        cure = "Open the workbook in Excel or LibreOffice, save it, and upload it again."
        reason = f"{formulas} no saved result, {where}; such cells are read as empty. {cure}"
        yield Problem(int(first.lstrip(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ")), reason)


def _merged(xml: bytes) -> list[tuple[int, int, int, int]]:
    """Merged ranges as (first row, last row, first column, last column); openpyxl drops them when streaming."""
    from openpyxl.utils import column_index_from_string as index

    found = _MERGED.findall(xml, max(0, xml.rfind(b"</sheetData>")))[:_MERGED_RANGES]
    return [(int(top), int(bottom), index(left.decode()), index(right.decode())) for left, top, right, bottom in found]


def _fill_merged(rows: dict[int, list[str]], ranges: list[tuple[int, int, int, int]]) -> None:
    """Give the value of a merged cell to the rows below it; across columns it stays where it is."""
    last = max(rows)
    allowed = _MERGED_FILLS
    for top, bottom, left, _ in ranges:
        value = rows[top][left - 1] if top in rows and left <= len(rows[top]) else ""
        if not value:
            continue
        for number in range(top + 1, min(bottom, last, top + allowed) + 1):
            allowed -= 1
            if number in rows:
                cells = rows[number]
                cells += [""] * (left - len(cells))
                cells[left - 1] = cells[left - 1] or value
