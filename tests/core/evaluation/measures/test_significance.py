"""Whether a difference is more than chance: against exhaustive counts and known distributions."""

from __future__ import annotations

import itertools
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core import evaluation
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import compare, describe
from rerank_core.evaluation.measures import significance
from rerank_core.evaluation.measures.significance import holm


def judged(ranks: list[int | None]) -> tuple[dict[str, dict[str, int]], dict[str, list[str]]]:
    """Judgments and a run whose reciprocal rank for each query is 1 / rank, or 0 for None."""
    judgments = {f"q{number}": {"right": 1} for number in range(len(ranks))}
    run = {
        f"q{number}": [f"wrong{place}" for place in range(1, rank or 5)] + (["right"] if rank else [])
        for number, rank in enumerate(ranks)
    }
    return judgments, run


def two(before: list[int | None], after: list[int | None]) -> evaluation.PairedTest:
    """The comparison of two runs given by the ranks of the right document."""
    judgments, first = judged(before)
    _, second = judged(after)
    return compare(judgments, {"A": first, "B": second}, "RR")["A", "B"]


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=9))
def test_few_queries_give_the_exact_p_value(ranks: list[tuple[int, int]]) -> None:
    """With few queries the p of the signs is the share of all patterns that reach the observed difference."""
    compared = two([a for a, _ in ranks], [b for _, b in ranks])
    differences = [1 / b - 1 / a for a, b in ranks]
    observed = abs(sum(differences))
    sums = [
        abs(sum(sign * value for sign, value in zip(signs, differences, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(differences))
    ]
    expected = sum(total >= observed - 1e-9 for total in sums) / len(sums)
    assert significance._p_values([list(compared.differences.values())], 100, 0) == pytest.approx([expected])
    assert compared.p_alone >= expected - 1e-12
    assert compared.difference == pytest.approx(sum(differences) / len(differences))
    assert (compared.better, compared.worse, compared.same) == (
        sum(b < a for a, b in ranks),
        sum(b > a for a, b in ranks),
        sum(b == a for a, b in ranks),
    )


def test_many_queries_agree_with_the_binomial_distribution() -> None:
    """Where all differences are as large, p is that of a coin: here 25 heads or more, or 25 tails, of 36."""
    compared = two([2] * 25 + [1] * 11, [1] * 25 + [2] * 11)
    exact = 2 * sum(math.comb(36, heads) for heads in range(25, 37)) / 2**36
    assert compared.p_alone == pytest.approx(exact, abs=0.005)


def test_the_interval_agrees_with_the_normal_one() -> None:
    """Over many queries the t interval is close to mean plus and minus 1.96 standard errors."""
    generator = random.Random(3)
    before = [generator.randint(1, 6) for _ in range(400)]
    after = [generator.randint(1, 4) for _ in range(400)]
    compared = two(before, after)
    values = list(compared.differences.values())
    mean = sum(values) / len(values)
    error = math.sqrt(sum((value - mean) ** 2 for value in values) / len(values)) / math.sqrt(len(values))
    low, high = compared.interval
    assert low == pytest.approx(mean - 1.96 * error, abs=0.1 * error)
    assert high == pytest.approx(mean + 1.96 * error, abs=0.1 * error)


def test_chance_is_rarely_called_a_difference() -> None:
    """Of 120 comparisons of equally good runs about one in twenty, not one in five, looks significant."""
    generator = random.Random(11)
    called = 0
    for _ in range(120):
        ranks = [(generator.randint(1, 8), generator.randint(1, 8)) for _ in range(20)]
        judgments, first = judged([a for a, _ in ranks])
        _, second = judged([b for _, b in ranks])
        called += compare(judgments, {"A": first, "B": second}, "RR", samples=500)["A", "B"].significant
    assert called <= 14


def test_the_same_run_twice_is_no_difference() -> None:
    """Equal runs have p 1, no interval and every query the same."""
    compared = two([1, 2, 3], [1, 2, 3])
    assert (compared.p, compared.interval, compared.difference, compared.same) == (1.0, None, 0.0, 3)
    assert not compared.significant


def test_one_query_is_compared_with_a_warning() -> None:
    """A single query proves nothing, and the comparison says that it is only one."""
    compared = two([4], [1])
    assert (compared.p, compared.queries) == (1.0, 1)
    assert compared.interval is None
    assert compared.warning is not None
    assert compared.warning.startswith("Only 1 query:")
    assert two([2] * 25, [1] * 25).warning is None


def test_a_query_that_a_run_lacks_counts_as_nothing_found() -> None:
    """Leaving hard queries out does not make a run better."""
    judgments, first = judged([2, 2])
    compared = compare(judgments, {"A": first, "B": {"q0": ["right"]}}, "RR")["A", "B"]
    assert compared.differences == {"q0": 0.5, "q1": -0.5}
    assert compared.difference == 0.0


def test_several_runs_are_compared_in_pairs_and_corrected() -> None:
    """Three runs make three pairs; each p is Holm's, never smaller than alone."""
    judgments, worst = judged([4] * 12)
    runs = {"worst": worst, "middle": judged([2] * 12)[1], "best": judged([1] * 6 + [2] * 6)[1]}
    pairs = compare(judgments, runs, "RR")
    assert list(pairs) == [("worst", "middle"), ("worst", "best"), ("middle", "best")]
    assert [pair.p for pair in pairs.values()] == holm([pair.p_alone for pair in pairs.values()])
    assert pairs["worst", "best"].means == pytest.approx((0.25, 0.75))
    assert pairs["worst", "middle"].p == pytest.approx(3 * 2 / 2**12)
    assert pairs["middle", "best"].p == pytest.approx(2 / 2**6)


def test_the_worked_example_of_holm() -> None:
    """The numbers of the docstring, and the corner cases."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_keeps_the_order_and_lies_between_none_and_bonferroni(values: list[float]) -> None:
    """A corrected value is at least the value, at most m times it, and ranks stay as they were."""
    corrected = holm(values)
    for value, better in zip(values, corrected, strict=True):
        assert value <= better <= min(1.0, value * len(values))
    order = sorted(range(len(values)), key=values.__getitem__)
    assert [corrected[place] for place in order] == sorted(corrected)


def test_the_same_seed_gives_the_same_numbers() -> None:
    """A comparison can be repeated to the last digit."""
    generator = random.Random(5)
    before = [generator.randint(1, 6) for _ in range(40)]
    after = [generator.randint(1, 6) for _ in range(40)]
    assert two(before, after) == two(before, after)


def test_fewer_than_two_runs_are_refused() -> None:
    """There is nothing to compare one run with."""
    with pytest.raises(InvalidRequestError, match="two runs"):
        compare({"q": {"a": 1}}, {"A": {"q": ["a"]}}, "RR")


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (
            [4] * 25,
            [1] * 25,
            "B lifts RR from 0.25 to 1.00 (+0.75); 25 queries better, 0 worse, 0 the same",
        ),
        (
            [1, 1],
            [2, 1],
            "B cannot be told apart from A: RR 0.75 against 1.00 (-0.25, 95% interval -1.00 to 1.00); "
            "0 queries better, 1 worse, 1 the same",
        ),
        (
            [1, 2],
            [2, 1],
            "B leaves RR at 0.75 (+0.00, 95% interval -1.00 to 1.00); 1 query better, 1 worse, 0 the same",
        ),
    ],
)
def test_a_comparison_in_one_sentence(before: list[int | None], after: list[int | None], sentence: str) -> None:
    """Direction, size, interval and counts are told, and what may be chance begins with that."""
    assert describe(two(before, after)) == sentence


def test_a_change_that_two_digits_do_not_show_is_given_in_three() -> None:
    """It would look foolish to lift 0.99 to 0.99."""
    said = describe(two([1] * 99 + [3] * 3, [1] * 99 + [3, 3, 2]))
    assert "RR 0.982 against 0.980 (+0.002, 95% interval -0.002 to 0.005)" in said


def compared(before: float, after: float, p: float = 0.01, comparisons: int = 1) -> evaluation.PairedTest:
    """A comparison with these means."""
    return evaluation.PairedTest(
        "nDCG@10", "A", "B", (before, after), after - before, (0.01, 0.1), p, p / 6, 9, 1, 0, {}, None, comparisons
    )


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.4949, 0.4951, "from 0.4949 to 0.4951 (+0.0002,"),
        (0.494, 0.498, "from 0.494 to 0.498 (+0.004,"),
        (0.4854, 0.5646, "from 0.49 to 0.56 (+0.08,"),
        (0.494, 0.566, "from 0.49 to 0.57 (+0.07,"),
        (0.61, 0.74, "from 0.61 to 0.74 (+0.13,"),
    ],
)
def test_a_change_is_given_in_as_many_digits_as_show_it(before: float, after: float, said: str) -> None:
    """Two, as people write them, and more where two would show no change."""
    assert said in describe(compared(before, after))


def test_what_cannot_be_told_apart_is_said_without_a_p() -> None:
    """Nobody who decides wants three decimals of a chance; the table has the figure."""
    said = describe(compared(0.4, 0.45, 0.11, 6))
    assert said.startswith("B cannot be told apart from A: nDCG@10 0.45 against 0.40 (+0.05, 95% interval")
    runs = {name: judged([rank] * 5)[1] for name, rank in (("A", 4), ("B", 2), ("C", 1))}
    assert {pair.comparisons for pair in compare(judged([1] * 5)[0], runs, "RR").values()} == {3}


def test_many_queries_do_not_take_much_memory() -> None:
    """Memory is bounded by working in pieces: a piece never holds more than two million cells."""
    pieces = significance._chunks(10_000, 1_000)
    assert sum(pieces) == 10_000
    assert max(pieces) * 1_000 <= 2_000_000
    assert significance._chunks(5, 10**9) == [1] * 5
