"""Who waits for whom, as the pages say it: three long jobs of one person and one of another at one place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import paste, settle
from tests.browser.test_ownership import as_person
from tests.support import ROOT
from tests.support.sign_in import ANN, BOB, SignInApp, identity_provider, sign_in_app


@pytest.fixture
def gate(tmp_path: Path) -> Path:
    """Once this file is there, the work goes on."""
    return tmp_path / "gate"


@pytest.fixture
def app(tmp_path: Path, gate: Path) -> Iterator[SignInApp]:
    """An app with one place for work, which is held."""
    script = ROOT / "tests" / "browser" / "one_at_a_time.py"
    with (
        identity_provider() as provider,
        sign_in_app(tmp_path, provider, script=script, RERANK_TEST_GATE=str(gate)) as running,
    ):
        yield running


def at_work(page: Page, app: SignInApp, query: str) -> Page:
    """A page whose Rerank was pressed."""
    page.goto(app.url + "/?example=own")
    settle(page)
    page.get_by_label("Query", exact=True).fill(query)
    paste(page, "a text about printers\n\na text about invoices")
    page.get_by_test_id("stBaseButton-primary").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    return page


def waiting(page: Page, words: str) -> None:
    """The page says this beside the bar."""
    expect(page.get_by_text(words, exact=True)).to_be_visible()


@pytest.mark.slow
def test_one_persons_list_does_not_hold_up_another(visit: Callable[..., Visitor], app: SignInApp, gate: Path) -> None:
    """One of Ann's three is being done. Bob, who came last, is next; before Ann's third are Bob's and her own second.
    Once the first ends, all end, each with its own result."""
    ann, bob = as_person(visit, app, ANN), as_person(visit, app, BOB)
    context: BrowserContext = ann.context
    first = at_work(ann.page, app, "first printer")
    second = at_work(context.new_page(), app, "second printer")
    waiting(second, "Waiting: you are next")
    third = at_work(context.new_page(), app, "third printer")
    waiting(third, "Waiting: 1 before you")
    other = at_work(bob.page, app, "printer of Bob")
    waiting(other, "Waiting: you are next")
    waiting(third, "Waiting: 2 before you")
    waiting(second, "Waiting: 1 before you")
    gate.touch()
    for page in (first, other, second, third):
        settle(page)
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
        assert "run=" in page.url
