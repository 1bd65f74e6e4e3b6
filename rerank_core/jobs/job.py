"""One piece of work off the caller's thread: how far it is, how it ended, and the way to cancel it."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar, cast

from rerank_core.errors import RerankError, reference
from rerank_core.models import Cost

JobState = Literal["queued", "running", "done", "failed", "cancelled"]
T = TypeVar("T")

_log = logging.getLogger(__name__)


class Cancelled(Exception):
    """Raised inside a job's function at its next report after somebody cancelled the job."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """A snapshot of how far a job has come.

    `done` of `total` pieces (total 0: not known yet); `cost` of what has been answered so far; `note` a few
    words for a person; `started` the manager's clock when work began, None while queued; `elapsed` seconds
    since then (up to the end); `eta` the seconds left if the rest goes like the part behind us, None where
    that cannot be said.
    """

    done: int = 0
    total: int = 0
    cost: Cost | None = None
    note: str = ""
    started: float | None = None
    elapsed: float = 0.0
    eta: float | None = None

    @property
    def fraction(self) -> float:
        """`done` of `total` between 0 and 1; 0 while the total is not known."""
        return min(1.0, max(0.0, self.done / self.total)) if self.total > 0 else 0.0


class Job(Generic[T]):
    """One piece of work. Everything here may be read from any thread.

    `id` is the right to see the job: nobody can guess one that the manager made. `owner` is the person, or the
    session, whose turn in the queue the job takes. `title` says what kind of work it is, and `label` says it in
    words. `size` is how much it reads, in tokens of all its documents; 0 where that is next to nothing. `asked` is
    whatever the one who submitted it wants to find again with the job; whoever takes the result over sets it to None,
    and otherwise it goes together with the job. `number` tells the manager's jobs apart without the right to see them,
    and `submitted` is the manager's clock when the job came.
    """

    def __init__(  # noqa: PLR0913  # what there is to say of a job
        self,
        owner: str,
        title: str,
        clock: Callable[[], float] = time.monotonic,
        *,
        id: str | None = None,
        label: str = "",
        size: int = 0,
        asked: object = None,
        on_end: Callable[[], object] | None = None,
    ) -> None:
        self.id = id or secrets.token_urlsafe(16)
        self.owner = owner
        self.title = title
        self.label = label or title
        self.size = size
        self.asked = asked
        self.number = 0
        self.submitted = clock()
        self._on_end = on_end
        self._clock = clock
        self._lock = threading.Lock()
        self._finished = threading.Event()
        self._cancel = threading.Event()
        self._cancel_reason = ""
        self._on_cancel: list[Callable[[], object]] = []
        self._state: JobState = "queued"
        self._progress = JobProgress()
        self._started: float | None = None
        self._ended: float | None = None
        self._result: T | None = None
        self._error: BaseException | None = None

    def __repr__(self) -> str:
        # Without the id, which is the right to see the job, and without what was worked on.
        return f"<Job {self.title!r} {self.state}>"

    @property
    def state(self) -> JobState:
        """queued, running, done, failed or cancelled; the last three are for good."""
        with self._lock:
            return self._state

    @property
    def finished(self) -> bool:
        """Whether the job has come to an end, whichever."""
        return self._finished.is_set()

    @property
    def ended(self) -> float | None:
        """The manager's clock when the job came to its end; None before."""
        with self._lock:
            return self._ended

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked the job to stop; it may still be on its way to the next report."""
        return self._cancel.is_set()

    @property
    def cancel_reason(self) -> str:
        """Why somebody else asked the job to stop, as a sentence; empty where its own Cancel was pressed."""
        with self._lock:
            return self._cancel_reason

    @property
    def progress(self) -> JobProgress:
        """How far it has come, as of now."""
        with self._lock:
            last, started, ended = self._progress, self._started, self._ended
        if started is None:
            return last
        elapsed = max(0.0, (self._clock() if ended is None else ended) - started)
        left = last.total - last.done
        eta = elapsed * left / last.done if ended is None and last.done > 0 and left >= 0 else None
        return JobProgress(last.done, last.total, last.cost, last.note, started, elapsed, eta)

    @property
    def exception(self) -> BaseException | None:
        """What made the job fail; None otherwise. It carries no traceback, whose frames would hold the texts."""
        with self._lock:
            return self._error

    def result(self) -> T:
        """What the function returned.

        Raises the job's own exception where it failed, Cancelled where it was cancelled, and RerankError while
        it is not finished; `wait` first.
        """
        with self._lock:
            state, error = self._state, self._error
            if state == "done":
                return cast(T, self._result)
        if error is not None:
            raise error
        if state == "cancelled":
            raise Cancelled("The work was cancelled.")
        raise RerankError("The work is not finished yet.", hint="Wait for it.", code="job_running", retryable=True)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the job has ended, at most `timeout` seconds (None: for ever); whether it has."""
        return self._finished.wait(timeout)

    def cancel(self, reason: str = "") -> None:
        """Ask the job to stop. A queued job never starts; a running one stops at its next report.

        A function that returns all the same has finished its work, and its result is kept. `reason` is a sentence for
        whoever wanted the result, where it is not they who cancel; the first one counts.
        """
        with self._lock:
            if not self._cancel.is_set():
                self._cancel_reason = reason
            self._cancel.set()
            callbacks, self._on_cancel = self._on_cancel, []
            never_starts = self._state == "queued"
            if never_starts:
                self._end("cancelled")
        _run_all(callbacks)
        if never_starts:
            self._ended_now()

    def _begin(self) -> bool:
        with self._lock:
            if self._state != "queued":
                return False
            self._state, self._started = "running", self._clock()
            return True

    def _settle(self, state: JobState, result: T | None = None, error: BaseException | None = None) -> None:
        with self._lock:
            self._result, self._error = result, error
            self._end(state)
        self._ended_now()

    def _end(self, state: JobState) -> None:
        """Set the last state; the lock is held."""
        self._state, self._ended = state, self._clock()
        self._on_cancel.clear()

    def _ended_now(self) -> None:
        """Give back what the work held, then let those go on who wait; the lock is not held."""
        if self._on_end is not None:
            callback, self._on_end = self._on_end, None
            _run_all([callback])
        self._finished.set()


class JobContext:
    """What a job's function may know of its job."""

    def __init__(self, job: Job[Any]) -> None:
        self._job = job

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked the job to stop."""
        return self._job.cancel_requested

    def check(self) -> None:
        """Raise Cancelled where somebody asked the job to stop."""
        if self._job.cancel_requested:
            raise Cancelled("The work was cancelled.")

    def progress(self, done: int, total: int, cost: Cost | None = None, note: str | None = None) -> None:
        """Report `done` of `total` pieces; a cost or note left out stays as it was.

        Raises Cancelled where somebody asked the job to stop: let it pass, it ends the function. The report is
        kept first, so that what had been done and paid for by then is still shown.
        """
        job = self._job
        with job._lock:
            last = job._progress
            job._progress = JobProgress(
                done, total, last.cost if cost is None else cost, last.note if note is None else note
            )
        self.check()

    def on_cancel(self, callback: Callable[[], object]) -> None:
        """Call this once when the job is cancelled, such as a client's `close` to break off a waiting request.

        It runs on the thread that cancels, at once where the job has been cancelled already.
        """
        with self._job._lock:
            if not self._job.cancel_requested:
                self._job._on_cancel.append(callback)
                return
        _run_all([callback])


_current: ContextVar[Job[Any] | None] = ContextVar("rerank_job", default=None)


def current_job() -> Job[Any] | None:
    """The job whose work this thread does; None on every other thread."""
    return _current.get()


def run_job(job: Job[T], call: Callable[[], T]) -> None:
    """Do a job's work on this thread, unless it was cancelled before; whatever goes wrong belongs to the job."""
    if not job._begin():
        return
    before = _current.set(job)
    try:
        _run(job, call)
    finally:
        _current.reset(before)


def _run(job: Job[T], call: Callable[[], T]) -> None:
    try:
        result = call()
    except Cancelled:
        job._settle("cancelled")
    except BaseException as error:  # whatever it is, it belongs to the job and not to this thread
        if job.cancel_requested:
            job._settle("cancelled")  # breaking off a request makes it fail; that is not the job's fault
            return
        if not isinstance(error, RerankError):
            _log.exception("A job failed: %s, reference %s", job.title, reference(error))
        job._settle("failed", error=_without_frames(error))
    else:
        job._settle("done", result)


def _without_frames(error: BaseException) -> BaseException:
    """The same exception, it and its causes without tracebacks: frames would keep texts and keys in memory."""
    link: BaseException | None = error
    while link is not None and link.__traceback__ is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error


def _run_all(callbacks: list[Callable[[], object]]) -> None:
    for callback in callbacks:
        try:
            callback()
        except Exception:
            _log.exception("Something that should have run on cancel failed")
