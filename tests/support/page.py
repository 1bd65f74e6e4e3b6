"""A page of the app in a test: opened through the frame, waited for, read and pressed."""

from __future__ import annotations

import time
from collections.abc import Mapping

from streamlit.testing.v1 import AppTest

from pages.components.session import stores
from tests.support import ROOT

MAIN = str(ROOT / "pages" / "main.py")
"""The main script: whoever opens a page goes through it."""

PATIENCE = 120.0
"""Seconds after which a test gives up on work that does not end."""


def open_page(name: str, *, query: Mapping[str, str] | None = None, timeout: float = 60) -> AppTest:
    """Open a page of pages/, such as "compare.py", as somebody who follows a link with these query parameters."""
    page = AppTest.from_file(MAIN, default_timeout=timeout)
    for key, value in (query or {}).items():
        page.query_params[key] = value
    return page.switch_page(name).run()


def forget_stores() -> None:
    """Drop what an earlier test left in this process; its files stand in another folder."""
    stores.forget()


def busy(page: AppTest) -> bool:
    """Whether any work of this session is under way: a job, or files that are read."""
    held = page.session_state._state.filtered_state
    return any(
        (key.startswith("job_") and getattr(value, "running", False))
        or (key.startswith("inbox_") and getattr(value, "busy", False))
        for key, value in held.items()
    )


def settled(page: AppTest) -> AppTest:
    """Run the page until no work of this session is under way; fails where one of the runs raised."""
    end = time.monotonic() + PATIENCE
    while busy(page) and time.monotonic() < end:
        page.run()
    assert not page.exception, page.exception[0].stack_trace
    return page


def click(page: AppTest, label: str) -> AppTest:
    """Press a button and draw the page once."""
    return next(button for button in page.button if button.label == label).click().run()


def press(page: AppTest, label: str) -> AppTest:
    """Press a button and wait for what it may start."""
    return settled(click(page, label))


def words(page: AppTest) -> str:
    """All that stands on the page, the tooltips left out."""
    kinds = ("text", "caption", "markdown", "warning", "error", "info", "success", "code")
    found = [str(element.value) for kind in kinds for element in page.get(kind)]
    found += [element.proto.text for element in page.get("progress")]
    return "\n".join([*found, *(str(getattr(box, "title", "")) for box in [*page.warning, *page.error])])


def labels(page: AppTest) -> list[str]:
    """The labels of all buttons."""
    return [button.label for button in page.button]


def metrics(page: AppTest) -> dict[str, str]:
    """The metrics by their label."""
    return {metric.label: metric.value for metric in page.metric}
