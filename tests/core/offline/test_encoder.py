"""Texts into vectors: windows, the cache, threads, and texts that want to break it."""

from __future__ import annotations

import threading
import unicodedata
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.offline import workers
from rerank_core.offline.cache import Embedding, VectorCache, text_key
from rerank_core.offline.encoder import PASSAGE, QUERY, origins
from rerank_core.offline.windows import window_bounds
from tests.support.tiny_model import WINDOW, tiny_encoder

EVIL = [
    "",
    " ",
    "\x00",
    "a\x00b",
    "\ud800",
    "half \udfff pair",
    "x" * 100_000,
    "👩🏽‍💻🎉" * 50,
    "مرحبا بالعالم، كيف حالك؟",
    "\u200b\u200e\ufeff",
    "[CLS] [SEP] [MASK] </s> <unk>",
    "日本語のテキスト" * 40,
    "e\u0301\u0301\u0301" * 100,
    "\n\t\r" * 10,
    "\U0010ffff\ue000",
]


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 500), st.integers(1, 60), st.data())
def test_windows_cover_every_token(tokens, size, data):
    """Windows leave nothing out, are full where there is more than one, and overlap by at least what was asked."""
    overlap = data.draw(st.integers(0, size - 1))
    bounds = window_bounds(tokens, size, overlap)
    assert [token for token in range(tokens) if not any(start <= token < stop for start, stop in bounds)] == []
    if tokens > size:
        assert {stop - start for start, stop in bounds} == {size}
        assert bounds[0][0] == 0
        assert bounds[-1][1] == tokens
        assert all(first[1] - second[0] >= overlap for first, second in pairwise(bounds))
    else:
        assert bounds == (((0, tokens),) if tokens else ())


@pytest.mark.parametrize(("size", "overlap"), [(4, 4), (4, 5), (4, -1)])
def test_an_overlap_as_large_as_the_window_is_refused(size, overlap):
    """An overlap that would never move on is a ValueError."""
    with pytest.raises(ValueError, match="overlap"):
        window_bounds(10, size, overlap)


@pytest.fixture(scope="module")
def encoder():
    """A small encoder that has seen nothing yet."""
    return tiny_encoder()


def test_a_vector_never_depends_on_its_neighbours(encoder):
    """Alone, among others, in another order or on another encoder, a text has bit for bit the same vectors."""
    texts = ["one short text", "word " * 100, "a third, of middling length", *EVIL]
    forgetful = tiny_encoder(cache_bytes=0)
    alone = [forgetful.embed(text, PASSAGE).vectors for text in texts]
    together = encoder.embed_all(texts, PASSAGE)
    backwards = tiny_encoder().embed_all(texts[::-1], PASSAGE)[::-1]
    for one, other, third in zip(alone, together, backwards, strict=True):
        np.testing.assert_array_equal(one, other.vectors)
        np.testing.assert_array_equal(one, third.vectors)


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("role", [QUERY, PASSAGE])
def test_no_text_breaks_it(encoder, text, role):
    """NUL, lone surrogates, 100 kB without a space, emoji, right-to-left, nothing at all: finite unit vectors."""
    embedding = encoder.embed(text, role)
    assert np.isfinite(embedding.vectors).all()
    np.testing.assert_allclose(np.linalg.norm(embedding.vectors, axis=1), 1, atol=1e-5)
    assert len(embedding.vectors) == len(embedding.spans)
    assert all(0 <= start < stop <= len(text) for start, stop in embedding.spans)


@pytest.mark.parametrize("text", ["", " \n", "\x00", "\u200b"])
def test_a_text_in_which_the_model_sees_nothing_has_no_windows(encoder, text):
    """Where normalisation leaves no token there is no vector to be wrong about."""
    assert encoder.embed(text, PASSAGE).spans == ()


def test_a_long_text_is_read_whole(encoder):
    """Every character lies in a window, the last one included, and a window's span is what its vector is of."""
    text = " ".join(f"word{number}" for number in range(80)) + "  "
    embedding = encoder.embed(text, PASSAGE)
    assert len(embedding.spans) > 3
    assert embedding.spans[0][0] == 0
    assert embedding.spans[-1][1] == len(text)
    assert all(second[0] <= first[1] for first, second in pairwise(embedding.spans))
    start, stop = embedding.spans[1]
    alone = encoder.embed(text[start:stop], PASSAGE)
    assert float(alone.vectors[0] @ embedding.vectors[1]) > 0.95


def test_a_text_of_exactly_one_window_is_one_window(encoder):
    """The limit itself still fits, one token more does not."""
    fits = " ".join(["cat"] * (WINDOW - 2))
    assert len(encoder.embed(fits, PASSAGE).spans) == 1
    assert len(encoder.embed(fits + " cat", PASSAGE).spans) == 2


@settings(max_examples=50, deadline=None)
@given(st.text(alphabet="aé e\u0301\u0308ﬁ½①한\u1100\u1161 \u00a0", max_size=30))
def test_places_in_a_prepared_text_lead_back(text):
    """Each character of a text that was normalised has a place of origin, in order, within the original."""
    places = origins(text, lambda part: unicodedata.normalize("NFKC", part))
    assert places[0] == 0
    assert places[-1] == len(text)
    assert places == sorted(places)


def test_roles_are_kept_apart():
    """A text as a query and as a passage are two entries, and two texts never share one."""
    assert text_key(QUERY, "a") != text_key(PASSAGE, "a")
    assert text_key(QUERY, "a\ud800") != text_key(QUERY, "a\udfff")


def entry(rows: int) -> Embedding:
    """An embedding of that many windows."""
    return Embedding(np.zeros((rows, 384), np.float32), ((0, 1),) * rows)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 6)), max_size=60))
def test_the_cache_never_grows_past_its_limit(puts):
    """Whatever is put, the bytes held stay under the limit and equal the sum of what is held."""
    cache = VectorCache(20_000)
    for key, rows in puts:
        cache.put(bytes([key]), entry(rows))
        assert cache.size <= 20_000
    held = [found for key in range(21) if (found := cache.get(bytes([key]))) is not None]
    assert cache.size == sum(found.size for found in held)
    assert len(cache) == len(held)


def test_the_cache_lets_go_of_what_was_not_asked_for():
    """The entry that was used longest ago goes first; one larger than the whole cache is not kept."""
    cache = VectorCache(2 * entry(1).size)
    cache.put(b"a", entry(1))
    cache.put(b"b", entry(1))
    assert cache.get(b"a") is not None
    cache.put(b"c", entry(1))
    assert cache.get(b"b") is None
    assert cache.get(b"a") is not None
    cache.put(b"d", entry(50))
    assert cache.get(b"d") is None
    assert len(cache) == 2


def test_a_known_text_is_not_computed_again(monkeypatch):
    """The second time, and the second copy in one list, take the vector from the cache."""
    encoder = tiny_encoder()
    computed = []
    inner = encoder._vector
    monkeypatch.setattr(encoder, "_vector", lambda tokens: computed.append(1) or inner(tokens))
    encoder.embed_all(["one", "two", "one"], PASSAGE)
    encoder.embed_all(["two", "one"], PASSAGE)
    assert len(computed) == 2


def test_many_threads_agree(encoder):
    """Ten threads that score the same texts at once all get what one thread gets."""
    texts = [f"text number {number} about apples" for number in range(20)]
    expected = [embedding.vectors for embedding in tiny_encoder().embed_all(texts, PASSAGE)]
    answers: list = [None] * 10

    def ask(place):
        answers[place] = encoder.embed_all(texts, PASSAGE)

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for answer in answers:
        for one, other in zip(answer, expected, strict=True):
            np.testing.assert_array_equal(one.vectors, other)


def no_workers_left() -> bool:
    """Whether every worker thread has ended."""
    return not any(thread.name.startswith("embed-") for thread in threading.enumerate())


def test_work_reaches_every_item_once_on_several_threads():
    """Each item is worked on once, and the last report says that all are done."""
    seen, reports = [], []
    workers.run(range(500), lambda item, _: seen.append(item), threads=4, tick=reports.append)
    assert sorted(seen) == list(range(500))
    assert reports[-1] == 500
    assert no_workers_left()


def test_nothing_to_do_is_reported_as_done():
    """An empty list ends at once with one report."""
    reports = []
    workers.run([], lambda item, _: None, tick=reports.append)
    assert reports == [0]


def test_reports_come_now_and_then(monkeypatch):
    """Reports are at least 0.2 s apart, whatever the number of items, and the last one is never left out."""
    now = [0.0]
    monkeypatch.setattr(workers, "monotonic", lambda: now[0])
    reports = []
    report = workers.paced(reports.append)
    for done in range(100):
        now[0] = done * 0.05
        report(done)
    assert len(reports) in range(20, 26)
    assert all(second - first >= 4 for first, second in pairwise(reports))


def test_what_a_report_raises_stops_the_work():
    """An exception in the caller's report ends the run at the next checkpoint, in every thread, and comes out."""
    asked_again = threading.Event()

    def work(item, checkpoint):
        while True:  # a text of endless windows: only the checkpoint ends it
            asked_again.wait(0.01)
            checkpoint()

    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        workers.run(range(10), work, threads=3, tick=stop)
    assert no_workers_left()


def test_what_a_worker_raises_comes_out():
    """A failure in one thread stops the others and is raised by the call, not lost in the thread."""

    def work(item, checkpoint):
        if item == 3:
            raise LookupError("item three")

    with pytest.raises(LookupError, match="item three"):
        workers.run(range(1000), work, threads=3)
    assert no_workers_left()
