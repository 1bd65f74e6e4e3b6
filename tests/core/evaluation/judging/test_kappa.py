"""Kappa of two raters and of more, against published values and those of other libraries."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.judging.kappa import (
    cohen_interval,
    cohen_kappa,
    fleiss_interval,
    fleiss_kappa,
    kappa_words,
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


# Grades 0 to 3 of three raters for 24 documents; what other libraries say of them stands in the tests.
GRADED = [
    *([3, 2, 2], [1, 2, 2], [2, 0, 1], [1, 0, 0], [1, 2, 2], [0, 1, 3], [0, 0, 0], [3, 3, 3]),
    *([1, 1, 1], [1, 0, 1], [3, 2, 3], [1, 3, 2], [2, 3, 2], [3, 3, 3], [2, 2, 2], [2, 2, 1]),
    *([0, 2, 1], [3, 3, 3], [0, 0, 1], [2, 2, 1], [0, 1, 1], [1, 0, 1], [0, 1, 0], [0, 0, 0]),
]
# J. Fleiss, Psychological Bulletin 76, 1971: how many of six psychiatrists gave a patient each of five diagnoses.
DIAGNOSES = """00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031
00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"""


def items(table):
    """A row of counts a document as its grades: "0 2 1" is [1, 1, 2]."""
    return [[grade for grade, number in enumerate(row) for _ in range(number)] for row in table]


def test_more_raters_against_the_published_example():
    """The paper's 30 patients: kappa 0.430. statsmodels 0.15.0 gives 0.43024452006014073."""
    table = [[int(digit) for digit in row] for row in DIAGNOSES.split()]
    assert fleiss_kappa(items(table)) == pytest.approx(0.43024452006014073, abs=1e-12)


def test_more_raters_against_the_textbook_example():
    """14 raters, ten subjects, five grades: kappa 0.210; statsmodels 0.15.0 gives 0.20993070442195522."""
    table = [
        *([0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1]),
        *([7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7]),
    ]
    assert fleiss_kappa(items(table)) == pytest.approx(0.20993070442195522, abs=1e-12)


@pytest.mark.parametrize(
    ("weights", "two", "three"),
    [
        ("none", 0.22580645161290336, 0.29375),
        ("linear", 0.43333333333333335, 0.49214),
        ("quadratic", 0.6145251396648045, 0.65333),
    ],
)
def test_kappa_of_grades_against_other_libraries(weights, two, three):
    """Two of the raters by scikit-learn 1.9.1's cohen_kappa_score, all three by irrCAC 0.4.4's Fleiss, which gives five
    decimals."""
    first, second, _ = zip(*GRADED, strict=True)
    assert cohen_kappa(first, second, weights) == pytest.approx(two, abs=1e-12)
    assert fleiss_kappa(GRADED, weights) == pytest.approx(three, abs=6e-6)


def test_ratings_that_are_missing_are_left_out_against_another_library():
    """Six of the ratings taken away: irrCAC 0.4.4 gives 0.72492 with quadratic weights."""
    gone = {(1, 2), (5, 2), (9, 2), (13, 2), (2, 0), (7, 0)}
    graded = [[grade for rater, grade in enumerate(own) if (row, rater) not in gone] for row, own in enumerate(GRADED)]
    assert fleiss_kappa(graded, "quadratic") == pytest.approx(0.72492, abs=6e-6)


def test_the_interval_against_other_libraries():
    """The jackknife's is near the large-sample ones of irrCAC 0.4.4: 0.436 to 0.871 for three, 0.370 to 0.859 for
    two, both with quadratic weights."""
    first, second, _ = zip(*GRADED, strict=True)
    assert fleiss_interval(GRADED, "quadratic") == pytest.approx((0.436, 0.871), abs=0.02)
    assert cohen_interval(first, second, "quadratic") == pytest.approx((0.370, 0.859), abs=0.02)


def test_an_interval_is_not_said_where_there_is_none():
    """Of two documents, of full agreement, and where one document alone makes the kappa."""
    assert fleiss_interval([[0, 1, 1], [2, 2, 1]]) is None
    assert cohen_interval([0, 1, 2, 3], [0, 1, 2, 3]) is None
    assert fleiss_interval([[0, 0, 0], [1, 1, 1], [3, 3, 3]]) is None
    assert cohen_interval([1, 1, 1, 0], [1, 1, 1, 1]) is None


def test_the_jackknife_leaves_each_document_out():
    """Worked by hand from the definition, one document after the other."""
    first, second, _ = zip(*GRADED, strict=True)
    total, whole = len(first), cohen_kappa(first, second)
    values = [
        total * whole - (total - 1) * cohen_kappa(first[:at] + first[at + 1 :], second[:at] + second[at + 1 :])
        for at in range(total)
    ]
    mean = sum(values) / total
    error = (sum((value - mean) ** 2 for value in values) / (total - 1) / total) ** 0.5
    t = 2.0686576  # of 23 degrees of freedom
    assert cohen_interval(first, second) == pytest.approx((whole - t * error, whole + t * error), abs=1e-6)


@given(st.lists(st.lists(st.integers(0, 3), max_size=5), max_size=30), st.randoms(use_true_random=False))
def test_who_gave_which_grade_does_not_matter_to_fleiss(graded, chance):
    """Shuffled grades and documents give the same kappa; it is at most 1, and inside its interval."""
    shuffled = [chance.sample(own, len(own)) for own in chance.sample(graded, len(graded))]
    for weights in ("none", "quadratic"):
        kappa, other = fleiss_kappa(graded, weights), fleiss_kappa(shuffled, weights)
        assert (kappa is None) == (other is None)
        if kappa is not None:
            assert kappa == pytest.approx(other)
            assert kappa <= 1 + 1e-12
            interval = fleiss_interval(graded, weights)
            assert interval is None or interval[0] <= kappa <= interval[1]
