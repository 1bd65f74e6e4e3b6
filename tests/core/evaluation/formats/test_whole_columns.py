"""A table that is taken over column by column is the same import as row by row."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rerank_core.evaluation.formats import table
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.registry import read_directly

NAMES = ("query", "query_id", "document", "id", "rating", "colour", "rank")
FEW = st.sampled_from(["", " ", "a", "b", " a ", "c", "#N/A", "'=a", "<b>a</b>"])
RATINGS = st.sampled_from(["", "0", "1", "2", " 2", "good", "bad", '[{"rating": 2}]', "#REF!", "n/a"])


@st.composite
def tables(draw: st.DrawFn) -> str:
    """A small table in which rows repeat, contradict one another and have blanks, or do not."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=5, unique=True))
    cells = {
        name: RATINGS if name == "rating" else st.sampled_from(["1", "2", ""]) if name == "rank" else FEW
        for name in names
    }
    rows = draw(st.lists(st.tuples(*(cells[name] for name in names)), max_size=8))
    if draw(st.booleans()):  # each row of its own, which is where columns are taken
        rows = [
            tuple(
                f"{number // 2} {cell}"
                if name in ("query", "query_id")
                else f"{cell}{number}"
                if name != "rating"
                else cell
                for name, cell in zip(names, row, strict=True)
            )
            for number, row in enumerate(rows)
        ]
    text = io.StringIO()
    csv.writer(text).writerows([names, *rows])
    return text.getvalue()


def one_by_one(text: str) -> Imported:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(table, "take_columns", lambda *_, **__: False)
        return read_directly("set.csv", text.encode(), "table", {})


def in_order(value: object) -> object:
    """A value with the order of its entries, which comparing mappings leaves out."""
    return [(key, in_order(entry)) for key, entry in value.items()] if isinstance(value, dict) else value


@given(tables())
@example("query,document,rating\r\nq,a,1\r\nr,a,\r\nq,b,0\r\n")
@example("query,id,rating\r\nq,a,good\r\nr,b,bad\r\n")
@example("query,id,document,colour\r\nq,1,a,red\r\nr,1,a,red\r\n")
@example("query,id,document,colour\r\nq,1,a,red\r\nr,1,b,blue\r\n")
@example("query_id,query,document\r\n1,a,x\r\n1,b,y\r\n")
def test_columns_give_what_rows_give(text: str) -> None:
    """Every field of the import is the same, problems and the order of entries included."""
    found, exact = read_directly("set.csv", text.encode(), "table", {}), one_by_one(text)
    for field in fields(Imported):
        assert in_order(getattr(found, field.name)) == in_order(getattr(exact, field.name)), field.name


def test_a_clean_table_is_taken_by_its_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Queries with documents and ratings, each pair once, are taken at once and not row by row."""
    monkeypatch.setattr(table, "_add", None)
    read = read_directly("set.csv", b"query,document,rating\nq,a,2\nq,b,\nr,a,0\n", "auto", {})
    assert read.run == {"q": ("a", "b"), "r": ("a",)}
    assert read.judgments == {"q": {"a": 2}, "r": {"a": 0}}
    assert read.documents == {"a": "a", "b": "b"}
    assert not read.problems
