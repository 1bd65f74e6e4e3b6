"""`make screens`: the README's pictures, taken from the running app. `ARGS=folder` writes them elsewhere."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, MISSING, PHONE
from tests.browser.seeing import new_run, settle, unfold
from tests.support.app_server import ROOT, Server, start_server

DESKTOP = {"width": 1440, "height": 900}
# The other pages, and words that stand there once they are drawn to the end.
PAGES = {
    "compare": "Cost and time",
    "search": "The whole ranking",
    "duplicates": "Where else these scores mislead",
    "evaluate": "The worst regressions stand first",
    "connections": "Connection",
}


@contextlib.contextmanager
def opened(browser: Browser, server: Server, path: str, *, dark: bool = False, phone: bool = False) -> Iterator[Page]:
    """A page of the app in a window of its own, drawn to the end."""
    context = browser.new_context(
        color_scheme="dark" if dark else "light",
        viewport=PHONE if phone else DESKTOP,
        is_mobile=phone,
        has_touch=phone,
        device_scale_factor=2 if phone else 1,
        reduced_motion="reduce",
    )
    try:
        page = context.new_page()
        page.goto(server.url + path)
        settle(page)
        yield page
    finally:
        context.close()


def board_drawn(page: Page) -> None:
    """Wait for the first run's board."""
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)


def whole(page: Page, tallest: int = 2400) -> None:
    """Make the window as high as what is on the page, which scrolls inside of it."""
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(int(height), tallest)})
    settle(page)


def take(browser: Browser, server: Server, folder: Path) -> None:
    """Write every picture."""
    for name, dark, phone in (("playground", False, False), ("playground-dark", True, False), ("phone", False, True)):
        with opened(browser, server, "/", dark=dark, phone=phone) as page:
            board_drawn(page)
            page.screenshot(path=folder / f"{name}.png", full_page=phone)
    with opened(browser, server, "/?example=support") as page:
        board_drawn(page)
        page.screenshot(path=folder / "example.png", full_page=True)
        page.get_by_role("tab", name="Request").click()
        settle(page)
        page.screenshot(path=folder / "request.png", full_page=True)
    history(browser, server, folder)
    for name, sign in PAGES.items():
        with opened(browser, server, f"/{name}") as page:
            page.get_by_text(sign).first.wait_for(timeout=120_000)
            settle(page)
            whole(page)
            page.screenshot(path=folder / f"{name}.png")


def history(browser: Browser, server: Server, folder: Path) -> None:
    """What somebody made: two runs and a comparison first, since the page is empty else."""
    for path, label, parameter in (
        ("/", "Rerank", "run"),
        ("/?example=support", "Rerank", "run"),
        ("/compare", "Compare", "runs"),
    ):
        with opened(browser, server, path) as page:
            unfold(page)
            new_run(page, page.get_by_role("button", name=label).filter(has_text=label).first.click, parameter)
    with opened(browser, server, "/history") as page:
        page.get_by_text("Today").wait_for()
        page.screenshot(path=folder / "history.png")


def main(arguments: list[str]) -> int:
    """Take the pictures; gives the exit status."""
    if CHROMIUM is None:
        print(MISSING, file=sys.stderr)
        return 1
    folder = Path(arguments[0]) if arguments else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, sync_playwright() as driver:
        server = start_server(Path(home))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            take(browser, server, folder)
        finally:
            browser.close()
            server.stop()
    print(f"Wrote {len(list(folder.glob('*.png')))} pictures to {folder}.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
