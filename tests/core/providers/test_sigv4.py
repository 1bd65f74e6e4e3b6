"""The signature of AWS against the examples that AWS publishes (the Signature Version 4 test suite)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

import rerank_core as rc
from rerank_core.providers.sigv4 import signature
from tests.support.both import FakeTime, Script, World

KEY = "AKIDEXAMPLE:wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
MOMENT = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)


@pytest.mark.parametrize(
    ("method", "address", "more", "body", "names", "proof"),
    [
        ("GET", "/", {}, b"", "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("POST", "/", {}, b"", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            {},
            b"",
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "POST",
            "/",
            {"Content-Type": "application/x-www-form-urlencoded"},
            b"Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "post-vanilla", "get-vanilla-query-order-key-case", "post-x-www-form-urlencoded"],
)
def test_the_published_examples(
    method: str, address: str, more: dict[str, str], body: bytes, names: str, proof: str
) -> None:
    """Credential, signed headers and signature are those of the suite."""
    headers = {"Host": "example.amazonaws.com", **more}
    url = f"https://example.amazonaws.com{address}"
    found = signature(KEY, method, url, headers, body, MOMENT, "us-east-1", "service")
    assert found["X-Amz-Date"] == "20150830T123600Z"
    assert found["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
        f"SignedHeaders={names}, Signature={proof}"
    )


def test_a_session_token_is_sent_and_signed() -> None:
    """It is one of the signed headers."""
    found = signature(f"{KEY}:token", "POST", "https://x.test/", {"Host": "x.test"}, b"", MOMENT, "r", "s")
    assert found["X-Amz-Security-Token"] == "token"
    assert "x-amz-security-token" in found["Authorization"]


@pytest.mark.parametrize("wrong", ["one-part", ":secret", "access:", "access::token"])
def test_a_key_of_another_kind_is_told(wrong: str, world: World) -> None:
    """It is said what the key must look like, without showing it."""
    with pytest.raises(rc.ConfigurationError) as info:
        world.client("bedrock", Script(httpx.Response(200)), api_key=wrong).rerank("q", ["a"])
    assert "ACCESS_KEY_ID:SECRET_ACCESS_KEY" in info.value.hint
    assert wrong not in str(info.value)


def test_each_attempt_is_signed_by_itself(world: World) -> None:
    """A retry carries the time at which it goes out."""
    time = FakeTime()
    answer: Any = {"results": [{"index": 0, "relevanceScore": 0.5}]}
    script = Script(httpx.Response(503, headers={"retry-after": "5"}), httpx.Response(200, json=answer))
    world.client("bedrock", script, api_key=KEY, _timing=time.timing).rerank("q", ["a"])
    first, second = script.requests
    assert first.headers["x-amz-date"] != second.headers["x-amz-date"]
    assert first.headers["authorization"] != second.headers["authorization"]
    assert "/us-west-2/bedrock/aws4_request" in first.headers["authorization"]


def test_no_part_of_a_key_is_shown(world: World) -> None:
    """A server that quotes the secret alone does not get it into an error."""
    secret = KEY.partition(":")[2]
    script = Script(httpx.Response(403, json={"message": f"The secret {secret} is wrong."}))
    with pytest.raises(rc.PermissionDeniedError) as info:
        world.client("bedrock", script, api_key=KEY).rerank("q", ["a"])
    assert secret not in str(info.value)
    assert "***" in info.value.message


@pytest.mark.parametrize("region", ["evil.test/", "us west", "a.b"])
def test_a_region_cannot_change_the_host(region: str) -> None:
    """It is one word of the host's name."""
    with pytest.raises(rc.ConfigurationError):
        rc.Client("bedrock", api_key=KEY, options={"region": region})
