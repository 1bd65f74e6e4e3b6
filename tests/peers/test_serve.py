"""`rerank serve` under the clients of others, unchanged but for the address."""

from __future__ import annotations

from tests.peers.conftest import LANGCHAIN_COHERE, Run

QUERY = "reset my password"
TEXTS = ["The refund takes five days", "How to reset your password", "Billing address"]


def test_the_cohere_sdk(served: str, run_program: Run):
    found = run_program("with_cohere", served, QUERY, *TEXTS)
    assert found["version"].startswith("7.")
    assert [index for index, _ in found["v2"]] == [1, 0]
    assert found["units"] == 0
    assert found["v1"][0] == [1, TEXTS[1]]
    assert len(found["v1"]) == 3
    status, body = found["refused"]
    assert (status, body["message"].startswith("The query is empty")) == (400, True)


def test_litellm_under_four_names(served: str, run_program: Run):
    found = run_program("with_litellm", served, QUERY, *TEXTS)
    assert set(found) == {"cohere", "jina_ai", "hosted_vllm", "huggingface"}
    for rows in found.values():
        assert rows[0][0] == 1
        assert len(rows) == 3
        assert rows[0][1] > rows[1][1]


def test_langchain_cohere(served: str, run_program: Run):
    (first, score), (_, second) = run_program("with_langchain_cohere", served, QUERY, *TEXTS, first=LANGCHAIN_COHERE)
    assert first == TEXTS[1]
    assert score > second
