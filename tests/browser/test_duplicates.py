"""The Duplicates page in a real browser: the first visit, own texts of any kind, one against the rest."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import downloaded, scrolls_sideways, serious_findings, settle, upload

Visit = Callable[..., Visitor]

EVIL = "![x](http://evil.test/leak.png) <img src=http://evil.test/a.png onerror=alert(1)> $x$ :red[x]"


def opened(visitor: Visitor) -> Page:
    """The page with its first result."""
    page = visitor.open("/duplicates")
    page.get_by_text("4 of 66 texts stand in 2 groups").wait_for()
    settle(page)
    return page


def own(page: Page) -> None:
    """Choose own texts, compared by wording alone."""
    page.get_by_label("Compare", exact=True).first.click()
    page.get_by_role("option", name="My own texts").click()
    page.get_by_label("Texts", exact=True).wait_for()
    page.get_by_role("radio", name="Wording only").click()
    settle(page)


def marks(page: Page, side: str) -> Locator:
    """The words that are marked on one side."""
    return page.locator(f".difference .{side} mark")


def test_a_first_visit_shows_what_differs_in_the_nearest_pair(visit: Visit) -> None:
    """The trap of the sample: alike to a score, and one number apart; the reading is beside it."""
    page = opened(visit())
    expect(page.get_by_text("A number differs.")).to_be_visible()
    expect(marks(page, "left")).to_have_text(["4", "9"])
    expect(marks(page, "right")).to_have_text(["5", "12"])
    page.get_by_role("tab", name="Pairs").click()
    settle(page)
    expect(marks(page, "left")).to_have_text(["4", "9"])


def test_the_threshold_moves_with_the_keyboard_and_comes_back(visit: Visit) -> None:
    """Arrow keys on the slider regroup; one click restores the suggestion."""
    page = opened(visit())
    slider = page.get_by_role("slider", name="Threshold")
    for _ in range(10):
        slider.press("ArrowLeft")
    page.get_by_text("6 of 66 texts stand in 3 groups").wait_for()
    settle(page)
    page.get_by_role("button", name="Back to the suggestion").click()
    page.get_by_text("4 of 66 texts stand in 2 groups").wait_for()


def test_own_texts_are_pasted_uploaded_compared_and_taken_away(visit: Visit) -> None:
    """What looks like markup is shown as it is, nothing is fetched, and the CSV is safe in a spreadsheet."""
    visitor = visit()
    page = opened(visitor)
    own(page)
    page.get_by_label("Texts", exact=True).fill(f"{EVIL} one\n=1+1 is a formula to some")
    page.get_by_label("Texts", exact=True).blur()
    expect(page.get_by_text("2 texts", exact=True)).to_be_visible()
    settle(page)
    data = f'text\n"{EVIL} two"\n"=1+1 is a formula to some"\n'.encode()
    upload(page, {"more.csv": data})
    expect(page.get_by_text("4 texts", exact=True)).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Find duplicates").click()
    page.get_by_text("4 of 4 texts stand in 2 groups").wait_for()
    settle(page)
    page.get_by_role("tab", name="Pairs").click()
    settle(page)
    page.get_by_role("tab", name="Export").click()
    settle(page)
    file = downloaded(page, "CSV")
    rows = list(csv.DictReader(io.StringIO(file, newline="")))
    assert len(rows) == 4
    assert {row["text"] for row in rows if "formula" in row["text"]} == {"'=1+1 is a formula to some"}
    page.get_by_role("tab", name="Groups").click()
    settle(page)
    assert page.locator(".katex, img[src*='evil']").count() == 0
    assert visitor.strangers() == []


def test_one_text_against_the_rest_stands_next_to_the_nearest(visit: Visit) -> None:
    """The reference keeps its place while the rest is listed by likeness; a reload brings it back."""
    page = opened(visit())
    page.get_by_role("radio", name="One against the rest").click()
    page.get_by_text("1 of 65 texts has").or_(page.get_by_text("of 65 texts")).first.wait_for()
    settle(page)
    expect(marks(page, "left").filter(has_text="six-digit code")).to_have_count(1)
    expect(page.locator(".difference .left .name")).to_contain_text("The reference text")
    page.reload()
    page.get_by_text("of 65 texts").first.wait_for()
    expect(page.get_by_label("Reference text", exact=True)).to_have_value(
        re.compile(r"^Reset your password\nForgot your password\?")
    )


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (False, True), (True, True)])
def test_the_page_is_accessible_and_fits(visit: Visit, dark: bool, phone: bool) -> None:
    """No serious axe finding in either mode, light and dark, and no sideways scrolling on a phone."""
    page = opened(visit(dark=dark, phone=phone))
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
    page.get_by_role("radio", name="One against the rest").click()
    page.get_by_text("of 65 texts").first.wait_for()
    settle(page)
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
