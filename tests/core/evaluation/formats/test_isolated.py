"""Files of queries are read in a process of their own, which has bounds and cannot take the app with it."""

from __future__ import annotations

import io
import json
import os
import sys
import zipfile
from dataclasses import replace
from typing import Any

import openpyxl
import pytest

from rerank_core.documents.isolated import start
from rerank_core.errors import InvalidDocumentsError, InvalidRequestError
from rerank_core.evaluation import Imported, read, write
from rerank_core.evaluation.formats import isolated
from rerank_core.evaluation.formats.isolated import read_isolated
from rerank_core.evaluation.formats.registry import read_directly

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


EVERYTHING = Imported(
    "table",
    queries={"q1": "a \ud800 query", "q2": "two\nlines"},
    documents={"d1": "text", "d2": "\u2028"},
    judgments={"q1": {"d1": 3, "d2": -1}},
    run={"q1": ("d2", "d1"), "q2": ()},
    scores={"q1": {"d2": 0.5, "d1": float("-inf")}},
    titles={"d1": "Title"},
    metadata={"d1": {"lang": "de", "deep": [1, None]}},
    tags={"q2": "long"},
)


def reasons(imported: Imported) -> list[str]:
    """The sentences about what was left out."""
    return [problem.reason for problem in imported.problems]


@pytest.mark.parametrize(
    ("name", "data", "columns"),
    [
        ("set.xlsx", SIMPLE, None),
        ("set.xlsx", SIMPLE, {"sheet": "zwei"}),
        ("set.zip", write("beir", EVERYTHING), None),
        ("set.csv", write("table", EVERYTHING), None),
        ("set.csv", b"query,docid,Ann,Ben\nq,a,3,1\nq,b,x,\n", None),
        ("set.csv", b"frage,antwort\na,b\n", {"query": "frage", "document": "antwort"}),
        ("set.run", b"q1 Q0 d1 1 2.5 mine\nq1 Q0 d2 2 inf mine\n", None),
        ("set.ndjson", b'{"queryText": "a", "referenceAnswer": "b"}\n', None),
        ("set.csv", "query;document\nGröße;äé\n".encode("cp1252"), {"header": "yes"}),
        ("set.csv", b"1,2\n", None),
        ("set.png", b"\x89PNG\r\n\x1a\n\x00", None),
        ("set.csv", b" ", None),
    ],
)
def test_the_process_gives_what_a_direct_reader_gives(name: str, data: bytes, columns: dict[str, str] | None) -> None:
    """Everything that a file can hold comes over the same, in the same order."""
    there, here = read_isolated(name, data, "auto", columns), read_directly(name, data, "auto", columns)
    assert there == here
    assert list(there.documents) == list(here.documents)


def test_what_the_caller_must_change_is_an_error_of_the_same_kind() -> None:
    """A sheet that is not there names the others; a kind that nobody knows is the direct reader's error."""
    with pytest.raises(InvalidDocumentsError, match="no sheet called 'Drei'") as caught:
        read_isolated("set.xlsx", SIMPLE, columns={"sheet": "Drei"})
    assert "'Zwei'" in caught.value.hint
    with pytest.raises(InvalidRequestError, match="no kind of file called 'x'") as unknown:
        read_isolated("set.csv", b"query\na\n", "x")
    assert not isinstance(unknown.value, InvalidDocumentsError)


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
    [reason] = reasons(read_isolated("set.xlsx", SIMPLE, timeout=0.01))
    assert "longer than 0.01 seconds" in reason


@pytest.mark.skipif(os.name != "posix", reason="memory cannot be limited here")
@pytest.mark.slow
def test_a_reader_that_takes_too_much_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sixty megabytes of text do not fit where Python itself needs most of the room."""
    rows = "".join(f'<row><c t="inlineStr"><is><t>{"x" * 400} {number}</t></is></c></row>' for number in range(150_000))
    data = swapped(SIMPLE, b"<worksheet><sheetData>" + rows.encode() + b"</sheetData></worksheet>")
    monkeypatch.setattr(isolated, "COLLECTION_LIMITS", replace(isolated.COLLECTION_LIMITS, memory_bytes=150_000_000))
    [reason] = reasons(read_isolated("set.xlsx", data))
    assert "memory" in reason or "broke down" in reason


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"kind": "surprise"},
        {"kind": "entries", "name": "problems", "entries": {}},
        {"kind": "entries", "name": [], "entries": {}},
        {"kind": "entries", "name": "queries", "entries": ["a"]},
        {"kind": "entries", "name": "queries", "entries": {"a": 1}},
        {"kind": "entries", "name": "run", "entries": {"a": "b"}},
        {"kind": "entries", "name": "judgments", "entries": {"a": {"b": True}}},
        {"kind": "entries", "name": "judgments", "entries": {"a": {"b": 128}}},
        {"kind": "entries", "name": "scores", "entries": {"a": {"b": "1"}}},
        {"kind": "entries", "name": "metadata", "entries": {"a": "b"}},
        {"kind": "rater", "rater": 1, "entries": {}},
        {"kind": "done", "imported": "surprise"},
        {"kind": "done"},
        {"kind": "done", "imported": "table", "columns": "a", "sheets": [], "reading_notes": [], "chosen": {}},
        {"kind": "done", "imported": "table", "columns": [], "sheets": [], "reading_notes": [], "chosen": {"a": 1}},
        {"kind": "done", "imported": "", "columns": [], "sheets": [], "reading_notes": [], "chosen": {}, "header": 1},
    ],
)
def test_an_answer_that_no_honest_reader_gives_is_refused(
    record: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever a taken-over reader says, nothing but texts, lists and grades gets in."""
    code = f"import sys; sys.stdin.buffer.read(); print({json.dumps(record)!r})"
    monkeypatch.setattr(start, "FORKS", False)
    monkeypatch.setattr(start, "command", lambda *_: (sys.executable, "-c", code))
    imported = read_isolated("set.xlsx", SIMPLE)
    assert "broke down" in reasons(imported)[0]
    assert not imported.query_ids
