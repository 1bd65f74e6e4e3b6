"""Free memory goes back to the computer when more is held than before, and only then."""

from __future__ import annotations

import threading

from pages.components.server import memory
from pages.components.server.memory import GivingBack


def test_it_is_given_back_where_more_is_held() -> None:
    """After it was, nothing happens until more is held again."""
    held = [1000, 900]  # before and after the first time
    trimmed: list[int] = []
    giving = GivingBack(lambda: held[len(trimmed)], lambda: trimmed.append(1))
    assert giving.look()
    assert len(trimmed) == 1
    assert not giving.look()
    held[1:] = [950, 905]
    assert giving.look()
    assert len(trimmed) == 2


def test_this_process_can_or_says_that_it_cannot() -> None:
    """It ends when it is told to."""
    giving = memory.of_this_process()
    if giving is not None:
        assert giving.look()
        stop = threading.Event()
        stop.set()
        giving.until(stop)
