"""Which error a failure becomes: the provider's own code first, then the status; in every shape of error body."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

import rerank_core as rc
from tests.support.both import KEY, FakeTime, Script, World, error, falling, ok

FREE_TIME = FakeTime().timing


def caught(world: World, response: Any, provider: str = "gateflow", **options: Any) -> rc.RerankError:
    """The one error that a reply leads to, with no retry."""
    script = Script(response)
    with pytest.raises(rc.RerankError) as info:
        world.client(provider, script, max_retries=0, **options).rerank("q", ["a", "b"])
    assert len(script.requests) == 1
    return info.value


BY_CODE = [
    (400, "invalid_documents", rc.InvalidDocumentsError, False),
    (400, "query_too_long", rc.QueryTooLongError, False),
    (400, "too_many_documents", rc.TooManyDocumentsError, False),
    (400, "invalid_query", rc.InvalidQueryError, False),
    (401, "invalid_api_key", rc.AuthenticationError, False),
    (403, "model_not_allowed", rc.PermissionDeniedError, False),
    (404, "model_not_found", rc.ModelNotFoundError, False),
    (400, "INPUT_MODEL_NOT_FOUND", rc.ModelNotFoundError, False),
    (429, "rate_limit_exceeded", rc.RateLimitedError, True),
    (503, "provider_unavailable", rc.ProviderError, True),
    (502, "provider_error", rc.ProviderError, True),
    (403, "AUTHZ_INSUFFICIENT_BALANCE", rc.QuotaExceededError, False),
    (429, "cost_limit_exceeded", rc.QuotaExceededError, False),
    (429, "insufficientQuota", rc.QuotaExceededError, False),
    # where code and status disagree, the code decides
    (500, "invalid_documents", rc.InvalidDocumentsError, False),
    (503, "query_too_long", rc.QueryTooLongError, False),
    (429, "invalid_api_key", rc.AuthenticationError, False),
    (400, "rate_limit_exceeded", rc.RateLimitedError, True),
    (400, "provider_unavailable", rc.ProviderError, True),
    (500, "429", rc.RateLimitedError, True),
    # a code that says nothing leaves it to the status
    (400, "some_new_code", rc.InvalidRequestError, False),
    (500, "some_new_code", rc.ProviderError, True),
    (429, "some_new_code", rc.RateLimitedError, True),
]


@pytest.mark.parametrize(("status", "code", "kind", "retryable"), BY_CODE)
def test_the_code_decides_before_the_status(world: World, status, code, kind, retryable):
    """Each known code gives its error whatever the status; an unknown one leaves it to the status."""
    found = caught(world, error(status, code, "Something is wrong."))
    assert type(found) is kind
    assert (found.code, found.status, found.retryable) == (code, status, retryable)
    assert "Something is wrong." in found.message
    assert found.request is not None
    assert found.request.query == "q"


BY_STATUS = [
    (301, rc.ProviderError, False),
    (302, rc.ProviderError, False),
    (304, rc.ProviderError, False),
    (308, rc.ProviderError, False),
    (400, rc.InvalidRequestError, False),
    (401, rc.AuthenticationError, False),
    (402, rc.QuotaExceededError, False),
    (403, rc.PermissionDeniedError, False),
    (404, rc.ConfigurationError, False),
    (405, rc.ConfigurationError, False),
    (408, rc.RequestTimeoutError, True),
    (409, rc.InvalidRequestError, False),
    (413, rc.TooManyDocumentsError, False),
    (418, rc.InvalidRequestError, False),
    (422, rc.InvalidRequestError, False),
    (429, rc.RateLimitedError, True),
    (498, rc.AuthenticationError, False),
    (500, rc.ProviderError, True),
    (501, rc.ProviderError, False),
    (502, rc.ProviderError, True),
    (503, rc.ProviderError, True),
    (504, rc.ProviderError, True),
    (505, rc.ProviderError, False),
]


@pytest.mark.parametrize("content", [b"", b"<html><head><title>Oops</title></head></html>", b'{"x": 1}', b"oops"])
@pytest.mark.parametrize(("status", "kind", "retryable"), BY_STATUS)
def test_without_a_code_the_status_decides(world: World, status, kind, retryable, content):
    """Empty bodies, web pages and JSON that says nothing leave it to the status."""
    found = caught(world, httpx.Response(status, content=content))
    assert type(found) is kind
    assert (found.status, found.retryable) == (status, retryable)
    assert found.code == kind.default_code
    assert str(status) in found.message
    assert found.hint
    assert "<html" not in str(found)


SHAPES = [
    ({"error": {"message": "It broke", "code": "c7"}}, "It broke", "c7"),
    ({"error": {"message": "It broke", "code": 7}}, "It broke", "7"),
    ({"error": {"message": "It broke", "code": None, "type": "t"}}, "It broke", None),
    ({"error": {"message": "It broke"}, "code": "outer"}, "It broke", "outer"),
    ({"error": "It broke", "error_type": "Validation"}, "It broke", None),
    ({"message": "It broke"}, "It broke", None),
    ({"message": "It broke", "code": "c7", "object": "error", "type": "BadRequest"}, "It broke", "c7"),
    ({"detail": "It broke"}, "It broke", None),
    ({"detail": [{"loc": ["body"], "msg": "It broke", "type": "missing"}]}, "It broke", None),
    ({"detail": {"message": "It broke", "code": "c7"}}, "It broke", "c7"),
    ({"errors": ["It broke", "badly"]}, "It broke; badly", None),
    ({"title": "It broke", "status": 400}, "It broke", None),
    (["It broke"], "It broke", None),
    ("It broke", "It broke", None),
    ({"error": {"status": "INVALID_ARGUMENT", "message": "It broke"}}, "It broke", None),
    ({"error": {"message": {"message": "It broke"}}}, "It broke", None),
]


@pytest.mark.parametrize(("body", "message", "code"), SHAPES, ids=lambda value: json.dumps(value)[:40])
def test_every_shape_of_an_error_body_is_understood(world: World, body, message, code):
    """The provider's own words and code are found wherever services put them."""
    found = caught(world, httpx.Response(400, json=body))
    assert type(found) is rc.InvalidRequestError
    assert message in found.message
    assert found.code == (code or "invalid_request")


def test_a_bare_text_and_a_long_one_become_one_line(world: World):
    """Plain text is quoted, without control characters and at bearable length."""
    assert "no healthy upstream" in caught(world, httpx.Response(503, text="no healthy\n\x00upstream")).message
    long = caught(world, httpx.Response(503, json={"message": "word " * 5000}))
    assert len(long.message) < 400
    assert long.message.isprintable()


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (402, {"message": "Please pay"}),
        (429, {"error": {"code": None, "message": "You have exceeded your monthly budget"}}),
        (429, {"error": {"code": "rate_limit_exceeded", "message": "Daily cost limit reached"}}),
        (429, {"message": "Quota exceeded for this project"}),
        (429, {"detail": "Not enough credits"}),
        (429, {"error": {"message": "nope", "type": "insufficient_quota", "code": None}}),
        (429, {"error": {"message": "nope", "code": "BALANCE_TOO_LOW"}}),
        (429, "your balance is 0"),
    ],
    ids=str,
)
def test_spent_money_is_a_quota_error_and_is_never_retried(world: World, status, body):
    """402, and a 429 whose code or message speaks of cost, budget, quota, credit or balance."""
    script = Script(httpx.Response(status, json=body, headers={"retry-after": "0"}))
    with pytest.raises(rc.QuotaExceededError) as info:
        world.client(handler=script, max_retries=5).rerank("q", ["a"])
    assert len(script.requests) == 1
    assert not info.value.retryable


def test_a_load_balancer_is_no_balance(world: World):
    """Only whole words count, so that an ordinary rate limit stays one."""
    for said in ("The load balancer is busy", "Accredited callers only", "costly requests are slowed"):
        assert type(caught(world, httpx.Response(429, json={"message": said}))) is rc.RateLimitedError


def test_a_404_is_a_model_only_where_the_body_says_so(world: World):
    """A 404 that speaks of a model is a missing model; any other is a wrong address, and names it."""
    missing = caught(
        world, httpx.Response(404, json={"message": "model 'x' not found, make sure the spelling is right"})
    )
    assert type(missing) is rc.ModelNotFoundError
    assert type(caught(world, httpx.Response(404, text="No such model"))) is rc.ModelNotFoundError
    for response in (
        httpx.Response(404, json={"detail": "Not Found"}),
        httpx.Response(404, text="404 page not found"),
        httpx.Response(404),
        httpx.Response(404, html="<title>404</title> a remodelled page"),
    ):
        found = caught(world, response, base_url="https://gw.example/v1")
        assert type(found) is rc.ConfigurationError
        assert "https://gw.example/v1/rerank" in found.hint


def test_a_redirect_is_not_followed_and_says_to_check_the_address(world: World):
    """A 3xx is a ProviderError after one attempt, and the key goes nowhere else."""
    script = Script(httpx.Response(307, headers={"location": "https://elsewhere.example/v1/rerank?token=abc"}))
    with pytest.raises(rc.ProviderError) as info:
        world.client(handler=script, max_retries=5).rerank("q", ["a"])
    assert len(script.requests) == 1
    assert "address" in info.value.hint
    assert "elsewhere.example" in info.value.hint
    assert "abc" not in info.value.hint


INSIDE = [
    ({"error": {"message": "m", "code": "rate_limit_exceeded"}}, rc.RateLimitedError, True),
    ({"error": {"message": "m", "code": "invalid_documents"}}, rc.InvalidDocumentsError, False),
    ({"error": {"message": "m", "code": "provider_unavailable"}}, rc.ProviderError, True),
    ({"error": {"message": "m", "code": "invalid_api_key"}}, rc.AuthenticationError, False),
    ({"error": {"message": "m", "code": 429}}, rc.RateLimitedError, True),
    ({"error": {"message": "m", "code": "503"}}, rc.ProviderError, True),
    ({"error": {"message": "m", "code": 400}}, rc.InvalidRequestError, False),
    ({"error": {"message": "m", "code": "budget_exceeded"}}, rc.QuotaExceededError, False),
    ({"error": {"message": "Monthly budget is spent", "code": "rate_limit_exceeded"}}, rc.QuotaExceededError, False),
    ({"error": {"message": "m", "type": "rate_limit_error", "code": None}}, rc.RateLimitedError, True),
    ({"object": "error", "message": "m", "code": "rate_limit_exceeded"}, rc.RateLimitedError, True),
    ({"message": "m", "code": "model_not_found"}, rc.ModelNotFoundError, False),
    ({"error": "m"}, rc.BadResponseError, False),
    ({"error": {"message": "m"}}, rc.BadResponseError, False),
    ({"error": {"message": "m", "code": "who_knows"}}, rc.BadResponseError, False),
    ({"message": "m"}, rc.BadResponseError, False),
    ({"error": {"message": "m", "code": "rate_limit_exceeded"}, "results": []}, rc.RateLimitedError, True),
]


@pytest.mark.parametrize(
    ("body", "kind", "retryable"), INSIDE, ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else None
)
def test_an_error_inside_a_200_follows_its_code(world: World, body, kind, retryable):
    """It is an error of its code's kind, retried only where that code would be; without a code a BadResponseError."""
    script = Script(httpx.Response(200, json=body), falling)
    client = world.client(handler=script, max_retries=1, _timing=FREE_TIME)
    if retryable:
        assert client.rerank("q", ["a"]).results[0].index == 0
        assert len(script.requests) == 2
    else:
        with pytest.raises(kind) as info:
            client.rerank("q", ["a"])
        assert type(info.value) is kind
        assert info.value.status == 200
        said = body.get("error", body)
        assert (said if isinstance(said, str) else said["message"]) in info.value.message
        assert len(script.requests) == 1
    assert type(caught(world, httpx.Response(200, json=body))) is kind


GOOD = [{"index": 0, "relevance_score": 0.9}]
PARTIAL = [
    ({"errors": [{"message": "partial"}], "results": GOOD}, rc.BadResponseError, "partial"),
    ({"errors": [{"message": "m", "code": "model_not_found"}], "results": GOOD}, rc.ModelNotFoundError, "m"),
    ({"errors": ["one shard failed"], "message": "done", "results": GOOD}, rc.BadResponseError, "one shard failed"),
    ({"errors": {"message": "cut short"}, "results": GOOD}, rc.BadResponseError, "cut short"),
    ({"errors": 2, "message": "two failed", "results": GOOD}, rc.BadResponseError, "two failed"),
    ({"success": False, "results": GOOD}, rc.BadResponseError, "gave no reason"),
    ({"success": False, "message": "not today", "results": GOOD}, rc.BadResponseError, "not today"),
]


@pytest.mark.parametrize(
    ("body", "kind", "said"), PARTIAL, ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else None
)
def test_results_beside_errors_are_no_answer(world: World, body, kind, said):
    """A list of errors or a `success` of false makes a reply of success an error, with the words that came along."""
    error = caught(world, httpx.Response(200, json=body))
    assert type(error) is kind
    assert said in error.message


def test_an_empty_list_of_errors_beside_results_is_no_error(world: World):
    """Services that always send a list of errors and a success may send an empty list, null and true."""
    for beside in ({"errors": []}, {"errors": None}, {"errors": {}}, {"success": True}, {"success": None}):
        response = world.client(handler=Script(ok([0.4, 0.3], **beside))).rerank("q", ["a", "b"])
        assert len(response.results) == 2


def test_a_null_error_beside_results_is_no_error(world: World):
    """Services that always send an error field may send null, false or nothing in it."""
    for nothing in (None, "", {}, False):
        response = world.client(handler=Script(ok([0.4, 0.3], error=nothing))).rerank("q", ["a", "b"])
        assert len(response.results) == 2


def test_a_rate_limit_names_its_wait(world: World):
    """retry_after is what the reply asked for, in seconds, from either header; None where it asked for nothing."""
    assert caught(world, error(429, "rate_limit_exceeded", retry_after="7")).retry_after == 7.0
    assert caught(world, error(429, x_ratelimit_reset="12")).retry_after == 12.0
    assert caught(world, error(429)).retry_after is None


def test_the_providers_id_of_the_request_is_kept(world: World):
    """It comes from the body, else from a header."""
    body = {"error": {"message": "m", "code": "x"}, "gateflow": {"request_id": "req_9"}}
    assert caught(world, httpx.Response(500, json=body)).request_id == "req_9"
    assert caught(world, error(500, x_request_id="req_8")).request_id == "req_8"
    assert caught(world, httpx.Response(200, json={"id": "r"}, headers={"x-request-id": "req_7"})).request_id == "req_7"


TRANSPORT = [
    (httpx.ConnectError("refused"), rc.ConnectionFailedError, True),
    (httpx.ReadError("reset"), rc.ConnectionFailedError, True),
    (httpx.WriteError("broken pipe"), rc.ConnectionFailedError, True),
    (httpx.CloseError("closed"), rc.ConnectionFailedError, True),
    (httpx.RemoteProtocolError("Server disconnected without sending a response."), rc.ConnectionFailedError, True),
    (httpx.ProxyError("407"), rc.ConnectionFailedError, True),
    (ConnectionResetError(104, "Connection reset by peer"), rc.ConnectionFailedError, True),
    (OSError("no route"), rc.ConnectionFailedError, True),
    (httpx.ConnectTimeout("slow"), rc.RequestTimeoutError, True),
    (httpx.ReadTimeout("slow"), rc.RequestTimeoutError, True),
    (httpx.WriteTimeout("slow"), rc.RequestTimeoutError, True),
    (httpx.PoolTimeout("slow"), rc.RequestTimeoutError, True),
    (TimeoutError("slow"), rc.RequestTimeoutError, True),
    (httpx.UnsupportedProtocol("ftp"), rc.ConfigurationError, False),
    (httpx.LocalProtocolError("bad header"), rc.ConfigurationError, False),
    (httpx.DecodingError("not gzip"), rc.BadResponseError, False),
    (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), rc.ConnectionFailedError, False),
]


@pytest.mark.parametrize(("failure", "kind", "retryable"), TRANSPORT, ids=lambda value: repr(value)[:40])
def test_every_failure_of_the_transport_is_an_error_of_ours(world: World, failure, kind, retryable):
    """No exception of httpx or of the operating system reaches the caller, not even as a cause."""
    found = caught(world, failure)
    assert type(found) is kind
    assert (found.retryable, found.status) == (retryable, None)
    assert found.hint
    assert found.__cause__ is None
    assert found.__context__ is None


def test_every_httpx_error_is_covered():
    """Whatever request error httpx knows is turned into one of ours, those of later versions included."""

    def below(kind: type) -> set[type]:
        return {kind, *(sub for direct in kind.__subclasses__() for sub in below(direct))}

    for kind in below(httpx.RequestError) - {httpx.RequestError}:
        if kind.__module__ != "httpx":
            continue
        with (
            rc.Client(
                "gateflow", api_key=KEY, max_retries=0, transport=httpx.MockTransport(Script(kind("it broke")))
            ) as client,
            pytest.raises(rc.RerankError),
        ):
            client.rerank("q", ["a"])


@pytest.mark.parametrize("shape", ['{"message": %s}', '{"error": %s}', '{"detail": [%s]}', '{"results": [%s]}'])
@pytest.mark.parametrize("status", [200, 400])
def test_a_deeply_nested_reply_does_no_harm(world: World, shape, status):
    """Hundreds of levels are an error of ours, not a RecursionError."""
    nested = shape % ('{"message": ' * 400 + json.dumps(KEY) + "}" * 400)
    found = caught(world, httpx.Response(status, content=shape % nested))
    assert isinstance(found, rc.BadResponseError if status == 200 else rc.InvalidRequestError)
    assert KEY not in str(found)


def test_codes_and_ids_are_kept_short(world: World):
    """A code or an id of thousands of characters is cut, and stays on one line."""
    found = caught(world, httpx.Response(500, json={"code": "c\n" * 9999, "message": "m", "id": "i" * 9999}))
    assert len(found.code) <= 100
    assert "\n" not in found.code
    assert len(found.request_id or "") <= 100


def test_what_a_broken_or_empty_reply_is_called(world: World):
    """The sentence says so, and does not quote half a JSON document."""
    assert "no whole JSON" in caught(world, httpx.Response(200, content=b'{"results": [{"index"')).message
    assert "an empty reply" in caught(world, httpx.Response(200)).message
    assert "web page" in caught(world, httpx.Response(200, html="<html></html>")).message
    assert "web page" in caught(world, httpx.Response(200, content=b"\xef\xbb\xbf <!doctype html><p>x")).message
    assert "list of results" in caught(world, httpx.Response(200, json={"id": "x", "code": "fine"})).message
    assert "Bad gateway" in caught(world, httpx.Response(502, html="<title> Bad gateway </title>")).message


def test_a_bug_is_not_dressed_up_as_a_failed_request(world: World):
    """What a transport raises by mistake reaches the caller as it is."""
    with pytest.raises(ZeroDivisionError):
        world.client(handler=Script(lambda _: 1 / 0)).rerank("q", ["a"])


@pytest.mark.parametrize("provider", ["gateflow", "flashrank"])
def test_a_refused_key_names_its_variable(world: World, provider):
    """The hint of a 401 says which variable holds the key."""
    found = caught(world, httpx.Response(401), provider)
    assert rc.provider(provider).key_variable in found.hint


def test_every_error_says_what_to_do_next():
    """Each class has a sentence for a hint, a code of its own, and all that DESIGN promises of an error."""
    kinds = [
        value
        for name in rc.__all__
        if isinstance(value := getattr(rc, name), type) and issubclass(value, rc.RerankError)
    ]
    assert len(kinds) >= 16
    assert len({kind.default_code for kind in kinds}) == len(kinds)
    for kind in kinds:
        made = kind("It broke.")
        assert isinstance(made, rc.RerankError)
        assert made.hint.endswith((".", "!"))
        assert (made.message, made.status, made.request_id, made.request) == ("It broke.", None, None, None)
        assert isinstance(made.retryable, bool)
        assert made.hint in str(made)
