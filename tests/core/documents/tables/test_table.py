"""CSV, TSV and what becomes of rows, columns and headers."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents import Limits, ParsedDocuments, describe, read_documents
from rerank_core.documents.tables.delimited import sniff
from rerank_core.documents.tables.guess import guess_columns
from rerank_core.errors import InvalidDocumentsError


def read(text: str, columns: dict[str, str] | None = None, name: str = "kb.csv") -> ParsedDocuments:
    return read_documents(name, text.encode("utf-8", "surrogatepass"), columns)


def texts(parsed: ParsedDocuments) -> list[str]:
    return [document.text for document in parsed.documents]


def written(rows: Sequence[Sequence[str]], **dialect: str) -> str:
    stream = io.StringIO(newline="")
    csv.writer(stream, **dialect).writerows(rows)  # type: ignore[arg-type]
    return stream.getvalue()


def test_columns_find_their_roles_and_the_rest_is_metadata() -> None:
    """Text and id leave the metadata, everything else stays in it as the string it is."""
    parsed = read("SKU,Title,Body,Rank,Score,URL,Price\n007,T,the text,2,0.50,https://e.org,1.00\n")
    (document,) = parsed.documents
    assert (document.text, document.id) == ("the text", "007")
    assert document.metadata == {"Title": "T", "Rank": "2", "Score": "0.50", "URL": "https://e.org", "Price": "1.00"}
    assert parsed.chosen == {
        "text": "Body",
        "id": "SKU",
        "title": "Title",
        "rank": "Rank",
        "score": "Score",
        "url": "URL",
    }
    assert parsed.columns == ("SKU", "Title", "Body", "Rank", "Score", "URL", "Price")
    assert (parsed.mode, parsed.source, describe(parsed)) == ("csv", "kb.csv", "1 document")


def test_columns_can_be_chosen() -> None:
    """A chosen column wins over a guess, an empty choice means none, and case may differ."""
    text = "id,text,note\n1,a,b\n"
    assert texts(read(text, {"text": "note"})) == ["b"]
    assert texts(read(text, {"text": "NOTE"})) == ["b"]
    parsed = read(text, {"text": "note", "id": ""})
    assert (parsed.documents[0].id, parsed.documents[0].metadata) == (None, {"id": "1", "text": "a"})
    assert read(text, {"id": "note"}).documents[0].id == "b"


@pytest.mark.parametrize("columns", [{"text": "Body"}, {"id": "nope"}, {"colour": "text"}, {"header": "maybe"}])
def test_an_unknown_column_or_role_is_the_callers_mistake(columns: dict[str, str]) -> None:
    """The error names what there is."""
    with pytest.raises(InvalidDocumentsError) as caught:
        read("id,text\n1,a\n", columns)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        (["id", "notes", "answer"], [["1", "a long long long note", "short"]], "answer"),
        (["a", "b"], [["x", "the longer text"]], "b"),
        (["Body (HTML)", "Handle"], [["x", "the longer text"]], "Body (HTML)"),
        (["text_id", "words"], [["123456789012345", "two words"]], "words"),
        (["link", "c"], [["https://example.org/a/very/long/address", "text here"]], "c"),
        (["text", "content"], [["", "filled"]], "content"),
        (["name", "price"], [["Lamp", "19.99"]], "name"),
        (["pageContent", "x"], [["a", "longer than that"]], "pageContent"),
    ],
)
def test_the_text_column_is_guessed(header: list[str], rows: list[list[str]], expected: str) -> None:
    """By its name first, else by the longest text; an address, a number or an empty column is no text."""
    assert guess_columns(header, rows).chosen["text"] == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("name", ["kb.csv", "kb.tsv"])
def test_delimiters_are_recognised(delimiter: str, name: str) -> None:
    """Whatever the ending says, the separator that holds is used, line breaks and quotes inside cells included."""
    rows = [["id", "text", "price"], ["1", 'a, b; c | d\t"e"\r\nnext line', "1,5"], ["2", "plain", "2,50"]]
    parsed = read(written(rows, delimiter=delimiter), name=name)
    assert [(d.id, d.text, d.metadata["price"]) for d in parsed.documents] == [
        ("1", 'a, b; c | d\t"e"\r\nnext line', "1,5"),
        ("2", "plain", "2,50"),
    ]


def test_semicolons_win_over_decimal_commas() -> None:
    """A comma in every row but the header is no separator."""
    assert sniff("name;score\nLampe;1,5\nTisch;2,5\n").delimiter == ";"
    assert sniff("a;b\n1,5;2,5\n3,5;4,5\n").delimiter == ";"


def test_excels_separator_line_is_obeyed() -> None:
    """The line is no row, and the lines below keep their numbers."""
    parsed = read("sep=;\nid;text\n1;a,b\n2;\n")
    assert (texts(parsed), parsed.problems[0].line) == (["a,b"], 4)


def test_a_space_after_each_separator_is_no_part_of_the_cells() -> None:
    """Then quotation marks after the space hold separators, too."""
    assert texts(read('id, text\n1, "a, b"\n2, c\n')) == ["a, b", "c"]


def test_a_single_column_needs_no_quotes() -> None:
    """A list of texts, with or without a header, may hold commas."""
    assert texts(read("text\nHello, world\nBye, now, then\n")) == ["Hello, world", "Bye, now, then"]
    assert texts(read("Hello, world\nBye\nOne, two, three\n")) == ["Hello, world", "Bye", "One, two, three"]
    quoted = read('text\n"Hello,\n""world"""\n"So" he said\n"open\n')
    assert texts(quoted) == ['Hello,\n"world"', '"So" he said', '"open']


def test_headers_are_told_from_data() -> None:
    """Sentences, numbers and ids that go on below are data; a note says what was decided."""
    headerless = read("kb-1,How to reset\nkb-2,Contact us\nkb-3,Billing\n")
    assert texts(headerless) == ["How to reset", "Contact us", "Billing"]
    assert headerless.chosen == {"text": "Column 2"}
    assert "does not look like column names" in headerless.notes[0]
    assert len(read("Reset it.,x y\nCall us.,z\n").documents) == 2
    named = read("Wer,Was\nWie?,So wird es gemacht\n")
    assert texts(named) == ["So wird es gemacht"]
    assert named.notes == ("The first row was read as the names of the columns.",)


def test_the_header_can_be_decided() -> None:
    """Where the guess is wrong, the caller says so."""
    assert texts(read("text\na\n", {"header": "no"})) == ["text", "a"]
    assert texts(read("first\nsecond\n", {"header": "yes"})) == ["second"]


def test_column_names_are_made_unique() -> None:
    """Blank names get a number, doubles too; blank columns at the end that hold nothing go."""
    parsed = read("text,,text,text (2),,\na,b,c,d,,\n")
    assert parsed.columns == ("text", "Column 2", "text (2)", "text (2) (2)")
    assert parsed.documents[0].metadata == {"Column 2": "b", "text (2)": "c", "text (2) (2)": "d"}


def test_bad_rows_are_problems_with_true_line_numbers() -> None:
    """Line numbers count physical lines, those inside quotation marks included; good rows stay."""
    parsed = read('id,text\n1,"a\nb"\n2\n\n3,c,d\n4,\n5,e\n,,\n"6,f\n7,g\n')
    assert [(document.id, document.text) for document in parsed.documents] == [
        ("1", "a\nb"),
        ("5", "e"),
        ('"6', "f"),
        ("7", "g"),
    ]
    assert [tuple(problem) for problem in parsed.problems] == [
        (4, "This row has 1 cell, and the table 2 columns."),
        (
            6,
            "This row has 3 cells, and the table 2 columns. "
            "A text that holds the separator needs quotation marks around it.",
        ),
        (7, "The 'text' cell is blank."),
    ]
    assert describe(parsed) == "4 documents from 7 rows; 3 rows left out"


def test_lines_above_the_table_are_skipped_and_told() -> None:
    """A report's title in the first line does not become the header."""
    parsed = read("Export of 2024-05-01,,\nid,text,lang\n1,a,de\n")
    assert (texts(parsed), parsed.notes) == (["a"], ("1 line above the table was skipped.",))


@pytest.mark.parametrize("title", ["Our articles", "Our articles, as of May", "Our articles, as of May\n\nBy Ann"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_title_without_the_separators_of_the_table_is_skipped_too(title: str, delimiter: str) -> None:
    """What stands above the row of column names may have fewer cells, or commas of its own."""
    rows = [["id", "text", "lang"], ["1", "a", "de"], ["2", "b", "en"], ["3", "c", "en"], ["4", "d", "en"]]
    parsed = read("\n".join([title, *(delimiter.join(row) for row in rows)]))
    assert (texts(parsed), parsed.columns) == (["a", "b", "c", "d"], ("id", "text", "lang"))
    assert "above the table" in parsed.notes[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("names", ["id;subject;body", "Betreff;Text intern;Ort"])
@pytest.mark.parametrize(
    "title",
    [
        "Ticket export",
        "Ticket export\n",
        "Ticket export from Monday, 3 March",
        "Ticket export\nBy Ann; Monday, 3 March\n",
        "Export 2024{0}{0}",
        "Export 2024{0}{0}{0}",
    ],
)
def test_a_title_is_no_row_of_a_table_whatever_its_columns_are_called(title: str, names: str, delimiter: str) -> None:
    """Known names or not, with a blank line below it or with separators behind it, two rows are two documents."""
    rows = [names, "a;First body text;Bonn", "b;Second body text;Ulm"]
    content = "\n".join([title.format(delimiter), *(row.replace(";", delimiter) for row in rows)])
    parsed = read(content, {"text": names.split(";")[1]})
    assert (texts(parsed), parsed.problems) == (["First body text", "Second body text"], ())
    assert parsed.columns == tuple(names.split(";"))
    assert "above the table" in parsed.notes[0]


def test_a_title_with_as_many_commas_as_the_table_is_skipped_too() -> None:
    """Its commas have spaces behind them, and the names below it are known."""
    parsed = read("Ticket export from Monday, 3 March\nsubject,body\na,First body\nb,Second body\n")
    assert (texts(parsed), parsed.columns) == (["First body", "Second body"], ("subject", "body"))


@pytest.mark.parametrize(
    ("content", "columns", "expected"),
    [
        (
            ",text\n0,hello world this is\n1,another text here\n",
            ("Column 1", "text"),
            ["hello world this is", "another text here"],
        ),
        (",text\n0,answer\n1,review\n", ("Column 1", "text"), ["answer", "review"]),
        (",text,\n1,a,x\n2,b,y\n", ("Column 1", "text", "Column 3"), ["a", "b"]),
        ("text,\na,x\nb,y\n", ("text", "Column 2"), ["a", "b"]),
        (",Betreff\n0,hello world\n1,another\n", ("Column 1", "Betreff"), ["hello world", "another"]),
        ("Review,,\n,text,\n1,a,x\n2,b,y\n", ("Column 1", "text", "Column 3"), ["a", "b"]),
        (",Report,\n,text,lang\n,a,de\n,b,en\n", ("Column 1", "text", "lang"), ["a", "b"]),
        (
            ",Report,,\n,Betreff,Ort,Art\n,a b c,d,e\n,f g h,i,j\n",
            ("Column 1", "Betreff", "Ort", "Art"),
            ["a b c", "f g h"],
        ),
    ],
)
def test_a_header_with_one_name_is_no_title(content: str, columns: tuple[str, ...], expected: list[str]) -> None:
    """pandas writes no name for its index; a title stands in the first column that is used."""
    parsed = read(content)
    assert (parsed.columns, texts(parsed)) == (columns, expected)


@pytest.mark.parametrize(
    "content",
    [
        "Shopping ideas\nMilk, fresh\nBread, brown\nEggs, large",
        "Hats\nShoes,red and blue\nBoots, brown\nCoats, long\nScarfs, short",
        "Prices\nShoes 1,50\nBoots 2,50\nHats 3,50",
        "Home\nShoes | Shop\nHats | Shop\nCoats | Shop",
        "Shoes\nBoots, red\nDate, place\nHats, all of them\nCoats, long",
        "Date, place and time\nHats are here\nCoats are there",
        "The cat sat\nThe dog, too\nThe bird; a parrot",
    ],
)
def test_texts_with_commas_below_one_without_are_no_table(content: str) -> None:
    """A comma with a space behind it is punctuation, and the first text no title."""
    assert texts(read(content)) == content.split("\n")


def test_a_line_of_prose_that_holds_a_column_name_makes_no_table() -> None:
    """One text a line stays that, whatever words stand between its commas."""
    lines = ["Shoes", "Text, rank, all that", "Boots, and more", "Hats", "Coats"]
    assert texts(read("\n".join(lines))) == lines


def test_the_preview_shows_the_first_rows_as_they_are() -> None:
    """Five rows, good or bad, so that a person can choose columns."""
    parsed = read("id,text\n" + "".join(f"{n},t{n}\n" for n in range(9)))
    assert len(parsed.preview) == 5
    assert parsed.preview[0] == {"id": "0", "text": "t0"}


def test_limits_of_tables_have_their_sentences() -> None:
    """Too many columns or cells keep what fits."""
    wide = read_documents("a.csv", b"text,b,c\nx,y,z\n", limits=Limits(columns=2))
    assert (texts(wide), wide.columns) == (["x"], ("text", "b"))
    assert wide.problems[0] == (0, "The table has more than 2 columns; only the first 2 were read.")
    long = read_documents("a.csv", b"text,b\n" + b"x,y\n" * 10, limits=Limits(cells=8))
    assert long.problems[-1].reason == "The table has more than 8 cells; what follows was not read."
    assert texts(long) == ["x"] * 4


def test_a_cell_may_be_longer_than_the_csv_module_allows() -> None:
    """The module's own limit of 131,072 characters does not apply."""
    assert len(texts(read('id,text\n1,"' + "long, " * 40_000 + '"\n'))[0]) == 240_000


CELL = st.text(st.characters(exclude_categories=(), exclude_characters="\ufeff"), max_size=12)


@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=8), st.sampled_from(",;\t|"), st.sampled_from(["\n", "\r\n"]))
@settings(deadline=None, max_examples=200)
def test_what_csv_writes_is_read(rows: list[tuple[str, str, str]], delimiter: str, end: str) -> None:
    """Any cells that a CSV writer writes come back exactly, but for rows without text."""
    # a quote anywhere keeps an empty first cell apart from an empty row; odd control characters alone are binary
    full = [("id", "text", "score"), ("x", "plain text to keep the share of control characters low " * 20, "1"), *rows]
    text = written(full, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)  # type: ignore[arg-type]
    parsed = read(text, {"text": "text", "id": "id"})
    controls = set(map(chr, [*range(9), *range(14, 27), *range(28, 32), 127]))
    expected = [
        (cells[1], cells[0].strip() or None, {"score": cells[2]})
        for cells in full[1:]
        if cells[1].strip() and sum(char in controls for char in cells[1]) <= 0.3 * len(cells[1])
    ]
    assert [(d.text, d.id, d.metadata) for d in parsed.documents] == expected


@given(st.text(st.sampled_from('ab",;|\t\n\r \x00é'), max_size=80))
@settings(deadline=None, max_examples=400)
def test_any_separated_text_is_read_within_its_lines(text: str) -> None:
    """Random separators and quotation marks never raise, and problems lie within the file."""
    parsed = read("id,text\n1,a\n" + text)
    last = text.count("\n") + text.count("\r") + 3
    assert all(0 <= problem.line <= last for problem in parsed.problems)
    assert parsed.rows == len(parsed.documents) + parsed.left_out


def test_ten_thousand_rows_are_ten_thousand_documents() -> None:
    """A large table is read whole and in order."""
    parsed = read(written([["id", "text"], *([str(n), f"Some text, number {n}. "] for n in range(10_000))]))
    assert [document.id for document in parsed.documents] == [str(n) for n in range(10_000)]


@pytest.mark.parametrize(
    "hostile",
    [
        '"' * 100_001,
        'a,"\n' * 20_000,
        'a,"""\n' * 20_000,
        '"a\n' * 20_001,
        '"\n""' * 20_000,
        "," * 300_000,
        "text" + "," * 1000 + "\n" + "x\n" * 5000,
        "text,b\n" + "1" * 100_000 + "x," + " " * 100_000,
        "sep=\x00\na\x00b\n",
        'sep="\na"b\n',
        "\x1f,a\n\x1f,b",
    ],
)
def test_hostile_tables_end_in_sentences(hostile: str) -> None:
    """Quotation marks without end, endless columns and odd separators neither raise nor hang."""
    parsed = read(hostile)
    assert parsed.documents or parsed.problems


def test_a_table_without_texts_says_so_once() -> None:
    """One sentence names the cure, and the columns are there to choose from."""
    parsed = read("count,date\n12,2024-01-05\n13,2024-01-06\n")
    assert (parsed.documents, parsed.rows, parsed.columns) == ((), 2, ("count", "date"))
    assert [problem.reason for problem in parsed.problems] == [
        "No column looks like texts. Choose the column that holds the texts."
    ]
    assert parsed.samples == {"count": ("12", "13"), "date": ("2024-01-05", "2024-01-06")}
