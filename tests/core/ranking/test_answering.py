"""What is marked in ranked documents: a model's best sentences, and a provider's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.models import Document, TextSpan, spans_of_text
from rerank_core.providers.replies import read_spans
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT, ranked_text, text_offset
from rerank_core.ranking.answering import answering_spans

QUERY = "When do I get my money back?"
BACK = "Money is paid back within five days."
DOCUMENTS = (
    Document(f"We sell shoes. {BACK}", metadata={"title": "When you get your money back"}),
    Document("One sentence on money that is paid back."),
    Document("The shop is shut on Sundays. It opens at ten."),
    Document("   "),
)


@pytest.fixture(scope="module")
def response() -> rc.RerankResponse:
    """A run of the keyword model, titles read too."""
    with rc.Client("local") as client:
        return client.rerank(QUERY, DOCUMENTS, model="local-keyword", rank_fields=TITLE_AND_TEXT)


def test_the_mark_is_in_the_text_also_where_the_title_carries_the_words(response):
    """Places count in the document's own text, whatever stood above it; a title is never marked."""
    found = answering_spans(response)
    assert list(found) == [0]
    (span,) = found[0]
    assert DOCUMENTS[0].text[span.start : span.stop] == BACK


def test_weak_documents_are_not_marked(response):
    """What scores below the threshold has no sentence that answers."""
    best = response.results[0].relevance_score
    assert best is not None
    assert answering_spans(response) == answering_spans(response, threshold=best)
    assert not answering_spans(
        replace(response, results=tuple(replace(row, relevance_score=0.01) for row in response.results))
    )
    assert not answering_spans(response, threshold=best + 0.001)


def test_only_the_documents_asked_for(response):
    """Ten are looked at unless others are named."""
    assert answering_spans(response, [2, 3]) == {}
    assert list(answering_spans(response, [0, 2])) == [0]
    many = [Document(f"Text {place} of many. {BACK}") for place in range(12)]
    with rc.Client("local") as client:
        asked = client.rerank(QUERY, many, model="local-keyword")
    assert set(answering_spans(asked, threshold=0)) == set(range(10))
    assert set(answering_spans(asked, range(12), threshold=0)) == set(range(12))


def test_a_window_counts_with_its_title(response):
    """The part of a long text that carries the score is placed in what was read, title included."""
    title = "Terms " * 30
    text = "The gardens are open. " * 100 + BACK + " The gardens are open." * 100
    with rc.Client("local") as client:
        asked = client.rerank(
            QUERY, [Document(text, metadata={"title": title})], model="local-english", rank_fields=TITLE_AND_TEXT
        )
    (span,) = answering_spans(asked, threshold=0)[0]
    assert text[span.start : span.stop] == BACK


def test_a_providers_own_spans_take_their_place(response):
    """Nothing is computed where the service said which parts count; a service that says nothing gives nothing."""
    own = {1: (TextSpan(0, 12, 0.7),)}
    assert answering_spans(replace(response, spans=own)) == own
    assert answering_spans(replace(response, provider="gateflow")) == {}


def test_a_reply_says_which_parts_count():
    """Cohere's shape: start, end and score in Unicode characters; nonsense is left out and what overlaps is one."""
    texts = ["😀 ok. The answer is here.", "b", "c"]
    rows = [
        {
            "index": 0,
            "relevance_score": 0.9,
            "relevant_spans": [
                {"start": 10, "end": 16, "score": 0.5},
                {"start": 6, "end": 12, "score": 0.8},
                {"start": 0, "end": 1},
                {"start": 3, "end": 3},
                {"start": -1, "end": 4},
                {"start": 2, "end": 99},
                {"start": True, "end": 4},
                {"start": 1.0, "end": 4},
                "x",
                None,
            ],
        },
        {"index": 1, "relevance_score": 0.8, "relevant_spans": {"start": 0}},
        {"index": 2, "relevance_score": 0.7},
    ]
    assert read_spans({"results": rows}, texts) == {0: (TextSpan(0, 1), TextSpan(6, 16, 0.8))}


SPANS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 20)).map(lambda pair: TextSpan(pair[0], sum(pair))), max_size=4
)


@given(st.text("ab\n ", max_size=20), st.text("ab\n ", max_size=20), SPANS)
def test_places_in_what_was_read_become_places_in_the_text(title, text, spans):
    """Whatever the fields make of a title, a span names the same characters in the document's text."""
    document = Document(text, metadata={"title": title, "brand": "ab"})
    for fields in (TEXT_ONLY, TITLE_AND_TEXT, ("brand", "text", "title"), ("title",)):
        read, offset = ranked_text(document, fields), text_offset(document, fields)
        if offset is not None:
            assert read[offset : offset + len(text)] == text
        for span in spans_of_text(document, fields, spans):
            assert offset is not None
            assert 0 <= span.start < span.stop <= len(text)
            assert text[span.start : span.stop] == read[offset + span.start : offset + span.stop]


@pytest.mark.parametrize(("start", "stop"), [(-1, 2), (3, 3), (4, 2)])
def test_a_span_holds_something(start, stop):
    """A part of a text has a character or more and begins in it."""
    with pytest.raises(ValueError, match="a character or more"):
        TextSpan(start, stop)
