"""What a browser test asks of a page: is it drawn, is it accessible, does it fit."""

from __future__ import annotations

from playwright.sync_api import Page


def settle(page: Page) -> None:
    """Wait until the app has run and nothing is a placeholder any more.

    "not running" is also what stands there before the first run, so something drawn is waited for first; wait for
    the text that a test is about besides.
    """
    page.wait_for_selector('[data-testid="stApp"][data-test-connection-state="CONNECTED"]')
    page.wait_for_selector('[data-testid="stMain"] [data-testid="stVerticalBlock"] > *')
    page.wait_for_function(
        """() => {
            const app = document.querySelector('[data-testid="stApp"]');
            const quiet = app && app.dataset.testScriptState === 'notRunning'
                && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]');
            window.__quiet = quiet ? (window.__quiet || 0) + 1 : 0;
            return window.__quiet >= 4;
        }""",
        polling=50,
    )


def serious_findings(page: Page) -> list[str]:
    """What axe calls serious or critical on the page as it stands, one line a finding."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{item['id']} ({item['impact']}): {node['html'][:300]}"
        for item in found
        if item["impact"] in ("serious", "critical")
        for node in item["nodes"]
    ]


def scrolls_sideways(page: Page) -> bool:
    """Whether the page is wider than its window."""
    return bool(
        page.evaluate(
            """() => [document.scrollingElement, document.querySelector('[data-testid="stMain"]')]
                .some(box => box && box.scrollWidth > box.clientWidth + 1)"""
        )
    )
