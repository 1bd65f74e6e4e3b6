"""The Playground in a real browser, as somebody new, a tuner and a support agent would use it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from rerank_core import samples
from rerank_core.ranking.heading import heading
from tests.browser.conftest import Visitor
from tests.browser.seeing import (
    keep_html,
    new_run,
    open_cell,
    paste,
    scrolls_sideways,
    serious_findings,
    settle,
    texts,
    unfold,
    upload,
)

Visit = Callable[..., Visitor]

EVIL = [
    "![x](http://evil.test/leak.png) markdown picture",
    "<img src=http://evil.test/a.png onerror=alert(1)><script>alert(2)</script> html",
    "price $x$ and $y^2$ as a formula",
    ":red[x] :material/home: :smile: directives",
    "x" * 100_000,
    "مرحبا بالعالم، كلمة المرور",
    "🔑🧑‍🚀 emoji 👩‍👩‍👧‍👦",
    "a NUL \x00 in the middle",
    "[link](javascript:alert(1)) -> arrow",
]


def rerank(page: Page) -> None:
    """Press Rerank and wait for the run that it makes."""
    unfold(page)
    new_run(page, page.get_by_role("button", name="Rerank", exact=False).filter(has_text="Rerank").first.click)


def test_a_first_visit_shows_reranking_at_work(visit: Visit) -> None:
    """Without a click the password story stands there reranked, free, with the right answer on top."""
    page = visit().open("/")
    expect(page.get_by_role("heading", name="Initial order")).to_be_visible()
    expect(page.get_by_role("heading", name="Reranked order")).to_be_visible()
    expect(texts(page).first).to_have_text("How to reset your password")
    expect(texts(page, "left").first).to_have_text("Password policies and requirements")
    expect(page.get_by_text("Billed")).to_be_visible()
    for label in ("Query", "Documents", "Upload documents", "Top N", "Connection", "Example"):
        expect(page.get_by_label(label, exact=True).first).to_be_attached()
    for name in ("English", "Multilingual", "Keyword matching"):
        expect(page.get_by_role("radio", name=name, exact=True)).to_be_visible()
    for name in ("Board", "Table", "Request", "Context", "Export"):
        expect(page.get_by_role("tab", name=name)).to_be_visible()


@pytest.mark.parametrize("example", samples.EXAMPLES, ids=lambda example: example.id)
def test_each_example_tells_its_story_from_its_link(visit: Visit, example: samples.Example) -> None:
    """A link to a story shows it reranked; where nothing answers, the page says so."""
    page = visit().open(f"/?example={example.id}")
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)
    warning = page.get_by_text("Nothing here answers this well")
    if example.answers:
        expect(texts(page).first).to_contain_text(heading(example.documents[example.answers[0]])[1].split("\n")[0][:40])
        expect(warning).to_have_count(0)
    else:
        expect(warning).to_be_visible()


def test_pasted_lines_are_counted_and_reranked_with_ctrl_enter(visit: Visit) -> None:
    """Typing, pasting and Ctrl+Enter is all it takes."""
    page = visit().open("/")
    page.get_by_label("Query", exact=True).fill("Wi-Fi drops every few minutes")
    paste(page, "Printer setup\nHow to change your wallpaper\nWhat to do when Wi-Fi keeps dropping\nBilling questions")
    expect(page.get_by_text("4 documents, pasted, one per line")).to_be_visible()
    new_run(page, lambda: page.get_by_label("Query", exact=True).press("Control+Enter"))
    expect(texts(page).first).to_have_text("What to do when Wi-Fi keeps dropping")
    expect(texts(page, "left").first).to_have_text("Printer setup")


def test_pasted_json_brings_ids_and_a_request_brings_its_query(visit: Visit) -> None:
    """A request body copied from code fills both fields."""
    page = visit().open("/")
    body = {"query": "refund for a late parcel", "documents": [{"id": 9, "text": "Parcel delays"}, "Refunds", "Jobs"]}
    paste(page, json.dumps(body))
    expect(page.get_by_text("3 documents, pasted, from JSON")).to_be_visible()
    expect(page.get_by_label("Query", exact=True)).to_have_value("refund for a late parcel")


def test_an_error_keeps_what_was_typed_and_a_correction_works(visit: Visit) -> None:
    """An empty query is refused in a sentence; the documents stay, and the next press works."""
    page = visit().open("/")
    query = page.get_by_label("Query", exact=True)
    query.fill("")
    query.press("Control+Enter")
    expect(page.get_by_text("The query is empty.")).to_be_visible()
    expect(page.get_by_label("Documents", exact=True)).to_have_value(re.compile("How to reset your password"))
    settle(page)
    query.fill("account security")
    query.blur()
    settle(page)
    rerank(page)
    expect(page.get_by_text("The query is empty.")).to_have_count(0)
    expect(texts(page).first).to_have_text("Account security settings")


def test_moving_top_n_sends_nothing_and_keeps_scores_below_the_cut(visit: Visit) -> None:
    """The run stays the same; the rows below are folded with their scores."""
    page = visit().open("/")
    rerank(page)
    unfold(page)
    address = re.search(r"run=([\w-]+)", page.url)
    top = page.get_by_label("Top N", exact=True)
    top.fill("1")
    top.press("Enter")
    settle(page)
    assert address
    expect(page).to_have_url(re.compile(address[1]))
    expect(texts(page)).to_have_count(4)
    shown = page.locator(".list.right .row:visible")
    expect(shown).to_have_count(1)
    page.get_by_role("button", name="Show 3 below Top 1").click()
    expect(shown.locator(".score")).to_have_count(4)
    expect(shown.locator(".score").last).to_have_text(re.compile(r"0\.\d+"))


def test_a_reload_brings_the_run_back(visit: Visit) -> None:
    """The address names the run, so closing the tab loses nothing."""
    visitor = visit()
    page = visitor.open("/")
    page.get_by_label("Query", exact=True).fill("security of my account")
    page.get_by_label("Query", exact=True).blur()
    settle(page)
    rerank(page)
    page.reload()
    settle(page)
    expect(page.get_by_label("Query", exact=True)).to_have_value("security of my account")
    expect(texts(page).first).to_have_text("Account security settings")


def test_texts_survive_a_visit_to_another_page(visit: Visit) -> None:
    """Going to Connections and back loses nothing."""
    page = visit().open("/")
    page.get_by_label("Query", exact=True).fill("my own words")
    paste(page, "first thing\nsecond thing")
    rerank(page)
    page.get_by_role("link", name="Connections").click()
    page.wait_for_url("**/connections*")
    settle(page)
    page.get_by_role("link", name="Playground").click()
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)
    expect(page.get_by_label("Query", exact=True)).to_have_value("my own words")
    expect(page.get_by_label("Documents", exact=True)).to_have_value("first thing\nsecond thing")
    expect(texts(page)).to_have_count(2)
    for text in ("first thing", "second thing"):
        expect(texts(page).filter(has_text=text)).to_have_count(1)


def test_evil_documents_are_shown_as_they_are_and_fetch_nothing(visit: Visit) -> None:
    """No document is ever markup; the fixture fails on any request to elsewhere and on any console error."""
    visitor = visit()
    page = visitor.open("/")
    paste(page, json.dumps(EVIL))
    keep_html(page)
    page.get_by_label("Query", exact=True).fill("![q](http://evil.test/q.png) $x$ <b>query</b>")
    page.get_by_label("Query", exact=True).blur()
    settle(page)
    rerank(page)
    for text in ("![x](http://evil.test/leak.png)", "<img src=http://evil.test/a.png", "$x$ and $y^2$", ":red[x]"):
        expect(texts(page).filter(has_text=text)).to_have_count(1)
    for tab in ("Table", "Request", "Context", "Export"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
    assert page.locator(".katex, img[src*='evil']").count() == 0
    assert visitor.strangers() == []


def test_lone_surrogates_do_not_break_the_page(visit: Visit) -> None:
    """A damaged character in a file becomes visible and harmless."""
    page = visit().open("/?example=own")
    page.get_by_label("Query", exact=True).fill("damaged")
    page.get_by_label("Query", exact=True).blur()
    data = b'["a damaged \\ud800 character", "another text"]'
    upload(page, {"odd.json": data})
    expect(page.get_by_text("2 documents from odd.json", exact=True)).to_be_visible()
    settle(page)
    rerank(page)
    expect(texts(page).first).to_contain_text("a damaged")


def test_a_rating_brings_measures_and_taking_it_back_removes_them(visit: Visit) -> None:
    """Without ratings there is no metric; with one there is, before and after."""
    page = visit().open("/")
    expect(page.get_by_text("nDCG@")).to_have_count(0)
    page.locator(".list.right .row").first.focus()
    page.keyboard.press("3")
    expect(page.get_by_text(re.compile("nDCG@"))).to_be_visible()
    expect(page.get_by_text("1 of 4 documents rated", exact=False)).to_be_visible()


def test_the_table_edits_a_document_and_undo_brings_it_back(visit: Visit) -> None:
    """A cell typed over is what gets ranked; Undo restores the text."""
    page = visit().open("/")
    page.get_by_text("Edit as a table").click()
    settle(page)
    grid = page.get_by_test_id("stDataFrame").first
    grid.wait_for()
    settle(page)
    # The text lies right of the row marker and the narrow Order column.
    open_cell(grid, 0.35).fill("Changed by hand")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_enabled()
    settle(page)
    rerank(page)
    expect(texts(page, "left").filter(has_text="Changed by hand")).to_have_count(1)
    unfold(page)
    page.get_by_role("button", name="Undo").click()
    settle(page)
    rerank(page)
    expect(texts(page, "left").filter(has_text="Password policies and requirements")).to_have_count(1)


def test_a_table_offers_no_file_that_is_not_guarded(visit: Visit) -> None:
    """Streamlit's own download of a table, which guards no formula, is not there; its other buttons are."""
    page = visit().open("/")
    page.get_by_text("Edit as a table").click()
    settle(page)
    page.get_by_test_id("stDataFrame").first.hover()
    expect(page.get_by_role("button", name="Search").first).to_be_visible()
    download = page.get_by_test_id("stElementToolbarButton").locator('[aria-label^="Download as CSV"]')
    expect(download).not_to_have_count(0)  # else it has another name, and would be seen again
    expect(download.first).to_be_hidden()


def test_a_thousand_documents_are_two_tables(visit: Visit) -> None:
    """Many rows stay quick: virtualised tables instead of the board."""
    page = visit().open("/")
    paste(page, "\n".join(f"note {number} about passwords and topic {number % 37}" for number in range(1000)))
    expect(page.get_by_text("1,000 documents, pasted, one per line")).to_be_visible()
    rerank(page)
    expect(page.get_by_test_id("stDataFrame")).to_have_count(2)
    page.get_by_text("How the scores are spread").click()
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible()


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (False, True), (True, True)])
def test_the_page_is_accessible_and_fits(visit: Visit, dark: bool, phone: bool) -> None:
    """No serious axe finding on any tab, light and dark, and no sideways scrolling on a phone."""
    page = visit(dark=dark, phone=phone).open("/?example=support")
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)
    title, bar = page.get_by_role("heading", level=1).bounding_box(), page.get_by_test_id("stHeader").bounding_box()
    assert title is not None
    assert bar is not None
    assert title["y"] >= (bar["height"] if phone else 0)  # on a phone the bar at the top covers what is below it
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
    for tab in ("Table", "Request", "Context", "Export"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
        assert serious_findings(page) == [], tab
        assert not scrolls_sideways(page), tab
