"""Whose turn it is: a bounded share for each owner, and short work that never waits behind long work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.errors import ConfigurationError, RerankError
from rerank_core.jobs import Fairness, Job, JobContext, JobManager, current_job
from tests.support.gate import PATIENCE, Gate

LONG = 1_000_000


class Held:
    """Work that counts who has come, and waits at a gate that is its owner's."""

    def __init__(self) -> None:
        self.gates: dict[str, Gate] = {}
        self.order: list[str] = []
        self._lock = threading.Lock()

    def gate(self, name: str) -> Gate:
        """The gate of this name."""
        with self._lock:
            return self.gates.setdefault(name, Gate())

    def __call__(self, context: JobContext, name: str) -> None:
        with self._lock:
            self.order.append(name)
        self.gate(name).hold(context)


@pytest.fixture
def held() -> Held:
    """Work at gates."""
    return Held()


@pytest.fixture
def manager() -> Iterator[JobManager]:
    """Four threads, of which one is kept for short work; an owner has two at a time and five waiting."""
    manager = JobManager(workers=4, fairness=Fairness(for_short=1, per_owner=2, waiting_per_owner=5))
    yield manager
    assert manager.close(PATIENCE)


def test_short_work_never_waits_behind_long_work(manager: JobManager, held: Held) -> None:
    """With long work of many owners running and waiting, a short job begins at once."""
    long = [manager.submit(held, "long", owner=f"owner {n}", size=LONG) for n in range(9)]
    held.gate("long").wait_until_held(3)
    short = manager.submit(lambda context: "here", owner="somebody", size=500)
    assert short.wait(PATIENCE)
    assert [job.state for job in long] == ["running"] * 3 + ["queued"] * 6
    assert manager.ahead(long[-1]) == 5
    held.gate("long").open()
    assert all(job.wait(PATIENCE) for job in long)


def test_what_is_short_is_known_beforehand(manager: JobManager, held: Held) -> None:
    """It goes by what a job reads, and not by how long it has been at it."""
    fairness = Fairness(short_up_to=1_000)
    assert not fairness.is_long(Job("ann", "a", size=1_000))
    assert fairness.is_long(Job("ann", "a", size=1_001))


def test_an_owner_has_a_bounded_share(manager: JobManager, held: Held) -> None:
    """Two of five long jobs of one owner run though a thread is free, which goes to the next owner; the owner's own
    short work has places of its own."""
    mine = [manager.submit(held, "ann", owner="ann", size=LONG) for _ in range(5)]
    held.gate("ann").wait_until_held(2)
    other = manager.submit(held, "bob", owner="bob", size=LONG)
    held.gate("bob").wait_until_held()
    assert [job.state for job in mine] == ["running"] * 2 + ["queued"] * 3
    assert manager.holds_back(mine[2]) == 2
    assert manager.holds_back(other) == 0
    short = manager.submit(lambda context: "here", owner="ann")
    assert short.wait(PATIENCE)
    held.gate("ann").open()
    held.gate("bob").open()
    assert all(job.wait(PATIENCE) for job in [*mine, other])


def test_one_owner_cannot_fill_the_queue(manager: JobManager, held: Held) -> None:
    """Past five waiting jobs of one owner the next is refused with what to do; another owner's is taken."""
    mine = [manager.submit(held, "ann", owner="ann", size=LONG) for _ in range(2)]
    held.gate("ann").wait_until_held(2)
    mine += [manager.submit(held, "ann", owner="ann", size=LONG) for _ in range(5)]
    with pytest.raises(RerankError, match="5 pieces of your work are waiting already") as refused:
        manager.submit(held, "ann", owner="ann", size=LONG)
    assert refused.value.code == "too_many_jobs"
    other = manager.submit(lambda context: "here", owner="bob", size=LONG)
    assert other.wait(PATIENCE)
    held.gate("ann").open()
    assert all(job.wait(PATIENCE) for job in mine)


def test_work_under_way_is_listed_by_number(manager: JobManager, held: Held) -> None:
    """The list has what has not ended, in the order in which it came, each with a number that is no right to see it."""
    jobs = [manager.submit(held, "ann", owner=f"owner {n}", size=LONG, label="Reading") for n in range(4)]
    held.gate("ann").wait_until_held(3)
    assert manager.under_way() == tuple(jobs)
    assert [job.number for job in jobs] == [1, 2, 3, 4]
    assert jobs[0].label == "Reading"
    jobs[1].cancel("Whoever runs this ended it.")
    assert jobs[1].wait(PATIENCE)
    assert jobs[1].cancel_reason == "Whoever runs this ended it."
    assert manager.under_way() == (jobs[0], jobs[2], jobs[3])
    held.gate("ann").open()
    assert all(job.wait(PATIENCE) for job in jobs)
    assert manager.under_way() == ()


def test_the_work_knows_its_job(manager: JobManager) -> None:
    """On the thread that works, and on no other."""
    job = manager.submit(lambda context: current_job(), owner="ann")
    assert job.wait(PATIENCE)
    assert job.result() is job
    assert current_job() is None


def test_the_first_reason_counts(manager: JobManager) -> None:
    """Whoever cancels first says why."""
    job: Job[Any] = Job("ann", "a")
    job.cancel("First.")
    job.cancel("Second.")
    assert job.cancel_reason == "First."


def test_a_share_below_nothing_is_refused() -> None:
    """No bound is 0, and nothing is less."""
    with pytest.raises(ConfigurationError):
        Fairness(per_owner=-1)


job_lists = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from((0, LONG))), max_size=12)


@given(job_lists, job_lists, st.integers(1, 6), st.integers(0, 3), st.integers(0, 3))
def test_what_begins_may_begin(
    waiting: list[tuple[str, int]], running: list[tuple[str, int]], workers: int, for_short: int, per_owner: int
) -> None:
    """Whatever waits and runs: no owner passes the share, no long job takes a place for short work, and a long job
    begins only where no short one may."""
    fairness = Fairness(for_short=for_short, per_owner=per_owner)
    queue: list[Job[Any]] = [Job(owner, "", size=size) for owner, size in waiting]
    busy: list[Job[Any]] = [Job(owner, "", size=size) for owner, size in running]
    chosen = fairness.next(queue, busy, {}, workers)

    def fits(job: Job[Any]) -> bool:
        own = sum(one.owner == job.owner and one.size == job.size for one in busy)
        long = sum(one.size == LONG for one in busy)
        return (not per_owner or own < per_owner) and (job.size == 0 or long < max(1, workers - for_short))

    may = [job for job in queue if fits(job)]
    assert (chosen is None) == (not may)
    if chosen is not None:
        assert chosen in may
        assert chosen.size == min(job.size for job in may)


@given(job_lists)
def test_everybody_before_you_is_counted(waiting: list[tuple[str, int]]) -> None:
    """The numbers before each of those that wait are 0, 1, 2 and so on: each has a place of its own."""
    queue: list[Job[Any]] = [Job(owner, "", size=size) for owner, size in waiting]
    assert sorted(Fairness().ahead(job, queue, {}) for job in queue) == list(range(len(queue)))
