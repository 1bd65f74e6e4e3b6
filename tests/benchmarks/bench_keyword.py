"""The keyword index over 100,000 passages: time to build, to answer, to load, and memory, as a table in Markdown.

    python -m tests.benchmarks.bench_keyword [--passages 100000]

Passages of 60 to 100 words are drawn from a vocabulary of 150,000 made-up words, the commonest ones as often as
in English (Zipf's law), so that postings are as long as they are in real text. bm25s over whole words, cut by its
own tokeniser, is measured beside it where it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import accumulate
from pathlib import Path

from rerank_core.keyword.index import PIECES_UP_TO
from rerank_core.retrieval import KeywordIndex

SYLLABLES = [first + vowel for first in "bcdfghjklmnprstvwz" for vowel in ("a", "e", "i", "o", "u", "en", "er", "in")]
BARS = "bars at 100,000 passages: 10 s, 20 ms, 2,048 MB"


def vocabulary(size: int, dice: random.Random) -> list[str]:
    """Made-up words, the commonest first and shortest."""
    found: dict[str, None] = {}
    while len(found) < size:
        syllables = 1 + min(4, int(dice.expovariate(1 / (0.6 + len(found) ** 0.1))))
        found["".join(dice.choices(SYLLABLES, k=syllables))] = None
    return list(found)


def passages(count: int, seed: int = 3) -> tuple[list[str], list[str]]:
    """That many passages, and 50 queries of 3 to 12 words drawn from the same text."""
    dice = random.Random(seed)
    words = vocabulary(150_000, dice)
    weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(words))))
    stream = iter(dice.choices(words, cum_weights=weights, k=count * 100))
    made = [" ".join(next(stream) for _ in range(dice.randint(60, 100))) for _ in range(count)]
    queries = [" ".join(dice.choices(words, cum_weights=weights, k=dice.randint(3, 12))) for _ in range(50)]
    return made, queries


def resident() -> float:
    """Memory of this process now, MB; nan where the system does not say."""
    try:
        return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1024
    except OSError:
        return float("nan")


def peak() -> float:
    """The most memory this process has had, MB."""
    try:
        return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    except OSError:
        return float("nan")


def milliseconds(search: object, queries: list[str]) -> tuple[float, float]:
    """Median and worst time of a query."""
    assert callable(search)
    taken = []
    for query in queries:
        start = time.perf_counter()
        search(query)
        taken.append((time.perf_counter() - start) * 1e3)
    return statistics.median(taken), max(taken)


def measure(name: str, count: int) -> dict[str, float | str]:
    """One row, measured in this process."""
    texts, queries = passages(count)
    before, start = resident(), time.perf_counter()
    if name == "bm25s":
        import bm25s

        peer = bm25s.BM25()
        peer.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
        built = time.perf_counter() - start

        def search(query: str) -> object:
            return peer.retrieve(bm25s.tokenize(query, show_progress=False), k=100, show_progress=False)

        middle, worst = milliseconds(search, queries)
        return {"name": name, "build": built, "median": middle, "worst": worst, "peak": peak(), "texts": before}
    index = KeywordIndex.build(texts)
    built, high = time.perf_counter() - start, peak()
    middle, worst = milliseconds(index.search, queries)
    with tempfile.TemporaryDirectory() as folder:
        index.save(Path(folder))
        size = sum(file.stat().st_size for file in Path(folder).iterdir()) / 2**20
        start = time.perf_counter()
        KeywordIndex.load(Path(folder))
        load = time.perf_counter() - start
    found = {
        "build": built,
        "median": middle,
        "worst": worst,
        "peak": high,
        "texts": before,
        "load": load,
        "disk": size,
    }
    return {"name": name, **found}


def row(found: dict[str, float | str], count: int) -> str:
    """A result as a line of the table."""
    cells = [
        f"{found[key]:,.1f}" if key in found else "-"
        for key in ("build", "median", "worst", "peak", "texts", "load", "disk")
    ]
    return f"| {found['name']} | {count:,} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed and memory of the keyword index.")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--only", help=argparse.SUPPRESS)  # one row, in a process of its own
    choice = parser.parse_args()
    if choice.only:
        print(json.dumps(measure(choice.only, choice.passages)))
        return
    print(
        f"{BARS}.\n\n| index | passages | build, s | query, ms | worst query, ms | peak memory, MB | of it the texts |"
        " load, s | on disk, MB |\n|---|---|---|---|---|---|---|---|---|"
    )
    cases = [("words and beginnings", choice.passages), ("words and pieces", min(PIECES_UP_TO, choice.passages))]
    for name, count in [*cases, ("bm25s", choice.passages)]:
        command = [sys.executable, "-m", "tests.benchmarks.bench_keyword", "--only", name, "--passages", str(count)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
        if done.returncode == 0:
            print(row(json.loads(done.stdout), count), flush=True)
        else:
            print(f"| {name} | {done.stderr.strip().splitlines()[-1]} |")


if __name__ == "__main__":
    main()
