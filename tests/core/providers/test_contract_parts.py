"""The parts that every provider is made of: addresses, answering models, figures of a bill, counts, echoes, shapes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.pricing.counts import doubt_tokens, doubt_units
from rerank_core.pricing.tokens import estimate_tokens
from rerank_core.providers import Batch, billing, replies
from rerank_core.providers.addresses import filled, filled_host, joined
from rerank_core.providers.echoes import said_without_texts, without_texts
from rerank_core.providers.shapes import seen


def batch(*texts: str, query: str = "which fruit?", **details: Any) -> Batch:
    return Batch(query, texts, range(len(texts)), **details)


# Addresses


@pytest.mark.parametrize(
    ("base", "path", "whole"),
    [
        ("https://x.test", "/v1/rerank", "https://x.test/v1/rerank"),
        ("https://x.test/", "/v1/rerank", "https://x.test/v1/rerank"),
        ("https://x.test/v1", "/v1/rerank", "https://x.test/v1/rerank"),
        ("https://x.test/v1/rerank", "/v1/rerank", "https://x.test/v1/rerank"),
        ("https://x.test/v1/rerank/", "/v1/rerank", "https://x.test/v1/rerank"),
        ("https://x.test/v2/rerank", "/v1/rerank", "https://x.test/v2/rerank"),
        ("https://x.test/rerank", "/v1/rerank", "https://x.test/rerank"),
        ("https://x.test/v1", "/v2/rerank", "https://x.test/v2/rerank"),
        ("https://x.test/api/v1", "/v1/rerank", "https://x.test/api/v1/rerank"),
        ("https://x.test/proxy", "/v1/rerank", "https://x.test/proxy/v1/rerank"),
        ("https://x.test/api", "/api/v1/rerank", "https://x.test/api/v1/rerank"),
        ("https://x.test/rerank/v1", "/rerank", "https://x.test/rerank/v1/rerank"),
        ("http://127.0.0.1:8080", "/rerank", "http://127.0.0.1:8080/rerank"),
        ("http://[::1]:8080/v1", "/v1/rerank", "http://[::1]:8080/v1/rerank"),
    ],
)
def test_a_base_that_ends_in_a_part_of_the_path_is_understood(base: str, path: str, whole: str) -> None:
    """The path is put behind a base as far as it is not there, and an endpoint that was written out stays."""
    assert joined(base, path) == whole


_WORDS = st.lists(st.sampled_from(["v1", "v2", "api", "rerank", "proxy"]), max_size=4)


@given(base=_WORDS, path=_WORDS.filter(bool))
def test_joining_twice_changes_nothing(base: list[str], path: list[str]) -> None:
    """The whole address is itself a base that is understood; it ends as the path does."""
    once = joined("https://x.test/" + "/".join(base), "/" + "/".join(path))
    assert joined(once, "/" + "/".join(path)) == once
    assert once.endswith("/" + path[-1])


def test_values_in_an_address_are_escaped() -> None:
    """A model's slash stays in a path, everything else is quoted; a host takes plain words alone."""
    assert filled("/v1/{model}/x/{project}", {"model": "Qwen/Q 3", "project": "a/../b?c"}) == (
        "/v1/Qwen/Q%203/x/a%2F..%2Fb%3Fc"
    )
    assert filled_host("https://a.{region}.test", {"region": "eu-west-1"}) == "https://a.eu-west-1.test"
    for wrong in ("evil.test/", "a.b", "", "x@y", "a" * 64):
        with pytest.raises(rc.ConfigurationError):
            filled_host("https://a.{region}.test", {"region": wrong})


# The model that answered


@pytest.mark.parametrize(
    ("said", "asked", "model", "warned"),
    [
        ("rerank-v3.5", "rerank-v3.5", "rerank-v3.5", False),
        ("cohere/rerank-5-fast-20261028", "cohere/rerank-5-fast", "cohere/rerank-5-fast", False),
        ("Rerank-V3.5", "rerank-v3.5", "rerank-v3.5", False),
        ("minilm", "nope", "minilm", True),
        ("cohere-rerank-4-fast", "cohere-rerank-3.5", "cohere-rerank-4-fast", True),
        ("jev-1.14.0", "jev-latest", "jev-1.14.0", False),
        ("minilm", None, "minilm", False),
        (None, "rerank-v3.5", "rerank-v3.5", False),
        ("", "rerank-v3.5", "rerank-v3.5", False),
        ({}, "rerank-v3.5", "rerank-v3.5", False),
    ],
)
def test_the_model_that_answered_is_shown_when_it_is_another(said: Any, asked: Any, model: Any, warned: bool) -> None:
    """A vendor in front and a day behind make no other model; a different one is shown and warned of."""
    found, warnings = replies.answering_model(said, batch("a", model=asked))
    assert found == model
    assert bool(warnings) == warned


# What a reply says that it cost


@pytest.mark.parametrize(
    ("body", "amount", "units", "tokens"),
    [
        ({"usage": {"cost": 0.00025, "search_units": 1, "total_tokens": 5}}, Decimal("0.00025"), 1.0, 5.0),
        ({"inference_status": {"cost": 0.0001}, "input_tokens": 12}, Decimal("0.0001"), None, 12.0),
        ({"gateflow": {"cost": {"total": "0.001"}}}, Decimal("0.001"), None, None),
        ({"meta": {"billed_units": {"search_units": 2}}}, None, 2.0, None),
        ({"meta": {"billed_units": {"input_tokens": 77}}}, None, None, 77.0),
        ({"usage": {"total_tokens": 9}}, None, None, 9.0),
        ({"usage": {"rerank_units": 3}}, None, 3.0, None),
        ({"usage": {"total_tokens": -1, "input_tokens": 4}}, None, None, 4.0),
        ({"usage": {"cost": "free"}}, None, None, None),
        ({"meta": {"billed_units": {"total_tokens": 0}}}, None, None, None),
        ({"usage": None}, None, None, None),
        ([], None, None, None),
        (None, None, None, None),
    ],
)
def test_figures_are_found_wherever_they_stand(body: Any, amount: Any, units: Any, tokens: Any) -> None:
    """Amounts, search units and tokens of every provider's own place; what is no number counts as not said."""
    assert (billing.amount(body), billing.search_units(body), billing.tokens(body)) == (amount, units, tokens)


def test_the_header_of_litellm_is_a_figure_too() -> None:
    """It is money, except for 0, which LiteLLM sends where its price list does not have the model."""
    assert billing.amount_of_headers({"x-litellm-response-cost": "2.75e-06"}) == Decimal("2.75e-06")
    for nothing in ({}, {"x-litellm-response-cost": "0.0"}, {"x-litellm-response-cost": "none"}):
        assert billing.amount_of_headers(nothing) is None


# Counts that cannot be


def test_tokens_under_the_name_of_search_units_are_told() -> None:
    """5,500 search units for two documents of 5,500 tokens cannot be; what Cohere bills for long texts can."""
    texts = ["word " * 2200] * 2
    assert "5,500 search units for 2 documents" in (doubt_units(5500, texts) or "")
    assert doubt_units(1, ["a"]) is None
    assert doubt_units(44, ["word " * 2200] * 20) is None


def test_characters_under_the_name_of_tokens_are_told() -> None:
    """Infinity counts the letters of the query for each document and those of the documents."""
    texts, query = ["one two three four five"] * 4, "which of these counts?"
    letters = sum(map(len, texts)) + 4 * len(query)
    assert "characters" in (doubt_tokens(letters, query, texts) or "")
    assert doubt_tokens(letters / 4, query, texts) is None
    assert "cannot be" in (doubt_tokens(1_000_000, query, texts) or "")


@given(query=st.text(max_size=50), texts=st.lists(st.text(min_size=1, max_size=400), min_size=1, max_size=8))
def test_what_a_tokenizer_counts_is_never_in_doubt(query: str, texts: list[str]) -> None:
    """Twice the estimate and a frame of 100 tokens around each pair pass, unless they are the letters exactly."""
    tokens = 2 * (estimate_tokens(query) * len(texts) + sum(map(estimate_tokens, texts))) + 100 * len(texts)
    letters = len(query) * len(texts) + sum(map(len, texts))
    assert tokens == letters or doubt_tokens(tokens, query, texts) is None


# Errors without texts


def test_a_validation_error_names_the_document_by_its_place() -> None:
    """The entries of FastAPI lose their input, and say which document they are about, as the caller counts."""
    secret = "the patient's own words " * 20
    body = {
        "detail": [{"type": "string_too_long", "loc": ["body", "documents", 1], "msg": "Too long", "input": secret}]
    }
    found = without_texts(body, Batch("q", ("a", secret), (4, 9)))
    assert found == {
        "detail": [{"type": "string_too_long", "loc": ["body", "documents", 1], "msg": "Document 10: Too long"}]
    }


@pytest.mark.parametrize(
    "form", [str, repr, lambda text: text[:60] + "...", lambda text: text.encode("unicode_escape").decode()]
)
def test_no_error_quotes_a_text(form: Any) -> None:
    """Whole, escaped or cut off: a text that was sent becomes the number of its document."""
    text = "A confidential sentence\nof two lines, and of some “quotation” besides."
    said = f"upstream said: 422 {{'input': {form(text)}}}"
    found = without_texts({"error": {"message": said}}, batch("other", text))["error"]["message"]
    assert "confidential" not in found
    assert "document 2" in found
    assert "confidential" not in said_without_texts(said, batch("other", text))


def test_a_short_text_is_hidden_only_where_it_is_quoted() -> None:
    """An ordinary word of a message stays."""
    assert said_without_texts("The input is bad: 'input'", batch("input")) == "The input is bad: (document 1)"


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4), st.text(max_size=200))
def test_hiding_texts_never_fails(texts: list[str], said: str) -> None:
    """Whatever was sent and whatever comes back."""
    assert isinstance(said_without_texts(said, batch(*texts)), str)


# Shapes


@pytest.mark.parametrize(
    ("body", "choose"),
    [
        ([{"index": 0, "score": 0.9}], "TEI"),
        ({"data": [{"index": 0, "relevance_score": 0.9}]}, "Voyage"),
        ({"data": [{"index": 0, "score": 0.9}]}, "Mixedbread or Pinecone"),
        ({"rankings": [{"index": 0, "logit": 1.5}]}, "NVIDIA"),
        ({"scores": [0.1]}, "DeepInfra"),
        ({"output": {"results": []}}, "DashScope"),
        ({"reranked_candidates": []}, "FlashRank HTTP"),
        ({"answers": {}}, "Decision model"),
        ({"results": [{"index": 0, "relevance_score": 1}]}, "vLLM or Jina"),
    ],
)
def test_a_reply_of_another_server_is_known_by_its_shape(body: Any, choose: str) -> None:
    """The sentence names the server and the connection to choose."""
    assert (seen(body) or "").endswith(f"choose {choose}.")


@pytest.mark.parametrize("body", [None, [], {}, "x", 7, {"data": []}, {"data": [1]}, [{"index": 0}]])
def test_other_replies_are_no_shape(body: Any) -> None:
    """Nothing is guessed."""
    assert seen(body) is None
