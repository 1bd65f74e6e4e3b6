"""A run on the Evaluate page whose server is killed: what was paid stays, what was under way is named, the rest goes
on, from a link opened in another window."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.conftest import Visitor
from tests.browser.seeing import serious_findings, settle, upload
from tests.support.app_server import Server, start_server
from tests.support.evaluate_page import CSV, QUERIES
from tests.support.flaky_service import FlakyService
from tests.support.gate import PATIENCE
from tests.support.rerank_service import GOOD_KEY

Visit = Callable[..., Visitor]
HELD_FROM, AT_ONCE = 3, 4


def start_run(page: Page) -> None:
    """Upload the queries and put them to the hosted model alone."""
    page.get_by_text("Add your own queries").click()
    upload(page, {"ours.csv": CSV.encode()})
    expect(page.get_by_text("6 queries, 18 results, 18 ratings")).to_be_visible()
    settle(page)
    page.get_by_role("button", name="Use these queries").click()
    expect(page.get_by_text("6 queries with 18 candidates; 6 have ratings. Initial order")).to_be_visible()
    settle(page)
    page.get_by_role("radio", name="Run", exact=True).click()
    models = page.get_by_role("combobox", name="Models to compare")
    models.wait_for()
    settle(page)
    for left in (12, 6):
        models.press("Backspace")
        expect(page.get_by_test_id("stMetric").filter(has_text="Requests")).to_contain_text(str(left))
        settle(page)
    models.press("Backspace")
    expect(page.get_by_text("Choose at least one model.")).to_be_visible()
    settle(page)
    models.fill("English (GateFlow)")
    models.press("Enter")
    expect(page.get_by_test_id("stMetric").filter(has_text="Requests")).to_contain_text("6")
    models.press("Escape")
    settle(page)
    page.get_by_role("button", name="Start the run").click()


def test_a_killed_server_goes_on_where_it_was(visit: Visit, tmp_path: Path) -> None:
    """Two answers are in and four requests under way when the server is killed. Started again, it lists those four as
    possibly billed, asks only what has no answer, and reaches the end."""
    with FlakyService(hold_from=HELD_FROM, steady=True) as service:
        settings = {"GATEFLOW_API_KEY": GOOD_KEY, "GATEFLOW_BASE_URL": service.url}
        server = start_server(tmp_path, **settings)
        try:
            visitor = visit(at=server)
            page = visitor.open("/evaluate?step=Query%20set")
            start_run(page)
            service.gate.wait_until_held(AT_ONCE)
            expect(page.get_by_text(re.compile(r"2 of 6 done, \$0.002 so far"))).to_be_visible()
            link = page.url.removeprefix(server.url)
            page.close()
        finally:
            server.process.send_signal(signal.SIGKILL)
            server.process.wait(PATIENCE)
        answered = {query for query, *_ in service.log}
        service.gate.open()
        server = start_server(tmp_path, **settings)
        try:
            see_through(visit(at=server), link, server, service, answered)
        finally:
            server.stop()


def see_through(visitor: Visitor, link: str, server: Server, service: FlakyService, answered: set[str]) -> None:
    """Open the link after the restart, read what is said of the run, and go on with it to its end."""
    page = visitor.open(link)
    expect(page.get_by_text("Interrupted when the server ended: 2 of 6 done")).to_be_visible()
    listed = page.get_by_text(f"{AT_ONCE} may have been billed without an answer")
    listed.click()
    settle(page)
    assert serious_findings(page) == []
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_text("Done: 6 of 6 done")).to_be_visible()
    expect(listed).to_be_visible()
    assert {query for query, times in service.asked.items() if times > 1}.isdisjoint(
        query for query, *_ in service.log[: HELD_FROM - 1]
    )
    assert len(answered) == HELD_FROM - 1
    assert service.asked.total() == QUERIES + AT_ONCE
    page.get_by_role("button", name="See the answer").click()
    expect(page.get_by_text(re.compile("English reranking lifts nDCG@10"))).to_be_visible()
    settle(page)
    page.close()  # before the server goes, lest the page ask it for more
