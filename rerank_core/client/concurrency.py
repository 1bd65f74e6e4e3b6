"""Running several jobs at once and handing back what they come to, as they finish."""

from __future__ import annotations

import asyncio
import contextvars
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
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")
_GRACE = 1.0  # seconds to wait for threads whose work cannot be cut short, such as that of a foreign transport


class CancelToken:
    """Stops work under way: closing a client, leaving a loop early, the failure of a neighbour.

    `cancel` calls everything that is being watched, and every child of this token.
    """

    def __init__(self) -> None:
        self.cancelled = False
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._watched: dict[_Watching, Callable[[], None]] = {}

    def cancel(self) -> None:
        """Stop everything; doing it twice does no harm."""
        with self._lock:
            self.cancelled = True
            self._wake.set()
            for stop in self._watched.values():
                stop()

    def wait(self, seconds: float) -> None:
        """Sleep, unless and until the token is cancelled."""
        self._wake.wait(seconds)

    def watching(self, stop: Callable[[], None]) -> _Watching:
        """Have `stop` called, from the cancelling thread, if the token is cancelled while the block runs."""
        return _Watching(self, stop)

    @contextmanager
    def child(self) -> Iterator[CancelToken]:
        """A token of its own for the work of the block: cancelled with this one, and when the block ends."""
        inner = CancelToken()
        with self.watching(inner.cancel):
            try:
                yield inner
            finally:
                inner.cancel()


class _Watching:
    """The block of `CancelToken.watching`."""

    __slots__ = ("_stop", "_token")

    def __init__(self, token: CancelToken, stop: Callable[[], None]) -> None:
        self._token, self._stop = token, stop

    def __enter__(self) -> None:
        token = self._token
        with token._lock:
            token._watched[self] = self._stop
            if token.cancelled:
                self._stop()

    def __exit__(self, *error: object) -> None:
        token = self._token
        with token._lock:
            del token._watched[self]


Job: TypeAlias = Callable[[CancelToken], T]
AsyncJob: TypeAlias = Callable[[], Coroutine[Any, Any, T]]


class _JobSource(Generic[T]):
    """How far an iterable has been read. One that fails has ended, and `failed` is its exception."""

    def __init__(self) -> None:
        self.ended = False
        self.failed: Exception | None = None

    def take(self, read: Callable[[], T]) -> T | None:
        """The next item, which `read` gives; None where that ends the source."""
        try:
            return read()
        except (StopIteration, StopAsyncIteration):
            self.ended = True
        except Exception as error:
            self.ended, self.failed = True, error
        return None


class _Workers(Generic[T]):
    """Threads that do jobs. One more is started for a job that finds all of them busy."""

    def __init__(self, token: CancelToken) -> None:
        self._token = token
        self._waiting: queue.SimpleQueue[Job[T] | None] = queue.SimpleQueue()
        self._finished: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self.under_way = 0

    def start(self, job: Job[T]) -> None:
        self._waiting.put(job)
        self.under_way += 1
        if self.under_way > len(self._threads):
            # in this thread's context, so that the local models know whose work it is
            run = contextvars.copy_context().run
            self._threads.append(threading.Thread(target=run, args=(self._work,), name="rerank-worker", daemon=True))
            self._threads[-1].start()

    def _work(self) -> None:
        while (job := self._waiting.get()) is not None:
            try:
                self._finished.put((job(self._token), None))
            except BaseException as error:  # handed to the caller's thread, which raises it
                self._finished.put((None, error))

    def has_finished(self) -> bool:
        """Whether the result of a job is there to be taken."""
        return not self._finished.empty()

    def result(self) -> T:
        """What the next job to finish returned; raises what it raised."""
        result, error = self._finished.get()
        self.under_way -= 1
        if error is not None:
            raise error
        return result  # type: ignore[return-value]  # None only where there is an error, or the job returns None

    def stop(self) -> None:
        """Send the threads home and wait for them, for a second at the most."""
        for _ in self._threads:
            self._waiting.put(None)
        give_up_at = time.monotonic() + _GRACE
        for thread in self._threads:
            thread.join(max(0.0, give_up_at - time.monotonic()))


def run_concurrently(jobs: Iterable[Job[T]], width: int, token: CancelToken) -> Generator[T, None, None]:
    """Run jobs on up to `width` threads and yield what they return, in the order in which they finish.

    The iterable is read in the caller's thread, never further ahead than `width` jobs beyond what has been
    yielded. What a job raises is raised here. Leaving early cancels the jobs' own token and waits for them.
    If the iterable itself fails, the jobs under way are finished and yielded before its exception is raised.
    """
    read, source = partial(next, iter(jobs)), _JobSource[Job[T]]()
    with token.child() as inner:
        workers = _Workers[T](inner)
        try:
            while True:
                while not source.ended and workers.under_way < width and not workers.has_finished():
                    if (job := source.take(read)) is not None:
                        workers.start(job)
                if not workers.under_way:
                    break
                yield workers.result()
            if source.failed is not None:
                raise source.failed
        finally:
            inner.cancel()
            workers.stop()


async def run_concurrently_async(
    jobs: Iterable[AsyncJob[T]] | AsyncIterable[AsyncJob[T]], width: int
) -> AsyncGenerator[T, None]:
    """What `run_concurrently` does, with up to `width` tasks of the running loop; an asynchronous iterable is read
    while jobs run, so a slow one does not hold up results."""
    finished: asyncio.Queue[asyncio.Task[Any]] = asyncio.Queue()
    tasks: set[asyncio.Task[Any]] = set()

    def start(work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(finished.put_nowait)
        return task

    items = aiter(jobs) if isinstance(jobs, AsyncIterable) else iter(jobs)
    source = _JobSource[AsyncJob[T]]()
    pull: asyncio.Task[Any] | None = None  # reads the next item of an asynchronous iterable
    under_way = 0
    try:
        while True:
            while not source.ended and pull is None and under_way < width and finished.empty():
                if isinstance(items, AsyncIterator):
                    pull = start(_next(items))
                elif (job := source.take(partial(next, items))) is not None:
                    start(job())
                    under_way += 1
            if not tasks:
                break
            task = await finished.get()
            tasks.discard(task)
            if task is not pull:
                under_way -= 1
                yield task.result()
                continue
            pull = None
            if (job := source.take(task.result)) is not None:
                start(job())
                under_way += 1
        if source.failed is not None:
            raise source.failed
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _next(items: AsyncIterator[T]) -> T:
    return await anext(items)
