"""What the client makes of figures, of other models and of equal scores, whichever the provider."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest

import rerank_core as rc
from tests.support.both import Script, World, ok, reply

ROWS = [{"index": place, "relevance_score": score} for place, score in ((2, 1.0), (0, 1.0), (3, 1.0), (1, 0.2))]


def test_a_sorted_reply_keeps_its_order_among_equal_scores(world: World) -> None:
    """The provider may sort by more than the rounded score that it shows."""
    response = world.client(handler=Script(ok([], results=ROWS))).rerank("q", ["a", "b", "c", "d"])
    assert [row.index for row in response.results] == [2, 0, 3, 1]


def test_equal_scores_of_batches_stand_in_the_order_of_the_batches(world: World) -> None:
    """Two replies know nothing of each other, so the earlier documents come first."""

    def equal(request: httpx.Request) -> httpx.Response:
        import json

        count = len(json.loads(request.content)["documents"])
        return ok([], results=[{"index": count - 1 - place, "relevance_score": 0.5} for place in range(count)])

    response = world.client(handler=Script(equal)).rerank("q", [f"d{place}" for place in range(1001)])
    assert [row.index for row in response.results] == [*range(999, -1, -1), 1000]


def test_a_figure_in_a_header_is_what_it_cost(world: World) -> None:
    """LiteLLM names the cost there, and nothing in the body contradicts it."""
    answer = httpx.Response(
        200, json=reply([0.9], total=None, units=None), headers={"x-litellm-response-cost": "0.002"}
    )
    assert world.client(handler=Script(answer)).rerank("q", ["a"]).cost == rc.Cost(Decimal("0.002"), basis="reported")


def test_a_count_that_cannot_be_is_no_money(world: World) -> None:
    """5,500 search units for two documents are shown as counted, warned of, and cost nothing that is known."""
    script = Script(ok([0.9, 0.1], units=5500, total=None))
    response = world.client(handler=script).rerank("q", ["word " * 100, "b"])
    assert response.cost == rc.Cost(None)
    assert response.usage.search_units == 5500
    assert any("5,500 search units" in warning for warning in response.warnings)


@pytest.mark.parametrize("status", [524, 529])
def test_the_statuses_of_gateways_in_front_are_retried(world: World, status: int) -> None:
    """524 and 529 mean later, not never."""
    script = Script(httpx.Response(status), ok([0.9]))
    assert world.client(handler=script).rerank("q", ["a"]).results[0].relevance_score == 0.9
    assert len(script.requests) == 2


def test_no_error_quotes_a_document(world: World) -> None:
    """A server that sends the whole input back, as a proxy in words or as FastAPI in fields."""
    text = "What nobody else should read, over some length."
    for body in (
        {"error": {"message": f"litellm: 422 {{'detail': [{{'input': {text!r}}}]}}"}},
        {"detail": [{"loc": ["body", "documents", 0], "msg": "Input should be shorter", "input": text}]},
    ):
        with pytest.raises(rc.InvalidRequestError) as info:
            world.client(handler=Script(httpx.Response(422, json=body))).rerank("q", ["", text])
        assert "nobody" not in str(info.value)
        assert "ocument 2" in str(info.value)


@pytest.mark.parametrize(
    "body", [[{"index": 0, "score": 0.5}], {"data": [{"index": 0, "relevance_score": 0.5}]}], ids=["tei", "voyage"]
)
def test_a_reply_of_another_kind_of_server_says_which_connection_fits(world: World, body: Any) -> None:
    """The hint names the shape."""
    with pytest.raises(rc.BadResponseError, match=r"This looks like a .* choose"):
        world.client(handler=Script(httpx.Response(200, json=body))).rerank("q", ["a"])
