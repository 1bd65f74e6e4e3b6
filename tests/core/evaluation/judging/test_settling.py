"""Which grade counts where several people rated, and what a settled grade does to it."""

from __future__ import annotations

import statistics
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.evaluation import read
from rerank_core.evaluation.judging.files import settled_csv
from rerank_core.evaluation.judging.settling import RULES, SettledGrade, agreed_grade, as_rule
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet

GRADES = st.lists(st.integers(-3, 9), min_size=1, max_size=7)
ON_A_DAY = datetime(2026, 11, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("grades", "median", "mean", "majority"),
    [
        ([0, 2, 3, 3], 2, 2, 3),
        ([0, 3], 0, 1, 0),  # 1.5 goes down
        ([1, 2, 2], 2, 2, 2),  # 1.67
        ([0, 0, 3], 0, 1, 0),
        ([3, 1, 3, 1, 2], 2, 2, 1),  # of two that are as frequent the lower
        ([2], 2, 2, 2),
        ([-1, 0], -1, -1, -1),  # -0.5 goes down
    ],
)
def test_the_rules(grades, median, mean, majority):
    """Worked examples of each rule."""
    assert (agreed_grade(grades), agreed_grade(grades, "mean"), agreed_grade(grades, "majority")) == (
        median,
        mean,
        majority,
    )


@given(GRADES)
def test_a_rule_stays_between_the_grades_and_does_not_care_who_gave_them(grades):
    """Whatever the rule, and where all agree it is what they say; the mean is the nearest whole grade."""
    for rule in RULES:
        found = agreed_grade(grades, rule)
        assert min(grades) <= found <= max(grades)
        assert agreed_grade(grades[::-1], rule) == found
    assert abs(agreed_grade(grades, "mean") - statistics.fmean(grades)) <= 0.5 + 1e-9
    with pytest.raises(ValueError, match="no grade"):
        agreed_grade([])


def test_a_rule_that_nobody_knows_is_the_default():
    """As in a file of a later version."""
    assert as_rule("mean") == "mean"
    assert as_rule("by lot") == "median"


def query_set(**more):
    """Ann and Ben differ on a; b came with the file and Ann rated it; c came with the file alone."""
    judgments = {
        "imported": {"q": {"b": 0, "c": 2}},
        "Ann": {"q": {"a": 3, "b": 1}},
        "Ben": {"q": {"a": 0}},
    }
    return QuerySet("s", (Query("q", "tea", ("a", "b", "c", "d")), Query("p", "milk")), judgments=judgments, **more)


def test_a_settled_grade_takes_the_place_of_all_others():
    """Of people's and of the file's, also of a document that nobody rated; and not where some raters are picked."""
    settled = {"q": {"a": SettledGrade(2, "Ann", ON_A_DAY), "c": SettledGrade(3, "Ben", ON_A_DAY)}}
    settled |= {"p": {"x": SettledGrade(1, "Ben", ON_A_DAY)}}
    assert query_set().combined() == {"q": {"b": 1, "c": 2, "a": 0}}
    decided = query_set(settled=settled)
    assert decided.combined() == {"q": {"a": 2, "b": 1, "c": 3}, "p": {"x": 1}}
    assert decided.combined(("imported", "Ann", "Ben")) == decided.combined()
    assert decided.combined(("Ann",)) == {"q": {"a": 3, "b": 1}}
    assert decided.judged == 2
    assert decided.imported().judgments == decided.combined()


def test_the_rule_of_the_set_counts():
    """Mean and majority in place of the median."""
    assert replace(query_set(), rule="mean").combined()["q"]["a"] == 1
    assert replace(query_set(), rule="majority").combined()["q"]["a"] == 0


def test_settled_grades_leave_with_who_and_when():
    """A row each, which come in again as ratings of the file."""
    settled = {"q": {"a": SettledGrade(2, "Ann", ON_A_DAY)}, "p": {"x": SettledGrade(1, "=Ben", ON_A_DAY)}}
    data = settled_csv(query_set(settled=settled))
    assert data.decode("utf-8-sig") == (
        "query_id,query,docid,rating,settled_by,settled_at\n"
        "q,tea,a,2,Ann,2026-11-30T00:00:00+00:00\n"
        "p,milk,x,1,'=Ben,2026-11-30T00:00:00+00:00\n"
    )
    back = read("settled.csv", data)
    assert (back.judgments, back.raters) == ({"q": {"a": 2}, "p": {"x": 1}}, {})
