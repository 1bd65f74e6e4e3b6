"""The job manager: states, progress, cancelling, owners, bounds and closing. Events pace it, never sleep."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator
from decimal import Decimal

import pytest

from rerank_core.errors import ConfigurationError, ProviderError, RerankError
from rerank_core.jobs import Cancelled, JobContext, JobManager
from rerank_core.models import Cost
from tests.support.gate import PATIENCE


class Clock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands at 100 seconds."""
    return Clock()


@pytest.fixture
def manager(clock: Clock) -> Iterator[JobManager]:
    """A manager of two threads whose threads all end with the test."""
    manager = JobManager(workers=2, keep=3, max_age=60.0, max_waiting=4, clock=clock)
    yield manager
    assert manager.close(PATIENCE)


class Gate:
    """A job that says when it has begun and goes on when it is let."""

    def __init__(self) -> None:
        self.begun, self.go = threading.Event(), threading.Event()

    def __call__(self, context: JobContext, value: str = "made") -> str:
        context.progress(1, 4, Cost(Decimal("0.25")), "first batch")
        self.begun.set()
        assert self.go.wait(PATIENCE)
        context.progress(2, 4)
        return value


def test_a_job_runs_and_keeps_its_result(manager: JobManager) -> None:
    """The function gets its arguments after the context, and its value is the job's result."""
    job = manager.submit(lambda context, a, b: a + b, 2, b=3, owner="ann", title="Add")
    assert job.wait(PATIENCE)
    assert (job.state, job.result(), job.exception, job.finished) == ("done", 5, None, True)


def test_a_result_before_the_end_is_refused(manager: JobManager) -> None:
    """Asking for the result of a running job says that it is not finished."""
    gate = Gate()
    job = manager.submit(gate)
    assert gate.begun.wait(PATIENCE)
    with pytest.raises(RerankError, match="not finished"):
        job.result()
    assert not job.wait(0)
    gate.go.set()
    assert job.wait(PATIENCE)
    assert job.result() == "made"


def test_progress_counts_time_and_estimates_the_rest(manager: JobManager, clock: Clock) -> None:
    """A quarter done in six seconds leaves eighteen; cost and note stay until the next ones."""
    gate = Gate()
    job = manager.submit(gate)
    assert gate.begun.wait(PATIENCE)
    clock.now += 6
    seen = job.progress
    assert (seen.done, seen.total, seen.fraction, seen.note) == (1, 4, 0.25, "first batch")
    assert (seen.started, seen.elapsed, seen.eta) == (100.0, 6.0, 18.0)
    gate.go.set()
    assert job.wait(PATIENCE)
    clock.now += 50
    seen = job.progress
    assert (seen.done, seen.elapsed, seen.eta, seen.cost) == (2, 6.0, None, Cost(Decimal("0.25")))


def test_progress_without_a_total_is_no_fraction(manager: JobManager) -> None:
    """While the total is unknown the fraction is 0 and nothing is estimated."""
    job = manager.submit(lambda context: context.progress(3, 0))
    assert job.wait(PATIENCE)
    assert (job.progress.fraction, job.progress.eta) == (0.0, None)


def test_a_running_job_stops_at_its_next_report(manager: JobManager) -> None:
    """Cancelling reaches the function through progress(), and what was done by then is still shown."""
    gate = Gate()
    job = manager.submit(gate)
    assert gate.begun.wait(PATIENCE)
    job.cancel()
    assert job.cancel_requested
    assert job.state == "running"
    gate.go.set()
    assert job.wait(PATIENCE)
    assert (job.state, job.progress.done) == ("cancelled", 2)
    with pytest.raises(Cancelled):
        job.result()


def test_a_queued_job_never_starts_once_cancelled(manager: JobManager) -> None:
    """A cancelled job that waited is over at once and its function is not called."""
    gates = [Gate(), Gate()]
    busy = [manager.submit(gate) for gate in gates]
    called = threading.Event()
    waiting = manager.submit(lambda context: called.set())
    assert waiting.state == "queued"
    waiting.cancel()
    assert (waiting.state, waiting.wait(0)) == ("cancelled", True)
    for gate in gates:
        gate.go.set()
    assert all(job.wait(PATIENCE) for job in busy)
    assert manager.close(PATIENCE)
    assert not called.is_set()


def test_work_that_finishes_in_spite_of_a_cancel_keeps_its_result(manager: JobManager) -> None:
    """What was paid for is not thrown away: a function that returns after a cancel is done."""
    begun, go = threading.Event(), threading.Event()

    def work(context: JobContext) -> int:
        begun.set()
        assert go.wait(PATIENCE)
        return 7

    job = manager.submit(work)
    assert begun.wait(PATIENCE)
    job.cancel()
    go.set()
    assert job.wait(PATIENCE)
    assert (job.state, job.result()) == ("done", 7)


def test_cancel_breaks_off_a_waiting_request(manager: JobManager) -> None:
    """A callback given to on_cancel runs once on cancel, and the failure that follows counts as cancelled."""
    begun, closed = threading.Event(), threading.Event()
    calls: list[str] = []

    def work(context: JobContext) -> None:
        context.on_cancel(lambda: (calls.append("closed"), closed.set()))
        begun.set()
        assert closed.wait(PATIENCE)
        raise ConfigurationError("The client is closed.")

    job = manager.submit(work)
    assert begun.wait(PATIENCE)
    job.cancel()
    job.cancel()
    assert job.wait(PATIENCE)
    assert (job.state, job.exception, calls) == ("cancelled", None, ["closed"])


def test_on_cancel_after_the_cancel_runs_at_once(manager: JobManager) -> None:
    """A callback that comes too late to wait for the cancel is run straight away."""
    begun, go, late = threading.Event(), threading.Event(), threading.Event()

    def work(context: JobContext) -> None:
        begun.set()
        assert go.wait(PATIENCE)
        assert context.cancelled
        context.on_cancel(late.set)
        context.check()

    job = manager.submit(work)
    assert begun.wait(PATIENCE)
    job.cancel()
    go.set()
    assert job.wait(PATIENCE)
    assert job.state == "cancelled"
    assert late.is_set()


def test_a_broken_cancel_callback_does_not_stop_the_others(
    manager: JobManager, caplog: pytest.LogCaptureFixture
) -> None:
    """One callback's exception is logged and the next one still runs."""
    begun, second = threading.Event(), threading.Event()

    def work(context: JobContext) -> None:
        context.on_cancel(lambda: 1 // 0)
        context.on_cancel(second.set)
        begun.set()
        assert second.wait(PATIENCE)
        context.check()

    job = manager.submit(work)
    assert begun.wait(PATIENCE)
    job.cancel()
    assert job.wait(PATIENCE)
    assert job.state == "cancelled"
    assert "ZeroDivisionError" in caplog.text


def test_a_failure_is_kept_without_frames(manager: JobManager) -> None:
    """The exception is the job's, result() raises it, and no traceback of it or its cause holds the texts."""

    def work(context: JobContext) -> None:
        try:
            raise OSError("reset")
        except OSError as error:
            raise ProviderError("The provider failed.") from error

    job = manager.submit(work)
    assert job.wait(PATIENCE)
    assert job.state == "failed"
    assert isinstance(job.exception, ProviderError)
    assert job.exception.__traceback__ is None
    assert job.exception.__cause__ is not None
    assert job.exception.__cause__.__traceback__ is None
    with pytest.raises(ProviderError):
        job.result()


def test_an_unexpected_failure_is_logged(manager: JobManager, caplog: pytest.LogCaptureFixture) -> None:
    """A bug in a job is kept on the job and written to the log; a RerankError is only kept."""
    bug = manager.submit(lambda context: {}["missing"], title="Buggy")
    known = manager.submit(lambda context: _fail(), title="Known")
    assert bug.wait(PATIENCE)
    assert known.wait(PATIENCE)
    assert manager.close(PATIENCE)
    assert isinstance(bug.exception, KeyError)
    assert "Buggy" in caplog.text
    assert "Known" not in caplog.text


def _fail() -> None:
    raise ProviderError("The provider failed.")


def test_the_id_is_the_right_to_see_a_job(manager: JobManager) -> None:
    """get() answers whoever knows the id, jobs() lists an owner's; ids cannot be guessed or read from a repr."""
    job = manager.submit(lambda context: 1, owner="ann", title="Mine")
    other = manager.submit(lambda context: 2, owner="bob")
    assert job.wait(PATIENCE)
    assert other.wait(PATIENCE)
    assert manager.get(job.id) is job
    assert manager.get(job.id, "Mine") is job
    assert manager.get(job.id, "Somebody's mistake") is None
    assert manager.get("nothing") is None
    assert manager.jobs("ann") == (job,)
    assert manager.jobs("bob") == (other,)
    assert len(job.id) > 20
    assert job.id not in repr(job)


def test_a_job_may_have_the_id_of_what_it_makes(manager: JobManager) -> None:
    """A named job is found by that id; a second one of the name must wait until the first has ended."""
    gate = Gate()
    first = manager.submit(gate, id="run-1")
    assert manager.get("run-1") is first
    with pytest.raises(RerankError, match="under way already"):
        manager.submit(lambda context: 2, id="run-1")
    gate.go.set()
    assert first.wait(PATIENCE)
    second = manager.submit(lambda context: 2, id="run-1")
    assert second.wait(PATIENCE)
    assert manager.get("run-1") is second


def test_what_was_asked_goes_with_the_job(manager: JobManager, clock: Clock) -> None:
    """The texts of a job are there while it is remembered, and gone with it, also where nobody comes back for it."""

    class Texts:
        """Something that can be watched going."""

    texts = Texts()
    gone = weakref.ref(texts)
    job = manager.submit(lambda context: 1, asked=texts)
    del texts
    assert job.wait(PATIENCE)
    found = manager.get(job.id)
    assert found is not None
    assert found.asked is gone()
    del job, found
    clock.now += 61
    manager._sweep_now()  # what the timer does when its time has come
    gc.collect()
    assert gone() is None


@pytest.mark.slow
def test_a_timer_forgets_where_nobody_comes_back(clock: Clock) -> None:
    """With nobody asking, what has ended is forgotten all the same, and closing the manager ends the timer."""
    manager = JobManager(max_age=0.05, clock=clock)
    job = manager.submit(lambda context: 1)
    assert job.wait(PATIENCE)
    for thread in tuple(manager._threads):
        thread.join(PATIENCE)
    timer = manager._sweep
    assert timer is not None
    clock.now += 1
    timer.join(PATIENCE)
    assert not manager._jobs
    assert manager.close(PATIENCE)


def test_what_a_job_held_is_given_back_once_however_it_ends(manager: JobManager) -> None:
    """`on_end` is called once: after a result, a failure, and a cancel before the work began."""
    ends: list[str] = []
    gates = [Gate(), Gate()]
    busy = [manager.submit(gate, on_end=lambda: ends.append("done")) for gate in gates]
    queued = manager.submit(lambda context: 1, on_end=lambda: ends.append("never began"))
    for gate in gates:
        assert gate.begun.wait(PATIENCE)
    queued.cancel()
    queued.cancel()
    assert queued.wait(PATIENCE)
    assert ends == ["never began"]
    for gate in gates:
        gate.go.set()
    assert all(job.wait(PATIENCE) for job in busy)
    assert ends == ["never began", "done", "done"]


def test_three_long_jobs_of_one_let_another_have_the_second_turn(clock: Clock) -> None:
    """With one thread, three jobs of one owner and one of another wait: the other's comes second."""
    manager, gate, order = JobManager(workers=1, clock=clock), Gate(), []
    blocker = manager.submit(gate, owner="somebody")
    assert gate.begun.wait(PATIENCE)
    waiting = [manager.submit(lambda context, n=n: order.append(f"ann {n}"), owner="ann") for n in range(3)]
    waiting.append(manager.submit(lambda context: order.append("bob"), owner="bob"))
    gate.go.set()
    assert blocker.wait(PATIENCE)
    assert all(job.wait(PATIENCE) for job in waiting)
    assert order == ["ann 0", "bob", "ann 1", "ann 2"]
    assert manager.close(PATIENCE)


def test_no_more_threads_than_workers(manager: JobManager) -> None:
    """With two workers a third job waits until one of the first two is over."""
    gates = [Gate() for _ in range(3)]
    jobs = [manager.submit(gate) for gate in gates]
    assert gates[0].begun.wait(PATIENCE)
    assert gates[1].begun.wait(PATIENCE)
    assert [job.state for job in jobs] == ["running", "running", "queued"]
    gates[0].go.set()
    assert gates[2].begun.wait(PATIENCE)
    gates[1].go.set()
    gates[2].go.set()
    assert all(job.wait(PATIENCE) for job in jobs)


def test_a_long_list_does_not_hold_up_another_owner(clock: Clock) -> None:
    """A free thread takes the job of whoever has fewest running, though it was submitted last."""
    manager = JobManager(workers=2, clock=clock)
    order: list[str] = []
    first, second = Gate(), Gate()
    busy = [manager.submit(first, owner="ann"), manager.submit(second, owner="ann")]
    assert first.begun.wait(PATIENCE)
    assert second.begun.wait(PATIENCE)
    more = [manager.submit(lambda context, n=n: order.append(f"ann {n}"), owner="ann") for n in range(2)]
    bob = manager.submit(lambda context: order.append("bob"), owner="bob")
    first.go.set()
    assert all(job.wait(PATIENCE) for job in [*more, bob])
    assert order == ["bob", "ann 0", "ann 1"]
    second.go.set()
    assert all(job.wait(PATIENCE) for job in busy)
    assert manager.close(PATIENCE)


def test_too_many_waiting_jobs_are_refused(manager: JobManager) -> None:
    """Past the limit submit() says so, and a cancelled job makes room."""
    gates = [Gate() for _ in range(6)]
    jobs = [manager.submit(gate) for gate in gates[:2]]
    assert gates[0].begun.wait(PATIENCE)
    assert gates[1].begun.wait(PATIENCE)
    jobs += [manager.submit(gate) for gate in gates[2:]]
    with pytest.raises(RerankError, match="4 pieces of work") as refused:
        manager.submit(lambda context: None)
    assert refused.value.code == "too_many_jobs"
    assert refused.value.retryable
    jobs[-1].cancel()
    jobs.append(manager.submit(lambda context: None))
    for gate in gates:
        gate.go.set()
    assert all(job.wait(PATIENCE) for job in jobs)


def test_finished_jobs_are_forgotten_by_number(manager: JobManager) -> None:
    """Past `keep` the job that nobody asked for longest goes first; a running one never goes."""
    gate = Gate()
    running = manager.submit(gate)
    jobs = []
    for number in range(3):
        jobs.append(manager.submit(lambda context, n=number: n))
        assert jobs[-1].wait(PATIENCE)
    assert manager.get(jobs[0].id) is jobs[0]  # asked for: now the freshest
    jobs.append(manager.submit(lambda context: 3))
    assert jobs[-1].wait(PATIENCE)
    assert manager.get(jobs[1].id) is None
    assert manager.get(jobs[0].id) is jobs[0]
    assert manager.get(running.id) is running
    gate.go.set()
    assert running.wait(PATIENCE)


def test_finished_jobs_are_forgotten_by_age(manager: JobManager, clock: Clock) -> None:
    """A finished job nobody asked for within max_age is gone; a waiting or running one stays."""
    gate = Gate()
    running = manager.submit(gate)
    job = manager.submit(lambda context: 1)
    assert job.wait(PATIENCE)
    clock.now += 59
    assert manager.get(job.id) is job
    clock.now += 59
    assert manager.get(job.id) is job
    clock.now += 61
    assert manager.get(job.id) is None
    assert manager.get(running.id) is running
    gate.go.set()
    assert running.wait(PATIENCE)


def test_a_forgotten_job_frees_what_it_worked_on() -> None:
    """Once a job is forgotten and its thread is idle, nothing holds its arguments any more."""

    class Documents:
        pass

    manager = JobManager(workers=1, keep=1)
    held = Documents()
    seen = weakref.ref(held)
    job = manager.submit(lambda context, documents: 1, held)
    assert job.wait(PATIENCE)
    del held, job
    later = manager.submit(lambda context: 2)
    assert later.wait(PATIENCE)
    assert manager.close(PATIENCE)
    gc.collect()
    assert seen() is None


def test_close_cancels_all_and_refuses_new_work() -> None:
    """After close() every job is over, no thread is left, and submit() says that the manager is closed."""
    manager = JobManager(workers=1)
    begun = threading.Event()

    def work(context: JobContext) -> None:
        stop = threading.Event()
        context.on_cancel(stop.set)
        begun.set()
        assert stop.wait(PATIENCE)
        context.check()

    running, queued = manager.submit(work), manager.submit(work)
    assert begun.wait(PATIENCE)
    assert manager.close(PATIENCE)
    assert (running.state, queued.state) == ("cancelled", "cancelled")
    assert not [thread for thread in threading.enumerate() if thread.name == "rerank-job"]
    with pytest.raises(ConfigurationError, match="closed"):
        manager.submit(work)


def test_close_does_not_wait_for_ever() -> None:
    """A job that never reports makes close() give up at its timeout and say so."""
    manager = JobManager(workers=1)
    gate = Gate()
    job = manager.submit(gate)
    assert gate.begun.wait(PATIENCE)
    assert manager.close(0.0) is False
    gate.go.set()
    assert job.wait(PATIENCE)
    assert manager.close(PATIENCE)


def test_many_threads_may_submit_ask_and_cancel_at_once() -> None:
    """Under eight callers every job ends in a last state and none is lost or run twice."""
    manager = JobManager(workers=3, keep=1000, max_waiting=1000)
    runs: list[int] = []
    barrier = threading.Barrier(8)
    jobs: list[list[object]] = [[] for _ in range(8)]

    def caller(number: int) -> None:
        barrier.wait(PATIENCE)
        for step in range(40):
            job = manager.submit(lambda context, n: (context.progress(1, 1), runs.append(n)), number * 40 + step)
            jobs[number].append(job)
            assert manager.get(job.id) is job
            if step % 5 == 0:
                job.cancel()

    threads = [threading.Thread(target=caller, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    everything = [job for batch in jobs for job in batch]
    assert len(everything) == 320
    assert all(job.wait(PATIENCE) for job in everything)
    assert manager.close(PATIENCE)
    assert {job.state for job in everything} <= {"done", "cancelled"}
    assert len(runs) == len(set(runs)) == sum(job.state == "done" for job in everything)
    assert len(runs) >= 256


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"keep": 0}, {"max_waiting": 0}, {"max_age": 0}])
def test_impossible_settings_are_refused(wrong: dict[str, int]) -> None:
    """A manager with no thread, no memory or no time is a configuration error."""
    with pytest.raises(ConfigurationError):
        JobManager(**wrong)
