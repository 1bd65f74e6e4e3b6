"""Columns of a PDF: prose that was drawn across them comes column after column; a table stays row by row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pypdfium2 as pdfium
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.documents.extract import read
from rerank_core.documents.extract.page_columns import in_columns
from rerank_core.documents.extract.sink import Sink, SourceFile
from rerank_core.documents.limits import DEFAULT_LIMITS
from rerank_core.models import Document
from tests.support import made_files as made

LEFT = """The harbour was built when the town
still lived from its fish and salt,
and the first ships that came here
were small ones with a single mast.
Later the harbour was made deeper
so that larger vessels could enter
and the fish was sold far away from
here, in towns that had no coast.
All of it went by water, since the
roads were bad for half of the year
and the bridges no more than wood.""".splitlines()
RIGHT = """Today the harbour is a place where
people walk in the evening and look
at the boats of those who can afford
them. A museum shows the nets, the
salt barrels and the lists of those
who did not come back from the sea,
which are longer than anybody who
visits for the first time expects.
The old crane turns once a year for
the children of the town, who pull
the ropes and are given a fresh roll.""".splitlines()
TITLE = "A history of the harbour, from its beginnings to what it is today"


def at(x: float, y: float, text: str) -> bytes:
    """One piece of text at its place, in points."""
    return b"1 0 0 1 %.1f %.1f Tm (%s) Tj" % (x, y, text.encode("cp1252"))


def page(pieces: Iterable[bytes]) -> bytes:
    """A page with these pieces."""
    return b"BT /F1 11 Tf " + b" ".join(pieces) + b" ET"


def across(*columns: Sequence[str], left: float = 72, width: float = 258, step: float = 14) -> list[bytes]:
    """Lines drawn across the columns."""
    return [
        at(left + width * place, 700 - step * line, text)
        for line, row in enumerate(zip(*columns, strict=True))
        for place, text in enumerate(row)
        if text
    ]


def text_of(*pieces: bytes) -> str:
    """The text of a PDF with one such page."""
    found: list[Document] = []

    def ignore(*_: object) -> None:
        """Nothing else is looked at."""

    sink = Sink(DEFAULT_LIMITS, on_document=found.append, on_problem=ignore, on_note=ignore, on_progress=ignore)
    read("pdf", made.pdf([page(pieces)]), SourceFile(sink, "a.pdf"))
    return "\n".join(document.text for document in found)


def test_prose_drawn_across_two_columns_comes_column_after_column() -> None:
    """With the title above and the page number below where they stand."""
    pieces = [at(72, 740, TITLE), *across(LEFT, RIGHT), at(72, 500, "Page 1")]
    assert text_of(*pieces) == "\n".join([TITLE, *LEFT, *RIGHT, "Page 1"])
    assert text_of(*across(LEFT, RIGHT)) == "\n".join([*LEFT, *RIGHT])


def test_prose_that_was_drawn_column_after_column_stays_so() -> None:
    """PDFium has it right by itself."""
    pieces = [*across(LEFT), *across(RIGHT, left=330)]
    assert text_of(*pieces) == "\n".join([*LEFT, *RIGHT])


def test_columns_whose_pieces_are_words_are_told_too() -> None:
    """Some programs place every word."""

    def spaced(x: float, y: float, line: str) -> list[bytes]:
        found = []
        for word in line.split():
            found.append(at(x, y, word))
            x += sum(3 if letter in "iljftrI.," else 9 if letter in "mwMW" else 6.2 for letter in word) + 4
        return found

    pieces = [
        piece
        for number, row in enumerate(zip(LEFT, RIGHT, strict=True))
        for x, line in zip((72, 330), row, strict=True)
        for piece in spaced(x, 700 - 14 * number, line)
    ]
    words = text_of(*pieces).split()
    assert words == " ".join([*LEFT, *RIGHT]).split()


def test_a_word_that_is_broken_at_the_end_of_a_column_line_is_one() -> None:
    """As in a page of one column."""
    left = [*LEFT[:4], "Later the whole of the old har-", "bour was made deeper by the town", *LEFT[6:]]
    found = text_of(*across(left, RIGHT))
    assert "old harbour was made deeper" in found.replace("\n", " ")


def test_three_columns_come_one_after_the_other() -> None:
    """Every strip that no letter crosses is a cut."""
    narrow = [["the sea and all its", "long shores from here"][number % 2] for number in range(11)]
    middle = [["were seen by the men", "who came to the town"][number % 2] for number in range(11)]
    last = [["before they went home", "and slept until noon"][number % 2] for number in range(11)]
    assert text_of(*across(narrow, middle, last, left=50, width=180)) == "\n".join([*narrow, *middle, *last])


TABLE = [
    ("Wall mount", "holds screens of up to 40 kg, with two arms and a cover"),
    ("Standing desk", "goes from 70 to 120 cm, remembers four heights of it"),
    ("Lamp", "shines warm or cold and folds up to the size of a hand"),
    ("Folding chair", "carries 120 kg and can be stacked, eight on each other"),
]


def test_a_table_drawn_by_rows_stays_row_by_row() -> None:
    """Short cells begin anew in every row."""
    rows = TABLE * 5
    drawn = across([name for name, _ in rows], [text for _, text in rows], width=130)
    assert text_of(*drawn) == "\n".join(f"{name} {text}" for name, text in rows)


def test_a_table_of_sentences_stays_row_by_row() -> None:
    """Each cell is a sentence of its own, however full its line."""
    questions = ["How do I get my money back here?", "Where can I see what I have paid?"] * 6
    answers = ["Open Orders and choose Send back.", "All invoices are in your account."] * 6
    assert text_of(*across(questions, answers)) == "\n".join(
        f"{one} {two}" for one, two in zip(questions, answers, strict=True)
    )


def test_cells_of_several_lines_stay_cell_by_cell() -> None:
    """Drawn cell after cell: the rows of a table and no columns of a page."""
    pieces, expected = [], []
    for begin in range(0, 9, 3):
        for x, lines in ((72, LEFT[begin : begin + 3]), (330, RIGHT[begin : begin + 3])):
            pieces += [at(x, 700 - 14 * (begin + number), line) for number, line in enumerate(lines)]
            expected += lines
    assert text_of(*pieces) == "\n".join(expected)


@pytest.mark.parametrize("columns", [(LEFT,), (LEFT[:4], RIGHT[:4]), ([line.upper() for line in LEFT], RIGHT)])
def test_where_it_is_unsure_the_text_stays_as_it_was_drawn(columns: tuple[Sequence[str], ...]) -> None:
    """One column, a few lines, capital letters."""
    expected = "\n".join(" ".join(row) for row in zip(*columns, strict=True))
    assert text_of(*across(*columns)) == expected


WORD = st.sampled_from(["harbour", "town", "Fish", "salt.", "12", "|", "a-b", "und", "Straße", "the", "of", "har-"])
PIECE = st.tuples(st.integers(0, 500), st.integers(0, 55), st.lists(WORD, min_size=1, max_size=7).map(" ".join))


@given(st.lists(PIECE, max_size=40))
@settings(max_examples=60, deadline=None)
def test_no_letter_is_lost_or_doubled_wherever_pieces_stand(pieces: list[tuple[int, int, str]]) -> None:
    """Beside columns too, every letter comes as often as without a thought of columns."""
    drawn = [*across(LEFT, RIGHT), *(at(20 + x, 20 + 14 * y, text) for x, y, text in pieces)]
    book = pdfium.PdfDocument(made.pdf([page(drawn)]))
    words = book[0].get_textpage()
    text = words.get_text_range()
    found = in_columns(words, text, pdfium)
    assert sorted(filter(str.isalnum, found)) == sorted(filter(str.isalnum, text))
