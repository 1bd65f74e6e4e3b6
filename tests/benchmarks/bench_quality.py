"""How well each local model orders real collections, as a table in Markdown.

    python -m tests.benchmarks.bench_quality --data FOLDER     (or RERANK_DATA=FOLDER)

FOLDER holds collections laid out as BEIR does (corpus.jsonl, queries.jsonl, qrels/test.tsv): `cranfield`, and
`xquad-en`, `xquad-de`, `xquad-es`. Cranfield: the 100 best documents by keyword for each of its 225 questions.
XQuAD: 200 evenly spaced questions, each over all 240 paragraphs; `x-de` and `x-es` ask in German and Spanish
over the English paragraphs. nDCG@10 and MRR@10 come from ir-measures, over all judged documents. Each row stands
above what was measured for the same recipe before this code was written; nDCG@10 should be no lower by more than 0.01.

The first stage searches the whole collection. The keyword model orders the candidates that it is given and knows
the rarity of words among those alone: over Cranfield's 100 candidates, which all hold the query's words, that makes
it worse than the first stage that found them.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ir_measures
from ir_measures import RR, ScoredDoc, nDCG

from rerank_core import offline, retrieval
from rerank_core.offline.models import ENGLISH, KEYWORD, MULTILINGUAL

SETS = ("cranfield", "en", "de", "es", "x-de", "x-es")
QUESTIONS = 200
FIRST_STAGE = "first stage"
BEFORE = {  # nDCG@10 in the order of SETS; a model for English alone was measured on English alone
    FIRST_STAGE: (0.506, 0.980, 0.956, 0.971, 0.718, 0.676),
    ENGLISH: (0.556, 0.983, None, None, None, None),
    MULTILINGUAL: (0.543, 0.985, 0.974, 0.982, 0.928, 0.964),
    KEYWORD: (None, 0.980, 0.956, 0.971, 0.718, 0.676),
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


def scores(model: str, data: Collection) -> list[ScoredDoc]:
    """The score of every candidate of every question; of the first stage, of the 100 best documents."""
    run = []
    found = list(data.documents)
    index = retrieval.KeywordIndex.build(data.documents.values()) if model == FIRST_STAGE else None
    for key, text in data.queries.items():
        if index is not None:
            run += [ScoredDoc(key, found[hit.index], hit.score) for hit in index.search(text)]
            continue
        names = data.candidates[key]
        rows = offline.score(model, text, [data.documents[name] for name in names])
        run += [ScoredDoc(key, name, row.relevance_score) for name, row in zip(names, rows, strict=True)]
    return run


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
    for model in choice.models:
        reason = None if model == FIRST_STAGE else offline.unavailable_reason(model)
        if reason is not None:
            print(f"| {model} | {reason} |")
            continue
        started, cells = time.perf_counter(), []
        for name in choice.sets:
            cells.append("{:.3f} / {:.3f}".format(*measure(data[name], scores(model, data[name]))))
        before = (BEFORE[model][SETS.index(name)] for name in choice.sets)
        print(f"| {model} | {' | '.join(cells)} | {time.perf_counter() - started:.0f} |")
        print(f"| before | {' | '.join('' if value is None else f'{value:.3f}' for value in before)} | |", flush=True)


if __name__ == "__main__":
    main()
