"""What each first stage finds on real collections, and what reranking its candidates then brings.

    python -m tests.benchmarks.bench_first_stage --data FOLDER     (or RERANK_DATA=FOLDER)

The collections are those of bench_quality. A first stage searches the whole collection for 100 candidates; its own
order is measured by nDCG@10 and recall@100, then each local model puts the candidates in order. `fuse` is reciprocal
rank fusion of keyword and vectors.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

import ir_measures
from ir_measures import R, ScoredDoc, nDCG

from rerank_core import offline
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from rerank_core.providers.local import LOCAL
from rerank_core.retrieval.first_stage import FirstStage, Kind
from rerank_core.retrieval.passages import PassageList
from tests.benchmarks.bench_quality import SETS, Collection, collection, measure, scores

STAGES: dict[str, tuple[Kind, str]] = {
    "keyword": ("keyword", ENGLISH),
    "English vectors": ("embedding", ENGLISH),
    "Multilingual vectors": ("embedding", MULTILINGUAL),
    "fuse with English": ("fused", ENGLISH),
    "fuse with Multilingual": ("fused", MULTILINGUAL),
}
RERANKED = ("keyword", "fuse with English", "fuse with Multilingual")
DEPTH = 100


def found(stage: FirstStage, data: Collection) -> list[ScoredDoc]:
    """The first stage's candidates of every question, with its own scores."""
    names = list(data.documents)
    run = []
    for key, text in data.queries.items():
        candidates = stage.search(text, DEPTH).candidates
        # Ties are broken by place, as the stage does, not by name, as the measure would.
        run += [ScoredDoc(key, names[each.index], -rank) for rank, each in enumerate(candidates)]
    return run


def quality(data: Collection, run: list[ScoredDoc]) -> str:
    """nDCG@10 and recall@100."""
    ratings = {query: dict(data.ratings.get(query, {})) for query in data.queries}
    values = ir_measures.calc_aggregate([nDCG @ 10, R @ DEPTH], ratings, run)
    return f"{values[nDCG @ 10]:.3f} / {values[R @ DEPTH]:.3f}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="Quality of the first stages, alone and reranked.")
    parser.add_argument("--data", type=Path, default=os.environ.get("RERANK_DATA"), help="folder of collections")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    choice = parser.parse_args()
    if choice.data is None:
        print("First stages are not measured: name the folder of collections with --data or RERANK_DATA.")
        return
    sets = {name: collection(Path(choice.data), name) for name in choice.sets}
    passages = {name: PassageList(data.documents.values()) for name, data in sets.items()}
    usable = {
        label: (kind, model)
        for label, (kind, model) in STAGES.items()
        if kind == "keyword" or offline.unavailable_reason(model) is None
    }
    runs: dict[tuple[str, str], list[ScoredDoc]] = {}
    print(f"## First stages alone: nDCG@10 / recall@{DEPTH}\n")
    print(f"| first stage | {' | '.join(sets)} | seconds |\n|---|{'---|' * len(sets)}---|")
    for label, (kind, model) in usable.items():
        started, cells = time.perf_counter(), []
        for name, data in sets.items():
            runs[label, name] = run = found(FirstStage(passages[name], kind, model), data)
            cells.append(quality(data, run))
        print(f"| {label} | {' | '.join(cells)} | {time.perf_counter() - started:.0f} |", flush=True)
    print(f"\n## Their {DEPTH} candidates reranked: nDCG@10\n")
    print(f"| first stage | model | {' | '.join(sets)} |\n|---|---|{'---|' * len(sets)}")
    for label in (label for label in RERANKED if label in usable):
        for spec in LOCAL.models:
            if offline.unavailable_reason(spec.id) is not None:
                continue
            cells = []
            for name, data in sets.items():
                candidates: dict[str, list[str]] = {key: [] for key in data.queries}
                for row in runs[label, name]:
                    candidates[row.query_id].append(row.doc_id)
                ranked = replace(data, candidates=candidates)
                cells.append(f"{measure(ranked, scores(spec.id, ranked).run)[0]:.3f}")
            print(f"| {label} | {spec.label} | {' | '.join(cells)} |", flush=True)
    print()


if __name__ == "__main__":
    main()
