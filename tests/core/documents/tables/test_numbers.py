"""Numbers in cells: decimal commas are a property of the column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import Document
from rerank_core.documents.order import order_by
from rerank_core.documents.tables.numbers import has_decimal_commas, with_points
from rerank_core.evaluation import read


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["0,91", "0,125", "12,345"], ["0.91", "0.125", "12.345"]),
        (["1.234,5", "2", "12,5"], ["1234.5", "2", "12.5"]),
        (["91%", "87,5 %", "3"], ["91", "87.5", "3"]),
        (["1,234.5", "12,345"], ["1234.5", "12,345"]),
        (["1,000", "2,000"], ["1,000", "2,000"]),
        (["1.5", "0,5"], ["1.5", "0,5"]),
        (["1e-3", "-2", "+3"], ["1e-3", "-2", "+3"]),
        (["n/a", "", "0,5"], ["n/a", "", "0.5"]),
    ],
)
def test_a_column_says_what_its_commas_are(cells: list[str], expected: list[str]) -> None:
    """Where nothing in it can tell, and where its cells disagree, a cell stays what it is."""
    commas = has_decimal_commas(cells)
    assert [with_points(cell, commas=commas) for cell in cells] == expected


@given(st.lists(st.decimals(-10_000, 10_000, places=2), min_size=1, max_size=10))
def test_numbers_with_decimal_commas_come_back(numbers: list[object]) -> None:
    """Whatever the numbers are, a column written with decimal commas has the same values."""
    cells = [str(number).replace(".", ",") for number in numbers]
    commas = has_decimal_commas(cells)
    assert [float(with_points(cell, commas=commas)) for cell in cells] == [float(str(number)) for number in numbers]


def test_the_best_score_is_the_first_result() -> None:
    """12,345 beside 0,91 is about twelve, in a query set and in a list of documents."""
    rows = "query;document;id;score;rating\na;b c;7;0,91;3\na;d e;8;0,125;0\na;f g;9;12,345;1\n"
    imported = read("german.csv", rows.encode())
    assert imported.run == {"a": ("9", "7", "8")}
    assert imported.scores["a"]["9"] == 12.345
    assert not imported.problems
    grouped = read("a.csv", b"query;id;score;rating\na;1;91%;1\na;2;1.234,5;2\na;3;87,5 %;1\n")
    assert grouped.run == {"a": ("2", "1", "3")}
    documents = [Document(cell, None, {"score": cell}) for cell in ("0,91", "0,125", "12,345")]
    assert [document.text for document in order_by(documents, "score").documents] == ["12,345", "0,91", "0,125"]
