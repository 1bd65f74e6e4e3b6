"""Excel workbooks, honest and hostile."""

from __future__ import annotations

import datetime
import io
import zipfile
from collections.abc import Callable
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import Limits, ParsedDocuments, describe, read_documents
from rerank_core.errors import InvalidDocumentsError


def workbook(*rows: list[Any], change: Callable[[openpyxl.Workbook], None] | None = None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    if change:
        change(book)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def patched(data: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part of its archive changed."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            content = old.read(info)
            new.writestr(info.filename, change(content) if info.filename == part else content)
    return stream.getvalue()


def read(data: bytes, columns: dict[str, str] | None = None, **limits: int) -> ParsedDocuments:
    return read_documents("kb.xlsx", data, columns, limits=Limits(**limits))


SHEET = "xl/worksheets/sheet1.xml"
SIMPLE = workbook(["id", "text"], ["1", "a"], ["2", "b"])


def test_cells_become_the_strings_a_person_sees() -> None:
    """Whole numbers have no decimal point, dates are ISO, truth is in capitals, leading zeros stay."""
    parsed = read(
        workbook(
            ["SKU", "Body", "n", "x", "day", "moment", "time", "yes", "none"],
            [
                "007",
                "text",
                5.0,
                0.1 + 0.2,
                datetime.datetime(2024, 5, 1),  # noqa: DTZ001  # a sheet has no time zones
                datetime.datetime(2024, 5, 1, 10, 30),  # noqa: DTZ001
                datetime.time(9, 5),
                True,
                None,
            ],
        )
    )
    (document,) = parsed.documents
    assert (document.text, document.id) == ("text", "007")
    assert document.metadata == {
        "n": "5",
        "x": "0.3",
        "day": "2024-05-01",
        "moment": "2024-05-01T10:30:00",
        "time": "09:05:00",
        "yes": "TRUE",
        "none": "",
    }
    assert (parsed.mode, parsed.sheet, parsed.sheets) == ("xlsx", "Sheet", ("Sheet",))


def test_numbers_as_ids_and_texts_with_line_breaks() -> None:
    """A numeric id is its digits, and Excel's escaped carriage return is a line break."""
    parsed = read(workbook(["id", "text"], [9, "a\nb"], [10**15, "c_x000D_\nd"], [1.5, "e"]))
    assert [(document.id, document.text) for document in parsed.documents] == [
        ("9", "a\nb"),
        ("1000000000000000", "c\nd"),
        ("1.5", "e"),
    ]


def test_rows_keep_the_numbers_of_the_sheet() -> None:
    """Empty rows are skipped, a blank text is a problem with its row's number, a title above is passed over."""

    def change(book: openpyxl.Workbook) -> None:
        book.active["A1"] = "Knowledge base, May"
        for place, row in ((3, ["id", "text"]), (4, ["1", "a"]), (7, ["2", None]), (9, ["3", "c"])):
            for column, value in enumerate(row, 1):
                book.active.cell(place, column, value)

    parsed = read(workbook(change=change))
    assert [document.id for document in parsed.documents] == ["1", "3"]
    assert parsed.problems == ((7, "The 'text' cell is blank."),)
    assert describe(parsed) == "2 documents from 3 rows; 1 row left out"


def test_formulas_give_their_saved_results() -> None:
    """A formula is never a text; without a saved result its cell is blank."""
    data = workbook(["id", "text"], ["1", "=A1&A2"], ["2", "=A2"])
    saved = patched(data, SHEET, lambda xml: xml.replace(b"<f>A1&amp;A2</f><v></v>", b"<f>A1&amp;A2</f><v>idd</v>", 1))
    if saved == patched(data, SHEET, lambda xml: xml):
        saved = patched(data, SHEET, lambda xml: xml.replace(b"<f>A1&amp;A2</f><v />", b"<f>A1&amp;A2</f><v>7</v>", 1))
    parsed = read(saved)
    assert [document.text for document in parsed.documents] == ["7"]
    assert [problem.line for problem in parsed.problems] == [3, 3]
    assert "has no saved result" in parsed.problems[0].reason


def test_the_first_visible_sheet_with_rows_is_read_unless_one_is_named() -> None:
    """Empty and hidden sheets come later; a sheet can be chosen by its name in any case."""

    def change(book: openpyxl.Workbook) -> None:
        hidden = book.create_sheet("Hidden", 0)
        hidden.append(["text"])
        hidden.append(["secret"])
        hidden.sheet_state = "hidden"
        book.create_sheet("Empty", 1)

    data = workbook(["text"], ["open"], change=change)
    parsed = read(data)
    assert (parsed.documents[0].text, parsed.sheet) == ("open", "Sheet")
    assert parsed.sheets == ("Hidden", "Empty", "Sheet")
    assert read(data, {"sheet": "hidden"}).documents[0].text == "secret"
    with pytest.raises(InvalidDocumentsError, match="no sheet called 'Nope'"):
        read(data, {"sheet": "Nope"})


def test_sheets_that_were_not_read_are_named() -> None:
    """Only those that hold something and are not hidden, and only where nobody has chosen a sheet."""

    def change(book: openpyxl.Workbook) -> None:
        book.active.title = "Tickets"
        for name, content in (("Other", "b"), ("Empty", None), ("Lists", "c")):
            book.create_sheet(name)["B3"] = content
        book["Lists"].sheet_state = "hidden"

    data = workbook(["text"], ["a"], change=change)
    note = "Sheet 'Tickets' was read; 'Other' was not. To read another one, choose it as the sheet."
    assert (read(data).documents[0].text, read(data).notes) == ("a", (note,))
    assert read(data, {"sheet": "Tickets"}).notes == ()


def test_many_unread_sheets_and_a_damaged_one() -> None:
    """Three are named and the rest counted; one that cannot be read is no reason to refuse the first."""

    def change(book: openpyxl.Workbook) -> None:
        for number in range(2, 8):
            book.create_sheet(f"S{number}")["A1"] = "x"

    data = patched(
        workbook(["text"], ["a"], change=change), "xl/worksheets/sheet2.xml", lambda xml: xml.replace(b"</c>", b"<")
    )
    assert read(data).documents[0].text == "a"
    assert "; 'S3', 'S4', 'S5' and 2 more were not." in read(data).notes[0]


def test_merged_cells_count_for_each_row_they_span() -> None:
    """A category merged over three rows is in the metadata of all three."""

    def change(book: openpyxl.Workbook) -> None:
        book.active.merge_cells("A2:A4")

    parsed = read(workbook(["category", "text"], ["VPN", "a"], [None, "b"], [None, "c"], ["Mail", "d"], change=change))
    assert [document.metadata["category"] for document in parsed.documents] == ["VPN", "VPN", "VPN", "Mail"]


def test_a_column_can_be_chosen_and_rows_of_any_length_are_good() -> None:
    """A sheet has no ragged rows: cells left empty at the end are just empty."""
    parsed = read(workbook(["a", "b", "c"], ["text one"], ["two", "x", "y"]), {"text": "a"})
    assert [document.text for document in parsed.documents] == ["text one", "two"]
    assert parsed.documents[0].metadata == {"b": "", "c": ""}


def test_a_workbook_without_rows_says_so() -> None:
    """An empty workbook has a sentence of its own."""
    assert read(workbook()).problems == ((0, "This workbook holds no rows."),)


def test_more_rows_than_the_limit_keep_the_first() -> None:
    """The sheet is read up to the limit and the rest is named."""
    parsed = read(workbook(["text"], *([f"t{n}"] for n in range(20))), documents=5)
    assert [document.text for document in parsed.documents] == ["t0", "t1", "t2", "t3", "t4"]
    assert any("the limit" in reason.lower() or "larger than" in reason for _, reason in parsed.problems)


def reason_of(data: bytes, **limits: int) -> str:
    parsed = read(data, **limits)
    assert not parsed.documents
    (problem,) = parsed.problems
    assert problem.line == 0
    return problem.reason


def test_entities_are_refused() -> None:
    """A part that declares entities, in UTF-8 or UTF-16, late or early, is not parsed at all."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    for xml in (
        lambda old: old.replace(b"<worksheet", bomb + b"<worksheet", 1),
        lambda old: b"<!--" + b" " * 200_000 + b"-->" + bomb + old,
        lambda old: (bomb + old).decode().encode("utf-16"),
        lambda old: b'<?xml version="1.0" encoding="cp037"?>' + bomb.decode().encode("cp037"),
    ):
        assert "XML entities" in reason_of(patched(SIMPLE, SHEET, xml))


def test_bombs_are_refused_before_they_unpack() -> None:
    """What the parts unpack to, and how many there are, is looked at before anything is read."""
    assert "unpacks to" in reason_of(
        patched(SIMPLE, SHEET, lambda old: old + b" " * 3_000_000), expanded_bytes=1_000_000
    )
    stream = io.BytesIO(SIMPLE)
    with zipfile.ZipFile(stream, "a") as archive:
        for number in range(5001):
            archive.writestr(f"x/{number}", b"")
    assert "parts; the limit is 5,000" in reason_of(stream.getvalue())


def test_a_lying_size_does_not_make_rows() -> None:
    """A declared area of billions of cells, and rows a million apart, cost next to nothing."""
    wide = patched(SIMPLE, SHEET, lambda xml: xml.replace(b'ref="A1:B3"', b'ref="A1:XFD1048576"'))
    assert [document.text for document in read(wide).documents] == ["a", "b"]
    narrow = patched(SIMPLE, SHEET, lambda xml: xml.replace(b'ref="A1:B3"', b'ref="A1:A1"'))
    assert [document.text for document in read(narrow).documents] == ["a", "b"]
    far = patched(SIMPLE, SHEET, lambda xml: xml.replace(b'r="3"', b'r="999999999"').replace(b'r="A3"', b'r="A9"'))
    assert [document.text for document in read(far).documents] == ["a"]
    broad = patched(SIMPLE, SHEET, lambda xml: xml.replace(b'r="B3"', b'r="XFD3"'))
    assert [document.text for document in read(broad, cells=10_000).documents] == ["a"]


@pytest.mark.slow
def test_many_merged_ranges_are_bounded() -> None:
    """A hundred thousand ranges over the whole sheet end like few."""
    ranges = b'<mergeCell ref="A1:A1048576"/>' * 100_000
    data = patched(
        SIMPLE, SHEET, lambda xml: xml.replace(b"</sheetData>", b"</sheetData><mergeCells>" + ranges + b"</mergeCells>")
    )
    assert len(read(data).documents) == 2


@pytest.mark.parametrize(
    "part", ["[Content_Types].xml", "xl/workbook.xml", SHEET, "xl/styles.xml", "xl/sharedStrings.xml"]
)
@pytest.mark.parametrize("content", [b"", b"<", b"<a/>", b"\x00" * 50])
def test_damaged_parts_are_one_sentence(part: str, content: bytes) -> None:
    """Whatever part is damaged, and however, the reader gets documents or one sentence."""
    parsed = read(patched(SIMPLE, part, lambda _: content))
    assert parsed.documents or parsed.problems[0].reason.startswith("This")


@given(st.integers(0, len(SIMPLE) - 1), st.binary(max_size=40))
@settings(deadline=None, max_examples=200)
def test_damaged_bytes_raise_nothing(place: int, patch: bytes) -> None:
    """A workbook with overwritten bytes, or cut off, gives documents or problems."""
    for data in (SIMPLE[:place] + patch + SIMPLE[place + len(patch) :], SIMPLE[:place] + patch):
        parsed = read(data)
        assert parsed.documents or parsed.problems


@given(
    st.lists(
        st.tuples(*[st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=1, max_size=20)] * 2),
        min_size=1,
        max_size=5,
    )
)
@settings(deadline=None, max_examples=50)
def test_written_cells_are_read(rows: list[tuple[str, str]]) -> None:
    """Any printable text that openpyxl writes comes back, but for what it takes for a formula."""
    rows = [row for row in rows if not any(cell.startswith("=") for cell in row)]
    parsed = read(workbook(["note", "text"], *map(list, rows)), {"header": "yes", "text": "text", "id": ""})
    assert [(d.metadata["note"], d.text) for d in parsed.documents] == [row for row in rows if row[1].strip()]
