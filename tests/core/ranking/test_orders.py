"""What moved between two orders."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.models import Document, RankedDocument, RerankRequest, RerankResponse
from rerank_core.ranking import orders
from rerank_core.ranking.orders import Move, compare_orders, compare_response, kendall_tau, overlap, rank_biased_overlap

ORDERS = st.lists(st.integers(0, 12), unique=True, max_size=10)


def response(order: list[int], scores: list[float | None], texts: list[str]) -> RerankResponse:
    """An answer that puts the given texts into this order."""
    request = RerankRequest("query", texts)
    rows = [
        RankedDocument(rank, index, score, request.documents[index])
        for rank, (index, score) in enumerate(zip(order, scores, strict=True), start=1)
    ]
    return RerankResponse(tuple(rows), "m", "local", request)


def test_moves_name_the_place_before_and_after() -> None:
    """Each document has its rank before and after, counted from 1, and how far it rose."""
    moves = compare_orders(["a", "b", "c"], ["c", "a", "b"]).moves
    assert moves == (Move("c", 3, 1, 2), Move("a", 1, 2, -1), Move("b", 2, 3, -1))


def test_documents_on_one_side_only_are_named() -> None:
    """A cut document has no rank now, a new one had none before; neither has a change."""
    comparison = compare_orders(["a", "b", "c"], ["c", "x"])
    assert comparison.moves == (
        Move("c", 3, 1, 2),
        Move("x", None, 2, None),
        Move("a", 1, None, None),
        Move("b", 2, None, None),
    )


def test_who_entered_and_left_the_top() -> None:
    """Entered and left are in rank order of the list where they stand."""
    comparison = compare_orders(list("abcdef"), list("fbeacd"), k=3)
    assert comparison.entered_top == ("f", "e")
    assert comparison.left_top == ("a", "c")
    assert comparison.overlap == pytest.approx(1 / 3)
    assert comparison.k == 3


def test_a_short_list_is_compared_as_deep_as_it_goes() -> None:
    """Against a list cut at two, the top two are compared, so that the cut itself is no change."""
    comparison = compare_orders(list("abcdef"), ["a", "b"], k=10)
    assert (comparison.k, comparison.overlap, comparison.left_top) == (2, 1.0, ())


@pytest.mark.parametrize(
    ("initial", "reranked", "same"),
    [([], [], 1.0), (["a"], ["a"], 1.0), (["a"], [], 0.0), ([], ["a"], 0.0), (["a"], ["b"], 0.0)],
)
def test_agreement_is_defined_on_the_smallest_lists(initial: list[str], reranked: list[str], same: float) -> None:
    """Equal lists agree fully, even empty ones; lists with nothing in common do not agree at all."""
    comparison = compare_orders(initial, reranked)
    assert (comparison.overlap, comparison.kendall_tau, comparison.rbo) == (same, same, same)


def test_a_document_named_twice_is_refused() -> None:
    """An order in which a document stands twice has no meaning and is named as such."""
    with pytest.raises(InvalidRequestError, match="'a' stands twice"):
        compare_orders(["a", "b", "a"], ["a", "b"])


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True])
def test_a_top_of_nothing_is_refused(wrong: object) -> None:
    """k is a whole number of at least 1."""
    with pytest.raises(InvalidRequestError):
        compare_orders(["a"], ["a"], k=wrong)  # type: ignore[arg-type]


def test_the_worked_examples_of_the_docstrings() -> None:
    """The numbers worked out in the docstrings are what the functions return."""
    assert overlap(list("abcd"), list("bcxa"), 3) == pytest.approx(2 / 3)
    assert kendall_tau(list("abcd"), list("bacd")) == pytest.approx(2 / 3)
    assert rank_biased_overlap(list("ab"), list("ba"), p=0.9) == pytest.approx(0.9)


def test_rbo_of_the_published_example() -> None:
    """Identical lists give 1, reversed pairs less, disjoint lists 0, and a difference on top costs most."""
    base = list(range(10))
    top = [1, 0, *base[2:]]
    bottom = [*base[:8], 9, 8]
    assert rank_biased_overlap(base, base) == 1.0
    assert rank_biased_overlap(base, [x + 100 for x in base]) == 0.0
    assert rank_biased_overlap(base, top) < rank_biased_overlap(base, bottom) < 1.0


@given(ORDERS, ORDERS, st.integers(1, 15))
def test_overlap_equals_the_shared_part_of_two_sets(first: list[int], second: list[int], k: int) -> None:
    """Overlap, entered and left follow from plain sets cut at the same depth."""
    comparison = compare_orders(first, second, k)
    depth = min(k, len(first), len(second))
    before, after = set(first[:depth]), set(second[:depth])
    assert set(comparison.entered_top) == after - before
    assert set(comparison.left_top) == before - after
    if depth:
        assert comparison.overlap == pytest.approx(len(before & after) / depth)


@given(ORDERS, ORDERS)
def test_tau_equals_counting_every_pair(first: list[int], second: list[int]) -> None:
    """Kendall's tau over common documents equals concordant minus discordant over all pairs."""
    common = [key for key in first if key in second]
    pairs = list(itertools.combinations(common, 2))
    if not pairs:
        assert kendall_tau(first, second) == (1.0 if first == second else 0.0)
        return
    agree = sum(1 if second.index(a) < second.index(b) else -1 for a, b in pairs)
    assert kendall_tau(first, second) == pytest.approx(agree / len(pairs))


@given(ORDERS, ORDERS, st.sampled_from([0.5, 0.8, 0.9, 0.98]))
def test_rbo_equals_the_infinite_sum(first: list[int], second: list[int], p: float) -> None:
    """The closed form equals (1-p) sum p^(d-1) A_d with the last agreement carried on for ever."""
    if not first or not second:
        assert rank_biased_overlap(first, second, p) == (1.0 if first == second else 0.0)
        return
    short, long = sorted((first, second), key=len)

    def agreement(depth: int) -> Fraction:
        depth = min(depth, len(long))
        shared = Fraction(len(set(short[:depth]) & set(long[:depth])))
        if depth > len(short):  # the missing tail agrees as much as the short list did in all
            shared += Fraction(len(set(short) & set(long[: len(short)])), len(short)) * (depth - len(short))
        return shared / depth

    last = float(agreement(len(long)))
    expected = sum((1 - p) * p ** (d - 1) * float(agreement(d)) for d in range(1, len(long) + 1))
    assert rank_biased_overlap(first, second, p) == pytest.approx(expected + p ** len(long) * last)


@given(ORDERS, ORDERS, st.permutations(range(13)))
def test_agreement_does_not_depend_on_names_or_direction(first: list[int], second: list[int], names: list[int]) -> None:
    """Renaming documents changes nothing, and RBO and tau are the same both ways."""
    renamed = compare_orders([f"d{names[x]}" for x in first], [f"d{names[x]}" for x in second])
    plain, back = compare_orders(first, second), compare_orders(second, first)
    assert (renamed.overlap, renamed.kendall_tau, renamed.rbo) == (plain.overlap, plain.kendall_tau, plain.rbo)
    assert (back.overlap, back.kendall_tau) == (plain.overlap, plain.kendall_tau)
    assert back.rbo == pytest.approx(plain.rbo)
    assert 0.0 <= plain.rbo <= 1.0
    assert -1.0 <= plain.kendall_tau <= 1.0


@given(st.permutations(range(9)))
def test_moves_are_complete_and_add_up(order: list[int]) -> None:
    """Every document has one move, and in a whole reordering rises and falls cancel out."""
    comparison = compare_orders(range(9), order)
    assert sorted(move.key for move in comparison.moves) == list(range(9))
    assert sum(move.change or 0 for move in comparison.moves) == 0
    assert comparison.moved == sum(place != key for place, key in enumerate(order))


def test_ten_thousand_documents_are_compared_exactly() -> None:
    """Tau on a long reversed list is -1 and on a shuffled one near 0."""
    long = list(range(10_000))
    assert kendall_tau(long, long[::-1]) == -1.0
    shuffled = long[:]
    random.Random(7).shuffle(shuffled)
    assert abs(kendall_tau(long, shuffled)) < 0.05


def test_a_response_is_compared_by_place_not_by_text() -> None:
    """Two documents with the same text are told apart by their index."""
    comparison = compare_response(response([2, 0, 1], [0.9, 0.5, 0.1], ["same", "same", "other"]))
    assert [(move.key, move.was, move.now) for move in comparison.moves] == [(2, 3, 1), (0, 1, 2), (1, 2, 3)]


def test_labels_are_cut_and_kept_on_one_line() -> None:
    """A long text with line breaks and control characters becomes a short plain label."""
    text = "How to   reset\nyour\x00 pass\u202eword and everything else that belongs to an account"
    label = orders.short_label(text)
    assert label == "How to reset your password and…"
    assert len(label) <= orders.LABEL_LENGTH
    assert orders.short_label("x" * 500) == "x" * (orders.LABEL_LENGTH - 1) + "…"
    assert orders.short_label(" \n ") == "(blank)"


@given(st.text(max_size=200))
def test_a_label_is_always_short_printable_and_on_one_line(text: str) -> None:
    """Whatever the document holds, its label fits into a sentence."""
    label = orders.short_label(text)
    assert 0 < len(label) <= orders.LABEL_LENGTH
    assert label.isprintable()


def test_a_document_is_called_by_its_title_else_by_its_text() -> None:
    """A title in the metadata is the label; without one the text is."""
    assert orders.label_of(Document("body", metadata={"Title": "Wi-Fi drops"})) == "Wi-Fi drops"
    assert orders.label_of(Document("body text", id="kb-1", metadata={"title": " "})) == "body text"


@pytest.mark.parametrize(
    ("was", "now", "text"),
    [
        (9, 2, "now 2, was 9, ▲7"),
        (1, 5, "now 5, was 1, ▼4"),
        (1, 1, "now 1, was 1, ="),
        (None, 3, "now 3, new"),
        (4, None, "was 4, not returned"),
    ],
)
def test_movement_in_words(was: int | None, now: int | None, text: str) -> None:
    """Movement is written with numbers and an arrow, so that no colour is needed."""
    assert orders.movement_text(was, now) == text


@pytest.mark.parametrize("wrong", [None, 7, [["a"]], [{"text": "a"}]], ids=repr)
def test_what_is_no_order_is_refused(wrong) -> None:
    """No list, or keys that cannot be told apart, are errors of ours with what to do next."""
    for pair in ((wrong, ["a"]), (["a"], wrong)):
        with pytest.raises(InvalidRequestError) as caught:
            compare_orders(*pair)
        assert "key of its own" in caught.value.hint
