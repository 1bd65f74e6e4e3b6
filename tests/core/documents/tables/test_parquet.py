"""Documents as Parquet: the columns of a table, in a process of its own."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from rerank_core.documents import read_documents, read_isolated
from rerank_core.documents.decoding import Unreadable
from rerank_core.documents.direct import read_directly
from rerank_core.documents.limits import DEFAULT_LIMITS
from rerank_core.documents.reading import read_files
from tests.support.made_files import zipped


def made(**columns: list[Any]) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


SHOP = made(
    sku=["S1", "S2"],
    name=["Desk lamp", None],
    description=["<p>A lamp for the <b>desk</b></p>", "A cable of two metres"],
    price=[19.5, 4.0],
    vector=[[0.1, 0.2], [0.3, 0.4]],
)


def test_columns_are_guessed_as_in_a_spreadsheet() -> None:
    """Title, id and text; HTML in a field is read as text, a vector is left out and named, numbers are as written."""
    parsed = read_documents("shop.parquet", SHOP)
    assert [(d.id, d.text, d.metadata["name"], d.metadata["price"]) for d in parsed.documents] == [
        ("S1", "A lamp for the desk", "Desk lamp", "19.5"),
        ("S2", "A cable of two metres", "", "4.0"),
    ]
    assert parsed.mode == "parquet"
    assert parsed.header is None
    assert not parsed.problems
    assert "The vectors under 'vector' are not read." in parsed.notes
    chosen = read_documents("shop.parquet", SHOP, {"text": "name", "id": ""})
    assert [document.text for document in chosen.documents] == ["Desk lamp"]


def test_the_process_gives_what_a_direct_reader_gives() -> None:
    """Also from within a ZIP archive."""
    direct = replace(read_directly("parquet", "shop.parquet", SHOP, {}, DEFAULT_LIMITS), source="shop.parquet")
    assert read_isolated("shop.parquet", SHOP) == read_documents("shop.parquet", SHOP) == direct
    archive = read_documents("all.zip", zipped([("in/shop.parquet", SHOP)]))
    assert [document.text for document in archive.documents] == ["A lamp for the desk", "A cable of two metres"]


def test_a_page_reads_it_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """However small it is."""
    asked: list[str] = []

    def isolated(name: str, data: bytes, columns: object, **_: object) -> object:
        asked.append(name)
        return read_documents(name, data)

    class Context:
        cancelled = False

        def progress(self, *_: object, **__: object) -> None:
            """Nobody looks."""

    monkeypatch.setattr("rerank_core.documents.reading.read_isolated", isolated)
    read_files(Context(), [("shop.parquet", SHOP)])  # type: ignore[arg-type]
    assert asked == ["shop.parquet"]


@settings(max_examples=60)
@given(st.data())
def test_damaged_files_are_one_sentence(data: st.DataObject) -> None:
    """Whatever bytes are missing or others."""
    place = data.draw(st.integers(4, len(SHOP) - 1))
    damaged = SHOP[:place] + data.draw(st.binary(max_size=8)) + SHOP[place + data.draw(st.integers(0, 8)) :]
    with suppress(Unreadable):
        parsed = read_directly("parquet", "shop.parquet", damaged, {}, DEFAULT_LIMITS)
        assert parsed.documents or parsed.problems


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.parquet", b"id,text\n1,one\n", "This file's name says Parquet file, but it is something else."),
        ("a.csv", SHOP, "This file is a Parquet file although its name ends in .csv. Rename it to .parquet."),
        ("a.parquet", made(text=[]), "This Parquet file holds no rows."),
        ("a.parquet", made(price=[1.5, 2.5], stock=[1, 2]), None),
    ],
)
def test_what_gives_no_documents_says_why(name: str, content: bytes, reason: str | None) -> None:
    parsed = read_documents(name, content)
    assert not parsed.documents
    assert parsed.problems
    assert reason is None or parsed.problems[0].reason == reason


def test_more_than_the_limits_is_refused() -> None:
    few = read_documents("shop.parquet", SHOP, limits=replace(DEFAULT_LIMITS, rows=1))
    assert few.problems[0].reason == "This Parquet file has 2 rows; at most 1 of so many columns are read."
    small = read_documents("shop.parquet", SHOP, limits=replace(DEFAULT_LIMITS, expanded_bytes=100))
    assert "unpacks to" in small.problems[0].reason
