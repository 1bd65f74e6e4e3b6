"""What a call may have cost although it failed, or besides what it is known to have cost."""

from __future__ import annotations

import asyncio
import json
import threading
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

import rerank_core as rc
from rerank_core.client.retry import Timing
from tests.support.both import KEY, FakeTime, Script, World, error, falling, ok
from tests.support.gate import PATIENCE
from tests.support.loopback import Loopback, answers, hung_up, ranks, silent

SMALL = replace(rc.provider("gateflow"), max_documents=100)
TIMED_OUT = httpx.ReadTimeout("slow")
QUICK = Timing(random=lambda: 0.0)


def caught(world: World, *replies, documents=("a",), **options) -> rc.RerankError:
    """The error of a call that is answered like that, on a clock that does not wait."""
    options.setdefault("_timing", FakeTime().timing)
    with pytest.raises(rc.RerankError) as info:
        world.client(options.pop("provider", "gateflow"), Script(*replies), **options).rerank("q", documents)
    return info.value


@pytest.mark.parametrize(
    ("replies", "billed"),
    [
        ([error(401)], False),
        ([error(402)], False),
        ([error(403)], False),
        ([error(404)], False),
        ([error(400, "query_too_long")], False),
        ([error(429)], False),
        ([error(302)], False),
        ([httpx.ConnectError("refused")], False),
        ([httpx.ConnectTimeout("slow")], False),
        ([httpx.WriteError("broken pipe")], False),
        ([error(500)], True),
        ([error(504)], True),
        ([httpx.Response(200, content=b"half of a rep")], True),
        ([httpx.Response(200, json={"results": []})], True),
        ([TIMED_OUT], True),
        ([httpx.ReadError("reset")], True),
        ([httpx.RemoteProtocolError("Server disconnected without sending a response.")], True),
        ([TIMED_OUT, error(429)], True),
        ([TIMED_OUT, error(401)], True),
        ([TIMED_OUT, httpx.ConnectError("refused")], True),
        ([error(429), httpx.ConnectError("refused")], False),
    ],
    ids=str,
)
def test_an_error_says_whether_the_call_may_have_been_billed(world: World, replies, billed):
    """A refusal costs nothing; a request that got through without one may have, and no later attempt undoes that."""
    assert caught(world, *replies).maybe_billed is billed


def test_what_never_left_was_never_billed(world: World):
    """Input that is refused here, a closed client and a total time-out before the turn came cost nothing."""
    with pytest.raises(rc.InvalidQueryError) as refused:
        world.client(handler=falling).rerank(" ", ["a"])
    handle = world.client(handler=falling)
    handle.close()
    with pytest.raises(rc.ConfigurationError) as closed:
        handle.rerank("q", ["a"])
    with pytest.raises(rc.ModelNotFoundError) as unknown:
        world.client("local").rerank("q", ["a"], model="nobody")
    assert not any(info.value.maybe_billed for info in (refused, closed, unknown))


def test_a_batch_that_was_answered_is_billed_though_another_is_refused(world: World):
    """The call fails as a whole, and what one of its parts cost is spent."""

    def handler(request: httpx.Request) -> httpx.Response:
        return falling(request) if len(json.loads(request.content)["documents"]) == 100 else error(429)

    found = caught(world, handler, documents=["a"] * 150, provider=SMALL, max_concurrency=1, max_retries=0)
    assert isinstance(found, rc.RateLimitedError)
    assert found.maybe_billed


def test_a_wrong_key_costs_nothing_in_any_batch(world: World):
    """What is refused for one batch is refused for those still under way as well."""
    assert not caught(world, error(401), documents=["a"] * 350, provider=SMALL, max_concurrency=2).maybe_billed


def test_an_attempt_that_is_made_again_stands_beside_the_cost_of_its_batch(world: World):
    """As much as the batch itself cost, and nothing for the batch that was answered at once."""
    slow = [True]

    def handler(request: httpx.Request) -> httpx.Response:
        size = len(json.loads(request.content)["documents"])
        if size == 50 and slow:
            slow.pop()
            raise httpx.ReadTimeout("slow")
        return ok([0.5] * size, total=size / 1000)

    client = world.client(SMALL, handler, _timing=FakeTime().timing)
    cost = client.rerank("q", ["a"] * 150).cost
    assert (cost.amount, cost.in_doubt) == (Decimal("0.15"), Decimal("0.05"))
    assert client.rerank("q", ["a"] * 150).cost.in_doubt == 0


def test_of_an_unknown_cost_nothing_is_in_doubt(world: World):
    """Where nobody knows what the answer cost, nobody knows what a second one would."""
    script = Script(TIMED_OUT, ok([0.5], total=None, units=None))
    cost = world.client(handler=script, _timing=FakeTime().timing).rerank("q", ["a"]).cost
    assert (cost.amount, cost.in_doubt) == (None, 0)


def test_a_refused_connection_costs_nothing_and_one_cut_off_may(world: World, loopback: Loopback):
    """Over real sockets: nobody listens, the server hangs up in place of an answer, or breaks a refusal off."""
    with pytest.raises(rc.ConnectionFailedError) as refused:
        world.client(base_url="http://127.0.0.1:9", max_retries=0).rerank("q", ["a"])
    assert not refused.value.maybe_billed
    loopback.script(hung_up, answers(429, retry_after="1000"))
    with pytest.raises(rc.RateLimitedError) as limited:
        world.client(base_url=loopback.url, max_retries=1).rerank("q", ["a"])
    assert limited.value.maybe_billed
    loopback.script(ranks())
    assert world.client(base_url=loopback.url).rerank("q", ["a"]).cost.in_doubt == 0


def test_a_connection_that_was_closed_while_idle_costs_nothing(world: World, loopback: Loopback):
    """A kept connection that ends at once had gone before the request came; one made for the request had not."""
    loopback.script(ranks(), hung_up, ranks(), hung_up)
    client = world.client(base_url=loopback.url, _timing=QUICK)
    client.rerank("q", ["a"])
    assert client.rerank("q", ["a"]).warnings == ()
    assert loopback.connections == 2
    with pytest.raises(rc.ConnectionFailedError) as info:
        client.rerank("q", ["a"])
    assert info.value.maybe_billed  # the retries had connections of their own


def test_a_call_that_is_closed_under_way_may_have_been_billed(loopback: Loopback):
    """The request is with the provider, whatever becomes of the client."""
    loopback.script(silent)
    errors: list[rc.RerankError] = []
    with rc.Client("gateflow", api_key=KEY, base_url=loopback.url) as client:

        def call() -> None:
            with pytest.raises(rc.ConfigurationError, match="closed") as info:
                client.rerank("q", ["a"])
            errors.append(info.value)

        thread = threading.Thread(target=call)
        thread.start()
        loopback.wait_for(1)
        client.close()
        thread.join(PATIENCE)

    async def in_a_task() -> None:
        async with rc.AsyncClient("gateflow", api_key=KEY, base_url=loopback.url) as asynchronous:
            task = asyncio.create_task(asynchronous.rerank("q", ["a"]))
            await asyncio.to_thread(loopback.wait_for, 1)
            while len(loopback.requests) < 2:
                await asyncio.sleep(0.01)
        with pytest.raises(rc.ConfigurationError, match="closed") as info:
            await task
        errors.append(info.value)

    asyncio.run(in_a_task())
    assert [one.maybe_billed for one in errors] == [True, True]
