"""How often a client sends: at most so many requests a minute, evenly spread."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Pace:
    """Gives each request its moment. `per_minute` None: at once. Safe under threads."""

    def __init__(self, per_minute: int | None, clock: Callable[[], float]) -> None:
        self._apart = 0.0 if per_minute is None else 60.0 / per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._next = float("-inf")

    def wait(self, ends_at: float) -> float | None:
        """Seconds until the next free moment, which is then taken; None, with nothing taken, where it is not before
        `ends_at` on the clock."""
        if not self._apart:
            return 0.0
        with self._lock:
            now = self._clock()
            moment = max(now, self._next)
            if moment >= ends_at:
                return None
            self._next = moment + self._apart
            return moment - now
