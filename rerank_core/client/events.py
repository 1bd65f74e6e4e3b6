"""What a call goes through, for whoever watches: log lines, a hook, and the attempts that stand in the answer.

Nothing in here ever holds a text or a key. The logger is `rerank_core`: one INFO line a call, DEBUG lines for its
attempts. The hook is for metrics and traces, such as a bridge to OpenTelemetry.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from rerank_core.errors import RerankError, reference
from rerank_core.models import Attempt, Cost, RerankRequest, RerankResponse

LOGGER = logging.getLogger("rerank_core")
LOGGER.addHandler(logging.NullHandler())


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """One moment of a call.

    `kind` is "started", "attempt" (one is over, and `attempt` says how), "answered" or "failed". `call` is the same
    number for all events of one call in this process. `documents` is how many the call ranks, `model` the one that is
    asked, or that answered. At the end `latency_ms` is of the whole call, `cost` what it cost and `code` the error's,
    which may be the provider's own; `error` is the library's code for that kind of error.
    """

    kind: Literal["started", "attempt", "answered", "failed"]
    call: int
    provider: str
    model: str | None
    documents: int
    attempt: Attempt | None = None
    latency_ms: float | None = None
    cost: Cost | None = None
    request_id: str | None = None
    code: str | None = None
    error: str | None = None


OnEvent: TypeAlias = Callable[[ClientEvent], object]

_counting = threading.Lock()
_calls = 0


def _next_call() -> int:
    global _calls
    with _counting:
        _calls += 1
        return _calls


class CallRecord:
    """What one call went through. Its requests report from several threads."""

    def __init__(
        self, provider: str, request: RerankRequest, on_event: OnEvent | None, clock: Callable[[], float]
    ) -> None:
        self._clock = clock
        self.began = clock()
        self._provider, self._model, self._documents = provider, request.model, request.size
        self._on_event = on_event
        self._call = _next_call()
        self._lock = threading.Lock()
        self._attempts: list[Attempt] = []
        if on_event is not None:
            self._tell(ClientEvent("started", self._call, provider, self._model, self._documents))

    @property
    def attempts(self) -> tuple[Attempt, ...]:
        """All so far, in the order in which they ended."""
        with self._lock:
            return tuple(self._attempts)

    @property
    def latency_ms(self) -> float:
        """How long the call has taken so far."""
        return (self._clock() - self.began) * 1000

    def add(self, attempt: Attempt) -> None:
        """An attempt is over."""
        with self._lock:
            self._attempts.append(attempt)
        if LOGGER.isEnabledFor(logging.DEBUG):
            LOGGER.debug(
                "attempt call=%d provider=%s documents=%d ms=%.0f outcome=%s%s%s%s",
                self._call,
                self._provider,
                attempt.documents,
                attempt.latency_ms,
                attempt.outcome,
                f" status={attempt.status}" if attempt.status is not None else "",
                f" code={attempt.code}" if attempt.code else "",
                f" again_in={attempt.again_in:.2f}s" if attempt.again_in is not None else "",
            )
        if self._on_event is not None:
            about = (self._call, self._provider, self._model, self._documents)
            self._tell(ClientEvent("attempt", *about, attempt=attempt))

    def answered(self, response: RerankResponse) -> None:
        """The call has its answer."""
        cost = response.cost
        if LOGGER.isEnabledFor(logging.INFO):
            LOGGER.info(
                "rerank call=%d provider=%s model=%s documents=%d attempts=%d ms=%.0f cost=%s",
                self._call,
                self._provider,
                response.model,
                self._documents,
                len(response.attempts),
                response.latency_ms,
                "unknown" if cost.amount is None else f"{cost.amount:f} {cost.currency} ({cost.basis})",
            )
        if self._on_event is not None:
            self._tell(
                ClientEvent(
                    "answered",
                    self._call,
                    self._provider,
                    response.model,
                    self._documents,
                    latency_ms=response.latency_ms,
                    cost=cost,
                    request_id=response.request_id,
                )
            )

    def failed(self, error: RerankError) -> None:
        """The call has come to nothing."""
        latency_ms = self.latency_ms
        LOGGER.info(
            "rerank call=%d provider=%s model=%s documents=%d attempts=%d ms=%.0f failed=%s reference=%s",
            self._call,
            self._provider,
            self._model,
            self._documents,
            len(error.attempts),
            latency_ms,
            error.code,
            reference(error),
        )
        if self._on_event is not None:
            about = (self._call, self._provider, self._model, self._documents)
            self._tell(
                ClientEvent(
                    "failed",
                    *about,
                    latency_ms=latency_ms,
                    request_id=error.request_id,
                    code=error.code,
                    error=error.default_code,
                )
            )

    def _tell(self, event: ClientEvent) -> None:
        assert self._on_event is not None
        try:
            self._on_event(event)
        except Exception:  # a call that may have been paid for does not end because somebody counts badly
            LOGGER.warning("on_event raised an exception; the call goes on.", exc_info=True)
