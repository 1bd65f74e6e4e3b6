"""Servers that run the cross-encoder of this computer: llama.cpp, and outside CI Infinity, which pulls PyTorch.

Neither tells query from document by token types, so their scores are not those of our engine; the best document is.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import rerank_core as rc
from rerank_core.offline.weights import MS_MARCO
from tests.peers.conftest import INFINITY, PROGRAMS, PYTHON, environment
from tests.peers.servers import running
from tests.support import ROOT
from tests.support.gate import PATIENCE

QUERY = "How do I reset my password?"
DOCUMENTS = [
    "Our office is open from nine to five.",
    "To reset your password, choose Forgot password.",
    "",
    "Bananas are yellow.",
]
KEY = "sk-of-the-tests-0123"
# What the weights' package leaves out of its folder, as the model was published.
CONFIG = {
    "architectures": ["BertForSequenceClassification"],
    "model_type": "bert",
    "hidden_size": 384,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "vocab_size": 30522,
    "layer_norm_eps": 1e-12,
    "id2label": {"0": "LABEL_0"},
    "label2id": {"LABEL_0": 0},
}


def published() -> Path:
    """The cross-encoder's file."""
    path = MS_MARCO.path()
    assert path is not None
    return path


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cross-encoder as llama.cpp reads it."""
    if not PYTHON.exists():
        pytest.skip("The peers are not installed; `make peers` brings them.")
    made, from_ = tmp_path_factory.mktemp("gguf") / "cross-encoder.gguf", published()
    command = [PYTHON, PROGRAMS / "cross_encoder_gguf.py", from_, from_.parent / "vocab.txt", made]
    done = subprocess.run(
        list(map(str, command)), env=environment(ROOT), capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return made


@contextmanager
def llamacpp(gguf: Path, home: Path, pooling: str) -> Iterator[str]:
    """The address of llama.cpp's server: "rank" is one that was started with --reranking, "mean" one without."""
    program = [str(PYTHON), str(PROGRAMS / "llamacpp_server.py"), str(gguf)]
    with running(lambda port: [*program, str(port), KEY, pooling], home, "/health") as address:
        yield address


@contextmanager
def infinity(_gguf: Path, home: Path, _pooling: str) -> Iterator[str]:
    """The address of Infinity with its optimum engine. In a folder of this computer it finds a file of this name."""
    program = INFINITY / "bin" / "infinity_emb"
    if not program.exists():
        pytest.skip("Infinity is not installed; `make peers` brings it where CI is not set.")
    folder = home / "cross-encoder"
    folder.mkdir()
    for one in published().parent.glob("*.json"):
        shutil.copy(one, folder)
    (folder / "config.json").write_text(json.dumps(CONFIG), "utf-8")
    (folder / "model_optimized.onnx").symlink_to(published())
    command = [str(program), "v2", "--engine", "optimum", "--device", "cpu", "--model-id", str(folder)]
    command += ["--served-model-name", "minilm", "--api-key", KEY, "--no-model-warmup", "--host", "127.0.0.1", "--port"]
    quiet = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "INFINITY_ANONYMOUS_USAGE_STATS": "0"}
    with running(lambda port: [*command, str(port)], home, "/health", **quiet) as address:
        yield address


def asking(provider: str, **how: Any) -> rc.Client:
    """A client that waits for a slow computer."""
    return rc.Client(provider, timeout=PATIENCE, **how)


SERVERS = {"llamacpp": llamacpp, "infinity": infinity}


@pytest.fixture(scope="module", params=SERVERS)
def server(
    request: pytest.FixtureRequest, gguf: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, str]]:
    """The id of a provider and the address of its server."""
    with SERVERS[request.param](gguf, tmp_path_factory.mktemp("home"), "rank") as address:
        yield request.param, address


def test_it_ranks(server: tuple[str, str]) -> None:
    """The right document first, the blank one last and without a score, top_n kept, equal texts in their order, and
    nothing that the server counts taken for money. A base that ends in a part of the path is understood."""
    provider, address = server
    for base in (address, address + "/rerank"):
        with asking(provider, api_key=KEY, base_url=base) as client:
            response = client.rerank(QUERY, DOCUMENTS)
        assert response.results[0].index == 1
        assert [(row.index, row.relevance_score) for row in response.results][-1] == (2, None)
        assert response.cost.amount == 0
    with asking(provider, api_key=KEY, base_url=address) as client:
        assert [row.index for row in client.rerank(QUERY, DOCUMENTS, top_n=1, return_documents=True)] == [1]
        assert [row.index for row in client.rerank(QUERY, ["The same text."] * 12)] == list(range(12))
        assert len(client.rerank(QUERY, ["A lone \ud800 and a \0.", "日本語 🎉", *map(str, range(40))])) == 42


def test_it_agrees_with_our_engine_on_what_is_best(server: tuple[str, str]) -> None:
    """Four questions with one answer each, though token types are left out there."""
    provider, address = server
    questions = ["Where is my invoice?", "Can I pay by card?", "How do I close my account?", QUERY]
    texts = [
        "Invoices are under Billing in your account.",
        "We take cards of all kinds, and bank transfers.",
        "To close your account, write to support.",
        "To reset your password, choose Forgot password.",
        "Our office is open from nine to five.",
    ]
    with asking(provider, api_key=KEY, base_url=address) as there, rc.Client("local") as here:
        best = [there.rerank(question, texts)[0].index for question in questions]
        ours = [here.rerank(question, texts, "local-cross-encoder")[0].index for question in questions]
    assert best == ours == [0, 1, 2, 3]


@pytest.mark.parametrize("key", ["sk-wrong-0123", None])
def test_a_wrong_key_is_called_one(server: tuple[str, str], key: str | None) -> None:
    """Also where none is sent."""
    provider, address = server
    with (
        asking(provider, api_key=key, base_url=address, max_retries=0) as client,
        pytest.raises(rc.AuthenticationError, match=f"{provider.upper()}_API_KEY"),
    ):
        client.rerank(QUERY, DOCUMENTS)


def test_the_model_that_answers_is_shown_as_far_as_the_server_says(server: tuple[str, str]) -> None:
    """Infinity answers any name with its one model, and says which. llama.cpp repeats the name that it was asked."""
    provider, address = server
    with asking(provider, api_key=KEY, base_url=address) as client:
        response = client.rerank(QUERY, DOCUMENTS, model="nope")
    assert response.model == {"infinity": "minilm", "llamacpp": "nope"}[provider]
    assert any("minilm answered" in warning for warning in response.warnings) == (provider == "infinity")


def test_no_error_repeats_a_text(server: tuple[str, str]) -> None:
    """A request that it does not understand: Infinity sends the whole of it back."""
    _, address = server
    wrong = {"path": "/rerank", "documents_field": "document"}
    with (
        asking("custom", api_key=KEY, base_url=address, options=wrong, max_retries=0) as client,
        pytest.raises(rc.RerankError) as caught,
    ):
        client.rerank(QUERY, ["A text that nobody else may see."])
    assert "nobody else" not in str(caught.value)


def test_a_text_that_is_too_long_is_said_at_once(server: tuple[str, str]) -> None:
    """llama.cpp fails with 500, which looks as if another try could help. Infinity cuts it."""
    provider, address = server
    with asking(provider, api_key=KEY, base_url=address) as client:
        if provider == "infinity":
            assert len(client.rerank(QUERY, [*DOCUMENTS, "word " * 3000])) == 5
            return
        with pytest.raises(rc.InvalidDocumentsError, match="-ub") as caught:
            client.rerank(QUERY, [*DOCUMENTS, "word " * 3000])
    assert not caught.value.retryable
    assert len(caught.value.attempts) == 1


def test_a_server_without_reranking_says_how_to_start_it(gguf: Path, tmp_path: Path) -> None:
    """501 is no passing fault."""
    with (
        llamacpp(gguf, tmp_path, "mean") as address,
        asking("llamacpp", api_key=KEY, base_url=address) as client,
        pytest.raises(rc.ConfigurationError, match="--reranking") as caught,
    ):
        client.rerank(QUERY, DOCUMENTS)
    assert not caught.value.retryable
