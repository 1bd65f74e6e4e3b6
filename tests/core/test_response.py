"""A response as a sequence, as JSON, at a prompt and in a notebook."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import FrozenInstanceError, replace
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.models import RankedDocument, RerankRequest, RerankResponse, TextSpan, rows_of


def response(*texts: str, scores: tuple[float | None, ...] = (), **more: object) -> RerankResponse:
    """An answer in the order given, with these scores."""
    request = RerankRequest("a <question>", list(texts))
    rows = tuple(
        RankedDocument(place + 1, place, scores[place] if scores else 1 / (place + 1), document)
        for place, document in enumerate(request.documents)
    )
    return RerankResponse(rows, "model", "local", request, **more)


def test_it_is_a_sequence_of_its_results():
    found = response("one", "two", "three")
    assert len(found) == 3
    assert [row.document.text for row in found] == ["one", "two", "three"]
    assert (found[0].rank, found[-1].document.text) == (1, "three")
    assert [row.rank for row in found[1:]] == [2, 3]
    with pytest.raises(IndexError):
        found[3]


ORDER = ((2, 0.9), (0, 0.5), (1, None))


def looked_at(request: RerankRequest) -> RerankResponse:
    """The same answer with results that are there from the start."""
    rows = tuple(
        RankedDocument(rank, index, score, rc.Document(["one", "two", "three"][index]))
        for rank, (index, score) in enumerate(ORDER, 1)
    )
    return RerankResponse(rows, "model", "local", request)


def fresh() -> RerankResponse:
    """An answer as the clients make it, which nobody has looked at."""
    request = RerankRequest("q", ["one", "two", "three"])
    return RerankResponse(rows_of(request, ORDER), "model", "local", request)


@pytest.mark.parametrize(
    "look",
    [
        lambda found: found.results,
        lambda found: tuple(found),
        lambda found: tuple(found[place] for place in range(3)),
        lambda found: found[:],
        lambda found: (*found[:1], *found[1:]),
        lambda found: found[::-1][::-1],
        lambda found: pickle.loads(pickle.dumps(found)).results,
        lambda found: copy.deepcopy(found).results,
        lambda found: replace(found, model="other").results,
    ],
)
def test_results_are_the_same_however_they_are_looked_at(look):
    """They are made at the first look; nobody can tell."""
    found = fresh()
    assert len(found) == 3
    assert look(found) == looked_at(RerankRequest("q", ["one", "two", "three"])).results
    assert len(found) == 3


def test_an_answer_that_nobody_has_looked_at_is_the_same_value():
    """Equal, of the same hash, shown in the same way, and not to be changed."""
    request = RerankRequest("q", ["one", "two", "three"])
    assert fresh() == looked_at(request)
    assert hash(fresh().request) == hash(request)
    assert repr(fresh()) == repr(looked_at(request))
    assert fresh().to_dict() == looked_at(request).to_dict()
    for name in ("results", "request"):
        with pytest.raises(FrozenInstanceError):
            setattr(fresh(), name, ())


def test_a_look_makes_each_result_and_each_document_once():
    """The document of a result is the one of the request, also where a few were looked at before."""
    found = fresh()
    assert found[:1] == (RankedDocument(1, 2, 0.9, rc.Document("three")),)
    assert found.results is found.results
    assert found[0].document is found.request.documents[2]
    assert found.request.documents is found.request.documents


@given(
    st.lists(st.text() | st.builds(rc.Document, st.text()) | st.fixed_dictionaries({"text": st.text()}), min_size=1),
    st.sampled_from([("text",), ("title", "text"), ("title",)]),
)
def test_a_request_of_strings_is_that_of_their_documents(given_documents, rank_fields):
    """Ranked texts, size, documents and equality do not depend on the form that documents came in."""
    made = [
        one if isinstance(one, rc.Document) else rc.Document(one if isinstance(one, str) else one["text"])
        for one in given_documents
    ]
    try:
        wanted = RerankRequest("q", made, rank_fields=rank_fields)
    except rc.InvalidDocumentsError as error:
        with pytest.raises(rc.InvalidDocumentsError, match=error.message):
            RerankRequest("q", given_documents, rank_fields=rank_fields)
        return
    request = RerankRequest("q", given_documents, rank_fields=rank_fields)
    assert request.size == len(made)
    assert [text.strip() for text in request.ranked_texts()] == [text.strip() for text in wanted.ranked_texts()]
    assert request.documents == tuple(made)
    assert [*request.ranked_texts()] == [*wanted.ranked_texts()]
    assert request == wanted


def test_to_dict_is_json():
    document = rc.Document("text", "kb-7", {"title": "T"})
    request = RerankRequest("q", [document])
    found = RerankResponse(
        (RankedDocument(1, 0, 0.5, document),),
        "m",
        "gateflow",
        request,
        cost=rc.Cost(Decimal("0.0010"), basis="reported"),
        spans={0: (TextSpan(0, 4, 0.9),)},
        warnings=("careful",),
    )
    read = json.loads(json.dumps(found.to_dict()))
    assert read["results"] == [
        {
            "rank": 1,
            "index": 0,
            "relevance_score": 0.5,
            "id": "kb-7",
            "text": "text",
            "metadata": {"title": "T"},
            "spans": [{"start": 0, "stop": 4, "score": 0.9}],
        }
    ]
    assert (read["query"], read["model"], read["warnings"]) == ("q", "m", ["careful"])
    assert read["cost"] == {"amount": "0.0010", "currency": "USD", "basis": "reported", "in_doubt": "0"}


def test_its_repr_is_a_few_lines():
    found = repr(response(*(f"text {place}\nsecond line " + "x" * 500 for place in range(9))))
    head, first, *_, last = found.splitlines()
    assert head == "RerankResponse(local model, 9 results, 0 ms)"
    assert first.startswith("  1. 1.000  text 0 second line xxx")
    assert last == "  and 4 more"
    assert max(map(len, found.splitlines())) < 90
    assert "-  b" in repr(response("a", "b", scores=(0.5, None)))


class _Tags(HTMLParser):
    """What elements there are, and what they say."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_a_notebook_shows_bars():
    found = response("one", "two", scores=(0.8, 0.2))._repr_html_()
    assert "width:100%" in found
    assert "width:25%" in found
    assert _Tags(found).words[0] == "a <question> (local model)"
    assert "width" not in response("one", scores=(None,))._repr_html_().partition("</tr>")[2].replace("min-width", "")
    assert "and 5 more" in response(*map(str, range(25)))._repr_html_()


@given(st.lists(st.text(), min_size=1, max_size=4).filter(lambda texts: any(text.strip() for text in texts)))
def test_texts_are_never_markup(texts: list[str]):
    """Whatever the texts, the elements are the table's own."""
    plain = _Tags(response(*("x" for _ in texts))._repr_html_()).tags
    assert _Tags(response(*texts)._repr_html_()).tags == plain
    assert len(repr(response(*texts)).splitlines()) == len(texts) + 1
