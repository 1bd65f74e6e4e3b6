"""Raters kept apart: kappa against published values, what is to be rated, where raters differ."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.query_sets.agreement import (
    agreement,
    cohen_kappa,
    disagreements,
    kappa_words,
    pool,
)


def pairs(table):
    """Two lists of grades out of a table of counts: table[i][j] items that the first graded i and the second j."""
    cells = [(i, j) for i, row in enumerate(table) for j, number in enumerate(row) for _ in range(number)]
    return [first for first, _ in cells], [second for _, second in cells]


def test_the_worked_example():
    """20 and 15 of 50 agreed, 5 and 10 not: observed 0.70, by chance 0.50, kappa 0.40."""
    assert cohen_kappa(*pairs([[15, 10], [5, 20]])) == pytest.approx(0.40)


def test_weights_against_a_published_table():
    """Fleiss, Cohen and Everitt's example (Psychological Bulletin 72, 1969): 100 patients, three diagnoses, kappa
    0.429; the weighted ones are worked out by the same formula with the weights put in by hand."""
    table = [[53, 5, 2], [11, 14, 5], [1, 6, 3]]
    first, second = pairs(table)
    assert cohen_kappa(first, second) == pytest.approx(0.429, abs=0.0005)
    total = 100
    rows, columns = [sum(row) for row in table], [sum(column) for column in zip(*table, strict=True)]
    for weights, power in (("linear", 1), ("quadratic", 2)):
        observed = sum(table[i][j] * abs(i - j) ** power for i in range(3) for j in range(3)) / total
        expected = sum(rows[i] * columns[j] * abs(i - j) ** power for i in range(3) for j in range(3)) / total**2
        assert cohen_kappa(first, second, weights) == pytest.approx(1 - observed / expected)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1))
def test_kappa_is_symmetric_and_at_most_one(grades):
    """It does not matter who is first, full agreement is 1, and nothing is above it."""
    first, second = [one for one, _ in grades], [other for _, other in grades]
    for weights in ("none", "linear", "quadratic"):
        kappa = cohen_kappa(first, second, weights)
        other = cohen_kappa(second, first, weights)
        assert (kappa is None) == (other is None)
        if kappa is not None:
            assert kappa == pytest.approx(other)
            assert kappa <= 1
        if len(set(first)) > 1:
            assert cohen_kappa(first, first, weights) == pytest.approx(1)


def test_kappa_is_not_defined_everywhere():
    """No items, or one grade throughout, give none; lists of two lengths are refused."""
    assert cohen_kappa([], []) is None
    assert cohen_kappa([2, 2], [2, 2]) is None
    with pytest.raises(InvalidRequestError):
        cohen_kappa([1], [1, 2])


@pytest.mark.parametrize(
    ("kappa", "words"),
    [(-0.1, "poor"), (0.0, "slight"), (0.21, "fair"), (0.6, "moderate"), (0.7, "substantial"), (0.9, "almost perfect")],
)
def test_kappa_in_words(kappa, words):
    """The usual bands."""
    assert kappa_words(kappa) == words


RATERS = {
    "ann": {"q1": {"a": 3, "b": 0}, "q2": {"a": 1}},
    "ben": {"q1": {"a": 3, "b": 2}, "q2": {"a": 1, "c": 0}},
    "cem": {"q9": {"z": 1}},
}


def test_agreement_of_every_two_raters():
    """Only pairs that both rated count, and a pair of raters without any says so."""
    found = {(one.first, one.second): one for one in agreement(RATERS)}
    both = found["ann", "ben"]
    assert (both.pairs, both.agreed) == (3, pytest.approx(2 / 3))
    assert both.kappa == pytest.approx(4 / 7)  # chance agrees on 2 of 9, so 1 - (1/3) / (7/9)
    assert both.weighted == pytest.approx(0.5)  # squared distances: 4/3 seen, 24/9 by chance
    assert both.text == (
        "ann and ben rated 3 documents in common and agree on 67%: moderate agreement (weighted kappa 0.50)"
    )
    assert found["ann", "cem"].text == "ann and cem have rated no document in common"
    assert found["ann", "cem"].kappa is None


def test_disagreements_come_widest_first():
    """Every document that raters grade differently, with everybody's grade."""
    (one,) = disagreements(RATERS)
    assert (one.query, one.document, dict(one.grades), one.spread) == ("q1", "b", {"ann": 0, "ben": 2}, 2)


def test_the_pool_of_several_models():
    """The first documents of every run, best rank first, each once."""
    runs = [{"q": ("a", "b", "c")}, {"q": ("c", "a", "d"), "p": ("x",)}]
    assert pool(runs, 2) == {"q": ("a", "c", "b"), "p": ("x",)}
    with pytest.raises(ValueError, match="at least 1"):
        pool(runs, 0)
