"""What a call tells of itself: attempts in the answer, log lines, a hook; and how often it sends."""

from __future__ import annotations

import itertools
import logging

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.client.events import ClientEvent
from rerank_core.client.pace import Pace
from tests.support.both import KEY, FakeTime, Script, World, error, falling

SECRET = "a text that nobody logs"


def test_each_try_is_an_attempt(world: World):
    script, fake = Script(error(503), httpx.ConnectError("no"), falling), FakeTime()
    response = world.client(handler=script, _timing=fake.timing).rerank("q", ["a", "b"])
    assert [(one.outcome, one.status, one.documents) for one in response.attempts] == [
        ("failed", 503, 2),
        ("failed", None, 2),
        ("answered", 200, 2),
    ]
    assert [one.again_in for one in response.attempts] == [*fake.waits, None]


def test_an_error_has_its_attempts(world: World):
    with pytest.raises(rc.RerankError) as info:
        world.client(handler=Script(error(503)), _timing=FakeTime().timing, max_retries=1).rerank("q", ["a"])
    assert [one.again_in is None for one in info.value.attempts] == [False, True]


def test_batches_and_local_work_are_attempts_too(world: World):
    response = world.client(handler=Script(falling)).rerank("q", [str(place) for place in range(2500)])
    assert sorted(one.documents for one in response.attempts) == [500, 1000, 1000]
    (only,) = rc.Client("local").rerank("q", ["a"], "local-keyword").attempts
    assert (only.provider, only.outcome, only.status) == ("local", "answered", None)


def test_one_line_a_call_and_no_text(world: World, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, "rerank_core"):
        world.client(handler=Script(falling)).rerank(SECRET, [SECRET])
    (line,) = caplog.messages
    assert line.startswith("rerank call=")
    assert "provider=gateflow model=" in line
    assert "documents=1 attempts=1" in line
    assert "cost=0.001 USD (reported)" in line
    assert SECRET not in caplog.text
    assert KEY not in caplog.text


def test_attempts_are_logged_for_debugging(world: World, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.DEBUG, "rerank_core"), pytest.raises(rc.RerankError):
        world.client(handler=Script(error(503, SECRET)), _timing=FakeTime().timing, max_retries=1).rerank(
            SECRET, [SECRET]
        )
    first, second, end = caplog.messages
    assert "outcome=failed status=503" in first
    assert "again_in=" in first
    assert "again_in=" not in second
    assert "failed=" in end
    assert SECRET not in caplog.text


def test_the_hook_hears_every_step(world: World):
    heard: list[ClientEvent] = []
    client = world.client(handler=Script(error(503), falling), _timing=FakeTime().timing, on_event=heard.append)
    client.rerank(SECRET, [SECRET, "b"])
    assert [event.kind for event in heard] == ["started", "attempt", "attempt", "answered"]
    assert len({event.call for event in heard}) == 1
    last = heard[-1]
    assert (last.documents, last.provider, last.cost.amount > 0) == (2, "gateflow", True)
    assert SECRET not in repr(heard)
    with pytest.raises(rc.RerankError):
        world.client(handler=Script(error(401)), on_event=heard.append).rerank("q", ["a"])
    assert (heard[-1].kind, heard[-1].call == heard[0].call) == ("failed", False)


def test_a_hook_that_fails_ends_no_call(world: World, caplog: pytest.LogCaptureFixture):
    def broken(_event: ClientEvent) -> None:
        raise ValueError("bad counter")

    response = world.client(handler=Script(falling), on_event=broken).rerank("q", ["a"])
    assert response.results
    assert "bad counter" in caplog.text


def test_requests_are_spread_over_the_minute(world: World):
    fake = FakeTime()
    client = world.client(handler=Script(falling), _timing=fake.timing, requests_per_minute=30)
    for _ in range(4):
        client.rerank("q", ["a"])
    assert fake.waits == [2.0, 2.0, 2.0]


def test_a_turn_that_comes_too_late_is_a_time_out(world: World):
    fake = FakeTime()
    client = world.client(
        handler=Script(falling), _timing=fake.timing, requests_per_minute=1, total_timeout=30, max_retries=0
    )
    client.rerank("q", ["a"])
    with pytest.raises(rc.RequestTimeoutError) as info:
        client.rerank("q", ["a"])
    assert (info.value.code, fake.waits) == ("busy", [])
    with pytest.raises(rc.ConfigurationError):
        world.client(handler=Script(falling), requests_per_minute=0)


@given(st.integers(1, 600), st.lists(st.floats(0, 10), max_size=20))
def test_no_minute_has_more_than_it_may(per_minute: int, gaps: list[float]):
    """Whenever requests come, those that are let go are apart by the minute's part."""
    now = 0.0
    pace = Pace(per_minute, lambda: now)
    moments: list[float] = []
    for gap in gaps:
        now += gap
        wait = pace.wait(float("inf"))
        assert wait is not None
        moments.append(now + wait)
    apart = 60 / per_minute
    assert all(later - earlier >= apart - 1e-6 for earlier, later in itertools.pairwise(moments))
