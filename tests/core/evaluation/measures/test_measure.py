"""Measures: ir-measures' own numbers, checked against the definitions written out."""

from __future__ import annotations

import math
import subprocess
import sys

import ir_measures
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import evaluation
from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import Measured, measure
from rerank_core.evaluation.measures.measure import mean_name
from rerank_core.evaluation.measures.rated_run import rated_run

MEASURES = ["nDCG@10", "nDCG@3", "RR", "P@5", "P@1", "R@100", "R@2", "AP", "P(rel=2)@5", "Judged@3", "RR@2"]
IDS = st.text(st.characters(exclude_categories=()), min_size=1, max_size=3) | st.sampled_from(["a b", "a", "\x00"])


def plain(name: str, grades: dict[str, int], ranked: list[str]) -> float:
    """The measure by its textbook definition."""
    gains = [grades.get(document, 0) for document in ranked]
    relevant = sum(grade >= 1 for grade in grades.values())
    kind, _, depth = name.partition("@")
    k = int(depth or len(gains))
    if kind == "nDCG":
        ideal = sorted((max(0, grade) for grade in grades.values()), reverse=True)[:k]
        best = sum(grade / math.log2(rank + 1) for rank, grade in enumerate(ideal, 1))
        found = sum(max(0, grade) / math.log2(rank + 1) for rank, grade in enumerate(gains[:k], 1))
        return found / best if best else 0.0
    if kind == "RR":
        return next((1 / rank for rank, grade in enumerate(gains[:k], 1) if grade >= 1), 0.0)
    if kind == "P(rel=2)":
        return sum(grade >= 2 for grade in gains[:k]) / k
    if kind == "P":
        return sum(grade >= 1 for grade in gains[:k]) / k
    if kind == "R":
        return sum(grade >= 1 for grade in gains[:k]) / relevant if relevant else 0.0
    if kind == "Judged":
        return sum(document in grades for document in ranked[:k]) / min(k, len(ranked)) if ranked else 0.0
    hits, total = 0, 0.0
    for rank, grade in enumerate(gains, 1):
        hits += grade >= 1
        total += hits / rank if grade >= 1 else 0.0
    return total / relevant if relevant else 0.0


@given(
    st.dictionaries(IDS, st.dictionaries(IDS, st.integers(-2, 3), max_size=6), min_size=1, max_size=4),
    st.dictionaries(IDS, st.lists(IDS, unique=True, max_size=8), max_size=5),
)
def test_measures_equal_their_definitions(judgments: dict[str, dict[str, int]], run: dict[str, list[str]]) -> None:
    """On random judgments and runs, with any ids, every value and mean is what the definition gives."""
    for name, measured in measure(judgments, run, MEASURES).items():
        expected = {query: plain(name, grades, run.get(query, [])) for query, grades in judgments.items()}
        assert measured.by_query == pytest.approx(expected), name
        assert measured.mean == pytest.approx(sum(expected.values()) / len(expected)), name
        assert measured.missing == tuple(query for query in judgments if query not in run)


@given(
    st.dictionaries(
        st.sampled_from(["q1", "q2", "q3"]),
        # called directly, trec_eval hangs on a query that has grades under 0 only
        st.dictionaries(st.sampled_from("abcdef"), st.integers(-1, 4)).filter(
            lambda own: max([-1, *own.values()]) >= 0
        ),
        min_size=1,
    ),
    st.dictionaries(st.sampled_from(["q1", "q2", "q4"]), st.permutations("abcdefg")),
)
def test_measures_equal_ir_measures_called_directly(
    judgments: dict[str, dict[str, int]], run: dict[str, list[str]]
) -> None:
    """Nothing is lost on the way: ir-measures, given scores, says the same."""
    names = ["nDCG@10", "nDCG", "RR", "P@5", "R@100", "AP", "AP@3", "Bpref", "Success@2", "Rprec"]
    scores = {query: {document: -float(rank) for rank, document in enumerate(docs)} for query, docs in run.items()}
    direct = ir_measures.calc_aggregate([ir_measures.parse_measure(name) for name in names], judgments, scores)
    ours = measure(judgments, run, names)
    assert {name: ours[name].mean for name in names} == pytest.approx(
        {str(kind): value for kind, value in direct.items()}
    )


def test_the_published_example_of_pytrec_eval() -> None:
    """The README of pytrec_eval, trec_eval's Python form, prints these numbers for this input."""
    judgments = {"q1": {"d1": 0, "d2": 1, "d3": 0}, "q2": {"d2": 1, "d3": 1}}
    run = {"q1": ["d3", "d1", "d2"], "q2": ["d1", "d3", "d2"]}
    result = measure(judgments, run, ["AP", "nDCG"])
    assert result["AP"].by_query == pytest.approx({"q1": 0.3333333, "q2": 0.5833333})
    assert result["nDCG"].by_query == pytest.approx({"q1": 0.5, "q2": 0.6934264})


def test_a_judged_query_that_the_run_lacks_counts_as_nothing_found_and_is_named() -> None:
    """The mean goes over every judged query, so leaving one out does not help a run."""
    result = measure({"q1": {"a": 1}, "q2": {"a": 1}}, {"q1": ["a"]}, ["RR", "nDCG@10"])
    assert result["RR"] == Measured(0.5, {"q1": 1.0, "q2": 0.0}, ("q2",))
    assert result["nDCG@10"].mean == 0.5


def test_a_query_that_found_nothing_is_not_missing() -> None:
    """An empty list is an answer, if a bad one; queries without judgments are left out."""
    result = measure({"q1": {"a": 1}}, {"q1": [], "q9": ["a"]}, ["AP"])["AP"]
    assert result == Measured(0.0, {"q1": 0.0}, ())


def test_the_gain_is_the_grade_unless_another_is_named() -> None:
    """nDCG takes grades as they are; the exponential variant has its own name, and both may be asked for at once."""
    judgments, run = {"q": {"a": 3, "b": 1}}, {"q": ["b", "a"]}
    names = ["nDCG@2", "nDCG(gains={1: 1, 2: 3, 3: 7})@2"]
    linear, exponential = (measure(judgments, run, names)[name].mean for name in names)
    half = 1 / math.log2(3)
    assert linear == pytest.approx((1 + 3 * half) / (3 + half))
    assert exponential == pytest.approx((1 + 7 * half) / (7 + half))


def test_a_query_with_nothing_but_negative_grades_is_worth_nothing() -> None:
    """Grades under 0 mean unjudged to trec_eval, which never ends where there is nothing else; here it is 0."""
    names = ["nDCG", "nDCG@10", "AP", "RR", "P@5", "Bpref", "Judged@2"]
    for _ in range(200):
        result = measure({"q1": {"a": -1}, "q2": {}, "q3": {"a": -2, "b": 1}}, {"q1": ["a"], "q2": ["a"]}, names)
        assert all(result[name].by_query[query] == 0 for name in names[:-1] for query in ("q1", "q2"))
        assert result["Judged@2"].by_query == {"q1": 1.0, "q2": 0.0, "q3": 0.0}


def test_counts_are_summed() -> None:
    """Measures that count are added up over the queries, as ir-measures does."""
    judgments = {"q1": {"a": 1, "b": 1}, "q2": {"a": 1}}
    assert measure(judgments, {"q1": ["a"], "q2": ["a"]}, ["NumRet"])["NumRet"].mean == 2


def test_the_same_measure_may_be_asked_for_twice_and_alone() -> None:
    """Spellings of one measure each get their answer, and a single name is as good as a list."""
    result = measure({"q": {"a": 1}}, {"q": ["a"]}, ["RR", "MRR", "RR", "P@1", "P(rel=1)@1"])
    assert list(result) == ["RR", "MRR", "P@1", "P(rel=1)@1"]
    assert measure({"q": {"a": 1}}, {"q": ["a"]}, "nDCG@10")["nDCG@10"].mean == 1.0


def test_without_judgments_there_is_no_measure() -> None:
    """Nothing rated is an error with a next step, not a score of 0."""
    with pytest.raises(InvalidRequestError, match="no judgments") as caught:
        measure({}, {"q": ["a"]}, ["AP"])
    assert "Rate some results" in caught.value.hint


@pytest.mark.parametrize("grade", [1.5, "2", None, True, 128, -128, 10**12])
def test_a_grade_that_is_no_small_whole_number_is_refused(grade: object) -> None:
    """Fractions, text and grades that trec_eval cannot hold are named with their query and document."""
    with pytest.raises(InvalidRequestError, match="'doc' for 'query'"):
        measure({"query": {"doc": grade}}, {}, ["AP"])  # type: ignore[dict-item]


def test_a_run_that_makes_no_sense_is_refused() -> None:
    """A document listed twice, or one string for a list, is an error that says which."""
    with pytest.raises(InvalidRequestError, match="'b' stands twice"):
        measure({"q": {"a": 1}}, {"q": ["a", "b", "b"]}, ["AP"])
    with pytest.raises(InvalidRequestError, match="one string"):
        measure({"q": {"a": 1}}, {"q": "ab"}, ["AP"])


@pytest.mark.parametrize(
    "name",
    [
        *("", "nDGC@10", "nDCG@0", "P", "P@-1", "P@x", "P@1.5", "nDCG@True", "P(5)", "P(rel=f())@5", "(" * 500),
        *("__import__('os')", "ERR@10", "RBP(p=0.8)", "nDCG(dcg='exp-log2')@10"),
    ],
)
def test_an_unknown_measure_is_refused_with_examples(name: str) -> None:
    """Misspelt names, names without a needed depth and measures that need Perl are named; nothing is run."""
    with pytest.raises(InvalidRequestError) as caught:
        measure({"q": {"a": 1}}, {"q": ["a"]}, [name])
    assert "nDCG@10" in caught.value.hint


def test_importing_the_package_is_light() -> None:
    """Neither numpy nor ir-measures is loaded before something is measured."""
    code = (
        "import sys, rerank_core.evaluation; print([m for m in ('numpy', 'ir_measures', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "[]"


def test_everything_exported_exists() -> None:
    """The names in __all__ stand once and are real, and `measure` is the function, not its module."""
    assert len(set(evaluation.__all__)) == len(evaluation.__all__)
    assert all(hasattr(evaluation, name) for name in evaluation.__all__)
    assert callable(evaluation.measure)


def test_ratings_of_one_run_give_before_and_after() -> None:
    """Ratings by place are measured on the initial and the reranked order, cut to the number of documents."""
    result = rated_run({0: 0, 2: 3}, [0, 1, 2], [2, 1, 0], k=10)
    assert (result.rated, result.total) == (2, 3)
    assert result.measures["RR"] == (pytest.approx(1 / 3), 1.0)
    assert result.measures["nDCG@3"] == (pytest.approx(0.5), 1.0)
    assert result.measures["P@3"] == (pytest.approx(1 / 3), pytest.approx(1 / 3))


def test_without_ratings_a_run_has_no_measures() -> None:
    """No rating, no number."""
    assert rated_run({}, [0, 1], [1, 0], k=10).measures == {}


def test_the_mean_of_a_measure_has_the_name_that_people_use() -> None:
    """MRR and MAP are means of RR and AP; the others keep their names."""
    names = ("RR", "RR(rel=2)", "AP", "nDCG@10", "P(rel=2)@5", "Judged@10")
    assert [mean_name(name) for name in names] == ["MRR", "MRR(rel=2)", "MAP", "nDCG@10", "P(rel=2)@5", "Judged@10"]
