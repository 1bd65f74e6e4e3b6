"""The Connections page in a real browser: opened by a link, set up by hand, tested, and looked at."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import open_cell, scrolls_sideways, serious_findings, settle
from tests.support.app_server import start_server
from tests.support.rerank_service import GOOD_KEY, RerankService

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]


def type_into(page: Page, label: str, text: str) -> None:
    """Type into a field and commit it, as a person does."""
    field = page.get_by_label(label, exact=True)
    field.fill(text)
    field.press("Enter")
    settle(page)


def set_up(page: Page, base_url: str, key: str = GOOD_KEY) -> None:
    """Fill in the address and the key of the service that is chosen."""
    type_into(page, "Base address", base_url)
    type_into(page, "API key", key)


def press_test(page: Page) -> None:
    """Press the test button."""
    page.get_by_role("button", name="Test the connection").click()


def keep(page: Page, name: str) -> None:
    """Keep a picture of the page where BROWSER_PICTURES names a folder, for somebody to look at."""
    folder = os.environ.get("BROWSER_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def test_a_deep_link_opens_the_page_on_a_fresh_server(visit: Visit, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The first visit to a server ever, straight to /connections, has the frame around it and the link's choice."""
    fresh = start_server(tmp_path_factory.mktemp("fresh"), wait="/_stcore/health")
    try:
        page = visit(at=fresh).open("/connections?connection=gateflow")
        expect(page.get_by_role("heading", name="Connections")).to_be_visible()
        expect(page.get_by_role("heading", name="Settings of GateFlow")).to_be_visible()
        expect(page.get_by_test_id("stSidebar").get_by_role("combobox", name="Connection")).to_be_visible()
        expect(page.get_by_role("link", name="Playground")).to_be_visible()
        expect(page).to_have_url(re.compile("/connections[?]connection=gateflow$"))
    finally:
        fresh.stop()


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}, {"phone": True, "dark": True}], ids=str)
@pytest.mark.parametrize("provider", ["local", "gateflow", "flashrank"])
def test_every_connection_is_accessible_and_fits(visit: Visit, provider: str, look: dict[str, bool]) -> None:
    """Light and dark, on a desk and on a phone: no serious finding of axe, and nothing to scroll sideways."""
    page = visit(**look).open(f"/connections?connection={provider}")
    expect(page.get_by_role("button", name="Test the connection")).to_be_visible()
    keep(page, f"connections-{provider}-{'-'.join(look) or 'light'}")
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=str)
def test_a_key_is_typed_and_the_connection_tested(visit: Visit, service: RerankService, look: dict[str, bool]) -> None:
    """From no key to a working connection: the answer is shown, the spend counts, and the key is nowhere to be seen."""
    visitor = visit(**look)
    page = visitor.open("/connections?connection=gateflow")
    expect(page.get_by_role("button", name="Test the connection")).to_be_disabled()
    set_up(page, f"{service.url}/ok")
    expect(page.get_by_label("API key", exact=True)).to_have_value("")
    press_test(page)
    expect(page.get_by_text("It works: an answer in")).to_be_visible()
    expect(page.get_by_text("Cost: $0.001 (reported)")).to_be_visible()
    settle(page)
    page.get_by_text("What came back").click()
    expect(page.get_by_text('"relevance_score"').first).to_be_visible()
    keep(page, f"connections-tested-{'-'.join(look) or 'light'}")
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
    assert GOOD_KEY not in page.content() + page.url
    assert GOOD_KEY not in visitor.server.log.read_text()
    assert not [url for url in visitor.requests if GOOD_KEY in url]


def test_a_failure_is_shown_verbatim_and_recovered_from(visit: Visit, service: RerankService) -> None:
    """A refusal that carries a picture's address fetches nothing; with the address put right the same test works."""
    page = visit().open("/connections?connection=gateflow")
    set_up(page, f"{service.url}/forbidden")
    press_test(page)
    expect(page.get_by_text("The key may not do this")).to_be_visible()
    expect(page.get_by_text("![x](http://evil.test/x.png)")).to_be_visible()
    settle(page)
    keep(page, "connections-refused")
    assert serious_findings(page) == []
    type_into(page, "Base address", f"{service.url}/ok")
    expect(page.get_by_text("have changed since this test")).to_be_visible()
    press_test(page)
    expect(page.get_by_text("It works: an answer in")).to_be_visible()
    expect(page.get_by_text("The key may not do this")).to_have_count(0)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_what_a_search_finds_is_seen(visit: Visit, phone: bool) -> None:
    """The group of a service that was found is open, whichever groups were closed before; without a search it is as it
    was."""
    page = visit(phone=phone).open("/connections")
    use = page.get_by_role("button", name="Use Voyage", exact=True)
    expect(use).to_be_hidden()
    field = page.get_by_label("Find a connection", exact=True)
    field.fill("voyage")
    field.press("Enter")
    expect(use).to_be_visible()
    expect(page.get_by_role("button", name="Use Cohere", exact=True)).to_have_count(0)
    settle(page)
    field.fill("")
    field.press("Enter")
    expect(use).to_be_hidden()


def test_a_wait_can_be_cancelled(visit: Visit, service: RerankService) -> None:
    """A service that does not answer shows how long it has been, and Cancel ends the wait."""
    page = visit().open("/connections?connection=gateflow")
    set_up(page, f"{service.url}/held")
    press_test(page)
    expect(page.get_by_text("Waiting for an answer")).to_be_visible()
    expect(page.get_by_role("button", name="Test the connection")).to_be_disabled()
    keep(page, "connections-waiting")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("may still be billed")).to_be_visible()
    expect(page.get_by_role("button", name="Test the connection")).to_be_enabled()
    service.gate.open()  # nobody waits for that answer any more


def test_a_wrong_address_is_refused_in_place(visit: Visit) -> None:
    """An address that is none gets its sentence under the field, and what was typed stays to be put right."""
    page = visit().open("/connections?connection=gateflow")
    type_into(page, "Base address", "api.gateflow.ai")
    expect(page.get_by_text("This was not taken over")).to_be_visible()
    expect(page.get_by_label("Base address", exact=True)).to_have_value("api.gateflow.ai")
    keep(page, "connections-wrong-address")
    assert serious_findings(page) == []
    type_into(page, "Base address", "https://api.gateflow.ai")
    expect(page.get_by_text("This was not taken over")).to_have_count(0)


def test_a_price_is_edited_in_the_table(visit: Visit) -> None:
    """A price typed into the table is what the test is said to cost, also after another page was visited."""
    page = visit().open("/connections?connection=gateflow")
    expect(page.get_by_text("billed as one search: $0.001")).to_be_visible()
    settle(page)
    open_cell(page.get_by_test_id("stDataFrame").first, 0.4).fill("2.5")
    page.keyboard.press("Enter")
    expect(page.get_by_text("billed as one search: $0.0025")).to_be_visible()
    settle(page)
    page.get_by_role("link", name="Playground").click()
    expect(page.get_by_label("Query", exact=True)).to_be_attached()
    settle(page)
    page.get_by_role("link", name="Connections").click()
    expect(page.get_by_text("billed as one search: $0.0025")).to_be_visible()
    page.get_by_role("button", name="Restore the published prices").click()
    expect(page.get_by_text("billed as one search: $0.001")).to_be_visible()


def test_the_page_works_with_the_keyboard_alone(visit: Visit) -> None:
    """Somebody without a mouse reaches a provider's card, the key and the test, and sees where the focus is."""
    page = visit().open("/connections")
    page.locator("summary", has_text="Hosted").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Use GateFlow").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Settings of GateFlow")).to_be_visible()
    settle(page)
    page.get_by_label("API key", exact=True).focus()
    page.keyboard.type(GOOD_KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Forget the key")).to_be_visible()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.innerText || document.activeElement.ariaLabel"))
    assert any("Forget the key" in str(name) for name in reached)
    assert any("Base address" in str(name) for name in reached)
