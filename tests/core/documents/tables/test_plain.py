"""Rows that are cut all at once are those that are found line by line."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rerank_core.documents.limits import DEFAULT_LIMITS, Limits
from rerank_core.documents.tables import delimited
from rerank_core.documents.tables.plain import plain_rows
from rerank_core.documents.tables.rows import PlainRows, Row
from rerank_core.documents.tables.table import Table

CELLS = st.text(alphabet="ab ',;\"=\t\x00\x01\x02\x0b\x1c\x85\u2028é😀", max_size=4)
TEXTS = st.text(alphabet="a '\",;\n\r\x01\x02=", max_size=40)


def exactly(text: str, delimiter: str, limits: Limits = DEFAULT_LIMITS, *, by_quepid: bool = False) -> Table:
    """The table line by line, in the dialect that is given."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "plain_rows", lambda *_, **__: None)
        patch.setattr(delimited, "sniff", lambda text, prefer: delimited._dialect(text, delimiter, False))
        return delimited.read_delimited(text, limits, by_quepid=by_quepid)


def same(text: str, delimiter: str, *, by_quepid: bool = False) -> bool:
    """Whether the text is cut at once; then it must give the table that it gives line by line, without problems."""
    found = plain_rows(text, delimiter, DEFAULT_LIMITS, by_quepid=by_quepid)
    if found is not None:
        exact = exactly(text, delimiter, by_quepid=by_quepid)
        assert list(found) == list(exact.rows)
        assert replace(exact, rows=()) == Table(())
    return found is not None


@given(TEXTS, st.sampled_from(",;\t|"), st.booleans())
@example('a,"b""c"\r\n"",d\r\n', ",", False)
@example("a,b\nc\nd,e,f", ",", False)
@example('a,"b\n"', ",", False)
@example("a,b\n\nc,d\n\n\n", ",", True)
@example('a," =1"\n,\n', ",", True)
def test_any_text_cut_at_once_gives_the_rows_of_the_reader_of_lines(text: str, delimiter: str, by_quepid: bool) -> None:
    """A text is cut at once only where that gives the same rows, lines and cells, and nothing to say of them."""
    same(text, delimiter, by_quepid=by_quepid)


@given(
    st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=6),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_a_table_that_a_program_wrote_is_cut_at_once(rows: list[tuple[str, str, str]], end: str, quoting: int) -> None:
    """What Python's csv writes is cut at once unless a row is blank or a cell holds the two signs in use here, and
    gives what was written."""
    text = io.StringIO()
    csv.writer(text, lineterminator=end, quoting=quoting).writerows(rows)  # type: ignore[arg-type]
    blank = any(not any(map(str.strip, row)) for row in rows)
    odd = quoting == csv.QUOTE_MINIMAL and any(sign in cell for row in rows for cell in row for sign in "\x01\x02")
    if not blank and not odd:
        assert same(text.getvalue(), ",")


def test_rows_are_found_by_place_and_by_slice() -> None:
    """Rows have the numbers of their lines, also in a part of the table."""
    rows = plain_rows("a,b\nc,d\ne,f\n", ",", DEFAULT_LIMITS, line=2)
    assert isinstance(rows, PlainRows)
    assert len(rows) == 3
    assert rows[-1] == Row(4, ["e", "f"])
    assert list(rows[1:]) == [Row(3, ["c", "d"]), Row(4, ["e", "f"])]
    assert list(rows[::2]) == [Row(2, ["a", "b"]), Row(4, ["e", "f"])]
    assert rows.column(1) == ["b", "d", "f"]
    with pytest.raises(IndexError):
        rows[3]


@pytest.mark.parametrize(
    "limits",
    [Limits(rows=2), Limits(cells=5), Limits(columns=1), Limits(document_characters=2)],
    ids=["rows", "cells", "columns", "characters"],
)
def test_what_is_more_than_a_limit_is_left_to_the_reader_of_lines(limits: Limits) -> None:
    """A table beyond a limit is not cut at once, so that the sentence about the limit stays."""
    text = "a,b\nc,d\nabc,f\n"
    assert plain_rows(text, ",", limits) is None
    table = delimited.read_delimited(text, limits)
    assert table.problems or table.refused
