"""How often, after how long and until when a request is tried again; on a clock that only moves when told."""

from __future__ import annotations

import time
from decimal import Decimal
from email.utils import formatdate

import httpx
import pytest

import rerank_core as rc
from rerank_core.client.retry import Timing
from tests.support.both import FakeTime, Handle, Script, World, error, falling


def client(world: World, script: Script, fake: FakeTime, **options) -> Handle:
    return world.client(handler=script, _timing=fake.timing, **options)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_passing_failures_are_retried_and_then_it_works(world: World, status):
    """Two failures and a success are three attempts, one response, and no warning."""
    script, fake = Script(error(status), error(status), falling), FakeTime()
    response = client(world, script, fake).rerank("q", ["a", "b"])
    assert len(script.requests) == 3
    assert script.bodies[0] == script.bodies[1] == script.bodies[2]
    assert [row.index for row in response.results] == [1, 0]
    assert response.warnings == ()
    assert response.latency_ms == pytest.approx(sum(fake.waits) * 1000)


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 409, 413, 422, 501, 505])
def test_what_the_caller_must_fix_is_not_retried(world: World, status):
    """One attempt, whatever Retry-After says."""
    script = Script(error(status, retry_after="1"))
    with pytest.raises(rc.RerankError):
        client(world, script, FakeTime()).rerank("q", ["a"])
    assert len(script.requests) == 1


@pytest.mark.parametrize("max_retries", [0, 1, 4])
def test_attempts_are_one_plus_max_retries(world: World, max_retries):
    """After the last one the last error is raised."""
    script, fake = Script(error(500, "first"), error(503, "second")), FakeTime()
    with pytest.raises(rc.ProviderError) as info:
        client(world, script, fake, max_retries=max_retries).rerank("q", ["a"])
    assert len(script.requests) == 1 + max_retries
    assert len(fake.waits) == max_retries
    assert info.value.code == ("second" if max_retries else "first")


def test_backoff_is_exponential_with_full_jitter(world: World):
    """Without a named wait it is chance times 0.5, 1, 2, 4, 8, 8 s."""
    script, fake = Script(error(503)), FakeTime(chance=0.5)
    with pytest.raises(rc.ProviderError):
        client(world, script, fake, max_retries=6).rerank("q", ["a"])
    assert fake.waits == [0.25, 0.5, 1.0, 2.0, 4.0, 4.0]


@pytest.mark.parametrize("status", [429, 503])
def test_a_named_wait_is_kept(world: World, status):
    """Retry-After is waited in full, plus jitter of up to a second, also beyond 8 s."""
    script, fake = Script(error(status, retry_after="20"), falling), FakeTime(chance=0.25)
    client(world, script, fake).rerank("q", ["a"])
    assert fake.waits == [20.25]


def test_every_form_of_a_named_wait(world: World):
    """Int, float, date, seconds left and a point in time are all obeyed; an unreadable one is plain backoff."""
    fake = FakeTime(chance=0.0)
    now = fake.now()
    for headers, wait in (
        ({"retry-after": "3"}, 3),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": formatdate(now + 4, usegmt=True)}, 4),
        ({"x-ratelimit-reset": "6"}, 6),
        ({"x-ratelimit-reset-requests": "7"}, 7),
        ({"retry-after": "a while", "x-ratelimit-reset": "5"}, 5),
        ({"retry-after": "a while"}, 0),
    ):
        script = Script(httpx.Response(429, headers=headers), falling)
        fake.seconds, fake.waits = 100.0, []
        client(world, script, fake).rerank("q", ["a"])
        assert fake.waits == [pytest.approx(wait)], headers
    script, fake = (
        Script(httpx.Response(429, headers={"x-ratelimit-reset": str(now + 8)}), falling),
        FakeTime(chance=0.0),
    )
    client(world, script, fake).rerank("q", ["a"])
    assert fake.waits == [pytest.approx(8)]


def test_a_wait_that_does_not_fit_raises_the_last_error_at_once(world: World):
    """A Retry-After beyond the total time-out is not waited for."""
    script, fake = Script(error(429, "rate_limit_exceeded", retry_after="31")), FakeTime()
    with pytest.raises(rc.RateLimitedError) as info:
        client(world, script, fake, total_timeout=30).rerank("q", ["a"])
    assert info.value.retry_after == 31
    assert fake.waits == []
    assert len(script.requests) == 1


def test_the_total_time_out_spans_attempts_and_waits(world: World):
    """Three attempts of 10 s and their waits do not fit 25 s: the third is not made."""
    fake = FakeTime()

    def slow(request: httpx.Request) -> httpx.Response:
        fake.pass_by(10)
        return error(503)

    script = Script(slow)
    with pytest.raises(rc.ProviderError):
        client(world, script, fake, timeout=20, total_timeout=20.4, max_retries=9).rerank("q", ["a"])
    assert len(script.requests) == 2


def test_the_total_time_out_is_three_times_the_time_out_by_default(world: World):
    """With timeout=10 a wait of 29 s fits and one of 31 s does not."""
    fake = FakeTime(chance=0.0)
    script = Script(error(429, retry_after="29"), falling)
    client(world, script, fake, timeout=10).rerank("q", ["a"])
    assert fake.waits == [29]
    with pytest.raises(rc.RateLimitedError):
        client(world, Script(error(429, retry_after="31"), falling), FakeTime(), timeout=10).rerank("q", ["a"])


def test_one_attempt_gets_no_more_than_what_remains(world: World):
    """The time-out handed to the transport is the smaller of timeout and what is left of the total."""
    fake, seen = FakeTime(chance=0.0), []

    def note(request: httpx.Request) -> httpx.Response:
        seen.append({name: float(value) for name, value in request.extensions["timeout"].items()})
        return error(429, retry_after="8") if len(seen) == 1 else falling(request)

    client(world, Script(note), fake, timeout=5, total_timeout=10).rerank("q", ["a"])
    assert [set(limits.values()) for limits in seen] == [{5.0}, {2.0}]
    assert set(seen[0]) == {"connect", "read", "write", "pool"}


def test_a_reply_that_drips_does_not_extend_an_attempt(world: World):
    """The clock is looked at between two pieces of a reply, and the attempt ends when its time is over."""
    fake, pieces = FakeTime(), []

    class Dripping(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            for place in range(1000):
                pieces.append(place)
                fake.pass_by(1)
                yield b" "

        async def __aiter__(self):
            for piece in self:
                yield piece

    with pytest.raises(rc.RequestTimeoutError):
        world.client(
            handler=lambda _: httpx.Response(200, stream=Dripping()), timeout=10, max_retries=0, _timing=fake.timing
        ).rerank("q", ["a"])
    assert len(pieces) <= 11


@pytest.mark.parametrize(
    ("failure", "billed"),
    [
        (httpx.ReadTimeout("slow"), True),
        (TimeoutError("slow"), True),
        (httpx.ConnectTimeout("slow"), False),
        (httpx.WriteTimeout("slow"), False),
        (httpx.PoolTimeout("slow"), False),
        (httpx.ConnectError("refused"), False),
        (httpx.WriteError("broken pipe"), False),
        (httpx.ReadError("reset"), True),
        (httpx.RemoteProtocolError("disconnected"), True),
    ],
    ids=repr,
)
def test_a_retried_read_time_out_warns_of_a_second_bill(world: World, failure, billed):
    """Only where the provider may have done the work, and only once, however often it happened; what it may have
    cost is beside the cost."""
    script = Script(failure, failure, falling)
    response = client(world, script, FakeTime()).rerank("q", ["a"])
    assert len(script.requests) == 3
    assert (str(response.cost.amount), response.cost.in_doubt) == ("0.001", Decimal("0.002") if billed else 0)
    assert [("billed" in warning and "twice" in warning) for warning in response.warnings] == ([True] if billed else [])


def test_a_reply_that_breaks_off_is_retried_with_the_same_warning(world: World):
    """Once a reply of success had begun, the work was done: it may be billed again."""

    class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
        def __iter__(self):
            yield b'{"resul'
            raise httpx.ReadError("reset")

        async def __aiter__(self):
            for piece in self:
                yield piece

    script = Script(lambda _: httpx.Response(200, stream=Broken()), falling)
    response = client(world, script, FakeTime()).rerank("q", ["a"])
    assert any("twice" in warning for warning in response.warnings)
    script = Script(lambda _: httpx.Response(503, stream=Broken()), falling)
    assert client(world, script, FakeTime()).rerank("q", ["a"]).warnings == ()


def test_a_real_wait_is_as_long_as_it_says(world: World):
    """Without a test's clock, 0.2 s of Retry-After are at least 0.2 s."""
    script = Script(error(503, retry_after="0.2"), falling)
    started = time.monotonic()
    world.client(handler=script, _timing=Timing(random=lambda: 0.0)).rerank("q", ["a"])
    assert time.monotonic() - started >= 0.2


def test_a_time_out_says_how_long_it_was(world: World):
    """The sentence names the provider and the seconds, the hint what to change."""
    with pytest.raises(rc.RequestTimeoutError) as info:
        client(world, Script(httpx.ReadTimeout("")), FakeTime(), timeout=12, max_retries=0).rerank("q", ["a"])
    assert "GateFlow" in info.value.message
    assert "12 seconds" in info.value.message
    assert "time-out" in info.value.hint


def test_batches_retry_on_their_own(world: World):
    """A batch that fails once is sent again, the others are not; the response carries one warning for both."""
    failed: set[int] = set()

    def handler(request: httpx.Request) -> httpx.Response:
        size = request.content.count(b'"d')
        if size not in failed:
            failed.add(size)
            raise httpx.ReadTimeout("slow")
        return falling(request)

    script = Script(handler)
    response = client(world, script, FakeTime()).rerank("q", [f"d{place}" for place in range(1500)])
    assert len(script.requests) == 4
    assert len(response.results) == 1500
    assert len(response.warnings) == 1


def test_waits_do_not_hold_a_place(world: World):
    """While one request waits for its retry, another may be sent, even with max_concurrency=1."""
    fake, free, handles = FakeTime(), [], []
    fake.sleep = lambda seconds: free.append(handles[0].client._places._value)
    handles.append(client(world, Script(error(503), falling), fake, max_concurrency=1))
    handles[0].rerank("q", ["a"])
    assert free == [1]
