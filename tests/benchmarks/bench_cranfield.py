"""What the Evaluate page says of a real collection, checked against measures written down from their definitions.

`python -m tests.benchmarks.bench_cranfield FOLDER [MODEL ...]`: a BEIR folder such as Cranfield; candidates are the
100 best by keyword, then each local model reranks them. Ends with an error where a figure differs.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rerank_core import evaluation
from rerank_core.client.client import Client
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.measures.summary import INITIAL, summarise
from rerank_core.evaluation.query_sets.sources import from_files, search_collection
from rerank_core.ranking.contender import Contender
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore
from tests.support.plain_measures import all_of

USUAL = Path(__file__).parents[3] / "shared" / "data" / "cranfield"
FILES = ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv")


def main(arguments: list[str]) -> int:
    """Print the table; gives the exit status."""
    folder = Path(arguments[0]) if arguments else USUAL
    if not folder.is_dir():
        print(f"There is no collection at {folder}; name the folder of one.", file=sys.stderr)
        return 0
    models = arguments[1:] or ["local-keyword", "local-english", "local-multilingual"]
    read = [evaluation.read(Path(name).name, (folder / name).read_bytes()) for name in FILES]
    collection = from_files(read, name="Cranfield")
    query_set = collection.with_candidates(search_collection(collection.documents.values(), 100), "by keyword (BM25)")
    with tempfile.TemporaryDirectory() as home:
        os.environ["RERANK_PLAYGROUND_HOME"] = home
        with QuerySetStore() as sets, ExperimentStore() as store:
            contenders = [Contender("local", model) for model in models]
            experiment = store.create(sets.save(query_set), query_set, contenders)
            started = time.perf_counter()
            run_experiment(None, store, experiment.id, query_set, lambda name, **options: Client(name, **options))
            seconds = time.perf_counter() - started
            rankings = store.rankings(experiment.id, query_set)
    summary = summarise(query_set, rankings)
    grades = query_set.combined()
    runs = {INITIAL: query_set.initial} | {ranking.label: ranking.run for ranking in rankings}
    wrong = 0
    print(f"## {folder.name}: {len(summary.queries)} rated queries, the run took {seconds:.0f} s\n")
    print(f"| order | {' | '.join(summary.measures)} |\n|---|{'---|' * len(summary.measures)}")
    for row in summary.rows:
        plain = [all_of(grades[query], runs[row.label][query]) for query in summary.queries]
        cells = []
        for name in summary.measures:
            expected = statistics.fmean(values[name] for values in plain)
            same = abs(expected - row.means[name]) < 1e-9
            wrong += not same
            cells.append(f"{row.means[name]:.4f}" + ("" if same else f" but {expected:.4f}"))
        print(f"| {row.label} | {' | '.join(cells)} |")
    verdict = f"{wrong} figures are not" if wrong else "Every figure is"
    print(f"\n{summary.sentence}\n\n{verdict} that of the plain sums.")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
