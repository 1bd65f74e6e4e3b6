"""Making a client, where its key and address come from, what never shows the key, and closing."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import traceback

import httpx
import pytest

import rerank_core as rc
from rerank_core.transport.credentials import ApiKey
from tests.support.both import KEY, FakeTime, Script, World, error, falling, ok

CLIENTS = [rc.Client, rc.AsyncClient]


@pytest.mark.parametrize("kind", CLIENTS)
def test_the_arguments_and_their_defaults(kind):
    """The public signature is the documented one, name by name and default by default."""
    parameters = inspect.signature(kind).parameters
    later = ("prices", "options", "requests_per_minute", "on_event")
    public = {name: p.default for name, p in parameters.items() if not name.startswith("_") and name not in later}
    assert next(iter(public)) == "provider"
    assert {name: value for name, value in public.items() if name != "provider"} == {
        "api_key": None,
        "base_url": None,
        "timeout": 60.0,
        "total_timeout": None,
        "max_retries": 2,
        "max_concurrency": 8,
        "transport": None,
    }
    call = inspect.signature(kind.rerank).parameters
    assert list(call)[:6] == ["self", "query", "documents", "model", "top_n", "return_documents"]
    assert (call["model"].default, call["top_n"].default, call["return_documents"].default) == (None, None, False)


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize(
    "wrong",
    [
        *({"timeout": value} for value in (0, -1, True, None, "60", float("nan"), float("inf"), 10**9)),
        *({"total_timeout": value} for value in (0, -1, True, "60", float("nan"), float("inf"))),
        *({"max_retries": value} for value in (-1, True, 1.0, None, "2")),
        *({"max_concurrency": value} for value in (0, -1, True, 1.5, None, "8")),
        *(
            {"base_url": value}
            for value in (7, "gw.example", "ftp://gw.example", "http://", "https:///v1", "http://a b")
        ),
        *(
            {"base_url": f"https://{value}"}
            for value in ("u:p@gw.example", "gw.example?x=1", "gw.example#x", "gw:port", "[::1")
        ),
        *({"api_key": value} for value in (7, b"key", "two words", "line\nbreak", "schl\u00fcssel")),
        {"transport": 3},
        {"transport": "http"},
    ],
    ids=str,
)
def test_wrong_settings_are_configuration_errors(kind, wrong):
    """Each is refused when the client is made, with a sentence and a hint, and without showing a key."""
    with pytest.raises(rc.ConfigurationError) as info:
        kind("gateflow", **{"api_key": KEY, **wrong})
    assert info.value.hint
    assert "two words" not in str(info.value)
    assert "schl" not in str(info.value)


@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("wrong", ["nobody", "", None, 7, ["nobody"]])
def test_an_unknown_provider_is_a_configuration_error(kind, wrong):
    """The hint names those there are."""
    with pytest.raises(rc.ConfigurationError) as info:
        kind(wrong, api_key=KEY)
    assert "gateflow" in info.value.hint


def test_a_transport_of_the_other_kind_is_refused():
    """A sync transport in an AsyncClient and the other way round is a ConfigurationError."""
    with httpx.HTTPTransport() as transport, pytest.raises(rc.ConfigurationError):
        rc.AsyncClient("gateflow", api_key=KEY, transport=transport)
    with pytest.raises(rc.ConfigurationError):
        rc.Client("gateflow", api_key=KEY, transport=httpx.AsyncHTTPTransport())


@pytest.mark.parametrize("provider", ["gateflow", "flashrank"])
def test_the_key_is_the_argument_else_the_environment_else_an_error(world: World, provider, monkeypatch):
    """GATEFLOW_API_KEY and FLASHRANK_API_KEY stand in; without any key the hint names the variable."""
    variable = f"{provider.upper()}_API_KEY"
    for nothing in (None, "", "  "):
        with pytest.raises(rc.ConfigurationError) as info:
            world.client(provider, api_key=nothing)
        assert variable in info.value.hint
    monkeypatch.setenv(variable, "  from-the-environment\n")
    sent = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers["authorization"])
        return error(400)

    for given in (None, "", "from-the-argument", ApiKey("from-a-key")):
        with pytest.raises(rc.InvalidRequestError):
            world.client(provider, handler, api_key=given).rerank("q", ["a"])
    assert sent == [
        "Bearer from-the-environment",
        "Bearer from-the-environment",
        "Bearer from-the-argument",
        "Bearer from-a-key",
    ]


@pytest.mark.parametrize("provider", ["gateflow", "flashrank"])
def test_the_address_is_the_argument_else_the_environment_else_the_providers(world: World, provider, monkeypatch):
    """A trailing slash does not matter, and a path before /v1/rerank is kept."""
    assert world.client(provider).client.address == f"https://api.{provider}.ai/v1/rerank"
    monkeypatch.setenv(f"{provider.upper()}_BASE_URL", "http://10.0.0.7:8080/api/")
    assert world.client(provider).client.address == "http://10.0.0.7:8080/api/v1/rerank"
    assert world.client(provider, base_url="https://gw.example").client.address == "https://gw.example/v1/rerank"


def test_an_address_may_be_written_in_capitals_or_in_another_script(world: World):
    """The scheme is read as it is meant, and a name outside ASCII is sent as DNS wants it."""
    script = Script(falling)
    world.client(handler=script, base_url="HTTPS://B\u00fccher.example:8443").rerank("q", ["a"])
    assert str(script.requests[0].url).startswith("https://")
    assert script.requests[0].headers["host"] == "xn--bcher-kva.example:8443"
    assert world.client(base_url="HTTPS://gw.example").client.address == "https://gw.example/v1/rerank"


def test_certificates_that_are_not_there_are_a_configuration_error(world: World, monkeypatch):
    """SSL_CERT_FILE is honoured, and named where it cannot be read."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(rc.ConfigurationError) as info:
        world.client()
    assert "SSL_CERT_FILE" in info.value.hint


def test_local_needs_neither_key_nor_address(world: World):
    """It ignores both, and opens no connection."""
    client = world.client("local", api_key=None).client
    assert client.address is None
    assert client._transports.all == []


def test_use_after_close_is_a_configuration_error(world: World):
    """rerank, rerank_many and entering again are refused; closing twice is fine."""
    handle = world.client(handler=Script(falling))
    handle.close()
    handle.close()
    with pytest.raises(rc.ConfigurationError, match="closed"):
        handle.rerank("q", ["a"])
    with pytest.raises(rc.ConfigurationError, match="closed"):
        handle.client.rerank_many([])
    with pytest.raises(rc.ConfigurationError, match="closed"):
        world.run(handle.client.__aenter__() if hasattr(handle.client, "__aenter__") else handle.client.__enter__())
    assert "closed" in repr(handle.client)


def test_leaving_the_block_closes_client_and_transport():
    """Both context managers close, also when the block fails, and take the transport with them."""
    closed = []

    class Sync(httpx.BaseTransport):
        def close(self) -> None:
            closed.append("sync")

    class Async(httpx.AsyncBaseTransport):
        async def aclose(self) -> None:
            closed.append("async")

    async def run() -> None:
        async with rc.AsyncClient("gateflow", api_key=KEY, transport=Async()) as client:
            assert isinstance(client, rc.AsyncClient)

    with pytest.raises(ZeroDivisionError), rc.Client("gateflow", api_key=KEY, transport=Sync()):
        raise ZeroDivisionError
    asyncio.run(run())
    assert closed == ["sync", "async"]


def test_an_async_client_belongs_to_one_event_loop():
    """In a second asyncio.run it says so, in place of failing somewhere inside."""
    client = rc.AsyncClient("gateflow", api_key=KEY, transport=httpx.MockTransport(falling))
    asyncio.run(client.rerank("q", ["a"]))

    async def again() -> None:
        try:
            with pytest.raises(rc.ConfigurationError, match="event loop"):
                await client.rerank("q", ["a"])
        finally:
            await client.aclose()

    asyncio.run(again())


def test_cancelling_a_task_cancels_its_call():
    """asyncio's own cancellation goes through, and the place in the client is given back."""

    async def run() -> None:
        started = asyncio.Event()

        async def handler(request: httpx.Request) -> httpx.Response:
            if b"stuck" in request.content:
                started.set()
                await asyncio.Event().wait()
            return falling(request)

        transport = httpx.MockTransport(handler)
        async with rc.AsyncClient("gateflow", api_key=KEY, transport=transport, max_concurrency=1) as client:
            task = asyncio.create_task(client.rerank("stuck", ["a"]))
            await started.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert len((await client.rerank("q", ["a"])).results) == 1

    asyncio.run(run())


# The key


def everything_about(client: object) -> str:
    """All that somebody looking at a client could print."""
    parts = [repr(client), str(client), repr(vars(client))]
    parts += [f"{value!r}{value!s}" for value in vars(client).values()]
    parts += [repr(vars(value)) for value in vars(client).values() if hasattr(value, "__dict__")]
    return " ".join(parts)


def test_the_key_shows_in_nothing_of_a_client(world: World):
    """Neither repr nor str nor vars of the client or of its parts hold it."""
    handle = world.client(handler=Script(falling))
    response = handle.rerank("q", ["a"])
    assert KEY not in everything_about(handle.client)
    assert KEY not in repr(response)


@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
@pytest.mark.parametrize("key", [KEY, "shortkey", "k3y"])
def test_an_error_that_echoes_the_key_does_not_show_it(world: World, status, key, caplog):
    """Message, hint, code, request id, arguments, repr and traceback of the error are free of it, and so is the log."""
    caplog.set_level(logging.DEBUG)
    body = {"error": {"message": f"Invalid key: {key}!", "code": f"bad {key}"}, "id": key}
    script = Script(httpx.Response(status, json=body, headers={"x-request-id": key}))
    with pytest.raises(rc.RerankError) as info:
        world.client(handler=script, api_key=key, max_retries=0).rerank("q", ["a"])
    error = info.value
    shown = [error.message, error.hint, error.code, error.request_id, str(error), repr(error), repr(error.args)]
    shown += traceback.format_exception(error)
    assert key not in " ".join(filter(None, shown))
    assert "***" in error.message
    assert key not in caplog.text


@pytest.mark.parametrize("before", range(270, 310, 4))
def test_a_key_is_not_shown_in_part_where_a_sentence_is_cut(world: World, before):
    """A long message is shortened after the key was taken out of it, never through its middle."""
    for body in (
        {"message": "x" * before + " " + KEY},
        "<title>" + "y" * before + KEY,
        {"message": "m", "code": "c" * 90 + KEY},
    ):
        content = body if isinstance(body, str) else json.dumps(body)
        with pytest.raises(rc.RerankError) as info:
            world.client(handler=Script(httpx.Response(500, content=content)), max_retries=0).rerank("q", ["a"])
        assert KEY[:4] not in f"{info.value}{info.value.code}"


@pytest.mark.parametrize("body", [f"<html><title>{KEY}</title></html>", f"plain {KEY}", json.dumps([KEY]), KEY])
def test_a_body_of_any_shape_that_echoes_the_key_does_not_show_it(world: World, body):
    """Web pages, texts and lists are cleaned as well."""
    for status in (200, 502):
        with pytest.raises(rc.RerankError) as info:
            world.client(handler=Script(httpx.Response(status, content=body)), max_retries=0).rerank("q", ["a"])
        assert KEY not in str(info.value)


def test_an_answer_that_echoes_the_key_does_not_keep_it(world: World):
    """raw, the request's id and every warning of a success are free of it."""
    body = ok([0.5], note={"you_sent": [f"Bearer {KEY}"], KEY: 1}, id=KEY).json()
    body["gateflow"] = {"request_id": f"req-{KEY}", "routing": {"fallback_used": True, "selected_model": f"m-{KEY}"}}
    response = world.client(handler=Script(httpx.Response(200, json=body))).rerank("q", ["a"])
    assert KEY not in repr(response)
    assert response.raw["note"] == {"you_sent": ["Bearer ***"], "***": 1}


def test_a_failed_connection_does_not_show_the_key(world: World):
    """Whatever an exception of the transport says, the error is clean, and drags no frame with a key along."""
    with pytest.raises(rc.ConnectionFailedError) as info:
        world.client(handler=Script(httpx.ConnectError(f"proxy said {KEY}")), max_retries=0).rerank("q", ["a"])
    assert KEY not in str(info.value)
    trace = traceback.TracebackException.from_exception(info.value, capture_locals=True)
    assert KEY not in "".join(line for line in trace.format() if "tests/" not in line)


def test_an_index_or_a_score_that_is_the_key_is_not_shown(world: World):
    """The sentence of a BadResponseError quotes what was wrong, and never a key."""
    for row in ({"index": KEY, "relevance_score": 1}, {"index": 0, "relevance_score": KEY}):
        for key in (KEY, "k3y"):
            body = json.dumps({"results": [row]}).replace(KEY, key)
            with pytest.raises(rc.BadResponseError) as info:
                world.client(handler=Script(httpx.Response(200, content=body)), api_key=key).rerank("q", ["a"])
            assert key not in str(info.value)


def test_an_ordinary_word_as_a_key_leaves_an_answer_alone(world: World):
    """In a success, a key of fewer than eight characters is taken for a coincidence."""
    body = ok([0.5], id="test").json()
    del body["gateflow"]["request_id"]
    assert (
        world.client(handler=Script(httpx.Response(200, json=body)), api_key="test").rerank("q", ["a"]).request_id
        == "test"
    )


def test_prices_can_be_the_callers_own(world: World):
    """A cost that the provider does not report is computed from the table that the client was given."""
    table = rc.PriceTable.default().with_price("gateflow", "rerank-english-v3.0", 5)
    client = world.client(handler=Script(ok([0.5], total=None)), prices=table, _timing=FakeTime().timing)
    assert str(client.rerank("q", ["a"]).cost.amount) == "0.005"


def test_a_key_that_stands_in_a_document_does_not_move_it(world: World):
    """FlashRank's order is matched by text: a document that holds the key keeps its place, and raw does not show it."""

    def reversed_order(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"reranked_candidates": json.loads(request.content)["candidates"][::-1]})

    documents = ["one", "two", f"Use {KEY} to sign in"]
    response = world.client("flashrank", reversed_order).rerank("q", documents)
    assert [row.index for row in response.results] == [2, 1, 0]
    assert response.warnings == ()
    assert KEY not in json.dumps(response.raw)
