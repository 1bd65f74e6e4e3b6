"""Rated runs become a query set, or part of one: nothing is lost, and the grades leave in every export."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import KINDS, read, write
from rerank_core.evaluation.query_sets import added_runs
from rerank_core.evaluation.query_sets.added_runs import with_runs
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.evaluation.query_sets.sources import from_runs
from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse, Usage
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT
from rerank_core.storage.run_record import Run
from tests.support.small_query_set import small_set

START = datetime(2026, 11, 1, tzinfo=UTC)


def run(
    query: str,
    documents: Sequence[Document | str],
    ratings: dict[int, int],
    minute: int = 0,
    fields: tuple[str, ...] = TEXT_ONLY,
) -> Run:
    """A saved run in which the order was turned round."""
    request = RerankRequest(query, documents, rank_fields=fields)
    rows = tuple(
        RankedDocument(rank, index, 1 / rank, request.documents[index])
        for rank, index in enumerate(reversed(range(len(documents))), start=1)
    )
    response = RerankResponse(rows, "m", "gateflow", request, Usage(1.0), Cost(Decimal(0)), "r", latency_ms=1.0)
    return Run(response, "as pasted", ratings=ratings, created=START + timedelta(minutes=minute))


def doc(text: str, name: str | None = None) -> Document:
    return Document(text, name, {"title": text.upper()})


def said(query_set: QuerySet, rater: str) -> dict[tuple[str, str], int]:
    """The grades of a rater, by the texts of query and document."""
    texts = {query.id: query.text for query in query_set.queries}
    return {
        (texts[query], query_set.documents[name].text): grade
        for query, own in query_set.judgments.get(rater, {}).items()
        for name, grade in own.items()
    }


def texts_of(query_set: QuerySet, query: str) -> list[str]:
    """The candidates of the query of this text, as texts."""
    found = next(one for one in query_set.queries if one.text == query)
    return [document.text for document in query_set.documents_of(found)]


def test_runs_become_a_query_set():
    """Query, documents in the order they stood, and the grades with who gave them."""
    made = from_runs([run("tea", [doc("green", "g"), doc("black")], {0: 3, 1: 0})], rater="Ann", name="Mine")
    (query,) = made.queries
    assert (made.name, made.order_name, query.text) == ("Mine", "as pasted", "tea")
    assert query.candidates[0] == "g"
    assert texts_of(made, "tea") == ["green", "black"]
    assert made.judgments == {"Ann": {query.id: dict(zip(query.candidates, (3, 0), strict=True))}}
    assert made.documents["g"].metadata == {"title": "GREEN"}


def test_the_same_text_is_the_same_query_and_document():
    """Two runs of one query come together: the older order first, then what the newer has besides; the newer grade
    counts, whichever way round the runs are given."""
    older = run("tea", [doc("green", "g"), doc("black")], {0: 1, 1: 2}, minute=1)
    newer = run(" tea ", [doc("white"), doc("black"), doc("green", "g")], {0: 0, 2: 3}, minute=2)
    for runs in ([older, newer], [newer, older]):
        made = from_runs(runs, rater="Ann")
        assert len(made.queries) == 1
        assert texts_of(made, "tea") == ["green", "black", "white"]
        assert said(made, "Ann") == {("tea", "green"): 3, ("tea", "black"): 2, ("tea", "white"): 0}


def test_a_set_of_runs_reads_what_the_latest_run_read():
    """The fields go with the ratings; one text under two titles is two documents where titles are read, and a document
    that is all title has a place."""
    titled = [Document("Open it.", None, {"title": title}) for title in ("Tea", "Coffee")]
    only = Document("", "c", {"title": "Cocoa"})
    older = run("hot", [*titled], {0: 1}, minute=1)
    newer = run("hot", [*titled, only], {0: 3, 1: 0, 2: 2}, minute=2, fields=TITLE_AND_TEXT)
    made = from_runs([newer, older], rater="Ann")
    assert made.rank_fields == TITLE_AND_TEXT
    (query,) = made.queries
    assert len(set(query.candidates)) == 3
    assert [made.judgments["Ann"][query.id][name] for name in query.candidates] == [3, 0, 2]
    assert [document.metadata["title"] for document in made.documents_of(query)] == ["Tea", "Coffee", "Cocoa"]
    assert with_runs(made, [newer], rater="Ben").queries == made.queries
    alone = from_runs([older], rater="Ann")
    assert alone.rank_fields == TEXT_ONLY
    assert len(alone.queries[0].candidates) == 1
    assert with_runs(alone, [newer], rater="Ann").rank_fields == TEXT_ONLY


def test_an_id_that_stands_for_another_text_gets_a_number():
    """Neither of the two documents is lost, and the second keeps its new id in later runs."""
    first, second = run("tea", [doc("old", "kb-7")], {0: 1}), run("tea", [doc("new", "kb-7")], {0: 3}, minute=1)
    made = from_runs([first, second], rater="Ann")
    assert made.queries[0].candidates == ("kb-7", "kb-7-2")
    assert said(made, "Ann") == {("tea", "old"): 1, ("tea", "new"): 3}
    again = with_runs(made, [second], rater="Ben")
    assert again.queries == made.queries
    assert said(again, "Ben") == {("tea", "new"): 3}


def test_documents_of_one_run_stay_apart():
    """Two documents with ids of their own are two although their texts are equal, in whichever order they stand."""
    base = QuerySet("Base", make_queries({"q": "tea"}, {"q": ["a"]}, {}), {"a": doc("same", "a")})
    for names in (("a", "b"), ("b", "a")):
        made = with_runs(base, [run("tea", [doc("same", name) for name in names], {0: 3, 1: 0})], rater="Ann")
        assert made.judgments["Ann"] == {"q": dict(zip(names, (3, 0), strict=True))}
        assert made.queries[0].candidates == ("a", "b")


def test_a_text_without_an_id_has_the_same_id_everywhere():
    """So that the files of two people who never met fit together."""
    one = from_runs([run("tea", ["green", "black"], {0: 3})], rater="Ann")
    other = from_runs([run("tea", ["black", "green"], {1: 1})], rater="Ben")
    assert one.queries[0].id == other.queries[0].id
    assert set(one.queries[0].candidates) == set(other.queries[0].candidates)


def test_what_is_in_a_set_stays():
    """Queries, order, other people's grades and the collection are as they were; what cannot be run yet is asked after
    what can, so that experiments on the set stay what they are."""
    small = small_set(4)
    waiting = make_queries({"w": "waiting"}, {}, {"w": "tag"})
    base = QuerySet(
        "Base",
        (small.queries[0], *waiting, *small.queries[1:]),
        {**small.documents, "spare": doc("never asked for")},
        small.judgments,
        answers={"w": "an answer"},
    )
    made = with_runs(base, [run("waiting", ["x"], {0: 2}), run("brand new", ["y"], {}, minute=1)], rater="Ann B")
    assert made.ready[:4] == base.ready
    assert [query.text for query in made.ready[4:]] == ["waiting", "brand new"]
    assert made.query("w").tag == "tag"
    assert made.judgments["ann"] == base.judgments["ann"]
    assert made.answers == base.answers
    assert made.documents["spare"] == doc("never asked for")
    assert said(made, "Ann B") == {("waiting", "x"): 2}


def test_what_cannot_be_taken_over_is_said(monkeypatch):
    """A document without a text and candidates beyond the limit are named; a set that would be too large is refused."""
    made = from_runs([run("tea", ["green", " ", "black"], {0: 1, 1: 3})], rater="Ann")
    assert texts_of(made, "tea") == ["green", "black"]
    assert [str(problem) for problem in made.problems] == ["1 document has no text and is left out of 'tea'."]
    monkeypatch.setattr(added_runs, "MAX_CANDIDATES", 2)
    cut = with_runs(made, [run("tea", ["white"], {0: 3})], rater="Ann")
    assert texts_of(cut, "tea") == ["green", "black"]
    assert said(cut, "Ann") == {("tea", "green"): 1, ("tea", "white"): 3}
    assert str(cut.problems[-1]) == "'tea' has 1 more candidates than are kept."
    monkeypatch.setattr(added_runs, "MAX_QUERIES", 1)
    with pytest.raises(InvalidRequestError, match="would have 2 queries; at most 1"):
        with_runs(made, [run("coffee", ["white"], {})], rater="Ann")
    with pytest.raises(InvalidRequestError, match="Nobody is named"):
        with_runs(made, [], rater=" ")
    with pytest.raises(InvalidRequestError, match="no runs"):
        from_runs([], rater="Ann")


QUERIES = st.sampled_from(["tea", " tea", "coffee", "wie spät?", "q\ud800"])
DOCUMENTS = st.lists(
    st.builds(
        doc,
        st.sampled_from(["green", "black", "white", "two\nlines", "\ud800 \x00"]),
        st.sampled_from("ab") | st.none(),
    ),
    min_size=1,
    max_size=5,
)


@st.composite
def any_runs(draw: st.DrawFn) -> list[Run]:
    """Runs over few texts and ids, so that the same and the clashing ones are frequent."""
    made = []
    for minute in range(draw(st.integers(0, 4))):
        documents = draw(DOCUMENTS)
        places = st.integers(0, len(documents) - 1)
        made.append(run(draw(QUERIES), documents, draw(st.dictionaries(places, st.integers(0, 3))), minute))
    return made


@given(any_runs(), any_runs())
def test_nothing_is_lost(first: list[Run], second: list[Run]):
    """Whatever runs are added to whatever set: ids, texts, orders and grades of the set stay, every query text stands
    once, every document of a run is a candidate, and the last grade of each is there."""
    base = with_runs(small_set(2), first, rater="Ann")
    made = with_runs(base, second, rater="Ben")
    for query in base.queries:
        after = made.query(query.id)
        assert after.text == query.text
        assert after.candidates[: len(query.candidates)] == query.candidates
    assert made.ready[: len(base.ready)] == tuple(made.query(query.id) for query in base.ready)
    assert base.documents.items() <= made.documents.items()
    assert made.judgments["Ann"] == base.judgments["Ann"]
    texts = [query.text.strip() for query in made.queries]
    assert len(set(texts)) == len(texts)
    by_text = {query.text.strip(): query for query in made.queries}
    grades: dict[tuple[str, str], set[int]] = {}
    for one in second:
        query = by_text[one.query.strip()]
        there = [document.text for document in made.documents_of(query)]
        assert {document.text for document in one.documents} <= set(there)
        for text in {document.text for document in one.documents}:
            own = [grade for place, grade in one.ratings.items() if one.documents[place].text == text]
            if own:
                grades[query.id, text] = grades.get((query.id, text), set()) | set(own)
    found: dict[tuple[str, str], set[int]] = {}
    for name, own_grades in made.judgments["Ben"].items():
        for document, grade in own_grades.items():
            found.setdefault((name, made.documents[document].text), set()).add(grade)
    assert found.keys() == grades.keys()
    assert all(found[key] <= grades[key] for key in found)


@pytest.mark.parametrize("kind", KINDS)
def test_the_grades_leave_in_every_export(kind: str):
    """Each format that has a place for grades gives them back, also where documents and queries had no ids."""
    made = from_runs(
        [run("green tea", [doc("good for you"), doc("black", "b")], {0: 3, 1: 0}), run("coffee", ["bean"], {0: 1}, 1)],
        rater="Ann",
    )
    back = read(KINDS[kind].file_name, write(kind, made.imported()), kind)
    assert back.problems == ()
    if kind in ("trec-run", "opensearch-queries"):
        return
    names = {query.text: query.id for query in made.queries}
    found = {names.get(query, query): dict(own) for query, own in back.judgments.items()}
    assert found == made.judgments["Ann"]


def test_each_raters_grades_leave_apart():
    """The CSV with a column for each rater has those of both."""
    one = run("tea", ["green", "black"], {0: 3, 1: 1})
    made = with_runs(from_runs([one], rater="Ann"), [run("tea", ["green"], {0: 2}, 1)], rater="Ben")
    back = read("book.csv", write("quepid-ratings", made.imported(apart=True)))
    green, black = made.queries[0].candidates
    assert back.raters == {"Ann": {"tea": {green: 3, black: 1}}, "Ben": {"tea": {green: 2}}}
