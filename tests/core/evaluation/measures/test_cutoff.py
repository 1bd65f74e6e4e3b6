"""Where to cut: each figure against a count by hand, the suggestion, and top n."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.cutoff import cut_off
from rerank_core.evaluation.measures.settings import EvaluationSettings
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.models import Document
from rerank_core.ranking.contender import Contender

ENGLISH = Contender("local", "local-english")


def made(table):
    """A set and a ranking out of {query: {document: (score, grade or None)}}."""
    texts = {query: f"about {query}" for query in table}
    candidates = {query: tuple(rows) for query, rows in table.items()}
    documents = {name: Document(name, name) for rows in table.values() for name in rows}
    judgments = {
        query: {name: grade for name, (_, grade) in rows.items() if grade is not None} for query, rows in table.items()
    }
    query_set = QuerySet(
        "x", make_queries(texts, candidates, {}, dict.fromkeys(texts, "en")), documents, {"ann": judgments}
    )
    scores = {query: {n: s for n, (s, _) in rows.items() if s is not None} for query, rows in table.items()}
    run = {query: tuple(sorted(rows, key=lambda name: -(rows[name][0] or 0.0))) for query, rows in table.items()}
    return query_set, Ranking(ENGLISH, run, scores, None)


TABLE = {
    "a": {"a1": (0.9, 3), "a2": (0.4, 0)},  # answered rightly down to 0.9
    "b": {"b1": (0.7, 0), "b2": (0.6, 2)},  # the first one is wrong
    "c": {"c1": (0.3, 1), "c2": (0.1, None)},  # a weak good answer
    "d": {"d1": (0.2, 0), "d2": (0.15, 0)},  # nothing answers it
}


def test_the_figures_of_one_threshold():
    """At 0.5: a rightly, b wrongly, c missed, d rightly silent; precision 2 of 3, recall 2 of 3."""
    point = cut_off(*made(TABLE)).at(0.5)
    assert (point.right, point.wrong, point.missed, point.silent) == (1, 1, 1, 1)
    assert point.precision == pytest.approx(2 / 3)
    assert point.recall == pytest.approx(2 / 3)
    assert (point.answered, point.wrongly_answered, point.kept) == (0.5, 0.25, 0.75)
    assert point.text == (
        "At 0.500, 2 of 4 queries are answered, 1 of them wrongly; 1 that have an answer get none, and 1 without one "
        "are rightly left alone"
    )


def test_a_document_at_the_threshold_is_let_through():
    """The threshold itself still passes."""
    cut = cut_off(*made(TABLE))
    assert cut.at(0.9).right == 1
    assert cut.at(0.9000001).right == 0


def test_the_suggestion_does_most_queries_right_with_the_fewest_wrong():
    """From 0.2 to 0.3, a and c are answered rightly, d is silent, b is wrong: nothing does better."""
    cut = cut_off(*made(TABLE))
    assert (cut.suggested.right, cut.suggested.silent, cut.suggested.wrong) == (2, 1, 1)
    assert 0.2 < cut.suggested.threshold <= 0.3
    assert [point.threshold for point in cut.points] == sorted(point.threshold for point in cut.points)
    assert cut.points[0].answered == 1.0
    assert cut.points[-1].answered == 0.0
    assert cut.points[-1].precision is None


def test_a_stricter_idea_of_relevant():
    """With grades from 2 on, c has no good answer and is rightly left alone."""
    point = cut_off(*made(TABLE), EvaluationSettings(relevant=2)).at(0.5)
    assert (point.missed, point.silent) == (0, 2)


def test_showing_the_first_n():
    """Precision and recall of the first n, and the share of answerable queries that show a good one."""
    one, two = cut_off(*made(TABLE)).top
    assert (one.precision, one.recall, one.found) == (0.5, pytest.approx(2 / 3), pytest.approx(2 / 3))
    assert (two.n, two.precision, two.recall, two.found) == (2, pytest.approx(3 / 8), 1.0, 1.0)


def test_showing_the_first_n_counts_queries_that_show_nothing_good():
    """With one result b and d show nothing good, with two only d does; a threshold plays no part."""
    assert [one.wrong for one in cut_off(*made(TABLE)).top] == [0.5, 0.25]


def test_a_picture_is_spread_evenly():
    """The points of a picture are those of their thresholds, from one end of the axis to the other."""
    cut = cut_off(*made(TABLE))
    points = cut.spread(0.0, 1.0, 4)
    assert [point.threshold for point in points] == [0, 0.25, 0.5, 0.75, 1]
    assert points[2] == cut.at(0.5)


def test_unrated_first_documents_are_told():
    """The share of queries whose first document nobody rated."""
    table = TABLE | {"e": {"e1": (0.8, None), "e2": (0.2, 1)}}
    assert cut_off(*made(table)).unrated == pytest.approx(0.2)


def test_a_provider_without_scores_has_top_n_alone():
    """No threshold is made up where there are no scores."""
    cut = cut_off(*made({"a": {"a1": (None, 3), "a2": (None, 0)}}))
    assert (cut.points, cut.suggested) == ((), None)
    assert cut.top[0].precision == 1.0
    with pytest.raises(InvalidRequestError):
        cut.at(0.5)


def test_without_ratings_there_is_no_cut():
    """A sentence says what to do."""
    with pytest.raises(InvalidRequestError) as caught:
        cut_off(*made({"a": {"a1": (0.5, None)}}))
    assert caught.value.code == "no_ratings"


RATED = st.tuples(st.floats(0, 1).map(lambda score: round(score, 2)), st.none() | st.integers(0, 3))


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.lists(RATED, min_size=1, max_size=6), min_size=1),
    st.floats(0, 1),
)
def test_every_point_is_what_counting_gives(table, threshold):
    """Any threshold over any scores: the figures are those of a plain count."""
    named = {query: {f"{query}{place}": row for place, row in enumerate(rows)} for query, rows in table.items()}
    query_set, ranking = made(named)
    rated = {query: rows for query, rows in named.items() if any(grade is not None for _, grade in rows.values())}
    if not rated:
        return
    cut = cut_off(query_set, ranking)
    point = cut.at(threshold)
    right = wrong = missed = silent = passed = hits = relevant = 0
    for query, rows in rated.items():
        good = {name for name, (_, grade) in rows.items() if (grade or 0) >= 1}
        through = [name for name in ranking.run[query] if rows[name][0] >= threshold]
        passed, relevant = passed + len(through), relevant + len(good)
        hits += len(good & set(through))
        right += bool(through) and through[0] in good
        wrong += bool(through) and through[0] not in good
        missed += not through and bool(good)
        silent += not through and not good
    assert (point.right, point.wrong, point.missed, point.silent) == (right, wrong, missed, silent)
    assert point.precision == (hits / passed if passed else None)
    assert point.recall == (hits / relevant if relevant else None)
    best = max(one.right + one.silent - one.wrong for one in cut.points)
    assert right + silent - wrong <= best, "no threshold beats the suggested one"
    assert cut.suggested.right + cut.suggested.silent - cut.suggested.wrong == best


def test_filters_narrow_the_cut_off_too():
    """Only the queries asked for are counted, as in the answer."""
    query_set, ranking = made(TABLE)
    cut = cut_off(query_set, ranking, EvaluationSettings(only=["a", "d", "elsewhere"]))
    assert cut.queries == ("a", "d")
    assert cut.at(0.5).queries == 2
    with pytest.raises(InvalidRequestError, match="No query fits these filters"):
        cut_off(query_set, ranking, EvaluationSettings(only=[]))


ALL_ANSWERED = {
    "a": {"a1": (0.09, 3), "a2": (0.04, 0)},
    "b": {"b1": (0.017, 0), "b2": (0.01, 2)},
    "c": {"c1": (0.16, 1), "c2": (0.008, 0)},
}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (TABLE, ""),  # leaving c and d alone avoids one wrong answer and loses none that was right
        (ALL_ANSWERED | {"b": {"b1": (0.17, 0), "b2": (0.01, 2)}}, "Every query has a good answer"),
        (
            {"a": {"a1": (0.09, 3)}, "c": {"c1": (0.16, 1)}, "d": {"d1": (0.9, 0)}},
            "At every threshold that cuts something",
        ),
        ({"a": {"a1": (0.2, 0)}, "b": {"b1": (0.9, 0)}}, "Too many first results are wrong"),
    ],
)
def test_where_no_cut_can_be_learned_that_is_said(table, said):
    """A suggestion that cuts nothing, or all, is none."""
    cut = cut_off(*made(table))
    assert cut.unlearned.startswith(said)
    assert bool(cut.unlearned) == bool(said)


def test_a_provider_without_scores_teaches_no_threshold_and_needs_no_reason():
    """It has none to cut by."""
    cut = cut_off(*made({"a": {"a1": (None, 1), "a2": (None, 0)}}))
    assert cut.unlearned == ""
    assert cut.axis() == (0.0, 1.0)


def test_the_axis_is_as_wide_as_the_scores():
    """Scores up to 0.16 do not stand in the lowest sixth of a picture; a line set at 0.5 is still on it."""
    cut = cut_off(*made(ALL_ANSWERED))
    assert cut.axis() == (0.0, pytest.approx(0.17, abs=0.0101))
    assert cut.axis(0.5) == (0.0, pytest.approx(0.5))
    assert cut_off(*made(TABLE)).axis() == (0.0, 1.0)


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=6), st.lists(st.floats(-20, 20), max_size=2))
@pytest.mark.slow
def test_every_score_and_every_line_is_on_the_axis(scores, lines):
    """Whatever the scale, nothing falls off, and the axis has a width."""
    table = {f"q{place}": {f"d{place}": (score, place % 2)} for place, score in enumerate(scores)}
    cut = cut_off(*made(table))
    low, high = cut.axis(*lines)
    assert low < high
    for value in (*scores, *lines):
        assert low - 1e-5 <= value <= high + 1e-5
