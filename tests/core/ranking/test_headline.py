"""The sentence over a result: it names the best answer, says how sure it is, and praises nothing that is weak."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.models import RankedDocument, RerankRequest, RerankResponse
from rerank_core.ranking import headline
from rerank_core.ranking.orders import compare_orders
from rerank_core.ranking.strength import Levels

AT = Levels(0.05, 0.25)
TEN = ["a", "b", "c", "d", "e", "f", "Wi-Fi drops", "h", "i", "j"]


def response(order: list[int], scores: list[float | None], texts: list[str] | None = None) -> RerankResponse:
    """An answer that puts the given texts into this order."""
    request = RerankRequest("query", texts or TEN[: len(order)])
    rows = [
        RankedDocument(rank, index, score, request.documents[index])
        for rank, (index, score) in enumerate(zip(order, scores, strict=True), start=1)
    ]
    return RerankResponse(tuple(rows), "m", "local", request)


def told(order: list[int], scores: list[float | None], threshold: float | None = None) -> str:
    return headline.summarise_response(response(order, scores), at=AT, threshold=threshold)


def test_the_best_answer_rose() -> None:
    order = [6, 4, 0, 1, 2, 3, 5, 7, 8, 9]
    scores: list[float | None] = [0.9, 0.04, 0.04, *[0.01] * 7]
    assert told(order, scores) == (
        "The best answer rose from 7 to 1: 'Wi-Fi drops'; 7 of 10 moved; one document is new in the top 3"
    )


def test_the_best_answer_stayed_first() -> None:
    """What rose below it, and is weak, is not praised."""
    assert told([0, 4, 3, 2, 1], [0.9, 0.01, 0.01, 0.01, 0.0]) == "The best answer stayed first: 'a'; 4 of 5 moved"
    assert told([0, 1, 2], [0.9, 0.1, 0.0]) == (
        "The best answer stayed first: 'a'; nothing moved: all three documents keep their places"
    )


def test_unsure_is_said_of_a_possible_answer() -> None:
    assert told([1, 0], [0.1, 0.0]) == "Unsure: 'b' may answer this; it rose from 2 to 1; 2 of 2 moved"
    assert told([0, 2, 1], [0.1, 0.0, 0.0]) == "Unsure: 'a' may answer this; it stayed first; 2 of 3 moved"


def test_nothing_is_said_of_a_weak_list_and_no_document_is_named() -> None:
    said = told([4, 3, 2, 1, 0], [0.017, 0.01, 0.01, 0.0, 0.0])
    assert said == "Nothing here answers this well: even the best score, 0.017, is weak; 4 of 5 moved"


def test_a_threshold_of_ones_own_is_not_praised_past() -> None:
    assert told([1, 0], [0.9, 0.0], threshold=0.95) == "No result reaches the threshold of 0.95; 2 of 2 moved"
    fresh = told([4, 3, 2, 1, 0], [0.9, 0.3, 0.1, 0.0, 0.0], threshold=0.2)
    assert fresh.endswith("two documents are new in the top 3")
    assert told([4, 3, 2, 1, 0], [0.9, 0.3, 0.1, 0.0, 0.0], threshold=0.5).endswith("one document is new in the top 3")


def test_without_levels_nothing_is_called_an_answer() -> None:
    told = headline.summarise_response(response([1, 0], [0.9, 0.2], ["first", "second one"]))
    assert told == "'second one' rose from 2 to 1; 2 of 2 moved"
    assert headline.summarise_response(response([0, 2, 1], [None] * 3)) == "'a' stayed first; 2 of 3 moved"


@given(st.permutations(range(6)), st.lists(st.floats(0, 0.0499), min_size=6, max_size=6), st.integers(1, 6))
def test_a_weak_list_is_never_praised(order: list[int], scores: list[float], top: int) -> None:
    made = response(list(order), sorted(scores, reverse=True))
    for said in (
        headline.summarise_response(made, top, at=AT),
        headline.summarise_response(made, top, at=AT, threshold=0.0),
        headline.summarise_response(made, top, threshold=0.05),
    ):
        assert "rose" not in said
        assert "new in" not in said
        assert "best answer" not in said


@pytest.mark.parametrize(
    ("initial", "reranked", "sentence"),
    [
        ("", "", "There are no documents"),
        ("a", "a", "There is only one document, so nothing can move"),
        ("abc", "abc", "Nothing moved: all three documents keep their places"),
        ("ab", "ab", "Nothing moved: both documents keep their places"),
        ("ab", "ba", "'b' rose from 2 to 1; 2 of 2 moved"),
        ("abcd", "bacd", "'b' rose from 2 to 1; 2 of 4 moved; the top 3 holds the same documents"),
        ("abcd", "abdc", "'a' stayed first; 2 of 4 moved; one document is new in the top 3"),
        ("abcdef", "defabc", "'d' rose from 4 to 1; 6 of 6 moved; three documents are new in the top 3"),
        ("abcde", "abced", "'a' stayed first; 2 of 5 moved; the top 3 holds the same documents"),
        ("abcd", "abc", "Nothing moved: all three documents keep their places"),
        ("abcd", "bd", "'b' rose from 2 to 1; 2 of 2 moved"),
        ("ab", "xba", "1 of 2 moved"),
    ],
)
def test_the_sentence_in_every_case(initial: str, reranked: str, sentence: str) -> None:
    """One or many, nothing moved, short lists: the sentence stays right."""
    assert headline.summary(compare_orders(initial, reranked)) == sentence


def test_many_documents_are_counted_in_readable_numbers() -> None:
    """From a thousand on, numbers have separators; over ten, words give way to digits."""
    order = list(range(1200))
    assert headline.summary(compare_orders(order, order)) == "Nothing moved: all 1,200 documents keep their places"
    sentence = headline.summary(compare_orders(order, order[::-1]), top=20)
    assert sentence == "'1199' rose from 1,200 to 1; 1,200 of 1,200 moved; 20 documents are new in the top 20"


def test_several_models_say_how_sure_each_is() -> None:
    names = ["English", "Multilingual", "v2"]
    assert headline.states_text(["answered", "answered", None], names) is None
    assert headline.states_text([None, None, None], names) is None
    assert headline.states_text(["answered", "unsure", "nothing"], names) == (
        "English is sure of its first result; Multilingual is unsure; v2 finds no answer"
    )
    assert headline.states_text(["unsure", "unsure", "nothing"], names) == (
        "English and Multilingual are unsure; v2 finds no answer"
    )
    assert headline.states_text(["nothing"] * 3, names) == (
        "Nothing here answers this well: even the best score is weak, by the own scale of English, Multilingual and v2"
    )
