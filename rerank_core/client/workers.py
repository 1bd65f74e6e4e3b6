"""Running several jobs at once and handing back what they come to, as they finish."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
)
from contextlib import contextmanager
from typing import Any, TypeVar

__all__ = ["Switch", "spread", "spread_async"]

T = TypeVar("T")
_GRACE = 1.0  # seconds to wait for threads whose work cannot be cut short, such as that of a foreign transport


class Switch:
    """Stops work under way: closing a client, leaving a loop early, the failure of a neighbour.

    `trip` calls everything that is being watched, and every switch made below this one.
    """

    def __init__(self) -> None:
        self.tripped = False
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._watched: dict[object, Callable[[], None]] = {}

    def trip(self) -> None:
        """Stop everything; doing it twice does no harm."""
        with self._lock:
            self.tripped = True
            self._wake.set()
            for stop in self._watched.values():
                stop()

    def wait(self, seconds: float) -> None:
        """Sleep, unless and until somebody trips the switch."""
        self._wake.wait(seconds)

    @contextmanager
    def watching(self, stop: Callable[[], None]) -> Iterator[None]:
        """Have `stop` called, from the tripping thread, if the switch trips while the block runs."""
        token = object()
        with self._lock:
            self._watched[token] = stop
            if self.tripped:
                stop()
        try:
            yield
        finally:
            with self._lock:
                del self._watched[token]

    @contextmanager
    def below(self) -> Iterator[Switch]:
        """A switch of its own for the work of the block: it trips with this one, and when the block ends."""
        inner = Switch()
        with self.watching(inner.trip):
            try:
                yield inner
            finally:
                inner.trip()


def spread(jobs: Iterable[Callable[[Switch], T]], width: int, switch: Switch) -> Generator[T, None, None]:
    """Run jobs on up to `width` threads and yield what they return, in the order in which they finish.

    The iterable is read in the caller's thread, never further ahead than `width` jobs beyond what has been
    yielded. What a job raises is raised here. Leaving early trips the jobs' own switch and waits for them.
    If the iterable itself fails, the jobs under way are finished and yielded before its exception is raised.
    """
    waiting: queue.SimpleQueue[Callable[[Switch], T] | None] = queue.SimpleQueue()
    finished: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
    threads: list[threading.Thread] = []

    with switch.below() as inner:

        def work() -> None:
            while (job := waiting.get()) is not None:
                try:
                    finished.put((job(inner), None))
                except BaseException as error:  # handed to the caller's thread, which raises it
                    finished.put((None, error))

        source, failed, under_way, open_end = iter(jobs), None, 0, True
        try:
            while True:
                while open_end and under_way < width and finished.empty():
                    try:
                        job = next(source)
                    except StopIteration:
                        open_end = False
                        break
                    except Exception as error:
                        failed, open_end = error, False
                        break
                    waiting.put(job)
                    under_way += 1
                    if under_way > len(threads):
                        threads.append(threading.Thread(target=work, name="rerank-worker", daemon=True))
                        threads[-1].start()
                if not under_way:
                    break
                result, broken = finished.get()
                under_way -= 1
                if broken is not None:
                    raise broken
                yield result  # type: ignore[misc]  # None only where there is an error, or the job returns None
            if failed is not None:
                raise failed
        finally:
            inner.trip()
            for _ in threads:
                waiting.put(None)
            patience = time.monotonic() + _GRACE
            for thread in threads:
                thread.join(max(0.0, patience - time.monotonic()))


async def spread_async(
    jobs: Iterable[Callable[[], Coroutine[Any, Any, T]]] | AsyncIterable[Callable[[], Coroutine[Any, Any, T]]],
    width: int,
) -> AsyncGenerator[T, None]:
    """What `spread` does, with up to `width` tasks of the running loop; an asynchronous iterable is read while
    jobs run, so a slow one does not hold up results."""
    events: asyncio.Queue[asyncio.Task[Any]] = asyncio.Queue()
    tasks: set[asyncio.Task[Any]] = set()

    def start(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(events.put_nowait)
        return task

    source = aiter(jobs) if isinstance(jobs, AsyncIterable) else iter(jobs)
    failed: Exception | None = None
    pull: asyncio.Task[Any] | None = None
    under_way, open_end = 0, True
    try:
        while True:
            while open_end and pull is None and under_way < width and events.empty():
                if isinstance(source, AsyncIterator):
                    pull = start(_next(source))
                    break
                try:
                    start(next(source)())
                    under_way += 1
                except StopIteration:
                    open_end = False
                except Exception as error:
                    failed, open_end = error, False
            if not tasks:
                break
            task = await events.get()
            tasks.discard(task)
            if task is not pull:
                under_way -= 1
                yield task.result()
                continue
            pull = None
            try:
                start(task.result()())
                under_way += 1
            except StopAsyncIteration:
                open_end = False
            except Exception as error:
                failed, open_end = error, False
        if failed is not None:
            raise failed
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _next(source: AsyncIterator[T]) -> T:
    return await anext(source)
