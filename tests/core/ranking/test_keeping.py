"""What is kept: one rule for a row and for a count."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rerank_core.ranking import keeping

SCORES = [0.9, 0.5, 0.5, 0.1, None]


def test_a_result_is_kept_within_top_n_and_from_the_threshold_on() -> None:
    assert [keeping.fate(rank, score, 2, 0.5) for rank, score in enumerate(SCORES, start=1)] == [
        "kept",
        "kept",
        "below Top 2",
        "under the threshold",
        "under the threshold",
    ]
    assert keeping.fate(1, None, 5, None) == "kept"


def test_the_count_says_what_the_rule_keeps() -> None:
    assert keeping.kept(SCORES, 5, 0.5) == 3
    assert keeping.kept(SCORES, 2, 0.5) == 2
    assert keeping.kept_text(SCORES, 5, 0.5) == "Keeps 3 of 5"
    assert keeping.kept_text(SCORES, 5, 0.95) == "Keeps none of 5"
    assert keeping.kept_text(SCORES, 5, None) == "Keeps all 5"
    assert keeping.kept_text([0.5] * 1200, 1100, 0.0) == "Keeps 1,100 of 1,200"


@given(
    st.lists(st.none() | st.floats(0, 1)),
    st.integers(1, 12),
    st.none() | st.floats(0, 1),
)
def test_rows_and_count_agree(scores: list[float | None], top_n: int, threshold: float | None) -> None:
    fates = [keeping.fate(rank, score, top_n, threshold) for rank, score in enumerate(scores, start=1)]
    assert fates.count("kept") == keeping.kept(scores, top_n, threshold)
