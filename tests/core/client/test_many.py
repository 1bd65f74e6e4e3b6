"""rerank_many: outcomes as they finish, requests read as places become free, and a clean end however it comes."""

from __future__ import annotations

import asyncio
import itertools
import json
import threading

import httpx
import pytest

import rerank_core as rc
from tests.support.both import KEY, FakeTime, Script, World, error, falling, ok
from tests.support.gate import PATIENCE


def request(name: str, count: int = 1) -> rc.RerankRequest:
    return rc.RerankRequest(name, [f"{name} {place}" for place in range(count)])


def test_every_request_gets_one_outcome_that_names_it(world: World):
    """A response or an error for each request, each with the request that it belongs to."""

    def handler(sent: httpx.Request) -> httpx.Response:
        return error(400, "query_too_long") if b"bad" in sent.content else falling(sent)

    requests = [request("good"), request("bad"), request("fine", 3)]
    outcomes = {outcome.request.query: outcome for outcome in world.client(handler=handler).many(requests)}
    assert set(outcomes) == {"good", "bad", "fine"}
    assert isinstance(outcomes["bad"], rc.QueryTooLongError)
    assert outcomes["bad"].request is requests[1]
    assert outcomes["fine"].request is requests[2]
    assert len(outcomes["fine"].results) == 3


def test_model_and_top_n_of_each_request_are_kept(world: World):
    """What a request says is what is sent for it."""
    script = Script(falling)
    requests = [rc.RerankRequest("q", ["a", "b"], "m1", 1), rc.RerankRequest("q", ["a", "b"], "m2", 2)]
    outcomes = world.client(handler=script, max_concurrency=1).many(requests)
    assert [(body["model"], body["top_n"]) for body in script.bodies] == [("m1", 1), ("m2", 2)]
    assert [(outcome.model, len(outcome.results)) for outcome in outcomes] == [("m1", 1), ("m2", 2)]


def test_no_requests_are_no_outcomes(world: World):
    """An empty list is over at once."""
    assert world.client(handler=Script(falling)).many([]) == []


def test_an_endless_iterable_is_read_as_places_become_free(world: World):
    """Three outcomes of an endless stream with four places need no more than seven requests."""
    pulled = itertools.count()

    def endless():
        while True:
            next(pulled)
            yield request("q")

    outcomes = world.client(handler=Script(falling), max_concurrency=4).many(endless(), stop_after=3)
    assert len(outcomes) == 3
    assert next(pulled) <= 7


def test_outcomes_come_as_they_finish():
    """A quick request overtakes a slow one that was sent before it."""
    slow_may_end = threading.Event()

    def handler(sent: httpx.Request) -> httpx.Response:
        if b"slow" in sent.content:
            assert slow_may_end.wait(PATIENCE)
        return falling(sent)

    with rc.Client("gateflow", api_key=KEY, transport=httpx.MockTransport(handler), max_concurrency=2) as client:
        outcomes = client.rerank_many([request("slow"), request("quick")])
        assert next(outcomes).request.query == "quick"
        slow_may_end.set()
        assert next(outcomes).request.query == "slow"
        assert next(outcomes, None) is None


def test_outcomes_come_as_they_finish_asynchronously():
    """The same with tasks."""

    async def run() -> list[str]:
        slow_may_end = asyncio.Event()

        async def handler(sent: httpx.Request) -> httpx.Response:
            if b"slow" in sent.content:
                await slow_may_end.wait()
            return falling(sent)

        names = []
        async with rc.AsyncClient("gateflow", api_key=KEY, transport=httpx.MockTransport(handler)) as client:
            async for outcome in client.rerank_many([request("slow"), request("quick")]):
                names.append(outcome.request.query)
                slow_may_end.set()
        return names

    assert asyncio.run(run()) == ["quick", "slow"]


def test_an_asynchronous_iterable_of_requests():
    """Requests may trickle in while earlier ones are answered: a slow source holds up no outcome."""

    async def run() -> list[str]:
        more = asyncio.Event()

        async def source():
            yield request("first")
            await more.wait()
            yield request("second")

        names = []
        async with rc.AsyncClient("gateflow", api_key=KEY, transport=httpx.MockTransport(falling)) as client:
            async for outcome in client.rerank_many(source()):
                names.append(outcome.request.query)
                more.set()
        return names

    assert asyncio.run(run()) == ["first", "second"]


@pytest.mark.parametrize("wrong", [None, 7, "text", b"bytes", {"query": "q"}, rc.RerankRequest("q", ["a"])], ids=repr)
def test_what_is_no_list_of_requests_is_refused_at_once(world: World, wrong):
    """The call itself raises InvalidRequestError, before the first outcome is asked for."""
    client = world.client(handler=Script(falling)).client
    with pytest.raises(rc.InvalidRequestError):
        client.rerank_many(wrong)


def test_an_item_that_is_no_request_is_an_outcome(world: World):
    """It takes the place of its answer, says which one it was, and the others go on."""
    outcomes = world.client(handler=Script(falling), max_concurrency=1).many([request("a"), ("q", ["a"]), request("b")])
    assert [type(outcome) for outcome in outcomes] == [rc.RerankResponse, rc.InvalidRequestError, rc.RerankResponse]
    assert "Request 2" in outcomes[1].message


class Broken(Exception):
    """What somebody's own iterable raises."""


def test_an_iterable_that_fails_loses_nothing_already_sent(world: World):
    """What is under way is finished and yielded; then the iterable's own exception is raised."""

    def source():
        yield request("a")
        yield request("b")
        raise Broken

    found = []

    with pytest.raises(Broken):
        world.client(handler=Script(falling)).many(source(), found=found)
    assert sorted(outcome.request.query for outcome in found) == ["a", "b"]


def test_closing_during_the_loop_ends_it_with_an_error(world: World):
    """No silent end: the next request of a closed client is a ConfigurationError."""

    def source():
        yield request("a")
        handle.client._cancel_token.cancel()
        yield request("b")

    handle = world.client(handler=Script(falling), max_concurrency=1)
    with pytest.raises(rc.ConfigurationError):
        handle.many(source())


def test_a_bug_in_the_transport_is_raised_and_not_swallowed(world: World):
    """Only RerankErrors are outcomes; anything else reaches the loop."""
    with pytest.raises(ZeroDivisionError):
        world.client(handler=Script(lambda _: 1 / 0)).many([request("a")])


def test_retries_happen_inside(world: World):
    """A request that fails once is one outcome, a success."""
    script, fake = Script(error(503), falling), FakeTime()
    outcomes = world.client(handler=script, _timing=fake.timing).many([request("a")])
    assert [type(outcome) for outcome in outcomes] == [rc.RerankResponse]
    assert len(script.requests) == 2


@pytest.mark.slow
def test_leaving_early_with_a_transport_that_cannot_be_interrupted():
    """The loop is left within its grace even where a foreign transport goes on."""
    release = threading.Event()

    def handler(sent: httpx.Request) -> httpx.Response:
        if b"stuck" in sent.content:
            release.wait(PATIENCE)
        return falling(sent)

    with rc.Client("gateflow", api_key=KEY, transport=httpx.MockTransport(handler), max_concurrency=2) as client:
        for outcome in client.rerank_many([request("stuck"), request("quick")]):
            assert outcome.request.query == "quick"
            break
        release.set()


def test_several_loops_share_the_places(world: World):
    """Answers do not get mixed up between requests of several batches."""

    def handler(sent: httpx.Request) -> httpx.Response:
        texts = json.loads(sent.content)["documents"]
        return ok([float(text.split()[1]) for text in texts])

    requests = [request(f"q{number}", 1200) for number in range(3)]
    for outcome in world.client(handler=handler, max_concurrency=2).many(requests):
        name = outcome.request.query
        assert [row.document.text for row in outcome.results[:2]] == [f"{name} 1199", f"{name} 1198"]
