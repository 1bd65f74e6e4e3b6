"""What Ray Data adds to bulk scoring on one machine: `rerank bulk --ray` against the same in one process.

A cluster of one processor scores the same parts with the keyword model as this process does alone, in turns. Processor
seconds are those of every process of the run, Ray's own among them; its start is left out, and so is a first run of
both. A run on Ray starts processes, whatever its size, so two sizes are measured: what lies between them is what a part
costs. Two workers against one are not measured: that needs more cores than two.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PEERS = ROOT / ".venv-peers" / "bin" / "python"
FEW, MANY, QUERIES, DOCUMENTS, WORDS, ROUNDS = 4, 16, 100, 100, 60, 2
BAR = 1.3


def spent() -> float:
    """Processor seconds of this process and of all that descend from it, those that have ended included."""
    tick = os.sysconf("SC_CLK_TCK")
    parents, seconds = {}, {}
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split() if entry.name.isdigit() else []
        except OSError:
            continue
        if fields:
            parents[int(entry.name)] = int(fields[1])
            seconds[int(entry.name)] = sum(map(int, fields[11:15])) / tick
    own = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in own} - own:
        own |= more
    return sum(seconds.get(one, 0.0) for one in own)


def data_set(path: Path, parts: int, turn: int) -> None:
    """Queries with their documents, all other words at each turn: what was scored before is not scored again."""
    with path.open("w", encoding="utf-8") as out:
        for query in range(parts * QUERIES):
            texts = [
                " ".join(f"t{turn}w{(query * 7 + place * 13 + word * (place % 5 + 1)) % 4000}" for word in range(WORDS))
                for place in range(DOCUMENTS)
            ]
            asked = f"t{turn}w{query % 4000} t{turn}w{query * 3 % 4000}"
            out.write(json.dumps({"id": f"q{query}", "query": asked, "documents": texts}) + "\n")


def measure() -> None:
    """Print the table; runs where Ray is installed."""
    import ray

    from rerank_core.bulk.on_ray import run_bulk_on_ray
    from rerank_core.bulk.parts import BulkOptions
    from rerank_core.bulk.run import run_bulk
    from rerank_core.client.client import Client

    options = BulkOptions(model="local-keyword", part_queries=QUERIES, rank_fields=("text",))
    ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False)
    taken: dict[tuple[str, int], list[tuple[float, float]]] = {}
    with tempfile.TemporaryDirectory() as folder, Client("local", max_concurrency=1) as client:
        source = Path(folder) / "in.jsonl"
        calls: dict[str, Callable[[str], object]] = {
            "alone": lambda target: run_bulk(str(source), target, client, options),
            "on Ray": lambda target: run_bulk_on_ray(str(source), target, "local", options),
        }
        for turn, parts in enumerate([1, *[FEW, MANY] * ROUNDS]):
            data_set(source, parts, turn)
            for name, call in calls.items():
                clock, before = time.perf_counter(), spent()
                call(str(Path(folder) / f"{name.replace(' ', '-')}-{turn}"))
                taken.setdefault((name, parts), []).append((spent() - before, time.perf_counter() - clock))
    ray.shutdown()
    print("| what | alone | on Ray | ratio | bar |\n|---|---|---|---|---|")
    for place, what in enumerate(("processor", "clock")):
        found = {key: statistics.median(one[place] for one in ones) for key, ones in taken.items()}
        for label, alone, on_ray in (
            (f"{FEW} parts of {QUERIES} x {DOCUMENTS}", found["alone", FEW], found["on Ray", FEW]),
            (f"{MANY} parts", found["alone", MANY], found["on Ray", MANY]),
            (
                "a further part",
                (found["alone", MANY] - found["alone", FEW]) / (MANY - FEW),
                (found["on Ray", MANY] - found["on Ray", FEW]) / (MANY - FEW),
            ),
        ):
            print(f"| {label}: {what} | {alone:.2f} s | {on_ray:.2f} s | {on_ray / alone:.2f} | at most {BAR} |")


def main() -> None:
    """Run it in the environment of the peers, since the app's has no Ray."""
    if not PEERS.exists():
        print("Bulk scoring on Ray is measured where Ray is installed: make install-peers.")
        return
    command = [str(PEERS), "-m", "tests.benchmarks.bench_bulk", "--measure"]
    sys.exit(subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False).returncode)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--measure", action="store_true", help="here, where Ray is installed")
    measure() if arguments.parse_args().measure else main()
