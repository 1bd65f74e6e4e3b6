"""What the tests of the Evaluate page do with it: open it at a step, upload, run, read what stands there."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.session import stores
from tests.support.page import MAIN, busy
from tests.support.rerank_service import GOOD_KEY

QUERIES = 6
HOSTED, KEYWORD = "English (GateFlow)", "v2 (On this computer)"
CSV = "question,passage,id,grade\n" + "".join(
    f'"query {number}, with a comma",{text} {number},d{number}{place},{grade}\n'
    for number in range(QUERIES)
    for place, (text, grade) in enumerate([("nothing to do with it", 0), ("a little", 1), ("=the answer", 3)])
)


def forget_stores() -> None:
    """Open the stores anew, since those of an earlier test stand in another folder; as after a restart."""
    stores.query_sets.clear()
    stores.experiments.clear()


def set_up(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """Give the app a key for GateFlow, and this address of it."""
    monkeypatch.setenv("GATEFLOW_API_KEY", GOOD_KEY)
    monkeypatch.setenv("GATEFLOW_BASE_URL", address)


def open_page(step: str = "Query set", **query: str) -> AppTest:
    """The page at a step, in a session of its own."""
    page = AppTest.from_file(MAIN, default_timeout=60)
    for name, value in {"step": step, **query}.items():
        page.query_params[name] = value
    page.switch_page("evaluate.py")
    return ran(page.run())


def ran(page: AppTest) -> AppTest:
    """The page, which must not have failed."""
    assert not page.exception, page.exception[0].stack_trace
    return page


def press(page: AppTest, label: str) -> AppTest:
    """Press a button by its label."""
    return ran(next(button for button in page.button if button.label == label).click().run())


def go(page: AppTest, step: str) -> AppTest:
    """Go to a step."""
    return ran(page.segmented_control(key="step").set_value(step).run())


def upload(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Upload files of queries and use them."""
    ran(page.toggle(key="evaluate_adding").set_value(True).run())
    uploader = next(one for one in page.file_uploader if one.label == "Upload queries")
    ran(uploader.set_value([(name, data, "text/csv") for name, data in files]).run())
    while busy(page):
        ran(page.run())
    return page


def choose(page: AppTest, label: str, value: str) -> AppTest:
    """Choose how a file is read, by the label of the choice, and wait until it has been."""
    ran(next(box for box in page.selectbox if box.label == label).set_value(value).run())
    while busy(page):
        ran(page.run())
    return page


def own(page: AppTest) -> AppTest:
    """A page that works on the six queries of CSV."""
    return press(upload(page, ("mine.csv", CSV.encode())), "Use these queries")


def finished(page: AppTest) -> AppTest:
    """Wait for the run of the experiment."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        one = stores.experiments().get(page.session_state["evaluate"].experiment_id)
        ran(page.run())
        if one.state not in ("new", "running"):
            return page
    raise AssertionError("the run did not end")


def run_models(page: AppTest, *labels: str) -> AppTest:
    """Choose models and start; the run may have to be confirmed."""
    go(page, "Run")
    ran(page.multiselect(key="evaluate_models").set_value(list(labels)).run())
    return press(page, "Start the run")
