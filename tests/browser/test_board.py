"""The board in a real browser, alone on a host page: what is seen, heard, dragged, rated and read aloud."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.board_host import EVIL, SUPPORT
from tests.browser.conftest import Visitor
from tests.browser.seeing import scrolls_sideways, serious_findings, settle
from tests.support.app_server import Server, start_server

pytestmark = pytest.mark.browser
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """In place of the app: the host page behind the product's own guard and policy."""
    script = Path(__file__).with_name("board_server.py")
    running = start_server(tmp_path_factory.mktemp("board"), script=script, wait="/_stcore/health")
    yield running
    running.stop()


@pytest.fixture
def open_board(visit: Callable[..., Visitor]) -> Open:
    """Open the host page: `open_board("threshold=0.5", dark=True)`."""

    def open_it(query: str = "", **how: bool) -> Page:
        page = visit(**how).open(f"/?{query}")
        page.get_by_text("run 1 done").wait_for()
        return page

    return open_it


def row(page: Page, side: str, rank: int) -> Locator:
    """The row that shows this rank in one of the orders."""
    return page.locator(f".list.{side} .row").filter(has=page.locator(".rank", has_text=re.compile(f"^{rank}$")))


def item(page: Page, side: str, rank: int) -> Locator:
    """The list item around a row, which carries what is lit, under and rated."""
    return page.locator(f".list.{side} > li").filter(has=page.locator(".rank", has_text=re.compile(f"^{rank}$")))


def log(page: Page) -> list[dict]:
    """What the page heard from the board so far."""
    return json.loads(page.get_by_text(re.compile(r"^log \[")).inner_text().removeprefix("log "))


def heard(page: Page, count: int) -> list[dict]:
    """The same, once the page has run after that many events."""
    page.wait_for_function(
        """count => [...document.querySelectorAll('[data-testid="stText"]')]
            .some(node => node.innerText.startsWith('log ') && JSON.parse(node.innerText.slice(4)).length >= count)""",
        arg=count,
    )
    settle(page)
    return log(page)


def focused(page: Page) -> str:
    """The first line of what has the focus inside the board."""
    return page.evaluate(
        "() => document.activeElement.shadowRoot?.activeElement?.querySelector('.text')?.textContent ?? ''"
    )


def curve(page: Page, state: str) -> int:
    """How many curves are in a state: on, dropped, under."""
    return page.locator(f".wires path.{state}").count()


def visible_ranks(page: Page, side: str) -> list[int]:
    """The ranks that can be seen in one of the orders, from the top."""
    found = page.locator(f".list.{side} .rank").all()
    return [int(rank.inner_text()) for rank in found if rank.is_visible()]


def test_two_orders_side_by_side(open_board):
    """Headings, names, ranks, scores and each row's movement in words; one curve a document."""
    page = open_board("top=12&initial=1")
    for name in ("Initial order", "Reranked order"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    expect(page.get_by_text("as pasted", exact=True)).to_be_visible()
    assert visible_ranks(page, "left") == visible_ranks(page, "right") == list(range(1, 13))
    best = row(page, "right", 1)
    expect(best.locator(".text")).to_have_text(SUPPORT[8][0])
    expect(best.locator(".words")).to_have_text("now 1, was 9, ▲8")
    expect(best.locator(".score")).to_have_text("0.973")
    expect(best).to_have_accessible_name(re.compile(r"now 1, was 9.*up 8 places"))
    assert page.locator(".wires path").count() == 12


def test_bars_share_one_axis(open_board):
    """A bar's length is the score times the width of the track, and all tracks of both orders are as wide."""
    page = open_board("top=12&initial=1")
    tracks = page.locator(".bar").evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
    assert len(tracks) == 24
    assert max(tracks) - min(tracks) < 1
    bars = page.locator(".list.right .bar i").evaluate_all("bars => bars.map(bar => bar.getBoundingClientRect().width)")
    scores = sorted((score for _, _, score in SUPPORT), reverse=True)
    assert all(abs(width - score * tracks[0]) < 1 for width, score in zip(bars, scores, strict=True))


def test_a_document_that_stayed_has_a_level_line(open_board):
    """Rows of both orders stand at the same height, so a level line means the same place."""
    page = open_board("top=12")
    left = page.locator(".list.left .row").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().top)")
    right = page.locator(".list.right .row").evaluate_all("rows => rows.map(row => row.getBoundingClientRect().top)")
    assert left == right


@pytest.mark.parametrize("side", ["left", "right"])
def test_pointing_at_one_lights_the_other(open_board, side):
    """Hovering a row lights the same document in both orders and its curve; leaving puts it out."""
    page = open_board()
    row(page, side, 1 if side == "right" else 9).hover()
    expect(item(page, "left", 9)).to_have_class(re.compile(r"\bon\b"))
    expect(item(page, "right", 1)).to_have_class(re.compile(r"\bon\b"))
    assert (page.locator("li.on").count(), curve(page, "on")) == (2, 1)
    page.mouse.move(2, 2)
    expect(page.locator("li.on")).to_have_count(0)


def test_the_keyboard_goes_along_and_across(open_board):
    """Arrows move within an order and to the same document in the other; Home and End to its ends."""
    page = open_board()
    row(page, "right", 1).focus()
    texts = sorted(SUPPORT, key=lambda entry: entry[1])
    for key, expected in [
        ("ArrowDown", texts[1]),
        ("ArrowDown", texts[2]),
        ("ArrowUp", texts[1]),
        ("End", texts[4]),
        ("Home", texts[0]),
        ("ArrowUp", texts[0]),
    ]:
        page.keyboard.press(key)
        assert focused(page) == expected[0]
    page.keyboard.press("ArrowLeft")
    expect(row(page, "left", 9)).to_be_focused()
    expect(item(page, "right", 1)).to_have_class(re.compile(r"\bon\b"))
    page.keyboard.press("ArrowRight")
    expect(row(page, "right", 1)).to_be_focused()


def test_one_stop_for_each_order(open_board):
    """Tab enters an order once, at the row that had the focus last."""
    page = open_board()
    row(page, "left", 1).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(row(page, "right", 1)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(row(page, "left", 2)).to_be_focused()


def test_enter_and_a_click_pick_a_document(open_board):
    """Either asks the page for the document in full; the row is marked and keeps the focus."""
    page = open_board()
    row(page, "right", 2).focus()
    page.keyboard.press("Enter")
    assert heard(page, 1)[0]["picked"] == "d11"
    expect(row(page, "right", 2)).to_have_attribute("aria-current", "true")
    expect(row(page, "right", 2)).to_be_focused()
    row(page, "left", 1).click()
    assert heard(page, 2)[1]["picked"] == "d1"
    row(page, "left", 1).click()
    assert heard(page, 3)[2]["picked"] == "d1"


def test_below_top_n_is_folded_never_gone(open_board):
    """Folded, the left order keeps what rose into the top; unfolding shows all, reruns and absence keep it so."""
    page = open_board()
    assert visible_ranks(page, "right") == [1, 2, 3, 4, 5]
    assert visible_ranks(page, "left") == [1, 2, 3, 4, 5, 9, 10, 11]
    assert curve(page, "dropped") == 3
    fold = page.get_by_role("button", name="Show 7 below Top 5")
    expect(fold).to_have_attribute("aria-expanded", "false")
    fold.click()
    page.get_by_text("run 2 done").wait_for()
    assert visible_ranks(page, "right") == visible_ranks(page, "left") == list(range(1, 13))
    page.get_by_role("button", name="Run again").click()
    page.get_by_text("run 3 done").wait_for()
    assert len(visible_ranks(page, "right")) == 12
    page.get_by_text("Hide", exact=True).click()
    page.get_by_text("run 4 done").wait_for()
    expect(page.locator(".board")).to_have_count(0)
    page.get_by_text("Hide", exact=True).click()
    page.get_by_text("run 5 done").wait_for()
    expect(page.get_by_role("button", name="Fold 7 below Top 5")).to_be_visible()
    assert len(visible_ranks(page, "right")) == 12


def test_going_across_to_a_folded_row_unfolds(open_board):
    """The same document in the other order can always be reached by key."""
    page = open_board()
    row(page, "left", 1).focus()
    page.keyboard.press("ArrowRight")
    expect(row(page, "right", 9)).to_be_focused()
    page.get_by_text("run 2 done").wait_for()
    expect(row(page, "right", 9)).to_be_focused()
    assert len(visible_ranks(page, "right")) == 12


def test_the_threshold_moves_by_key(open_board):
    """Arrows step by 0.01, Page keys by 0.1, Home and End to the ends; the page hears of it on release."""
    page = open_board("threshold=0.5")
    handle = page.get_by_role("slider", name="Threshold")
    expect(handle).to_have_attribute("aria-valuetext", "0.500, keeps 4 of 12")
    assert page.locator(".list.right li.under").count() == 8
    handle.focus()
    page.keyboard.press("PageDown")
    assert heard(page, 1)[-1]["threshold"] == 0.4
    expect(handle).to_have_attribute("aria-valuenow", "0.400")
    expect(handle).to_have_text("0.400keeps 5 of 12")
    page.keyboard.down("ArrowUp")
    page.keyboard.down("ArrowUp")
    page.keyboard.down("ArrowUp")
    expect(handle).to_have_attribute("aria-valuenow", "0.430")
    assert len(log(page)) == 1
    page.keyboard.up("ArrowUp")
    assert heard(page, 2)[-1]["threshold"] == 0.43
    page.keyboard.press("End")
    assert heard(page, 3)[-1]["threshold"] == 1
    expect(handle).to_have_attribute("aria-valuetext", "1.000, keeps 0 of 12")
    page.keyboard.press("Home")
    assert heard(page, 4)[-1]["threshold"] == 0
    assert page.locator(".list.right li.under").count() == 0


def test_the_threshold_moves_by_mouse(open_board):
    """The handle follows the pointer, says on the way what it keeps, and tells the page once, on release."""
    page = open_board("threshold=0.5")
    handle = page.get_by_role("slider", name="Threshold")
    at, second, third = (
        handle.bounding_box(),
        row(page, "right", 2).bounding_box(),
        row(page, "right", 3).bounding_box(),
    )
    assert at is not None
    assert second is not None
    assert third is not None
    page.mouse.move(at["x"] + 20, at["y"] + at["height"] / 2)
    page.mouse.down()
    page.mouse.move(at["x"] + 20, (third["y"] + second["y"] + second["height"]) / 2, steps=6)
    expect(handle).to_contain_text("keeps 2 of 12")
    assert log(page) == []
    page.mouse.up()
    level = heard(page, 1)[-1]["threshold"]
    assert 0.683 < level < 0.871
    line = page.locator(".threshold").bounding_box()
    assert line is not None
    assert abs(line["y"] - third["y"]) < 3
    handle.click()
    page.get_by_role("button", name="Run again").click()
    page.get_by_text("run 3 done").wait_for()
    assert len(log(page)) == 1


def test_a_threshold_below_the_fold_can_be_reached(open_board):
    """The handle then rests on the cut."""
    page = open_board("threshold=0.05")
    handle, cut = page.get_by_role("slider", name="Threshold").bounding_box(), page.locator(".fold").bounding_box()
    assert handle is not None
    assert cut is not None
    assert abs(handle["y"] + handle["height"] / 2 - cut["y"]) < 12


def test_no_threshold_no_handle(open_board):
    """Without a threshold, or without scores, there is nothing to drag."""
    for query in ("", "noscores=1&threshold=0.5"):
        page = open_board(query)
        expect(page.locator(".threshold")).to_be_hidden()


def test_a_provider_without_scores(open_board):
    """Ranks and movements stay; each row says that it has no score; there is no bar and no scale."""
    page = open_board("noscores=1")
    assert set(page.locator(".list.right .row:visible .score").all_inner_texts()) == {"no score"}
    expect(page.locator(".bar:visible")).to_have_count(0)
    expect(page.locator(".scale:visible")).to_have_count(0)
    expect(row(page, "right", 1).locator(".words")).to_have_text("now 1, was 9, ▲8")


def test_rating_by_key_and_by_click(open_board):
    """0–3 rates the focused row, the same again takes it back, and the small buttons do the same."""
    page = open_board("rating=1")
    row(page, "right", 1).focus()
    page.keyboard.press("3")
    assert heard(page, 1)[-1]["rated"] == [["d9", 3]]
    expect(item(page, "right", 1).get_by_role("button", name="Rate 3")).to_have_attribute("aria-pressed", "true")
    expect(item(page, "right", 1).locator(".verdict")).to_have_text("✓ better")
    expect(row(page, "right", 1)).to_be_focused()
    page.keyboard.press("3")
    assert heard(page, 2)[-1]["rated"] == [["d9", None]]
    expect(item(page, "right", 1).locator(".verdict")).to_have_text("")
    page.keyboard.press("3")
    assert heard(page, 3)[-1]["rated"] == [["d9", 3]]
    item(page, "right", 2).hover()
    item(page, "right", 2).get_by_role("button", name="Rate 0").click()
    assert heard(page, 4)[-1]["rated"] == [["d11", 0]]
    expect(item(page, "right", 2).locator(".verdict")).to_have_text("✗ worse")
    expect(item(page, "left", 9).get_by_role("button", name="Rate 3")).to_have_attribute("aria-pressed", "true")


def test_quick_ratings_are_all_heard(open_board):
    """Ratings given faster than the page runs arrive, each once and in order."""
    page = open_board("rating=1&top=12")
    row(page, "right", 1).focus()
    for place in range(12):
        page.keyboard.press(str(place % 4))
        page.keyboard.press("ArrowDown")
    page.wait_for_function(
        """() => [...document.querySelectorAll('[data-testid="stText"]')].some(node => node.innerText.startsWith('log ')
            && JSON.parse(node.innerText.slice(4)).flatMap(event => event.rated).length >= 12)"""
    )
    settle(page)
    order = [f"d{place + 1}" for place, _ in sorted(enumerate(SUPPORT), key=lambda entry: entry[1][1])]
    rated = [tuple(rating) for event in log(page) for rating in event["rated"]]
    assert rated == [(key, place % 4) for place, key in enumerate(order)]
    assert page.locator(".list.right [aria-pressed=true]").all_inner_texts() == [str(n % 4) for n in range(12)]


def test_without_rating_digits_do_nothing(open_board):
    """A board that takes no ratings has no buttons for them and ignores the keys."""
    page = open_board()
    row(page, "right", 1).focus()
    page.keyboard.press("3")
    expect(page.locator(".rate:visible")).to_have_count(0)
    page.get_by_role("button", name="Run again").click()
    page.get_by_text("run 2 done").wait_for()
    assert log(page) == []


def test_evil_text_is_text(open_board):
    """Markdown, HTML, formulas, control characters and 100 kB in one word: verbatim, no element, no request."""
    page = open_board("case=evil&titles=1&top=10&tooltip=1")
    texts = page.locator(".list.left .text").all_text_contents()
    for place in (0, 1, 2, 4, 6):
        assert texts[place] == EVIL[place]
    assert texts[3] == "x" * 400 + "…"
    assert texts[7] == "nul␀ bell␇ escape␛[31m lone \ufffd surrogate"
    assert texts[8:] == ["(blank)", "line one line two tabbed"]
    inside = page.locator(".list").locator(
        "img, script, style, iframe, a, b:not(.words b, .strength), svg, math, link, object"
    )
    assert inside.count() == 0
    assert not scrolls_sideways(page)
    arabic = page.locator(".list.left .text").nth(4)
    assert arabic.evaluate("node => getComputedStyle(node).direction") == "rtl"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    "query", ["rating=1&threshold=0.5&initial=1&titles=1", "case=evil&rating=1", "noscores=1", "case=detail"]
)
def test_no_serious_finding(open_board, query, dark):
    """axe has nothing serious to say, lit, rated, dimmed and folded rows included."""
    page = open_board(query, dark=dark)
    if "rating" in query:
        row(page, "right", 1).focus()
        page.keyboard.press("3")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("0")
        heard(page, 1)
    assert serious_findings(page) == []


@pytest.mark.parametrize("query", ["rating=1&threshold=0.5&titles=1", "case=evil&initial=1", "case=tables&n=60"])
def test_a_phone_needs_no_sideways_scrolling(open_board, query):
    """390 px: one column with the initial ranks beside it; nothing sticks out."""
    page = open_board(query, phone=True)
    assert not scrolls_sideways(page)
    if "tables" in query:
        return
    assert visible_ranks(page, "left")
    overflow = page.locator(".board").evaluate(
        """board => [...board.querySelectorAll('.list.right *, .handle')].filter(node => {
            const box = node.getBoundingClientRect();
            return box.width > 1 && !node.closest('.text, .title') && box.right > window.innerWidth + 1;
        }).map(node => node.className)"""
    )
    assert overflow == []


def test_a_click_in_the_middle_of_a_row_never_rates_it(open_board):
    """The rating buttons come up under the pointer, so they keep out of where people click to read."""
    for query in ("rating=1&top=12&titles=1", "rating=1&top=12&initial=1"):
        page = open_board(query)
        for width in (1440, 1130, 1024, 800, 560):
            page.set_viewport_size({"width": width, "height": 900})
            page.wait_for_function("width => window.innerWidth === width", arg=width)
            for side in ("left", "right"):
                row(page, side, 3).scroll_into_view_if_needed()
                box = row(page, side, 3).bounding_box()
                assert box is not None
                at = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
                page.mouse.move(*at)
                expect(item(page, side, 3).locator(".rate button").first).to_be_visible()
                hit = "([x, y]) => document.elementFromPoint(x, y).shadowRoot.elementFromPoint(x, y).closest('.rate')"
                assert page.evaluate(hit, list(at)) is None, (query, width, side)


def test_on_a_phone_ratings_are_always_there(open_board):
    """Nothing can be pointed at with a finger, so the buttons stand in every row, large enough to hit."""
    page = open_board("rating=1", phone=True)
    buttons = item(page, "right", 1).locator(".rate button")
    expect(buttons).to_have_count(4)
    for button in buttons.all():
        box = button.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) >= 24
    buttons.nth(2).tap()
    assert heard(page, 1)[-1]["rated"] == [["d9", 2]]


def test_nothing_in_a_row_covers_something_else(open_board):
    """Text, bar, score and words of a row keep apart and inside their row at every width."""
    page = open_board("top=12&initial=1&titles=1&rating=1")
    for width in (1440, 1130, 1024, 800, 600, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function("width => window.innerWidth === width", arg=width)
        wrong = page.locator(".list.right .row").evaluate_all(
            """rows => rows.flatMap(row => {
                const outer = row.getBoundingClientRect();
                const parts = ['.rank', '.body', '.meter', '.words'].map(name => row.querySelector(name));
                const boxes = parts.map(part => part.getBoundingClientRect());
                const found = [];
                boxes.forEach((a, i) => {
                    if (a.top < outer.top - 1 || a.bottom > outer.bottom + 1 || a.right > outer.right + 1)
                        found.push(`${parts[i].className} sticks out`);
                    boxes.slice(i + 1).forEach((b, j) => {
                        const apart = a.right <= b.left + 1 || b.right <= a.left + 1
                            || a.bottom <= b.top + 1 || b.bottom <= a.top + 1;
                        if (!apart) found.push(`${parts[i].className} on ${parts[i + 1 + j].className}`);
                    });
                });
                return found;
            })"""
        )
        assert wrong == [], width


def test_a_new_order_takes_the_place_of_the_old(open_board):
    """The rows are put in the new order where they stand, and the one with the focus keeps it."""
    page = open_board("top=12")
    row(page, "right", 1).focus()
    page.evaluate("document.activeElement.shadowRoot.activeElement.dataset.mine = 'yes'")
    button = page.get_by_role("button", name="Turn the order round")
    button.evaluate("button => button.click()")
    page.get_by_text("run 2 done").wait_for()
    expect(row(page, "right", 1).locator(".words")).to_have_text("now 1, was 8, ▲7")
    mine = page.locator("[data-mine=yes]")
    expect(mine.locator(".words")).to_have_text("now 12, was 9, ▼3")
    expect(mine).to_be_focused()
    assert visible_ranks(page, "right") == list(range(1, 13))
    assert [float(text) for text in page.locator(".list.right .row:visible .score").all_inner_texts()] == sorted(
        (round(1 - score, 3) for _, _, score in SUPPORT), reverse=True
    )


def test_rows_glide_only_where_motion_is_welcome(open_board):
    """With reduced motion nothing moves; otherwise the rows travel to their new places and come to rest."""
    page = open_board()
    turn = page.get_by_role("button", name="Turn the order round")
    moving = "board => board.getAnimations({subtree: true}).length"
    turn.click()
    page.get_by_text("run 2 done").wait_for()
    assert page.locator(".board").evaluate(moving) == 0
    page.emulate_media(reduced_motion="no-preference")
    page.locator(".board").evaluate(
        """board => { const animate = Element.prototype.animate; window.glides = 0;
            Element.prototype.animate = function (...how) { window.glides += 1; return animate.apply(this, how); }; }"""
    )
    turn.click()
    page.get_by_text("run 3 done").wait_for()
    page.wait_for_function("window.glides > 1")
    page.wait_for_function("() => document.getAnimations().length === 0")


def test_fifty_documents_are_drawn_with_thirty_first_places_joined(open_board):
    """Fifty rows a side; curves for documents among the first thirty of either order."""
    page = open_board("n=50&top=50")
    assert page.locator(".list.right .row").count() == 50
    assert page.locator(".wires path").count() == 50
    page = open_board("n=50&top=50&same=1")
    assert page.locator(".wires path").count() == 30


def test_tables_are_named_and_scroll_on_their_own(open_board):
    """Many documents: two tables with the same headings, each with an accessible name."""
    page = open_board("case=tables&n=1000&threshold=0.5")
    for name in ("Initial order", "Reranked order"):
        expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
        expect(page.get_by_label(f"{name}, 1,000 documents").first).to_be_visible()
    assert serious_findings(page) == []


JOINED = """svg => {
    const root = svg.getRootNode();
    const top = svg.getBoundingClientRect().top;
    const middles = side => new Map([...root.querySelectorAll(`.list.${side} .row`)].map(row => {
        const box = row.getBoundingClientRect();
        return [row.querySelector('.text').textContent, box.top + box.height / 2 - top];
    }));
    const [left, right] = [middles('left'), middles('right')];
    const wanted = [...left].map(([text, at]) => `${Math.round(at)} ${Math.round(right.get(text))}`).sort();
    const found = [...svg.querySelectorAll('path')].map(path => {
        const numbers = path.getAttribute('d').match(/[0-9.]+/g).map(Number);
        return `${Math.round(numbers[1])} ${Math.round(numbers[7])}`;
    }).sort();
    return wanted.join() === found.join();
}"""


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
def test_every_line_joins_the_same_document_once_the_rows_have_come_to_rest(visit, motion):
    """Rows that glide are not where they stand, and a line drawn meanwhile must not stay."""
    visitor = visit()
    visitor.page.emulate_media(reduced_motion=motion)
    page = visitor.open("/?top=12&initial=1")
    page.get_by_text("run 1 done").wait_for()
    page.wait_for_function(JOINED, arg=page.locator(".wires").element_handle())
    page.set_viewport_size({"width": 1100, "height": 900})
    page.wait_for_function(JOINED, arg=page.locator(".wires").element_handle())
