"""History in a real browser: found, named, pinned, compared, on a desk and on a phone, in both themes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import expect

from rerank_core.storage.database import Database
from rerank_core.storage.history.record import Made
from rerank_core.storage.run_record import Run
from rerank_core.storage.runs import RunStore
from tests.browser.conftest import Visitor
from tests.browser.seeing import scrolls_sideways, serious_findings, settle
from tests.core.storage.history.test_history import run
from tests.support.app_server import Server, start_server

Visit = Callable[..., Visitor]
EVIL = "<img src=x onerror=alert(1)> **bold** $x$ [a](http://evil.test)"


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Server]:
    """An app in whose history three things are."""
    with Database.open(folder=tmp_path) as database:
        runs = RunStore(database)
        runs.save(run("how long does delivery take", id="one"))
        runs.save(run(EVIL, ("Two days.", "Returns are free."), id="two", minute=1), Made("search"))
        runs.save(
            Run(run("today's question", model="local-multilingual").response, id="three", created=datetime.now(UTC))
        )
    running = start_server(tmp_path)
    yield running
    running.stop()


@pytest.mark.slow
def test_a_thing_is_found_named_pinned_and_compared(visit: Visit, kept: Server) -> None:
    """By the keyboard and the mouse; a text that would be markdown or HTML stands there as it is."""
    visitor = visit(at=kept)
    page = visitor.open("/history")
    expect(page.get_by_text("Today", exact=True)).to_be_visible()
    expect(page.get_by_text(EVIL, exact=True)).to_be_visible()
    assert serious_findings(page) == []
    page.get_by_label("Search", exact=True).fill("deliv")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_test_id("stMain").get_by_role("button", name="Open", exact=True)).to_have_count(1)
    page.get_by_role("button", name="Name").click()
    settle(page)
    page.get_by_label("Name", exact=True).fill("The baseline")
    page.keyboard.press("Enter")
    settle(page)
    expect(page.get_by_text("The baseline", exact=True)).to_be_visible()
    page.get_by_role("button", name="Pin").click()
    settle(page)
    expect(page.get_by_text("Pinned", exact=True)).to_be_visible()
    page.get_by_label("Search", exact=True).fill("")
    page.keyboard.press("Enter")
    settle(page)
    for number in (0, 1):
        page.locator("[class*=st-key-history_choose] label").nth(number).click()
        settle(page)
    page.get_by_role("button", name="Compare the two").click()
    settle(page)
    expect(page.get_by_text("What changed", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Earlier order")).to_be_visible()
    assert serious_findings(page) == []
    page.reload()
    settle(page)
    expect(page.get_by_text("What changed", exact=True)).to_be_visible()


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/history", "/history?these=one,three"])
def test_it_fits_a_phone_in_the_dark(visit: Visit, kept: Server, path: str) -> None:
    """Nothing to scroll sideways, and no serious finding."""
    page = visit(at=kept, phone=True, dark=True).open(path)
    assert not scrolls_sideways(page)
    assert serious_findings(page) == []
