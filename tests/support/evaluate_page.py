"""What the tests of the Evaluate page do with it: open it at a step, upload, run, read what stands there."""

from __future__ import annotations

import time

from streamlit.testing.v1 import AppTest

from pages.components.session import stores
from tests.support.gate import PATIENCE
from tests.support.page import chooser, click, open_page, ran, settled

QUERIES = 6
HOSTED, KEYWORD = "English (GateFlow)", "Keyword matching (On this computer)"
CSV = "question,passage,id,grade\n" + "".join(
    f'"query {number}, with a comma",{text} {number},d{number}{place},{grade}\n'
    for number in range(QUERIES)
    for place, (text, grade) in enumerate([("nothing to do with it", 0), ("a little", 1), ("=the answer", 3)])
)


def open_step(step: str = "Query set", **query: str) -> AppTest:
    """The page at a step, in a session of its own."""
    return open_page("evaluate.py", {"step": step, **query})


def go(page: AppTest, step: str) -> AppTest:
    """Go to a step."""
    return ran(page.segmented_control(key="step").set_value(step).run())


def upload(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Upload files of queries, and wait until they have been read."""
    return settled(drop(page, *files))


def drop(page: AppTest, *files: tuple[str, bytes]) -> AppTest:
    """Drop files of queries."""
    ran(page.toggle(key="evaluate_adding").set_value(True).run())
    uploader = next(one for one in page.file_uploader if one.label == "Upload queries")
    return ran(uploader.set_value([(name, data, "text/csv") for name, data in files]).run())


def choose(page: AppTest, label: str, value: str) -> AppTest:
    """Choose how a file is read, by the label of the choice, and wait until it has been."""
    return settled(ran(chooser(page, label).set_value(value).run()))


def own(page: AppTest) -> AppTest:
    """A page that works on the six queries of CSV."""
    return click(upload(page, ("mine.csv", CSV.encode())), "Use these queries")


def finished(page: AppTest) -> AppTest:
    """Wait for the run of the experiment."""
    end = time.monotonic() + PATIENCE
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
    return click(page, "Start the run")
