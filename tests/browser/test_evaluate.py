"""The Evaluate page in a real browser: from a spreadsheet to a report, by somebody who does not program."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PHONE, Visitor
from tests.browser.seeing import downloaded, scrolls_sideways, serious_findings, settle, texts, upload

Visit = Callable[..., Visitor]

EVIL = "![x](http://evil.test/leak.png) <img src=http://evil.test/a.png> $x$"
TOPICS = {
    "forgot my password": "Reset a forgotten password in three steps: choose Forgot password where you sign in.",
    "opening hours": "Our opening hours: the shops are open from nine to six, on Saturdays until two.",
    "refund for a late parcel": "A refund for a late parcel is paid within five days after you report it.",
    EVIL: "Something about evil pictures.",
}


def workbook() -> bytes:
    """Four queries with four candidates each; the good one stands last."""
    book = openpyxl.Workbook()
    book.active.append(["Query", "Document", "ID", "Rating"])
    for query, good in TOPICS.items():
        others = [text for text in TOPICS.values() if text != good]
        for text in [*others, good]:
            book.active.append([query, text, f"d{list(TOPICS.values()).index(text)}", 3 if text == good else 0])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def go(page: Page, step: str) -> None:
    """Go to a step of the page."""
    page.get_by_role("radio", name=step, exact=True).click()
    page.wait_for_url(re.compile(f"step={step.replace(' ', '(%20|[+])')}"))
    settle(page)


def upload_queries(page: Page, name: str = "our queries.xlsx") -> None:
    """Upload the workbook and work on it."""
    page.get_by_text("Add your own queries").click()
    upload(page, {name: workbook()})
    expect(page.get_by_text("4 queries, 16 results, 16 ratings")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Use these queries").click()
    expect(page.get_by_text("4 queries with 16 candidates; 4 have ratings. Initial order")).to_be_visible()
    settle(page)


def run_english(page: Page) -> None:
    """Run one model of this computer: the last two of the three that are suggested are taken out."""
    go(page, "Run")
    models = page.get_by_role("combobox", name="Models to compare")
    for left in ("8", "4"):
        models.press("Backspace")
        expect(page.get_by_test_id("stMetric").filter(has_text="Requests")).to_contain_text(left)
        settle(page)
    models.press("Escape")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text("4 of 4 done")).to_be_visible()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(0)
    settle(page)


def test_from_a_spreadsheet_to_the_report(visit: Visit) -> None:
    """Upload, run, read the answer, look at the worst query, move the line, see the month, take the report away."""
    page = visit().open("/evaluate?step=Query%20set")
    upload_queries(page)
    run_english(page)
    go(page, "Answer")
    expect(page.get_by_text(re.compile("^You cannot know yet: rate about 25 more queries"))).to_be_visible()
    expect(
        page.get_by_text(re.compile("English reranking cannot be told apart from the initial order"))
    ).to_be_visible()
    expect(page.get_by_role("heading", name="Reranked order")).to_be_visible()
    best = texts(page).first.text_content()
    assert best in TOPICS.values()
    go(page, "Cut-off")
    expect(page.get_by_text(re.compile("of 4 queries are answered"))).to_be_visible()
    before = page.get_by_text(re.compile("of 4 queries are answered")).text_content()
    line = page.get_by_role("slider", name="Threshold")
    line.focus()
    line.press("End")
    expect(page.get_by_text(re.compile("of 4 queries are answered"))).not_to_have_text(before or "")
    settle(page)
    go(page, "Cost")
    expect(page.get_by_text(re.compile("Only stand-ins on this computer were run"))).to_be_visible()
    go(page, "Report")
    html = downloaded(page, "Report (HTML)")
    assert "You cannot know yet: rate about 25 more queries" in html
    assert "forgot my password" in html
    assert "<img" not in html
    assert "nDCG@10" in downloaded(page, "Every number (CSV)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_report_opens_by_itself(
    visit: Visit, browser: Browser, tmp_path: Path, scheme: Literal["light", "dark"]
) -> None:
    """From a folder, without the app: it asks for no other file, says the answer, fits a phone, and axe is content."""
    page = visit().open("/evaluate")
    page.get_by_text(re.compile("reranking lifts nDCG@10 from")).first.wait_for()
    settle(page)
    go(page, "Report")
    report = tmp_path / "report.html"
    report.write_text(downloaded(page, "Report (HTML)"), "utf-8")
    context = browser.new_context(viewport=PHONE, color_scheme=scheme)
    try:
        alone = context.new_page()
        asked: list[str] = []
        alone.on("request", lambda request: asked.append(request.url))
        alone.goto(report.as_uri())
        expect(alone.get_by_text(re.compile("reranking lifts nDCG@10 from")).first).to_be_visible()
        assert [url for url in asked if not url.startswith("data:")] == [report.as_uri()]
        assert alone.evaluate("document.scrollingElement.scrollWidth <= window.innerWidth + 1")
        smallest = alone.evaluate(
            "Math.min(...[...document.querySelectorAll('svg text')].map(one => one.getBoundingClientRect().height))"
        )
        assert smallest > 10, "the type of the pictures can be read"
        assert serious_findings(alone) == []
    finally:
        context.close()


def test_rating_by_keys(visit: Visit) -> None:
    """0 to 3 rate and move on, S skips, U takes back; focus in the name field types and rates nothing, and no key does
    without a name. On a laptop every button is in sight, above the document."""
    page = visit().open("/evaluate?step=Query%20set")
    upload_queries(page, "to rate.xlsx")
    page.set_viewport_size({"width": 1366, "height": 700})
    go(page, "Rate")
    expect(page.get_by_text("16 came with the file, 0 by this rater")).to_be_visible()
    document = page.get_by_text(re.compile("^Document 1 of 4 · rank")).bounding_box()
    assert document is not None
    for label in ("Not relevant", "Just right", "Skip", "Next query"):
        box = page.get_by_role("button", name=label).bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < min(document["y"], 700)
    page.keyboard.press("3")
    expect(page.get_by_text("16 came with the file, 1 by this rater")).to_be_visible()
    settle(page)
    name = page.get_by_label("Rater", exact=True)
    name.fill("")
    name.press("Enter")
    expect(page.get_by_text("Type your name as the rater first")).to_be_visible()
    settle(page)
    name.blur()
    page.keyboard.press("3")
    settle(page)
    expect(page.get_by_text("16 came with the file, 0 by this rater")).to_be_visible()
    name.fill("Ann 3")
    name.press("Enter")
    # The number was the same before: only the sentence that goes says that the new name has arrived.
    expect(page.get_by_text("Type your name as the rater first")).to_have_count(0)
    expect(page.get_by_text("16 came with the file, 0 by this rater")).to_be_visible()
    settle(page)
    name.blur()
    for key, said in (("3", 1), ("0", 2), ("S", 2), ("1", 3), ("U", 2)):
        page.keyboard.press(key)
        expect(page.get_by_text(f"16 came with the file, {said} by this rater")).to_be_visible()
        settle(page)


def test_a_link_reopens_an_experiment_in_another_window(visit: Visit) -> None:
    """The address that the page shows brings somebody else to the same answer."""
    page = visit().open("/evaluate?step=Query%20set")
    upload_queries(page, "to share.xlsx")
    run_english(page)
    go(page, "Answer")
    address = page.url
    other = visit()
    page = other.open(address.removeprefix(other.server.url))
    expect(
        page.get_by_text(re.compile("English reranking cannot be told apart from the initial order"))
    ).to_be_visible()
    expect(page.get_by_text(re.compile("to share, 4 queries, run of"))).to_be_visible()


@pytest.mark.parametrize("look", [{}, {"dark": True}, {"phone": True}], ids=["light", "dark", "phone"])
def test_every_step_is_accessible_and_fits(visit: Visit, look: dict[str, bool]) -> None:
    """No serious axe finding and no sideways scrolling, on every step, with an experiment to look at."""
    page = visit(**look).open("/evaluate?step=Query%20set")
    upload_queries(page, f"{'-'.join(look) or 'light'}.xlsx")
    run_english(page)
    for step in ("Run", "Query set", "Rate", "Answer", "Cut-off", "Cost", "Report"):
        go(page, step) if step != "Run" else None
        if step == "Cut-off":
            page.get_by_text("Find a threshold from 30 to 50 borderline pairs").click()
            expect(page.get_by_text(re.compile("^Pair 1 of 4 · score"))).to_be_visible()
            settle(page)
        assert serious_findings(page) == []
        assert not scrolls_sideways(page)


PRODUCTS = ("tent", "stove", "rucksack", "lantern", "boots", "jacket", "map", "bottle", "rope", "compass")
KINDS = ("for two", "for winter", "for children")


def shop(*, rated: bool = True) -> bytes:
    """A shop's search as a spreadsheet: a caption, then 30 queries with 5 results each, the right one third."""
    book = openpyxl.Workbook()
    book.active.append(["Search results, exported for review"])
    head = ["Search term", "Position", "SKU", "Product title", "Short description", "Price", "Availability"]
    book.active.append(head + ["Rating"] * rated)
    for number, (product, kind) in enumerate((one, other) for one in PRODUCTS for other in KINDS):
        others = [PRODUCTS[(PRODUCTS.index(product) + step) % len(PRODUCTS)] for step in range(1, 5)]
        results = [(one, "for everybody", 0) for one in others]
        results.insert(2, (product, kind, 3))
        for place, (name, use, grade) in enumerate(results, start=1):
            title = f"Nordfell {name} {place}"
            row = [f"{product} {kind}", place, f"SKU-{number}{place}", title, f"A {name} {use}, light and dry.", 49.5]
            book.active.append([*row, "in stock", *[grade] * rated])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


class Clicks:
    """Clicks that are counted, with the page at rest after each."""

    def __init__(self, page: Page) -> None:
        self.page, self.number = page, 0

    def button(self, name: str, *, working: bool = False) -> None:
        self.page.get_by_role("button", name=name).first.click()
        self._done(working=working)

    def step(self, name: str) -> None:
        self.page.get_by_role("radio", name=name, exact=True).click()
        self._done()

    def file(self, name: str, buffer: bytes) -> None:
        self.page.locator("input[type=file]").set_input_files([{"name": name, "mimeType": "", "buffer": buffer}])
        self._done()

    def _done(self, *, working: bool = False) -> None:
        self.number += 1
        settle(self.page, working=working)


def ask(page: Page, name: str, buffer: bytes) -> Clicks:
    """From the sample's answer to one's own, by the shortest way."""
    clicks = Clicks(page)
    clicks.button("Use your own queries")
    clicks.file(name, buffer)
    expect(page.get_by_text("30 queries, 150 results")).to_be_visible()
    settle(page)
    clicks.button("Use these queries")
    expect(page.get_by_text("30 queries with 150 candidates").first).to_be_visible()
    clicks.step("Run")
    clicks.button("Start the run", working=True)
    page.get_by_role("button", name="See the answer").wait_for(timeout=120_000)
    clicks.button("See the answer")
    return clicks


def test_from_a_shops_spreadsheet_to_a_recommendation_in_six_clicks(visit: Visit) -> None:
    """Upload, use, run, read: nothing has to be mapped or guessed, and what to do stands at the top."""
    page = visit().open("/evaluate")
    clicks = ask(page, "shop.xlsx", shop())
    expect(page.get_by_text(re.compile("^Switch .+ on$"))).to_be_visible()
    assert clicks.number <= 6
    expect(page.get_by_text(re.compile("It puts better results first on 30 of 30 queries."))).to_be_visible()
    expect(page.get_by_role("heading", name="What a month would cost")).to_be_visible()


def test_what_decides_is_rated_by_a_click_and_then_counted(visit: Visit) -> None:
    """Without a rating the page says what would change, and a pair after the other can be rated on the spot."""
    page = visit().open("/evaluate")
    ask(page, "unrated.xlsx", shop(rated=False))
    expect(page.get_by_text("You cannot know yet: nothing is rated")).to_be_visible()
    expect(page.get_by_text(re.compile("of the top 3, and the first result of 30 of 30 queries")).first).to_be_visible()
    expect(page.get_by_text(re.compile("^40 to go"))).to_be_visible()
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
    for label, said in (("Just right", 1), ("Not relevant", 2)):
        page.get_by_role("button", name=label).click()
        count = f"Count {said} rating{'s' if said > 1 else ''} in the answer"
        expect(page.get_by_role("button", name=count)).to_be_visible()
        settle(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Count 1 rating in the answer")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Count 1 rating in the answer").click()
    expect(page.get_by_text("You cannot know yet: rate about 25 more queries")).to_be_visible()
    expect(page.get_by_text(re.compile(" to go · rank"))).to_be_visible()
