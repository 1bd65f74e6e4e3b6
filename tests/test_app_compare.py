"""The Compare page, run through the frame: the first visit, and one model failing on its own."""

from __future__ import annotations

import time

from streamlit.testing.v1 import AppTest


def words(at: AppTest) -> str:
    """All that stands on the page."""
    kinds = ("text", "caption", "markdown", "warning", "error", "info")
    return "\n".join(str(element.value) for kind in kinds for element in at.get(kind))


def visit() -> AppTest:
    """Open /compare as somebody new and wait for the first comparison."""
    at = AppTest.from_file("../pages/main.py", default_timeout=60)
    at.switch_page("compare.py").run()
    end = time.monotonic() + 60
    while "disagree" not in words(at) and time.monotonic() < end:
        at.run()
    assert not at.exception
    return at


def test_the_first_visit_has_compared_the_three_local_models() -> None:
    """Agreement stands first, in words; it is free; nobody pressed anything."""
    at = visit()
    assert "All three put" in words(at) or "first" in words(at)
    assert "They disagree most on" in words(at)
    assert {metric.label: metric.value for metric in at.metric}["Estimated cost"] == "$0"
    assert not at.error
