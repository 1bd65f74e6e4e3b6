"""Cohere's recipe: the pairs that are proposed, and the mean of those that a person picked."""

from __future__ import annotations

import math

import pytest

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.borderline import borderline_pairs, borderline_reference
from rerank_core.evaluation.measures.settings import EvaluationSettings
from tests.core.evaluation.measures.test_cutoff import ENGLISH, made


def test_borderline_pairs_are_proposed_one_a_query():
    """A document of grade 1 beside a better one; else the one in the middle of the doubt; else the nearest to those."""
    query_set, ranking = made(
        {
            "sure": {"s1": (0.9, 3), "s2": (0.5, 1), "s3": (0.1, 0)},
            "doubt": {"d1": (0.8, 3), "d2": (0.6, 0), "d3": (0.69, None)},
            "open": {"o1": (0.95, None), "o2": (0.58, None)},
        }
    )
    found = borderline_pairs(query_set, ranking)
    assert [(one.query.id, one.document, one.grade) for one in found] == [
        ("sure", "s2", 1),
        ("doubt", "d3", None),
        ("open", "o2", None),
    ]
    assert len(borderline_pairs(query_set, ranking, most=1)) == 1


def test_the_lowest_relevant_grade_is_borderline_and_the_lowest_of_the_scale_is_not():
    """On a scale from 1 to 10 a document rated 1 is the worst there is, one rated 6 is borderline from 6 on."""
    table = {"q": {"bad": (0.2, 1), "just": (0.5, 6), "good": (0.9, 10)}, "r": {"r1": (0.9, 10), "r2": (0.3, 1)}}
    query_set, ranking = made(table)
    pairs = borderline_pairs(query_set, ranking, EvaluationSettings(relevant=6))
    assert [(one.document, one.grade) for one in pairs] == [("just", 6), ("r2", 1)]
    # from 1 on all are relevant, so that nothing but the middle of all scores is left to go by
    assert [one.document for one in borderline_pairs(query_set, ranking)] == ["just", "r2"]
    only_q = EvaluationSettings(only=["q"], relevant=6)
    assert [one.document for one in borderline_pairs(query_set, ranking, only_q)] == ["just"]


def test_the_reference_is_the_mean_of_the_pairs():
    """The mean score, its range, and whether there are as many pairs as the recipe asks for."""
    reference = borderline_reference([0.2, 0.4, 0.6])
    assert reference.score == pytest.approx(0.4)
    assert not reference.enough
    assert reference.text.startswith("The mean of 3 borderline pairs is 0.40 (0.20 to 0.60); 30 pairs or more")
    assert borderline_reference([0.5] * 30).enough
    for nothing in ([], [math.nan]):
        with pytest.raises(InvalidRequestError):
            borderline_reference(nothing)


def test_without_any_rating_the_pairs_lie_in_the_middle_of_all_scores():
    """The recipe needs no ratings: each query offers the document nearest to half way between the ends."""
    query_set, ranking = made(
        {
            "one": {"a": (0.9, None), "b": (0.45, None), "c": (0.1, None)},
            "two": {"d": (0.7, None), "e": (0.2, None)},
        }
    )
    assert [(one.query.id, one.document) for one in borderline_pairs(query_set, ranking)] == [
        ("one", "b"),
        ("two", "d"),
    ]
    nothing = Ranking(ENGLISH, ranking.run, {}, None)
    assert borderline_pairs(query_set, nothing) == ()
