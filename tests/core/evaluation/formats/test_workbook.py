"""Workbooks of queries are read in a process of their own, which has bounds and cannot take the app with it."""

from __future__ import annotations

import io
import os
import zipfile
from typing import Any

import openpyxl
import pytest

from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.isolated import wire
from rerank_core.documents.tables.workbook import read_workbook
from rerank_core.errors import InvalidDocumentsError
from rerank_core.evaluation import read
from rerank_core.evaluation.formats import workbook as apart
from rerank_core.evaluation.formats.imported import LIMITS

SHEET = "xl/worksheets/sheet1.xml"


def made(*rows: list[Any]) -> bytes:
    """A workbook with these rows on its first sheet and one row on a second."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.create_sheet("Zwei").append(["frage", "\u2028 text"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def swapped(data: bytes, content: bytes) -> bytes:
    """The workbook with other bytes for its first sheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            new.writestr(info.filename, content if info.filename == SHEET else old.read(info))
    return out.getvalue()


SIMPLE = made(["Query", "Document", "Rating"], ['one "two"\nthree', "\u00e4\u2028b", 3], ["=x", "7", 0])


@pytest.mark.parametrize("sheet", [None, "zwei"])
def test_the_process_gives_what_a_direct_reader_gives(sheet: str | None) -> None:
    """The same rows, lines, sheet and sheets, whatever the cells hold."""
    there, here = apart.read_workbook_apart(SIMPLE, LIMITS, sheet), read_workbook(SIMPLE, LIMITS, sheet)
    assert there[1:] == here[1:]
    assert [(row.line, list(row.cells)) for row in there[0].rows] == [(row.line, row.cells) for row in here[0].rows]
    assert there[0].ragged == here[0].ragged


def test_a_sheet_that_does_not_exist_names_the_others() -> None:
    """The error is the direct reader's, with its hint."""
    with pytest.raises(InvalidDocumentsError, match="no sheet called 'Drei'") as caught:
        apart.read_workbook_apart(SIMPLE, LIMITS, "Drei")
    assert "'Zwei'" in caught.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><worksheet>&c;</worksheet>', "XML entities"),
        (b"<worksheet>" + b" " * 40_000_000 + b"</worksheet>", "as zip bombs do"),
        (b"<worksheet><sheetData><row", "damaged"),
    ],
    ids=["entities", "bomb", "cut"],
)
def test_a_hostile_workbook_is_a_sentence(content: bytes, said: str) -> None:
    """Entities, bombs and torn files are problems of the import, never an exception."""
    [problem] = read("set.xlsx", swapped(SIMPLE, content)).problems
    assert said in problem.reason


def test_a_reader_that_takes_too_long_is_stopped() -> None:
    """The sentence names the time, and the process is gone."""
    with pytest.raises(Unreadable, match=r"longer than 0\.01 seconds"):
        apart.read_workbook_apart(SIMPLE, LIMITS, timeout=0.01)


@pytest.mark.skipif(os.name != "posix", reason="memory cannot be limited here")
def test_a_reader_that_takes_too_much_memory_is_stopped() -> None:
    """Sixty megabytes of text do not fit where Python itself needs most of the room."""
    rows = "".join(f'<row><c t="inlineStr"><is><t>{"x" * 400} {number}</t></is></c></row>' for number in range(150_000))
    data = swapped(SIMPLE, b"<worksheet><sheetData>" + rows.encode() + b"</sheetData></worksheet>")
    with pytest.raises(Unreadable, match=r"memory|broke down"):
        apart.read_workbook_apart(data, LIMITS, memory=150_000_000)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"not json\n",
        wire.line("row", line="1", cells=["a"]),
        wire.line("row", line=1, cells=[1]),
        wire.line("done", sheet=3, sheets=[]),
        wire.line("done", sheet="a", sheets="b"),
        wire.line("surprise"),
    ],
)
def test_an_answer_that_no_honest_reader_gives_is_refused(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a taken-over reader says, nothing but rows of strings gets in."""
    monkeypatch.setattr(apart, "_ask", lambda *_: answer)
    with pytest.raises(Unreadable, match="broke down"):
        apart.read_workbook_apart(SIMPLE, LIMITS)
