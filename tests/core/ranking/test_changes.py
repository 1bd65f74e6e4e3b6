"""What differs between two answers: the query, the documents, the fields, the model, the settings and the order."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from rerank_core.models import Document, RankedDocument, RerankRequest, RerankResponse
from rerank_core.ranking.changes import answer_changes, matched
from rerank_core.ranking.orders import compare_orders

DOCUMENTS = st.lists(
    st.builds(Document, st.sampled_from("abc"), st.none() | st.sampled_from(["1", "2"])), min_size=1, max_size=6
)


def answer(
    documents: Sequence[Document],
    order: Sequence[int] | None = None,
    *,
    query: str = "how long",
    model: str = "local-english",
    fields: tuple[str, ...] = ("text",),
) -> RerankResponse:
    """An answer that gives these documents in this order."""
    request = RerankRequest(query, documents, model, rank_fields=fields)
    places = range(len(documents)) if order is None else order
    rows = tuple(RankedDocument(rank, index, None, documents[index]) for rank, index in enumerate(places, start=1))
    return RerankResponse(rows, model, "local", request)


def test_the_same_answer_twice_has_no_changes() -> None:
    """Where all is as it was, nothing is said, and the orders are one."""
    one = answer([Document("a"), Document("b")])
    found = answer_changes(one, one)
    assert found.same_question
    assert found.documents.text == ""
    assert found.order.moved == 0
    assert found.order.rbo == 1.0


def test_everything_that_was_asked_is_named_with_how_it_was_and_is() -> None:
    """Query, fields, model and settings, each with its two values."""
    before = answer([Document("a")])
    after = answer([Document("a")], query="how far", model="local-multilingual", fields=("title", "text"))
    found = answer_changes(before, after, ({"Started from": "as listed", "Top N": "3"}, {"Top N": "5"}))
    assert [(one.what, one.before, one.after) for one in found.asked] == [
        ("Query", "how long", "how far"),
        ("What the model reads", "text", "title, text"),
        ("Model", "English (local)", "Multilingual (local)"),
        ("Started from", "as listed", "–"),
        ("Top N", "3", "5"),
    ]
    assert not found.same_question


def test_documents_are_followed_by_what_they_are() -> None:
    """An edited text keeps its id; a text with another id is the same; the rest came or went."""
    before = [Document("alpha", "1"), Document("beta", "2"), Document("gamma", "3"), Document("delta")]
    after = [Document("gamma", "30"), Document("alpha, but longer", "1"), Document("delta"), Document("new", "9")]
    found = answer_changes(answer(before, [1, 0, 2, 3]), answer(after, [3, 1, 0, 2]))
    assert found.documents.text == "1 added, 1 removed, 1 edited, given in another order, 2 the same"
    assert [(one.text, other.text) for one, other in found.documents.edited] == [("alpha", "alpha, but longer")]
    assert [found.shown[move.key].text for move in found.order.moves] == [
        "new",
        "alpha, but longer",
        "gamma",
        "delta",
        "beta",
    ]
    assert [(move.was, move.now) for move in found.order.moves] == [(None, 1), (2, 2), (3, 3), (4, 4), (1, None)]


def test_a_provider_that_is_no_longer_known_is_named_all_the_same() -> None:
    """A run of an earlier version may name a service that this one does not know."""
    one = answer([Document("a")])
    gone = RerankResponse(one.results, "m-1", "gone-service", one.request)
    assert answer_changes(one, gone).asked[0].after == "gone-service m-1"


@given(DOCUMENTS, DOCUMENTS)
def test_every_document_is_matched_at_most_once(before: list[Document], after: list[Document]) -> None:
    """Whatever stands twice: no document is two, equal lists are matched place for place, and counts add up."""
    pairs = matched(before, after)
    assert len(set(pairs.values())) == len(pairs)
    assert matched(before, before) == {place: place for place in range(len(before))}
    found = answer_changes(answer(before), answer(after))
    documents = found.documents
    assert documents.same + len(documents.edited) + len(documents.added) == len(after)
    assert documents.same + len(documents.edited) + len(documents.removed) == len(before)
    assert len(found.order.moves) == len(pairs) + len(documents.added) + len(documents.removed)


@given(st.permutations(range(5)), st.permutations(range(5)))
def test_orders_of_the_same_documents_differ_as_their_places_do(first: list[int], second: list[int]) -> None:
    """Held against each other by document, two orders agree as far as the lists of places do."""
    documents = [Document(str(place)) for place in range(5)]
    found = answer_changes(answer(documents, first), answer(documents, second)).order
    assert found == compare_orders(first, second)


def test_documents_that_were_shuffled_are_the_same_in_the_order() -> None:
    """Where only the input was shuffled, the reranked order is the same although every place is another."""
    documents = [Document(text) for text in "abcd"]
    before = answer(documents, [2, 0, 1, 3])
    after = answer(documents[::-1], [1, 3, 2, 0])
    found = answer_changes(before, after)
    assert found.order.moved == 0
    assert found.documents.reordered
