"""The two clients behind one face, a clock that only moves when told, and replies as GateFlow sends them."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

import httpx

import rerank_core as rc
from rerank_core.client.retry import Timing

KEY = "gw_prod_7d1f0a5c9be24e33"
Handler = Callable[[httpx.Request], httpx.Response]


class FakeTime:
    """Seconds that pass only when somebody waits or a test says so; `waits` holds every wait."""

    def __init__(self, *, chance: float = 0.5, now: float = 1_800_000_000.0) -> None:
        self.seconds, self.start, self.chance = 100.0, now, chance
        self.waits: list[float] = []

    def pass_by(self, seconds: float) -> None:
        self.seconds += seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds

    def now(self) -> float:
        return self.start + self.seconds - 100.0

    @property
    def timing(self) -> Timing:
        return Timing(clock=lambda: self.seconds, now=self.now, random=lambda: self.chance, sleep=self.sleep)


class Script:
    """A transport's handler that answers from a list, the last entry for ever, and keeps what it was sent."""

    def __init__(self, *answers: httpx.Response | Exception | Handler) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            return answer(request)
        # A response is read once, so a repeated one is made anew.
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(request.content) for request in self.requests]


def reply(
    scores: Sequence[float], *, top_n: int | None = None, units: float | None = 1, total: Any = 0.001, **more: Any
) -> dict[str, Any]:
    """A whole reply as GateFlow sends it, best first, with the score of each document in input order."""
    rows = sorted(
        ({"index": i, "relevance_score": s} for i, s in enumerate(scores)), key=lambda r: -r["relevance_score"]
    )
    body: dict[str, Any] = {
        "id": "rerank-1",
        "results": rows[:top_n],
        "meta": {} if units is None else {"billed_units": {"search_units": units}},
        "gateflow": {"request_id": "req_1", "provider": "cohere", "latency_ms": 145},
    }
    if total is not None:
        body["gateflow"]["cost"] = {"total": total}
    body.update(more)
    return body


def ok(scores: Sequence[float], **details: Any) -> httpx.Response:
    """A reply of success with these scores."""
    return httpx.Response(200, json=reply(scores, **details))


def falling(request: httpx.Request) -> httpx.Response:
    """Answers any request: the later a document stands, the better it scores."""
    body = json.loads(request.content)
    count = len(body["documents"])
    return ok([(place + 1) / (count + 1) for place in range(count)], top_n=body.get("top_n"))


def error(status: int, code: str | None = None, message: str = "It went wrong.", **headers: str) -> httpx.Response:
    """A reply of failure in GateFlow's shape."""
    body = {"error": {"message": message, "type": "some_error", "code": code, "param": None, "doc_url": "https://x"}}
    return httpx.Response(status, json=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


class Handle:
    """One client, whichever it is."""

    def __init__(self, client: Any, run: Callable[[Any], Any]) -> None:
        self.client, self._run = client, run

    def rerank(self, *args: Any, **details: Any) -> rc.RerankResponse:
        return self._run(self.client.rerank(*args, **details))

    def many(self, requests: Any, stop_after: int | None = None, found: list[Any] | None = None) -> list[Any]:
        """The outcomes in the order in which they came, also put into `found`; leaves the loop after `stop_after`."""
        found = [] if found is None else found
        if isinstance(self.client, rc.Client):
            for outcome in self.client.rerank_many(requests):
                found.append(outcome)
                if len(found) == stop_after:
                    break
            return found
        return self._run(self._collect(requests, stop_after, found))

    async def _collect(self, requests: Any, stop_after: int | None, found: list[Any]) -> list[Any]:
        async for outcome in self.client.rerank_many(requests):
            found.append(outcome)
            if len(found) == stop_after:
                break
        return found

    def close(self) -> None:
        self._run(self.client.close() if isinstance(self.client, rc.Client) else self.client.aclose())


class World(ABC):
    """Makes clients of one kind and closes them at the end."""

    kind: type

    def __init__(self) -> None:
        self.handles: list[Handle] = []

    @abstractmethod
    def run(self, value: Any) -> Any:
        """What a call gives, once an asynchronous one has been waited for."""

    def client(self, provider: Any = "gateflow", handler: Handler | None = None, **options: Any) -> Handle:
        """A client over the network, or over a handler in place of it."""
        options.setdefault("api_key", KEY)
        if handler is not None:
            options["transport"] = httpx.MockTransport(handler)
        handle = Handle(self.kind(provider, **options), self.run)
        self.handles.append(handle)
        return handle

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        for handle in self.handles:
            handle.close()


class SyncWorld(World):
    """`Client`."""

    kind = rc.Client

    def run(self, value: Any) -> Any:
        return value


class AsyncWorld(World):
    """`AsyncClient`, in an event loop of its own."""

    kind = rc.AsyncClient

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()

    def run(self, value: Any) -> Any:
        async def wait() -> Any:
            return await value

        return self.runner.run(wait())

    def __exit__(self, *error: type[BaseException] | BaseException | TracebackType | None) -> None:
        super().__exit__(*error)
        self.runner.close()
