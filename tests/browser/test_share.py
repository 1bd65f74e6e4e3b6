"""A result that travels: a link that another copy of the app opens, a file that opens from disk, a picture."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Download, Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import serious_findings, settle, texts
from tests.support.app_server import Server, start_server

Visit = Callable[..., Visitor]
PAGES = {"playground": "/", "compare": "/compare", "search": "/search"}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Another copy of the app with an empty home."""
    running = start_server(tmp_path_factory.mktemp("elsewhere"))
    yield running
    running.stop()


def open_share(page: Page) -> None:
    """Open the popover beside the headline."""
    page.get_by_role("button", name="Share").click()
    page.get_by_role("button", name="HTML file").wait_for()
    settle(page)


def copied_link(visitor: Visitor) -> str:
    """Press Copy link and take what is on the clipboard then."""
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.page.get_by_role("button", name="Copy link").click()
    expect(visitor.page.get_by_text(re.compile(r"^Copied: [\d,]+ characters\."))).to_be_visible()
    return str(visitor.page.evaluate("navigator.clipboard.readText()"))


def at(link: str, visitor: Visitor, server: Server) -> str:
    """The same link at another copy of the app: everything from the page on behind its address."""
    return link.replace(visitor.server.url, server.url)


def saved_runs(server: Server) -> list[Path]:
    """What the copy has kept of runs so far."""
    return sorted(server.log.parent.glob("runs.sqlite3*"))


def test_a_link_opens_the_same_run_elsewhere_and_nothing_runs(visit: Visit, elsewhere: Server) -> None:
    """The reader sees query, documents, model, order and scores as received, agrees, and has the same run: without a
    call, without a cost, and with an address that holds none of it."""
    sender = visit()
    page = sender.open("/?example=support")
    expect(texts(page).first).to_be_visible()
    order, scores = texts(page).all_inner_texts(), page.locator(".right .score").all_inner_texts()
    headline = page.locator(".st-key-headline").inner_text()
    open_share(page)
    expect(page.get_by_text("It contains your texts")).to_be_visible()
    link = copied_link(sender)
    assert len(link) < 8_000

    reader = visit(at=elsewhere)
    reader.page.goto(at(link, sender, elsewhere))
    page = reader.page
    page.get_by_role("heading", name="A result that was sent to you").wait_for()
    page.get_by_text("As received.").wait_for()
    settle(page)
    assert page.evaluate("location.hash + location.search") == ""
    expect(page.get_by_text(re.compile("The internet on my laptop stops working")).first).to_be_visible()
    expect(page.get_by_text(re.compile(r"Reranked by English \(local\)"))).to_be_visible()
    assert texts(page).all_inner_texts() == order
    assert page.locator(".right .score").all_inner_texts() == scores
    assert serious_findings(page) == []
    assert saved_runs(elsewhere) == []

    page.get_by_role("button", name="Open it in the Playground").click()
    page.locator(".st-key-fold").wait_for()
    settle(page)
    assert texts(page).all_inner_texts() == order
    assert page.locator(".right .score").all_inner_texts() == scores
    expect(page.locator(".st-key-headline")).to_have_text(headline)
    expect(page.get_by_label("Query", exact=True)).to_have_value(re.compile("The internet on my laptop"))
    expect(page.get_by_text(re.compile("^As received:"))).to_be_visible()
    expect(page.get_by_text("0 calls")).to_be_visible()
    assert "received" not in page.url


def test_a_link_that_nobody_can_read_says_so_and_the_page_goes_on(visit: Visit, elsewhere: Server) -> None:
    """A damaged link, one whose end was cut off and one without its content each end in a sentence and a way on."""
    visitor = visit(at=elsewhere)
    for tail in ("/?received=1#run=AAAA", "/?received=1"):
        visitor.page.goto("about:blank")
        page = visitor.page
        page.goto(elsewhere.url + tail)
        page.get_by_text("This link cannot be opened").wait_for()
        expect(page.get_by_text(re.compile("This link is damaged"))).to_be_visible()
    page.get_by_role("button", name="Go on without it").click()
    page.get_by_role("heading", name="Reranked order").wait_for()


def test_a_comparison_opens_elsewhere_with_all_its_models(visit: Visit, elsewhere: Server) -> None:
    """Every column comes along; leaving it leaves nothing behind, and opening it starts no model."""
    sender = visit()
    page = sender.open("/compare")
    page.get_by_role("button", name="Share").wait_for()
    settle(page)
    heads = page.locator(".board h2").all_inner_texts()
    open_share(page)
    link = copied_link(sender)
    reader = visit(at=elsewhere)
    page = reader.page
    page.goto(at(link, sender, elsewhere))
    page.get_by_role("button", name="Open it in Compare").wait_for()
    settle(page)
    assert page.locator(".board h2").all_inner_texts() == ["Initial order", *heads]
    page.get_by_role("button", name="Open it in Compare").click()
    page.get_by_role("button", name="Share").wait_for()
    settle(page)
    assert page.locator(".board h2").all_inner_texts() == heads
    expect(page.get_by_text(re.compile("As received:")).first).to_be_visible()
    expect(page.get_by_text("0 calls")).to_be_visible()


@pytest.mark.parametrize("kind", PAGES)
def test_the_file_of_each_kind_opens_from_disk_with_scripts_off(
    visit: Visit, browser: Browser, tmp_path: Path, kind: str
) -> None:
    """Query, both orders, scores, models and date are read without the app, without scripts and without a network."""
    page = visit().open(PAGES[kind])
    page.get_by_role("button", name="Share").wait_for()
    settle(page)
    open_share(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="HTML file").click()
    path = tmp_path / f"{kind}.html"
    waiting.value.save_as(path)
    window = browser.new_context(java_script_enabled=False, offline=True)
    try:
        paper = window.new_page()
        asked: list[str] = []
        paper.on("request", lambda request: asked.append(request.url))
        paper.goto(path.as_uri())
        query = page.get_by_label("Question" if kind == "search" else "Query", exact=True).input_value()
        expect(paper.locator("h1")).to_have_text(query)
        expect(paper.get_by_role("heading", name="Initial order")).to_be_visible()
        names = [head for head in paper.locator(".orders h2").all_inner_texts() if head != "Initial order"]
        shown = page.locator(".board h2").all_inner_texts() if kind == "compare" else ["English"]
        assert names == shown
        for column in paper.locator(".orders section").all()[1:]:
            assert column.locator("li").count() >= 4
            expect(column.locator("li").first).to_contain_text(re.compile(r"\d\.\d{3} · was \d+"))
        expect(paper.get_by_text(re.compile(r"\d+ \w+ 20\d\d, \d\d:\d\d UTC"))).to_be_visible()
        assert asked == [path.as_uri()]
    finally:
        window.close()


def test_the_picture_is_copied_and_saved_as_a_png(visit: Visit, tmp_path: Path) -> None:
    """Copy picture puts a PNG on the clipboard, PNG saves the same; where the browser forbids it, it says so."""
    visitor = visit()
    page = visitor.open("/")
    open_share(page)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy picture").click()
    expect(page.get_by_text("Paste it into a slide")).to_be_visible()
    kinds = page.evaluate("navigator.clipboard.read().then(items => items.flatMap(item => item.types))")
    assert "image/png" in kinds
    files: list[Download] = []
    page.on("download", lambda file: files.append(file))
    page.get_by_role("button", name="PNG").click()
    page.wait_for_timeout(0)
    while not files:
        page.wait_for_timeout(50)
    files[0].save_as(tmp_path / "board.png")
    data = (tmp_path / "board.png").read_bytes()
    assert data.startswith(b"\x89PNG")
    assert int.from_bytes(data[16:20]) == 2400
    visitor.context.clear_permissions()
    page.evaluate("() => { navigator.clipboard.write = navigator.clipboard.writeText = () => Promise.reject(Error()) }")
    page.get_by_role("button", name="Copy picture").click()
    expect(page.get_by_text("does not let a page copy pictures here")).to_be_visible()
    page.get_by_role("button", name="Copy link").click()
    expect(page.get_by_label("The link", exact=True)).to_be_focused()
    expect(page.get_by_label("The link", exact=True)).to_have_value(re.compile(r"\?received=1#run="))
