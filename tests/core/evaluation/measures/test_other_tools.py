"""As Quepid and Elasticsearch count: the figures that those tools gave for the same data."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import measure
from rerank_core.evaluation.measures.other_tools import COUNTING, as_other_tools_count


def case(shown: list[int | None], rated: list[int]) -> tuple[dict[str, dict[str, int]], dict[str, list[str]]]:
    """One query whose order shows documents of these grades (None: not rated) out of all that are rated."""
    left, judgments, run = list(rated), {}, []
    for place, grade in enumerate(shown):
        name = f"shown{place}"
        run.append(name)
        if grade is not None:
            left.remove(grade)
            judgments[name] = grade
    judgments |= {f"other{place}": grade for place, grade in enumerate(left)}
    return {"q": judgments}, {"q": run}


FIFTEEN = [3] * 5 + [2] * 5 + [1] * 5


@pytest.mark.parametrize(
    ("shown", "rated", "ours", "quepid", "elasticsearch"),
    [
        (FIFTEEN[:10], FIFTEEN, 1.0, 0.9507, 1.0),
        ([1] * 10, [1] * 30, 1.0, 0.4959, 1.0),
        ([3, None, 1], [3, 2, 2, 1, 1, 0], 0.5757, 0.6690, 0.7217),
        ([1, 3, 2, None, 1], [3, 2, 1, 1, 0], 0.8242, 0.7435, 0.7435),
    ],
)
def test_the_figures_are_those_that_the_tools_gave(
    shown: list[int | None], rated: list[int], ours: float, quepid: float, elasticsearch: float
) -> None:
    """Measured with the tools themselves; our own stands beside them."""
    judgments, run = case(shown, rated)
    found = as_other_tools_count(judgments, run)
    assert measure(judgments, run, ["nDCG@10"])["nDCG@10"].mean == pytest.approx(ours, abs=5e-5)
    assert found.quepid_ndcg == pytest.approx(quepid, abs=5e-5)
    assert found.elasticsearch_ndcg == pytest.approx(elasticsearch, abs=5e-5)


def test_precision_is_divided_by_what_was_returned() -> None:
    """Two of three are relevant: .6667 there, .2 of ten with us."""
    judgments, run = case([3, None, 1], [3, 2, 2, 1, 1, 0])
    assert as_other_tools_count(judgments, run).precision == pytest.approx(0.6667, abs=5e-5)
    assert measure(judgments, run, ["P@10"])["P@10"].mean == pytest.approx(0.2)
    assert as_other_tools_count(judgments, run, relevant=2).precision == pytest.approx(1 / 3)


def test_a_reciprocal_rank_ends_at_k() -> None:
    """The first relevant document stands at 3: a third, and nothing where two are looked at."""
    judgments, run = case([0, None, 1], [0, 1])
    assert as_other_tools_count(judgments, run).reciprocal_rank == pytest.approx(1 / 3)
    assert as_other_tools_count(judgments, run, k=2).reciprocal_rank == 0.0


def test_a_query_without_results_counts_as_nothing() -> None:
    """Of two queries one is answered perfectly: half of everything; grades under 0 and nothing relevant give 0."""
    judgments = {"q1": {"a": 3}, "q2": {"a": 3}}
    found = as_other_tools_count(judgments, {"q1": ["a"]})
    assert (found.quepid_ndcg, found.elasticsearch_ndcg, found.precision, found.reciprocal_rank) == (0.5,) * 4
    assert as_other_tools_count({"q": {"a": -1}}, {"q": ["a"]}).quepid_ndcg == 0.0
    with pytest.raises(InvalidRequestError, match="no judgments"):
        as_other_tools_count({}, {})
    with pytest.raises(ValueError, match="at least 1"):
        as_other_tools_count(judgments, {}, k=0)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(1, 12), st.randoms(use_true_random=False))
def test_shares_stay_shares_and_quepid_never_says_more(grades: list[int], k: int, chance: object) -> None:
    """All lie between 0 and 1; Quepid's ideal has at least as many documents as Elasticsearch's."""
    names = [f"d{place}" for place in range(len(grades))]
    order = list(names)
    chance.shuffle(order)  # type: ignore[attr-defined]
    found = as_other_tools_count({"q": dict(zip(names, grades, strict=True))}, {"q": order}, k=k)
    assert 0 <= found.quepid_ndcg <= found.elasticsearch_ndcg <= 1
    assert 0 <= found.reciprocal_rank <= 1
    assert 0 <= found.precision <= 1


def test_the_choices_are_named() -> None:
    """Ties, missing queries and the ideal each have a sentence."""
    assert {"Ideal", "Ties", "Missing queries", "Gain"} <= {name for name, _ in COUNTING}
