"""The presenter view, by the keyboard alone: three stories, models, lines, scores, a reload, and the way out."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from rerank_core import samples
from tests.browser.conftest import Visitor
from tests.browser.seeing import new_run, paste, scrolls_sideways, serious_findings, settle, unfold
from tests.browser.test_first_screen import SMALL, whole_on_screen

Visit = Callable[..., Visitor]
STORIES = samples.EXAMPLES


def present(visitor: Visitor, path: str = "/") -> Page:
    """Go to a page and into the presenter view, with the keyboard, on a screen of 1280 by 720."""
    page = visitor.page
    page.set_viewport_size(SMALL)
    visitor.open(path, folded=True)
    page.locator(".list .row").first.wait_for()
    settle(page)
    page.get_by_role("button", name="Present", exact=True).focus()
    page.keyboard.press("Enter")
    page.locator(".sentence").wait_for()
    settle(page)
    return page


def seen(page: Page) -> None:
    """Query, sentence and the first three rows of each order are on the screen, and nothing of the page around."""
    settle(page)
    for part in (page.locator(".query"), page.locator(".sentence"), page.get_by_role("toolbar")):
        whole_on_screen(page, part)
    for side in page.locator(".list").all():
        for place in range(3):
            whole_on_screen(page, side.locator("li").nth(place))
    expect(page.get_by_test_id("stSidebar")).to_be_hidden()
    expect(page.get_by_text("Billed")).to_have_count(0)
    expect(page.get_by_role("tab")).to_have_count(0)
    assert not scrolls_sideways(page)


@pytest.mark.parametrize("path", ["/", f"/compare?example={STORIES[0].id}"])
def test_three_stories_by_the_keyboard_alone(visit: Visit, path: str) -> None:
    """Right and left, and n and p, go from story to story; the sentence is read aloud; Escape leaves."""
    page = present(visit(), path)
    sentences = []
    for key, place in (("", 0), ("ArrowRight", 1), ("n", 2)):
        if key:
            new_run(page, lambda key=key: page.keyboard.press(key), "example")
        expect(page.locator(".query")).to_have_text(STORIES[place].query)
        page.locator(".list .row").first.wait_for()
        seen(page)
        sentences.append(page.locator(".sentence").inner_text())
    assert len(set(sentences)) == 3
    expect(page.locator(".sentence")).to_have_attribute("aria-live", "polite")
    new_run(page, lambda: page.keyboard.press("p"), "example")
    expect(page.locator(".query")).to_have_text(STORIES[1].query)
    new_run(page, lambda: page.keyboard.press("ArrowLeft"), "example")
    expect(page.locator(".query")).to_have_text(STORIES[0].query)
    page.keyboard.press("Escape")
    expect(page.locator(".sentence")).to_have_count(0)
    expect(page.get_by_test_id("stSidebar")).to_be_visible()
    expect(page.locator(".st-key-headline")).to_be_visible()


def test_model_lines_and_scores_by_their_keys_and_a_reload_stays(visit: Visit) -> None:
    """Each key does what the legend says of it; the address keeps the view, so that a reload stays in it."""
    page = present(visit())
    expect(page.locator(".head.right .name")).to_have_text("by English")
    new_run(page, lambda: page.keyboard.press("m"), "model")
    expect(page.locator(".head.right .name")).to_have_text("by Multilingual")
    for key, part in (("l", ".wires"), ("s", ".list.right .meter")):
        expect(page.locator(part).first).to_have_css("visibility", "visible")
        page.keyboard.press(key)
        expect(page.locator(part).first).to_have_css("visibility", "hidden")
        page.keyboard.press(key.upper())
        expect(page.locator(part).first).to_have_css("visibility", "visible")
    said = page.locator(".sentence").inner_text()
    page.reload()
    settle(page)
    expect(page.locator(".sentence")).to_have_text(said)
    expect(page.locator(".sentence")).to_be_focused()
    seen(page)


def test_own_texts_have_their_place_among_the_stories(visit: Visit) -> None:
    """Going on to a story and back loses nothing of what was pasted."""
    visitor = visit()
    page = visitor.open("/?example=own")
    page.get_by_label("Query", exact=True).fill("which one is about apples")
    paste(page, "about pears\nabout apples\nabout plums\nabout cherries")
    new_run(page, page.get_by_test_id("stBaseButton-primary").click)
    page.get_by_role("button", name="Present", exact=True).click()
    expect(page.locator(".query")).to_have_text("which one is about apples")
    settle(page)
    new_run(page, lambda: page.keyboard.press("ArrowRight"))
    expect(page.locator(".query")).to_have_text(STORIES[0].query)
    new_run(page, lambda: page.keyboard.press("ArrowLeft"))
    expect(page.locator(".query")).to_have_text("which one is about apples")
    expect(page.locator(".list.right .text").first).to_have_text("about apples")
    page.keyboard.press("Escape")
    expect(page.locator(".st-key-fold")).to_be_visible()
    settle(page)
    unfold(page)
    expect(page.get_by_label("Documents", exact=True)).to_have_value(
        "about pears\nabout apples\nabout plums\nabout cherries"
    )


def test_keys_are_left_to_what_has_the_focus(visit: Visit) -> None:
    """On the board the arrows walk through it, and modified keys stay the browser's own."""
    page = present(visit())
    query = page.locator(".query").inner_text()
    page.locator(".list.right .row").first.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".list.left .row").nth(1)).to_be_focused()
    page.keyboard.press("Control+ArrowRight")
    settle(page)
    expect(page.locator(".query")).to_have_text(query)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("path", ["/", "/compare"])
def test_the_presenter_view_is_accessible(visit: Visit, path: str, dark: bool) -> None:
    """No serious axe finding, light and dark."""
    page = present(visit(dark=dark), path)
    assert serious_findings(page) == []
