"""Long work off the caller's thread: started, watched, cancelled, and forgotten after a while.

A job's function is an ordinary function whose first argument is a JobContext. It reports how far it has come,
and that report is also where a cancel reaches it. Threads are started when there is work and end when there
is none, so an idle manager holds nothing but the results it still remembers, and a timer to forget them.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

from rerank_core.errors import ConfigurationError, RerankError
from rerank_core.jobs.fairness import Fairness
from rerank_core.jobs.job import Job, JobContext, T, run_job


class JobManager:
    """Runs jobs on at most `workers` threads and remembers finished ones for a while.

    At most `keep` finished jobs are remembered, each for `max_age` seconds from its end or from when it was
    last asked for; then they go by themselves, with the texts that they hold. At most `max_waiting` jobs wait for a
    thread. Which job a free thread takes, and how many of one owner run at once, is `fairness`: short work comes
    first, then the owner who has the fewest running, then the one whose last turn is the longest ago, so that one
    person's long list does not hold up the others. `on_ended` is called with every job that had begun and has ended,
    for whoever counts them.
    """

    def __init__(
        self,
        *,
        workers: int = 4,
        fairness: Fairness | None = None,
        keep: int = 100,
        max_age: float = 3600.0,
        max_waiting: int = 200,
        clock: Callable[[], float] = time.monotonic,
        on_ended: Callable[[Job[Any]], object] | None = None,
    ) -> None:
        if workers < 1 or keep < 1 or max_waiting < 1 or max_age <= 0:
            raise ConfigurationError(
                "A job manager needs at least one worker, one place for a job, and a time to keep it.",
                hint="Use 1 or more for workers, keep and max_waiting, and a max_age above 0 seconds.",
            )
        self._workers, self._keep, self._max_age, self._max_waiting = workers, keep, max_age, max_waiting
        self._fairness = fairness or Fairness()
        self._clock = clock
        self._on_ended = on_ended
        self._lock = threading.Lock()
        self._jobs: dict[str, Job[Any]] = {}  # least recently asked for first
        self._seen: dict[str, float] = {}
        self._waiting: dict[Job[Any], Callable[[], Any]] = {}  # in the order in which they came
        self._running: list[Job[Any]] = []
        self._turns: dict[str, int] = {}  # by owner: how many jobs had begun when the last one of theirs did
        self._begun = self._submitted = 0
        self._threads: set[threading.Thread] = set()
        self._sweep: threading.Timer | None = None
        self._closed = False

    def submit(  # noqa: PLR0913  # all but the function are the Job's own
        self,
        fn: Callable[..., T],
        /,
        *args: Any,
        owner: str = "",
        title: str = "",
        id: str | None = None,
        label: str = "",
        size: int = 0,
        asked: object = None,
        on_end: Callable[[], object] | None = None,
        **kwargs: Any,
    ) -> Job[T]:
        """Run `fn(context, *args, **kwargs)` on a thread as soon as one is free, and return its Job at once.

        `owner`, `title`, `label`, `size` and `asked` are the Job's own; `id` one that the caller made, such as the id
        of what comes out. `on_end` is called once when the job has come to its end, whichever, before anybody who waits
        for it goes on: also where it is cancelled before it began. Raises RerankError (code "too_many_jobs") where too
        many are waiting, of this owner or in all, and code "job_running" where a job of this id is not finished;
        ConfigurationError after `close`.
        """
        job: Job[T] = Job(owner, title, self._clock, id=id, label=label, size=size, asked=asked, on_end=on_end)
        context = JobContext(job)
        with self._lock:
            if self._closed:
                raise ConfigurationError("The job manager is closed.", hint="Start the app again.")
            self._refuse_too_many(owner)
            before = self._jobs.get(job.id)
            if before is not None and not before.finished:
                raise RerankError("This is under way already.", hint="Wait for it.", code="job_running", retryable=True)
            if len(self._threads) < self._workers:
                # Daemons: a job that never reports must not keep the process alive after close().
                thread = threading.Thread(target=self._work, name="rerank-job", daemon=True)
                thread.start()
                self._threads.add(thread)
            self._submitted += 1
            job.number = self._submitted
            self._jobs[job.id], self._seen[job.id] = job, self._clock()
            self._waiting[job] = lambda: fn(context, *args, **kwargs)
            self._forget()
        return job

    def get(self, job_id: str, title: str | None = None) -> Job[Any] | None:
        """The job with this id, and of this title where one is given, if it is remembered; else None.

        Ask for the title where the id comes from outside, such as an address that somebody put together.
        """
        with self._lock:
            self._forget()
            job = self._jobs.get(job_id)
            if job is None or title not in (None, job.title):
                return None
            self._jobs[job_id] = self._jobs.pop(job_id)
            self._seen[job_id] = self._clock()
            return job

    def jobs(self, owner: str = "") -> tuple[Job[Any], ...]:
        """The remembered jobs of this owner, least recently asked for first."""
        with self._lock:
            self._forget()
            return tuple(job for job in self._jobs.values() if job.owner == owner)

    def under_way(self) -> tuple[Job[Any], ...]:
        """Every job that has not ended, in the order in which they came."""
        with self._lock:
            found = [job for job in self._jobs.values() if not job.finished]
        return tuple(sorted(found, key=lambda job: job.number))

    def ahead(self, job: Job[Any]) -> int:
        """How many jobs that wait will begin before this one, if nothing else comes; 0 where it does not wait."""
        with self._lock:
            self._drop_cancelled()
            return self._fairness.ahead(job, list(self._waiting), self._turns) if job in self._waiting else 0

    def holds_back(self, job: Job[Any]) -> int:
        """How many running jobs of the same owner keep this one from beginning, since that is their share of the
        threads; 0 where it is not they that do, or where it does not wait."""
        with self._lock:
            return self._fairness.holds_back(job, self._running) if job in self._waiting else 0

    def close(self, timeout: float = 5.0) -> bool:
        """Refuse new jobs, cancel all, and wait at most `timeout` seconds for the threads; whether all ended."""
        with self._lock:
            self._closed = True
            if self._sweep is not None:
                self._sweep.cancel()
            jobs, threads = list(self._jobs.values()) + self._running, list(self._threads)
        for job in jobs:
            job.cancel()
        deadline = time.monotonic() + timeout
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)

    def _work(self) -> None:
        while True:
            with self._lock:
                job = self._next()
                if job is None:
                    self._threads.discard(threading.current_thread())
                    return
                call = self._waiting.pop(job)
                self._running.append(job)
            try:
                run_job(job, call)
            finally:
                with self._lock:
                    self._running.remove(job)
                    self._schedule_sweep()
            if self._on_ended is not None:
                with contextlib.suppress(Exception):  # no thread ends because somebody counts badly
                    self._on_ended(job)
            del job, call  # an idle moment must not hold the last job's texts

    def _next(self) -> Job[Any] | None:
        """The waiting job whose turn it is; the lock is held. When a job ends, at most one more may begin, and its
        thread takes that one: so a thread with nothing to take may end."""
        self._drop_cancelled()
        if not self._waiting:
            self._turns.clear()
        job = self._fairness.next(self._waiting, self._running, self._turns, self._workers)
        if job is not None:
            self._begun += 1
            self._turns[job.owner] = self._begun
        return job

    def _drop_cancelled(self) -> None:
        """Let go of what was cancelled before it began; the lock is held."""
        for job in [job for job in self._waiting if job.finished]:
            del self._waiting[job]

    def _refuse_too_many(self, owner: str) -> None:
        """Raise RerankError where one more of this owner may not wait; the lock is held."""
        self._drop_cancelled()
        most = self._fairness.waiting_per_owner
        own = sum(job.owner == owner for job in self._waiting)
        if (most and own >= most) or len(self._waiting) >= self._max_waiting:
            too_many = f"{own} pieces of your work" if most and own >= most else f"{len(self._waiting)} pieces of work"
            raise RerankError(
                f"{too_many} are waiting already.",
                hint="Cancel one, or wait for one to finish, then try again.",
                code="too_many_jobs",
                retryable=True,
            )

    def _schedule_sweep(self) -> None:
        """See to it that what has ended is forgotten in time even if nobody comes back; the lock is held."""
        if self._sweep is None and not self._closed:
            self._sweep = threading.Timer(self._max_age + 1.0, self._sweep_now)
            self._sweep.daemon = True
            self._sweep.start()

    def _sweep_now(self) -> None:
        with self._lock:
            self._sweep = None
            self._forget()
            if self._jobs:
                self._schedule_sweep()

    def _forget(self) -> None:
        """Drop finished jobs that are too old or too many; the lock is held."""
        finished = [(job_id, job) for job_id, job in self._jobs.items() if job.finished]
        oldest = self._clock() - self._max_age
        surplus = len(finished) - self._keep
        for place, (job_id, job) in enumerate(finished):
            if place < surplus or max(self._seen[job_id], job.ended or 0.0) < oldest:
                del self._jobs[job_id], self._seen[job_id]
