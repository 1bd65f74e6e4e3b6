"""A rerank service on loopback for the tests of the pages: it answers well, or badly in the way its address names.

`{url}/ok` is a base address that works with the key GOOD_KEY; `{url}/html`, `{url}/held` and the others each have
one fault.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any

from tests.support.gate import Gate
from tests.support.loopback import Loopback, Received, answers

GOOD_KEY = "gw_prod_0123456789abcdef"
HTML = b"<html><body><h1>Welcome to nginx</h1><img src='http://evil.test/x.png'></body></html>"


def good_reply(body: dict[str, Any], request_id: str = "req_42") -> dict[str, Any]:
    """An answer as the service gives it, in either of the two dialects: the last document is the best."""
    if "candidates" in body:
        return {"reranked_candidates": body["candidates"][::-1]}
    count = len(body.get("documents") or body["texts"])
    rows = [{"index": count - 1 - place, "relevance_score": round(0.9 / (place + 1), 4)} for place in range(count)]
    return {
        "id": "rerank-1",
        "results": rows,
        "meta": {"billed_units": {"search_units": 1}},
        "gateflow": {"request_id": request_id, "provider": "cohere", "latency_ms": 12, "cost": {"total": 0.001}},
    }


def error_body(message: str, code: str) -> dict[str, Any]:
    """A refusal in the service's own form."""
    return {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": None}}


_MOODS: dict[str, Callable[[dict[str, Any]], tuple[int, object]]] = {
    "ok": lambda body: (200, good_reply(body)),
    "no-units": lambda body: (200, {"results": good_reply(body)["results"]}),
    "units-only": lambda body: (200, {k: v for k, v in good_reply(body).items() if k != "gateflow"}),
    "forbidden": lambda _body: (403, error_body("This key may not use ![x](http://evil.test/x.png).", "forbidden")),
    "html": lambda _body: (200, HTML),
    "not-found": lambda _body: (404, HTML),
    "moved": lambda _body: (302, b""),
    "broke": lambda _body: (402, error_body("Your credit is used up.", "insufficient_credit")),
    "failing": lambda _body: (500, error_body("Internal error.", "internal")),
}


class RerankService(Loopback):
    """The server itself, for use in a `with`. A request to `held` waits at the `gate`, and is answered well then."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()
        self.script(_answer)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.open()
        super().__exit__(kind, error, trace)


def _answer(server: Loopback, connection: socket.socket, received: Received) -> None:
    assert isinstance(server, RerankService)
    mood = received.path.split("/")[1]
    if mood == "held":
        server.gate.hold()
        mood = "ok"
    status, body = _MOODS[mood](received.json)
    if mood == "ok" and received.headers.get("authorization") != f"Bearer {GOOD_KEY}":
        status, body = 401, error_body("The key is not known.", "invalid_api_key")
    kind = "text/html" if isinstance(body, bytes) else "application/json"
    elsewhere = {"location": "http://127.0.0.1:9/"} if status == 302 else {}
    answers(status, body, content_type=kind, **elsewhere)(server, connection, received)
