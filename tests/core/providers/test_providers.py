"""What holds for every provider in the registry, and the two formats on their own, without a client."""

from __future__ import annotations

import dataclasses
import json
import re
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.providers import Batch, ParsedReply
from rerank_core.providers.hosted.flashrank import FLASHRANK
from rerank_core.providers.hosted.gateflow import GATEFLOW
from tests.support import ROOT
from tests.support.both import Script, World, reply

EVERY = pytest.mark.parametrize("spec", rc.providers(), ids=lambda spec: spec.id)
REMOTE = pytest.mark.parametrize("spec", [s for s in rc.providers() if not s.is_local], ids=lambda spec: spec.id)


def batch(*texts: str, **details: Any) -> Batch:
    return Batch("which fruit?", texts, range(len(texts)), **{"model": "rerank-english-v3.0", **details})


# The registry


def test_the_registry():
    """The providers, the one that needs no key first; ids are unique and found by id."""
    ids = [spec.id for spec in rc.providers()]
    assert ids[:4] == ["local", "gateflow", "flashrank", "flashrank-library"]
    assert len(set(ids)) == len(ids)
    promised = (
        "cohere voyage jina mixedbread pinecone nvidia openrouter deepinfra zeroentropy contextual isaacus siliconflow "
        "dashscope bedrock azure vertex tei vllm infinity llamacpp litellm xinference tensorrt custom systemone "
        "openai-decisions onnx-folder"
    )
    assert set(promised.split()) <= set(ids)
    assert [rc.provider(id) for id in ids] == list(rc.providers())
    assert isinstance(rc.providers(), tuple)
    with pytest.raises(rc.ConfigurationError) as info:
        rc.provider("nobody")
    assert all(id in info.value.hint for id in ids)


def test_a_provider_is_one_file_and_one_line():
    """No other product file knows its id, but for those that are more than an adapter: what runs on this computer, the
    usual hosted one, the package of FlashRank, the shape of TEI that `rerank serve` speaks too, and the custom server,
    which the test of an address becomes."""
    special = {"gateflow", "flashrank", "tei", "custom", *(spec.id for spec in rc.providers() if spec.group == "here")}
    rest = {spec.id for spec in rc.providers()} - special
    quoted = re.compile(rf"""["']({"|".join(map(re.escape, rest))})["']""")
    known: dict[str, set[str]] = {id: set() for id in rest}
    for path in (*(ROOT / "rerank_core").rglob("*.py"), *(ROOT / "pages").rglob("*.py"), ROOT / "app.py"):
        for id in quoted.findall(path.read_text("utf-8")):
            known[id].add(path.relative_to(ROOT).as_posix())
    for id, files in known.items():
        own = [name for name in files if name.split("/")[-1] == f"{id.replace('-', '_')}.py"]
        assert files == {"rerank_core/providers/__init__.py", *own}, id
        assert len(own) == 1, id


@EVERY
def test_a_spec_is_complete_and_cannot_be_changed(spec: rc.ProviderSpec):
    """Label, description, documentation, and either a key, an address and build, or compute."""
    assert spec.label
    assert spec.description.endswith(".")
    assert spec.docs_url.startswith("https://")
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.id = "other"  # type: ignore[misc]
    assert not hasattr(spec, "__dict__")
    if spec.is_local:
        assert (spec.build, spec.key_variable, spec.default_base_url, spec.max_documents) == (None, None, None, None)
    else:
        assert spec.build is not None
        name = spec.id.upper().replace("-", "_")
        assert spec.key_variable == f"{name}_API_KEY"
        assert spec.base_url_variable == f"{name}_BASE_URL"
        if spec.default_base_url is None:
            assert spec.example_base_url.startswith("http")
        else:
            assert spec.default_base_url.startswith("https://")
        assert spec.path.startswith("/")


@EVERY
def test_the_models_of_a_spec(spec: rc.ProviderSpec):
    """The first is the default, each says who it is for, and no two are chosen by the same word. Local ones and those
    of GateFlow stand in the same places: English, Multilingual and v2."""
    assert spec.has_models == bool(spec.models)
    if not spec.has_models:
        assert spec.default_model is None
        assert spec.model() is None
        return
    slots = [model.slot for model in spec.models]
    if spec.id in ("local", "gateflow", "flashrank-library"):
        assert slots == ["English", "Multilingual", "v2", *(["Cross-encoder"] if spec.id == "local" else [])]
    else:
        assert not {"English", "Multilingual", "v2", "Cross-encoder"} & set(slots)
    assert len(set(slots)) == len(slots)
    assert spec.model() == spec.model(spec.default_model) == spec.models[0]
    assert spec.model("nothing of the kind") is None
    for model in spec.models:
        assert spec.model(model.id) is model
        assert model.audience.endswith(".")
        assert model.price_per_1000 is None or model.price_per_1000 >= 0
        assert model.chunk_tokens > 0


@pytest.mark.parametrize("spec", [GATEFLOW, FLASHRANK], ids=lambda spec: spec.id)
def test_build_sends_texts_only_and_is_json(spec: rc.ProviderSpec):
    """The body holds the query and every text, is plain JSON, and leaves the part as it was."""
    assert spec.build is not None
    given_part = batch("apple", "pear", top_n=1)
    body = spec.build(given_part)
    assert json.loads(json.dumps(body)) == body
    assert body["query"] == "which fruit?"
    assert ["apple", "pear"] in body.values()
    assert given_part == batch("apple", "pear", top_n=1)


@REMOTE
@pytest.mark.parametrize(
    "body", [None, [], "text", 7, True, {}, {"results": "x"}, {"reranked_candidates": "x"}], ids=repr
)
def test_parse_refuses_what_is_no_answer(spec: rc.ProviderSpec, body: Any):
    """No body of another shape is taken for an answer."""
    with pytest.raises(rc.BadResponseError) as info:
        spec.parse(body, batch("apple"))
    assert info.value.hint


@EVERY
@pytest.mark.parametrize("status", [200, 300, 400, 401, 402, 403, 404, 408, 418, 422, 429, 500, 503, 599])
@pytest.mark.parametrize(
    "body", [None, {}, [], "x", 7, {"error": None}, {"error": {"code": {}, "message": []}}], ids=repr
)
def test_explain_always_gives_an_error_that_helps(spec: rc.ProviderSpec, status: int, body: Any):
    """Whatever stands in an error body, there is a sentence that names the provider, and a hint."""
    error = spec.explain(status, body, "")
    assert isinstance(error, rc.RerankError)
    assert spec.label in error.message
    assert error.hint
    assert error.status == status
    assert error.retryable == (status in {408, 429, 500, 503})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["error", "message", "code", "detail", "x"]), inner)
    ),
    max_leaves=10,
)


@EVERY
@given(body=JSON, status=st.integers(200, 599), text=st.text())
def test_explain_never_stumbles(spec: rc.ProviderSpec, body: Any, status: int, text: str):
    """No body makes explain raise, and its sentence is one bounded line."""
    error = spec.explain(status, body, text)
    assert len(error.message) < 400
    assert "\n" not in error.message


# GateFlow


def test_gateflow_is_as_documented():
    """Address, variables, models, prices, limit and the notice of the model that was shut down."""
    assert GATEFLOW.default_base_url == "https://api.gateflow.ai"
    assert [(model.id, model.price_per_1000) for model in GATEFLOW.models] == [
        ("rerank-english-v3.0", Decimal("1.00")),
        ("rerank-multilingual-v3.0", Decimal("1.00")),
        ("rerank-english-v2.0", Decimal("0.50")),
    ]
    assert (GATEFLOW.default_model, GATEFLOW.max_documents) == ("rerank-english-v3.0", 1000)
    assert "2025-04-30" in GATEFLOW.models[2].notice
    assert "Cohere" in GATEFLOW.models[2].notice
    assert not GATEFLOW.models[0].notice


def test_gateflow_parses_its_documented_reply():
    """The sample of the documentation, read field by field."""
    body = {
        "id": "rerank-abc",
        "results": [
            {"index": 1, "relevance_score": 0.9875, "document": {"text": "How to reset your password"}},
            {"index": 0, "relevance_score": 0.12},
        ],
        "meta": {"billed_units": {"search_units": 1}},
        "gateflow": {"request_id": "req_x", "provider": "cohere", "latency_ms": 145, "cost": {"total": 0.001}},
    }
    assert GATEFLOW.parse(body, batch("a", "b")) == ParsedReply(
        rows=((1, 0.9875), (0, 0.12)),
        model="rerank-english-v3.0",
        request_id="req_x",
        search_units=1.0,
        amount=Decimal("0.001"),
        latency_ms=145.0,
    )
    del body["gateflow"]
    assert GATEFLOW.parse(body, batch("a", "b")).request_id == "rerank-abc"


# FlashRank HTTP


def test_flashrank_is_as_documented():
    """No models, no scores, no known limit; its key and address come from its own variables."""
    assert (FLASHRANK.has_models, FLASHRANK.has_scores, FLASHRANK.max_documents) == (False, False, None)
    assert FLASHRANK.default_base_url == "https://api.flashrank.ai"
    assert FLASHRANK.build is not None
    assert FLASHRANK.build(batch("a", "b", top_n=1)) == {"query": "which fruit?", "candidates": ["a", "b"]}


def order(*texts: str) -> dict[str, Any]:
    return {"reranked_candidates": list(texts)}


def test_flashrank_gives_an_order_and_invents_no_score(world: World):
    """Ranks and places, scores None, cost and units unknown, no model."""
    script = Script(httpx.Response(200, json=order("pear", "apple", "plum")))
    response = world.client("flashrank", script).rerank("fruit", ["apple", {"text": "pear", "id": 7}, "plum"])
    assert [(r.rank, r.index, r.relevance_score) for r in response.results] == [
        (1, 1, None),
        (2, 0, None),
        (3, 2, None),
    ]
    assert response.results[0].document.id == "7"
    assert (response.model, response.usage.search_units, response.cost) == (None, None, rc.Cost(None, basis="unknown"))
    assert script.bodies == [{"query": "fruit", "candidates": ["apple", "pear", "plum"]}]
    assert response.warnings == ()


@pytest.mark.parametrize(
    ("sent", "returned", "rows", "missing", "warnings"),
    [
        (("a", "b", "a"), ("a", "b", "a"), (0, 1, 2), (), 0),
        (("a", "b", "a"), ("b", "a", "a"), (1, 0, 2), (), 0),
        (("a", "b"), ("b", "x", "a"), (1, 0), (), 1),
        (("a", "b", "c"), ("b",), (1,), (0, 2), 1),
        (("a", "b"), ("b", "b", "b"), (1,), (0,), 2),
        (("a",), ("A", "b "), None, None, 0),
        (("one\r\ntwo ", "three"), ("three", "one two"), (1, 0), (), 0),
        (("Gro\u0308ße",), ("Größe",), (0,), (), 0),
        (("a ", "a", "b"), ("a", "b", "a "), (1, 2, 0), (), 0),
        (("a ", "a", "b"), ("a", "b", " a"), (1, 2, 0), (), 0),
        (("a",), (), None, None, 0),
    ],
)
def test_flashrank_matches_texts_by_what_they_say(sent, returned, rows, missing, warnings):
    """Equal texts are taken in input order, then those that differ in white space or Unicode form alone; strange ones
    are dropped, missing ones named, none of ours refused."""
    if rows is None:
        with pytest.raises(rc.BadResponseError):
            FLASHRANK.parse(order(*returned), batch(*sent))
        return
    answer = FLASHRANK.parse(order(*returned), batch(*sent))
    assert answer.rows == tuple((row, None) for row in rows)
    assert answer.missing == missing
    assert len(answer.warnings) == warnings


@given(st.data())
def test_flashrank_loses_and_doubles_no_document(data: st.DataObject):
    """Whatever comes back, every document stands in the answer once, under its own text."""
    sent = data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=8))
    returned = data.draw(st.lists(st.sampled_from("abcdx"), max_size=12))
    if not set(sent) & set(returned):
        return
    answer = FLASHRANK.parse(order(*returned), batch(*sent))
    places = [place for place, _ in answer.rows]
    assert sorted([*places, *answer.missing]) == list(range(len(sent)))
    wanted = [text for text in returned if text in sent]
    assert [sent[place] for place in places] == [
        text for at, text in enumerate(wanted) if wanted[:at].count(text) < sent.count(text)
    ]
    assert bool(answer.warnings) == (len(places) < len(returned) or bool(answer.missing))


def test_flashrank_puts_missing_and_blank_documents_last(world: World):
    """What did not come back stands behind what did, blank ones behind that, and top_n is applied here."""
    script = Script(httpx.Response(200, json=order("c", "strange")))
    client = world.client("flashrank", script)
    response = client.rerank("q", ["a", "", "b", "c"])
    assert [row.index for row in response.results] == [3, 0, 2, 1]
    assert len(response.warnings) == 3
    assert [row.index for row in client.rerank("q", ["a", "", "b", "c"], top_n=2).results] == [3, 0]


def test_flashrank_ignores_a_model_with_a_warning(world: World):
    """It has none to choose from."""
    script = Script(httpx.Response(200, json=order("a")))
    response = world.client("flashrank", script).rerank("q", ["a"], model="rerank-english-v3.0")
    assert response.model is None
    assert any("ignored" in warning for warning in response.warnings)
    assert "model" not in script.bodies[0]


def test_flashrank_is_never_split(world: World):
    """Orders without scores cannot be merged, so all documents go out in one request."""
    texts = [f"d{place}" for place in range(2500)]
    script = Script(httpx.Response(200, json=order(*texts)))
    assert len(world.client("flashrank", script).rerank("q", texts).results) == 2500
    assert len(script.requests) == 1


def test_flashrank_troubleshooting_is_in_the_hints(world: World):
    """401 names the variable, a missing list says to check the strings, a time-out to raise it or retry."""

    for answer, kind, said in (
        (httpx.Response(401), rc.AuthenticationError, "FLASHRANK_API_KEY"),
        (httpx.Response(200, json={"ok": True}), rc.BadResponseError, "non-empty strings"),
        (httpx.Response(200, json={"reranked_candidates": None}), rc.BadResponseError, "non-empty strings"),
        (httpx.Response(200, json={"message": "bad payload"}), rc.BadResponseError, "non-empty strings"),
        (httpx.ReadTimeout("slow"), rc.RequestTimeoutError, "Raise the time-out"),
    ):
        with pytest.raises(kind) as info:
            world.client("flashrank", Script(answer), max_retries=0).rerank("q", ["a"])
        assert said in info.value.hint


@pytest.mark.parametrize("bad", [[1], ["a", None], [{"text": "a"}], [["a"]]], ids=repr)
def test_flashrank_takes_nothing_but_strings(bad):
    """A list with anything else in it is no order of ours."""
    with pytest.raises(rc.BadResponseError):
        FLASHRANK.parse({"reranked_candidates": bad}, batch("a"))


def test_flashrank_refuses_vectors(world: World):
    """Vectors in place of texts are not in the contract: refused with a sentence, before any network."""
    script = Script(lambda _: 1 / 0)
    for query, documents in (([0.1, 0.2], ["a"]), ("q", [[0.1, 0.2], [0.3, 0.4]])):
        with pytest.raises(rc.InvalidRequestError) as info:
            world.client("flashrank", script).rerank(query, documents)
        assert info.value.message.endswith(".")
    assert script.requests == []


def test_the_replies_of_the_tests_are_right():
    """The helper that makes replies makes valid ones."""
    assert GATEFLOW.parse(reply([0.1, 0.9]), batch("a", "b")).rows == ((1, 0.9), (0, 0.1))
