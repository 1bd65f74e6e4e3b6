"""From the click on Rerank to the finished board, above the engine's own time, in a real browser."""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import CHROMIUM, FLAGS, MISSING, WIDE
from tests.browser.seeing import settle, unfold
from tests.support.app_server import start_server

RUNS = 3
BARS = {20: 0.3, 100: 0.3, 1000: 0.6}
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


def documents(count: int, seed: int) -> str:
    """Texts of about 50 words that no cache has seen."""
    chance = random.Random(seed)
    return json.dumps([f"{seed} {place} " + " ".join(chance.choices(WORDS, k=50)) for place in range(count)])


def measure(page: Page, count: int, seed: int) -> tuple[float, float]:
    """Seconds from the click to the finished board, and of those the client's own latency."""
    unfold(page)
    area = page.get_by_label("Documents", exact=True)
    area.fill(documents(count, seed))
    area.blur()
    page.get_by_text(f"{count:,} documents, pasted", exact=False).wait_for()
    settle(page)
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


def main() -> int:
    """Print the table; gives the exit status."""
    if CHROMIUM is None:
        print(MISSING, file=sys.stderr)
        return 1
    print("## Click on Rerank to the finished board (English on this computer, documents of 50 words)\n")
    print("| documents | click to board, s | engine, s | above the engine, s | bar, s |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as home, sync_playwright() as driver:
        server = start_server(Path(home))
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = browser.new_context(viewport=WIDE).new_page()
            page.goto(server.url)
            page.get_by_role("heading", name="Reranked order").wait_for()
            settle(page)
            for count, bar in BARS.items():
                runs = [measure(page, count, count * 100 + run) for run in range(RUNS + 1)][1:]
                above = statistics.median(total - engine for total, engine in runs)
                total, engine = (statistics.median(column) for column in zip(*runs, strict=True))
                print(f"| {count:,} | {total:.2f} | {engine:.2f} | {above:.2f} | {bar} |", flush=True)
        finally:
            browser.close()
            server.stop()
    print(f"\nMedian of {RUNS} runs after one warm-up; texts differ every time.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
