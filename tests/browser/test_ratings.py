"""Rating on the board of Search by keys, and adding what was rated to a query set, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import scrolls_sideways, serious_findings, settle

Visit = Callable[..., Visitor]


def test_ratings_by_keys_on_search_go_into_a_query_set_and_open_on_evaluate(visit: Visit) -> None:
    """Three keys rate two passages, one after the other and faster than the page runs; they are added under a name,
    the link opens the set with its one query, and the answer keeps its ratings through a reload."""
    page = visit().open("/search")
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)
    page.locator(".list.right .row").first.focus()
    for key in ("3", "ArrowDown", "1"):
        page.keyboard.press(key)
    expect(page.get_by_role("button", name="Add to a query set")).to_be_visible()
    settle(page)
    page.reload()
    settle(page)
    expect(page.locator(".list.right .rate [aria-pressed=true]")).to_have_text(["3", "1"])
    page.get_by_label("Rater", exact=True).fill("Ann")
    page.get_by_label("Rater", exact=True).blur()
    settle(page)
    page.get_by_role("button", name="Add to a query set").click()
    expect(page.get_by_text("2 ratings of 1 query are now in 'My ratings' by Ann.")).to_be_visible()
    settle(page)
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
    page.get_by_role("link", name="Open it on Evaluate").click()
    expect(page.get_by_text("Initial order: by keyword (BM25).")).to_be_visible()
    settle(page)
    expect(page.get_by_role("combobox", name="Query set")).to_have_value("My ratings (1)")
