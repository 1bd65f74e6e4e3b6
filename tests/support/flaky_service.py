"""A rerank service on loopback that fails, slows and drops at random, and keeps its own account of what it billed."""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from decimal import Decimal

from tests.support.loopback import Loopback, Received, answers, hung_up
from tests.support.rerank_service import RerankService, good_reply

PRICE = Decimal("0.001")


class FlakyService(RerankService):
    """For use in a `with`. Of every ten requests about six are answered, one of them late; the others end in a 500,
    a 429, or a connection that breaks before or after the work was done and billed.

    `log` has (query, request id, billed, kind) of each request in the order of its end. From the `hold_from`th request
    on, requests wait at the `gate`, and are answered then. A `steady` one answers every request.
    """

    def __init__(self, seed: int = 1, hold_from: int | None = None, *, steady: bool = False) -> None:
        super().__init__()
        self.script(_answer)
        self.log: list[tuple[str, str, bool, str]] = []
        self._steady, self._hold_from = steady, hold_from
        self._random = random.Random(seed)
        self._account = threading.Lock()
        self._came = 0

    @property
    def billed(self) -> Decimal:
        """All that it has billed."""
        with self._account:
            return PRICE * sum(billed for _, _, billed, _ in self.log)

    @property
    def asked(self) -> Counter[str]:
        """How many requests it got for each query."""
        with self._account:
            return Counter(query for query, _, _, _ in self.log)

    def receive(self, query: str) -> tuple[str, str]:
        """The id of a request, and what becomes of it, once it need not wait any more."""
        with self._account:
            self._came += 1
            number = self._came
            kinds = ("answer", "late", "failed", "limited", "dropped", "billed and dropped")
            kind = self._random.choices(kinds, weights=(60, 10, 10, 5, 8, 7))[0]
        held = self._hold_from is not None and number >= self._hold_from and self.gate.hold()
        if held or self._steady:
            kind = "answer"
        name = f"req_{number}"
        with self._account:
            self.log.append((query, name, kind in ("answer", "late", "billed and dropped"), kind))
        return name, kind


def _answer(server: Loopback, connection: socket.socket, received: Received) -> None:
    assert isinstance(server, FlakyService)
    name, kind = server.receive(received.json["query"])
    if kind == "late":
        server.stop.wait(0.02)
    if "dropped" in kind:
        hung_up(server, connection, received)
    refusal = {"error": {"message": "Not now.", "code": kind}}
    status, body = {"failed": (500, refusal), "limited": (429, refusal)}.get(
        kind, (200, good_reply(received.json, name))
    )
    # One request a connection: one that had served before and ends at once looks as if it had ended before the request.
    headers = {"connection": "close", "retry_after": "0"} if kind == "limited" else {"connection": "close"}
    answers(status, body, **headers)(server, connection, received)
