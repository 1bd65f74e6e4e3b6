"""What every page's background work promises: turns, money, texts that go, and a result that is never lost."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.jobs import page_job, paid_call
from pages.components.session import stores
from rerank_core.jobs import Attendance, JobContext, JobManager
from rerank_core.jobs.attendance import LEFT
from tests.support.gate import PATIENCE, Gate
from tests.support.page import click, open_page, query_of, settled, words
from tests.support.rerank_service import RerankService

PAGE = "playground.py"
KEYWORD = {"example": "own", "model": "v2"}
HOSTED = {"example": "own", "connection": "gateflow"}


class Clock:
    """The manager's time, which goes when a test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    """The time by which the manager forgets."""
    return Clock()


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> JobManager:
    """The app's job manager, with one thread and this clock; pages show progress at once."""
    made = JobManager(workers=1, max_age=60, clock=clock)
    monkeypatch.setattr(stores, "jobs", lambda: made)
    monkeypatch.setattr(page_job, "_AT_ONCE_SECONDS", 0.0)
    return made


@pytest.fixture
def occupied(manager: JobManager, gate: Gate) -> None:
    """Somebody else's work has the only thread until the gate is open."""

    def work(context: JobContext) -> None:
        gate.hold(context)

    manager.submit(work, owner="somebody else")
    gate.wait_until_held()


def ask(page: AppTest, query: str, documents: str = "printer\nthe wi-fi drops") -> AppTest:
    """Type a question and documents."""
    page.text_area(key="query").set_value(query)
    page.text_area(key="documents").set_value(documents)
    return settled(page.run())


@pytest.mark.usefixtures("occupied")
@pytest.mark.slow
def test_one_session_with_much_work_does_not_hold_up_another(
    app: Callable[..., AppTest], providers: Callable[..., None], gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three requests of one session wait before that of another comes, which is served second all the same."""
    begun: list[str] = []
    send = paid_call.rerank

    def noted(connection: Any, payment: Any, request: Any, **options: Any) -> Any:
        begun.append(request.query)
        return send(connection, payment, request, **options)

    monkeypatch.setattr(paid_call, "rerank", noted)
    providers(gateflow="ok")
    three = "gateflow:rerank-english-v3.0,gateflow:rerank-multilingual-v3.0,local:local-keyword"
    many = ask(open_page("compare.py", {"example": "own", "models": three}), "much")
    click(many, "Compare")
    one = ask(app(KEYWORD), "little")
    click(one, "Rerank")
    assert begun == []
    gate.open()
    settled(one)
    settled(many)
    assert begun == ["much", "little", "much", "much"]


@pytest.mark.usefixtures("occupied")
def test_work_that_waits_says_how_many_are_before_it(
    app: Callable[..., AppTest], manager: JobManager, gate: Gate
) -> None:
    """One who waits behind two others reads that, and the next in line that they are next."""
    first = manager.submit(lambda context: None, owner="one more")
    second = manager.submit(lambda context: None, owner="yet another")
    page = click(ask(app(KEYWORD), "a question"), "Rerank")
    assert "Waiting: 2 before you" in words(page)
    first.cancel()
    second.cancel()
    assert "Waiting: you are next" in words(page.run())
    gate.open()
    settled(page)


@pytest.mark.usefixtures("occupied")
@pytest.mark.slow
def test_work_that_is_cancelled_before_it_began_gives_its_money_back(
    app: Callable[..., AppTest], service: RerankService
) -> None:
    """What was set aside when the button was pressed is free again, and nothing was sent."""
    page = click(ask(app(HOSTED, gateflow="ok"), "a question"), "Rerank")
    budget = page.session_state["budget"]
    assert budget.now().reserved == Decimal("0.003")
    settled(click(page, "Cancel"))
    assert (budget.now().reserved, budget.now().uncertain, budget.now().spent) == (0, 0, 0)
    assert "Cancelled." in words(page)
    assert service.requests == []


def test_a_result_that_cannot_be_saved_is_shown_and_says_so(app: Callable[..., AppTest]) -> None:
    """It is paid for, so it stands there, and a warning says why a reload will not find it."""
    path = stores.runs().database.file
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"not a database" * 100)
    stores.forget()
    page = ask(app(HOSTED, gateflow="ok"), "a question")
    settled(click(page, "Rerank"))
    assert page.session_state["playground"].run.response.results[0].index == 1
    assert "The database with everything that is kept is damaged" in words(page)


def under_way(app: Callable[..., AppTest], gate: Gate, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """A page whose request waits at the gate."""
    send = paid_call.rerank

    def held(*args: Any, **options: Any) -> Any:
        gate.hold()
        return send(*args, **options)

    monkeypatch.setattr(paid_call, "rerank", held)
    page = click(ask(app(KEYWORD), "a private question"), "Rerank")
    gate.wait_until_held()
    return page


@pytest.mark.slow
def test_a_reload_finds_the_work_with_its_texts_and_then_its_result(
    app: Callable[..., AppTest], manager: JobManager, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address is enough; once the result has been taken over, the job holds no texts any more."""
    page = under_way(app, gate, monkeypatch)
    again = open_page(PAGE, query_of(page))
    assert again.text_area(key="query").value == "a private question"
    assert again.session_state["job_rerank"].ids == page.session_state["job_rerank"].ids
    (job_id,) = page.session_state["job_rerank"].ids
    gate.open()
    settled(again)
    assert again.session_state["playground"].run.query == "a private question"
    job = manager.get(job_id)
    assert job is not None
    assert job.asked is None


class Tabs:
    """Which tabs are open: all, until a test closes them."""

    closed = False

    def is_open(self, _tab: str) -> bool:
        """Whether any is."""
        return not self.closed


@pytest.fixture
def tabs(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> Tabs:
    """Tabs that a test closes; work that all have left ends after two minutes of the test's clock."""
    made = Tabs()
    attendance = Attendance(made.is_open, grace=120, clock=clock)
    monkeypatch.setattr(stores, "attendance", lambda: attendance)
    return made


def left(tabs: Tabs, clock: Clock) -> None:
    """Close all tabs, and let two minutes go by."""
    tabs.closed = True
    for seconds in (1.0, 125.0):
        clock.seconds += seconds
        stores.attendance().look()


def test_a_closed_tab_ends_local_work(
    app: Callable[..., AppTest],
    manager: JobManager,
    tabs: Tabs,
    clock: Clock,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After a time of grace; whoever opens the link reads why, with the texts as they were."""
    page = under_way(app, gate, monkeypatch)
    (job,) = manager.under_way()
    left(tabs, clock)
    gate.open()
    assert job.wait(PATIENCE)
    assert (job.state, job.cancel_reason) == ("cancelled", LEFT)
    assert LEFT in words(settled(open_page(PAGE, query_of(page))))


def test_a_reload_keeps_local_work(
    app: Callable[..., AppTest],
    manager: JobManager,
    tabs: Tabs,
    clock: Clock,
    gate: Gate,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The new page follows it, so that it goes on as long as that one is open."""
    page = under_way(app, gate, monkeypatch)
    (job,) = manager.under_way()
    tabs.closed = True
    clock.seconds += 1.0
    stores.attendance().look()
    tabs.closed = False
    again = open_page(PAGE, query_of(page))
    clock.seconds += 125.0
    assert stores.attendance().look() == ()
    gate.open()
    assert job.wait(PATIENCE)
    assert settled(again).session_state["playground"].run.query == "a private question"


@pytest.mark.usefixtures("occupied", "tabs")
def test_what_may_cost_money_goes_on(
    app: Callable[..., AppTest], manager: JobManager, tabs: Tabs, clock: Clock, gate: Gate
) -> None:
    """Nothing that is paid for is lost: a hosted call is never ended by a closed tab, and nobody is asked about it."""
    page = click(ask(app(HOSTED, gateflow="ok"), "a question"), "Rerank")
    job = manager.under_way()[-1]
    assert not [box for box in page.checkbox if box.key == f"go_on_{job.id}"]
    left(tabs, clock)
    assert not job.cancel_requested
    gate.open()
    assert job.wait(PATIENCE)
    assert job.state == "done"


@pytest.mark.usefixtures("occupied")
def test_long_work_goes_on_where_that_was_asked(
    app: Callable[..., AppTest], manager: JobManager, tabs: Tabs, clock: Clock, gate: Gate
) -> None:
    """Where work is long a box offers that; short work has none."""
    many = "\n".join(f"printer number {number} and what to do when it does not print" for number in range(3_000))
    page = click(ask(app(KEYWORD), "printer", many), "Rerank")
    job = manager.under_way()[-1]
    page = page.checkbox(key=f"go_on_{job.id}").check().run()
    left(tabs, clock)
    assert not job.cancel_requested
    gate.open()
    assert job.wait(PATIENCE)
    assert job.state == "done"
    settled(page)
    short = ask(page, "printer")
    assert [box.label for box in click(short, "Rerank").checkbox if box.label.startswith("Go on")] == []


@pytest.mark.slow
def test_the_texts_of_a_closed_tab_do_not_stay(
    app: Callable[..., AppTest], manager: JobManager, clock: Clock, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody comes back for the result: it goes after a while, and what was asked goes with it."""
    page = under_way(app, gate, monkeypatch)
    (job_id,) = page.session_state["job_rerank"].ids
    job = manager.get(job_id)
    assert job is not None
    assert job.asked is not None
    gate.open()
    assert job.wait(PATIENCE)
    remembered = weakref.ref(job)
    del page, job
    clock.seconds = 61.0
    assert manager.get(job_id) is None
    gc.collect()
    assert remembered() is None
