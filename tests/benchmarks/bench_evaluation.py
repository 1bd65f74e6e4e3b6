"""An evaluation of 200 queries x 100 documents without the engine: the bar is 2 seconds for all of it.

The client answers at once, so that what is left is our own work: saving the set, planning, running with every
request and answer committed, reading back, the answer, the cut-off, the report. Figures are medians of three rounds,
of the wall clock and of the processor's time, which a busy machine does not stretch.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rerank_core.evaluation.experiments.plan import plan
from rerank_core.evaluation.experiments.records import RatePolicy
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.evaluation.report.csv_files import report_csv
from rerank_core.evaluation.report.report import make_report, report_html
from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse, Usage
from rerank_core.ranking.contender import Contender
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore

QUERIES, DOCUMENTS, BAR = 200, 100, 2.0
WORDS = ("router", "password", "invoice", "sensor", "light", "update", "account", "camera", "reset", "delivery")


def made_set() -> QuerySet:
    """200 queries with 100 documents of 100 words each, all different, half of them rated."""
    chance = random.Random(5)
    texts = {f"q{number}": " ".join(chance.choices(WORDS, k=6)) + f" {number}" for number in range(QUERIES)}
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
    """Print one line a step and one for the whole, for a model here and for a hosted one."""
    query_set = made_set()
    rows: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for _ in range(3):
        for contender in (Contender("local", "local-keyword"), Contender("gateflow", "rerank-english-v3.0")):
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
            timed("open the query set", lambda: sets.get(set_id))
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
    main()
