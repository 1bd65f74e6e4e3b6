"""Spreadsheets as people keep them: errors, formulas, headers over two rows, totals, ids as they are shown."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from rerank_core.documents import read_documents
from rerank_core.evaluation import read

CASES = Path(__file__).parents[3] / "data" / "cases"


def workbook(rows: list[list[Any]], formats: dict[str, str] | None = None, merged: tuple[str, ...] = ()) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cell, form in (formats or {}).items():
        sheet[cell].number_format = form
    for cells in merged:
        sheet.merge_cells(cells)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_an_error_is_no_text() -> None:
    """#N/A and #REF! are problems of their rows."""
    name = "72-xlsx-errors.xlsx"
    parsed = read_documents(name, (CASES / name).read_bytes())
    assert [document.text for document in parsed.documents] == ["plain text"]
    assert [tuple(problem) for problem in parsed.problems] == [
        (2, "The 'text' cell holds an Excel error, #N/A, not a text."),
        (4, "The 'text' cell holds an Excel error, #REF!, not a text."),
    ]


def test_an_error_is_no_id_query_or_rating() -> None:
    """In CSV files from a spreadsheet too, in the words of other languages."""
    parsed = read_documents("a.csv", b"id,text\n#NV,one text\n#N/A,another\nx,#WERT!\n")
    assert [document.id for document in parsed.documents] == [None, None]
    assert [problem.line for problem in parsed.problems] == [2, 3, 4]
    assert "an Excel error, #WERT!" in parsed.problems[2].reason
    imported = read("a.csv", b"query,document,rating\na,b,#N/A\n#REF!,c,1\nd,e,2\n")
    assert imported.judgments == {"d": {"e": 2}}
    assert [problem.line for problem in imported.problems if "an Excel error" in problem.reason] == [2, 3]


def test_a_formula_without_a_saved_result_is_said() -> None:
    """Such as openpyxl writes; the sentence says what to do."""
    parsed = read_documents("a.xlsx", workbook([["id", "text"], ["1", '="a"&"b"'], ["2", "plain text"]]))
    assert [document.text for document in parsed.documents] == ["plain text"]
    assert parsed.problems[0].line == 2
    assert "1 formula has no saved result, in B2" in parsed.problems[0].reason


def test_the_real_header_below_a_title_and_groups_is_found() -> None:
    """A title line, merged names of groups, and then the names of the columns."""
    name = "73-xlsx-two-level-header.xlsx"
    parsed = read_documents(name, (CASES / name).read_bytes())
    assert parsed.columns == ("No", "Name", "Title", "Body")
    assert [document.text for document in parsed.documents] == [
        "How to reset your password",
        "Where to find the invoice",
        "How to open a port",
    ]
    assert parsed.chosen["title"] == "Title"
    rows = [["Search", None, "Result", None], ["query", "tag", "document", "rating"], ["a", "t", "b", 2]]
    imported = read("a.xlsx", workbook(rows, merged=("A1:B1", "C1:D1")))
    assert imported.judgments == {"a": {"b": 2}}
    tall = [["id", "Content", None], [None, "title", "text"], ["7", "One", "the text"]]
    below = read_documents("a.xlsx", workbook(tall, merged=("A1:A2", "B1:C1")))
    assert (below.columns, below.documents[0].id) == (("id", "title", "text"), "7")


def test_totals_below_a_table_are_left_out_and_said() -> None:
    """They are no queries and no documents."""
    name = "75-eval-total-row.xlsx"
    imported = read(name, (CASES / name).read_bytes())
    assert list(imported.queries) == ["reset password", "invoice"]
    assert [tuple(problem) for problem in imported.problems] == [
        (6, "This row sums up the rows above it and was left out."),
        (7, "This row sums up the rows above it and was left out."),
    ]


@pytest.mark.parametrize("word", ["Total", "Summe:", "Gesamt", "Moyenne", "TOTALE", "Gemiddelde"])
def test_totals_of_other_languages(word: str) -> None:
    """A word, a blank and numbers; a row of that name among the others, or with a text, is one like any other."""
    parsed = read_documents("a.csv", f"name,text,price\na,one text,1\nb,two texts,2\n{word},,3\n".encode())
    assert len(parsed.documents) == 2
    assert parsed.problems[0].line == 4
    kept = read_documents("a.csv", f"name,text,price\n{word},one text,1\nb,two texts,2\n".encode())
    assert len(kept.documents) == 2


def test_ids_are_read_as_they_are_shown() -> None:
    """Zeros that the number's format puts before it, a word in the format, and never a ".0"."""
    rows = [["id", "text"], [42, "a b"], [7.0, "c d"], [8, "e f"]]
    parsed = read_documents("a.xlsx", workbook(rows, {"A2": "00000", "A4": '"SKU-"0000'}))
    assert [document.id for document in parsed.documents] == ["00042", "7", "SKU-0008"]
    imported = read("b.xlsx", workbook([["query", "id", "rating"], ["a", 42, 1]], {"B2": "0000"}))
    assert imported.judgments == {"a": {"0042": 1}}
