"""The keyword index over 100,000 passages beside bm25s and tantivy: to build, to open, to ask; on disk and in memory.

    python -m tests.benchmarks.bench_keyword [--passages 100000]

Passages of 60 to 100 words are drawn from a vocabulary of 150,000 made-up words, the commonest ones as often as
in English (Zipf's law), so that postings are as long as they are in real text. Each index is built in a process of its
own and kept on disk; one process then opens all of them and asks each the same question in turn. Times are those of the
processor. bm25s and tantivy are whole words, cut by their own tokenisers, as they come.
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
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import Any

from rerank_core.retrieval import KeywordIndex

SYLLABLES = [first + vowel for first in "bcdfghjklmnprstvwz" for vowel in ("a", "e", "i", "o", "u", "en", "er", "in")]
ROUNDS = 5

Search = Callable[[str], list[int]]
"""Gives the places of the 100 passages that match a question best."""


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


def size_of(folder: Path) -> float:
    """MB of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def build_ours(texts: list[str], folder: Path) -> None:
    """Our index of these texts, on disk."""
    KeywordIndex.build(texts).save(folder)


def open_ours(folder: Path) -> Search:
    """Our index, to be asked for the places of the 100 best."""
    index = KeywordIndex.load(folder)
    return lambda query: [hit.index for hit in index.search(query, 100)]


def build_bm25s(texts: list[str], folder: Path) -> None:
    """That of bm25s."""
    import bm25s

    peer = bm25s.BM25()
    peer.index(bm25s.tokenize(texts, show_progress=False), show_progress=False)
    peer.save(str(folder))


def open_bm25s(folder: Path) -> Search:
    """bm25s, its arrays mapped."""
    import bm25s

    peer = bm25s.BM25.load(str(folder), mmap=True)

    def search(query: str) -> list[int]:
        found, _ = peer.retrieve(bm25s.tokenize(query, show_progress=False), k=100, show_progress=False)
        return list(found[0])

    return search


def build_tantivy(texts: list[str], folder: Path) -> None:
    """That of tantivy, by one thread."""
    import tantivy

    fields = tantivy.SchemaBuilder()
    fields.add_text_field("text", stored=False)
    fields.add_integer_field("place", stored=True)
    writer = tantivy.Index(fields.build(), str(folder)).writer(num_threads=1, heap_size=200_000_000)
    for place, text in enumerate(texts):
        writer.add_document(tantivy.Document(text=text, place=place))
    writer.commit()
    writer.wait_merging_threads()


def open_tantivy(folder: Path) -> Search:
    """tantivy, mapped."""
    import tantivy

    index = tantivy.Index.open(str(folder))
    searcher = index.searcher()

    def search(query: str) -> list[int]:
        found = searcher.search(index.parse_query(query, ["text"]), 100)
        return [searcher.doc(address)["place"][0] for _, address in found.hits]

    return search


INDEXES: dict[str, tuple[Callable[[list[str], Path], None], Callable[[Path], Search]]] = {
    "ours": (build_ours, open_ours),
    "bm25s": (build_bm25s, open_bm25s),
    "tantivy": (build_tantivy, open_tantivy),
}


def step_build(name: str, folder: Path, count: int) -> dict[str, float]:
    """Build one index in this process."""
    texts, _ = passages(count)
    before, start = resident(), time.process_time()
    INDEXES[name][0](texts, folder)
    return {"build": time.process_time() - start, "memory": peak() - before, "disk": size_of(folder)}


def step_open(name: str, folder: Path, count: int) -> dict[str, float]:
    """Open one index in this process, twice: what it imports is no part of opening."""
    opened = INDEXES[name][1]
    opened(folder)("a")
    before, start = resident(), time.process_time()
    search = opened(folder)
    taken = time.process_time() - start
    search("a")
    return {"open": taken, "mapped": resident() - before}


def step_ask(folder: Path, count: int, names: list[str]) -> dict[str, dict[str, float]]:
    """Ask all indexes each question in turn, in several rounds: the middle of each question's times."""
    _, queries = passages(count)
    searches = {name: INDEXES[name][1](folder / name) for name in names}
    taken: dict[str, list[list[float]]] = {name: [[] for _ in queries] for name in names}
    for _ in range(ROUNDS):
        for place, query in enumerate(queries):
            for name, search in searches.items():
                start = time.process_time()
                search(query)
                taken[name][place].append((time.process_time() - start) * 1e3)
    found = {}
    for name, times in taken.items():
        each = sorted(map(statistics.median, times))
        found[name] = {"mean": statistics.fmean(each), "median": statistics.median(each), "p95": each[-len(each) // 20]}
    return found


def run(*arguments: str) -> Any:
    """A step in a process of its own; None where it failed."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_keyword", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1], file=sys.stderr)
        return None
    return json.loads(done.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed and memory of the keyword index.")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--step", nargs="+", help=argparse.SUPPRESS)  # one row, in a process of its own
    choice = parser.parse_args()
    count = choice.passages
    if choice.step:
        step, folder, *names = choice.step
        if step == "ask":
            print(json.dumps(step_ask(Path(folder), count, names)))
        else:
            made = step_build if step == "build" else step_open
            print(json.dumps(made(names[0], Path(folder) / names[0], count)))
        return
    print(f"## Keyword search over {count:,} passages; times of the processor\n")
    print("| index | build, s | memory to build, MB | on disk, MB | open, ms | memory once asked, MB "
          "| a query, 100 hits: mean, ms | median | 95 % |\n|---|---|---|---|---|---|---|---|---|")  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        rows: dict[str, dict[str, float]] = {}
        for name in INDEXES:
            (Path(folder) / name).mkdir()
            built = run("--passages", str(count), "--step", "build", folder, name)
            opened = run("--passages", str(count), "--step", "open", folder, name) if built else None
            if opened:
                rows[name] = built | opened
        for name, times in (run("--passages", str(count), "--step", "ask", folder, *rows) or {}).items():
            rows[name] |= times
            row = rows[name]
            print(
                f"| {name} | {row['build']:.1f} | {row['memory']:,.0f} | {row['disk']:.1f} | {row['open'] * 1e3:.1f} "
                f"| {row['mapped']:,.1f} | {row['mean']:.2f} | {row['median']:.2f} | {row['p95']:.2f} |"
            )
    ours, peers = rows.pop("ours"), rows
    if len(peers) == len(INDEXES) - 1:
        better = min(peers, key=lambda name: peers[name]["mean"])
        bm25s = peers["bm25s"]
        print(
            f"\nA query takes {ours['mean'] / peers[better]['mean']:.2f} of {better}'s time (bar 1.2), the index "
            f"{ours['disk'] / bm25s['disk']:.2f} of bm25s' disk (bar 1.0), "
            f"opening it {ours['open'] / bm25s['open']:.3f} "
            "of bm25s' time (bar 0.2).\n"
        )


if __name__ == "__main__":
    main()
