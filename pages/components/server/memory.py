"""Memory that is free goes back to the computer, which the C library would keep for later."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable
from pathlib import Path

_EVERY_SECONDS = 10.0
_GROWN = 1.02  # times what was held after the last time
_STATUS = Path("/proc/self/statm")


class GivingBack:
    """Gives free memory back now and then, where more is held than after the last time.

    `held` says how many pages of memory the process holds, `trim` gives back what is free.
    """

    def __init__(self, held: Callable[[], int], trim: Callable[[], object]) -> None:
        self._held, self._trim = held, trim
        self._last = 0

    def look(self) -> bool:
        """Give back what is free, if it is time to; whether it was."""
        if self._held() <= self._last * _GROWN:
            return False
        self._trim()
        self._last = self._held()
        return True

    def until(self, stop: threading.Event) -> None:
        """Look now and then until that is set."""
        while not stop.wait(_EVERY_SECONDS):
            self.look()


def of_this_process() -> GivingBack | None:
    """For this process; None on a computer where that is not known how, which is any without glibc."""
    try:
        trim = ctypes.CDLL("libc.so.6").malloc_trim
        _pages()
    except (OSError, AttributeError, ValueError, IndexError):
        return None
    return GivingBack(_pages, lambda: trim(0))


def _pages() -> int:
    return int(_STATUS.read_text().split()[1])
