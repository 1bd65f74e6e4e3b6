"""Who rates a set together: progress, who sees what, and names as they are typed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.judging.assignment import (
    MAX_RATERS,
    NOT_ASSIGNED,
    AssignedRater,
    Judging,
    names_of_raters,
    progress,
    seen_by,
)
from rerank_core.evaluation.judging.settling import SettledGrade
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet

NOW = datetime(2026, 11, 30, tzinfo=UTC)
POOL = {"q": ("a", "b"), "p": ("a",)}
JUDGING = Judging((AssignedRater("Ann"), AssignedRater("Ben", NOW), AssignedRater("Cem")), POOL, "Dora", NOW)
RATED = {
    "imported": {"q": {"a": 1}},
    "Ann": {"q": {"a": 3, "z": 0}},
    "Ben": {"q": {"a": 0, "b": 1}, "p": {"a": 2}},
    "Dora": {"q": {"b": 3}},
}
SETTLED = {"q": {"a": SettledGrade(2, "Dora", NOW)}}
SET = QuerySet("s", (Query("q", "tea", ("a", "b")),), judgments=RATED, settled=SETTLED)


def test_progress_counts_what_is_to_be_rated():
    """Documents beside the pool count for nobody; who has not begun stands there with 0."""
    assert [one.text for one in progress(JUDGING, RATED)] == [
        "Ann: 1 of 3 rated",
        "Ben: done, 3 of 3 rated",
        "Cem: 0 of 3 rated",
    ]


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("Ann", {"imported", "Ann"}),
        ("Cem", {"imported"}),
        ("Ben", set(RATED)),  # is done
        (None, set(RATED)),  # leads
        ("Dora", {"imported", "Dora"}),  # was not assigned
        ("", {"imported"}),  # has not said who it is
    ],
)
def test_who_sees_whose_ratings_while_somebody_is_not_done(name, seen):
    """Own ratings and the file's, until one is done oneself; settled grades with the others' ratings."""
    found = seen_by(SET, JUDGING, name)
    assert set(found.judgments) == seen
    assert bool(found.settled) == (seen == set(RATED))
    assert set(SET.judgments) == set(RATED)


def test_all_is_seen_once_everybody_is_done():
    """By anybody, assigned or not; and where nobody was assigned."""
    done = replace(JUDGING, raters=tuple(replace(one, done=NOW) for one in JUDGING.raters))
    for judging in (done, NOT_ASSIGNED):
        assert seen_by(SET, judging, "somebody") is SET


@given(st.text(max_size=12))
def test_a_blind_rater_never_gets_anothers_grade(name):
    """Whatever name is given, nothing of Ann or Cem reaches who is neither."""
    if name not in RATED:
        assert set(seen_by(SET, JUDGING, name).judgments) == {"imported"}


def test_names_as_they_are_typed():
    """One a line, with commas or semicolons, white space cut, each once."""
    assert names_of_raters(" Ann\nBen ;Cem  Ak,Ann\n\n") == ("Ann", "Ben", "Cem Ak")


@pytest.mark.parametrize(
    "typed", ["", " \n,;", "imported", "x" * 300, "\n".join(f"rater {n}" for n in range(MAX_RATERS + 1))]
)
def test_names_that_cannot_be_taken(typed):
    """Each with a sentence."""
    with pytest.raises(InvalidRequestError):
        names_of_raters(typed)
