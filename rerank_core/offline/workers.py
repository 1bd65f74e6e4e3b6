"""Do one piece of work for each item on several threads, telling how far it has come."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import TypeVar

__all__ = ["cores", "paced", "run"]

Tick = Callable[[int], None]
Item = TypeVar("Item")

_REPORT_EVERY = 0.2  # seconds


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def paced(tick: Tick) -> Tick:
    """The same, but calls that come within 0.2 s of the last one, or of now, are left out."""
    last = monotonic()

    def sometimes(done: int) -> None:
        nonlocal last
        if monotonic() - last >= _REPORT_EVERY:
            tick(done)
            last = monotonic()

    return sometimes


class _Stopped(Exception):
    """Raised inside a worker between two pieces of an item once the whole run is to stop."""


def run(
    items: Sequence[Item],
    work: Callable[[Item, Callable[[], None]], None],
    *,
    threads: int | None = None,
    tick: Tick | None = None,
) -> None:
    """Call `work(item, checkpoint)` for every item, in order, on as many threads as there are cores.

    `tick(done)` is called from the calling thread, at most every 0.2 s, and once at the end. What it raises,
    and what `work` raises, ends the run: the other threads stop at their next item or `checkpoint()`, are
    waited for, and the exception goes to the caller.
    """
    threads = min(threads or cores(), len(items))
    stop = threading.Event()
    state = threading.Condition()
    taken = done = 0
    running = threads
    failure: BaseException | None = None

    def checkpoint() -> None:
        if stop.is_set():
            raise _Stopped

    def loop() -> None:
        nonlocal taken, done, running, failure
        try:
            while not stop.is_set():
                with state:
                    if taken == len(items):
                        break
                    place, taken = taken, taken + 1
                work(items[place], checkpoint)
                with state:
                    done += 1
        except _Stopped:
            pass
        except BaseException as error:  # it goes to the caller below
            failure = failure or error
            stop.set()
        finally:
            with state:
                running -= 1
                state.notify()

    workers = [threading.Thread(target=loop, name=f"embed-{place}", daemon=True) for place in range(threads)]
    try:
        for worker in workers:
            worker.start()
        reported = monotonic()
        while True:
            with state:
                state.wait_for(lambda: not running, timeout=max(0.0, reported + _REPORT_EVERY - monotonic()))
                finished, count = not running, done
            if finished:
                break
            if tick is not None:
                tick(count)
            reported = monotonic()
    finally:
        stop.set()
        for worker in workers:
            if worker.ident is not None:
                worker.join()
    if failure is not None:
        raise failure
    if tick is not None:
        tick(done)
