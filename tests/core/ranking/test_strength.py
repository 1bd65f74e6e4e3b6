"""Scores in words: by the model, by the language, and for a whole list."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import provider
from rerank_core.providers.spec import ModelSpec
from rerank_core.ranking.strength import NOT_MEASURED, Levels, ScoreScale, levels, range_top, scale_of, state, strength

SCORES = st.floats(0, 1)
LEVELS = Levels(0.05, 0.25)
RANKS = ["weak", "possible", "strong"]


def model(**measured: float) -> ModelSpec:
    return ModelSpec("m", "M", "", Decimal(0), **measured)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("score", "word"), [(0.0, "weak"), (0.049, "weak"), (0.05, "possible"), (0.249, "possible"), (0.25, "strong")]
)
def test_a_level_belongs_to_the_word_above_it(score: float, word: str) -> None:
    assert strength(score, LEVELS) == word


def test_no_score_or_no_measurement_has_no_word() -> None:
    assert strength(None, LEVELS) is None
    assert strength(0.9, None) is None
    assert levels(None) is None
    assert levels(model()) is None
    assert state([0.9], None) is None


def test_without_strong_nothing_is_strong() -> None:
    assert strength(1.0, Levels(0.05)) == "possible"


@given(SCORES, SCORES)
def test_a_higher_score_never_has_a_weaker_word(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert RANKS.index(strength(low, LEVELS) or "") <= RANKS.index(strength(high, LEVELS) or "")


def test_across_languages_a_model_has_levels_of_its_own_where_they_were_measured() -> None:
    measured = model(threshold=0.05, strong=0.25, cross_language_threshold=0.04, cross_language_strong=0.3)
    assert levels(measured, across_languages=True) == Levels(0.04, 0.3)
    assert levels(measured) == Levels(0.05, 0.25)
    assert levels(model(threshold=0.05, strong=0.25), across_languages=True) == Levels(0.05, 0.25)


@pytest.mark.parametrize(
    ("scores", "said"),
    [
        ([0.1, None, 0.3], "answered"),
        ([0.1, 0.0], "unsure"),
        ([0.04], "nothing"),
        ([None], None),
        ([], None),
    ],
)
def test_a_list_is_what_its_best_score_is(scores: list[float | None], said: str | None) -> None:
    assert state(scores, LEVELS) == said


def test_levels_that_cross_are_refused() -> None:
    with pytest.raises(ValueError, match="strong"):
        Levels(0.3, 0.2)
    with pytest.raises(ValueError, match="strong"):
        Levels(float("nan"))


def test_every_local_model_was_measured() -> None:
    for one in provider("local").models:
        for across in (False, True):
            assert levels(one, across_languages=across) is not None
        assert one.strong is not None
        assert one.usual_top is not None
        assert one.strong <= one.usual_top <= 1


def test_a_hosted_model_that_nobody_measured_has_no_words() -> None:
    assert [levels(one) for one in provider("gateflow").models] == [None] * 3


def test_a_bar_ends_where_the_model_usually_does() -> None:
    assert range_top([0.1, None], model(usual_top=0.6)) == 0.6
    assert range_top([], model(usual_top=0.6)) == 0.6
    assert range_top([0.1], model()) == 1.0
    assert scale_of([0.71], model(usual_top=0.6), LEVELS) == ScoreScale(LEVELS, 0.8)


def test_a_scale_says_what_its_words_and_its_bar_mean() -> None:
    assert ScoreScale(LEVELS, 0.6).text == (
        "Strong from 0.25, possible from 0.05, weak below. The bar's range is the one this model uses: 0 to 0.6."
    )
    assert ScoreScale(Levels(0.05)).words_text == "Possible from 0.05, weak below; no score of this model is sure here."
    assert ScoreScale(Levels(0.3, 0.3)).words_text == "Strong from 0.3, weak below."
    assert ScoreScale().text == f"{NOT_MEASURED} The bar's range is 0 to 1."
    assert ScoreScale(LEVELS).word(0.3) == "strong"


@given(st.lists(SCORES))
def test_every_score_lies_on_its_bar(scores: list[float]) -> None:
    top = range_top(scores, model(usual_top=0.3))
    assert 0.3 <= top <= 1
    assert all(score <= top + 1e-6 for score in scores)
