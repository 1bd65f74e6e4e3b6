"""What a reply becomes: mapped by index, sorted by score, checked row by row; over both clients."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rerank_core as rc
from tests.support.both import KEY, Script, World, error, falling, ok, reply

DOCUMENTS = ["apple", "pear", "plum"]


def indexes(response: rc.RerankResponse) -> list[int]:
    return [row.index for row in response.results]


def test_rows_are_mapped_by_index_and_carry_the_callers_own_documents(world: World):
    """Order and scores are the provider's; documents, ids and metadata are the caller's, whatever is echoed."""
    documents = [
        "apple",
        {"text": "pear", "id": 9, "lang": "de"},
        rc.Document("plum", id="kb-8", metadata={"url": "https://x"}),
    ]
    rows = [
        {"index": 2, "relevance_score": 0.9, "document": {"text": "something else", "id": "evil"}},
        {"index": 0, "relevance_score": 0.5, "document": "apple"},
        {"index": 1, "relevance_score": 0.1, "document": None},
    ]
    response = world.client(handler=Script(ok([], results=rows))).rerank("fruit", documents)
    assert [(r.rank, r.index, r.relevance_score) for r in response.results] == [(1, 2, 0.9), (2, 0, 0.5), (3, 1, 0.1)]
    assert response.results[0].document is documents[2]
    assert response.results[2].document == rc.Document("pear", "9", {"lang": "de"})
    assert documents[1] == {"text": "pear", "id": 9, "lang": "de"}


def test_everything_else_that_a_reply_says(world: World):
    """Ids, latencies, units, cost, model, provider, the bodies sent and received, and the request itself."""
    script = Script(ok([0.2, 0.9, 0.1]))
    response = world.client(handler=script).rerank("fruit", DOCUMENTS, top_n=2)
    assert response.request_id == "req_1"
    assert response.provider_latency_ms == 145.0
    assert response.latency_ms >= 0
    assert response.usage == rc.Usage(1.0)
    assert response.cost == rc.Cost(Decimal("0.001"), "USD", "reported")
    assert (response.provider, response.model) == ("gateflow", "rerank-english-v3.0")
    assert response.sent == script.bodies[0]
    assert response.raw == reply([0.2, 0.9, 0.1])
    assert response.request == rc.RerankRequest("fruit", DOCUMENTS, None, 2)
    assert response.warnings == ()
    json.dumps(response.raw)


def test_what_goes_over_the_wire(world: World):
    """One POST to /v1/rerank with a Bearer key: query, texts, model and top_n, never an id or metadata."""
    script = Script(falling)
    documents = [{"text": "pear", "id": "secret-id", "price": "secret-price"}, "plum"]
    world.client(handler=script, base_url="https://gw.example/proxy/").rerank(
        "fruit", documents, model="rerank-multilingual-v3.0", top_n=1, return_documents=True
    )
    sent = script.requests[0]
    assert (sent.method, str(sent.url)) == ("POST", "https://gw.example/proxy/v1/rerank")
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["content-type"] == "application/json"
    assert sent.headers["host"] == "gw.example"
    assert int(sent.headers["content-length"]) == len(sent.content)
    assert script.bodies[0] == {
        "model": "rerank-multilingual-v3.0",
        "query": "fruit",
        "documents": ["pear", "plum"],
        "top_n": 1,
        "return_documents": True,
    }
    assert b"secret" not in sent.content


def test_results_are_sorted_by_score_and_ties_by_input_order(world: World):
    """The provider's own order does not count: scores do, and equal ones stand as they were handed in."""
    rows = [{"index": i, "relevance_score": s} for i, s in ((3, 0.5), (1, 0.5), (0, 0.1), (2, 0.9))]
    response = world.client(handler=Script(ok([], results=rows))).rerank("q", ["a", "b", "c", "d"])
    assert indexes(response) == [2, 1, 3, 0]


def test_top_n_is_clamped_and_also_applied_here(world: World):
    """A top_n beyond the list asks for all of it, and a provider that ignores top_n is cut here."""
    script = Script(ok([0.3, 0.2, 0.1]))
    client = world.client(handler=script)
    assert indexes(client.rerank("q", DOCUMENTS, top_n=99)) == [0, 1, 2]
    assert script.bodies[0]["top_n"] == 3
    assert indexes(client.rerank("q", DOCUMENTS, top_n=1)) == [0]


def test_integers_are_scores_too(world: World):
    """A score of 1 is 1.0; extreme and negative scores are kept as they are."""
    rows = [
        {"index": 0, "relevance_score": 1},
        {"index": 1, "relevance_score": -7.25},
        {"index": 2, "relevance_score": 0},
    ]
    response = world.client(handler=Script(ok([], results=rows))).rerank("q", DOCUMENTS)
    assert [row.relevance_score for row in response.results] == [1.0, 0.0, -7.25]
    assert all(type(row.relevance_score) is float for row in response.results)


GOOD = [
    {"index": 0, "relevance_score": 0.5},
    {"index": 1, "relevance_score": 0.4},
    {"index": 2, "relevance_score": 0.3},
]


@pytest.mark.parametrize(
    "bad", [True, False, "1", 1.0, None, -1, 3, 10**30, [1], {}, "x" * 9999], ids=lambda v: repr(v)[:9]
)
def test_an_index_that_is_no_place_in_the_list_is_refused(world: World, bad: Any):
    """A bool, a string, a float, null, a negative or an impossible place never picks a document."""
    rows = [GOOD[0], {"index": bad, "relevance_score": 0.4}, GOOD[2]]
    with pytest.raises(rc.BadResponseError) as caught:
        world.client(handler=Script(ok([], results=rows))).rerank("q", DOCUMENTS)
    assert not caught.value.retryable
    assert caught.value.status == 200


@pytest.mark.parametrize(
    "bad", [None, "0.4", True, [0.4], {}, float("nan"), float("inf"), float("-inf"), 10**400], ids=repr
)
def test_a_score_that_is_no_finite_number_is_refused(world: World, bad: Any):
    """null, text, true, NaN, infinities and numbers beyond a float are no scores."""
    body = json.dumps(reply([], results=[GOOD[0], {"index": 1, "relevance_score": bad}, GOOD[2]]))
    with pytest.raises(rc.BadResponseError):
        world.client(handler=Script(httpx.Response(200, content=body))).rerank("q", DOCUMENTS)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"not json",
        b'{"results": [{"index": 0',
        b"null",
        b"true",
        b"7",
        b'"done"',
        b"[]",
        b'[{"index": 0, "relevance_score": 1}]',
        b"{}",
        b'{"results": null}',
        b'{"results": {}}',
        b'{"results": "many"}',
        b'{"results": [1, 2, 3]}',
        b'{"results": [[0, 1], [1, 1], [2, 1]]}',
        b'{"data": []}',
        b"<html><title>Welcome</title></html>",
        b"\xff\xfe\x00\x01",
        b"[" * 200_000,
        b'{"results": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: repr(body[:24]),
)
def test_a_success_that_holds_no_results_is_refused(world: World, body: bytes):
    """A reply of success that is not an object with a list of results is a BadResponseError, tried once."""
    script = Script(httpx.Response(200, content=body))
    with pytest.raises(rc.BadResponseError) as caught:
        world.client(handler=script).rerank("q", DOCUMENTS)
    assert len(script.requests) == 1
    assert caught.value.message
    assert caught.value.hint


def test_repeated_and_missing_rows_are_refused(world: World):
    """The same document twice, and fewer rows than min(top_n, documents sent), are each a BadResponseError."""
    with pytest.raises(rc.BadResponseError, match="twice"):
        world.client(handler=Script(ok([], results=[GOOD[0], GOOD[0], GOOD[1], GOOD[2]]))).rerank("q", DOCUMENTS)
    short = Script(ok([], results=GOOD[:2]))
    with pytest.raises(rc.BadResponseError, match="2 of 3"):
        world.client(handler=short).rerank("q", DOCUMENTS)
    assert indexes(world.client(handler=short).rerank("q", DOCUMENTS, top_n=2)) == [0, 1]
    with pytest.raises(rc.BadResponseError):
        world.client(handler=Script(ok([], results=[]))).rerank("q", DOCUMENTS)


def test_odd_extras_of_a_reply_do_no_harm(world: World):
    """Parts of the reply that are no results may be missing or of any type; what cannot be read is unknown."""
    body = {"results": GOOD, "meta": [1], "gateflow": "up", "id": 12}
    response = world.client(handler=Script(httpx.Response(201, json=body))).rerank("q", DOCUMENTS)
    assert (response.request_id, response.provider_latency_ms, response.usage.search_units) == ("12", None, None)
    assert response.cost == rc.Cost(None)
    for odd in (-1, "one", True, None, float("nan")):
        body = reply([0.3, 0.2, 0.1], units=odd, total=odd)
        script = Script(httpx.Response(200, content=json.dumps(body)))
        response = world.client(handler=script).rerank("q", DOCUMENTS)
        assert (response.usage.search_units, response.cost.basis) == (None, "unknown"), odd


def test_the_cost_is_reported_else_computed_else_unknown(world: World):
    """An amount in the reply wins, exactly; else units times our price; else nobody knows."""

    def cost(model: str | None = None, **details: Any) -> rc.Cost:
        return world.client(handler=Script(ok([0.3, 0.2, 0.1], **details))).rerank("q", DOCUMENTS, model).cost

    assert cost(total=0.1, units=3) == rc.Cost(Decimal("0.1"), basis="reported")
    assert cost(total="0.00120") == rc.Cost(Decimal("0.0012"), basis="reported")
    assert cost(total=0) == rc.Cost(Decimal(0), basis="reported")
    assert cost(total=None, units=2) == rc.Cost(Decimal("0.002"), basis="computed")
    assert cost("rerank-english-v2.0", total=None, units=3.0) == rc.Cost(Decimal("0.0015"), basis="computed")
    assert cost("some-new-model", total=None, units=3) == rc.Cost(None, basis="unknown")
    assert cost(total=None, units=None) == rc.Cost(None, basis="unknown")


def test_a_fallback_to_another_model_is_flagged(world: World):
    """Where the gateway says that another model answered, the response names it and warns about the scale."""
    routing = {"requested_model": "rerank-english-v3.0", "selected_model": "rerank-2", "fallback_used": True}
    body = reply([0.3, 0.2, 0.1])
    body["gateflow"]["routing"] = routing
    response = world.client(handler=Script(httpx.Response(200, json=body))).rerank("q", DOCUMENTS)
    assert response.model == "rerank-2"
    assert any("rerank-2" in warning and "scale" in warning for warning in response.warnings)
    body["gateflow"].pop("cost")
    priced = world.client(handler=Script(httpx.Response(200, json=body))).rerank("q", DOCUMENTS).cost
    assert priced == rc.Cost(None)  # one model's price says nothing about another's
    body["gateflow"]["routing"] = {**routing, "selected_model": "rerank-english-v3.0", "fallback_used": False}
    assert world.client(handler=Script(httpx.Response(200, json=body))).rerank("q", DOCUMENTS).warnings == ()


def test_the_model_that_was_shut_down_comes_with_a_warning(world: World):
    """v2 may be asked for, and the response says that Cohere shut it down."""
    response = world.client(handler=Script(falling)).rerank("q", DOCUMENTS, model="rerank-english-v2.0")
    assert any("2025-04-30" in warning for warning in response.warnings)


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_compressed_reply_is_read(world: World, encoding: str):
    """gzip and deflate, which the client says it takes, are undone."""
    import gzip
    import zlib

    data = json.dumps(reply([0.3, 0.2, 0.1])).encode()
    packed = gzip.compress(data) if encoding == "gzip" else zlib.compress(data)
    script = Script(lambda _: httpx.Response(200, content=packed, headers={"content-encoding": encoding}))
    assert indexes(world.client(handler=script).rerank("q", DOCUMENTS)) == [0, 1, 2]


def test_a_reply_that_cannot_be_decompressed_is_a_bad_response(world: World):
    """A body that is not what its header says is refused once, as a BadResponseError."""

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=httpx.ByteStream(b"plain"), headers={"content-encoding": "gzip"})

    with pytest.raises(rc.BadResponseError):
        world.client(handler=handler).rerank("q", DOCUMENTS)


def test_an_endless_reply_is_not_read_to_its_end(world: World):
    """Beyond 64 MB a reply is given up as a BadResponseError."""
    read = 0

    class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            nonlocal read
            while True:
                read += 2**20
                yield b" " * 2**20

        async def __aiter__(self):
            for chunk in self:
                yield chunk

    with pytest.raises(rc.BadResponseError, match="64 MB"):
        world.client(handler=lambda _: httpx.Response(200, stream=Endless())).rerank("q", DOCUMENTS)
    assert read <= 70 * 2**20


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_permutation_comes_back_as_the_right_rows(data: st.DataObject):
    """Whatever order a provider sends and wherever blank texts stand, each row is its own document and score; a reply
    that is sorted keeps its order among equal scores."""
    texts = data.draw(st.lists(st.sampled_from(["a", "b", "", " ", "c\u00e9"]), min_size=1, max_size=12))
    if not any(text.strip() for text in texts):
        texts.append("x")
    sent = [place for place, text in enumerate(texts) if text.strip()]
    scores = data.draw(st.lists(st.floats(-5, 5), min_size=len(sent), max_size=len(sent)))
    order = data.draw(st.permutations(range(len(sent))))
    top_n = data.draw(st.none() | st.integers(1, len(texts) + 2))
    rows = [{"index": place, "relevance_score": scores[place]} for place in order]
    with rc.Client("gateflow", api_key=KEY, transport=httpx.MockTransport(Script(ok([], results=rows)))) as client:
        response = client.rerank("q", texts, top_n=top_n)
    told = [scores[place] for place in order]
    among_equals = order if told == sorted(told, reverse=True) else range(len(sent))
    ranked = sorted(among_equals, key=lambda place: -scores[place])
    expected = [(sent[place], scores[place]) for place in ranked]
    expected += [(place, None) for place, text in enumerate(texts) if not text.strip()]
    assert [(row.index, row.relevance_score) for row in response.results] == expected[:top_n]
    assert [row.rank for row in response.results] == list(range(1, len(expected[:top_n]) + 1))
    assert all(row.document.text == texts[row.index] for row in response.results)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={"index": st.integers(-2, 4) | JSON, "relevance_score": st.floats(0, 1) | JSON})
    | JSON,
    max_size=5,
)


@given(st.fixed_dictionaries({"results": ROWS | JSON}) | JSON, st.none() | st.integers(1, 4))
@settings(max_examples=300, deadline=None)
def test_any_payload_gives_right_rows_or_an_error(body: Any, top_n: int | None):
    """No reply of success, however strange, yields a wrong row or anything but a RerankError."""
    handler = Script(lambda _: httpx.Response(200, content=json.dumps(body)))
    with rc.Client("gateflow", api_key=KEY, transport=httpx.MockTransport(handler), max_retries=0) as client:
        try:
            response = client.rerank("q", DOCUMENTS, top_n=top_n)
        except rc.RerankError:
            return
    claimed = {row["index"]: row["relevance_score"] for row in body["results"]}
    assert len(claimed) == len(body["results"]) >= min(top_n or 3, 3)
    assert len(response.results) == min(top_n or 3, 3)
    for row in response.results:
        assert type(row.index) is int
        assert row.relevance_score == claimed[row.index]
        assert row.document.text == DOCUMENTS[row.index]


def test_an_error_is_never_passed_off_as_an_order(world: World):
    """When the call fails there is no response at all, whatever results stand beside the error."""
    body = {**reply([0.3, 0.2, 0.1]), "error": {"message": "half of it failed", "code": "provider_unavailable"}}
    with pytest.raises(rc.ProviderError):
        world.client(handler=Script(httpx.Response(200, json=body)), max_retries=0).rerank("q", DOCUMENTS)
    with pytest.raises(rc.ProviderError):
        world.client(handler=Script(error(500)), max_retries=0).rerank("q", DOCUMENTS)


def test_a_provider_of_ones_own_is_priced_like_any_other(world: World):
    """A ProviderSpec that is in no registry works to the end: without models, with a price, and on this computer."""
    order = httpx.Response(200, json={"reranked_candidates": ["b", "a"]})
    flat = replace(rc.provider("flashrank"), id="mine")
    assert world.client(flat, Script(order)).rerank("q", ["a", "b"]).cost == rc.Cost(None)
    gateway = replace(rc.provider("gateflow"), id="mine")
    table = rc.PriceTable.default().with_price("mine", "rerank-english-v3.0", 2)
    client = world.client(gateway, Script(ok([0.5], total=None)), prices=table)
    assert client.rerank("q", ["a"]).cost == rc.Cost(Decimal("0.002"), basis="computed")
    here = replace(rc.provider("local"), id="mine")
    cost = world.client(here).rerank("q", ["a"], model="local-keyword").cost
    assert cost == rc.Cost(Decimal(0), basis="free")
