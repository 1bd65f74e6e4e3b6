"""Two people who sign in to one server: a run and a knowledge base are shared by an act, found by the other, taken
back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import new_run, serious_findings, settle
from tests.support.sign_in import ANN, BOB, SignInApp, identity_provider, sign_in_app

Visit = Callable[..., Visitor]
SHARE = "Share with everyone here"


@pytest.fixture
def app(tmp_path: Path) -> Iterator[SignInApp]:
    """The app with people who sign in."""
    with identity_provider() as provider, sign_in_app(tmp_path, provider) as running:
        yield running


def as_person(visit: Visit, app: SignInApp, person: dict[str, object]) -> Visitor:
    """Somebody at their own browser, signed in."""
    visitor = visit(at=app.server)
    signed_in = app.sign_in(person)
    visitor.context.add_cookies(
        [{"name": one.name, "value": one.value or "", "url": app.url} for one in signed_in.http.cookies.jar]
    )
    return visitor


def switch(page: Page, label: str) -> None:
    """Press a switch, and wait until the page has heard it."""
    page.get_by_text(label, exact=True).click()
    settle(page)


@pytest.mark.slow
def test_a_run_is_shared_found_and_taken_back(visit: Visit, app: SignInApp) -> None:
    """The other is told that it is not shared, then sees it with whose it is, and then again is told."""
    bob, ann = as_person(visit, app, BOB), as_person(visit, app, ANN)
    page = bob.open("/")
    new_run(page, page.get_by_test_id("stBaseButton-primary").click)
    address = page.url.removeprefix(app.url)
    hers = ann.open(address)
    expect(hers.get_by_text("This run is not shared with you.", exact=False)).to_be_visible()
    page.get_by_role("button", name="Share", exact=True).click()
    settle(page)
    expect(page.get_by_text("On this server: yours", exact=True)).to_be_visible()
    switch(page, SHARE)
    expect(page.get_by_text("On this server: yours, shared", exact=True)).to_be_visible()
    assert serious_findings(page) == []
    hers = ann.open(address)
    expect(hers.get_by_text("shared by bob@example.com", exact=False)).to_be_visible()
    hers = ann.open("/history")
    expect(hers.get_by_test_id("stMain").get_by_role("button", name="Open", exact=True)).to_have_count(1)
    expect(hers.get_by_text("shared by bob@example.com", exact=False)).to_be_visible()
    assert serious_findings(hers) == []
    switch(page, SHARE)
    hers = ann.open(address)
    expect(hers.get_by_text("This run is not shared with you.", exact=False)).to_be_visible()
