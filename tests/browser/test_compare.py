"""The Compare page in a real browser: the first visit, the board by mouse and keys, the blind vote, a failing model."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import (
    downloaded,
    keep_html,
    new_run,
    paste,
    scrolls_sideways,
    serious_findings,
    settle,
    unfold,
)
from tests.support.app_server import Server, start_server
from tests.support.rerank_service import GOOD_KEY, RerankService

Visit = Callable[..., Visitor]

EVIL = [
    "![x](http://evil.test/leak.png) markdown picture",
    "<img src=http://evil.test/a.png onerror=alert(1)><script>alert(2)</script> html",
    "price $x$ and $y^2$ as a formula",
    ":red[x] :material/home: :smile: directives",
    "مرحبا بالعالم، كلمة المرور",
    "[link](javascript:alert(1)) -> arrow",
]
# What names a comparison in the address.
RUNS = "runs"
GERMAN = "?example=german-query&models=local:local-english,local:local-multilingual,local:local-keyword"
NAMES = ("English", "Multilingual", "Keyword matching", "local", "this computer")


@pytest.fixture(scope="module")
def with_services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """An app whose GateFlow answers and whose FlashRank sends a web page."""
    with RerankService() as service:
        running = start_server(
            tmp_path_factory.mktemp("compared"),
            GATEFLOW_API_KEY=GOOD_KEY,
            GATEFLOW_BASE_URL=f"{service.url}/ok",
            FLASHRANK_API_KEY=GOOD_KEY,
            FLASHRANK_BASE_URL=f"{service.url}/html",
        )
        yield running
        running.stop()


@pytest.fixture
def with_a_held_service(tmp_path: Path) -> Iterator[Server]:
    """An app whose GateFlow holds its answers back until the test has ended."""
    with RerankService() as service:
        running = start_server(tmp_path, GATEFLOW_API_KEY=GOOD_KEY, GATEFLOW_BASE_URL=f"{service.url}/held")
        yield running
        running.stop()


def opened(visitor: Visitor, query: str = GERMAN) -> Page:
    """The page with its first comparison: of three models in German, unless the address is given."""
    page = visitor.open(f"/compare{query}")
    page.get_by_text("They disagree most on").wait_for()
    page.locator(".board .row").first.wait_for()
    settle(page)
    return page


def compare(page: Page) -> None:
    """Press Compare and wait for the comparison that it makes."""
    unfold(page)
    new_run(page, page.get_by_role("button", name="Compare").click, RUNS)


def column(page: Page, name: str) -> Locator:
    """One order of the board."""
    return page.get_by_role("list", name=name, exact=True)


def order(page: Page, name: str) -> Locator:
    """The texts of one order, best first, folded ones too."""
    return column(page, name).locator(".row .text")


def test_a_first_visit_shows_four_models_side_by_side(visit: Visit) -> None:
    """Without a click: the agreement in words, four orders with lines between them, free."""
    page = opened(visit(), "")
    expect(page.get_by_text("They differ on the first place: 'Fellside Wide' for English")).to_be_visible()
    for name in ("English", "Multilingual", "Keyword matching", "Cross-encoder"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        expect(order(page, name)).to_have_count(12)
    expect(page.locator(".board .wires path")).to_have_count(36)
    expect(page.locator(".board .wires path[d^=M]")).to_have_count(36)
    expect(page.get_by_text("$0").first).to_be_visible()


def test_own_texts_are_compared_and_taken_away(visit: Visit) -> None:
    """Typed, pasted, Ctrl+Enter; the CSV has a rank for every model and the JSON the agreement."""
    page = opened(visit())
    page.get_by_label("Query", exact=True).fill("Wi-Fi drops every few minutes")
    paste(page, "Printer setup\nHow to change your wallpaper\nWhat to do when Wi-Fi keeps dropping\n=1+1 is a formula")
    new_run(page, lambda: page.get_by_label("Query", exact=True).press("Control+Enter"), RUNS)
    for name in ("English", "Multilingual", "Keyword matching"):
        expect(order(page, name).first).to_have_text("What to do when Wi-Fi keeps dropping")
    page.get_by_role("tab", name="Export").click()
    settle(page)
    file = downloaded(page, "CSV")
    rows = list(csv.DictReader(io.StringIO(file, newline="")))
    assert [rows[2][f"rank: {name}"] for name in ("English", "Multilingual", "Keyword matching")] == ["1", "1", "1"]
    assert rows[3]["text"] == "'=1+1 is a formula"
    file = downloaded(page, "JSON")
    read = json.loads(file)
    assert len(read["agreement"]) == 3
    assert read["query"] == "Wi-Fi drops every few minutes"


def test_the_board_is_walked_with_the_keys_and_lit_by_the_mouse(visit: Visit) -> None:
    """Across stays on the same document, down goes to the next; Enter opens it, and Close closes it for good."""
    page = opened(visit())
    rows = column(page, "English").locator(".row")
    rows.first.focus()
    page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    expect(rows.nth(1)).to_contain_text("Mit dem Hund")
    page.keyboard.press("ArrowRight")
    there = column(page, "Multilingual").locator(".row").filter(has_text="Mit dem Hund")
    expect(there).to_be_focused()
    expect(page.locator(".board .wires path.on")).to_have_count(2)
    page.keyboard.press("Enter")
    settle(page)
    ranks = re.compile(
        r"^Ranks: 2 for English, \d+ for Multilingual, 2 for Keyword matching, 3 in the initial order\.$"
    )
    expect(page.get_by_text(ranks)).to_be_visible()
    page.get_by_role("button", name="Close").click()
    settle(page)
    expect(page.get_by_text("Ranks: ")).to_have_count(0)
    column(page, "Keyword matching").locator("li").nth(1).hover()
    lit = page.locator(".board li.on")
    expect(lit).to_have_count(3)
    expect(lit.filter(has_text="Mit dem Hund")).to_have_count(3)


def test_the_blind_test_gives_nothing_away_and_a_vote_reveals(visit: Visit) -> None:
    """Not in the page's result, not in its titles and labels, not in any tab; digits vote, but not while typing."""
    page = opened(visit(), f"{GERMAN}&blind=1")
    main = page.locator('[data-testid="stMain"]')
    for tab in ("Board", "Table", "Agreement", "Cost and time", "Export"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
        panel = page.get_by_role("tabpanel", name=tab)
        inside = panel.evaluate(
            """panel => {
                const roots = [panel, ...[...panel.querySelectorAll('*')].map(node => node.shadowRoot).filter(Boolean)];
                return roots.map(root => root.innerHTML).join(' ');
            }"""
        )
        assert tab != "Board" or "Vaccinations for Nepal" in inside
        told = [name for name in NAMES if re.search(rf"\b{name}\b", inside)]
        assert told == [], tab
        assert not re.search(r"\d ms\b", inside)
    page.get_by_role("tab", name="Board").click()
    settle(page)
    assert page.get_by_role("button", name="CSV").count() == 0
    expect(main.get_by_text("Try English afterwards")).to_have_count(0)
    expect(page.locator(".board h2")).to_have_text(["A", "B", "C"])
    area = page.get_by_label("Query", exact=True)
    area.press("End")
    area.press_sequentially(" 2")
    settle(page)
    expect(page.get_by_text("Which order is better?")).to_be_visible()
    area.blur()
    settle(page)
    page.locator(".board h2").first.click()
    page.keyboard.press("2")
    page.get_by_text(re.compile("You chose B: ")).wait_for()
    settle(page)
    expect(page.locator(".board h2")).to_have_text([re.compile(rf"{column}: \w") for column in "ABC"])
    heads = [head.inner_text() for head in page.locator(".board h2").all()]
    assert sorted(head.partition(": ")[2] for head in heads) == ["English", "Keyword matching", "Multilingual"]
    expect(page.get_by_text(re.compile("^After [0-9]+ rounds?: "))).to_be_visible()
    file = downloaded(page, "Votes", exact=True)
    votes = list(csv.DictReader(io.StringIO(file, newline="")))
    assert votes[-1]["query"].startswith("Brauche ich Impfungen")
    assert votes[-1]["better"].partition(" (")[0] == heads[1].partition(": ")[2]
    page.get_by_role("link", name="Connections").first.click()
    page.get_by_role("heading", name="Connections", exact=True).first.wait_for()
    page.get_by_role("link", name="Compare").first.click()
    page.get_by_text(re.compile("^After [0-9]+ rounds?: ")).wait_for()


def test_one_model_fails_alone(visit: Visit, with_services: Server) -> None:
    """Models of three connections: the failed one says why and what to do, the others stand side by side."""
    page = visit(at=with_services).open("/compare?models=gateflow:rerank-english-v3.0,flashrank,local:local-keyword")
    compare(page)
    expect(page.get_by_text("FlashRank HTTP: the answer makes no sense")).to_be_visible()
    expect(page.get_by_text("a web page came back")).to_be_visible()
    expect(page.locator(".board h2")).to_have_text(["English", "Keyword matching"])
    expect(order(page, "English")).to_have_count(12)
    expect(page.get_by_label("Query", exact=True)).to_have_value("waterproof hiking boots for wide feet")
    page.get_by_role("tab", name="Cost and time").click()
    settle(page)
    expect(page.get_by_text("Billed in all")).to_be_visible()
    assert serious_findings(page) == []


def test_a_comparison_under_way_is_cancelled(visit: Visit, with_a_held_service: Server) -> None:
    """What is done stands there while the other is waited for; the button waits too; Cancel ends it soon."""
    page = visit(at=with_a_held_service).open("/compare?models=gateflow:rerank-english-v3.0,local:local-keyword")
    page.get_by_role("button", name="Compare").click()
    page.get_by_text("English: waiting for an answer").wait_for()
    expect(page.get_by_text("1 of 2 done. Finished models stay when you cancel.")).to_be_visible()
    expect(page.get_by_test_id("stBaseButton-primary")).to_be_disabled()
    page.locator(".board .row").first.wait_for()
    expect(page.locator(".board h2")).to_have_text(["Keyword matching"])
    page.get_by_role("button", name="Cancel").click()
    page.get_by_text("English was cancelled. Press Compare to ask the models that are missing.").wait_for()
    settle(page)
    expect(page.get_by_role("button", name="Compare")).to_be_enabled()
    expect(order(page, "Keyword matching")).to_have_count(12)


def test_documents_are_shown_as_they_are(visit: Visit) -> None:
    """Markup of any kind is text on the board, in the sentences, in the table and in the document."""
    visitor = visit()
    page = opened(visitor)
    page.get_by_label("Query", exact=True).fill(f"{EVIL[0]} {EVIL[2]}")
    paste(page, json.dumps(EVIL))
    keep_html(page)
    compare(page)
    for name in ("English", "Multilingual", "Keyword matching"):
        expect(order(page, name)).to_have_count(len(EVIL))
        for text in EVIL:
            expect(order(page, name).get_by_text(text, exact=True)).to_have_count(1)
    for row in range(len(EVIL)):
        column(page, "Keyword matching").locator(".row").nth(row).click()
        settle(page)
    for tab in ("Table", "Agreement", "Cost and time", "Export"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
    assert page.locator(".katex, img[src*='evil'], a[href*='javascript'], script:text('alert')").count() == 0
    assert visitor.strangers() == []


def test_a_phone_turns_from_one_order_to_the_next(visit: Visit) -> None:
    """One column has its texts, the others their ranks; a tap on a name turns to it."""
    page = opened(visit(phone=True))
    expect(page.locator(".board.narrow")).to_have_count(1)
    expect(page.locator(".board .list.open")).to_have_attribute("aria-label", "English")
    page.get_by_role("button", name="Show the texts of Keyword matching").click()
    expect(page.locator(".board .list.open")).to_have_attribute("aria-label", "Keyword matching")
    assert not scrolls_sideways(page)


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, False), (False, True), (True, True)])
def test_the_page_is_accessible_and_fits(visit: Visit, dark: bool, phone: bool) -> None:
    """No serious axe finding on any tab, with names and blind, light and dark; no sideways scrolling on a phone."""
    page = opened(visit(dark=dark, phone=phone))
    for tab in ("Table", "Agreement", "Cost and time", "Export", "Board"):
        page.get_by_role("tab", name=tab).click()
        settle(page)
        assert serious_findings(page) == [], tab
        assert not scrolls_sideways(page), tab
    page.locator("label").filter(has_text="Blind test").click()
    page.get_by_text("Which order is better?").wait_for()
    settle(page)
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)
