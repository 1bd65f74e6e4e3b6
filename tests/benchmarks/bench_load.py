"""Many people at once: 1, 10, 25 and 50 tabs that rerank 20 documents every 2 to 4 s, and one beside greedy others.

No browser: each tab speaks Streamlit's websocket, so that two cores can play fifty people. What counts are ratios to a
single tab of the same server in the same run; seconds on a shared machine mean little. `--base FOLDER`, or
RERANK_BASE, measures the app of another checkout beside this one.

Keyword matching costs next to nothing, so its rows are those of the server itself. English reads ten documents anew for
each question, which takes a seventh of a second of a processor. "Processors needed" is what the presses would take if
nobody waited: with more of them than the computer has, everybody waits in turn, and the bar says nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from rerank_core.offline.turns import cores
from tests.support import ROOT
from tests.support.app_server import Server, start_server
from tests.support.websocket_session import WebsocketSession

SESSIONS = (1, 10, 25, 50)
BARS = {25: 4.0, 50: 8.0}
NEIGHBOUR_BAR, MEMORY_BAR = 3.0, 1.10
NEIGHBOUR_TABS, NEIGHBOUR_DOCUMENTS, NEIGHBOUR_WORDS = 9, 2_000, 60
DOCUMENTS, WORDS_A_DOCUMENT = 20, 50
MODELS = {"Keyword": "v2", "English": ""}  # what the address calls them
ENOUGH = 0.8  # of the processors: with more at work, waiting times grow without a bound
PAUSE = 2.0, 4.0  # seconds from one press to the next
ALONE_PRESSES = 12
# Streamlit keeps a closed session for two minutes by itself; the memory is looked at after it has gone.
KEPT_SECONDS = 5

WORDS = [
    f"{left}{right}"
    for left in ("pass", "net", "key", "back", "up", "mail", "web", "log", "pay", "ship", "time", "data", "file", "pan")
    for right in ("word", "work", "board", "ground", "load", "box", "site", "book", "ment", "ping", "line", "base")
]


def texts(count: int, words: int, chance: random.Random) -> str:
    """Documents that no cache has seen, one a line."""
    return "\n".join(f"{chance.random():.9f} " + " ".join(chance.choices(WORDS, k=words)) for _ in range(count))


@dataclass
class Figures:
    """What was seen at one number of tabs."""

    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    processor: float = 0.0  # seconds that the server computed, for each press

    def at(self, share: float) -> float:
        """The seconds that this share of the presses stayed under."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


class Tab:
    """A person who asks again and again."""

    def __init__(self, session: WebsocketSession, chance: random.Random) -> None:
        self.session, self.chance = session, chance
        self.documents = texts(DOCUMENTS, WORDS_A_DOCUMENT, chance)

    async def press(self, figures: Figures) -> None:
        """Ask something new of the same documents, and wait for the answer."""
        question = " ".join(self.chance.choices(WORDS, k=5))
        begun = time.perf_counter()
        try:
            await self.session.press("Rerank", Query=f"where is the {question}", Documents=self.documents)
            heard = await self.session.until(lambda heard: heard.finished and not heard.works)
        except AssertionError as error:
            figures.errors.append(str(error))
            print(f"An error: {str(error)[:500]}", file=sys.stderr, flush=True)
            return
        figures.seconds.append(time.perf_counter() - begun)
        figures.errors.extend(heard.errors)

    async def work(self, presses: int, figures: Figures) -> None:
        """Press that often, with a pause from each press to the next."""
        await asyncio.sleep(self.chance.uniform(0, PAUSE[1]))
        for _ in range(presses):
            begun = time.perf_counter()
            await self.press(figures)
            await asyncio.sleep(max(0.0, begun + self.chance.uniform(*PAUSE) - time.perf_counter()))


@asynccontextmanager
async def tabs(server: Server, count: int, seed: int, model: str = "") -> AsyncIterator[list[Tab]]:
    """So many open tabs; each has pressed once before anything is measured."""
    async with AsyncExitStack() as stack:
        opened = []
        for number in range(count):
            session = await stack.enter_async_context(WebsocketSession(server.url))
            await session.open(query_string="example=own" + (f"&model={model}" if model else ""))
            opened.append(Tab(session, random.Random(seed * 1000 + number)))
            await opened[-1].press(Figures())
        yield opened


def computed(server: Server) -> float:
    """Seconds of processor time of the server so far."""
    times = psutil.Process(server.process.pid).cpu_times()
    return float(times.user + times.system)


def memory(server: Server) -> float:
    """Megabytes that the server holds."""
    return float(psutil.Process(server.process.pid).memory_info().rss) / 2**20


async def load(server: Server, count: int, presses: int, model: str = "") -> Figures:
    """So many tabs, all at work."""
    figures = Figures()
    async with tabs(server, count, count, model) as opened:
        before = computed(server)
        await asyncio.gather(*(tab.work(presses, figures) for tab in opened))
        figures.processor = (computed(server) - before) / max(1, len(figures.seconds))
    return figures


async def neighbour(server: Server) -> tuple[Figures, Figures]:
    """One tab alone, then the same tab while nine others rerank two thousand documents each."""
    alone, beside = Figures(), Figures()
    chance = random.Random(7)
    async with tabs(server, 1, 98) as (victim,), AsyncExitStack() as stack:
        greedy = []
        for _ in range(NEIGHBOUR_TABS):
            session = await stack.enter_async_context(WebsocketSession(server.url))
            await session.open(query_string="example=own")
            greedy.append(session)
        for _ in range(8):
            await victim.press(alone)
        for session in greedy:
            documents = texts(NEIGHBOUR_DOCUMENTS, NEIGHBOUR_WORDS, chance)
            await session.type(Query="where is the printer", Documents=documents)
        await asyncio.gather(*(session.press("Rerank") for session in greedy))
        under_way = [asyncio.create_task(one.until(lambda heard: heard.finished and not heard.works)) for one in greedy]
        while len(beside.seconds) + len(beside.errors) < 8 and not all(task.done() for task in under_way):
            await victim.press(beside)
        if not beside.seconds:
            beside.errors.append("The neighbours had finished before the first press")
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
    return alone, beside


async def settled_memory(server: Server) -> float:
    """What the server holds once closed sessions have gone, which it sees to when the next one comes."""
    for _ in range(2):
        await asyncio.sleep(KEPT_SECONDS + 1)
        async with tabs(server, 1, 99):
            pass
    return memory(server)


async def grow(name: str, server: Server, model: str, counts: Sequence[int], presses: int) -> list[str]:
    """The rows of one model, for more and more tabs; gives what misses its bar."""
    missed: list[str] = []
    single: Figures | None = None
    for count in counts:
        found = await load(server, count, ALONE_PRESSES if count == 1 else presses, MODELS[model])
        single = single or found
        ratio = found.at(0.95) / single.at(0.95)
        needed = count / statistics.mean(PAUSE) * found.processor
        missed += [f"{name}: {count} tabs, {model}, {error[:200]}" for error in found.errors[:3]]
        if ratio > BARS.get(count, float("inf")) and needed <= ENOUGH * cores():
            missed.append(f"{name}: p95 at {count} tabs with {model} is {ratio:.1f} x one tab's")
        print(
            f"| {name} | {model} | {count} | {len(found.seconds)} | {len(found.errors)} | {found.at(0.5):.2f} "
            f"| {found.at(0.95):.2f} | {found.at(0.5) / single.at(0.5):.1f} | {ratio:.1f} "
            f"| {found.processor * 1000:.0f} | {needed:.1f} |",
            flush=True,
        )
    return missed


async def measure(  # what the command was asked
    name: str, root: Path, models: Sequence[str], counts: Sequence[int], presses: int, *, with_neighbour: bool
) -> list[str]:
    """All figures of one checkout, as rows of the table; gives what misses its bar."""
    missed: list[str] = []
    with tempfile.TemporaryDirectory() as home:
        server = start_server(
            Path(home),
            script=root / "app.py",
            root=root,
            STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL=str(KEPT_SECONDS),
        )
        try:
            await load(server, 1, 3)  # what is loaded once is not counted
            start = await settled_memory(server)
            for model in models:
                missed += await grow(name, server, model, counts, presses)
            if with_neighbour:
                alone, beside = await neighbour(server)
                ratio = statistics.median(beside.seconds or [float("nan")]) / statistics.median(alone.seconds)
                missed += [f"{name}: beside the neighbour, {error[:200]}" for error in beside.errors[:3]]
                if ratio > NEIGHBOUR_BAR:
                    missed.append(f"{name}: beside the neighbour {ratio:.1f} x as long as alone")
                print(
                    f"| {name} | English | 1 beside {NEIGHBOUR_TABS} | {len(beside.seconds)} | {len(beside.errors)} "
                    f"| {beside.at(0.5):.2f} | {beside.at(0.95):.2f} | {ratio:.1f} "
                    f"| {beside.at(0.95) / alone.at(0.95):.1f} | | |",
                    flush=True,
                )
            after = await settled_memory(server)
            if after / start > MEMORY_BAR:
                missed.append(f"{name}: memory is {after / start:.2f} x what it was at the start")
            print(
                f"\n{name}: {start:.0f} MB at the start, {after:.0f} MB after all have gone ({after / start:.2f} x)\n"
            )
        finally:
            server.stop()
    return missed


def main() -> int:
    """Print the table; gives the exit status, 1 where a bar is missed by this checkout."""
    parser = argparse.ArgumentParser(description=__doc__)
    base = os.environ.get("RERANK_BASE")
    parser.add_argument("--base", type=Path, default=base, help="another checkout, measured beside this one")
    parser.add_argument("--tabs", default=",".join(map(str, SESSIONS)), help="how many tabs, with commas between")
    parser.add_argument("--models", default=",".join(MODELS), help="which models, with commas between")
    parser.add_argument("--presses", type=int, default=4, help="presses of each tab")
    parser.add_argument("--no-neighbour", action="store_true", help="leave the greedy neighbour out")
    options = parser.parse_args()
    models = options.models.split(",")
    counts = [int(part) for part in options.tabs.split(",")]
    print(f"## Many at once ({DOCUMENTS} documents of {WORDS_A_DOCUMENT} words, a press every 2 to 4 s)\n")
    print(
        "| app | model | tabs | presses | errors | p50, s | p95, s | p50 to one tab's | p95 to one tab's "
        "| processor a press, ms | processors needed |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    checkouts = [("here", ROOT)] + ([("base", options.base.resolve())] if options.base else [])
    missed = {
        name: asyncio.run(measure(name, root, models, counts, options.presses, with_neighbour=not options.no_neighbour))
        for name, root in checkouts
    }
    for lines in missed.values():
        print("\n".join(lines))
    return 1 if missed["here"] else 0


if __name__ == "__main__":
    sys.exit(main())
