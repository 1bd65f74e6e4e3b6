"""A rerank service on loopback for the tests of the pages: it answers well, or badly in the way its address names.

`{url}/ok` is a base address that works with the key GOOD_KEY; `{url}/html`, `{url}/slow` and the others each have
one fault. Every request that arrives is kept.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

GOOD_KEY = "gw_prod_0123456789abcdef"
HTML = "<html><body><h1>Welcome to nginx</h1><img src='http://evil.test/x.png'></body></html>"


@dataclass
class Service:
    """What the tests see of it: its address, and the (path, authorization, body) of each request so far."""

    url: str
    requests: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


def good_reply(body: dict[str, Any]) -> dict[str, Any]:
    """An answer as the service gives it, in either of the two dialects: the last document is the best."""
    if "candidates" in body:
        return {"reranked_candidates": body["candidates"][::-1]}
    count = len(body["documents"])
    rows = [{"index": count - 1 - place, "relevance_score": round(0.9 / (place + 1), 4)} for place in range(count)]
    return {
        "id": "rerank-1",
        "results": rows,
        "meta": {"billed_units": {"search_units": 1}},
        "gateflow": {"request_id": "req_42", "provider": "cohere", "latency_ms": 12, "cost": {"total": 0.001}},
    }


def error_body(message: str, code: str) -> dict[str, Any]:
    """A refusal in the service's own form."""
    return {"error": {"message": message, "type": "invalid_request_error", "code": code, "param": None}}


ANSWERS: dict[str, Callable[[dict[str, Any]], tuple[int, object]]] = {
    "ok": lambda body: (200, good_reply(body)),
    "no-units": lambda body: (200, {"results": good_reply(body)["results"]}),
    "units-only": lambda body: (200, {k: v for k, v in good_reply(body).items() if k != "gateflow"}),
    "forbidden": lambda _body: (403, error_body("This key may not use ![x](http://evil.test/x.png).", "forbidden")),
    "html": lambda _body: (200, HTML),
    "not-found": lambda _body: (404, HTML),
    "moved": lambda _body: (302, ""),
    "broke": lambda _body: (402, error_body("Your credit is used up.", "insufficient_credit")),
    "failing": lambda _body: (500, error_body("Internal error.", "internal")),
}


class RerankService:
    """The server itself, for use in a `with`; what it holds back as `slow` ends when it does."""

    def __enter__(self) -> Service:
        self._over = threading.Event()
        over = self._over

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                service.requests.append((self.path, self.headers.get("authorization", ""), body))
                name = self.path.split("/")[1]
                if name == "slow":
                    over.wait(30)
                    return
                status, answer = ANSWERS[name](body)
                if name == "ok" and self.headers.get("authorization") != f"Bearer {GOOD_KEY}":
                    status, answer = 401, error_body("The key is not known.", "invalid_api_key")
                text = answer if isinstance(answer, str) else json.dumps(answer)
                data = text.encode()
                self.send_response(status)
                self.send_header("content-type", "text/html" if isinstance(answer, str) else "application/json")
                self.send_header("content-length", str(len(data)))
                if status == 302:
                    self.send_header("location", "http://127.0.0.1:9/")
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        service = Service(f"http://127.0.0.1:{self._server.server_address[1]}")
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return service

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
