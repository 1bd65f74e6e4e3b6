"""A corpus of 100,000 passages: time to keep and to index it, to open it again, to search it, and peak memory.

    python -m tests.benchmarks.bench_corpus [--passages 100000]

The passages are made up: about 70 words each, drawn by Zipf's law from 200,000 words, as natural text is. Each
step runs in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rerank_core.corpora import CorpusStore
from rerank_core.models import Document
from rerank_core.retrieval.embedding import Vectors, VectorTable
from rerank_core.retrieval.first_stage import FirstStage
from rerank_core.retrieval.small_rows import small_rows

WORDS = 200_000
LENGTH = 70
QUERIES = 200
BARS = {"index": 10.0, "query": 20.0, "memory": 2000.0}
SYLLABLES = [a + b for a in "bcdfghklmnprstvw" for b in ("a", "e", "i", "o", "u", "er", "an", "in")]


def vocabulary() -> np.ndarray:
    """Made-up words, all different, from two to five syllables."""
    chance = random.Random(4)
    found: dict[str, None] = {}
    while len(found) < WORDS:
        found["".join(chance.choices(SYLLABLES, k=chance.choice((2, 2, 3, 3, 4, 5))))] = None
    return np.array(list(found), dtype=object)


def passages(count: int, length: int = LENGTH) -> Iterator[Document]:
    """Passages of about `length` words, cut from documents of five passages each."""
    chance = np.random.default_rng(7)
    words = vocabulary()
    weights = 1 / np.arange(1, WORDS + 1) ** 1.07
    weights /= weights.sum()
    for start in range(0, count, 1000):
        lengths = chance.integers(length // 2, length + length // 2, min(1000, count - start))
        drawn = words[chance.choice(WORDS, lengths.sum(), p=weights)]
        ends = np.cumsum(lengths)
        for place, end in enumerate(ends):
            number = start + place
            text = " ".join(drawn[end - lengths[place] : end])
            yield Document(text, f"p{number}", {"document_id": f"d{number // 5}", "title": f"Document {number // 5}"})


def queries() -> list[str]:
    """Questions of 3 to 12 words, rare and common ones, without those that half of all passages hold."""
    chance = np.random.default_rng(11)
    words = vocabulary()
    weights = 1 / np.arange(1, WORDS + 1) ** 1.07
    weights /= weights.sum()
    return [" ".join(words[chance.choice(WORDS, n, p=weights)]) for n in chance.integers(3, 13, QUERIES)]


def step_keep(folder: Path, count: int) -> dict[str, float]:
    made = list(passages(count))
    before = time.perf_counter()
    CorpusStore(folder).create("bench", made)
    return {"seconds": time.perf_counter() - before}


def step_index(folder: Path, count: int) -> dict[str, float]:
    corpus = CorpusStore(folder).open("bench")
    before, worked = time.perf_counter(), time.process_time()
    corpus.keyword_index()
    return {"seconds": time.perf_counter() - before, "processor": time.process_time() - worked}


def step_search(folder: Path, count: int) -> dict[str, float]:
    asked = queries()
    before = time.perf_counter()
    corpus = CorpusStore(folder).open("bench")
    index = corpus.keyword_index()
    opened = time.perf_counter() - before
    index.search(asked[0], 100)
    first = time.perf_counter() - before
    stage = FirstStage(corpus)
    bare, worked, whole = [], [], []
    added: list[list[float]] = []
    for query in asked:
        started, thread = time.perf_counter(), time.thread_time()
        index.search(query, 200)
        worked.append((time.thread_time() - thread) * 1000)
        between = time.perf_counter()
        stage.search(query, 200)
        bare.append((between - started) * 1000)
        whole.append((time.perf_counter() - between) * 1000)
        begun = time.process_time()
        index.search(query, 100)
        then = time.process_time()
        stage.search(query, 100)
        added.append([then - begun, time.process_time() - then])
    size = sum(path.stat().st_size for path in corpus.folder.rglob("*") if path.is_file()) / 1e6
    return {
        "opened": opened,
        "first": first,
        "median": statistics.median(bare),
        "worst": max(bare),
        "p95": sorted(bare)[int(len(bare) * 0.95)],
        "processor": sorted(worked)[int(len(worked) * 0.95)],
        "whole": statistics.median(whole),
        "in all": sum(both for _, both in added) / sum(alone for alone, _ in added),
        "size": size,
    }


def step_vectors(folder: Path, count: int) -> dict[str, float]:
    """The search among vectors alone: made-up ones, since making real ones takes minutes."""
    chance = np.random.default_rng(3)
    path = folder / "rows.f32"
    rows = np.memmap(path, np.float32, "w+", shape=(count, 384))
    for start in range(0, count, 10_000):
        some = chance.standard_normal((min(10_000, count - start), 384), np.float32)
        rows[start : start + len(some)] = some / np.linalg.norm(some, axis=1, keepdims=True)
    owners, small = np.arange(count, dtype=np.int32), small_rows(np.asarray(rows))
    table = VectorTable(Vectors(np.asarray(rows), owners), count)
    by_bytes = VectorTable(Vectors(np.asarray(rows), owners, small), count)
    ours, bare, in_bytes, recall = [], [], [], []
    for place in range(50):
        query = np.array(rows[place * count // 50])
        started = time.process_time()
        found = table.search(query, 100)
        between = time.process_time()
        cosines = rows @ query
        nearest = np.argpartition(cosines, count - 100)[count - 100 :]
        nearest = nearest[np.argsort(-cosines[nearest])]
        bare.append((time.process_time() - between) * 1000)
        ours.append((between - started) * 1000)
        started = time.process_time()
        quick = by_bytes.search(query, 100)
        in_bytes.append((time.process_time() - started) * 1000)
        recall.append(len({at for at, _ in quick} & {at for at, _ in found}) / 100)
        assert found[0][0] == place * count // 50
    path.unlink()
    return {
        "median": statistics.median(ours),
        "bare": statistics.median(bare),
        "bytes": statistics.median(in_bytes),
        "recall": statistics.mean(recall),
        "share": small.nbytes / rows.nbytes,
    }


STEPS = {"keep": step_keep, "index": step_index, "search": step_search, "vectors": step_vectors}


def run(step: str, folder: Path, count: int) -> dict[str, float]:
    """A step in a process of its own, with its peak memory in MB."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_corpus", "--step", step, str(folder)]
    one_thread = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"} if step == "vectors" else {}
    done = subprocess.run(
        [*command, "--passages", str(count)], check=True, capture_output=True, text=True, env=os.environ | one_thread
    )
    return json.loads(done.stdout)


def main() -> int:
    """Print the table; gives the exit status."""
    parser = argparse.ArgumentParser(description="A corpus of many passages.")
    parser.add_argument("--passages", type=int, default=100_000)
    parser.add_argument("--step", nargs=2, metavar=("STEP", "FOLDER"), help="for this program's own use")
    choice = parser.parse_args()
    if choice.step:
        name, folder = choice.step
        found = STEPS[name](Path(folder), choice.passages)
        print(json.dumps({**found, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
        return 0
    print(f"## A corpus of {choice.passages:,} passages of about {LENGTH} words\n")
    print("| what | measured | bar | peak memory, MB |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        kept = run("keep", folder, choice.passages)
        print(f"| keep the passages | {kept['seconds']:.1f} s | | {kept['memory']:,.0f} |", flush=True)
        indexed = run("index", folder, choice.passages)
        print(
            f"| read them, index them, keep the index | {indexed['seconds']:.1f} s, of which "
            f"{indexed['processor']:.1f} s on the processor | {BARS['index']:g} s | "
            f"{indexed['memory']:,.0f} (bar {BARS['memory']:,.0f}) |",
            flush=True,
        )
        found = run("search", folder, choice.passages)
        print(f"| open it again ({found['size']:,.0f} MB on disk) | {found['opened']:.2f} s | | |")
        print(f"| open it again and answer a first question | {found['first']:.2f} s | | |")
        print(
            f"| a question by keyword, 200 candidates: median, 95 %, worst of {QUERIES} | {found['median']:.1f}, "
            f"{found['p95']:.1f}, {found['worst']:.1f} ms; on the processor 95 % in {found['processor']:.1f} ms "
            f"| {BARS['query']:g} ms | {found['memory']:,.0f} |"
        )
        print(f"| the same with the passages read from disk: median | {found['whole']:.1f} ms | | |", flush=True)
        print(f"| 100 hits with their passages read: times the index's own search | {found['in all']:.2f} | 1.3 | |")
        near = run("vectors", folder, choice.passages)
        print(
            f"| a question among as many vectors, 100 hits, one thread: processor time of numpy's product and "
            f"argpartition | {near['median'] / near['bare']:.2f} ({near['median']:.1f} ms) | 1.05 "
            f"| {near['memory']:,.0f} |"
        )
        print(
            f"| the same by rows of bytes, the nearest 400 compared exactly: processor time of numpy's; recall@100 | "
            f"{near['bytes'] / near['bare']:.2f}; {near['recall']:.4f} | 1.05; 0.99 | {near['share']:.3f} of the "
            "exact rows (bar 0.26) |\n"
        )
    # Where others use the machine, the processor's own time says more than the clock.
    missed = (indexed["processor"], found["processor"], indexed["memory"])
    over = any(value > bar for value, bar in zip(missed, BARS.values(), strict=True))
    if over:
        print("A bar was missed.\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
