"""The answer first: the sentence, the table, what is compared over which queries, and cost against quality."""

from __future__ import annotations

import random
from dataclasses import replace
from decimal import Decimal
from statistics import fmean

import pytest

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import measure
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.cost_quality import CostPoint, cost_quality, labels_apart, picture, worth
from rerank_core.evaluation.measures.settings import EvaluationSettings
from rerank_core.evaluation.measures.summary import INITIAL, measures_for, method, summarise
from rerank_core.evaluation.query_sets.scope import Scope
from rerank_core.evaluation.query_sets.sources import from_sample
from rerank_core.ranking.contender import Contender
from tests.support.plain_measures import all_of
from tests.support.small_query_set import small_set


def ranking(label, run, cost="0.001", scores=None, **more):
    contender = Contender("gateflow", "rerank-english-v3.0", label)
    total = None if cost is None else Decimal(cost) * len(run)
    return Ranking(contender, run, scores or {}, total, tuple(10.0 for _ in run), **more)


def reversed_run(query_set):
    return {query: tuple(reversed(order)) for query, order in query_set.initial.items()}


def test_the_answer_is_one_sentence_with_quality_counts_and_money():
    """Before, after, difference, interval, queries better, worse and the same, and what it costs."""
    query_set = small_set(40)
    found = summarise(query_set, [ranking("English", reversed_run(query_set))])
    assert found.sentence.startswith("English reranking lifts nDCG@10 from 0.27 to 0.75 (+0.48, 95% interval 0.")
    assert found.sentence.endswith(
        "; 30 queries better, 0 worse, 10 the same; $0.04 this run, about $30 a month at 1,000 searches a day."
    )
    assert found.best == "English"
    assert found.warnings[-1].startswith("10 queries have no relevant document among those rated")
    assert found.ceiling == pytest.approx(0.75)


def test_every_figure_is_that_of_ir_measures():
    """The table and the values by query are those of `measure` over the same judgments."""
    query_set = small_set(30)
    run = reversed_run(query_set)
    found = summarise(query_set, [ranking("English", run)], EvaluationSettings(k=3))
    expected = measure(query_set.combined(), run, found.measures)
    assert found.measures == measures_for(3) == ("nDCG@3", "RR", "P@3", "R@3", "AP", "Judged@3")
    for name in found.measures:
        assert found.rows[1].means[name] == expected[name].mean
        assert found.by_query["English"][name] == expected[name].by_query
    assert found.rows[0].label == INITIAL
    assert found.rows[1].latency_ms == 10.0


def test_every_figure_is_that_of_the_definitions():
    """On the sample set, with orders of all kinds, the table is what plain sums over its queries give."""
    query_set = from_sample()
    chance = random.Random(3)
    shuffled = {query: tuple(chance.sample(order, len(order))) for query, order in query_set.initial.items()}
    short = {query: order[: chance.randrange(1, 12)] for query, order in shuffled.items()}
    found = summarise(query_set, [ranking("Shuffled", shuffled), ranking("Short", short)])
    grades = query_set.combined()
    for label, run in ((INITIAL, query_set.initial), ("Shuffled", shuffled), ("Short", short)):
        (row,) = [one for one in found.rows if one.label == label]
        plain = [all_of(grades[query], run[query]) for query in found.queries]
        for name in found.measures:
            assert row.means[name] == pytest.approx(fmean(values[name] for values in plain), abs=1e-9), (label, name)


def test_changes_begin_with_the_worst():
    """Changes are sorted, the worst regression first, and regressions hold nothing that got better."""
    query_set = small_set(8)
    run = reversed_run(query_set)
    run["q0"] = query_set.initial["q0"][:-1]  # the good one is lost
    found = summarise(query_set, [ranking("English", run)])
    changes = found.changes("English")
    assert changes[0].query.id == "q0"
    assert changes[0].change == pytest.approx(-0.356, abs=0.001)
    assert [change.change for change in changes] == sorted(change.change for change in changes)
    assert [change.query.id for change in found.regressions("English", 10)] == ["q0"]


def test_all_figures_are_over_the_same_queries():
    """A query that one model lacks is left out for all, and that is said; so is one without ratings."""
    query_set = small_set(30)
    query_set = replace(
        query_set, judgments={"ann": {q: g for q, g in query_set.judgments["ann"].items() if q != "q5"}}
    )
    full = reversed_run(query_set)
    partial = {query: order for query, order in full.items() if query not in ("q1", "q2")}
    found = summarise(query_set, [ranking("A", full), ranking("B", partial), ranking("C", {})])
    assert len(found.queries) == 27
    assert not {"q1", "q2", "q5"} & set(found.queries)
    said = " ".join(found.warnings)
    assert "2 queries without an answer from every model are left out for all of them." in said
    assert "1 query without ratings is not in the figures." in said
    assert "C answered no rated query and is not in the figures." in said
    assert "A and B cannot be told apart on these queries." in said


def test_warnings_that_must_stand_beside_the_answer():
    """Few queries, few ratings, and relevant documents outside the candidates are each told."""
    query_set = small_set(4, 30)
    query_set = query_set.rated("ann", "q0", "elsewhere", 3).rated("ann", "q0", "q0-d29", 0)
    found = summarise(query_set, [ranking("A", reversed_run(query_set))])
    said = " ".join(found.warnings)
    assert "Only 4 queries" in said
    assert "Only 10% of the top 10 of one of the orders are rated." in said
    assert "For 1 query no relevant document is among the candidates" in said


def test_filters_narrow_everything():
    """Only the queries asked for are in the figures."""
    query_set = small_set(20)
    even = EvaluationSettings(only=Scope(tags=("even",)).only(query_set))
    found = summarise(query_set, [ranking("A", reversed_run(query_set))], even)
    assert len(found.queries) == 10
    assert found.rows[0].means["RR"] == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    ("only", "judgments", "run", "code"),
    [((), None, True, "no_ratings"), (None, {}, True, "no_ratings"), (None, None, False, "no_answers")],
)
def test_no_answer_says_what_to_do(only, judgments, run, code):
    """No fitting query, no ratings, no answers: each is a sentence with a hint."""
    query_set = small_set(4)
    given = reversed_run(query_set) if run else {}
    with pytest.raises(InvalidRequestError) as caught:
        summarise(query_set, [ranking("A", given)], EvaluationSettings(judgments, only))
    assert caught.value.code == code
    assert caught.value.hint


def test_cost_against_quality():
    """Each model is a point; one that is both dearer and worse than another is no good value."""
    query_set = small_set(30)
    good, half = reversed_run(query_set), dict(query_set.initial)
    half.update({query: good[query] for query in list(good)[:15]})
    found = summarise(
        query_set, [ranking("Dear", half, "0.002"), ranking("Cheap", good), ranking("Secret", good, None)]
    )
    points = {point.label: point for point in cost_quality(found)}
    assert points["Cheap"].monthly == Decimal("30.000")
    assert points["Secret"].monthly is None
    assert [label for label, point in points.items() if point.best_value] == [INITIAL, "Cheap"]
    assert points["Cheap"].low < points["Cheap"].quality < points["Cheap"].high
    assert cost_quality(found, 10_000)[1].monthly in (Decimal("300.000"), Decimal("600.000"), None)
    assert worth(found) == "Cheap is the best hosted model at nDCG@10 0.77, for $30 a month at 1,000 searches a day."


def test_a_model_that_is_worse_is_not_worth_its_money():
    """Where a model that was run and paid for is worse, that is the sentence, about it alone."""
    query_set = small_set(30)
    shorter = {query: order[:1] for query, order in query_set.initial.items()}
    found = summarise(query_set, [ranking("A", shorter)])
    assert worth(found) == (
        "A is worse than the initial order on nDCG@10, so it is not worth $30 a month at 1,000 searches a day on these "
        "queries."
    )
    assert found.sentence.startswith("A reranking lowers nDCG@10")
    unknown = summarise(query_set, [ranking("A", shorter, None)])
    assert "so it is not worth its price, which is not known" in worth(unknown)


def test_no_verdict_on_money_is_given_about_models_that_were_not_run():
    """Stand-ins of this computer say nothing about what a hosted model is worth."""
    query_set = small_set(30)
    local = replace(
        ranking("English", {query: order[:1] for query, order in query_set.initial.items()}, "0"),
        contender=Contender("local", "local-english"),
    )
    found = summarise(query_set, [local])
    assert found.rows[1].local
    assert worth(found).startswith("Only stand-ins on this computer were run, which cost nothing.")
    assert "worth" not in worth(found)


def test_a_near_tie_names_the_cheaper_one():
    """A model that comes within 0.01 for less is named beside the best."""
    query_set = small_set(30)
    run = reversed_run(query_set)
    found = summarise(query_set, [ranking("Dear", run, "0.002"), ranking("Cheap", run)])
    assert worth(found) == (
        "Dear is the best hosted model at nDCG@10 0.77, for $60 a month at 1,000 searches a day; Cheap comes within "
        "0.01 of it for $30."
    )


def test_a_gain_that_may_be_chance_is_not_sold_as_worth_its_money():
    """One query of eight that got better says nothing about what the model is worth."""
    query_set = small_set(8)
    better = next(iter(query_set.initial))
    run = {query: order[::-1] if query == better else order for query, order in query_set.initial.items()}
    found = summarise(query_set, [ranking("A", run)])
    assert found.rows[1].compared.difference > 0
    assert worth(found) == (
        "A cannot be told apart from the initial order on nDCG@10, so nobody knows yet whether it is worth $30 a month "
        "at 1,000 searches a day."
    )


def test_another_grade_may_be_the_first_relevant_one():
    """On a scale from 1 to 5 the measures that do not grade go from the chosen grade on, under ir-measures' names."""
    made = small_set(8)
    scale = {0: 1, 3: 5}
    grades = {query: {name: scale[one] for name, one in own.items()} for query, own in made.judgments["ann"].items()}
    made = replace(made, judgments={"imported": grades})
    run = reversed_run(made)
    all_count = summarise(made, [ranking("A", run)])
    assert {all_count.rows[0].means["RR"], all_count.rows[1].means["RR"]} == {1.0}
    assert "Ratings go from 1 to 5, and every rated document counts as relevant in RR, P, R and AP" in " ".join(
        all_count.warnings
    )
    found = summarise(made, [ranking("A", run)], EvaluationSettings(relevant=4))
    assert found.measures == measures_for(10, 4)
    assert found.measures == ("nDCG@10", "RR(rel=4)", "P(rel=4)@5", "R(rel=4)@10", "AP(rel=4)", "Judged@10")
    plain = {query: {name: int(one >= 4) for name, one in own.items()} for query, own in grades.items()}
    expected = measure(plain, run, measures_for())
    for name, usual in list(zip(found.measures, measures_for(), strict=True))[1:]:
        assert found.rows[1].means[name] == pytest.approx(expected[usual].mean), name
    assert found.rows[0].means["nDCG@10"] == all_count.rows[0].means["nDCG@10"]
    assert "2 queries have no document rated 4 or more, and count as 0 in RR, P, R and AP for every order." in (
        found.warnings
    )
    assert dict(method(4))["Relevant"].startswith("Documents rated 4 or more.")
    assert {"RR(rel=4)", "P(rel=4)@k", "R(rel=4)@k", "AP(rel=4)"} <= set(dict(method(4)))


def test_an_interval_reaches_to_0_where_p_is_large_only_by_correction():
    """p is corrected for all comparisons; the interval beside it does not say the opposite."""
    made = small_set(12)
    better = [query for query in made.initial if query in ("q0", "q1", "q2", "q4", "q5")]
    run = {query: order[::-1] if query in better else order for query, order in made.initial.items()}
    found = summarise(made, [ranking("A", run), ranking("B", made.initial), ranking("C", made.initial)])
    assert found.sentence.startswith(
        "A reranking cannot be told apart from the initial order: nDCG@10 0.54 against 0.27"
    )
    assert found.rows[1].compared.interval[0] == 0


def test_what_is_left_out_on_purpose_is_said():
    """The queries by tag, language and length, the raters, and how many queries are left of how many."""
    made = small_set(8).rated("Ben", "q0", "q0-d0", 1)
    assert Scope().text(made) == Scope(raters=("ann", "Ben")).text(made) == ""
    assert Scope().only(made) is Scope(languages=("en",)).only(made) is None
    odd = Scope(tags=("odd",), raters=("Ben",))
    assert odd.text(made) == "Only tag odd: 4 of 8 queries; ratings by Ben"
    assert odd.only(made) == ("q1", "q3", "q5", "q7")
    assert Scope(raters=("Ben",)).text(made) == "Only ratings by Ben"
    several = Scope(tags=("odd", "x" * 90), languages=("en", "de"), lengths=("sentence",))
    long = f"{'x' * 39}\N{HORIZONTAL ELLIPSIS}"
    expected = f"Only tag odd or {long}, language en or de, queries of 6 to 25 words: 0 of 8 queries"
    assert several.text(made) == expected
    assert several.within(made) == Scope(tags=("odd",), languages=("en",))
    assert "a, b, c or 3 more" in Scope(tags=tuple("abcdef")).text(made)
    assert (
        summarise(made, [ranking("A", reversed_run(made))], EvaluationSettings(scope="Only x")).settings.scope
        == "Only x"
    )


def test_labels_of_the_picture_of_costs_stand_apart():
    """Two models of one price and nearly one quality have labels a line apart, inside of the picture, and the best one
    possible does not stand on its frame."""
    points = [
        CostPoint(name, quality, quality, quality, None, Decimal(month))
        for name, quality, month in (("Initial order", 0.6, 0), ("English", 1.0, 30), ("Multilingual", 0.99, 30))
    ]
    drawn = picture(points, 320, 12)
    assert drawn.high > 1.01
    assert drawn.most == 30
    pixels = [(drawn.high - label) * 320 / (drawn.high - drawn.low) for label in drawn.labels]
    assert pixels[2] - pixels[1] == pytest.approx(17)
    assert drawn.labels[:2] == pytest.approx((0.6, 1.0))
    assert drawn.before == (False, True, True)
    spans = [(0, 90, 95), (10, 90, 96), (200, 290, 99), (80, 140, 97)]
    assert labels_apart(spans, 100) == [66, 83, 99, 100]
