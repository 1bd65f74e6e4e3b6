"""Requests larger than a provider takes: split, run side by side, merged, and failed as one."""

from __future__ import annotations

import json
import threading
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rerank_core as rc
from tests.support.both import KEY, FakeTime, Script, World, error, falling, ok, reply


def spec(**changes: Any) -> rc.ProviderSpec:
    """GateFlow with other limits."""
    from dataclasses import replace

    return replace(rc.provider("gateflow"), **changes)


def sizes(script: Script) -> list[int]:
    return sorted(len(body["documents"]) for body in script.bodies)


@pytest.mark.parametrize(
    ("count", "expected"), [(1000, [1000]), (1001, [1, 1000]), (2500, [500, 1000, 1000]), (3000, [1000, 1000, 1000])]
)
def test_batches_are_as_large_as_the_provider_takes(world: World, count, expected):
    """GateFlow takes 1,000 documents, so 2,500 go out as 1,000, 1,000 and 500."""
    script = Script(falling)
    response = world.client(handler=script).rerank("q", [f"d{place}" for place in range(count)])
    assert sizes(script) == expected
    assert len(response.results) == count
    assert isinstance(response.raw, tuple) == (len(expected) > 1)


@pytest.mark.parametrize(
    ("limit", "batch"), [(1000, 1000), (1024, 1000), (250, 200), (100, 100), (32, 32), (None, None)]
)
def test_the_batch_is_the_largest_multiple_of_100(limit, batch):
    """100 documents are one unit; a provider that takes fewer than 100 is sent all it takes."""
    assert spec(max_documents=limit).batch_size == batch


def test_the_merge_is_by_score_with_the_indexes_shifted_back(world: World):
    """Rows of all batches stand in one order, each at the place it had in the caller's list."""

    def handler(request: httpx.Request) -> httpx.Response:
        texts = json.loads(request.content)["documents"]
        return ok([float(text) for text in texts])

    scores = [(place * 37 % 500) / 500 for place in range(450)]
    documents: list[Any] = [{"text": str(score), "id": place} for place, score in enumerate(scores)]
    documents.insert(100, " ")
    response = world.client(spec(max_documents=100), handler).rerank("q", documents)
    scored = [row for row in response.results if row.relevance_score is not None]
    assert [row.relevance_score for row in scored] == sorted(scores, reverse=True)
    assert all(float(row.document.text) == row.relevance_score for row in scored)
    assert all(documents[row.index]["id"] == int(row.document.id or -1) for row in scored)
    assert (response.results[-1].index, response.results[-1].relevance_score) == (100, None)


def test_top_n_over_batches_is_the_best_of_all(world: World):
    """Each batch is asked for its best few, and the best of those are kept."""
    script = Script(falling)
    response = world.client(spec(max_documents=100), script).rerank(
        "q", [f"d{place}" for place in range(250)], top_n=60
    )
    assert sorted(body["top_n"] for body in script.bodies) == [50, 60, 60]
    assert len(response.results) == 60
    assert response.results[0].index in (99, 199)


def test_what_is_added_up_over_batches(world: World):
    """Units and cost are sums, the request's id is the first batch's, sent and raw are tuples in batch order."""

    def handler(request: httpx.Request) -> httpx.Response:
        texts = json.loads(request.content)["documents"]
        number = int(texts[0][1:]) // 100
        body = reply([0.5] * len(texts), units=number + 0.5, total=0.1)
        body["gateflow"]["request_id"] = f"req_{number}"
        body["gateflow"]["latency_ms"] = 100 + number
        return httpx.Response(200, json=body)

    response = world.client(spec(max_documents=100), handler).rerank("q", [f"d{place}" for place in range(300)])
    assert response.usage.search_units == 4.5
    assert response.cost == rc.Cost(Decimal("0.3"), basis="reported")
    assert response.request_id == "req_0"
    assert response.provider_latency_ms == 102
    assert [body["gateflow"]["request_id"] for body in response.raw] == ["req_0", "req_1", "req_2"]
    assert [body["documents"][0] for body in response.sent] == ["d0", "d100", "d200"]
    assert [row.index for row in response.results] == list(range(300))


@pytest.mark.parametrize(
    ("first", "second", "units", "cost"),
    [
        ({"units": 1}, {"units": None}, None, rc.Cost(Decimal("0.002"), basis="reported")),
        ({"total": 0.5}, {"total": None, "units": 2}, 3.0, rc.Cost(Decimal("0.502"), basis="computed")),
        ({"total": 0.5}, {"total": None, "units": None}, None, rc.Cost(None, basis="unknown")),
        ({"total": None}, {"total": None}, 2.0, rc.Cost(Decimal("0.002"), basis="computed")),
    ],
)
def test_a_sum_is_no_surer_than_its_parts(world: World, first, second, units, cost):
    """Units are None if any part lacks them; the cost is computed or unknown as its least certain part is."""

    def handler(request: httpx.Request) -> httpx.Response:
        texts = json.loads(request.content)["documents"]
        return ok([0.5] * len(texts), **(first if texts[0] == "d0" else second))

    response = world.client(spec(max_documents=100), handler).rerank("q", [f"d{place}" for place in range(200)])
    assert (response.usage.search_units, response.cost) == (units, cost)


def test_if_one_part_fails_the_call_fails(world: World):
    """There is no half an answer: the error of the batch that failed is raised, with the whole request in it."""

    def handler(request: httpx.Request) -> httpx.Response:
        return error(400, "query_too_long") if b'"d150"' in request.content else falling(request)

    client = world.client(spec(max_documents=100), handler)
    with pytest.raises(rc.QueryTooLongError) as info:
        client.rerank("q", [f"d{place}" for place in range(300)])
    assert info.value.request is not None
    assert len(info.value.request.documents) == 300
    assert len(client.rerank("q", ["again"]).results) == 1


def test_batches_that_have_not_started_when_one_fails_are_not_sent(world: World):
    """With one place, the failure of the first batch leaves the others unsent."""
    script = Script(error(400))
    with pytest.raises(rc.InvalidRequestError):
        world.client(spec(max_documents=100), script, max_concurrency=1).rerank("q", ["d"] * 900)
    assert len(script.requests) <= 2


def test_progress_is_told_after_every_batch(world: World):
    """done counts documents answered, total those sent, and the cost what has been answered so far."""
    seen: list[rc.Progress] = []
    threads: set[int] = set()

    def note(progress: rc.Progress) -> None:
        seen.append(progress)
        threads.add(threading.get_ident())

    client = world.client(spec(max_documents=100), falling)
    client.rerank("q", [*(f"d{place}" for place in range(250)), ""], on_progress=note)
    assert sorted(p.done for p in seen)[-1] == 250
    assert [p.done for p in seen] == sorted(p.done for p in seen)
    assert {p.total for p in seen} == {250}
    assert [p.cost.amount for p in seen if p.cost] == [Decimal("0.001"), Decimal("0.002"), Decimal("0.003")]
    assert threads == {threading.get_ident()}
    seen.clear()
    client.rerank("q", ["a", "b"], on_progress=note)
    assert seen == [rc.Progress(2, 2, rc.Cost(Decimal("0.001"), basis="reported"))]


class Enough(Exception):
    """What a caller's own function may raise."""


def test_an_exception_in_on_progress_stops_the_call(world: World):
    """It reaches the caller as it is, and no further batch is sent."""
    script = Script(falling)
    client = world.client(spec(max_documents=100), script, max_concurrency=1)

    def stop(progress: rc.Progress) -> None:
        raise Enough

    with pytest.raises(Enough):
        client.rerank("q", ["d"] * 900, on_progress=stop)
    assert len(script.requests) <= 2
    assert len(client.rerank("q", ["a"]).results) == 1
    with pytest.raises(Enough):
        client.rerank("q", ["a"], on_progress=stop)


def test_the_total_time_out_spans_the_batches(world: World):
    """Batches that wait for one place share one deadline."""
    fake = FakeTime()
    lock = threading.Lock()

    def slow(request: httpx.Request) -> httpx.Response:
        with lock:
            fake.pass_by(10)
        return falling(request)

    client = world.client(
        spec(max_documents=100),
        slow,
        max_concurrency=1,
        timeout=20,
        total_timeout=35,
        max_retries=0,
        _timing=fake.timing,
    )
    with pytest.raises(rc.RequestTimeoutError):
        client.rerank("q", ["d"] * 900)


@given(
    count=st.integers(1, 700),
    batch=st.sampled_from([100, 200, 300]),
    blanks=st.sets(st.integers(0, 699), max_size=30),
    top_n=st.none() | st.integers(1, 800),
    seed=st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None)
def test_any_split_gives_the_order_of_the_whole(count, batch, blanks, top_n, seed):
    """However a list is cut, the merged order is the one that sorting all scores at once gives."""
    scores = [seed.randrange(50) / 50 for _ in range(count)]
    texts = ["" if place in blanks and count > 1 else f"{place}" for place in range(count)]
    if not any(texts):
        texts[0] = "0"

    def handler(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        return ok([scores[int(text)] for text in body["documents"]], top_n=body.get("top_n"))

    with rc.Client(spec(max_documents=batch), api_key=KEY, transport=httpx.MockTransport(handler)) as client:
        response = client.rerank("q", texts, top_n=top_n)
    sent = [place for place in range(count) if texts[place]]
    expected = sorted(sent, key=lambda place: (-scores[place], place)) + [p for p in range(count) if not texts[p]]
    assert [row.index for row in response.results] == expected[:top_n]
