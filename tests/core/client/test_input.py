"""What a caller may hand in, what is refused before any network, and what is done with blank and broken text."""

from __future__ import annotations

import json
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rerank_core as rc
from tests.support.both import KEY, Script, World, falling


@pytest.mark.parametrize(
    ("query", "documents", "error"),
    [
        (None, ["a"], rc.InvalidQueryError),
        (7, ["a"], rc.InvalidQueryError),
        (b"q", ["a"], rc.InvalidQueryError),
        ([0.1, 0.2], ["a"], rc.InvalidQueryError),
        ("", ["a"], rc.InvalidQueryError),
        (" \n\t ", ["a"], rc.InvalidQueryError),
        ("q", [], rc.InvalidDocumentsError),
        ("q", ["", "  ", "\n"], rc.InvalidDocumentsError),
        ("q", None, rc.InvalidDocumentsError),
        ("q", 7, rc.InvalidDocumentsError),
        ("q", "one string", rc.InvalidDocumentsError),
        ("q", b"bytes", rc.InvalidDocumentsError),
        ("q", {"text": "one object"}, rc.InvalidDocumentsError),
        ("q", ["a", None], rc.InvalidDocumentsError),
        ("q", ["a", 7], rc.InvalidDocumentsError),
        ("q", ["a", b"b"], rc.InvalidDocumentsError),
        ("q", ["a", {"id": 1}], rc.InvalidDocumentsError),
        ("q", ["a", {"text": None}], rc.InvalidDocumentsError),
        ("q", ["a", {"text": 7}], rc.InvalidDocumentsError),
        ("q", [[0.1, 0.2]], rc.InvalidDocumentsError),
        ("q", np.array("a"), rc.InvalidDocumentsError),
        ("q", pd.DataFrame({"text": ["a"], "id": [1]}), rc.InvalidDocumentsError),
    ],
)
def test_wrong_queries_and_documents_are_refused_before_any_network(world: World, query, documents, error):
    """Each is an error of its own kind with a sentence and a hint, and nothing is sent."""
    script = Script(falling)
    with pytest.raises(error) as caught:
        world.client(handler=script).rerank(query, documents)
    assert isinstance(caught.value, rc.InvalidRequestError)
    assert caught.value.message
    assert caught.value.hint
    assert not caught.value.retryable
    assert script.requests == []


@pytest.mark.parametrize(
    "options",
    [
        {"top_n": 0},
        {"top_n": -1},
        {"top_n": True},
        {"top_n": 1.0},
        {"top_n": "1"},
        {"top_n": np.int64(0)},
        {"top_n": np.float64(1)},
        {"top_n": np.True_},
        {"model": ""},
        {"model": 3},
        {"return_documents": "yes"},
    ],
    ids=str,
)
def test_wrong_options_are_refused_before_any_network(world: World, options):
    """top_n below 1 or of another type, a model that is no name, and the like are InvalidRequestErrors."""
    script = Script(falling)
    with pytest.raises(rc.InvalidRequestError):
        world.client(handler=script).rerank("q", ["a"], **options)
    assert script.requests == []


def test_an_on_progress_that_cannot_work_is_refused_before_anything_is_paid(world: World):
    """Something that cannot be called, or an async function, is an InvalidRequestError and nothing is sent."""

    async def later(progress: rc.Progress) -> None:
        return None

    script = Script(falling)
    for wrong in (7, "print", later):
        with pytest.raises(rc.InvalidRequestError):
            world.client(handler=script).rerank("q", ["a"], on_progress=wrong)
    assert script.requests == []


def test_misuse_of_the_signature_is_a_type_error(world: World):
    """An unknown keyword, a missing argument and a sixth positional one are Python's own errors, at once."""
    client = world.client(handler=Script(falling))
    for args, details in ((("q", ["a"]), {"topn": 3}), (("q",), {}), (("q", ["a"], None, 1, False, print), {})):
        with pytest.raises(TypeError):
            client.rerank(*args, **details)


def test_documents_come_in_every_form_and_from_any_iterable(world: World):
    """Strings, objects, Documents, tuples and generators are all fine, and the caller's list is left alone."""
    given_list: list[Any] = ["a", {"text": "b", "id": 3, "tag": "x", "metadata": {"deep": 1}}, rc.Document("c", id="z")]
    before = [*given_list]
    client = world.client(handler=Script(falling))
    response = client.rerank("q", given_list)
    assert given_list == before
    assert response.results[1].document == rc.Document("b", "3", {"tag": "x", "deep": 1})
    assert [r.index for r in client.rerank("q", (text for text in "abc")).results] == [2, 1, 0]
    assert [r.index for r in client.rerank("q", ("a", "b")).results] == [1, 0]


def test_blank_documents_are_set_aside_and_come_back_last(world: World):
    """Only the others are sent; blank ones stand at the tail in input order, unscored, with a warning."""
    script = Script(falling)
    response = world.client(handler=script).rerank("q", ["", "a", " \n", "b", "\u3000"])
    assert script.bodies[0]["documents"] == ["a", "b"]
    assert [(r.index, r.relevance_score is None) for r in response.results] == [
        (3, False),
        (1, False),
        (0, True),
        (2, True),
        (4, True),
    ]
    assert [r.rank for r in response.results] == [1, 2, 3, 4, 5]
    assert any("3 documents are blank" in warning for warning in response.warnings)


@pytest.mark.parametrize(("top_n", "places"), [(1, [2]), (2, [2, 1]), (3, [2, 1, 0]), (9, [2, 1, 0])])
def test_blank_documents_count_within_top_n_only_after_the_scored_ones(world: World, top_n, places):
    """top_n keeps scored rows first and fills up with blank ones; the provider is asked for no more than was sent."""
    script = Script(falling)
    response = world.client(handler=script).rerank("q", ["", "a", "b"], top_n=top_n)
    assert [row.index for row in response.results] == places
    assert script.bodies[0]["top_n"] == min(top_n, 2)


def test_broken_characters_are_repaired_on_the_wire_only(world: World):
    """A lone surrogate is sent as U+FFFD, two halves as the character they make; the caller's text stays."""
    script = Script(falling)
    texts = ["a\ud800b", "\udc00", "\ud83d\ude00", "tail\ud83d", "fine"]
    response = world.client(handler=script).rerank("q\udfff", texts)
    assert script.bodies[0]["query"] == "q\ufffd"
    assert script.bodies[0]["documents"] == ["a\ufffdb", "\ufffd", "\U0001f600", "tail\ufffd", "fine"]
    assert [row.document.text for row in response.results] == texts[::-1]


@given(st.lists(st.text(st.characters(codec=None, categories=None), min_size=1, max_size=8), min_size=1, max_size=5))
@settings(max_examples=100, deadline=None)
def test_any_text_can_be_sent(texts: list[str]):
    """Whatever characters a text holds, the request is valid UTF-8 JSON and loses nothing but lone surrogates."""
    texts.append("x\x00y")
    script = Script(falling)
    with rc.Client("gateflow", api_key=KEY, transport=httpx.MockTransport(script)) as client:
        response = client.rerank("q", texts)
    sent = json.loads(script.requests[0].content.decode("utf-8"))["documents"]
    expected = [text for text in texts if text.strip()]
    assert len(sent) == len(expected)
    for wire, text in zip(sent, expected, strict=True):
        assert wire == text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if not any(0xD800 <= ord(character) < 0xE000 for character in text):
            assert wire == text
    assert sorted(row.index for row in response.results) == list(range(len(texts)))


def test_nul_characters_go_through(world: World):
    """A NUL is sent as JSON writes it and crashes nothing."""
    script = Script(falling)
    world.client(handler=script).rerank("q\x00", ["a\x00b"])
    assert script.bodies[0]["documents"] == ["a\x00b"]


def test_return_documents_changes_no_result(world: World):
    """Asking for the texts back is passed on, and the documents of the results are still the caller's own."""
    script = Script(falling)
    client = world.client(handler=script)
    assert client.rerank("q", ["a", "b"], return_documents=True).results == client.rerank("q", ["a", "b"]).results
    assert [body.get("return_documents", False) for body in script.bodies] == [True, False]


def test_a_document_of_a_string_is_like_any_other():
    """The quick way in which strings become Documents gives what Document(text) gives, each with its own metadata."""
    first, second = rc.RerankRequest("q", ["a", "a"]).documents
    assert first == second == rc.Document("a")
    assert hash(first) == hash(rc.Document("a"))
    assert repr(first) == repr(rc.Document("a"))
    assert first.metadata is not second.metadata


def test_a_request_is_checked_when_it_is_made():
    """RerankRequest takes what rerank takes and raises the same errors."""
    request = rc.RerankRequest("q", ["a", {"text": "b", "id": 1}], "m", 2, True)
    assert (request.documents[1].id, request.model, request.top_n, request.return_documents) == ("1", "m", 2, True)
    with pytest.raises(rc.InvalidQueryError):
        rc.RerankRequest(" ", ["a"])
    with pytest.raises(rc.InvalidRequestError):
        rc.RerankRequest("q", ["a"], top_n=True)


def test_numbers_and_lists_of_numpy_and_pandas_are_taken(world: World):
    """A top_n of numpy, a column of a table and an array of strings are what they look like."""
    client = world.client(handler=Script(falling), max_retries=np.int64(0), timeout=np.float32(5)).client
    assert client._settings.max_retries == 0
    for documents in (np.array(["a", "b", "c"]), pd.Series(["a", "b", "c"])):
        request = rc.RerankRequest("q", documents, top_n=np.int64(2))
        assert (type(request.top_n), request.top_n) == (int, 2)
        rows = world.client(handler=Script(falling)).rerank("q", documents, top_n=np.int32(2)).results
        assert [(row.index, row.document.text) for row in rows] == [(2, "c"), (1, "b")]


def test_a_broken_character_in_a_models_name_does_not_crash(world: World):
    """It is repaired on the wire like those of the query and the documents."""
    script = Script(falling)
    world.client(handler=script).rerank("q", ["a"], model="m\ud800")
    assert script.bodies[0]["model"] == "m\ufffd"


def test_one_blank_document_is_spoken_of_in_the_singular(world: World):
    """The warning is a sentence that a person reads."""
    warnings = world.client(handler=Script(falling)).rerank("q", ["a", " "]).warnings
    assert warnings == ("1 document is blank: it was not scored, and stands last.",)
