"""How well each local model orders real collections, as a table in Markdown.

    python -m tests.benchmarks.bench_quality --data FOLDER     (or RERANK_DATA=FOLDER)

FOLDER holds collections laid out as BEIR does (corpus.jsonl, queries.jsonl, qrels/test.tsv): `cranfield`, and
`xquad-en`, `xquad-de`, `xquad-es`. Cranfield: the 100 best documents by keyword for each of its 225 questions.
XQuAD: 200 evenly spaced questions, each over all 240 paragraphs; `x-de` and `x-es` ask in German and Spanish
over the English paragraphs. nDCG@10 and MRR@10 come from ir-measures, over all judged documents. Each row stands
above what was measured for the same recipe before this code was written; nDCG@10 should be no lower by more than 0.01.
`sample` is the project's rated sample with its titles, `mixed` XQuAD with each paragraph in one of its three languages.

A second table compares each model's order with the one before it was fitted again, from the same signals: nDCG@10 on
the half of the queries that the fit saw and on the other, and the difference with its 95% interval (paired bootstrap).
A query is in the first half where the first byte of its id's SHA-256 is even.

The first stage searches the whole collection. The keyword model orders the candidates that it is given and knows
the rarity of words among those alone: over Cranfield's 100 candidates, which all hold the query's words, that makes
it worse than the first stage that found them.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import RR, ScoredDoc, nDCG

from rerank_core import offline, retrieval
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.rank_fields import ranked_text
from rerank_core.samples import rated_queries

SETS = ("cranfield", "en", "de", "es", "x-de", "x-es", "mixed", "sample")
QUESTIONS = 200
FIRST_STAGE = "first stage"
OLD = {ENGLISH: 10.38 / 5.72, MULTILINGUAL: 12.84 / 29.76}
"""How much a keyword share weighed against a cosine before the models were fitted again."""
BEFORE = {  # nDCG@10 in the order of SETS; a model for English alone was measured on English alone
    FIRST_STAGE: (0.506, 0.980, 0.956, 0.971, 0.718, 0.676, None, None),
    ENGLISH: (0.556, 0.983, None, None, None, None, None, None),
    MULTILINGUAL: (0.543, 0.985, 0.974, 0.982, 0.928, 0.964, None, None),
    KEYWORD: (None, 0.980, 0.956, 0.971, 0.718, 0.676, None, None),
    CROSS_ENCODER: (None, None, None, None, None, None, None, None),
}


@dataclass(frozen=True, slots=True)
class Collection:
    """Questions, documents and ratings, with the candidates of each question."""

    queries: Mapping[str, str]
    documents: Mapping[str, str]
    ratings: Mapping[str, Mapping[str, int]]
    candidates: Mapping[str, Sequence[str]]


def collection(data: Path, name: str) -> Collection:
    """One of SETS, read from the data folder."""
    if name == "sample":
        rated = rated_queries()
        texts = {str(document.id): ranked_text(document) for document in rated.documents}
        return Collection(rated.queries, texts, rated.judgments, {key: tuple(texts) for key in rated.queries})
    if name == "mixed":
        each = [collection(data, language) for language in ("en", "de", "es")]
        texts = {key: each[_byte(key, 1) % 3].documents[key] for key in each[0].documents}
        queries = {key: each[place % 3].queries[key] for place, key in enumerate(each[0].queries)}
        return Collection(queries, texts, each[0].ratings, {key: tuple(texts) for key in queries})
    if name == "cranfield":
        return _read(data / "cranfield", data / "cranfield", top=100)
    questions, paragraphs = (name[2:], "en") if name.startswith("x-") else (name, name)
    return _read(data / f"xquad-{questions}", data / f"xquad-{paragraphs}", questions=QUESTIONS)


def _read(asked: Path, answered: Path, *, top: int | None = None, questions: int | None = None) -> Collection:
    documents = _texts(answered / "corpus.jsonl")
    queries = _texts(asked / "queries.jsonl")
    if questions is not None:
        keys = list(queries)
        queries = {key: queries[key] for key in (keys[place * len(keys) // questions] for place in range(questions))}
    ratings: dict[str, dict[str, int]] = {}
    for line in (asked / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        ratings.setdefault(query, {})[document] = int(grade)
    names = list(documents)
    if top is None:
        return Collection(queries, documents, ratings, dict.fromkeys(queries, names))
    index = retrieval.KeywordIndex.build(documents.values())
    candidates = {key: [names[hit.index] for hit in index.search(text, k=top)] for key, text in queries.items()}
    return Collection(queries, documents, ratings, candidates)


def _texts(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return {row["_id"]: f"{row.get('title', '')} {row['text']}".strip() for row in rows}


def _byte(key: str, place: int) -> int:
    return hashlib.sha256(key.encode()).digest()[place]


def scores(model: str, data: Collection, before: list[ScoredDoc]) -> list[ScoredDoc]:
    """The score of every candidate of every question; of the first stage, of the 100 best documents. What the models
    that were fitted again would have said before is added to `before`."""
    run = []
    old = OLD.get(model)
    found = list(data.documents)
    index = retrieval.KeywordIndex.build(data.documents.values()) if model == FIRST_STAGE else None
    for key, text in data.queries.items():
        if index is not None:
            run += [ScoredDoc(key, found[hit.index], hit.score) for hit in index.search(text)]
            continue
        names = data.candidates[key]
        rows = offline.score(model, text, [data.documents[name] for name in names])
        run += [ScoredDoc(key, name, row.relevance_score) for name, row in zip(names, rows, strict=True)]
        if old is not None:
            signals = [(row.cosine or 0.0) + old * (row.keyword or 0.0) for row in rows]
            before += [ScoredDoc(key, name, each) for name, each in zip(names, signals, strict=True)]
    return run


def halves(data: Collection, run: Sequence[ScoredDoc], before: Sequence[ScoredDoc]) -> Iterator[str]:
    """Cells of the second table: before, now and the difference with its interval, for each half."""
    each = [{found.query_id: found.value for found in _each(data, some)} for some in (before, run)]
    for half in (0, 1):
        keys = [key for key in each[0] if _byte(key, 0) % 2 == half and any(data.ratings.get(key, {}).values())]
        was, now = (np.array([values[key] for key in keys]) for values in each)
        drawn = (now - was)[np.random.default_rng(7).integers(0, len(keys), (4000, len(keys)))].mean(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        yield f"{was.mean():.3f}, {now.mean():.3f}, {(now - was).mean():+.3f} [{low:+.3f}, {high:+.3f}] of {len(keys)}"


def _each(data: Collection, run: Sequence[ScoredDoc]) -> Iterable[ir_measures.Metric]:
    ratings = {query: dict(data.ratings.get(query, {})) for query in data.queries}
    return ir_measures.iter_calc([nDCG @ 10], ratings, run)


def measure(data: Collection, run: Sequence[ScoredDoc]) -> tuple[float, float]:
    """Mean nDCG@10 and MRR@10 over the questions."""
    ratings = {query: dict(data.ratings.get(query, {})) for query in data.queries}
    found = ir_measures.calc_aggregate([nDCG @ 10, RR @ 10], ratings, run)
    return found[nDCG @ 10], found[RR @ 10]


def main() -> None:
    parser = argparse.ArgumentParser(description="Quality of the local models on real collections.")
    parser.add_argument("--data", type=Path, default=os.environ.get("RERANK_DATA"), help="folder of collections")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--models", nargs="+", choices=list(BEFORE), default=list(BEFORE))
    choice = parser.parse_args()
    if choice.data is None:
        print("Quality is not measured: name the folder of collections with --data or RERANK_DATA.")
        return
    data = {name: collection(Path(choice.data), name) for name in choice.sets}
    print(
        f"| nDCG@10 / MRR@10 | {' | '.join(choice.sets)} | seconds |\n|---|{'---|' * len(choice.sets)}---|", flush=True
    )
    again: list[str] = []
    for model in choice.models:
        reason = None if model == FIRST_STAGE else offline.unavailable_reason(model)
        if reason is not None:
            print(f"| {model} | {reason} |")
            continue
        started, cells = time.perf_counter(), []
        for name in choice.sets:
            old: list[ScoredDoc] = []
            run = scores(model, data[name], old)
            cells.append("{:.3f} / {:.3f}".format(*measure(data[name], run)))
            if old:
                again.append(f"| {model} | {name} | {' | '.join(halves(data[name], run, old))} |")
        before = (BEFORE[model][SETS.index(name)] for name in choice.sets)
        print(f"| {model} | {' | '.join(cells)} | {time.perf_counter() - started:.0f} |")
        print(f"| before | {' | '.join('' if value is None else f'{value:.3f}' for value in before)} | |", flush=True)
    print("\n| before, now, difference | set | half of the fit | other half |\n|---|---|---|---|")
    print("\n".join(again))


if __name__ == "__main__":
    main()
