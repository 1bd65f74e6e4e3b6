"""What a browser test asks of a page: is it drawn, is it accessible, does it fit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Download, Error, Locator, Page, TimeoutError

from tests.support.gate import PATIENCE


def settle(page: Page, *, working: bool = False) -> None:
    """Wait until the app has run, no work is under way, nothing is a placeholder any more, the fonts are there and
    nothing moves.

    "not running" is also what stands there before the first run, so something drawn is waited for first; wait for
    the text that a test is about besides. Work under way has a button that cancels it; `working` is for tests that
    look at the page meanwhile. An expander opens by and by, and what scrolls then closes the list of a select box.
    """
    page.wait_for_selector('[data-testid="stApp"][data-test-connection-state="CONNECTED"]')
    page.wait_for_selector('[data-testid="stMain"] [data-testid="stVerticalBlock"] > * >> visible=true')
    try:
        page.wait_for_function(
            """working => {
                const app = document.querySelector('[data-testid="stApp"]');
                const moves = animation => animation.playState === 'running'
                    && animation.effect?.getComputedTiming().endTime < Infinity;
                const cancels = button => button.innerText.includes('Cancel');
                const reasons = {
                    'the script runs': app?.dataset.testScriptState !== 'notRunning',
                    'fonts are on their way': document.fonts.status !== 'loaded',
                    'something is to be drawn':
                        document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]'),
                    'something moves': document.getAnimations().some(moves),
                    'work is under way': !working
                        && [...document.querySelectorAll('[data-testid="stMain"] button')].some(cancels),
                };
                window.__unquiet = Object.keys(reasons).filter(reason => reasons[reason]);
                window.__quiet = window.__unquiet.length ? 0 : (window.__quiet || 0) + 1;
                return window.__quiet >= 4;
            }""",
            arg=working,
            polling=50,
        )
    except TimeoutError as error:
        raise AssertionError(f"The page does not come to rest: {page.evaluate('window.__unquiet')}") from error


def unfold(page: Page) -> None:
    """Open the inputs where they are folded to a line, to type into them."""
    change = page.locator(".st-key-fold button").first
    if page.locator(".st-key-inputs").count() and not page.locator(".st-key-inputs").is_visible() and change.count():
        change.click()
        page.locator(".st-key-inputs").wait_for()
        settle(page)


def keep_html(page: Page) -> None:
    """Have HTML in what was pasted shown as it is, not as the text that a browser would show."""
    page.locator("label").filter(has_text="Read HTML as text").click()
    settle(page)


def downloaded(page: Page, name: str, *, exact: bool = False) -> str:
    """The text of the file that the button of this name gives. A page that is drawn anew under the pointer loses the
    click, so it is pressed again until the file comes."""
    files: list[Download] = []
    page.once("download", lambda file: files.append(file))
    end = time.monotonic() + PATIENCE
    while not files and time.monotonic() < end:
        page.get_by_role("button", name=name, exact=exact).click()
        for _ in range(100):
            if not files:
                page.wait_for_timeout(50)
    assert files, f"'{name}' gives no file"
    return Path(files[0].path()).read_text("utf-8-sig")


def upload(page: Page, files: Mapping[str, bytes], uploader: int = 0) -> None:
    """Put files into an uploader of the page (counted from 0), once nothing is drawn any more: one
    that is drawn anew forgets what it was just given."""
    settle(page)
    page.locator("input[type=file]").nth(uploader).set_input_files(
        [{"name": name, "mimeType": "", "buffer": data} for name, data in files.items()]
    )


def texts(page: Page, side: str = "right") -> Locator:
    """The texts of one of the board's orders, top first, folded ones too. Compare them with `expect`, which waits."""
    return page.locator(f".list.{side} .row .text")


def new_run(page: Page, press: Callable[[], None], name: str = "run") -> None:
    """Press what makes a run, and wait until the address names another one than before and it has ended."""
    before = parse_qs(urlsplit(page.url).query).get(name, [None])[0]
    press()
    page.wait_for_function(
        "([name, before]) => new URL(location).searchParams.get(name) !== before", arg=[name, before]
    )
    settle(page)


def paste(page: Page, text: str) -> None:
    """Put a text into the paste area and leave it, as a person does."""
    unfold(page)
    area = page.get_by_label("Documents", exact=True)
    area.fill(text)
    area.blur()
    settle(page)


def choose(page: Page, label: str, option: str) -> None:
    """Choose from a select box, which is brought into view first, as a person does: what scrolls while its list is open
    closes it."""
    box = page.get_by_role("combobox", name=label)
    box.scroll_into_view_if_needed()
    settle(page)
    box.click()
    page.get_by_role("option", name=option).click()


def open_cell(grid: Locator, across: float) -> Locator:
    """Open a cell of a table's first row, so far across its width, and give what to type into.

    Cells are drawn on a canvas, and it may be drawn anew under a click, so the click is tried again.
    """
    editor = grid.page.locator("#portal input, #portal textarea")
    box = grid.bounding_box()
    assert box is not None
    for _ in range(5):
        grid.click(position={"x": box["width"] * across, "y": 52})
        grid.page.keyboard.press("Enter")
        with contextlib.suppress(Error):
            editor.wait_for(timeout=3_000)
            break
    return editor


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
