"""Several providers in a list: who answers, what is said of the others, and what ends the chain."""

from __future__ import annotations

import logging

import httpx
import pytest

import rerank_core as rc
from tests.support.both import KEY, FakeTime, Script, World, error, falling

CHAIN = ["gateflow", "local"]
TEXTS = ["The refund takes five days", "How to reset your password"]
QUERY = "reset my password"


def client(world: World, script: Script, providers: object = CHAIN, **options):
    """A client of several providers whose requests are answered by a script."""
    return world.client(providers, handler=script, _timing=FakeTime().timing, max_retries=0, **options)


def test_the_first_answers_where_it_can(world: World):
    response = client(world, Script(falling)).rerank(QUERY, TEXTS)
    assert (response.provider, response.warnings) == ("gateflow", ())
    assert [attempt.outcome for attempt in response.attempts] == ["answered"]


@pytest.mark.parametrize("status", [401, 402, 403, 404, 429, 500, 503])
def test_the_next_is_asked_where_one_cannot(world: World, status: int):
    response = client(world, Script(error(status))).rerank(QUERY, TEXTS, "rerank-english-v3.0")
    assert (response.provider, response.model) == ("local", "local-english")
    assert response.results[0].index == 1
    assert response.warnings[0].startswith("GateFlow could not answer (")
    assert "so On this computer did" in response.warnings[0]
    assert [(one.provider, one.outcome, one.status) for one in response.attempts] == [
        ("gateflow", "failed", status),
        ("local", "answered", None),
    ]
    assert response.request.model == "rerank-english-v3.0"


def test_what_may_have_been_billed_is_said(world: World):
    response = client(world, Script(httpx.ReadTimeout("slow"))).rerank(QUERY, TEXTS)
    assert "It may have been billed all the same." in response.warnings[0]


def test_a_request_that_makes_no_sense_is_nobodys(world: World):
    script = Script(falling)
    with pytest.raises(rc.InvalidQueryError):
        client(world, script).rerank(" ", TEXTS)
    assert not script.requests


def test_a_model_that_the_next_has_too_stays(world: World):
    response = client(world, Script(error(500)), ["gateflow", "local"]).rerank(QUERY, TEXTS, "local-keyword")
    assert response.model == "local-keyword"


@pytest.mark.parametrize(("asked", "said"), [("multilingual", True), ("english", False), (None, False)])
def test_an_alias_that_means_nothing_there_is_said(world: World, asked: str | None, said: bool):
    """Isaacus has no model for many languages, so its usual one answers."""
    rows = httpx.Response(200, json={"results": [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.2}]})
    chain = client(world, Script(error(500), rows), ["gateflow", "isaacus"], api_key={"gateflow": KEY, "isaacus": KEY})
    response = chain.rerank(QUERY, TEXTS, asked)
    assert response.provider == "isaacus"
    assert any("Isaacus has no model for multilingual" in warning for warning in response.warnings) is said


def test_the_last_error_names_the_others(world: World):
    script = Script(error(503, "gone fishing"))
    with pytest.raises(rc.RerankError) as info:
        client(world, script, ["gateflow", "flashrank"], api_key={"gateflow": KEY, "flashrank": KEY}).rerank(
            QUERY, TEXTS
        )
    assert "GateFlow before it:" in info.value.hint
    assert [one.provider for one in info.value.attempts] == ["gateflow", "flashrank"]
    assert KEY not in str(info.value)
    assert info.value.request.query == QUERY


def test_one_without_a_key_is_left_out(world: World):
    """It is said with each answer; where none is left it is the error."""
    script = Script(falling)
    response = client(world, script, ["flashrank", "gateflow"], api_key={"gateflow": KEY}).rerank(QUERY, TEXTS)
    assert response.provider == "gateflow"
    assert "FlashRank HTTP needs a key" in response.warnings[0]
    with pytest.raises(rc.ConfigurationError, match="needs a key"):
        client(world, script, ["flashrank", "gateflow"], api_key={})
    with pytest.raises(rc.ConfigurationError, match="no provider called"):
        client(world, script, ["local", "nope"])
    with pytest.raises(rc.ConfigurationError, match="no provider to ask"):
        client(world, script, [])


def test_many_requests_each_find_who_answers(world: World):
    requests = [rc.RerankRequest(QUERY, TEXTS) for _ in range(3)]
    found = client(world, Script(falling, error(500), falling), max_concurrency=1).many(requests)
    assert sorted(one.provider for one in found) == ["gateflow", "gateflow", "local"]
    assert {id(one.request) for one in found} == set(map(id, requests))


def test_the_log_says_who_is_asked_next(world: World, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.WARNING, "rerank_core"):
        client(world, Script(error(500))).rerank(QUERY, TEXTS)
    assert "gateflow could not answer" in caplog.text
    assert QUERY not in caplog.text
