"""What a browser and its wire carry: a first visit, a click on Rerank, and the time from the click to the board.

Each figure stands beside its peer of the same run, round by round: a first visit beside an empty page of Streamlit's
own server, a click beside the same click in the earlier version checked out at RERANK_BASE. Processor time of the
browser is that of the page's main thread, by Chromium's own count; nothing looks into the page while it is counted.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, MISSING, WIDE
from tests.browser.seeing import settle, unfold
from tests.support import ROOT
from tests.support.app_server import Server, start_server

RUNS = 3
BARS = {20: 0.3, 100: 0.3, 1000: 0.6}
VISIT_BAR, CLICK_BAR, DOWN_BAR = 1.8, 0.6, 30_000
QUIET = 1.0  # seconds without a message over the websocket, after which a click has had its effect
WORDS = [
    f"{left}{right}"
    for left in ("pass", "net", "key", "back", "up", "mail", "web", "log", "pay", "ship", "time", "data", "file", "pan")
    for right in ("word", "work", "board", "ground", "load", "box", "site", "book", "ment", "ping", "line", "base")
]
# The address names the new run, nothing is under way any more, and all that the script sent has been drawn.
FINISHED = """before => {
  const app = document.querySelector('[data-testid="stApp"]');
  return location.href !== before && app.dataset.testScriptState === 'notRunning'
    && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"], [data-testid="stProgress"]')
    && document.querySelector('[data-testid="stTabs"]') !== null;
}"""
EMPTY = """
from pathlib import Path

import streamlit as st

app = st.App(Path(__file__).with_name("page.py"))
"""


def documents(count: int, seed: int) -> str:
    """Texts of about 50 words that no cache has seen."""
    chance = random.Random(seed)
    return json.dumps([f"{seed} {place} " + " ".join(chance.choices(WORDS, k=50)) for place in range(count)])


def paste(page: Page, count: int, seed: int) -> None:
    """Put new texts into the paste area, and wait until the page is at rest."""
    unfold(page)
    area = page.get_by_label("Documents", exact=True)
    area.fill(documents(count, seed))
    area.blur()
    page.get_by_text(f"{count:,} documents, pasted", exact=False).wait_for()
    settle(page)


# From the click to the board


def measure(page: Page, count: int, seed: int) -> tuple[float, float]:
    """Seconds from the click to the finished board, and of those the client's own latency."""
    paste(page, count, seed)
    before = page.url
    button = page.locator('[data-testid="stBaseButton-primary"]')
    start = time.perf_counter()
    button.click()
    page.wait_for_function(FINISHED, arg=before, timeout=120_000)
    seconds = time.perf_counter() - start
    settle(page)
    metric = page.locator('[data-testid="stMetric"]').filter(has_text="Latency").first
    text = metric.locator('[data-testid="stMetricValue"]').inner_text()
    return seconds, float(text.replace(",", "").removesuffix("ms").strip()) / 1000


def time_to_board(browser: Browser, server: Server, counts: Sequence[int], runs: int) -> None:
    """Print the seconds from the click to the board."""
    print("### Click on Rerank to the finished board (English on this computer, documents of 50 words)\n")
    print("| documents | click to board, s | engine, s | above the engine, s | bar, s |")
    print("|---|---|---|---|---|")
    page = browser.new_context(viewport=WIDE).new_page()
    page.goto(server.url)
    page.get_by_role("heading", name="Reranked order").wait_for()
    settle(page)
    for count in counts:
        seen = [measure(page, count, count * 100 + run) for run in range(runs + 1)][1:]
        above = statistics.median(total - engine for total, engine in seen)
        total, engine = (statistics.median(column) for column in zip(*seen, strict=True))
        print(f"| {count:,} | {total:.2f} | {engine:.2f} | {above:.2f} | {BARS[count]} |", flush=True)
    page.context.close()
    print(f"\nMedian of {runs} runs after one warm-up; texts differ every time.\n")


# What a click costs


@dataclass
class Click:
    """One click on Rerank: seconds of the browser's main thread and of the server, bytes of the websocket."""

    browser: float
    server: float
    down: int
    up: int
    messages: int


class Watched:
    """A tab whose main thread and websocket are counted, at a server of its own."""

    def __init__(self, browser: Browser, root: Path, home: Path) -> None:
        self.server = start_server(home, script=root / "app.py", root=root)
        self.page = browser.new_context(viewport=WIDE).new_page()
        self.down: list[int] = []
        self.up: list[int] = []
        self._chromium = self.page.context.new_cdp_session(self.page)
        self._chromium.send("Network.enable")
        self._chromium.send("Performance.enable", {"timeDomain": "threadTicks"})
        for name, sizes in (("Received", self.down), ("Sent", self.up)):
            self._chromium.on(
                f"Network.webSocketFrame{name}",
                lambda event, sizes=sizes: sizes.append(len(base64.b64decode(event["response"]["payloadData"]))),
            )
        self.page.goto(f"{self.server.url}/?model=v2")
        self.page.get_by_role("heading", name="Reranked order").wait_for()
        settle(self.page)

    def _now(self) -> tuple[float, float]:
        metrics = self._chromium.send("Performance.getMetrics")["metrics"]
        times = psutil.Process(self.server.process.pid).cpu_times()
        return next(each["value"] for each in metrics if each["name"] == "TaskDuration"), times.user + times.system

    def click(self, count: int, seed: int) -> Click:
        """Paste new texts, press Rerank, and wait until nothing more comes."""
        paste(self.page, count, seed)
        button = self.page.locator('[data-testid="stBaseButton-primary"]')
        button.scroll_into_view_if_needed()
        settle(self.page)
        box = button.bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.wait_for_timeout(1000 * QUIET)
        self.down.clear()
        self.up.clear()
        before, address = self._now(), self.page.url
        self.page.mouse.down()
        self.page.mouse.up()
        heard, since = -1, time.monotonic()
        while heard <= 0 or self.page.url == address or time.monotonic() - since < QUIET:
            if heard != len(self.down):
                heard, since = len(self.down), time.monotonic()
            self.page.wait_for_timeout(50)
        after = self._now()
        return Click(after[0] - before[0], after[1] - before[1], sum(self.down), sum(self.up), len(self.down))


def cost_of_a_click(browser: Browser, base: Path | None, counts: Sequence[int], runs: int, home: Path) -> None:
    """Print what a click costs, here and in the earlier version, in turn."""
    print("### What a click on Rerank costs (keyword matching)\n")
    print(
        "| documents | app | browser's main thread, ms | to the base's | bar | down, kB | bar | up, kB | server, ms |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    tabs = {}
    for name, root in (("base", base), ("here", ROOT)):
        if root is not None:
            (home / name).mkdir()
            tabs[name] = Watched(browser, root, home / name)
    try:
        for count in counts:
            seen: dict[str, list[Click]] = {name: [] for name in tabs}
            for run in range(runs + 1):
                for name, tab in tabs.items():
                    seen[name].append(tab.click(count, count * 1000 + run))
            usual = {
                name: [statistics.median(getattr(each, what) for each in clicks[1:]) for what in Click.__annotations__]
                for name, clicks in seen.items()
            }
            for name, (thread, server, down, up, _messages) in usual.items():
                ratio = f"{thread / usual['base'][0]:.2f}" if "base" in usual else "no base"
                print(
                    f"| {count:,} | {name} | {thread * 1000:.0f} | {ratio} | {CLICK_BAR} | {down / 1000:.1f} "
                    f"| {DOWN_BAR / 1000:.0f} | {up / 1000:.1f} | {server * 1000:.0f} |",
                    flush=True,
                )
    finally:
        for tab in tabs.values():
            tab.page.context.close()
            tab.server.stop()
    print(f"\nMedian of {runs} clicks after one warm-up, {'in turn with the base' if base else 'without a base'}.\n")


# A first visit


@dataclass
class Visit:
    """A visit with an empty cache: seconds until there is what one came for, requests, and bytes over HTTP."""

    seconds: float
    requests: int
    size: int


def visit(browser: Browser, url: str, seen: str) -> Visit:
    """Open a page in a window of its own, until this is seen."""
    context = browser.new_context(viewport=WIDE)
    page = context.new_page()
    chromium = context.new_cdp_session(page)
    chromium.send("Network.enable")
    sizes: list[int] = []
    chromium.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    start = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(seen).first.wait_for()
    seconds = time.perf_counter() - start
    settle(page)
    context.close()
    return Visit(seconds, len(sizes), sum(sizes))


def first_visit(browser: Browser, server: Server, runs: int, home: Path) -> None:
    """Print a first visit beside one of a page that says one word, served in the same way."""
    (home / "app.py").write_text(EMPTY, "utf-8")
    (home / "page.py").write_text('import streamlit as st\n\nst.text("empty")\n', "utf-8")
    empty = start_server(home, script=home / "app.py", root=home, wait="/_stcore/health")
    try:
        pages = {"empty": (empty.url, "text=empty"), "Playground": (server.url, "h2:has-text('Reranked order')")}
        seen: dict[str, list[Visit]] = {name: [] for name in pages}
        for _ in range(runs + 1):
            for name, (url, what) in pages.items():
                seen[name].append(visit(browser, url, what))
    finally:
        empty.stop()
    print("### A first visit with an empty cache, until the reranked board stands\n")
    print("| page | seconds | to the empty page's | bar | requests | MB |")
    print("|---|---|---|---|---|---|")
    ratio = statistics.median(
        ours.seconds / theirs.seconds for ours, theirs in zip(seen["Playground"][1:], seen["empty"][1:], strict=True)
    )
    for name, visits in seen.items():
        seconds, requests, size = (
            statistics.median(getattr(each, what) for each in visits[1:]) for what in Visit.__annotations__
        )
        said = "1" if name == "empty" else f"{ratio:.2f}"
        print(f"| {name} | {seconds:.2f} | {said} | {VISIT_BAR} | {requests:.0f} | {size / 1e6:.2f} |", flush=True)
    print(f"\nMedian of {runs} visits after one warm-up, in turn; the ratio is the median of pairs.\n")


def main() -> int:
    """Print the tables; gives the exit status."""
    if CHROMIUM is None:
        print(MISSING, file=sys.stderr)
        return 1
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, default=os.environ.get("RERANK_BASE"), help="another checkout")
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", choices=["visit", "click", "board"], help="one of the tables")
    options = parser.parse_args()
    base = options.base.resolve() if options.base else None
    print("## The page in a browser\n")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        home, empty, clicks = (Path(folder) / name for name in ("home", "empty", "clicks"))
        for each in (home, empty, clicks):
            each.mkdir()
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        server = start_server(home)
        try:
            if options.only in (None, "visit"):
                first_visit(browser, server, options.runs, empty)
            if options.only in (None, "click"):
                cost_of_a_click(browser, base, (20, 100), options.runs, clicks)
            if options.only in (None, "board"):
                time_to_board(browser, server, list(BARS), options.runs)
        finally:
            browser.close()
            server.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
