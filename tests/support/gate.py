"""A place where work waits until a test lets it go on, so that no test depends on how fast the machine is."""

from __future__ import annotations

import threading

from rerank_core.jobs import JobContext

PATIENCE = 120.0
"""Seconds after which a test gives up on what does not happen."""


class Gate:
    """Closed until `open` is called: each thread that comes to `hold` waits there, those that come later do not."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_open = False
        self._came = 0

    def hold(self, context: JobContext | None = None) -> bool:
        """Wait here, on the thread that works; whether it had to. The Cancel of a job, of which this is the context,
        ends the wait, and the work with it."""
        if context is not None:
            context.on_cancel(self._look_again)
        with self._changed:
            self._came += 1
            self._changed.notify_all()
            waited = not self._is_open
            passed = self._changed.wait_for(
                lambda: self._is_open or (context is not None and context.cancelled), PATIENCE
            )
            assert passed, "The test never let the work go on"
        if context is not None:
            context.check()
        return waited

    def wait_until_held(self, count: int = 1) -> None:
        """Wait, in the test, until so many have come here."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._came >= count, PATIENCE), f"{self._came} came"

    def open(self) -> None:
        """Let all go on who wait here, or will come."""
        with self._changed:
            self._is_open = True
            self._changed.notify_all()

    @property
    def is_open(self) -> bool:
        """Whether nobody is held any more."""
        with self._changed:
            return self._is_open

    def _look_again(self) -> None:
        with self._changed:
            self._changed.notify_all()
