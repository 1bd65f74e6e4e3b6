"""A knowledge base of 1,000,000 short passages, filled by the page's own job, and what a question costs there.

    python -m tests.benchmarks.bench_million [--passages 1000000]

Ten files of 100,000 documents of about 40 words are filled into one knowledge base by the function that runs behind
the button of the Search page, as a job of its manager. A second job is cancelled while it indexes. Each step is a
process of its own; times are those of the processor.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pages.components.inputs.uploads import Upload
from pages.components.search.filling import Filling, work
from rerank_core.corpora import CorpusStore, KnowledgeBases
from rerank_core.documents import ParsedDocuments
from rerank_core.jobs import JobManager
from rerank_core.models import Document
from rerank_core.rank_fields import TEXT_ONLY
from tests.benchmarks.bench_corpus import passages, queries

PASSAGES, WORDS, FILES = 1_000_000, 40, 10
MEMORY, TIMES = 3_000, 4
ROUNDS = 3


def files(count: int) -> tuple[tuple[str, Upload[ParsedDocuments]], ...]:
    """The documents of so many passages as files that have been read."""
    made = (Document(passage.text, passage.id) for passage in passages(count, WORDS))
    each = -(-count // FILES)
    found = []
    for number in range(FILES):
        name = f"part-{number}.csv"
        documents = tuple(document for _, document in zip(range(each), made))  # noqa: B905  # the last is shorter
        found.append((name, Upload(name, b"", ParsedDocuments(documents, "csv"))))
    return tuple(found)


def fill(folder: Path, count: int, *, until: str = "") -> dict[str, float]:
    """Fill a knowledge base as a job; `until` is the note at which it is cancelled."""
    asked = Filling(files(count), "off", 200, 40, TEXT_ONLY, name=f"bench {count}")
    manager, store = JobManager(), KnowledgeBases(CorpusStore(folder))
    begun = time.process_time()
    job = manager.submit(work, store, asked)
    notes: set[str] = set()
    cancelled = 0.0
    while not job.wait(0.05):
        note = job.progress.note or ""
        notes.add(note)
        if until and not cancelled and note.startswith(until):
            cancelled = time.process_time()
            job.cancel()
    spent = time.process_time()
    [made] = [facts.id for facts in store.list()] if until else [job.result().corpus_id]
    kept = len(store.open(made))
    manager.close()
    return {"seconds": spent - begun, "stop": spent - cancelled, "notes": len(notes), "kept": kept}


def ask(folder: Path, count: int) -> dict[str, float]:
    """Milliseconds of a question for 100 hits."""
    store = CorpusStore(folder)
    [found] = [facts.id for facts in store.list() if facts.name == f"bench {count}"]
    index = store.open(found).keyword_index()
    asked = queries()
    took: list[list[float]] = [[] for _ in asked]
    for _ in range(ROUNDS):
        for times, query in zip(took, asked, strict=True):
            begun = time.thread_time()
            index.search(query, 100)
            times.append((time.thread_time() - begun) * 1000)
    return {"median": statistics.median(map(min, took)), "mean": statistics.mean(map(min, took))}


def part(step: str, folder: Path, count: int) -> dict[str, float]:
    """One step in this process, with its peak memory in MB."""
    found = {"fill": fill, "cancel": lambda *given: fill(*given, until="Indexing"), "ask": ask}[step](folder, count)
    return {**found, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}


def run(step: str, folder: Path, count: int) -> dict[str, float]:
    """A step in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_million", "--step", step, str(folder)]
    done = subprocess.run([*command, "--passages", str(count)], check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--passages", type=int, default=PASSAGES)
    parser.add_argument("--step", nargs=2)
    chosen = parser.parse_args()
    if chosen.step:
        print(json.dumps(part(chosen.step[0], Path(chosen.step[1]), chosen.passages)))
        return
    many, few = chosen.passages, chosen.passages // 10
    print(f"## {many:,} passages of about {WORDS} words\n\n| what | measured | bar |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        filled = run("fill", folder, many)
        print(
            f"| {many:,} passages filled in by the page's job, the files' texts in memory | {filled['seconds']:.0f} s, "
            f"{filled['memory']:,.0f} MB, {filled['notes']:,.0f} reports seen | {MEMORY:,} MB |",
            flush=True,
        )
        run("fill", folder, few)
        small, large = run("ask", folder, few), run("ask", folder, many)
        print(
            f"| a question by keyword, 100 hits: times the same over {few:,} | {large['mean'] / small['mean']:.1f} on "
            f"average, {large['median'] / small['median']:.1f} for the median ({large['median']:.1f} ms); "
            f"{large['memory']:,.0f} MB | at most {TIMES} |",
            flush=True,
        )
    with tempfile.TemporaryDirectory() as temporary:
        stopped = run("cancel", Path(temporary), many)
        print(
            f"| the same cancelled while it indexes: until the job has ended | {stopped['stop']:.2f} s of the "
            f"processor, {stopped['kept']:,.0f} passages kept | |\n"
        )


if __name__ == "__main__":
    main()
