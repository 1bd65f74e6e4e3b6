"""Who still waits for a job: work that every follower has left is ended after a while, unless it was asked to go on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from rerank_core.errors import ConfigurationError
from rerank_core.jobs.job import Job

LEFT = "This ended, since the tab that it was started in was closed. Start it again."
_LOOK_SECONDS = 10.0


@dataclass(eq=False, slots=True)
class _Followed:
    followers: set[str]
    left: float | None = None  # the clock when it was first seen that nobody is there
    goes_on: bool = False


class Attendance:
    """Which followers, such as open tabs, wait for which jobs. Safe under threads.

    `is_there` says of a follower whether it is still there. A job that none of its followers is there for is
    cancelled `grace` seconds after that was first seen, so that a reload, whose new page follows the job too, or a
    connection that breaks for a moment ends nothing. A timer looks now and then while there is something to look
    after. A job that was never handed over with `begin` is left alone.
    """

    def __init__(
        self, is_there: Callable[[str], bool], *, grace: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if grace < 0:
            raise ConfigurationError("A time of grace cannot be below 0 seconds.", hint="Use 0 or more.")
        self._is_there, self._grace, self._clock = is_there, grace, clock
        self._lock = threading.Lock()
        # weakly: what the manager forgets goes, with its texts
        self._followed: WeakKeyDictionary[Job[Any], _Followed] = WeakKeyDictionary()
        self._timer: threading.Timer | None = None
        self._closed = False

    def begin(self, job: Job[Any], follower: str) -> None:
        """From now on this job is ended once all have left, of whom this is the first."""
        with self._lock:
            self._followed[job] = _Followed({follower})
            self._schedule()

    def join(self, job: Job[Any], follower: str) -> None:
        """One more waits for this job. Nothing happens where it goes on in any case."""
        with self._lock:
            if job in self._followed:
                self._followed[job].followers.add(follower)
                self._followed[job].left = None

    def goes_on(self, job: Job[Any]) -> bool | None:
        """Whether this job was asked to go on when everybody has left; None where it does in any case."""
        with self._lock:
            return self._followed[job].goes_on if job in self._followed else None

    def let_go_on(self, job: Job[Any], goes_on: bool) -> None:
        """Ask that this job goes on when everybody has left, or take that back."""
        with self._lock:
            if job in self._followed:
                self._followed[job].goes_on = goes_on

    def look(self) -> tuple[Job[Any], ...]:
        """End what everybody has left for long enough, and forget what has ended; gives what was ended."""
        ended = []
        with self._lock:
            now = self._clock()
            for job, one in list(self._followed.items()):
                if job.finished:
                    del self._followed[job]
                elif one.goes_on or any(self._is_there(follower) for follower in one.followers):
                    one.left = None
                elif one.left is None:
                    one.left = now
                if job in self._followed and one.left is not None and now - one.left >= self._grace:
                    del self._followed[job]
                    ended.append(job)
        for job in ended:
            job.cancel(LEFT)
        return tuple(ended)

    def close(self) -> None:
        """Look no more."""
        with self._lock:
            self._closed = True
            if self._timer is not None:
                self._timer.cancel()

    def _schedule(self) -> None:
        """See to it that somebody looks; the lock is held."""
        if self._timer is None and not self._closed and self._followed:
            self._timer = threading.Timer(max(1.0, min(_LOOK_SECONDS, self._grace / 4)), self._look_by_itself)
            self._timer.daemon = True
            self._timer.start()

    def _look_by_itself(self) -> None:
        try:
            self.look()
        finally:
            with self._lock:
                self._timer = None
                self._schedule()
