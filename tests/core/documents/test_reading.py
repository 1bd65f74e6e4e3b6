"""Files read as one job: what is read apart, what a cancel leaves, columns, and documents for a knowledge base."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rerank_core.corpora.cutting import cut, first_of
from rerank_core.documents import Limits, ParsedDocuments, read_documents, read_files, reading, with_source
from rerank_core.errors import InvalidDocumentsError
from rerank_core.jobs import Cancelled, JobManager
from rerank_core.models import Document
from tests.support import made_files as made
from tests.support.gate import PATIENCE

BOOK = made.xlsx({"Old": [["id", "text"], ["1", "old"]], "New": [["sku", "name", "words"], ["a", "Boots", "new"]]})


@pytest.fixture
def manager() -> Iterator[JobManager]:
    """A manager that leaves no thread behind."""
    jobs = JobManager()
    yield jobs
    assert jobs.close()


def done(manager: JobManager, *args: Any, **kwargs: Any) -> tuple[ParsedDocuments, ...]:
    """What reading these files gives."""
    job = manager.submit(read_files, *args, **kwargs)
    assert job.wait(PATIENCE)
    return job.result()


@pytest.mark.slow
def test_workbooks_and_large_files_are_read_apart(manager: JobManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workbook is as able to hang a reader as a PDF; a small table is not worth a process."""
    apart: list[str] = []
    real = reading.read_isolated

    def noting(name: str, *args: Any, **kwargs: Any) -> ParsedDocuments:
        apart.append(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(reading, "read_isolated", noting)
    large = b"text\n" + b"a line of text\n" * 80_000
    files = [("a.csv", b"text\nx\n"), ("b.xlsx", BOOK), ("c.XLSM", BOOK), ("d.csv", large)]
    found = done(manager, files)
    assert apart == ["b.xlsx", "c.XLSM", "d.csv"]
    assert [len(parsed.documents) for parsed in found] == [1, 1, 1, 80_000]
    assert found[1] == read_documents("b.xlsx", BOOK)


def test_columns_and_sheet_are_those_that_were_asked_for(manager: JobManager) -> None:
    """The choice goes into the other process and comes back with the names to choose from."""
    (parsed,) = done(manager, [("b.xlsx", BOOK)], {"sheet": "New", "text": "words", "title": "name", "id": "sku"})
    assert [(one.text, one.id) for one in parsed.documents] == [("new", "a")]
    assert (parsed.sheet, parsed.sheets) == ("New", ("Old", "New"))
    with pytest.raises(InvalidDocumentsError, match="no sheet called 'Gone'"):
        done(manager, [("b.xlsx", BOOK)], {"sheet": "Gone"})


@pytest.mark.slow
def test_a_hostile_workbook_costs_a_message(manager: JobManager) -> None:
    """The other files of the job are read all the same."""
    entries = [("xl/workbook.xml", "<workbook/>"), ("xl/sheet.xml", b" " * 300_000_000)]
    bad, good = done(manager, [("bomb.xlsx", made.zipped(entries)), ("a.txt", b"text")])
    assert not bad.documents
    assert "unpacks to" in bad.problems[0].reason
    assert len(good.documents) == 1


def test_a_cancel_keeps_the_files_that_were_read(manager: JobManager) -> None:
    """Each file is handed over as soon as it has been read."""
    heard: list[tuple[int, int]] = []

    def on_read(place: int, parsed: ParsedDocuments) -> None:
        heard.append((place, len(parsed.documents)))
        manager.jobs("me")[0].cancel()

    job = manager.submit(read_files, [("a.txt", b"text"), ("b.txt", b"more")], on_read=on_read, owner="me")
    assert job.wait(PATIENCE)
    with pytest.raises(Cancelled):
        job.result()
    assert heard == [(0, 1)]


def test_a_full_file_keeps_what_came_before(manager: JobManager) -> None:
    """A table with more text than an import may hold is cut off with a sentence, not called damaged."""
    data = b"text\n" + b"a line of text\n" * 80_000
    (parsed,) = done(manager, [("d.csv", data)], limits=Limits(text_characters=1400))
    assert len(parsed.documents) == 100
    assert [reason for _, reason in parsed.problems] == [
        "This file holds more than 1,400 characters of text; what came after them was not read."
    ]


def test_title_and_link_are_found_under_their_own_names() -> None:
    """The chosen columns are what a search shows; a column of that name that was not chosen makes room."""
    data = b"id,title,headline,body,link\n1,Mrs,Boots,Waterproof boots,https://example.org/1\n"
    columns = {"text": "body", "title": "headline", "url": "link"}
    (document,) = with_source(read_documents("kb.csv", data, columns), "kb.csv")
    assert document.metadata["title"] == "Boots"
    assert document.metadata["title column"] == "Mrs"
    assert document.metadata["url"] == "https://example.org/1"
    assert document.metadata["file"] == "kb.csv"
    (none,) = with_source(read_documents("kb.csv", data, {"text": "body", "title": ""}), "kb.csv")
    assert "title" not in none.metadata
    (usual,) = with_source(read_documents("kb.csv", b"title,body\nBoots,Wide boots\n"), "kb.csv")
    assert usual.metadata["title"] == "Boots"


def test_a_file_inside_an_archive_keeps_its_own_name() -> None:
    """What a ZIP says of the place of a document is more than the name of the ZIP."""
    parsed = read_documents("all.zip", made.zipped([("notes/a.txt", "text")]))
    (document,) = with_source(parsed, "all.zip")
    assert document.metadata["file"] == "all.zip/notes/a.txt"


def test_cutting_reports_and_stops_where_it_is_told() -> None:
    """What the report raises comes out, which is how a cancel reaches the work."""
    documents = [Document(f"First {n}.\n\nSecond {n}.") for n in range(120)]
    heard: list[tuple[int, int]] = []
    cut(documents, "paragraph", on_progress=lambda *at: heard.append(at))
    assert heard[0] == (0, 120)
    assert heard[-1] == (120, 120)

    def stop(at: int, _total: int) -> None:
        if at >= 50:
            raise Cancelled("stop")

    with pytest.raises(Cancelled):
        cut(documents, "paragraph", on_progress=stop)


def test_the_first_documents_are_as_many_as_fit_and_at_least_one() -> None:
    """A preview of what cutting does looks at no more than it is given time for."""
    documents = [Document("x" * 40) for _ in range(5)]
    assert len(first_of(documents, 100)) == 2
    assert len(first_of(documents, 10)) == 1
    assert first_of([], 10) == ()
    assert len(first_of(documents, 1000)) == 5
