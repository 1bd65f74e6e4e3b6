"""What orders say before anybody rates: how much changes, where they disagree, what to rate first."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.evaluation import measure
from rerank_core.evaluation.measures.without_ratings import A_QUERY, deciding_pairs, disputed, turnovers

ORDERS = {
    "Initial order": {"q1": ["a", "b", "c", "d"], "q2": ["a", "b", "c", "d"], "q3": ["a"], "q4": ["a", "b"]},
    "English": {"q1": ["a", "b", "c", "d"], "q2": ["d", "a", "b", "c"], "q3": ["a"]},
    "v2": {"q1": ["b", "a", "c", "d"], "q2": ["d", "c", "b", "a"], "q3": ["a"]},
}


def test_how_much_changes_is_counted_over_the_shared_queries() -> None:
    """English has one new document of the seven that it shows first, and another first one on one query of three."""
    english, keyword = turnovers(ORDERS)
    assert (english.new, english.first_changed, english.queries) == (1 / 7, 1, 3)
    assert english.text == "English changes 14% of the top 3, and the first result of 1 of 3 queries"
    assert (keyword.new, keyword.first_changed) == (1 / 7, 2)


def test_the_most_disputed_query_stands_first() -> None:
    """On q2 every two orders have two of three in common; on q1 only the first place differs; q3 is agreed upon."""
    found = disputed(ORDERS)
    assert [one.query for one in found] == ["q2", "q1", "q3"]
    assert [one.disagreement for one in found] == pytest.approx([1 / 3, 0, 0])
    assert [one.firsts for one in found] == [2, 2, 1]
    with pytest.raises(ValueError, match="two orders"):
        disputed({"Initial order": ORDERS["Initial order"]})


def test_what_decides_is_what_the_orders_put_furthest_apart() -> None:
    """On q2, a falls from 1 to 4 and d rises from there; what all put at the same place is left out."""
    found = deciding_pairs(ORDERS, {})
    first, second, *rest = found
    assert [(one.query, one.document) for one in (first, second)] == [("q2", "a"), ("q2", "d")]
    assert first.weight == pytest.approx(1 - 1 / math.log2(5))
    assert second.ranks == {"Initial order": 4, "English": 1, "v2": 1}
    left = {(pair.query, pair.document) for pair in found}
    assert left == {("q2", name) for name in "abcd"} | {("q1", "a"), ("q1", "b")}
    assert [pair.weight for pair in rest] == sorted((pair.weight for pair in rest), reverse=True)
    with pytest.raises(ValueError, match="depth"):
        deciding_pairs(ORDERS, {}, depth=0)


def test_what_is_rated_is_not_asked_again() -> None:
    """The list goes on with the next."""
    found = deciding_pairs(ORDERS, {"q2": {"d": 3, "a": 0}})
    assert not {("q2", "d"), ("q2", "a")} & {(pair.query, pair.document) for pair in found}
    assert (found[0].query, found[0].document) == ("q1", "a")


def test_what_lies_below_the_depth_counts_as_missing() -> None:
    """A document that falls from rank 1 out of the first two has all of its weight."""
    orders = {"A": {"q": ["x", "y", "z"]}, "B": {"q": ["y", "z", "x"]}}
    (first, *_) = deciding_pairs(orders, {}, depth=2)
    assert (first.document, first.weight, first.ranks) == ("x", 1.0, {"A": 1, "B": None})


runs = st.integers(1, 8).flatmap(
    lambda n: st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), st.permutations(list("abcdefgh")[:n]), min_size=1)
)


@settings(max_examples=80)
@given(runs, runs)
def test_every_list_is_short_and_without_doubles(one: dict[str, list[str]], other: dict[str, list[str]]) -> None:
    """At most so many a query, none twice, weights between 0 and 1, only queries that both have."""
    found = deciding_pairs({"A": one, "B": other}, {})
    keys = [(pair.query, pair.document) for pair in found]
    assert len(set(keys)) == len(keys)
    assert all(sum(query == asked for query, _ in keys) <= A_QUERY for asked in one)
    assert all(0 < pair.weight <= 1 for pair in found)
    assert {query for query, _ in keys} <= one.keys() & other.keys()


def test_rating_what_decides_tells_sooner_which_order_is_better() -> None:
    """With 40 grades the deciding pairs tell the better order; 40 drawn anywhere say less in most of 30 trials."""
    chance = random.Random(4)
    sooner = later = 0
    for _ in range(30):
        truth = {f"q{n}": {f"d{m}": int(chance.random() < 0.2) for m in range(30)} for n in range(40)}
        noisy = {q: sorted(own, key=lambda name: chance.gauss(-own[name], 1.2)) for q, own in truth.items()}
        better = {q: sorted(own, key=lambda name: chance.gauss(-own[name], 0.9)) for q, own in truth.items()}
        orders = {"A": noisy, "B": better}
        chosen = [(pair.query, pair.document) for pair in deciding_pairs(orders, {})]
        drawn = [(f"q{chance.randrange(40)}", f"d{chance.randrange(30)}") for _ in chosen]
        sooner += _gap(orders, truth, chosen) > 0
        later += _gap(orders, truth, drawn) > 0
    assert sooner > later


def _gap(orders: dict, truth: dict, pairs: list[tuple[str, str]]) -> float:
    """How much better B is than A by nDCG@10, by the grades of these pairs alone."""
    judgments: dict[str, dict[str, int]] = {}
    for query, document in pairs:
        judgments.setdefault(query, {})[document] = truth[query][document]
    first, second = (measure(judgments, run, ["nDCG@10"])["nDCG@10"].mean for run in orders.values())
    return second - first
