"""The figures that bench_quality prints, on lists whose answer can be counted by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks import quality_figures as figures
from tests.benchmarks.quality_figures import Lists

SCORES = st.lists(st.floats(0, 1), min_size=1, max_size=20).map(np.array)


def asked(scores: list[float], right: set[int], without: float | None, question: str = "q") -> Lists:
    return Lists(question, np.array(scores), np.array([place in right for place in range(len(scores))]), without)


LISTS = [asked([0.9, 0.2, 0.4], {0}, 0.4), asked([0.3, 0.8], {0}, 0.8), asked([0.1, 0.05], set(), 0.1)]


def test_a_question_is_in_the_half_of_its_hash() -> None:
    """By the SHA-256 of its id: "a" begins with ca, "b" with 3e, "d" with 18, "g" with cd."""
    assert [figures.half_of(name) for name in "abdg"] == [0, 0, 0, 1]
    lists = [asked([0.5], {0}, None, name) for name in "abdg"]
    assert [each.question for each in figures.of_half(lists, 1)] == ["g"]


def test_lists_with_and_without_their_answer() -> None:
    """A list that never had an answer counts among those without."""
    assert figures.answered(LISTS).tolist() == [0.9, 0.8]
    assert figures.unanswered(LISTS).tolist() == [0.4, 0.8, 0.1]
    found = figures.separation(LISTS)
    assert found.auc == (1 + 1 + 1 + 1 + 0.5 + 1) / 6
    assert found.right == pytest.approx(0.6)
    assert found.wrong == pytest.approx(np.quantile([0.2, 0.4, 0.8], 0.9))


@given(SCORES, SCORES)
def test_the_chance_to_tell_lists_apart(one: np.ndarray, other: np.ndarray) -> None:
    """From the other side it is what is left of 1; against itself it is one half; its interval holds nothing else."""
    assert figures.auc(one, other) == pytest.approx(1 - figures.auc(other, one))
    assert figures.auc(one, one) == 0.5
    low, high = figures.auc_interval(one, other, draws=50)
    assert -1e-9 <= low <= high <= 1 + 1e-9


def test_the_interval_of_a_mean_holds_it_and_shrinks() -> None:
    """As wide as normal theory says for many values, and nothing wide where all are alike."""
    values = np.random.default_rng(1).normal(0.2, 1.0, 400)
    low, high = figures.mean_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert figures.mean_interval(np.full(5, 0.3)) == pytest.approx((0.3, 0.3))


def test_what_is_right_from_a_score_on() -> None:
    """Of all results that reach it, and of the best of each list; lists without an answer do not count."""
    assert figures.right_from(LISTS, 0.3) == (0.5, 0.5)
    assert figures.right_from(LISTS, 0.85) == (1.0, 1.0)
    assert all(map(math.isnan, figures.right_from(LISTS, 0.95)))


def test_levels_are_found_where_the_rule_says() -> None:
    """Ten lists of best scores 0.1 to 1.0: one in ten is weak between the lowest and the next."""
    kind = [asked([place / 10, 0.01], {0}, 0.01) for place in range(1, 11)]
    assert 0.1 < figures.fitted_threshold([kind]) <= 0.2
    wrong_below_half = [asked([0.5, 0.6], {1}, 0.5), asked([0.2, 0.7], {1}, 0.2)]
    assert figures.fitted_strong([wrong_below_half]) == pytest.approx(0.505)
    assert figures.fitted_strong([[asked([0.9, 0.2], {1}, 0.9)]]) is None
