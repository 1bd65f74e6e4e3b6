"""The 95% interval: it holds what it promises from 2 queries on, and never contradicts p."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.evaluation import PairedTest
from rerank_core.evaluation.measures.significance import compare_values, interval_text, p_text
from rerank_core.evaluation.measures.students_t import two_sided_p, two_sided_t

TRIALS = 2_000


def compared(*columns: list[float]) -> list[PairedTest]:
    """Comparisons of runs that differ by these amounts with one run at 0.5."""
    values = {"before": {str(place): 0.5 for place in range(len(columns[0]))}}
    for number, column in enumerate(columns):
        values[f"run {number}"] = {str(place): 0.5 + value for place, value in enumerate(column)}
    return [pair for (first, _), pair in compare_values(values, "nDCG@10", samples=400).items() if first == "before"]


def normal(chance: random.Random) -> float:
    return chance.gauss(0.03, 0.1)


def skewed(chance: random.Random) -> float:
    return chance.expovariate(10) - 0.07


def few_gain(chance: random.Random) -> float:
    return 0.4 * (chance.random() < 0.1)


def share_covered(draw: Callable[[random.Random], float], mean: float, queries: int) -> float:
    """Of those samples that give an interval, the share whose interval holds the true mean."""
    chance, held, given_ = random.Random(queries), 0, 0
    for _ in range(TRIALS):
        (pair,) = compared([draw(chance) for _ in range(queries)])
        if pair.interval is not None:
            given_ += 1
            held += pair.interval[0] <= mean <= pair.interval[1]
    return held / given_


@pytest.mark.parametrize("queries", [2, 3, 5, 10])
def test_the_interval_covers_what_it_promises(queries: int) -> None:
    """95% are promised; a percentile bootstrap covered 73% at 3 queries and 90% at 10."""
    assert share_covered(normal, 0.03, queries) >= 0.93


@pytest.mark.parametrize(("queries", "least"), [(3, 0.87), (10, 0.88)])
def test_the_interval_of_skewed_differences_is_not_far_off(queries: int, least: float) -> None:
    """Nobody sees a long tail in a few values, so it is nearer 90%, as is said; a bootstrap held 69% and 86%."""
    assert share_covered(skewed, 0.03, queries) >= least


@pytest.mark.parametrize("queries", [3, 10])
def test_where_few_queries_change_the_interval_holds_or_there_is_none(queries: int) -> None:
    """A sample without any change gives no interval; 67% were a percentile bootstrap's at 10 queries."""
    assert share_covered(few_gain, 0.04, queries) >= 0.93


amounts = st.one_of(st.sampled_from([0.0, 0.1, -0.1, 0.25]), st.floats(-0.5, 0.5))


@settings(max_examples=300)
@given(
    st.integers(1, 18).flatmap(lambda n: st.lists(st.lists(amounts, min_size=n, max_size=n), min_size=1, max_size=3))
)
def test_p_and_interval_never_contradict_each_other(columns: list[list[float]]) -> None:
    """A difference is called one exactly where the interval leaves out 0, and the words follow the same test."""
    for pair in compared(*columns):
        if pair.interval is None:
            assert pair.queries == 1 or not pair.spread
            continue
        low, high = pair.interval
        assert (low > 0 or high < 0) == pair.significant
        assert low <= pair.difference <= high
        assert -1 <= low <= high <= 1


def test_one_query_and_equal_changes_have_no_interval() -> None:
    """Nobody can tell from them how much other queries would change."""
    assert compared([0.3])[0].interval is None
    (same,) = compared([0.1] * 10)
    assert same.interval is None
    assert same.significant  # ten of ten gained: p 0.002
    assert interval_text(same) == ""


def test_the_interval_is_that_of_scipy() -> None:
    """Mean, error and t as scipy has them, where p rules out chance."""
    chance = random.Random(4)
    values = [chance.gauss(0.1, 0.1) for _ in range(30)]
    (pair,) = compared(values)
    expected = scipy.stats.ttest_1samp(values, 0).confidence_interval(0.95)
    assert pair.significant
    assert pair.interval == pytest.approx((expected.low, expected.high))


def test_p_is_the_larger_of_two_tests() -> None:
    """Three queries that gain nearly the same are believed by t alone, and not by the signs."""
    (pair,) = compared([0.10, 0.11, 0.12])
    assert pair.p_alone == pytest.approx(2 / 2**3)
    assert pair.interval is not None
    assert pair.interval[0] == 0.0
    values = [0.05, 0.06, 0.04, 0.05, 0.07, 0.03, 0.45]
    (pair,) = compared(values)
    assert pair.p_alone == pytest.approx(scipy.stats.ttest_1samp(values, 0).pvalue)


@pytest.mark.parametrize("degrees", [1, 2, 3, 5, 9, 24, 59, 999, 100_000])
def test_students_t_is_that_of_scipy(degrees: int) -> None:
    """Probabilities and their inverse, from the middle to far out."""
    for t in (0.0, 0.01, 0.5, 1.0, 2.0, 3.3, 10.0, 1e4):
        assert two_sided_p(t, degrees) == pytest.approx(2 * scipy.stats.t.sf(t, degrees), rel=1e-7, abs=1e-14)
    for p in (1.0, 0.9, 0.5, 0.05, 0.0083, 1e-5):
        assert two_sided_t(p, degrees) == pytest.approx(scipy.stats.t.isf(p / 2, degrees), rel=1e-7, abs=1e-9)
    assert two_sided_p(math.inf, degrees) == 0.0
    with pytest.raises(ValueError, match="probability"):
        two_sided_t(0.0, degrees)


@pytest.mark.parametrize(
    ("p", "said"), [(0.0001, "under 0.001"), (0.0123, "0.012"), (0.0504, "0.05"), (0.1, "0.10"), (1.0, "1.00")]
)
def test_p_in_words_has_no_more_digits_than_say_something(p: float, said: str) -> None:
    """Three digits below 0.05, where they count, and two above."""
    assert p_text(p) == said
