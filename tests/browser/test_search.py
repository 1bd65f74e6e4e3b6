"""The Search page in a real browser: the first visit, a knowledge base of one's own, a live search engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from rerank_core import samples
from tests.browser.conftest import Visitor
from tests.browser.seeing import new_run, scrolls_sideways, serious_findings, settle, texts, unfold, upload
from tests.support.app_server import start_server
from tests.support.search_engine import search_engine

Visit = Callable[..., Visitor]


def press(page: Page, label: str) -> None:
    """Press one of the page's own buttons, not a row of the board."""
    page.locator('[data-testid="stBaseButton-secondary"]').filter(has_text=label).first.click()


def search(page: Page, question: str) -> None:
    """Ask, and wait for the answer to that question."""
    unfold(page)
    page.get_by_label("Question", exact=True).fill(question)
    new_run(page, lambda: page.get_by_label("Question", exact=True).press("Control+Enter"), "search")
    page.get_by_role("heading", name="Reranked order").wait_for()


@pytest.mark.parametrize(("dark", "phone"), [(False, False), (True, True)])
def test_the_first_visit_has_an_answer_to_read_and_copy(visit: Visit, dark: bool, phone: bool) -> None:
    """The sample is searched for the first ticket: both orders, the passage with shared words marked, and a copy."""
    page = visit(dark=dark, phone=phone).open("/search")
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)
    answer = next(document for document in samples.knowledge_base() if document.id in samples.TICKETS[0].answers)
    expect(page.locator(".list.right .row").first).to_contain_text(answer.metadata["title"])
    expect(page.locator("mark").first).to_be_attached()
    expect(page.get_by_role("heading", name="Copy")).to_be_visible()
    assert serious_findings(page) == []
    assert not scrolls_sideways(page)


def test_a_knowledge_base_survives_a_restart_and_can_be_deleted(
    visit: Visit, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Made from an upload, searched, found again by a new server, deleted with a confirmation."""
    home = tmp_path_factory.mktemp("home")
    server = start_server(home)
    try:
        page = visit(at=server).open("/search")
        settle(page)
        page.get_by_text("Manage", exact=True).click()
        page.get_by_label("Name", exact=True).fill("Boots")
        page.get_by_label("Name", exact=True).blur()
        settle(page)
        html = (
            b"<html><body><h1>Wide boots</h1><p>Waterproof boots for wide feet.</p><script>bad()</script></body></html>"
        )
        upload(page, {"boots.html": html, "hats.txt": b"Sun hats"})
        expect(page.get_by_text("boots.html: 1 document")).to_be_visible()
        settle(page)
        press(page, "Create")
        expect(page.get_by_text("2 passages are in the new knowledge base.")).to_be_visible()
        page.close()  # a page left open complains that its server is gone
    finally:
        server.stop()
    server = start_server(home)
    try:
        page = visit(at=server).open("/search")
        settle(page)
        choose(page, "Boots (2 passages)")
        search(page, "waterproof boots for wide feet")
        expect(texts(page).first).to_contain_text("Waterproof boots")
        expect(texts(page).first).not_to_contain_text("bad()")
        unfold(page)
        page.get_by_text("Manage", exact=True).click()
        settle(page)
        press(page, "Delete")
        press(page, "Yes, delete it")
        expect(page.get_by_text("Deleted.")).to_be_visible()
        settle(page)
        page.get_by_role("combobox", name="Search in").click()
        expect(page.get_by_role("option", name="Boots (2 passages)")).to_have_count(0)
        page.close()
    finally:
        server.stop()


def choose(page: Page, name: str) -> None:
    """Pick a source."""
    page.get_by_role("combobox", name="Search in").click()
    page.get_by_role("option", name=name).click()
    settle(page)


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """A real search engine with OpenSearch's API and two articles."""
    articles = {"a1": "Reset a forgotten password in three steps", "a2": "Password rules for guests"}
    with search_engine({name: {"body": text} for name, text in articles.items()}) as address:
        yield address


def test_a_live_engine_is_searched_and_its_failures_are_sentences(visit: Visit, engine: str) -> None:
    """A wrong index says so; the right one gives candidates that are reranked."""
    page = visit().open("/search")
    settle(page)
    choose(page, "A live search engine")
    for label, value in (("Address", engine), ("Index", "nothing-here"), ("Text field", "body")):
        page.get_by_label(label, exact=True).fill(value)
        page.get_by_label(label, exact=True).blur()
        settle(page)
    page.get_by_label("Question", exact=True).fill("forgotten password")
    page.get_by_label("Question", exact=True).press("Control+Enter")
    expect(page.get_by_test_id("stAlert").first).to_be_visible()
    settle(page)
    page.get_by_label("Index", exact=True).fill("articles")
    page.get_by_label("Index", exact=True).blur()
    settle(page)
    search(page, "I have forgotten my password")
    page.get_by_text("as the search engine listed them").wait_for()
    expect(texts(page).first).to_contain_text("Reset a forgotten password")


def test_the_words_that_a_passage_shares_with_the_question_are_marked_on_the_board(visit: Visit) -> None:
    """The marks stand in both orders, as elements with text and never as markup."""
    page = visit().open("/search")
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)
    marks = page.locator(".list.right .row .text mark")
    for word in ("hub", "red"):
        expect(marks.filter(has_text=re.compile(f"^{word}$", re.IGNORECASE)).first).to_be_attached()


def test_a_list_of_tickets_is_gone_through_by_keys(visit: Visit) -> None:
    """Pasted, then next, marked and back without a mouse; the bar says how it stands, and axe finds nothing serious."""
    page = visit().open("/search")
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)
    unfold(page)
    tickets = ["My hub flashes red three times", "The camera is offline", "How do I pay by invoice?"]
    page.get_by_text("Several tickets at once").click()
    page.get_by_label("Tickets", exact=True).fill("\n".join(tickets))
    page.get_by_label("Tickets", exact=True).blur()
    settle(page)
    page.get_by_role("button", name="Take these").click()
    bar = page.locator(".st-key-tickets_bar")
    expect(bar).to_contain_text("Ticket 1 of 3 tickets: 0 answered, 0 not answered")
    settle(page)
    page.locator("body").press("n")
    expect(bar).to_contain_text("Ticket 2 of 3")
    settle(page)
    page.locator("body").press("x")
    expect(bar).to_contain_text("Ticket 3 of 3 tickets: 0 answered, 1 not answered")
    settle(page)
    page.locator("body").press("a")
    expect(bar).to_contain_text("Ticket 1 of 3 tickets: 1 answered, 1 not answered")
    settle(page)
    page.locator("body").press("n")
    expect(bar).to_contain_text("This one is marked: not answered.")
    assert serious_findings(page) == []
