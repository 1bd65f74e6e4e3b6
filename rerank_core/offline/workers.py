"""Do one piece of work for each item on several threads, telling how far it has come."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Generic, TypeVar

from rerank_core.offline.turns import PROCESSORS, Claim, cores

Tick = Callable[[int], None]
Item = TypeVar("Item")

_REPORT_EVERY = 0.2  # seconds


def paced(tick: Tick) -> Tick:
    """The same, but calls that come within 0.2 s of the last one, or of now, are left out."""
    last = monotonic()

    def sometimes(done: int) -> None:
        nonlocal last
        if monotonic() - last >= _REPORT_EVERY:
            tick(done)
            last = monotonic()

    return sometimes


@contextmanager
def taking_turns(tick: Tick) -> Iterator[Tick]:
    """Compute on this thread with a turn at the processors; gives the tick to call between two texts, which lets those
    go first whose turn it is."""
    claim = Claim.of_this_thread()

    def between(done: int) -> None:
        PROCESSORS.pass_on(claim)
        tick(done)

    with PROCESSORS.turn(claim):
        yield between


@contextmanager
def indexing(on_progress: Callable[[int, int], None] | None = None) -> Iterator[Callable[[int, int], None]]:
    """Index texts on this thread with a turn at the processors; gives what `KeywordIndex.build` is to call as it goes,
    which lets those go first whose turn it is, and then tells `on_progress`."""
    with taking_turns(lambda _done: None) as between:

        def heard(done: int, total: int) -> None:
            between(done)
            if on_progress is not None:
                on_progress(done, total)

        yield heard


class _Stopped(Exception):
    """Raised inside a worker between two pieces of an item once the whole run is to stop."""


class _SharedWork(Generic[Item]):
    """Items that several threads take one after the other, until there are no more or one of them fails."""

    def __init__(self, items: Sequence[Item], work: Callable[[Item, Callable[[], None]], None], threads: int) -> None:
        self._items, self._work = items, work
        self._claim = Claim.of_this_thread()
        self._state = threading.Condition()
        self._taken, self._running = 0, threads
        self.done = 0
        self.failure: BaseException | None = None
        self.stop = threading.Event()

    def loop(self) -> None:
        """What each thread runs."""
        try:
            with PROCESSORS.turn(self._claim):
                while (number := self._take()) is not None:
                    self._work(self._items[number], self._checkpoint)
                    with self._state:
                        self.done += 1
                    PROCESSORS.pass_on(self._claim)
        except _Stopped:
            pass
        except BaseException as error:  # it goes to the caller of `run`
            self.failure = self.failure or error
            self.stop.set()
        finally:
            with self._state:
                self._running -= 1
                self._state.notify()

    def _take(self) -> int | None:
        with self._state:
            if self.stop.is_set() or self._taken == len(self._items):
                return None
            self._taken += 1
            return self._taken - 1

    def _checkpoint(self) -> None:
        if self.stop.is_set():
            raise _Stopped
        PROCESSORS.pass_on(self._claim)

    def wait(self, seconds: float) -> bool:
        """Whether all threads come to their end within so many seconds."""
        with self._state:
            return self._state.wait_for(lambda: not self._running, seconds)


def run(
    items: Sequence[Item],
    work: Callable[[Item, Callable[[], None]], None],
    *,
    threads: int | None = None,
    tick: Tick | None = None,
) -> None:
    """Call `work(item, checkpoint)` for every item, in order, on as many threads as there are cores. They wait
    for a turn at the processors (`turns`); between two items, and at `checkpoint()`, they let those go first whose turn
    it is.

    `tick(done)` is called from the calling thread, at most every 0.2 s, and once at the end. What it raises,
    and what `work` raises, ends the run: the other threads stop at their next item or `checkpoint()`, are
    waited for, and the exception goes to the caller.
    """
    count = min(threads or cores(), len(items))
    shared = _SharedWork(items, work, count)
    started = [threading.Thread(target=shared.loop, name=f"embed-{number}", daemon=True) for number in range(count)]
    try:
        for thread in started:
            thread.start()
        while not shared.wait(_REPORT_EVERY):
            if tick is not None:
                tick(shared.done)
    finally:
        shared.stop.set()
        for thread in started:
            if thread.ident is not None:
                thread.join()
    if shared.failure is not None:
        raise shared.failure
    if tick is not None:
        tick(shared.done)
