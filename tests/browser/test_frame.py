"""The frame in a real browser: the sidebar, the theme's menu, a page that fails, an address that does not exist."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import scrolls_sideways, serious_findings, settle
from tests.support.app_server import ROOT, start_server

pytestmark = pytest.mark.browser
Visit = Callable[..., Visitor]

ENTRY = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
import streamlit as st
from starlette.middleware import Middleware
from app import on_script_error
from pages.components.server.guard import Guard
app = st.App("failing.py", middleware=[Middleware(Guard)], on_script_error=on_script_error)
"""
FAILING = """
import streamlit as st
st.set_page_config(page_icon="🔀")
st.text("before")
raise ValueError("gw_prod_secret ![x](http://evil.test/x.png)")
"""


def test_a_page_that_fails_shows_a_sentence_and_no_traceback(visit: Visit, tmp_path) -> None:
    """What nobody foresaw becomes one sentence on the page and a traceback in the log, never the other way round."""
    (tmp_path / "entry.py").write_text(ENTRY)
    (tmp_path / "failing.py").write_text(FAILING)
    failing = start_server(tmp_path, script=tmp_path / "entry.py", wait="/_stcore/health")
    try:
        page = visit(at=failing).open("/")
        expect(page.get_by_text("Something went wrong on this page")).to_be_visible()
        for word in ("Traceback", "ValueError", "gw_prod_secret", "evil.test"):
            assert word not in page.content()
        assert "ValueError" in failing.log.read_text()
    finally:
        failing.stop()


def test_an_address_that_does_not_exist_is_said_to_be_none(visit: Visit) -> None:
    """A mistyped address is a 404 with a way back, not an empty app."""
    visitor = visit()
    answer = visitor.page.goto(visitor.server.url + "/nothing-here")
    visitor.complaints.clear()  # the browser reports the 404 that this test asks for
    assert answer is not None
    assert answer.status == 404
    expect(visitor.page.get_by_text("There is nothing at this address")).to_be_visible()
    visitor.page.get_by_role("link", name="Open Rerank Playground").click()
    expect(visitor.page.get_by_label("Query", exact=True)).to_be_attached()


@pytest.mark.parametrize("dark", [False, True])
def test_the_sidebar_opens_on_a_phone(visit: Visit, dark: bool) -> None:
    """On a phone the sidebar is closed at first; opened, it is accessible and changes the connection."""
    page = visit(phone=True, dark=dark).open("/connections")
    sidebar = page.get_by_test_id("stSidebar")
    page.get_by_test_id("stExpandSidebarButton").click()
    expect(sidebar.get_by_text("Spent this session")).to_be_visible()
    sidebar.get_by_text("Spending limit").click()
    expect(sidebar.get_by_label("Ask before this session costs more than", exact=False)).to_be_visible()
    settle(page)
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
    sidebar.get_by_role("combobox", name="Connection").click()
    page.get_by_role("option", name="GateFlow").click()
    expect(page).to_have_url(re.compile("connection=gateflow"))


def test_the_choice_of_connection_survives_pages_and_a_copied_link(visit: Visit) -> None:
    """The connection stays chosen from page to page and stands in the address, so that the link can be sent."""
    page = visit().open("/connections?connection=flashrank")
    page.get_by_role("link", name="Playground").click()
    expect(page.get_by_label("Query", exact=True)).to_be_attached()
    settle(page)
    expect(page.get_by_role("combobox", name="Connection")).to_have_value("FlashRank HTTP")
    expect(page).to_have_url(re.compile("connection=flashrank"))
    copied = urlsplit(page.url)
    other = visit().open(f"{copied.path}?{copied.query}")
    expect(other.get_by_role("combobox", name="Connection")).to_have_value("FlashRank HTTP")


def test_the_theme_can_be_changed_and_the_buttons_stay_readable(visit: Visit) -> None:
    """The menu changes light to dark, and what is written on the main button changes with it at once."""
    page = visit().open("/connections")
    button = page.get_by_role("button", name="Test the connection")
    expect(button).to_have_css("color", "rgb(255, 255, 255)")
    page.get_by_test_id("stMainMenuButton").click()
    page.get_by_test_id("stMainMenuPopover").get_by_text("Dark").click()
    page.keyboard.press("Escape")
    page.wait_for_function("getComputedStyle(document.querySelector('.stApp')).colorScheme === 'dark'")
    settle(page)
    expect(button).to_have_css("color", "rgb(8, 18, 31)")
    assert serious_findings(page) == []
