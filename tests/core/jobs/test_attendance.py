"""Work whose followers have all left ends after a time of grace; a reload, and a word to go on, keep it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rerank_core.errors import ConfigurationError
from rerank_core.jobs import Attendance, Job, JobManager
from rerank_core.jobs.attendance import LEFT
from tests.support.gate import PATIENCE, Gate


class Tabs:
    """Which tabs are open, and what time it is, as a test says."""

    def __init__(self) -> None:
        self.open: set[str] = set()
        self.now = 100.0

    def is_open(self, tab: str) -> bool:
        """Whether this tab is."""
        return tab in self.open

    def clock(self) -> float:
        """The time."""
        return self.now


@pytest.fixture
def tabs() -> Tabs:
    """No tab is open."""
    return Tabs()


@pytest.fixture
def attendance(tabs: Tabs) -> Iterator[Attendance]:
    """Two minutes of grace."""
    made = Attendance(tabs.is_open, grace=120, clock=tabs.clock)
    yield made
    made.close()


@pytest.fixture
def job(gate: Gate) -> Iterator[Job[bool]]:
    """Work that waits at the gate."""
    manager = JobManager(workers=1)
    yield manager.submit(gate.hold)
    gate.open()
    assert manager.close(PATIENCE)


def ended(attendance: Attendance, tabs: Tabs, seconds: float) -> bool:
    """Whether a look so much later ends something."""
    tabs.now += seconds
    return bool(attendance.look())


def test_a_closed_tab_ends_its_work_after_a_while(attendance: Attendance, tabs: Tabs, job: Job[bool]) -> None:
    """Two minutes from when it is first seen that nobody is there; whoever comes back to it reads why."""
    tabs.open.add("one")
    attendance.begin(job, "one")
    assert not ended(attendance, tabs, 1_000)
    tabs.open.clear()
    assert not ended(attendance, tabs, 10)
    assert not ended(attendance, tabs, 119)
    assert ended(attendance, tabs, 1)
    assert job.wait(PATIENCE)
    assert (job.state, job.cancel_reason) == ("cancelled", LEFT)


def test_a_reload_keeps_the_work(attendance: Attendance, tabs: Tabs, job: Job[bool]) -> None:
    """The page that comes instead follows it, however late within the time of grace it does."""
    attendance.begin(job, "one")
    assert not ended(attendance, tabs, 10)
    assert not ended(attendance, tabs, 100)
    tabs.open.add("two")
    attendance.join(job, "two")
    assert not ended(attendance, tabs, 1_000)
    tabs.open.clear()
    assert not ended(attendance, tabs, 10)
    assert ended(attendance, tabs, 120)


def test_a_connection_that_breaks_for_a_moment_ends_nothing(attendance: Attendance, tabs: Tabs, job: Job[bool]) -> None:
    """The time of grace begins anew each time."""
    attendance.begin(job, "one")
    for _ in range(5):
        tabs.open.clear()
        assert not ended(attendance, tabs, 10)
        assert not ended(attendance, tabs, 100)
        tabs.open.add("one")
        assert not ended(attendance, tabs, 10)


def test_work_goes_on_where_that_was_asked(attendance: Attendance, tabs: Tabs, job: Job[bool]) -> None:
    """Until it is taken back."""
    attendance.begin(job, "one")
    assert attendance.goes_on(job) is False
    attendance.let_go_on(job, True)
    assert attendance.goes_on(job) is True
    assert not ended(attendance, tabs, 10)
    assert not ended(attendance, tabs, 10_000)
    attendance.let_go_on(job, False)
    assert not ended(attendance, tabs, 10)
    assert ended(attendance, tabs, 120)


def test_other_work_is_left_alone(attendance: Attendance, tabs: Tabs, job: Job[bool]) -> None:
    """What was not handed over, such as what is paid for, goes on; following it changes nothing."""
    attendance.join(job, "one")
    attendance.let_go_on(job, False)
    assert attendance.goes_on(job) is None
    assert not ended(attendance, tabs, 10_000)
    assert not ended(attendance, tabs, 10_000)


def test_what_has_ended_is_forgotten(attendance: Attendance, tabs: Tabs, job: Job[bool]) -> None:
    """Nothing is held of it."""
    attendance.begin(job, "one")
    job.cancel()
    assert job.wait(PATIENCE)
    attendance.look()
    assert attendance.goes_on(job) is None
    assert not attendance._followed


def test_a_time_of_grace_is_not_below_nothing() -> None:
    """It is refused."""
    with pytest.raises(ConfigurationError):
        Attendance(lambda tab: True, grace=-1)
