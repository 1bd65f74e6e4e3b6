"""Quotation marks in delimited texts: those that enclose, and those that are characters."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import ParsedDocuments, read_documents
from rerank_core.documents.limits import DEFAULT_LIMITS
from rerank_core.documents.tables.delimited import read_delimited
from rerank_core.evaluation import read

CASES = Path(__file__).parents[4] / "tests" / "data" / "cases"


def case(name: str) -> ParsedDocuments:
    return read_documents(name, (CASES / name).read_bytes())


def table(text: str) -> list[list[str]]:
    return [list(row.cells) for row in read_delimited(text, DEFAULT_LIMITS).rows]


def test_a_field_swallows_no_lines() -> None:
    """A mark that begins a cell and one that ends a cell three lines below are characters, which a note says."""
    parsed = case("39-tsv-quotes.tsv")
    assert [(document.id, document.text) for document in parsed.documents] == [
        ("1", '"Quick start: unpack, plug in'),
        ("2", "A second passage in the middle"),
        ("3", "A third passage"),
        ("4", 'The screen measures 19"'),
        ("5", "last one"),
    ]
    assert not parsed.problems
    assert parsed.notes == ("A quotation mark that opens and closes nothing was read as a character, in line 2.",)


@pytest.mark.parametrize(
    "text",
    [
        'id,text\n1,"Quick start\n2,A second passage\n3,A third\n4,The screen measures 19"\n5,last\n',
        'id;lang;text\n1;en;"Quick start, now\n2;en;A second\n3;en;A third\n4;en;Measures 19"\n5;en;last\n',
        'id|text\n1|"open\n2|b\n3|c\n4|d\n5|e "quoted" here\n',
        'id,text\n1,"so" he said\n2,b\n3,c\n4,d\n5,"e, e"\n',
    ],
    ids=["commas", "semicolons", "never closes", "closes within"],
)
def test_neighbours_of_a_swallowed_row(text: str) -> None:
    """Each line is a row, whatever the separator is and wherever the mark seems to close."""
    parsed = read_documents("a.csv", text.encode())
    assert [document.id for document in parsed.documents] == ["1", "2", "3", "4", "5"]
    assert not parsed.problems
    assert "read as a character" in parsed.notes[0]


def test_one_column_swallows_no_lines() -> None:
    """An inch at the end of a line closes no mark that stands before it; a cell that a writer quoted stays whole."""
    parsed = read_documents("a.csv", b'text\n"Quick start\nA second\nThe screen measures 19"\nlast\n')
    assert [document.text for document in parsed.documents] == [
        '"Quick start',
        "A second",
        'The screen measures 19"',
        "last",
    ]
    comma = read_documents("a.csv", b'text\n"Quick start\nA second, with a comma\nand the end"\nlast, at last\n')
    assert len(comma.documents) == 4
    whole = read_documents("a.csv", b'text\n"Dear Sir\n\nwe come"\nlast, at last\n"a, b"\n')
    assert [document.text for document in whole.documents] == ["Dear Sir\n\nwe come", "last, at last", "a, b"]


def test_rated_rows_keep_their_queries() -> None:
    """No rating moves to another query: tables and `query,docid,rating` are read by the same reader."""
    rows = 'query\tdocument\trating\n"quick start\td one\t3\nport\td two\t0\nscreen 19"\td three\t2\n'
    imported = read("a.tsv", rows.encode())
    assert imported.judgments == {'"quick start': {"d one": 3}, "port": {"d two": 0}, 'screen 19"': {"d three": 2}}
    judged = read("a.csv", b'query,docid,rating\n"quick start,d1,3\nport,d2,0\nscreen 19",d3,2\nlast,d4,1\n')
    assert judged.judgments == {
        '"quick start': {"d1": 3},
        "port": {"d2": 0},
        'screen 19"': {"d3": 2},
        "last": {"d4": 1},
    }


def test_a_row_that_could_not_be_read_is_said_in_a_query_set() -> None:
    """Where a mark opens and the row has other cells than the table, the line is named."""
    imported = read("a.csv", b'query,document,rating\na,"b,c,3\nd,e,1\nf,g,2\n')
    assert [problem.line for problem in imported.problems] == [2]


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        (
            "37-backslash-quotes.csv",
            ['He said "restart the router", then it worked', "plain text here", 'size 19" monitor, black'],
        ),
        ("203-mysql-backslash.csv", ['a "quoted" word, here', "plain, text"]),
        ("204-json-in-csv.csv", ["How to reset", "Where is it"]),
    ],
)
def test_a_backslash_makes_a_mark_a_character(name: str, texts: list[str]) -> None:
    """As MySQL and Spark write them; nothing is refused."""
    parsed = case(name)
    assert [document.text for document in parsed.documents] == texts
    assert not parsed.problems


def test_backslashes_that_escape_nothing_stay() -> None:
    """A path that ends a cell, and a path beside an escaped mark."""
    assert table('id,path\n1,"C:\\new\\"\n2,"D:\\x"\n') == [["id", "path"], ["1", "C:\\new\\"], ["2", "D:\\x"]]
    rows = table('id,path,text\n1,"C:\\new","a \\"b\\", c"\n2,D:\\old,d\n')
    assert rows[1:] == [["1", "C:\\new", 'a "b", c'], ["2", "D:\\old", "d"]]
    assert case("204-json-in-csv.csv").documents[0].metadata == {"meta": '{"a": "b, c"}'}


def test_a_row_that_spans_lines_is_said() -> None:
    """Once a file, with the first line."""
    parsed = read_documents("a.csv", b'id,text\n1,"a\nb"\n2,c\n3,"d\n\ne"\n')
    assert [document.text for document in parsed.documents] == ["a\nb", "c", "d\n\ne"]
    assert parsed.notes == ("2 rows span several lines within quotation marks, the first in line 2.",)
    imported = read("a.csv", b'query,document\na,"b\nc"\n')
    assert imported.reading_notes == ("1 row spans several lines within quotation marks, in line 2.",)


DIALECTS = st.fixed_dictionaries(
    {
        "delimiter": st.sampled_from(",;\t|"),
        "lineterminator": st.sampled_from(["\n", "\r\n"]),
        "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
        "escaped": st.booleans(),
    }
)
WORDS = st.text(st.sampled_from('ab"é\\ ,;\t|\n'), max_size=12)


@given(st.lists(st.tuples(WORDS, WORDS), max_size=8), DIALECTS)
@settings(deadline=None, max_examples=300)
def test_what_any_dialect_writes_is_read(rows: list[tuple[str, str]], dialect: dict[str, object]) -> None:
    """Every row comes back as it was written. A cell whose every line is a row of the table by itself is left out: no
    reader can tell it from marks that are characters; so are backslashes in a cell without quotation marks."""
    options = dict(dialect)
    if options.pop("escaped") and options["quoting"] != csv.QUOTE_MINIMAL:
        options |= {"doublequote": False, "escapechar": "\\"}
    delimiter = str(options["delimiter"])
    rows = [row for row in rows if not any("\n" in cell and delimiter in cell for cell in row)]
    header = [("id", "title", "text"), ("kb-1", "plain", 'so "quoted" it is')]
    body = [(f"kb-{place}", *row) for place, row in enumerate(rows, 2)]
    stream = io.StringIO(newline="")
    csv.writer(stream, **options).writerows([*header, *body])  # type: ignore[arg-type]
    assert table(stream.getvalue()) == [list(row) for row in [*header, *body]]


@given(
    st.lists(st.text(st.sampled_from('ab"" é'), max_size=10), min_size=1, max_size=12),
    st.sampled_from(",;\t|"),
)
@settings(deadline=None, max_examples=300)
def test_random_marks_never_lose_a_line(cells: Sequence[str], delimiter: str) -> None:
    """Each line of a table is a row of the result, part of a row that is said to span lines, or a problem."""
    text = f"id{delimiter}text\n" + "".join(f"{place}{delimiter}{cell}x\n" for place, cell in enumerate(cells))
    found = read_delimited(text, DEFAULT_LIMITS)
    spanned = sum("\n" in cell for row in found.rows for cell in row.cells)
    lines = {row.line for row in found.rows} | {problem.line for problem in found.refused}
    if not spanned:
        assert lines == set(range(1, len(cells) + 2))
    assert (
        "".join(char for row in found.rows for cell in row.cells for char in cell).count("x")
        == len(cells) - len(found.refused) + 1
    )
