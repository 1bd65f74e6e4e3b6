"""The server in this process: three shapes of request, and what it refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

import rerank_core as rc
from rerank_core.command import serve
from rerank_core.serving import app as serving
from rerank_core.serving.app import Served, make_app
from rerank_core.storage.spending.store import SpendingStore
from rerank_core.transport.credentials import ApiKey
from tests.support.gate import Gate
from tests.support.rerank_service import GOOD_KEY, RerankService

TEXTS = ["The refund takes five days", "How to reset your password", ""]
QUERY = "reset a password"
KEYWORD = "local-keyword"


def served(**changes: Any) -> Served:
    """The keyword model, which needs no weights."""
    return Served(rc.provider("local"), KEYWORD, **changes)


def client_of(given: Served, make: Callable[[], rc.Client] = lambda: rc.Client("local")) -> TestClient:
    """A client of the server, to be entered."""
    return TestClient(make_app(given, make, only_loopback=True), base_url="http://127.0.0.1:8765")


@pytest.fixture
def client():
    with client_of(served()) as made:
        yield made


def test_cohere_v2(client: TestClient):
    reply = client.post("/v2/rerank", json={"model": KEYWORD, "query": QUERY, "documents": TEXTS, "top_n": 2}).json()
    assert [row["index"] for row in reply["results"]] == [1, 0]
    assert set(reply["results"][0]) == {"index", "relevance_score"}
    assert 0 <= reply["results"][1]["relevance_score"] <= reply["results"][0]["relevance_score"] <= 1
    assert reply["meta"] == {"api_version": {"version": "2"}, "billed_units": {"search_units": 0}}
    assert reply["id"]


def test_jina_and_the_older_cohere(client: TestClient):
    asked = {"query": QUERY, "documents": [{"text": text} for text in TEXTS]}
    reply = client.post("/v1/rerank", json=asked).json()
    assert [row["document"]["text"] for row in reply["results"]] == [TEXTS[1], TEXTS[0], ""]
    assert reply["model"] == KEYWORD
    assert reply["usage"]["total_tokens"] > 10
    assert "document" not in client.post("/v1/rerank", json=asked | {"return_documents": False}).json()["results"][0]
    fields = {
        "query": QUERY,
        "documents": [{"title": "password", "text": "x"}, {"text": "y"}],
        "rank_fields": ["title"],
    }
    assert client.post("/v1/rerank", json=fields).json()["results"][0]["index"] == 0


def test_tei(client: TestClient):
    reply = client.post("/rerank", json={"query": QUERY, "texts": TEXTS, "return_text": True}).json()
    assert [(row["index"], row["text"]) for row in reply] == [(1, TEXTS[1]), (0, TEXTS[0]), (2, "")]
    assert reply[-1]["score"] == 0.0
    refused = client.post("/rerank", json={"query": QUERY, "texts": TEXTS, "raw_scores": True})
    assert (refused.status_code, refused.json()["error_type"]) == (400, "Validation")
    assert client.get("/info").json()["model_id"] == KEYWORD


def test_what_a_program_looks_up(client: TestClient):
    assert client.get("/health").json() == {"status": "ok"}
    assert KEYWORD in [one["id"] for one in client.get("/v1/models").json()["data"]]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"query": "", "documents": ["a"]}, "query is empty"),
        ({"query": "q", "documents": []}, "no documents"),
        ({"query": "q", "documents": [{"secret": "text of mine"}]}, "Document 1 cannot be ranked"),
        ({"query": "q", "documents": "one text"}, "not a list"),
        ({"query": "q", "documents": ["a"], "top_n": 0}, "top_n is 0"),
        ([1], "not a JSON object"),
        ("nothing", "not a JSON object"),
    ],
)
def test_a_request_that_makes_no_sense_is_a_sentence(client: TestClient, body: object, said: str):
    for path in ("/v1/rerank", "/v2/rerank", "/rerank"):
        reply = client.post(path, json=body)
        assert reply.status_code == 400
        assert said in reply.json()["message"]
        assert "text of mine" not in reply.text


def test_what_is_no_json_is_said(client: TestClient):
    reply = client.post("/v2/rerank", content=b"{")
    assert (reply.status_code, reply.json()["message"].startswith("The body is not JSON")) == (400, True)


def test_a_model_that_does_not_exist(client: TestClient):
    asked = {"model": "rerank-v9", "query": QUERY, "documents": TEXTS}
    refused = client.post("/v2/rerank", json=asked)
    assert refused.status_code == 404
    assert KEYWORD in refused.json()["message"]
    with client_of(served(any_model=True)) as lenient:
        assert lenient.post("/v1/rerank", json=asked).json()["model"] == KEYWORD


def test_the_key_is_asked_for():
    with client_of(served(key=ApiKey("s3cret"))) as client:
        asked = {"query": QUERY, "documents": TEXTS}
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic s3cret"}):
            refused = client.post("/v2/rerank", json=asked, headers=headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert "s3cret" not in refused.text
        assert client.post("/v2/rerank", json=asked, headers={"Authorization": "Bearer s3cret"}).status_code == 200


def test_another_name_for_this_computer_is_refused(client: TestClient):
    """A web page whose name was pointed at this computer gets nothing."""
    reply = client.post("/v2/rerank", json={"query": "q", "documents": ["a"]}, headers={"Host": "evil.test:8765"})
    assert reply.status_code == 400


def test_large_requests_are_refused(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "MAX_BYTES", 100)
    assert client.post("/v2/rerank", json={"query": "q", "documents": ["a" * 200]}).status_code == 413
    monkeypatch.setattr(serving, "MAX_BYTES", 10_000)
    monkeypatch.setattr(serving, "MAX_DOCUMENTS", 2)
    assert "limit is 2" in client.post("/v2/rerank", json={"query": "q", "documents": TEXTS}).json()["message"]


def test_too_many_at_once_are_told_to_come_back(gate: Gate):
    class Held(rc.Client):
        def rerank(self, *given: Any, **options: Any) -> rc.RerankResponse:
            gate.hold()
            return super().rerank(*given, **options)

    replies: list[int] = []
    with client_of(served(at_once=1, waiting=0), lambda: Held("local")) as client:

        def ask() -> None:
            replies.append(client.post("/v2/rerank", json={"query": "q", "documents": ["a"]}).status_code)

        first = threading.Thread(target=ask)
        first.start()
        gate.wait_until_held()
        refused = client.post("/v2/rerank", json={"query": "q", "documents": ["a"]})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        gate.open()
        first.join()
    assert replies == [200]


def test_a_hosted_provider_behind_it(service: RerankService):
    """Its order and its units come through; its trouble with the key is the server's, not the caller's."""
    spec = rc.provider("gateflow")
    for mood, status in (("ok", 200), ("forbidden", 502), ("failing", 502)):
        address = f"{service.url}/{mood}"
        make = lambda address=address: rc.Client(spec, GOOD_KEY, address, max_retries=0)  # noqa: E731
        with client_of(Served(spec, spec.default_model), make) as client:
            reply = client.post("/v2/rerank", json={"query": "q", "documents": ["a", "b"]})
        assert reply.status_code == status
        assert GOOD_KEY not in reply.text
        if status == 200:
            assert [row["index"] for row in reply.json()["results"]] == [1, 0]
            assert reply.json()["meta"]["billed_units"]["search_units"] == 1


def test_a_limit_holds_for_whatever_is_sent(service: RerankService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Beyond the day's limit callers get 402 and nothing is sent; what was sent is in the ledger of this computer."""
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path))
    spec = rc.provider("gateflow")
    with SpendingStore() as store:
        monkeypatch.setattr(serve, "_spending", lambda: store)
        given = Served(
            spec, spec.default_model, purse_of=lambda model: serve._purse("gateflow", Decimal("0.0035"), model)
        )
        make = lambda: rc.Client(spec, GOOD_KEY, f"{service.url}/ok", max_retries=2)  # noqa: E731
        body = {"query": "q", "documents": ["a", "b"]}
        with client_of(given, make) as client:
            assert client.post("/v2/rerank", json=body).status_code == 200
            refused = client.post("/v2/rerank", json=body)
        assert refused.status_code == 402
        assert "This may cost up to" in refused.json()["message"]
        assert len(service.requests) == 1
        (row,) = store.calls()
        assert (row.call.who, row.state, row.spent) == ("rerank serve", "billed", Decimal("0.001"))
