"""Large replies of a search engine: read in a process of their own, their vectors cut, within limits."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import BadResponseError
from rerank_core.documents.limits import MAX_NESTING, SMALL_BYTES
from rerank_core.jobs import Cancelled
from rerank_core.retrieval.live import isolated
from rerank_core.retrieval.live.index import LiveIndex
from rerank_core.retrieval.live.isolated import body_of
from rerank_core.retrieval.live.query import LiveFields
from rerank_core.transport.reply import Reply
from tests.support.loopback import answers

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(), inner, max_size=5),
    max_leaves=20,
)


def hits(count: int, **more: object) -> dict[str, object]:
    """What a search engine answers that has found so many documents."""
    found = [{"_id": f"d{n}", "_score": 1.0, "_source": {"body": f"Text {n}. " * 30, **more}} for n in range(count)]
    return {"took": 1, "hits": {"total": {"value": count, "relation": "eq"}, "hits": found}}


def reply(body: object) -> Reply:
    """A reply that is too large to be read at once, whatever it holds."""
    text = body if isinstance(body, str) else json.dumps(body)
    return Reply(200, {}, (text + " " * SMALL_BYTES).encode())


def never() -> bool:
    """Nobody has cancelled."""
    return False


def test_documents_of_a_large_reply_are_those_of_a_small_one(loopback):
    """Order, texts and metadata are the same; of a vector only the beginning is kept in the raw reply."""
    large = hits(400, embedding=[0.25] * 384, lang="en")
    small = hits(20, embedding=[0.25] * 384, lang="en")
    loopback.script(answers(200, large), answers(200, small))
    with LiveIndex(loopback.url, "kb", LiveFields("body")) as index:
        found, few = index.search("q", 400), index.search("q", 20)
    assert found.documents[:20] == few.documents
    assert len(found.documents) == found.total == 400
    assert found.documents[0].metadata == {"lang": "en"}
    assert len(found.raw["hits"]["hits"][0]["_source"]["embedding"]) < 384


@given(VALUES)
def test_a_condensed_value_is_the_value(value):
    """Whatever is no vector stays as it is."""
    assert isolated._Condensing(1_000_000).of(value) == value


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ([["x"]] * 300_000, "more than 500,000 values"),
        ({"a": "x" * 1_000_001}, "1,000,001 characters"),
        ("[" * (MAX_NESTING + 2) + "]" * (MAX_NESTING + 2), "nested too deeply"),
    ],
)
def test_a_reply_that_holds_too_much_is_refused_with_what_to_do(body, said):
    """The sentence says how large it is, what is too much, and what to ask for instead."""
    with pytest.raises(BadResponseError) as caught:
        body_of(reply(body), never)
    assert said in caught.value.message
    assert "fewer documents" in str(caught.value.hint)


@pytest.mark.parametrize("body", ["no JSON at all", "[" * 100_000, '{"a": ', ""])
def test_a_large_reply_that_is_no_json_is_none(body):
    """As with a small one, nothing was understood."""
    assert body_of(reply(body), never) is None


def test_reading_a_large_reply_can_be_cancelled():
    """Whoever stops a search stops the reading of its reply."""
    with pytest.raises(Cancelled):
        body_of(reply(hits(2_000)), lambda: True)


def test_a_reply_that_takes_too_much_memory_is_refused(monkeypatch):
    """The process has its limit, and the page a sentence."""
    small = isolated.DEFAULT_LIMITS.__class__(memory_bytes=80_000_000)
    monkeypatch.setattr(isolated, "DEFAULT_LIMITS", small)
    with pytest.raises(BadResponseError, match=r"of memory|could not be read"):
        body_of(reply("[" + "[]," * 4_000_000 + "[]]"), never)


@pytest.mark.parametrize("depth", [200, 600, 900, 100_000])
def test_a_deeply_nested_reply_is_no_engines(loopback, depth):
    """A list in a list in a list, where a title is to be, ends in a sentence."""
    deep = '{"hits": {"hits": [{"_source": {"body": "a", "title": ' + "[" * depth + "]" * depth + "}}]}}"
    loopback.script(answers(200, deep.encode()))
    with LiveIndex(loopback.url, "kb", LiveFields("body", title="title")) as index, pytest.raises(BadResponseError):
        index.search("q")
