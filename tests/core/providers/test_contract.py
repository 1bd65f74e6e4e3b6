"""What every service owes, over all specs: one file of test data each, `cases/ID.json`, written from its documentation.

A case has what is asked, the request that has to come of it, and a reply with what has to be read from it. `rows_at` is
where the rows of a reply stand, `row` what one of them looks like, with "$index", "$place" (the index as a string),
"$name" (the name of a question), "$score" and "$text" in place of what differs; so replies with other scores are made.
`errors` are bodies of failure as they are documented.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import rerank_core as rc
from rerank_core.providers import Batch
from tests.support.both import Script, World

CASES = Path(__file__).parent / "cases"
SERVICES = [spec.id for spec in rc.providers() if not spec.is_local]
EVERY = pytest.mark.parametrize("id", SERVICES)
KEY = "AKIDEXAMPLE:k3y-0123456789abcdef0123"
_ITEM = re.compile(r"item-(\d+)")


@cache
def case(id: str) -> dict[str, Any]:
    """The test data of a service."""
    found: dict[str, Any] = json.loads((CASES / f"{id}.json").read_text("utf-8"))
    return found


def filled(template: Any, values: dict[str, Any]) -> Any:
    """A template with its $names in place."""
    if isinstance(template, str):
        return values.get(template, template)
    if isinstance(template, list):
        return [filled(item, values) for item in template]
    if isinstance(template, dict):
        return {filled(name, values): filled(item, values) for name, item in template.items()}
    return template


def body_of(id: str, rows: list[tuple[int, Any]], texts: list[str]) -> Any:
    """A reply of a service with these (index, score) in this order."""
    one = case(id)
    made = [
        filled(
            one["row"], {"$index": at, "$place": str(at), "$name": f"D{at + 1}", "$score": score, "$text": texts[at]}
        )
        for at, score in rows
    ]
    body = copy.deepcopy(one["reply"])
    held: Any = made
    if one.get("map"):
        held = {name: item for row in made for name, item in row.items()}
    elif one.get("by_place"):
        held = [item for _, item in sorted(zip([at for at, _ in rows], made, strict=True), key=lambda pair: pair[0])]
    if not one["rows_at"]:
        return held
    inner = body
    for name in one["rows_at"][:-1]:
        inner = inner[name]
    inner[one["rows_at"][-1]] = held
    return body


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def sent_texts(request: httpx.Request) -> list[str]:
    """The texts of a request, each "item-N ..." as the tests here write them."""
    found = [line for text in strings(json.loads(request.content)) for line in text.split("\n")]
    return [line for line in found if _ITEM.match(line)]


def client(world: World, id: str, handler: Any, **options: Any) -> Any:
    """A client of a service over a handler."""
    one = case(id)
    return world.client(
        id, handler, api_key=one.get("key", KEY), base_url=one.get("base_url"), options=one.get("options"), **options
    )


def answering(id: str) -> Any:
    """A service that scores by the number in a text, the lowest first, and sorts."""

    def answer(request: httpx.Request) -> httpx.Response:
        texts = sent_texts(request)
        numbers = [int(match.group(1)) for text in texts if (match := _ITEM.match(text))]
        rows = sorted(((at, 1 / (1 + number)) for at, number in enumerate(numbers)), key=lambda row: -row[1])
        return httpx.Response(200, json=body_of(id, rows, texts))

    return answer


def item(number: int) -> str:
    return f"item-{number} is one of the documents"


# The data themselves


def test_every_service_has_its_test_data() -> None:
    """One file each, and none of nobody."""
    assert sorted(path.stem for path in CASES.glob("*.json")) == sorted(SERVICES)


@EVERY
def test_a_service_says_what_people_must_know(id: str) -> None:
    """What its scores are, ties, blanks, limits, billing, when its documentation was read, how it was checked."""
    spec = rc.provider(id)
    facts = spec.facts
    assert facts is not None
    for words in (facts.checked, facts.ties, facts.blank, facts.cut, facts.limits, facts.billed):
        assert words.endswith(".")
    assert (facts.scale == "rank") == (not spec.has_scores)
    assert spec.group in ("hosted", "own", "decisions")


# The request


@EVERY
def test_the_request_is_the_documented_one(id: str, world: World) -> None:
    """Address, headers and body, to the letter."""
    one = case(id)
    script = Script(httpx.Response(200, json=one["reply"]))
    asked = one["asked"]
    client(world, id, script).rerank(
        asked["query"], asked["documents"], model=asked.get("model"), top_n=asked.get("top_n")
    )
    request = script.requests[0]
    assert (request.method, str(request.url)) == ("POST", one["url"])
    for name, value in one["headers"].items():
        assert request.headers[name] == value
    assert script.bodies[0] == one["body"]


@EVERY
def test_a_base_that_ends_in_a_part_of_the_path_goes_to_the_same_place(id: str, world: World) -> None:
    """The whole address of an endpoint is a base address too."""
    one = case(id)
    base = one["url"] if one["url"].count("/") < 5 else one["url"].rpartition("/")[0]
    script = Script(httpx.Response(200, json=one["reply"]))
    made = world.client(id, script, api_key=one.get("key", KEY), base_url=base, options=one.get("options"))
    made.rerank("q", one["asked"]["documents"], model=one["asked"].get("model"))
    assert str(script.requests[0].url) == one["url"]


# The reply


@EVERY
def test_the_documented_reply_is_read(id: str, world: World) -> None:
    """Rows, model, counts, cost and request id of the sample."""
    one = case(id)
    script = Script(httpx.Response(200, json=one["reply"], headers=one.get("reply_headers", {})))
    asked, read = one["asked"], one["read"]
    response = client(world, id, script).rerank(
        asked["query"], asked["documents"], model=asked.get("model"), top_n=asked.get("top_n")
    )
    assert [[row.index, row.relevance_score] for row in response.results] == read["rows"]
    assert response.model == read.get("model")
    assert response.usage.search_units == read.get("units")
    assert response.usage.tokens == read.get("tokens")
    assert response.request_id == read.get("request_id")
    amount, basis = read["cost"]
    assert response.cost == rc.Cost(None if amount is None else Decimal(amount), basis=basis)
    assert bool(response.warnings) == bool(read.get("warned", False))


@EVERY
def test_rows_are_mapped_by_index_and_blank_documents_stay_here(id: str, world: World) -> None:
    """Each document gets its own score, blank ones are not sent and stand last, whatever the order of the reply."""
    documents = [item(3), "", item(1), " \n", item(2), item(0)]
    script = Script(answering(id))
    response = client(world, id, script).rerank("which?", documents)
    assert [row.index for row in response.results] == [5, 2, 4, 0, 1, 3]
    assert sent_texts(script.requests[0]) == [item(3), item(1), item(2), item(0)]
    if rc.provider(id).has_scores:
        assert [row.relevance_score for row in response.results] == [1, 1 / 2, 1 / 3, 1 / 4, None, None]


@EVERY
def test_top_n_is_kept_whoever_cuts(id: str, world: World) -> None:
    """A service that gives all of them is cut here."""
    response = client(world, id, answering(id)).rerank("which?", [item(n) for n in (4, 2, 0, 3, 1)], top_n=2)
    assert [row.index for row in response.results] == [2, 4]


@EVERY
def test_equal_scores_keep_the_order_of_the_reply(id: str, world: World) -> None:
    """Where the reply is sorted; where its rows stand in the order of the documents, so do equal ones."""
    one = case(id)

    def equal(request: httpx.Request) -> httpx.Response:
        texts = sent_texts(request)
        return httpx.Response(200, json=body_of(id, [(at, 0.5) for at in reversed(range(len(texts)))], texts))

    response = client(world, id, equal).rerank("which?", [item(n) for n in range(4)])
    in_place = one.get("by_place") or one.get("map")
    assert [row.index for row in response.results] == ([0, 1, 2, 3] if in_place else [3, 2, 1, 0])


@EVERY
def test_a_list_beyond_the_limit_goes_in_several_requests(id: str, world: World) -> None:
    """None holds more than the service takes, together they hold all, and the order is that of one list."""
    spec = rc.provider(id)
    count = min(2 * (spec.max_documents or 100) + 1, 2100)
    script = Script(answering(id))
    response = client(world, id, script).rerank("which?", [item(n) for n in range(count)])
    sizes = [len(sent_texts(request)) for request in script.requests]
    assert sum(sizes) == count
    model = spec.model()
    if spec.max_documents is None or (model is not None and model.listwise):
        assert sizes == [count]
    else:
        assert max(sizes) <= spec.max_documents
    assert [row.index for row in response.results] == list(range(count))


@EVERY
@pytest.mark.parametrize("wrong", ["missing", "twice", "outside", "word", "endless"])
def test_no_row_that_could_be_a_wrong_one_is_taken(id: str, wrong: str) -> None:
    """Fewer rows than documents, a row twice, an index of no document, a score that is no number."""
    one, spec = case(id), rc.provider(id)
    texts = [item(0), item(1)]
    rows: list[tuple[int, Any]] = [(0, 0.9), (1, 0.1)]
    if wrong == "missing":
        rows = rows[:1]
    elif wrong in ("twice", "outside"):
        if one.get("by_place") or one.get("map") or not spec.has_scores:
            return  # there are no indexes in such a reply
        rows = [(0, 0.9), (0, 0.1)] if wrong == "twice" else [(0, 0.9), (7, 0.1)]
        texts = [*texts, *["x"] * 6]
    else:
        rows[1] = (1, "high" if wrong == "word" else float("inf"))
        if not spec.has_scores:
            return
    body = body_of(id, rows, texts)
    batch = Batch(
        "q", (item(0), item(1)), range(2), one["asked"].get("model") or spec.default_model, options=options(id)
    )
    try:
        parsed = spec.parse(body, batch)
    except rc.BadResponseError:
        return
    assert parsed.missing == (1,)  # a decision model that gave no answer, or an order without one text
    assert parsed.warnings


def options(id: str) -> dict[str, str]:
    """The options of a service with their defaults, as a client has them."""
    given = case(id).get("options", {})
    return {option.name: given.get(option.name, option.default) for option in rc.provider(id).options}


_NAMES = ["results", "data", "rankings", "scores", "answers", "output", "records", "index", "score", "logit", "id"]
_NAMES += ["relevance_score", "D1", "noul", "probability", "usage", "model"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@EVERY
@given(body=JSON)
@settings(max_examples=60, deadline=None)
def test_any_reply_gives_right_rows_or_an_error(id: str, body: Any) -> None:
    """No JSON makes parse stumble, and what it takes are rows of the documents that were sent."""
    batch = Batch("q", (item(0), item(1)), range(2), "some-model", options=options(id))
    try:
        parsed = rc.provider(id).parse(body, batch)
    except rc.BadResponseError:
        return
    indexes = [index for index, _ in parsed.rows] + list(parsed.missing)
    assert len(set(indexes)) == len(indexes)
    assert set(indexes) <= {0, 1}


# Errors


@EVERY
def test_each_class_of_error_is_called_what_it_is(id: str, world: World) -> None:
    """The status of what has no code, and the documented bodies; each names the service and says what to do."""
    usual = [
        {"status": 401, "error": "AuthenticationError", "hint": rc.provider(id).key_variable},
        {"status": 402, "error": "QuotaExceededError"},
        {"status": 403, "error": "PermissionDeniedError"},
        {"status": 404, "error": "ConfigurationError", "body": {"detail": "Not Found"}},
        {"status": 413, "error": "TooManyDocumentsError"},
        {"status": 422, "error": "InvalidRequestError"},
        {"status": 429, "error": "RateLimitedError", "retried": True},
        {"status": 503, "error": "ProviderError", "retried": True},
        {"status": 524, "error": "ProviderError", "retried": True},
        {"status": 529, "error": "ProviderError", "retried": True},
    ]
    for wrong in [*usual, *case(id).get("errors", [])]:
        body = wrong.get("body", "")
        content = body if isinstance(body, str) else json.dumps(body)
        script = Script(httpx.Response(wrong["status"], content=content.encode()))
        details = {"max_retries": 1} if wrong.get("retried") else {}
        with pytest.raises(rc.RerankError) as info:
            client(world, id, script, total_timeout=60, **details).rerank("which?", [item(0)])
        assert type(info.value).__name__ == wrong["error"], wrong
        assert (wrong.get("hint") or "") in info.value.hint, wrong
        assert id == "gateflow" or "gw_" not in info.value.hint
        assert "item-0" not in str(info.value)
        assert len(script.requests) == (2 if wrong.get("retried") else 1), wrong


@EVERY
def test_a_key_that_is_needed_is_asked_for_before_anything_is_sent(id: str, world: World) -> None:
    """A service without one says which variable; a server of one's own is asked without."""
    spec, one = rc.provider(id), case(id)
    script = Script(httpx.Response(200, json=one["reply"]))
    made = {"api_key": None, "base_url": one.get("base_url"), "options": one.get("options")}
    if not spec.key_optional:
        with pytest.raises(rc.ConfigurationError, match=spec.key_variable):
            world.client(id, script, **made)
        return
    world.client(id, script, **made).rerank(
        "q", one["asked"]["documents"], model=one["asked"].get("model"), top_n=one["asked"].get("top_n")
    )
    assert "authorization" not in script.requests[0].headers


# Money


@EVERY
def test_the_estimate_is_by_the_services_own_unit(id: str) -> None:
    """Searches, tokens or nothing; a service whose price is not known says so, and none is guessed."""
    spec = rc.provider(id)
    estimate = rc.estimate_cost(id, None, "which?", [item(n) for n in range(5)])
    price = rc.PriceTable.default().find(id, spec.default_model)
    if spec.is_free:
        assert estimate.amount == Decimal(0)
    elif price is None:
        assert estimate.amount is None
    else:
        assert estimate.amount is not None
        assert estimate.amount > 0
        assert (estimate.tokens is not None) == (price.per_million is not None)
        assert price.source in " ".join(estimate.assumptions)


@EVERY
def test_a_figure_in_a_header_counts_where_the_body_names_none(id: str, world: World) -> None:
    """A proxy in between may name the cost."""
    texts = [item(0)]
    body = body_of(id, [(0, 0.9)], texts)
    named = Decimal("0.0025")

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=body, headers={"x-litellm-response-cost": str(named)})

    cost = client(world, id, answer).rerank("which?", texts).cost
    own = rc.provider(id).parse(body, Batch("q", tuple(texts), range(1), "some-model", options=options(id))).amount
    assert cost == rc.Cost(named if own is None else own, basis="reported")
