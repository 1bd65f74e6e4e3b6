"""Two raters in two windows, who rate by keys without seeing each other, and whoever leads settles, by keys too."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import choose, downloaded, scrolls_sideways, serious_findings, settle, upload

Visit = Callable[..., Visitor]
ROWS = b"query,id,document\ntea,a,green\ntea,b,black\nmilk,c,cold\n"


def rate_as(page: Page, address: str, name: str, pressed: str) -> None:
    """Follow the link, say who one is, rate by keys and be done."""
    page.goto(address)
    settle(page)
    expect(page.get_by_text("Several people rate this set: say who you are first.")).to_be_visible()
    choose(page, "Who are you?", name)
    settle(page)
    expect(page.get_by_text("0 of 3 documents rated")).to_be_visible()
    for number, key in enumerate(pressed, start=1):
        page.keyboard.press(key)
        expect(page.get_by_text(f"{number} of 3 documents rated")).to_be_visible()
        settle(page)
    page.get_by_role("button", name="I am done").click()
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_text("You are done: your ratings stay as they are.")).to_be_visible()
    settle(page)


def test_two_raters_rate_apart_and_one_difference_is_settled(visit: Visit) -> None:
    """Nothing but keys rates and settles; the file of all ratings has a row for each rater's."""
    page = visit().open("/evaluate?step=Query%20set")
    page.get_by_text("Add your own queries").click()
    settle(page)
    upload(page, {"teas.csv": ROWS})
    page.get_by_role("button", name="Use these queries").click()
    expect(page.get_by_text("2 queries with 3 candidates; 0 have ratings.")).to_be_visible()  # else it is another set's
    settle(page)
    page.get_by_text("Rate", exact=True).first.click()
    settle(page)
    page.get_by_role("button", name="Judge with others").click()
    page.get_by_label("Names of the raters, one a line").fill("Ann\nBen")
    page.get_by_label("Names of the raters, one a line").blur()
    settle(page)
    page.get_by_role("button", name="Assign").click()
    expect(page.get_by_text("2 raters can begin.")).to_be_visible()
    settle(page)
    address = page.url
    rate_as(visit().page, address, "Ann", "301")
    rate_as(visit(phone=True).page, address, "Ben", "001")

    page.goto(address)
    settle(page)
    choose(page, "Who are you?", "I lead this")
    expect(page.get_by_text("Ann and Ben rated 3 documents in common and agree on 67%")).to_be_visible()
    settle(page)
    ratings = downloaded(page, "Ratings, a row each (CSV)")
    assert "tea,a,Ann,3\ntea,a,Ben,0\n" in ratings.replace("\r", "")
    assert serious_findings(page) == []
    page.get_by_text("Settle", exact=True).first.click()
    expect(page.get_by_text("Ann 3 · Ben 0 · by the median 0 · not settled")).to_be_visible()
    settle(page)
    page.keyboard.press("2")
    expect(page.get_by_text("1 of 1 settled")).to_be_visible()
    expect(page.get_by_text("settled: 2, by Me")).to_be_visible()
    settle(page)
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
