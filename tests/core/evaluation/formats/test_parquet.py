"""Parquet: the columns of a table, as pandas, ranx and the Hugging Face hub write them."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from rerank_core.evaluation import formats
from rerank_core.evaluation.formats.registry import read_directly
from rerank_core.evaluation.query_sets import sources


def made(**columns: list[Any]) -> bytes:
    stream = io.BytesIO()
    parquet.write_table(pa.table(columns), stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("columns", "judgments", "run"),
    [
        ({"query-id": [1, 1], "corpus-id": ["a", "b"], "score": [1, 0]}, {"1": {"a": 1, "b": 0}}, {}),
        ({"q_id": ["q", "q"], "doc_id": ["a", "b"], "score": [2, 0]}, {"q": {"a": 2, "b": 0}}, {}),
        ({"q_id": ["q", "q"], "doc_id": ["a", "b"], "score": [0.25, 0.5]}, {}, {"q": ("b", "a")}),
        (
            {"query": ["mug", "mug"], "query_id": [7, 7], "product_id": ["a", "b"], "esci_label": ["E", "I"]},
            {"7": {"a": 3, "b": 0}},
            {},
        ),
    ],
)
def test_ratings_and_runs(columns: dict[str, list[Any]], judgments: object, run: object) -> None:
    read = formats.read("test-00000-of-00001.parquet", made(**columns))
    assert (read.judgments, read.run, read.problems) == (judgments, run, ())


def test_documents_beside_queries_and_ratings() -> None:
    texts = made(
        doc_id=["a", "b"], title=["Mug", None], text=["for coffee", "for tea only"], embedding=[[0.1, 0.2], [0.3, 0.4]]
    )
    read = formats.read("corpus.parquet", texts)
    assert read.reading_notes == ("The vectors under 'embedding' are not read.",)
    set_ = sources.from_files([formats.read("r.csv", b"query,docid,rating\nmug,a,2\nmug,b,0\n"), read])
    assert set_.queries[0].candidates == ("a", "b")
    assert set_.documents["a"].metadata["title"] == "Mug"


def test_columns_can_be_chosen() -> None:
    read = formats.read("x.parquet", made(q=["a"], d=["1"], g=[2]), columns={"query": "q", "id": "d", "rating": "g"})
    assert read.judgments == {"a": {"1": 2}}
    assert read.columns == ("q", "d", "g")


@given(st.data())
def test_damaged_files_are_one_sentence(data: st.DataObject) -> None:
    whole = made(query=["a", "b"], docid=["1", "2"], rating=[2, 0])
    place = data.draw(st.integers(4, len(whole) - 1))
    patch = data.draw(st.binary(max_size=8))
    damaged = whole[:place] + patch + whole[place + data.draw(st.integers(0, 8)) :]
    read = read_directly("x.parquet", damaged, "auto", None)
    assert read.query_ids or read.problems or read.reading_notes


def test_more_than_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from rerank_core.evaluation.formats import registry as reader

    monkeypatch.setattr(reader, "COLLECTION_LIMITS", replace(reader.COLLECTION_LIMITS, rows=1))
    (problem,) = read_directly("x.parquet", made(query=["a", "b"], docid=["1", "2"]), "auto", None).problems
    assert problem.reason == "This Parquet file has 2 rows; at most 1 of so many columns are read."
