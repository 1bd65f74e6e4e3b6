"""A rerank service on loopback that fails, slows and drops at random, and keeps its own account of what it billed."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PRICE = Decimal("0.001")


class FlakyService:
    """For use in a `with`. Of every ten requests about six are answered, one of them late; the others end in a 500,
    a 429, or a connection that breaks before or after the work was done and billed.

    `log` has (query, request id, billed, kind) of each request in the order of its end. From the `hold_from`th request
    on, requests wait until `release` is set; `holding` counts those that wait. A `steady` one answers every request.
    """

    def __init__(self, seed: int = 1, hold_from: int | None = None, *, steady: bool = False) -> None:
        self._steady = steady
        self.log: list[tuple[str, str, bool, str]] = []
        self.hold_from = hold_from
        self.release = threading.Event()
        self._random = random.Random(seed)
        self._lock = threading.Condition()
        self._arrived = self._holding = 0

    @property
    def billed(self) -> Decimal:
        """All that it has billed."""
        with self._lock:
            return PRICE * sum(billed for _, _, billed, _ in self.log)

    @property
    def requests(self) -> Counter[str]:
        """How many requests it got for each query."""
        with self._lock:
            return Counter(query for query, _, _, _ in self.log)

    def wait_until_held(self, count: int) -> None:
        """Wait until so many requests are being held."""
        with self._lock:
            assert self._lock.wait_for(lambda: self._holding >= count, 30), self._holding

    def _arrive(self) -> tuple[int, str]:
        with self._lock:
            self._arrived += 1
            number = self._arrived
            kinds = ("answer", "late", "failed", "limited", "dropped", "billed and dropped")
            kind = self._random.choices(kinds, weights=(60, 10, 10, 5, 8, 7))[0]
            held = self.hold_from is not None and number >= self.hold_from and not self.release.is_set()
            self._holding += held
            self._lock.notify_all()
        if held:
            assert self.release.wait(60)
        if held or self._steady:
            kind = "answer"
        return number, kind

    def _note(self, query: str, name: str, billed: bool, kind: str) -> None:
        with self._lock:
            self.log.append((query, name, billed, kind))

    def __enter__(self) -> FlakyService:
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                number, kind = service._arrive()
                name = f"req_{number}"
                service._note(body["query"], name, kind in ("answer", "late", "billed and dropped"), kind)
                if kind == "late":
                    service.release.wait(0.02)
                if "dropped" in kind:
                    self.close_connection = True
                elif kind in ("failed", "limited"):
                    status = 500 if kind == "failed" else 429
                    self._reply(status, {"error": {"message": "Not now.", "code": kind}})
                else:
                    self._reply(200, _answer(body, name))

            def _reply(self, status: int, body: dict[str, Any]) -> None:
                data = json.dumps(body).encode()
                try:
                    self.send_response(status)
                    if status == 429:
                        self.send_header("retry-after", "0")
                    self.send_header("content-length", str(len(data)))
                    self.end_headers()
                    self.wfile.write(data)
                except OSError:
                    self.close_connection = True  # whoever asked was killed

            def log_message(self, format: str, *args: Any) -> None:
                """Keep quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _answer(body: dict[str, Any], name: str) -> dict[str, Any]:
    count = len(body["documents"])
    rows = [{"index": count - 1 - place, "relevance_score": round(0.9 / (place + 1), 6)} for place in range(count)]
    return {
        "id": name,
        "results": rows,
        "meta": {"billed_units": {"search_units": 1}},
        "gateflow": {"request_id": name, "cost": {"total": float(PRICE)}},
    }
