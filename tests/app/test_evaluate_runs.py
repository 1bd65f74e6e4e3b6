"""Runs on the Evaluate page that do not go straight through: paused, cancelled, left, slowed down, named, deleted."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.evaluate import run, speed
from pages.components.session import stores
from rerank_core.evaluation.experiments.local_speed import LocalSpeed
from rerank_core.evaluation.experiments.records import RatePolicy
from rerank_core.storage.experiments import ExperimentStore
from tests.support.evaluate_page import (
    HOSTED,
    KEYWORD,
    QUERIES,
    finished,
    go,
    open_step,
    own,
    run_models,
)
from tests.support.flaky_service import FlakyService
from tests.support.gate import PATIENCE
from tests.support.page import click, metrics, once, ran, words

HELD_FROM = 3


@pytest.fixture
def service() -> Iterator[FlakyService]:
    """A service that answers every request, from the third on only once it is told to."""
    with FlakyService(hold_from=HELD_FROM, steady=True) as running:
        yield running


@pytest.fixture
def under_way(service: FlakyService, providers: Callable[..., None]) -> Callable[..., AppTest]:
    """A page on which a run has two answers and waits for the third, one request at a time."""

    def started() -> AppTest:
        providers(gateflow="ok")
        page = go(own(open_step()), "Run")
        ran(page.multiselect(key="evaluate_models").set_value([HOSTED]).run())
        ran(page.number_input(key="evaluate_at_once_gateflow").set_value(1).run())
        page = click(page, "Start the run")
        service.gate.wait_until_held()
        return ran(page.run())

    return started


def shown(page: AppTest) -> str:
    """The id of the experiment that is shown."""
    found: str = page.session_state["evaluate"].experiment_id
    return found


def once_each(service: FlakyService) -> bool:
    """Whether the service was asked every query once and no more."""
    return sorted(service.asked.values()) == [1] * QUERIES


@pytest.mark.parametrize(("button", "said"), [("pause_run", "Paused: 3 of 6 done"), ("cancel_run", "Cancelled: 3 of")])
def test_a_run_is_stopped_and_gone_on_with(
    under_way: Callable[..., AppTest], service: FlakyService, button: str, said: str
) -> None:
    """What is under way is waited for since it is paid, nothing further is sent, and Resume asks only the rest."""
    page = under_way()
    assert "2 of 6 done, $0.002 so far" in page.get("progress")[0].proto.text.replace("\\", "")
    ran(page.button(key=button).click().run())
    assert "Stopping once the requests under way have come back" in words(page)
    service.gate.open()
    page = finished(page)
    assert said in words(page)
    assert service.asked.total() == HELD_FROM
    page = once(click(page, "Resume"), "Done: 6 of 6 done, $0.006")
    assert once_each(service)
    page = click(page, "See the answer")
    assert "English reranking lifts nDCG@10" in words(page)


@pytest.mark.slow
def test_a_run_goes_on_when_its_tab_is_closed(under_way: Callable[..., AppTest], service: FlakyService) -> None:
    """Another visit by the link finds the run as it stands, can pause it, and sees it through."""
    one = shown(under_way())
    other = open_step("Run", experiment=one)
    assert "2 of 6 done" in other.get("progress")[0].proto.text
    assert not other.button(key="pause_run").disabled
    service.gate.open()
    other = finished(other)
    assert "Done: 6 of 6 done" in words(other)
    assert once_each(service)
    assert "English reranking lifts nDCG@10" in words(open_step("Answer", experiment=one))


def test_the_speed_of_each_connection_is_kept_with_its_run(
    under_way: Callable[..., AppTest], service: FlakyService
) -> None:
    """How fast a service may be asked is chosen before the start and holds for whoever goes on with the run."""
    page = under_way()
    assert stores.experiments().get(shown(page)).rates == {"gateflow": RatePolicy(1, None, 2)}
    ran(page.button(key="pause_run").click().run())
    service.gate.open()
    page = finished(page)
    ran(page.number_input(key="evaluate_per_minute_gateflow").set_value(3).run())
    ran(page.segmented_control(key="evaluate_saved").set_value("Ask all again").run())
    assert metrics(page)["Time"] == "about 2 min"


def test_a_stopped_run_is_slowed_down_and_limited_before_it_goes_on(
    under_way: Callable[..., AppTest], service: FlakyService
) -> None:
    """Speed and limit of a paused run can be changed; Resume keeps to them, and an emptied limit is none."""
    page = under_way()
    ran(page.button(key="pause_run").click().run())
    service.gate.open()
    page = finished(page)
    one = shown(page)
    page.number_input(key=f"evaluate_at_once_gateflow_{one}").set_value(2)
    page.number_input(key=f"evaluate_per_minute_gateflow_{one}").set_value(60_000)
    page.number_input(key=f"evaluate_limit_{one}").set_value(0.0045)
    ran(page.button(key="set_terms").click().run())
    kept = stores.experiments().get(one)
    assert (kept.rates, kept.spending_limit) == ({"gateflow": RatePolicy(2, 60_000, 2)}, Decimal("0.0045"))
    page = finished(click(page, "Resume"))
    assert "Stopped at the spending limit: 4 of 6 done" in words(page)
    page.number_input(key=f"evaluate_limit_{one}").set_value(None)
    ran(page.button(key="set_terms").click().run())
    assert stores.experiments().get(one).spending_limit is None
    page = finished(click(page, "Resume"))
    assert "Done: 6 of 6 done" in words(page)
    assert once_each(service)
    assert "set_terms" not in [button.key for button in page.button]


def test_a_run_deleted_in_another_window_is_said_to_be_gone_at_once() -> None:
    """The very click that finds it gone says so, and turns to the latest of the others, where there is one."""
    page = finished(run_models(own(open_step()), KEYWORD))
    first = shown(page)
    page = go(finished(run_models(page, KEYWORD)), "Answer")
    assert shown(page) != first
    stores.experiments().delete(shown(page))
    go(page, "Cost")
    assert "has been deleted in another window" in words(page)
    assert shown(page) == first
    go(page, "Answer")
    assert "has been deleted" not in words(page)
    stores.experiments().delete(first)
    go(page, "Cost")
    assert "has been deleted in another window" in words(page)
    assert "Nothing has been run on this query set yet" in words(page)


def test_earlier_runs_tell_how_long_a_service_takes(
    under_way: Callable[..., AppTest], service: FlakyService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run is promised by the median of what this service needed so far, not by a guess."""
    page = under_way()
    service.gate.open()
    finished(page)
    monkeypatch.setattr(ExperimentStore, "usual_seconds", lambda _store, _contender: 40.0)
    page = ran(page.run())
    ran(page.segmented_control(key="evaluate_saved").set_value("Ask all again").run())
    assert metrics(page)["Time"] == "about 4 min"


def test_the_time_of_local_models_is_measured_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a run is promised, a few documents are read; the promise follows what was seen."""
    monkeypatch.setattr(speed, "LOCAL_SPEED", {"local-english": 16_000.0})
    asked = []

    def measured(context: object, query_set: object, model: str) -> LocalSpeed:
        asked.append(model)
        return LocalSpeed(tokens=1.0, query=10.0)

    monkeypatch.setattr(speed, "measure_local_speed", measured)
    page = go(own(open_step()), "Run")
    ran(page.multiselect(key="evaluate_models").set_value(["English (On this computer)"]).run())
    assert asked == ["local-english"]
    # 18 documents of 72 tokens together at one a second, and 6 queries of ten seconds each
    assert metrics(page)["Time"] == "about 3 min"
    ran(page.run())
    assert asked == ["local-english"]


def test_runs_are_named_and_deleted() -> None:
    """A run gets a name of one's own in the list; deleting asks first, and takes its answer away."""
    page = finished(run_models(own(open_step()), KEYWORD))
    one = shown(page)
    ran(page.text_input(key=f"experiment_name_{one}").set_value("With the old titles").run())
    page = ran(page.button(key="rename_experiment").click().run())
    assert page.selectbox(key="experiment").options[0].endswith("With the old titles: done")
    page = click(page, "Yes, delete it")
    assert not stores.experiments().list(page.session_state["evaluate"].set_id)
    assert "Nothing has been run on this query set yet" in words(go(page, "Answer"))


def test_two_runs_of_one_minute_are_told_apart() -> None:
    """The same models run again stay what is shown, whatever is clicked next."""
    page = finished(run_models(own(open_step()), KEYWORD))
    first = shown(page)
    page = finished(run_models(page, KEYWORD))
    for _ in range(2):
        ran(page.run())
    assert shown(page) != first
    titles = page.selectbox(key="experiment").options
    assert len(set(titles)) == 2


def test_query_sets_are_named_and_deleted() -> None:
    """A set of one's own can be renamed and deleted; the sample can be neither."""
    page = own(open_step())
    set_id = page.session_state["evaluate"].set_id
    ran(page.text_input(key=f"set_name_{set_id}").set_value("Tickets of May").run())
    page = ran(page.button(key="rename_set").click().run())
    assert page.selectbox(key="query_set").options[0] == "Tickets of May (6)"
    page = click(page, "Yes, delete it")
    assert [one.id for one in stores.query_sets().list()] == [page.session_state["evaluate"].set_id]
    assert page.session_state["evaluate"].query_set.name == "Sample: support questions"
    assert not {"Yes, delete it", "Save the name"} & {button.label for button in page.button}


@pytest.mark.parametrize("look", [1, 2])
def test_a_run_that_ends_while_the_page_is_drawn_is_shown_as_done(
    under_way: Callable[..., AppTest], service: FlakyService, monkeypatch: pytest.MonkeyPatch, look: int
) -> None:
    """Wherever the end falls between two of the page's looks at the run, it says how the run stands; after its last
    look, what shows the progress draws the page again."""
    page = under_way()
    going, looks = run.under_way, itertools.count(1)

    def ends_after_a_look() -> bool:
        found = going()
        if next(looks) == look:
            service.gate.open()
            job = run.running()
            assert job is not None
            assert job.wait(PATIENCE)
        return found

    monkeypatch.setattr(run, "under_way", ends_after_a_look)
    ran(page.run())
    assert next(looks) > look
    assert f"Done: {QUERIES} of {QUERIES} done" in words(page)
