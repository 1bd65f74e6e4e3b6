"""The cross-encoder: the published model's own scores, one pair at a time, long texts in parts."""

from __future__ import annotations

import importlib
import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core import offline, samples
from rerank_core.offline import computed, engine, local_model
from rerank_core.offline.cache import ScoreCache
from rerank_core.offline.cross_encoder import (
    _ROWS,
    DOCUMENT_WHOLE,
    DOCUMENT_WINDOW,
    LONG_QUERY,
    CrossEncoder,
    _packs,
    _Pair,
    _QueryPart,
)
from rerank_core.offline.graphs.pairs import TOGETHER
from rerank_core.offline.models import CROSS_ENCODER
from rerank_core.offline.ms_marco import MsMarcoMiniLM
from rerank_core.offline.sentences import sentence_spans
from rerank_core.offline.weights import MS_MARCO
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.storage.computed import ComputedFile
from tests.support import flashrank_weights
from tests.support import published_cross_encoder as published

PAIRS = [
    ("capital of France", "Paris is the capital of France."),
    ("capital of France", "A cat sat."),
    ("How do I reset my password?", "Reset your password\nOpen Settings, choose Security and follow the steps."),
    ("good reception in the kitchen, hardly anything upstairs", "Where to put the hub " * 30),
]
TEXTS = [text for _, text in PAIRS] + ["One line.", "Reset it. " * 200, "¿Qué?", "x"]


@pytest.fixture(scope="module")
def source() -> MsMarcoMiniLM:
    """The published weights, or a loud skip."""
    problem = MS_MARCO.problem()
    if problem is not None:
        pytest.skip(f"LOUD: the real cross-encoder is not tested here. {problem}")
    return MsMarcoMiniLM(MS_MARCO.open())


@pytest.fixture(scope="module")
def model(source: MsMarcoMiniLM) -> CrossEncoder:
    """The model as the engine has it."""
    return engine._CROSS_ENCODER.get()


def feed(source: MsMarcoMiniLM, query: str, text: str, kinds: bool = True) -> dict[str, np.ndarray]:
    """The inputs of the published graph for one pair; without `kinds`, as a server that leaves them out."""
    cut = source.tokeniser()
    asked, read = (cut.encode(part, add_special_tokens=False).ids for part in (query, text))
    tokens = np.array([[101, *asked, 102, *read, 102]])
    second = np.zeros_like(tokens)
    if kinds:
        second[0, len(asked) + 2 :] = 1
    return {"input_ids": tokens, "attention_mask": np.ones_like(tokens), "token_type_ids": second}


@pytest.mark.slow
def test_in_float_our_graph_gives_what_the_published_one_gives(source: MsMarcoMiniLM) -> None:
    """Fused projections, the last layer for one token and ONNX's own attention change nothing above 1e-3."""
    theirs = published.session(published.in_float().SerializeToString(), plain=True)
    ours = CrossEncoder(source, quantised=False)
    for query, text in PAIRS:
        expected = theirs.run(None, feed(source, query, text))[0].item()
        assert ours.logit(query, text) == pytest.approx(expected, abs=1e-3)
        without = theirs.run(None, feed(source, query, text, kinds=False))[0].item()
        assert abs(expected - without) > 0.01


@pytest.mark.slow
def test_flashranks_own_scores_come_out_of_the_float_form(source: MsMarcoMiniLM, tmp_path: Path) -> None:
    """FlashRank itself, given the same weights as floats, shows the scores of our float form to 1e-3."""
    try:
        flashrank = importlib.import_module("flashrank")
    except ImportError:
        pytest.skip("LOUD: FlashRank is not compared with here. Install it with: pip install flashrank.")
    cache = flashrank_weights.lay_out(tmp_path, published.in_float().SerializeToString())
    ranker = flashrank.Ranker(flashrank_weights.MODEL, cache_dir=str(cache), log_level="ERROR")
    ours = CrossEncoder(source, quantised=False)
    query = "How do I reset my password?"
    texts = [*dict.fromkeys(text for _, text in PAIRS), "Passwords can be reset in Settings.", "Reset it. " * 40]
    passages = [{"id": place, "text": text} for place, text in enumerate(texts)]
    found = {row["id"]: row["score"] for row in ranker.rerank(flashrank.RerankRequest(query, passages))}
    for place, text in enumerate(texts):
        assert 1 / (1 + math.exp(-ours.logit(query, text))) == pytest.approx(found[place], abs=1e-3)
    assert max(found.values()) > 0.9
    assert min(found.values()) < 0.1


@pytest.mark.slow
def test_in_bytes_it_stays_near(source: MsMarcoMiniLM, model: CrossEncoder) -> None:
    """Bytes for activations cost up to 0.6 of a logit, in the published graph as in ours."""
    theirs = published.session(bytes(MS_MARCO.open()), plain=True)
    floats = CrossEncoder(source, quantised=False)
    for query, text in PAIRS:
        assert model.logit(query, text) == pytest.approx(floats.logit(query, text), abs=0.6)
        assert model.logit(query, text) == pytest.approx(theirs.run(None, feed(source, query, text))[0].item(), abs=0.8)


@pytest.mark.parametrize("quantised", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_score_depends_on_its_pair_alone(
    source: MsMarcoMiniLM, quantised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In any list and any order, computed with whatever other pairs, a document's score is the same to the last bit."""
    model = CrossEncoder(source, quantised=quantised)
    monkeypatch.setattr(model, "_scores", ScoreCache(0))  # every score is computed
    query = "How do I reset my password?"
    texts = [*TEXTS, *(f"{'Reset it in Settings. ' * number}" for number in range(1, 12))]
    alone = {text: model.score_all(query, [text])[0] for text in texts}
    dice = random.Random(7)
    for _ in range(4):
        some = dice.sample(texts, dice.randint(2, len(texts)))
        assert model.score_all(query, some) == [alone[text] for text in some]


def test_the_same_query_and_documents_are_not_computed_again(
    source: MsMarcoMiniLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same process the scores are remembered; in another one, which is told where they are kept, they are read.
    A document more costs one pair, and the same text twice is scored once."""
    query, texts = "How do I reset my password?", [*TEXTS, TEXTS[0]]
    with ComputedFile(tmp_path / "computed.sqlite3") as file:
        monkeypatch.setattr(computed, "_store", file)
        first = CrossEncoder(source, quantised=True)
        scores = first.score_all(query, texts)
        later = CrossEncoder(source, quantised=True)
        later._computed.find([b"x"])  # a model tells itself from others by what it makes of two pairs
        given: list[int] = []
        for model in (first, later):
            inner = model._run
            monkeypatch.setattr(model, "_run", lambda pairs, inner=inner: given.append(len(pairs)) or inner(pairs))
            seen: list[int] = []
            assert model.score_all(query, texts, tick=seen.append) == scores
            assert seen[-1] == len(texts)
            assert given == []
        assert later.score_all(query, [*texts, "A new one.", "A new one."])[:-2] == scores
        assert given == [1]
        assert b"password" not in file.path.read_bytes()


def test_what_was_scored_before_a_cancel_is_kept(model: CrossEncoder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled list is not begun from the start again."""
    monkeypatch.setattr(model, "_scores", ScoreCache(100))
    given: list[int] = []
    inner = model._run

    def run(pairs: list) -> np.ndarray:
        if len(given) > 1:
            raise KeyboardInterrupt
        given.append(len(pairs))
        return inner(pairs)

    texts = [f"Text number {number} of a list that somebody cancels." for number in range(40)]
    monkeypatch.setattr(model, "_run", run)
    with pytest.raises(KeyboardInterrupt):
        model.score_all("what is cancelled", texts)
    assert given
    monkeypatch.setattr(model, "_run", lambda pairs: given.append(len(pairs)) or inner(pairs))
    model.score_all("what is cancelled", texts)
    assert sum(given) == len(texts)


@given(st.lists(st.integers(1, 512), max_size=60))
def test_pairs_are_packed_whole_and_longest_first(sizes: list[int]) -> None:
    """Every pair is in one pack; a pack has at most TOGETHER, and no more tokens than fit unless it is one pair."""
    part = _QueryPart(np.zeros(0, np.int64), None)
    pairs = {
        str(number).encode(): _Pair(number, part, np.zeros(size, np.int64), 1, (0, 1))
        for number, size in enumerate(sizes)
    }
    packs = _packs(pairs)
    assert sorted(key for pack in packs for key in pack) == sorted(pairs)
    longest = [pairs[key].size for pack in packs for key in pack]
    assert longest == sorted(longest, reverse=True)
    for pack in packs:
        assert 1 <= len(pack) <= TOGETHER
        assert len(pack) == 1 or sum(pairs[key].size for key in pack) <= _ROWS


def test_the_stored_logits_are_those_of_the_float_graph(source: MsMarcoMiniLM) -> None:
    """What the model is compared with at load is what its float graph gives."""
    assert local_model.sound_cross_encoder(source) is not None
    floats = CrossEncoder(source, quantised=False)
    for pair in local_model.reference_logits():
        assert floats.logit(pair.query, pair.text) == pytest.approx(pair.logit, abs=0.01)


def test_wrong_numbers_are_refused(source: MsMarcoMiniLM, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither bytes nor floats give the stored logits, there is no model."""
    (first, *_) = local_model.reference_logits()
    far = local_model.ReferenceLogit(first.query, first.text, first.logit + 3)
    monkeypatch.setattr(local_model, "reference_logits", lambda: (far,))
    assert local_model.sound_cross_encoder(source) is None


@pytest.mark.slow
def test_a_long_letter_is_read_by_sentence(model: CrossEncoder) -> None:
    """The sentence that asks finds its article, and is named; whole, the letter buries it."""
    letter = next(ticket for ticket in samples.TICKETS if ticket.id == "footage-gone").text
    articles = [one for one in samples.knowledge_base() if one.metadata["lang"] == "en"]
    with rc.Client("local") as client:
        response = client.rerank(letter, articles, CROSS_ENCODER, rank_fields=TITLE_AND_TEXT)
    first = response.results[0]
    assert "recording" in first.document.text.casefold() or "recording" in first.document.metadata["title"].casefold()
    row = response.raw["results"][0]
    assert row["sentence"] in letter
    assert len(row["sentence"]) < len(letter) / 2


def test_a_short_query_is_read_whole_and_a_long_text_in_windows(model: CrossEncoder) -> None:
    """The best window is named by its characters, and holds what answers."""
    text = "Nothing of use stands here. " * 120 + "To reset your password, open Settings and choose Security."
    (found,) = model.score_all("How do I reset my password?", [text])
    assert found.sentence is None
    assert found.windows > 1
    assert found.best_window is not None
    assert "reset your password" in text[slice(*found.best_window)]
    assert found.logit is not None
    assert found.logit > 0


@pytest.mark.parametrize(
    ("asked", "tokens", "sizes"),
    [
        (5, 1, [1]),
        (5, DOCUMENT_WINDOW + 1, [DOCUMENT_WINDOW + 1]),
        (5, DOCUMENT_WHOLE, [DOCUMENT_WHOLE]),
        (5, DOCUMENT_WHOLE + 1, [DOCUMENT_WINDOW] * 2),
        (256, 253, [253]),  # all that fits beside the longest query
        (256, 254, [DOCUMENT_WINDOW] * 2),
    ],
)
def test_a_text_is_cut_only_where_that_spares_something(
    model: CrossEncoder, asked: int, tokens: int, sizes: list[int]
) -> None:
    """A text a little longer than a window is read whole, as far as the model has room; a longer one in windows."""
    part = _QueryPart(np.zeros(asked, np.int64), None)
    pairs = list(model._pairs([part], ["word " * tokens], None))
    assert [len(pair.document) for pair in pairs] == sizes
    assert all(pair.windows == len(sizes) and pair.size <= model._source.window for pair in pairs)


def test_what_cannot_be_read_has_no_score(model: CrossEncoder) -> None:
    """A query or a text without a token gives no logit and a relevance score of 0."""
    assert model.score_all("\u200b", ["text"])[0].logit is None
    assert offline.score(CROSS_ENCODER, "query", ["\u200b"])[0].relevance_score == 0.0


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("Wie setze ich mein Passwort zurück, wenn ich es vergessen habe?", ["Reset your password"]),
        ("reset password", ["Wählen Sie in den Einstellungen den Punkt Sicherheit und folgen Sie den Schritten."]),
    ],
)
def test_other_languages_are_refused(source: MsMarcoMiniLM, query: str, texts: list[str]) -> None:
    """It says which language, and which model reads it."""
    with rc.Client("local") as client, pytest.raises(rc.InvalidQueryError, match="German") as raised:
        client.rerank(query, texts, CROSS_ENCODER)
    assert "Multilingual" in raised.value.hint
    assert raised.value.code == "not_english"


@given(st.text(st.sampled_from("aB .!?\n。9\"'")))
def test_sentences_cover_what_is_not_blank(text: str) -> None:
    """Sentences stand in order, do not overlap, and leave out nothing but spaces."""
    spans = sentence_spans(text)
    place = 0
    for start, stop in spans:
        assert not text[place:start].strip()
        assert start < stop
        assert text[start:stop] == text[start:stop].strip()
        place = stop
    assert not text[place:].strip()


def test_sentences_end_where_a_reader_ends_them() -> None:
    """Abbreviations and decimals go on, questions and line ends do not."""
    text = 'It was 3.5 m, e.g. this. Gone? "Yes." Hello\nBye'
    assert [text[start:stop] for start, stop in sentence_spans(text)] == [
        "It was 3.5 m, e.g. this.",
        "Gone?",
        '"Yes."',
        "Hello",
        "Bye",
    ]
    assert LONG_QUERY >= 16
