"""A later evaluation against an earlier one, also over two imports of the same sheet."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.measures.measure import measure
from rerank_core.evaluation.measures.significance import compare
from rerank_core.evaluation.measures.since import AFTER, BEFORE, RatedOrder, same_queries, since
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from tests.support.small_query_set import small_set


def initial(query_set: QuerySet) -> RatedOrder:
    """The initial order of a set with its ratings."""
    return RatedOrder(query_set, query_set.initial, query_set.combined())


def turned(query_set: QuerySet) -> RatedOrder:
    """The initial order turned round, which is better in the small set."""
    run = {query: tuple(reversed(order)) for query, order in query_set.initial.items()}
    return RatedOrder(query_set, run, query_set.combined())


def imported_again(query_set: QuerySet) -> QuerySet:
    """The same sheet once more: each query and each document has another id, and a row was put in before."""
    queries = [Query("row-0", "a question that is new")]
    documents, judgments = {}, {}
    for number, query in enumerate(query_set.queries):
        names = {name: f"n{number}-{place}" for place, name in enumerate(query.candidates)}
        queries.append(replace(query, id=f"row-{number + 1}", candidates=tuple(names.values())))
        documents |= {names[name]: replace(query_set.documents[name], id=names[name]) for name in query.candidates}
        graded = query_set.combined()[query.id]
        judgments[f"row-{number + 1}"] = {names[name]: grade for name, grade in graded.items()}
    return QuerySet("Again", tuple(queries), documents, {"ann": judgments})


def test_over_one_set_it_is_the_paired_test_of_the_two_orders() -> None:
    """The difference, the interval and the counts are those that the summary gives for two models."""
    query_set = small_set(30)
    found = since(initial(query_set), turned(query_set), "nDCG@10")
    runs = {BEFORE: initial(query_set).run, AFTER: turned(query_set).run}
    assert found.compared == compare(query_set.combined(), runs, "nDCG@10")[BEFORE, AFTER]
    assert (found.only_before, found.only_after, found.unanswered, found.regraded, found.edited) == (0, 0, 0, 0, 0)
    assert [one.change for one in found.queries] == sorted(one.change for one in found.queries)
    assert found.compared.significant


def test_two_imports_of_the_same_sheet_are_compared_by_their_words() -> None:
    """Ids that are others in the second import change no figure; the new row is counted and left out."""
    query_set = small_set(30)
    again = imported_again(query_set)
    found = since(initial(query_set), turned(again), "nDCG@10")
    same = since(initial(query_set), turned(query_set), "nDCG@10")
    assert found.compared.means == pytest.approx(same.compared.means)
    assert found.compared.interval == pytest.approx(same.compared.interval)
    assert (found.only_before, found.only_after, found.regraded, found.edited) == (0, 1, 0, 0)


def test_a_grade_that_changed_is_no_gain_of_the_order() -> None:
    """Both orders are measured by the later grade, and the page can say how many there are."""
    query_set = small_set(8)
    again = query_set
    for query in query_set.queries:
        again = again.rated("ann", query.id, query.candidates[0], 3)
    found = since(initial(query_set), initial(again), "nDCG@10")
    assert found.compared.difference == 0.0
    assert found.regraded == 8
    assert found.compared.means[1] == measure(again.combined(), again.initial, ["nDCG@10"])["nDCG@10"].mean


def test_a_rating_of_one_time_counts_for_both() -> None:
    """What only one of the two graded is no reason to call a document irrelevant at the other time."""
    query_set = small_set(8)
    unrated = replace(query_set, judgments={})
    found = since(initial(query_set), turned(unrated), "nDCG@10")
    assert found.compared.means == since(initial(query_set), turned(query_set), "nDCG@10").compared.means


def test_nothing_in_common_is_a_sentence() -> None:
    """Two sets of other questions cannot be held against each other, and the error says what can."""
    other = QuerySet("Other", (Query("q0", "something else", ("q0-d0",)),), judgments={"ann": {"q0": {"q0-d0": 1}}})
    with pytest.raises(InvalidRequestError) as caught:
        since(initial(small_set(3)), initial(other), "nDCG@10")
    assert "imports of the same sheet" in caught.value.hint


def test_edited_documents_are_counted_and_stay_the_same_document() -> None:
    """A text that was edited under its id keeps its grade."""
    query_set = small_set(4)
    name = query_set.queries[0].candidates[-1]
    documents = dict(query_set.documents) | {name: replace(query_set.documents[name], text="edited")}
    found = since(initial(query_set), initial(replace(query_set, documents=documents)), "nDCG@10")
    assert found.edited == 1
    assert found.compared.difference == 0.0


@given(st.lists(st.sampled_from(["a", "A ", "b", "c  d", "c D"]), max_size=6), st.data())
def test_each_query_is_one_of_the_earlier_ones_at_most(texts: list[str], data: st.DataObject) -> None:
    """Shuffled and with other ids, every query finds its words again, once."""
    before = [Query(f"q{place}", text) for place, text in enumerate(texts)]
    shuffled = data.draw(st.permutations(before))
    after = [Query(f"row {place}", one.text) for place, one in enumerate(shuffled)]
    pairs = same_queries(before, after)
    assert sorted(pairs.values()) == sorted(one.id for one in before)
    said = {one.id: " ".join(one.text.casefold().split()) for one in [*before, *after]}
    assert all(said[now] == said[was] for now, was in pairs.items())
