"""Documents as bytes are the documents; so are answers."""

from __future__ import annotations

import math
from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.evaluation.experiments.answers import Orders, PackedAnswer, Scores
from rerank_core.evaluation.query_sets.packed import PackedDocuments, pack
from rerank_core.evaluation.query_sets.query_set import Query
from rerank_core.models import Document

TEXTS = st.text(st.characters(), max_size=20)
DOCUMENTS = st.dictionaries(
    TEXTS, st.builds(Document, TEXTS, st.none() | TEXTS, st.dictionaries(TEXTS, TEXTS | st.integers())), max_size=6
)


def packed(documents):
    """The documents as bytes and back."""
    data = bytearray()
    sizes = pack(documents.values(), data)
    return PackedDocuments(documents, sizes, memoryview(data))


@given(DOCUMENTS)
def test_packed_documents_are_the_documents(documents):
    """Whatever stands in them, in any order of looking at them."""
    made = packed(documents)
    assert made == documents
    assert list(made) == list(documents)
    assert [made[name] for name in reversed(list(documents))] == list(reversed(documents.values()))
    assert len(made) == len(documents)
    assert "not there" * 9 not in made
    with pytest.raises(KeyError):
        made["not there" * 9]


@pytest.mark.parametrize("sizes", [[1], [1, 2, 3, 4], [-1, 11], [3, 9]])
def test_bytes_of_other_documents_are_refused(sizes):
    """The sizes have to be those of the bytes."""
    data = bytearray()
    assert pack([Document("tea", "1")], data) == [3, 8]
    with pytest.raises(ValueError, match="other documents"):
        PackedDocuments(["1"], sizes, memoryview(data))


@given(st.permutations(range(5)), st.lists(st.floats(allow_infinity=False), min_size=5, max_size=5), st.integers(0, 5))
def test_packed_answers_are_the_answers(places, scores, candidates):
    """Orders and scores by query; a place that the query does not have, and a score that is none, is left out."""
    query = Query("q", "tea", tuple(f"d{place}" for place in range(candidates)))
    answer = PackedAnswer(query, array("I", places).tobytes(), array("d", scores).tobytes())
    known = [(f"d{place}", score) for place, score in zip(places, scores, strict=True) if place < candidates]
    assert Orders([answer]) == {"q": tuple(name for name, _ in known)}
    assert Scores([answer]) == {"q": {name: score for name, score in known if not math.isnan(score)}}
    assert "q" in Orders([answer])
    assert len(Orders([])) == 0
