"""Evaluations without the engine: all steps of 200 queries x 100 documents (the bar is 2 seconds), how they grow to
1,000 and 2,000 queries, the Answer opened again, and the import of a large table against pandas.

The client answers at once, so that what is left is our own work: saving the set, planning, running with every
request and answer committed, reading back, the answer, the cut-off, the report. Figures are medians of three rounds,
of the wall clock and of the processor's time, which a busy machine does not stretch. Each size runs in a process of its
own, after a small set that loads what is imported late.
"""

from __future__ import annotations

import csv
import gc
import io
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pandas as pd

from rerank_core.evaluation.experiments.plan import plan
from rerank_core.evaluation.experiments.records import RatePolicy
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.formats.registry import read_directly
from rerank_core.evaluation.kept.figures import ExperimentFigures
from rerank_core.evaluation.measures.settings import EvaluationSettings
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.evaluation.report.csv_files import report_csv
from rerank_core.evaluation.report.report import make_report, report_html
from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse, Usage
from rerank_core.pricing.table import PriceTable
from rerank_core.ranking.contender import Contender
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore

QUERIES, DOCUMENTS, BAR = 200, 100, 2.0
MANY, MOST = 1_000, 2_000
GROWTH, MEMORY, AGAIN, CSV = 1.05, 1_000, 0.05, 4
CSV_BYTES = 50_000_000
ROUNDS = 3
WORDS = ("router", "password", "invoice", "sensor", "light", "update", "account", "camera", "reset", "delivery")
HOSTED = (Contender("gateflow", "rerank-english-v3.0"), Contender("gateflow", "rerank-multilingual-v3.0"))


def made_set(queries: int = QUERIES) -> QuerySet:
    """Queries with 100 documents of 100 words each, all different, half of them rated."""
    chance = random.Random(5)
    texts = {f"q{number}": " ".join(chance.choices(WORDS, k=6)) + f" {number}" for number in range(queries)}
    documents: dict[str, Document] = {}
    candidates: dict[str, list[str]] = {}
    judgments: dict[str, dict[str, int]] = {}
    for query in texts:
        names = [f"{query}-{place}" for place in range(DOCUMENTS)]
        for name in names:
            documents[name] = Document(f"{name} " + " ".join(chance.choices(WORDS, k=100)), name, {"title": name})
        candidates[query] = names
        judgments[query] = {name: chance.choice((0, 0, 0, 1, 2, 3)) for name in names[::2]}
    return QuerySet("Bench", make_queries(texts, candidates, {}), documents, {"someone": judgments})


class Instant:
    """A client that knows the answer already: for each length an order with its scores."""

    def __init__(self) -> None:
        order = random.Random(9).sample(range(DOCUMENTS), DOCUMENTS)
        self._rows = [(rank, index, 1 - rank / 200) for rank, index in enumerate(order, start=1)]

    def rerank(self, query: str, documents: Any, model: str | None = None, **_: Any) -> RerankResponse:
        request = RerankRequest(query, documents, model)
        rows = tuple(RankedDocument(rank, index, score, documents[index]) for rank, index, score in self._rows)
        cost = Cost(Decimal("0.001"), basis="reported")
        return RerankResponse(rows, model, "gateflow", request, Usage(1.0), cost, "req")

    def close(self) -> None:
        """Nothing to close."""


def main() -> None:
    """Print one line a step and one for the whole, for a model here and for a hosted one; then the other rows."""
    query_set = made_set()
    rows: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for _ in range(ROUNDS):
        for contender in (Contender("local", "local-keyword"), HOSTED[0]):
            for step, seconds in rounds(query_set, contender).items():
                rows.setdefault(step, {}).setdefault(contender.provider, []).append(seconds)
    print(f"Evaluation of {QUERIES} queries x {DOCUMENTS} documents, the engine left out (bar: {BAR:g} s)\n")
    print("| step | on this computer, s | processor, s | hosted, s | processor, s |\n|---|---|---|---|---|")
    total = [0.0] * 4
    for step, found in rows.items():
        figures = [
            statistics.median(values)
            for provider in ("local", "gateflow")
            for values in zip(*found[provider], strict=True)
        ]
        total = [one + other for one, other in zip(total, figures, strict=True)]
        print(f"| {step} | {' | '.join(f'{figure:.3f}' for figure in figures)} |")
    print(f"| all of it | {' | '.join(f'{figure:.2f}' for figure in total)} |\n")
    print("| what | measured | bar |\n|---|---|---|", flush=True)
    for row in (growth, again, table):
        for what, measured, bar in row():
            print(f"| {what} | {measured} | {bar} |", flush=True)


def growth() -> list[tuple[str, str, str]]:
    """How the processor time of all steps grows, and what the largest needs."""
    found: dict[int, list[dict[str, Any]]] = {}
    for _ in range(ROUNDS):
        for queries in (QUERIES, MANY):
            found.setdefault(queries, []).append(in_its_own_process("steps", queries))
    times = {queries: statistics.median(sum(one["steps"].values()) for one in own) for queries, own in found.items()}
    most = in_its_own_process("steps", MOST)
    return [
        (
            f"everything but the engine, {MANY:,} x {DOCUMENTS}: processor time of {MANY // QUERIES} times {QUERIES}",
            f"{times[MANY] / times[QUERIES] / (MANY // QUERIES):.2f} ({times[MANY]:.1f} s)",
            f"at most {GROWTH:g}",
        ),
        (f"{MOST:,} x {DOCUMENTS}: peak memory", f"{most['peak']:,} MB", f"{MEMORY:,} MB"),
    ]


def again() -> list[tuple[str, str, str]]:
    """The Answer opened again: by another session of the same server, and by another process."""
    rounds = [in_its_own_process("answer", MANY) for _ in range(ROUNDS)]
    first, again, restarted = (
        statistics.median(one["steps"][step] for one in rounds) for step in ("first", "again", "restarted")
    )
    return [
        (
            f"the Answer of {MANY:,} x {DOCUMENTS} and two models opened again: processor time of working it out",
            f"{again / first:.3f} ({again:.2f} s of {first:.2f} s)",
            f"at most {AGAIN:g}",
        ),
        ("the same after a restart of the server", f"{restarted / first:.2f} ({restarted:.2f} s)", "none"),
    ]


def table() -> list[tuple[str, str, str]]:
    """A table of queries, documents and ratings read by us and by pandas, which makes no query set of it."""
    data = made_csv()
    ours, theirs = [], []
    for _ in range(ROUNDS):
        gc.disable()  # as in the process that reads such a file
        ours.append(processor(lambda: read_directly("queries.csv", data, "auto", {})))
        gc.enable()
        theirs.append(processor(lambda: pd.read_csv(io.BytesIO(data))))
    ratio = statistics.median(ours) / statistics.median(theirs)
    what = f"a CSV of {len(data) / 1e6:.0f} MB, query, document, rating: processor time of pandas.read_csv"
    return [(what, f"{ratio:.1f} times ({statistics.median(ours):.2f} s)", f"at most {CSV:g}")]


def made_csv() -> bytes:
    """Rows of 20 documents a query, of texts with commas in quotation marks."""
    chance, text = random.Random(3), io.StringIO()
    writer, number = csv.writer(text), 0
    writer.writerow(["query", "document", "rating"])
    while text.tell() < CSV_BYTES:
        number += 1
        query = " ".join(chance.choices(WORDS, k=6)) + f" {number}"
        for place in range(20):
            words = ", ".join(" ".join(chance.choices(WORDS, k=10)) for _ in range(7))
            writer.writerow([query, f"{number}-{place} {words}", chance.choice((0, 1, 2, 3))])
    return text.getvalue().encode()


def processor(work: Callable[[], object]) -> float:
    """Seconds of the processor that work takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def in_its_own_process(what: str, queries: int) -> dict[str, Any]:
    """What a process of its own measures: seconds of the processor by step, and its peak memory in MB."""
    command = [sys.executable, "-m", "tests.benchmarks.bench_evaluation", what, str(queries)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def part(what: str, queries: int) -> None:
    """Measure in this process, and print it."""
    work = all_steps if what == "steps" else opened_again
    work(made_set(5))
    steps = work(made_set(queries))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (2**20 if sys.platform == "darwin" else 2**10)
    print(json.dumps({"steps": steps, "peak": peak}))


def all_steps(query_set: QuerySet) -> dict[str, float]:
    """Processor time of each step with a hosted model."""
    return {step: busy for step, (_, busy) in rounds(query_set, HOSTED[0]).items()}


def opened_again(query_set: QuerySet) -> dict[str, float]:
    """Processor time of the Answer of two models: opened for the first time, by another session, after a restart."""
    with tempfile.TemporaryDirectory() as home:
        os.environ["RERANK_PLAYGROUND_HOME"] = home
        with QuerySetStore() as sets, ExperimentStore() as store:
            set_id = sets.save(query_set)
            experiment = store.create(set_id, query_set, HOSTED, rates={"gateflow": RatePolicy(8, retries=0)})
            run_experiment(None, store, experiment.id, query_set, lambda provider, **_: Instant())
            first = processor(lambda: answer(sets, store, set_id, experiment.id))
            later = processor(lambda: answer(sets, store, set_id, experiment.id))
        with QuerySetStore() as sets, ExperimentStore() as store:
            restarted = processor(lambda: answer(sets, store, set_id, experiment.id))
    return {"first": first, "again": later, "restarted": restarted}


def answer(sets: QuerySetStore, store: ExperimentStore, set_id: str, experiment_id: str) -> None:
    """What the Answer step works out before it is drawn."""
    query_set = sets.get(set_id)
    assert query_set is not None
    store.progress(experiment_id)
    figures = ExperimentFigures(store, experiment_id, query_set, store.rankings(experiment_id, query_set))
    settings = EvaluationSettings(judgments=query_set.combined())
    figures.summary(settings)
    figures.deciding(settings)
    figures.not_run(PriceTable.default(), settings.searches_a_day)


def rounds(query_set: QuerySet, contender: Contender) -> dict[str, tuple[float, float]]:
    """Seconds of each step: of the wall clock, and of the processor."""
    took: dict[str, tuple[float, float]] = {}

    def timed(step: str, work: Callable[[], Any]) -> Any:
        started, busy = time.perf_counter(), time.process_time()
        result = work()
        took[step] = time.perf_counter() - started, time.process_time() - busy
        return result

    with tempfile.TemporaryDirectory() as home:
        os.environ["RERANK_PLAYGROUND_HOME"] = home
        with QuerySetStore() as sets, ExperimentStore() as store:
            set_id = timed("save the query set", lambda: sets.save(query_set))
            query_set = timed("open the query set", lambda: sets.get(set_id))
            timed("plan cost and time", lambda: plan(query_set, (contender,)))
            rates = {contender.provider: RatePolicy(8, retries=0)}
            experiment = store.create(set_id, query_set, (contender,), rates=rates)

            def make(provider: str, **_: int) -> Any:
                return Instant()

            timed(
                "run, every answer committed",
                lambda: run_experiment(None, store, experiment.id, query_set, make),
            )
            rankings = timed("read the answers", lambda: store.rankings(experiment.id, query_set))
            report = timed("summary, significance, cut-off", lambda: make_report(query_set, rankings))
            timed("report as HTML", lambda: report_html(report))
            timed("numbers as CSV", lambda: report_csv(report))
    return took


if __name__ == "__main__":
    if sys.argv[1:]:
        part(sys.argv[1], int(sys.argv[2]))
    else:
        main()
