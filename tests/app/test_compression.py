"""What a shared server sends is compressed once for each file, and nothing else is."""

from __future__ import annotations

import gzip

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from pages.components.server import compression, deployment

SCRIPT = b"const words = 'the same again and again';\n" * 100


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What has been compressed, in order, by a server that is shared."""
    monkeypatch.setattr(deployment, "shared", lambda: True)
    seen: list[bytes] = []
    compress = gzip.compress
    monkeypatch.setattr(compression.gzip, "compress", lambda data, *how, **more: seen.append(data) or compress(data))
    return seen


def client() -> TestClient:
    """A browser before a server with a script in two pieces, a font, a small text, and a secret answer."""

    async def script(_request: Request) -> Response:
        parts = iter([SCRIPT[:1000], SCRIPT[1000:]])
        return StreamingResponse(parts, media_type="text/javascript", headers={"etag": '"1"'})

    async def other(request: Request) -> Response:
        kind, size, cache = request.path_params["kind"], int(request.path_params["size"]), request.path_params["cache"]
        return Response(b"x" * size, media_type=kind.replace("-", "/"), headers={"cache-control": cache})

    routes = [Route("/script.js", script), Route("/{kind}/{size}/{cache}", other)]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(compression.Compressed)]))


def test_a_script_is_compressed_once_for_all_visitors(made: list[bytes]) -> None:
    """Each visitor gets the whole file in fewer bytes; caches on the way are told what it depends on."""
    with client() as browser:
        for _ in range(3):
            reply = browser.get("/script.js", headers={"accept-encoding": "br, gzip"})
            assert reply.content == SCRIPT
            assert reply.headers["content-encoding"] == "gzip"
            assert int(reply.headers["content-length"]) < len(SCRIPT) / 10
            assert reply.headers["vary"] == "Accept-Encoding"
            assert reply.headers["etag"] == 'W/"1"'
    assert made == [SCRIPT]


@pytest.mark.parametrize("headers", [{"accept-encoding": "identity"}, {"accept-encoding": "gzip;q=0"}])
def test_who_does_not_take_it_gets_the_file_as_it_is(made: list[bytes], headers: dict[str, str]) -> None:
    """So does somebody who asks for a part of the file."""
    with client() as browser:
        for more in ({}, {"range": "bytes=0-10", "accept-encoding": "gzip"}):
            reply = browser.get("/script.js", headers=headers | more)
            assert reply.content == SCRIPT
            assert "content-encoding" not in reply.headers
    assert made == []


@pytest.mark.parametrize("path", ["/font-woff2/9000/public", "/text-css/100/public", "/text-plain/9000/no-store"])
def test_fonts_small_answers_and_secrets_are_left_alone(made: list[bytes], path: str) -> None:
    """A font is compressed already, a small file gains nothing, and what may not be kept is nobody's business."""
    with client() as browser:
        reply = browser.get(path, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in reply.headers
    assert made == []


def test_what_is_kept_is_bounded(made: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the file that was used longest ago is compressed anew."""
    monkeypatch.setattr(compression, "_MOST_KEPT", 10)
    with client() as browser:
        for _ in range(2):
            assert browser.get("/script.js", headers={"accept-encoding": "gzip"}).content == SCRIPT
    assert len(made) == 2


def test_nothing_is_compressed_for_this_computer_alone(made: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    """There it would cost time and save none."""
    monkeypatch.setattr(deployment, "shared", lambda: False)
    with client() as browser:
        reply = browser.get("/script.js", headers={"accept-encoding": "gzip"})
    assert reply.content == SCRIPT
    assert "content-encoding" not in reply.headers
