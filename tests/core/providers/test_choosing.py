"""The names of models: three aliases that mean one with every provider, the list of what can be chosen, and what comes
of a name that nobody knows."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.client.fallback import request_for
from rerank_core.client.flow import choose_model
from rerank_core.command import serve
from rerank_core.command.group import rerank
from rerank_core.exports import snippets
from rerank_core.providers.choosing import aliases_of, chosen_model, counterpart, names_text
from rerank_core.providers.spec import ALIASES
from rerank_core.ranking.contender import Contender, read_keys
from rerank_core.serving.app import Served
from rerank_core.storage.spending.store import SpendingStore
from tests.core.providers.test_contract import SERVICES, answering, client, item
from tests.support.both import World

ALL = [spec.id for spec in rc.providers()]
WITH_MODELS = [spec.id for spec in rc.providers() if spec.has_models]
EVERY = pytest.mark.parametrize("id", ALL)
EVERY_WITH_MODELS = pytest.mark.parametrize("id", WITH_MODELS)
ENGLISH_ALONE = {"isaacus"}
"""Providers without a model for many languages."""


@EVERY_WITH_MODELS
def test_each_alias_means_a_model_that_does_it(id: str) -> None:
    """English and legacy always, multilingual wherever there is a model for many languages; never another kind."""
    spec = rc.provider(id)
    for alias in ALIASES:
        model = spec.model(alias)
        if alias == "multilingual" and id in ENGLISH_ALONE:
            assert model is None
            continue
        assert model is not None
        assert model in spec.models
        assert spec.resolved(alias) == model.id
        assert alias in aliases_of(spec, model)
        assert not (alias == "multilingual" and model.languages == "english")
    assert set(spec.aliases) <= set(ALIASES)
    assert set(spec.aliases.values()) <= {model.id for model in spec.models}


@EVERY_WITH_MODELS
def test_english_is_the_english_model_unless_the_spec_says_better(id: str) -> None:
    spec, english = rc.provider(id), rc.provider(id).model("english")
    assert english is not None
    made_for_it = [model for model in spec.models if model.languages == "english"]
    assert english.languages == "english" or not made_for_it or "english" in spec.aliases


@EVERY
def test_a_models_own_name_stays_its_name(id: str) -> None:
    spec = rc.provider(id)
    for model in spec.models:
        assert (spec.resolved(model.id), spec.model(model.id)) == (model.id, model)
    assert spec.model("no such model") is None


@pytest.mark.parametrize("id", SERVICES)
def test_the_alias_is_never_sent_and_the_answer_names_the_model(id: str, world: World) -> None:
    """What a service is asked for is its own model, whichever alias was given; where it has no list, nothing is."""
    spec = rc.provider(id)
    for alias in ALIASES:
        if spec.has_models and spec.model(alias) is None:
            continue
        sent: list[httpx.Request] = []
        answer = answering(id)

        def handler(request: httpx.Request, sent: list[httpx.Request] = sent, answer: Any = answer) -> Any:
            sent.append(request)
            return answer(request)

        response = client(world, id, handler).rerank("q", [item(3), item(1)], model=alias)
        assert f'"{alias}"'.encode() not in sent[0].content
        assert alias not in (response.model or "").split()
        assert bool(spec.has_models) or any(alias in warning for warning in response.warnings)
        model = spec.model(alias)
        if model is not None:
            assert model.id in sent[0].content.decode() + str(sent[0].url) or "{model}" in spec.path
            assert choose_model(spec, alias) == (model.id, [])


def test_an_alias_that_means_nothing_there_says_what_there_is() -> None:
    with pytest.raises(rc.ModelNotFoundError) as info:
        choose_model(rc.provider("isaacus"), "multilingual")
    assert "kanon-2-reranker" in info.value.hint
    assert "multilingual" not in info.value.hint


def test_a_model_that_is_called_like_an_alias_is_itself() -> None:
    made = dataclasses.replace(rc.provider("cohere").models[-1], id="english")
    spec = dataclasses.replace(rc.provider("cohere"), models=(*rc.provider("cohere").models, made))
    assert chosen_model(spec, "english") == "english"


@EVERY
def test_the_list_has_what_can_be_chosen(id: str) -> None:
    spec, found = rc.provider(id), rc.models(id)
    assert [one.id for one in found] == [model.id for model in spec.models]
    assert [one.id for one in found if one.usual] == ([spec.default_model] if spec.has_models else [])
    for alias in ALIASES:
        assert [one.id for one in found if alias in one.aliases] == (
            [spec.model(alias).id] if spec.model(alias) else []
        )
    for one, model in zip(found, spec.models, strict=True):
        assert (one.label, one.languages, one.notice) == (model.label, model.languages, model.notice)
        assert one.price_per_1000 is None or one.price_per_million is None


def test_the_list_takes_a_spec_and_names_those_there_are() -> None:
    english, *_ = rc.models(rc.provider("gateflow"))
    assert (english.aliases, english.price_per_1000, english.usual) == (("english",), Decimal("1.00"), True)
    with pytest.raises(rc.ConfigurationError, match="no provider called 'nobody'"):
        rc.models("nobody")


@EVERY
def test_an_estimate_knows_the_names_that_a_call_knows(id: str) -> None:
    """The alias costs what its model costs, and the model is named; an unknown one is an error exactly where a call
    with it would be, and elsewhere nothing is made up."""
    spec = rc.provider(id)
    for alias in ALIASES:
        if (model := spec.model(alias)) is None:
            continue
        by_alias, by_id = (rc.estimate_cost(id, name, "q", ["a"] * 7) for name in (alias, model.id))
        assert by_alias.amount == by_id.amount
        assert any(f"{alias} means {model.id}" in said for said in by_alias.assumptions)
    if spec.is_local and spec.has_models:
        for ask in (lambda: rc.estimate_cost(id, "nope", "q", ["a"]), lambda: choose_model(spec, "nope")):
            with pytest.raises(rc.ModelNotFoundError) as info:
                ask()
            assert names_text(spec) in info.value.hint
        return
    estimate = rc.estimate_cost(id, "nope", "q", ["a"])
    assert spec.is_free or estimate.amount is None
    said = any("not known here to have a model called nope" in one for one in estimate.assumptions)
    assert said == spec.has_models


def test_a_price_of_ones_own_makes_a_newer_model_known() -> None:
    table = rc.PriceTable.default().with_price("cohere", "rerank-v9", "2")
    estimate = rc.estimate_cost("cohere", "rerank-v9", "q", ["a"], prices=table)
    assert estimate.amount == Decimal("0.002")
    assert not any("not known here" in said for said in estimate.assumptions)


def test_code_names_the_real_model() -> None:
    request = rc.RerankRequest("q", ["a"], "multilingual")
    for text in (snippets.python_rerank_core(request, "gateflow"), snippets.curl(request, "gateflow")):
        assert "rerank-multilingual-v3.0" in text


# A chain of providers


@pytest.mark.parametrize(
    ("first", "named", "following", "asked"),
    [
        ("gateflow", "rerank-multilingual-v3.0", "local", "multilingual"),
        ("gateflow", "rerank-english-v2.0", "local", "legacy"),
        ("gateflow", "legacy", "cohere", "legacy"),
        ("voyage", "rerank-3-lite", "local", "multilingual"),
        ("local", "local-keyword", "local", "local-keyword"),
        ("gateflow", "rerank-multilingual-v3.0", "isaacus", None),
        ("gateflow", "multilingual", "isaacus", None),
        ("gateflow", "a model of tomorrow", "local", None),
        ("gateflow", "english", "flashrank", None),
        ("cohere", "rerank-v3.5", "openrouter", "legacy"),
        ("gateflow", "english", "tei", None),
        ("gateflow", "rerank-english-v3.0", "litellm", "rerank-english-v3.0"),
        ("litellm", "my-own", "openrouter", "my-own"),
    ],
)
def test_the_next_is_asked_for_the_model_of_the_same_use(first: str, named: str, following: str, asked: Any) -> None:
    request = rc.RerankRequest("q", ["a"], named)
    assert request_for(rc.provider(following), request, rc.provider(first)).model == asked


@given(st.sampled_from(ALL), st.sampled_from(ALL), st.text(max_size=12) | st.sampled_from(sorted(ALIASES)), st.data())
def test_what_the_next_is_asked_for_exists(first: str, following: str, named: str, data: st.DataObject) -> None:
    one, other = rc.provider(first), rc.provider(following)
    if one.models and data.draw(st.booleans()):
        named = data.draw(st.sampled_from(one.models)).id
    name = counterpart(one, named, other)
    assert name is None or other.model(name) is not None


# Elsewhere


def test_a_contender_is_its_real_model() -> None:
    assert Contender("gateflow", "multilingual") == Contender("gateflow", "rerank-multilingual-v3.0")
    assert read_keys("local:english,local:local-english,nobody:english,isaacus:multilingual") == (
        Contender("local", "local-english"),
    )
    assert read_keys("bedrock:cohere.rerank-v3-5:0") == (Contender("bedrock", "cohere.rerank-v3-5:0"),)


def test_a_served_name_may_be_an_alias() -> None:
    served = Served(rc.provider("local"), "local-english")
    assert served.model_for("multilingual") == "local-multilingual"
    with pytest.raises(rc.ModelNotFoundError) as info:
        served.model_for("nope")
    assert "legacy for local-keyword" in info.value.hint
    assert Served(rc.provider("local"), "local-english", any_model=True).model_for("nope") == "local-english"
    assert Served(rc.provider("tei"), "given").model_for("english") == "given"


def test_what_a_limit_on_a_server_says_of_an_unknown_price_can_be_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """No word of settings that the server does not read, or of keys that its callers cannot give."""
    with SpendingStore() as store:
        monkeypatch.setattr(serve, "_spending", lambda: store)
        with pytest.raises(rc.BudgetExceededError) as info:
            serve._purse("pinecone", Decimal(1), "bge-reranker-v2-m3").reserve(None)
    assert "start it without --limit-per-day" in info.value.hint
    assert "--limit-per-day" in (serve._refused_by_a_limit(rc.provider("pinecone"), "bge-reranker-v2-m3") or "")
    assert serve._refused_by_a_limit(rc.provider("gateflow"), "rerank-english-v3.0") is None
    assert serve._refused_by_a_limit(rc.provider("tei"), None) is None
    assert not any(word in info.value.hint for word in ("unknown_call", "[budget]", "key of your own"))


def test_the_command_takes_aliases() -> None:
    result = CliRunner().invoke(
        rerank, ["reset", "--model", "legacy", "--format", "json"], input="Reset it\nBilling\n", catch_exceptions=False
    )
    assert result.exit_code == 0, result.stderr
    assert "local-keyword" in result.stderr + result.stdout
