"""The adapters inside the frameworks that they are for."""

from __future__ import annotations

from tests.peers.conftest import Run
from tests.support.rerank_service import GOOD_KEY, RerankService

QUERY = "reset my password"
TEXTS = ["The refund takes five days", "How to reset your password", "Billing address"]


def test_langchain(service: RerankService, run_program: Run):
    found = run_program("with_langchain", service.url + "/ok", GOOD_KEY, QUERY, *TEXTS)
    (first, place, score), (_, _, second) = found["local"]
    assert (first, place) == ("1", 1)
    assert score > second
    assert found["local async"] == found["local"]
    assert found["none"] == []
    assert [row[0] for row in found["least"]] == ["1"]
    assert found["untouched"]
    assert [row[0] for row in found["hosted"]] == [row[0] for row in found["hosted async"]] == ["2", "1", "0"]


def test_llama_index(service: RerankService, run_program: Run):
    found = run_program("with_llama_index", service.url + "/ok", GOOD_KEY, QUERY, *TEXTS)
    (first, score), (_, second) = found["local"]
    assert first == "1"
    assert score > second
    assert found["local async"] == found["local"]
    assert found["none"] == []
    assert found["metadata"] == QUERY
    assert found["without metadata"] == []
    assert "no query" in found["no query"]
    assert [row[0] for row in found["hosted async"]] == ["2", "1", "0"]
