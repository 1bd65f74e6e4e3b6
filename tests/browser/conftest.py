"""A real browser before a real server, for the tests in this folder.

The browser is the Chromium on the path; where there is none the tests are skipped with a loud sentence, and with
CI=true they fail. With CI=true a test that fails is tried once more, since the machine may be busy with others; the
summary names it. No test may leave an error in the browser's console or make it ask another server for something.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from tests.browser.seeing import settle, unfold
from tests.support.app_server import Server, start_server
from tests.support.gate import PATIENCE

HERE = Path(__file__).parent
CI = os.environ.get("CI") == "true"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
MISSING = "NO CHROMIUM ON THE PATH: the browser tests did not run. Install it (Debian: apt install chromium)."
FLAGS = [
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]
WIDE, PHONE = {"width": 1440, "height": 1000}, {"width": 390, "height": 844}
# Long, since two workers share what may be a slow machine; nothing waits longer than it has to.
PATIENCE_MS = 1000 * PATIENCE
expect.set_options(timeout=PATIENCE_MS)
# Streamlit looks for its server below the page it was opened at; both come back as 404 and it goes on to the root.
_PROBES = re.compile(r"/[^/]+/_stcore/(health|host-config)$")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder needs the browser, and runs last: Playwright keeps an event loop running in this
    thread from its first test on, and no test after that could start one of its own."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            if CI:
                item.add_marker(pytest.mark.flaky(reruns=1))
    items.sort(key=lambda item: HERE in item.path.parents)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly that the browser tests were left out, and which of them needed a second try."""
    if CHROMIUM is None:
        terminalreporter.write_sep("!", MISSING, yellow=True, bold=True)
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.write_line(f"SECOND TRY {report.nodeid}", yellow=True)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The app, shared by the tests of a run; each page that opens it is a session of its own."""
    running = start_server(tmp_path_factory.mktemp("app"))
    yield running
    running.stop()


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """Playwright's driver, one for the run."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def browser(playwright_driver: Playwright) -> Iterator[Browser]:
    """The Chromium on the path."""
    if CHROMIUM is None:
        if CI:
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    with contextlib.closing(playwright_driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)) as running:
        yield running


@dataclass
class Windows:
    """Browser windows by their look, used again once they are empty: the app's scripts are in their cache then, which
    saves a third of each visit. What a test left in cookies and storage is thrown away."""

    browser: Browser
    free: dict[tuple[bool, bool], list[BrowserContext]] = field(default_factory=dict)

    def take(self, look: tuple[bool, bool]) -> BrowserContext:
        """A window without a page, dark or not and a phone or not."""
        kept = self.free.setdefault(look, [])
        if kept:
            return kept.pop()
        dark, phone = look
        context = self.browser.new_context(
            color_scheme="dark" if dark else "light",
            viewport=PHONE if phone else WIDE,
            is_mobile=phone,
            has_touch=phone,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        return context

    def give_back(self, look: tuple[bool, bool], context: BrowserContext) -> None:
        """Empty a window and keep it; one that a test closed is forgotten."""
        with contextlib.suppress(Error):
            for page in context.pages:
                with contextlib.suppress(Error):
                    page.evaluate("localStorage.clear(), sessionStorage.clear()")
                page.close()
            context.clear_cookies()
            self.free[look].append(context)


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Windows:
    """The windows of this run."""
    return Windows(browser)


@dataclass
class Visitor:
    """Somebody with a browser window that nobody else has meanwhile. What the browser complains about is collected."""

    context: BrowserContext
    page: Page
    server: Server
    look: tuple[bool, bool]
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def open(self, path: str = "/", *, folded: bool = False) -> Page:
        """Go to a page of the app, wait until it has been drawn, and open its inputs; `folded` leaves them as they
        are."""
        self.page.goto(self.server.url + path)
        settle(self.page)
        if not folded:
            unfold(self.page)
        return self.page

    def strangers(self) -> list[str]:
        """The addresses outside the app that the browser asked for."""
        return [url for url in self.requests if not url.startswith((self.server.url, "data:", "blob:"))]


@pytest.fixture
def visit(windows: Windows, server: Server) -> Iterator[Callable[..., Visitor]]:
    """Make visitors: `visit(dark=True)`, `visit(phone=True)`. At the end none may have a complaint."""
    visitors: list[Visitor] = []

    def make(*, dark: bool = False, phone: bool = False, at: Server | None = None) -> Visitor:
        context = windows.take((dark, phone))
        visitor = Visitor(context, context.new_page(), at or server, (dark, phone))
        visitor.page.on("console", lambda message: _collect(visitor, message))
        visitor.page.on("pageerror", lambda error: visitor.complaints.append(f"error in the page: {error}"))
        visitor.page.on("request", lambda request: visitor.requests.append(request.url))
        visitors.append(visitor)
        return visitor

    yield make
    for visitor in visitors:
        windows.give_back(visitor.look, visitor.context)
    complaints = [complaint for visitor in visitors for complaint in visitor.complaints]
    assert not complaints, "The browser complained:\n" + "\n".join(complaints)
    strangers = [url for visitor in visitors for url in visitor.strangers()]
    assert not strangers, "The browser asked other servers for:\n" + "\n".join(strangers)


def _collect(visitor: Visitor, message: ConsoleMessage) -> None:
    if message.type == "error" and not _PROBES.search(message.location.get("url", "")):
        visitor.complaints.append(f"{message.text} ({message.location.get('url', '')})")
