"""The cross-encoder against the same weights in other hands, and what is kept on disk, as tables in Markdown.

    python -m tests.benchmarks.bench_cross_encoder [--rounds 3] [--base FOLDER]     (or RERANK_BASE=FOLDER)

Peers: FlashRank itself over these weights, and the published graph fed in length-sorted batches of 32. All take the
same fresh documents in turn, so that what else the machine does hits all alike; ratios are medians of the rounds'.
Wall-clock time counts both cores; processor time counts the work, which is steadier on a shared machine. BASE is a
checkout of an earlier version of this repository (`git worktree add --detach FOLDER COMMIT`) whose local models are
timed beside today's.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from rerank_core import offline
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, MULTILINGUAL
from rerank_core.offline.runtime import onnxruntime
from rerank_core.offline.weights import MS_MARCO
from rerank_core.offline.workers import cores
from tests.benchmarks.bench_engine import QUERY, Scorer, fresh, mixed, ours, texts
from tests.support import flashrank_weights

ROOT = Path(__file__).parents[2]
FLASHRANK, BATCHES = "FlashRank", "published graph, sorted batches of 32"
CASES: dict[str, Callable[[random.Random], list[str]]] = {
    "20 tokens": lambda dice: texts(22, 100, dice),
    "60 tokens": lambda dice: texts(62, 100, dice),
    "10-297 tokens": lambda dice: mixed(100, dice),
}


def sorted_batches() -> Scorer:
    """The published graph as a careful caller feeds it."""
    from tokenizers import Tokenizer

    options = onnxruntime().SessionOptions()
    options.intra_op_num_threads = cores()
    options.log_severity_level = 3
    session = onnxruntime().InferenceSession(str(MS_MARCO.path()), options, providers=["CPUExecutionProvider"])
    tokeniser = Tokenizer.from_file(str(MS_MARCO.path().parent / "tokenizer.json"))
    tokeniser.enable_truncation(512)
    tokeniser.enable_padding()

    def score(batch: Sequence[str]) -> None:
        ordered = sorted(batch, key=len)
        for start in range(0, len(ordered), 32):
            found = tokeniser.encode_batch([(QUERY, text) for text in ordered[start : start + 32]])
            inputs = {"input_ids": "ids", "attention_mask": "attention_mask", "token_type_ids": "type_ids"}
            session.run(None, {name: np.array([getattr(one, part) for one in found]) for name, part in inputs.items()})

    return score


def flashrank() -> Scorer:
    """FlashRank's own call."""
    from flashrank import Ranker, RerankRequest

    cache = flashrank_weights.lay_out(Path(tempfile.mkdtemp()))
    ranker = Ranker(flashrank_weights.MODEL, cache_dir=str(cache), log_level="ERROR")
    return lambda batch: ranker.rerank(
        RerankRequest(QUERY, [{"id": place, "text": text} for place, text in enumerate(batch)])
    )


def contenders() -> dict[str, Callable[[], Scorer]]:
    """Whatever can run here: what makes each, by name."""
    found = {CROSS_ENCODER: lambda: ours(CROSS_ENCODER), BATCHES: sorted_batches}
    try:
        import flashrank as _  # noqa: F401
    except ImportError:
        print("FlashRank is left out: it is not installed.\n")
    else:
        found[FLASHRANK] = flashrank
    return found


def spent(call: Callable[[], object]) -> tuple[float, float]:
    """Seconds of the clock and of the processors."""
    wall, processor = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - processor


def speed(makers: dict[str, Callable[[], Scorer]], rounds: int) -> None:
    """How many times as long the peers take."""
    found, dice = {name: make() for name, make in makers.items()}, random.Random(1)
    for scorer in found.values():
        scorer(texts(20, 4, dice))
    print("| 100 documents of | peer | times as long | times the processor time |\n|---|---|---|---|")
    for case, make in CASES.items():
        taken: dict[str, list[tuple[float, float]]] = {name: [] for name in found}
        for _ in range(rounds):
            batch = make(dice)
            for name, scorer in found.items():
                taken[name].append(spent(lambda scorer=scorer, batch=batch: scorer(batch)))
        for peer in found:
            if peer != CROSS_ENCODER:
                both = zip(taken[CROSS_ENCODER], taken[peer], strict=True)
                ratios = [(theirs[0] / mine[0], theirs[1] / mine[1]) for mine, theirs in both]
                wall, processor = (statistics.median(column) for column in zip(*ratios, strict=True))
                print(f"| {case} | {peer} | {wall:.1f} | {processor:.1f} |", flush=True)


MEMORY = """
import random
from tests.benchmarks import bench_cross_encoder as bench
bench.contenders()[{name!r}]()(bench.mixed(100, random.Random(2)))
"""


def memory(makers: dict[str, Callable[[], Scorer]]) -> None:
    """What each takes at its peak, from a cold start."""
    print("\n| 100 documents of 10-297 tokens, from a cold start | peak memory, MB |\n|---|---|")
    for name in makers:
        print(f"| {name} | {fresh(MEMORY.format(name=name))[1]:,.0f} |", flush=True)


AGAIN = """
import random, time
from rerank_core import offline
from rerank_core.storage.computed import ComputedFile
from tests.benchmarks import bench_engine as bench
offline.keep_in(ComputedFile({path!r}))
score = bench.ours({model!r})
offline.score({model!r}, "warm up", ["some words"])
batch = bench.texts({tokens}, 1000, random.Random(3))
start = time.perf_counter(), time.process_time()
offline.score({model!r}, {query!r}, batch)
print(time.perf_counter() - start[0], time.process_time() - start[1])
"""


def lines_of(code: str, root: Path = ROOT) -> list[float]:
    """The numbers in the last line that a few lines of Python print in a process of their own."""
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1", "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=root
    )
    return [float(number) for number in done.stdout.splitlines()[-1].split()]


def again() -> None:
    """The same 1,000 documents once more, in another process that shares the file."""
    print("\n| 1,000 documents again, in another process | of the first time | of its processor time |\n|---|---|---|")
    cases = (
        (ENGLISH, 100, QUERY, "where is the paper", "another query"),
        (MULTILINGUAL, 60, QUERY, "where is the paper", "another query"),
        (CROSS_ENCODER, 60, QUERY, QUERY, "the same query"),
    )
    for model, tokens, first, second, what in cases:
        if offline.unavailable_reason(model) is None:
            with tempfile.TemporaryDirectory() as folder:
                path = str(Path(folder) / "computed.sqlite3")
                one, two = (
                    lines_of(AGAIN.format(path=path, model=model, tokens=tokens, query=query))
                    for query in (first, second)
                )
            print(f"| {model}, {what} | {two[0] / one[0]:.3f} | {two[1] / one[1]:.3f} |", flush=True)


BEFORE = """
import random, time
from rerank_core import offline
from rerank_core.offline import engine
from rerank_core.offline.encoder import PASSAGE
dice = random.Random({seed})
words = {words!r}.split()
batch, others = ([" ".join(dice.choices(words, k={tokens} - 2)) for _ in range(48)] for _ in range(2))
offline.load({model!r})
offline.score({model!r}, "warm up", ["some words"])
model = engine.embedding_model({model!r})
encoder = model.get() if hasattr(model, "get") else model.encoder()  # as it was called in 2cf90ad
start = time.process_time()
offline.score({model!r}, {query!r}, batch)
scored = time.process_time()
encoder.embed_all(others, PASSAGE)
print(scored - start, time.process_time() - scored)
"""


def earlier(base: Path, rounds: int) -> None:
    """The embedding models against an earlier version of themselves: the whole call, in which English reads its first
    documents again with the cross-encoder, and the vectors alone."""
    from tests.benchmarks.bench_engine import VOCABULARY

    print(
        "\n| an earlier version, 48 documents of 200 tokens | times the processor time | vectors alone |\n|---|---|---|"
    )
    for model in (ENGLISH, MULTILINGUAL):
        if offline.unavailable_reason(model) is None:
            ratios: list[list[float]] = []
            for seed in range(rounds):
                code = BEFORE.format(model=model, words=VOCABULARY, tokens=200, query=QUERY, seed=seed)
                now, before = (lines_of(code, root) for root in (ROOT, base))
                ratios.append([was / is_ for is_, was in zip(now, before, strict=True)])
            whole, vectors = (statistics.median(column) for column in zip(*ratios, strict=True))
            print(f"| {model} | {whole:.2f} | {vectors:.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed and memory of the cross-encoder, and of what is kept on disk.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--base", type=Path, default=os.environ.get("RERANK_BASE"))
    choice = parser.parse_args()
    reason = offline.unavailable_reason(CROSS_ENCODER)
    if reason is None:
        makers = contenders()
        memory(makers)
        print(flush=True)
        speed(makers, choice.rounds)
    else:
        print(f"The cross-encoder is left out. {reason}")
    again()
    if choice.base is None:
        print("\nNo earlier version is timed: name a checkout of it with --base or RERANK_BASE.")
    else:
        earlier(choice.base, choice.rounds)


if __name__ == "__main__":
    main()
