"""Where drafts of all sessions lie: in memory, within limits, the oldest forgotten first."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MAX_DRAFTS = 200
MAX_BYTES = 200_000_000
SECONDS = 12 * 3600.0


class DraftShelf:
    """The drafts of all sessions, each under its id; safe under threads. How many bytes one has is said by its owner.

    At most `most` of them and `most_bytes` in all are kept, each for `seconds`; `clock` gives the time in seconds.
    """

    def __init__(
        self,
        *,
        most: int = MAX_DRAFTS,
        most_bytes: int = MAX_BYTES,
        seconds: float = SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._most, self._most_bytes, self._seconds = most, most_bytes, seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, int, object]] = OrderedDict()

    def put(self, draft_id: str, value: object, size: int) -> bool:
        """Keep a value in place of the one with this id, and drop the oldest beyond the limits; whether it is kept."""
        now = self._clock()
        with self._lock:
            self._kept.pop(draft_id, None)
            if size > self._most_bytes:
                return False
            self._kept[draft_id] = (now, size, value)
            while self._is_full() or self._oldest() < now - self._seconds:
                self._kept.popitem(last=False)
            return True

    def get(self, draft_id: str) -> object:
        """The value under this id; None where there is none."""
        with self._lock:
            found = self._kept.get(draft_id)
            return None if found is None or found[0] < self._clock() - self._seconds else found[2]

    def _is_full(self) -> bool:
        return len(self._kept) > self._most or sum(size for _, size, _ in self._kept.values()) > self._most_bytes

    def _oldest(self) -> float:
        return next(iter(self._kept.values()))[0]
