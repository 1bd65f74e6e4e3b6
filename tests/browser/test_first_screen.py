"""The result is on the screen: sentence and board above the fold, and the inputs one click away with all that was
typed."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import PHONE, Visitor
from tests.browser.seeing import new_run, paste, scrolls_sideways, serious_findings, settle, unfold

Visit = Callable[..., Visitor]

SMALL = {"width": 1280, "height": 720}
START = {"/": "Rerank", "/compare": "Compare", "/search": "Search"}
ADDRESS = {"/": "run", "/compare": "runs", "/search": "search"}
QUERY = {"/": "Query", "/compare": "Query", "/search": "Question"}


def whole_on_screen(page: Page, what: Locator) -> None:
    """Fail where any part of this is outside of the window."""
    box, window = what.bounding_box(), page.viewport_size
    assert box is not None, "It is not drawn"
    assert window is not None
    bar = page.get_by_test_id("stHeader").bounding_box()
    top = bar["height"] if bar is not None and window["width"] == PHONE["width"] else 0
    assert top <= box["y"], f"{box} is not inside of {window}"
    assert box["y"] + box["height"] <= window["height"], f"{box} is not inside of {window}"
    assert box["x"] >= 0, f"{box} is not inside of {window}"
    assert box["x"] + box["width"] <= window["width"], f"{box} is not inside of {window}"


def sentence_and_three_rows(page: Page) -> None:
    """The sentence and the first three rows of the board, in each order, are on the screen without scrolling."""
    whole_on_screen(page, page.locator(".st-key-headline"))
    for side in page.locator(".list").all():
        for place in range(3):
            whole_on_screen(page, side.locator("li").nth(place))


@pytest.mark.parametrize("phone", [False, True], ids=["1280x720", "390x844"])
@pytest.mark.parametrize("path", START)
def test_sentence_and_board_are_on_the_screen_after_a_press(visit: Visit, path: str, phone: bool) -> None:
    """At once on a first visit, and again after a press of the button with other words, without scrolling."""
    visitor = visit(phone=phone)
    page = visitor.page
    page.set_viewport_size(PHONE if phone else SMALL)
    visitor.open(path, folded=True)
    page.locator(".list .row").first.wait_for()
    settle(page)
    expect(page.locator(".st-key-inputs")).to_be_hidden()
    sentence_and_three_rows(page)
    unfold(page)
    field = page.get_by_label(QUERY[path], exact=True)
    field.fill("What does it cost to reset everything, and how long does it take until it works again?")
    new_run(page, lambda: field.press("Control+Enter"), ADDRESS[path])
    expect(page.locator(".st-key-inputs")).to_be_hidden()
    page.locator(".list .row").first.wait_for()
    settle(page)
    sentence_and_three_rows(page)
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("path", START)
def test_the_inputs_are_one_key_away_with_all_that_was_typed(visit: Visit, path: str) -> None:
    """By the keyboard: the line's button opens them, they hold what was typed, and the same button folds them again."""
    page = visit().open(path)
    field = page.get_by_label(QUERY[path], exact=True)
    field.fill("kept as I typed it")
    new_run(page, lambda: field.press("Control+Enter"), ADDRESS[path])
    expect(field).to_be_hidden()
    line = page.locator(".st-key-fold")
    expect(line).to_contain_text("“kept as I typed it”")
    line.get_by_role("button").first.focus()
    page.keyboard.press("Enter")
    expect(field).to_be_visible()
    expect(field).to_have_value("kept as I typed it")
    expect(line.get_by_role("button").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(field).to_be_hidden()


def test_a_received_link_opens_on_the_result(visit: Visit) -> None:
    """Somebody else opens the address: the result stands there, and the texts are in the folded inputs."""
    visitor = visit()
    page = visitor.open("/?example=own")
    page.get_by_label("Query", exact=True).fill("which one is about apples")
    paste(page, "about pears\nabout apples\nabout plums\nabout cherries")
    new_run(page, page.get_by_test_id("stBaseButton-primary").click)
    address = page.url.removeprefix(visitor.server.url)
    page.reload()  # the same for oneself
    settle(page)
    for reader, other in ((visitor, page), (visit(), None)):
        opened = other or reader.open(address, folded=True)
        expect(opened.get_by_label("Query", exact=True)).to_be_hidden()
        expect(opened.locator(".st-key-fold")).to_contain_text("4 documents")
        expect(opened.locator(".list.right .text").first).to_have_text("about apples")
        unfold(opened)
        expect(opened.get_by_label("Query", exact=True)).to_have_value("which one is about apples")
        expect(opened.get_by_label("Documents", exact=True)).to_have_value(
            "about pears\nabout apples\nabout plums\nabout cherries"
        )


def test_somebody_new_is_shown_how_to_try_their_own(visit: Visit) -> None:
    """One plain button empties the page for own texts, and there is no result to fold for."""
    page = visit().open("/", folded=True)
    page.get_by_role("button", name="Try your own texts").click()
    expect(page.get_by_label("Query", exact=True)).to_be_visible()
    expect(page.get_by_label("Documents", exact=True)).to_have_value("")
    expect(page.locator(".st-key-fold")).to_have_count(0)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", START)
def test_the_folded_page_is_accessible(visit: Visit, path: str, dark: bool) -> None:
    """No serious axe finding with the inputs folded, light and dark."""
    page = visit(dark=dark).open(path, folded=True)
    page.locator(".list .row").first.wait_for()
    settle(page)
    assert serious_findings(page) == []


@pytest.mark.parametrize("phone", [False, True], ids=["1280x720", "390x844"])
def test_one_query_of_an_evaluation_fits_the_screen(visit: Visit, phone: bool) -> None:
    """Scrolled to, the query and the first three rows of its two orders are on the screen together."""
    visitor = visit(phone=phone)
    page = visitor.page
    page.set_viewport_size(PHONE if phone else SMALL)
    visitor.open("/evaluate")
    heading = page.get_by_role("heading", name="This query")
    heading.wait_for()
    page.locator(".list .row").first.wait_for()
    settle(page)
    heading.evaluate("node => node.scrollIntoView()")
    page.locator("[data-testid=stMain]").evaluate("main => main.scrollBy(0, -70)")  # away from the bar at the top
    settle(page)
    whole_on_screen(page, heading)
    for side in page.locator(".list").all():
        for place in range(3):
            whole_on_screen(page, side.locator("li").nth(place))
