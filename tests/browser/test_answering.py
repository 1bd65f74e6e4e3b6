"""The sentence that answers, marked where a person looks: on the board, in the document, in the block for a prompt."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from rerank_core import offline
from tests.browser.conftest import Visitor
from tests.browser.seeing import new_run, paste, serious_findings, settle
from tests.browser.test_search import search

Visit = Callable[..., Visitor]
QUERY = "My flight was cancelled, do I get my money back?"
BACK = "If your flight was cancelled you get your money back within five days."
EVIL = "<img src=http://evil.test/a.png onerror=alert(1)> cancelled flight ![x](http://evil.test/b.png) money back!"
LONG = "The gardens are open all day and so is the bar. " * 4 + BACK + " Breakfast is served from seven to ten."
DOCUMENTS = [
    "The pool is on the roof. Towels are free. Dogs may stay.",
    {"title": "Cancelled flights", "text": LONG},
    f"Welcome to the house. {EVIL} Enjoy your stay.",
    "One sentence about a flight that was cancelled and money.",
]

pytestmark = pytest.mark.skipif(
    offline.unavailable_reason("local-english") is not None, reason="the weights of English are not installed"
)


def rerank(page: Page) -> None:
    """Paste the documents, ask, and press Rerank; the marks have come when the page is at rest."""
    page.get_by_label("Query", exact=True).fill(QUERY)
    paste(page, json.dumps(DOCUMENTS))
    new_run(page, page.get_by_role("button", name="Rerank", exact=False).filter(has_text="Rerank").first.click)
    expect(page.get_by_text("Point at a row to see it.")).to_be_visible()
    settle(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_sentence_is_marked_on_the_row_that_is_looked_at(visit: Visit, dark: bool) -> None:
    """Only there, as text, beginning near it; and axe has nothing to say of its colours, nor in the document."""
    page = visit(dark=dark).open("/?example=own")
    rerank(page)
    board = page.locator(".board")
    page.mouse.move(2, 2)  # the board comes to lie under the pointer that pressed Rerank
    expect(board.locator(".row mark")).to_have_count(0)
    row = board.locator(".list.right .row").filter(has_text="Cancelled flights")
    row.focus()
    expect(row.locator("mark.answer")).to_have_text(BACK)
    expect(row.locator(".text")).to_have_text(re.compile("^… If your flight"))
    expect(board.locator(".list.left mark.answer")).to_have_text(BACK)
    assert serious_findings(page) == []
    evil = board.locator(".list.right .row").filter(has_text="Welcome to the house")
    evil.hover()
    expect(evil.locator("mark.answer")).to_contain_text("<img src=http://evil.test/a.png onerror=alert(1)>")
    expect(evil.locator("img")).to_have_count(0)
    single = board.locator(".list.right .row").filter(has_text="One sentence about")
    single.focus()
    page.mouse.move(2, 2)
    expect(board.locator(".row mark")).to_have_count(0)

    row.focus()
    page.keyboard.press("Enter")
    settle(page)
    expect(page.locator(".passage mark.answer")).to_have_text(BACK)
    expect(page.get_by_text("Marked: the sentence that matches the query best, by this model.").last).to_be_visible()
    assert serious_findings(page) == []


def test_the_block_for_a_prompt_marks_or_quotes_the_sentence(visit: Visit) -> None:
    """Whole texts unless asked; then with the sentence in stars, or that sentence alone."""
    page = visit().open("/?example=own")
    rerank(page)
    page.get_by_role("tab", name="Context").click()
    block = page.get_by_role("tabpanel").locator("code")
    expect(block).to_contain_text(LONG)
    expect(block).not_to_contain_text("stands between")
    page.get_by_role("radio", name="With the best sentence marked").click()
    expect(block).to_contain_text(f"**{BACK}**")
    page.get_by_role("radio", name="Only the best sentence").click()
    expect(block).to_contain_text(BACK)
    expect(block).not_to_contain_text("The gardens are open")
    settle(page)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_passage_that_is_read_has_its_sentence_marked(visit: Visit, dark: bool) -> None:
    """On Search, with the shared words in it, and only in the passage that was found."""
    page = visit(dark=dark).open("/search")
    search(page, "How long do I have to send back a parcel and when is my money returned?")
    expect(page.locator(".passage:not(.quiet) mark.answer")).to_have_count(1)
    expect(page.locator(".passage.quiet mark.answer")).to_have_count(0)
    assert serious_findings(page) == []
