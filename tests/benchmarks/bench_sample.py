"""nDCG@10 of every local model on the rated sample, by language and by the kind of query, and what a run takes.

    python -m tests.benchmarks.bench_sample                 (the candidates that Evaluate ranks, as a visitor sees it)
    python -m tests.benchmarks.bench_sample --whole         (all 66 articles for every query)

Title and text are read. Queries that nothing here answers are left out: every order of them is as good. The
cross-encoder is measured on questions in English alone, others it refuses. The interval is that of the mean over all
queries (a bootstrap of 5,000 samples, 95 %); for a difference of two models it is too wide, since both answer the same
queries. Seconds are the processor's, for all queries of the set with an answer or without, a model's loading included.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rerank_core import offline
from rerank_core.evaluation.measures.measure import measure
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.evaluation.query_sets.sources import from_sample
from rerank_core.models import texts_of
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.samples import knowledge_base, rated_queries
from rerank_core.samples.support_desk import KINDS

MODELS = (KEYWORD, ENGLISH, MULTILINGUAL, CROSS_ENCODER)
LANGUAGES = ("en", "de", "es", "ja")
ANSWERS = 2  # the lowest grade of an answer
SAMPLES = 5_000


@dataclass(frozen=True, slots=True)
class Figures:
    """nDCG@10 of each query with an answer that a model was asked, and the processor's seconds for all."""

    ndcg: Mapping[str, float]
    seconds: float


def figures(model: str, sample: QuerySet, *, whole: bool) -> Figures:
    """Rank every query's candidates, or all articles, by a model."""
    rated = rated_queries()
    started = time.process_time()
    run = {}
    for query in sample.ready:
        if model == CROSS_ENCODER and rated.tags[query.id]["lang"] != "en":
            continue
        documents = knowledge_base() if whole else sample.documents_of(query)
        scores = [row.relevance_score for row in offline.score(model, query.text, texts_of(documents, TITLE_AND_TEXT))]
        order = sorted(range(len(scores)), key=lambda place: -scores[place])
        run[query.id] = [documents[place].id or "" for place in order]
    seconds = time.process_time() - started
    judged = {name: rated.judgments[name] for name in run if max(rated.judgments[name].values()) >= ANSWERS}
    found = measure(judged, {name: run[name] for name in judged}, ["nDCG@10"])["nDCG@10"]
    return Figures(found.by_query, seconds)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """The 95 % interval of a mean by the bootstrap, always of the same random samples."""
    drawn = np.random.default_rng(5).choice(np.asarray(values), (SAMPLES, len(values))).mean(axis=1)
    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


def row(model: str, found: Figures) -> Iterator[str]:
    """The cells of a model: all with its interval, each language, each kind, seconds."""
    tags = rated_queries().tags
    low, high = interval(list(found.ndcg.values()))
    yield model
    yield f"{np.mean(list(found.ndcg.values())):.3f} [{low:.3f}, {high:.3f}]"
    for field, names in (("lang", LANGUAGES), ("kind", KINDS)):
        for name in names:
            some = [value for query, value in found.ndcg.items() if tags[query][field] == name]
            yield f"{np.mean(some):.3f}" if some else "-"
    yield f"{found.seconds:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Quality of the local models on the rated sample.")
    parser.add_argument("--whole", action="store_true", help="rank all articles, not the candidates by keyword")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=MODELS)
    choice = parser.parse_args()
    sample, rated = from_sample(), rated_queries()
    answered = [name for name, grades in rated.judgments.items() if max(grades.values()) >= ANSWERS]
    counts = {field: Counter(rated.tags[name][field] for name in answered) for field in ("lang", "kind")}
    heads = [f"{name} ({counts['lang'][name]})" for name in LANGUAGES]
    heads += [f"{name} ({counts['kind'][name]})" for name in KINDS]
    print(f"|nDCG@10|all ({len(answered)})|{'|'.join(heads)}|seconds|\n|---|---|{'---|' * len(heads)}---|", flush=True)
    for model in choice.models:
        reason = offline.unavailable_reason(model)
        if reason is not None:
            print(f"|{model}|not measured: {reason}|")
            continue
        print(f"|{'|'.join(row(model, figures(model, sample, whole=choice.whole)))}|", flush=True)


if __name__ == "__main__":
    main()
