"""Real servers on this machine: dev-double (rerank and systemone, without weights), and LiteLLM's proxy before it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import rerank_core as rc
from tests.peers.conftest import PEERS
from tests.peers.servers import running

QUERY = "How do I reset my password?"
DOCUMENTS = [
    "Our office is open from nine to five.",
    "To reset your password, choose Forgot password.",
    "",
    "Bananas are yellow.",
]
MASTER_KEY = "sk-of-the-tests-0123"
CONFIG = """
model_list:
  - model_name: my-reranker
    litellm_params: {{model: hosted_vllm/mock, api_base: "{address}/v1", api_key: any}}
general_settings: {{master_key: {key}}}
"""


@pytest.fixture
def dev_double(tmp_path: Path) -> Iterator[str]:
    """The address of a dev-double."""
    command = [str(PEERS / "bin" / "dev-double"), "serve", "--engine", "mock", "--host", "127.0.0.1", "--port"]
    with running(lambda port: [*command, str(port)], tmp_path, "/") as address:
        yield address


@pytest.fixture
def proxy(dev_double: str, tmp_path: Path) -> Iterator[str]:
    """The address of LiteLLM's proxy before the dev-double."""
    config = tmp_path / "litellm.yaml"
    config.write_text(CONFIG.format(address=dev_double, key=MASTER_KEY), "utf-8")
    program = str(PEERS / "bin" / "litellm")
    command = [program, "--config", str(config), "--host", "127.0.0.1", "--telemetry", "False", "--port"]
    with running(lambda port: [*command, str(port)], tmp_path, "/health/liveliness") as address:
        yield address


@pytest.mark.parametrize(("provider", "options"), [("vllm", {"model": "m"}), ("custom", {}), ("cohere", {})])
def test_a_rerank_server_answers(dev_double: str, provider: str, options: dict[str, str]) -> None:
    """Its paths of the dialects of vLLM and Cohere: the right document first, the blank one last."""
    with rc.Client(provider, api_key="any", base_url=dev_double, options=options) as client:
        response = client.rerank(QUERY, DOCUMENTS)
    assert response.results[0].index == 1
    assert response.results[-1].index == 2


def test_a_decision_model_answers_for_every_document(dev_double: str) -> None:
    """Lists longer than a request are split; each document gets a probability, and tokens are counted."""
    with rc.Client("systemone", base_url=dev_double) as client:
        response = client.rerank(QUERY, [f"Text number {number}" for number in range(100)])
    assert len(response.results) == 100
    assert all(row.relevance_score is not None and 0 <= row.relevance_score <= 1 for row in response.results)
    assert response.usage.tokens is not None
    assert response.usage.tokens > 0
    assert len(response.sent) > 1


def test_a_decision_model_may_be_asked_about_each_document_by_itself(dev_double: str) -> None:
    """Then a document's probability is the same whatever else is in the list."""
    with rc.Client("systemone", base_url=dev_double, options={"together": "1"}) as client:
        whole = {row.document.text: row.relevance_score for row in client.rerank(QUERY, DOCUMENTS)}
        for text in filter(None, DOCUMENTS):
            assert client.rerank(QUERY, [text])[0].relevance_score == whole[text]


def test_litellm_answers_and_says_what_is_wrong_with_a_key(proxy: str) -> None:
    """The order of the server behind it; a wrong key, no key and an unknown model are called what they are."""
    named = {"model": "my-reranker"}
    with rc.Client("litellm", api_key=MASTER_KEY, base_url=proxy, options=named) as client:
        assert client.rerank(QUERY, DOCUMENTS).results[0].index == 1
        with pytest.raises(rc.ModelNotFoundError):
            client.rerank(QUERY, DOCUMENTS, model="nope")
    for key in ("sk-wrong-0123", None):
        with (
            rc.Client("litellm", api_key=key, base_url=proxy, options=named, max_retries=0) as client,
            pytest.raises(rc.AuthenticationError),
        ):
            client.rerank(QUERY, DOCUMENTS)
