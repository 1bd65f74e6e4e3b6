"""All pairs of texts in wording against datasketch's LSH: `python -m tests.benchmarks.bench_pairs --data FOLDER`.

FOLDER (or RERANK_DATA) holds `cranfield`, laid out as BEIR does: 500 of its abstracts, and 10,000 passages of 24 words
cut from all of them. Both work on runs of four characters; datasketch with 128 permutations finds candidates of a
Jaccard index of 0.7, which it does not count exactly, where ours has every pair from 0.3 on. Each run is a process of
its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROUNDS = 3
PERMUTATIONS, THRESHOLD = 128, 0.7
RUN, WORDS = 4, 24


def texts(data: Path, size: int) -> list[str]:
    """So many texts: abstracts, or passages cut from them."""
    rows = (data / "cranfield" / "corpus.jsonl").read_text("utf-8").splitlines()
    abstracts = [str(json.loads(row)["text"]) for row in rows]
    if size <= len(abstracts):
        return abstracts[:size]
    words = " ".join(abstracts).split()
    return [" ".join(words[at * WORDS : (at + 1) * WORDS]) for at in range(size)]


def ours(some: list[str]) -> int:
    """Pairs from the floor of the measure on, with their groups."""
    from rerank_core.duplicates import WORDING, find_duplicates, scale

    return find_duplicates(some, None).count(WORDING, scale(WORDING).floor)


def theirs(some: list[str]) -> int:
    """Candidates by datasketch."""
    from datasketch import MinHash, MinHashLSH

    index, found = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS), 0
    for place, text in enumerate(some):
        folded = " ".join(text.casefold().split())
        hashed = MinHash(num_perm=PERMUTATIONS)
        hashed.update_batch([folded[at : at + RUN].encode() for at in range(len(folded) - RUN + 1)])
        found += len(index.query(hashed))
        index.insert(place, hashed)
    return found


def run(who: str, data: Path, size: int) -> None:
    """In a process of its own: print processor seconds, megabytes at the peak and pairs."""
    some, call = texts(data, size), {"ours": ours, "theirs": theirs}[who]
    call(some[:20])  # imports
    began = time.process_time()
    pairs = call(some)
    print(time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, pairs)


def main() -> None:
    """Measure and print the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--data", type=Path, default=os.environ.get("RERANK_DATA"))
    arguments.add_argument("--run", nargs=2, default=None)
    chosen = arguments.parse_args()
    if chosen.data is None:
        print("Name the folder with Cranfield: --data FOLDER, or RERANK_DATA.")
        return
    if chosen.run is not None:
        run(chosen.run[0], chosen.data, int(chosen.run[1]))
        return
    print("| what | processor, memory, pairs | against | ratio | bar |\n|---|---|---|---|---|")
    for size in (500, 10_000):
        seen: dict[str, list[list[float]]] = {"ours": [], "theirs": []}
        for _ in range(ROUNDS):
            for who, rows in seen.items():
                command = [sys.executable, "-m", "tests.benchmarks.bench_pairs", "--data", str(chosen.data)]
                done = subprocess.run([*command, "--run", who, str(size)], capture_output=True, text=True, check=True)
                rows.append([float(value) for value in done.stdout.split()])
        middle = {who: [statistics.median(column) for column in zip(*rows, strict=True)] for who, rows in seen.items()}
        said = {who: f"{row[0]:.2f} s, {row[1]:.0f} MB, {row[2]:.0f}" for who, row in middle.items()}
        ratio = middle["ours"][0] / middle["theirs"][0]
        print(
            f"| all pairs of {size:,} texts in wording | {said['ours']} | datasketch LSH, {said['theirs']} | "
            f"{ratio:.2f} | at most 0.3, under 1,000 MB |"
        )


if __name__ == "__main__":
    main()
