"""How well each local model orders real collections, and what its scores tell: the tables of docs/models.md.

    python -m tests.benchmarks.bench_quality --data FOLDER     (or RERANK_DATA=FOLDER make bench ARGS=quality)

FOLDER holds collections laid out as BEIR does (corpus.jsonl, queries.jsonl, qrels/test.tsv): `cranfield`, and
`xquad-en`, `xquad-de`, `xquad-es`. Without it the project's rated sample alone is measured. Cranfield: the 100 best
documents by keyword for each of its 225 questions. XQuAD: 200 evenly spaced questions, each over all 240 paragraphs;
`x-de` and `x-es` ask in German and Spanish over the English paragraphs, `mixed` has each paragraph in one of the three
languages. `sample` is the rated sample with its titles. Models for English are asked in English alone, and over
paragraphs in English; the cross-encoder, which reads every pair, ranks the 20 best by keyword of each set.

1. nDCG@10 and MRR@10 by ir-measures, over all judged documents. Each row stands above what was measured for the same
   recipe before this code was written; nDCG@10 should be no lower by more than 0.01.
2. nDCG@10 on the half of the questions that the fit saw and on the other (`quality_figures.half_of`), before the models
   were fitted again and now, from the same signals, with 95% intervals (bootstrap over questions; paired for the
   difference).
3. How scores tell answers: best scores of whole lists with their right answers against the same lists without them,
   and the scores of right texts against the others. In the sample grades 2 and 3 are right; a list without an answer is
   also that of a question that has none.
4. The levels of each model (`ModelSpec`), those that the rule would set on the fitting half, and what either warns of
   on both halves. The rule: `threshold` calls nearest to one list with an answer in ten weak, as the mean of sample and
   XQuAD; from `strong` on four results in five are right; nine in ten best scores lie under `usual_top`.

`bench_thresholds` looks at shorter lists, of one topic and of others. `--computed FOLDER` keeps vectors and scores of
pairs there, so that a run that was ended goes on where it was.

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
from dataclasses import dataclass, field, replace
from pathlib import Path

import ir_measures
import numpy as np
from ir_measures import RR, ScoredDoc, nDCG

from rerank_core import offline, retrieval
from rerank_core.offline.calibration import Logistic
from rerank_core.offline.models import CROSS_ENCODER, ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.providers.local import LOCAL
from rerank_core.rank_fields import ranked_text
from rerank_core.samples import rated_queries
from rerank_core.storage.computed import ComputedFile
from tests.benchmarks import quality_figures as figures
from tests.benchmarks.quality_figures import Lists, half_of, of_half

SETS = ("cranfield", "en", "de", "es", "x-de", "x-es", "mixed", "sample")
FOLDERS = {"cranfield": ("cranfield",), "mixed": ("xquad-en", "xquad-de", "xquad-es"), "sample": ()} | {
    name: ("xquad-en", f"xquad-{name[-2:]}") for name in ("en", "de", "es", "x-de", "x-es")
}
FOR_ENGLISH = ("cranfield", "en", "sample")
"""The sets that a model for English is measured on."""
KINDS = {"sample": ("sample",), "XQuAD": ("en", "de", "es")}
ACROSS = {"XQuAD across languages": ("x-de", "x-es")}
QUESTIONS = 200
READ = 20
ANSWERS = 2  # the grade from which an article of the sample answers
FIRST_STAGE = "first stage"
OLD = {ENGLISH: Logistic(5.72, 10.38, -6.48), MULTILINGUAL: Logistic(29.76, 12.84, -28.91)}
"""How a score was made of the same signals before the models were fitted again."""
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


def left_out(data: Path | None, names: Iterable[str]) -> dict[str, str]:
    """The sets that cannot be measured, with the reason."""
    if data is None:
        return {name: "no folder of collections is named" for name in names if FOLDERS[name]}
    missing = {name: [part for part in FOLDERS[name] if not (data / part).is_dir()] for name in names}
    return {name: f"{data} holds no {' and no '.join(parts)}" for name, parts in missing.items() if parts}


def asked_of(model: str, name: str, data: Collection) -> Collection | None:
    """What of a set a model is measured on; None for nothing of it."""
    if model == CROSS_ENCODER:
        index, names = retrieval.KeywordIndex.build(data.documents.values()), list(data.documents)
        found = {key: [names[hit.index] for hit in index.search(text, k=READ)] for key, text in data.queries.items()}
        data = replace(data, candidates=found)
    if model not in (ENGLISH, CROSS_ENCODER):
        return data
    if name == "sample":
        return replace(data, queries={key: text for key, text in data.queries.items() if key.startswith("en-")})
    return data if name in FOR_ENGLISH else None


@dataclass(slots=True)
class Scores:
    """What a model says of a set: every candidate's score, and the lists with and without their answers. `old` and
    `old_lists` are what it would have said before it was fitted again, empty for a model that was not."""

    run: list[ScoredDoc] = field(default_factory=list)
    lists: list[Lists] = field(default_factory=list)
    old: list[ScoredDoc] = field(default_factory=list)
    old_lists: list[Lists] = field(default_factory=list)


def scores(model: str, data: Collection, *, answers: int | None = None) -> Scores:
    """The score of every candidate of every question; of the first stage, of the 100 best documents.

    `answers` is the grade from which a document is right; None: no list is looked at without its answers.
    """
    found, names = Scores(), list(data.documents)
    if model == FIRST_STAGE:
        index = retrieval.KeywordIndex.build(data.documents.values())
        for key, text in data.queries.items():
            found.run += [ScoredDoc(key, names[hit.index], hit.score) for hit in index.search(text)]
        return found
    for key, text in data.queries.items():
        names = list(data.candidates[key])
        if not names:
            continue
        now, was = _scores(model, text, [data.documents[name] for name in names])
        found.run += [ScoredDoc(key, name, value) for name, value in zip(names, now, strict=True)]
        found.old += [ScoredDoc(key, name, value) for name, value in zip(names, was, strict=False)]
        if answers is None:
            continue
        grades = data.ratings.get(key, {})
        right = np.array([grades.get(name, 0) >= answers for name in names])
        others = [data.documents[name] for name, hit in zip(names, right, strict=True) if not hit]
        without = _scores(model, text, others) if right.any() else (now, was)
        found.lists.append(Lists(key, np.array(now), right, max(without[0], default=None)))
        if was:
            found.old_lists.append(Lists(key, np.array(was), right, max(without[1], default=None)))
    return found


def _scores(model: str, query: str, texts: Sequence[str]) -> tuple[list[float], list[float]]:
    """Now, and before the model was fitted again, nothing for one that was not."""
    rows, old = offline.score(model, query, texts), OLD.get(model)
    was = [] if old is None else [old.score(row.cosine or 0.0, row.keyword or 0.0) for row in rows]
    return [row.relevance_score for row in rows], was


def orders(model: str, name: str, data: Collection, found: Scores) -> Iterator[str]:
    """Rows of the second table."""
    now, was = (_each(data, run) if run else {} for run in (found.run, found.old))
    for half in (0, 1):
        keys = [key for key in now if half_of(key) == half and any(data.ratings.get(key, {}).values())]
        values = np.array([now[key] for key in keys])
        cells = [f"{values.mean():.3f} {_interval(values)}", "", ""]
        if was:
            before = np.array([was[key] for key in keys])
            cells[1:] = f"{before.mean():.3f}", f"{(values - before).mean():+.3f} {_interval(values - before, '+')}"
        yield _row(_label(model), name, _HALVES[half], len(keys), cells[1], cells[0], cells[2])


def told_apart(model: str, name: str, found: Scores) -> Iterator[str]:
    """Rows of the third table."""
    for half in (0, 1):
        lists = of_half(found.lists, half)
        now = figures.separation(lists)
        cells = [
            f"{now.auc:.3f} [{now.interval[0]:.3f}, {now.interval[1]:.3f}]",
            f"{now.right:.3f}",
            f"{now.wrong:.3f}",
        ]
        was = [""] * 3
        if found.old_lists:
            old = figures.separation(of_half(found.old_lists, half))
            was = [f"{old.auc:.3f}", f"{old.right:.3f}", f"{old.wrong:.3f}"]
        counts = f"{len(figures.answered(lists))}, {len(figures.unanswered(lists))}"
        yield _row(
            _label(model),
            name,
            _HALVES[half],
            counts,
            *(each for pair in zip(was, cells, strict=True) for each in pair),
        )


def levels(model: str, found: Mapping[str, Scores]) -> Iterator[str]:
    """Rows of the fourth table: the levels in use, then those of the rule."""
    spec = next(each for each in LOCAL.models if each.id == model)
    for kinds, threshold, strong in (
        (KINDS, spec.threshold, spec.strong),
        (ACROSS, spec.cross_language_threshold, spec.cross_language_strong),
    ):
        lists = {
            kind: [each for name in names if name in found for each in found[name].lists]
            for kind, names in kinds.items()
        }
        lists = {kind: some for kind, some in lists.items() if some}
        if not lists or threshold is None:
            continue
        fit = [of_half(some, 0) for some in lists.values()]
        rule = figures.fitted_threshold(fit), figures.fitted_strong(fit)
        best = np.concatenate([figures.answered(some) for some in fit])
        top = f"{spec.usual_top:g}, {np.quantile(best, 0.9):.2f}" if spec.usual_top is not None else ""
        for kind, some in lists.items():
            for what, low, high in (("in use", threshold, strong), ("by the rule", *rule)):
                yield _row(_label(model), kind, what, *_warned(some, low, high), top if what == "in use" else "")


def _warned(lists: Sequence[Lists], threshold: float, strong: float | None) -> Iterator[str]:
    """What two levels say of the lists of a kind, on the fitting half and the other one."""
    halves = [of_half(lists, half) for half in (0, 1)]
    yield f"{threshold:g}"
    for lists_of in (figures.answered, figures.unanswered):
        yield ", ".join(f"{figures.weak(lists_of(some), threshold):.0%}" for some in halves)
    if strong is None:
        yield from ("none", "", "", "")
        return
    right = [figures.right_from(some, strong) for some in halves]
    yield f"{strong:g}"
    for place in (0, 1):
        yield ", ".join(f"{each[place]:.0%}" for each in right)
    yield ", ".join(f"{1 - figures.weak(figures.unanswered(some), strong):.0%}" for some in halves)


_HALVES = ("fitted on", "shown on")


def _label(model: str) -> str:
    return next((each.label for each in LOCAL.models if each.id == model), model)


def _row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _interval(values: figures.Floats, sign: str = "") -> str:
    low, high = figures.mean_interval(values)
    return f"[{low:{sign}.3f}, {high:{sign}.3f}]"


def _each(data: Collection, run: Sequence[ScoredDoc]) -> dict[str, float]:
    ratings = {query: dict(data.ratings.get(query, {})) for query in data.queries}
    return {found.query_id: found.value for found in ir_measures.iter_calc([nDCG @ 10], ratings, run)}


def measure(data: Collection, run: Sequence[ScoredDoc]) -> tuple[float, float]:
    """Mean nDCG@10 and MRR@10 over the questions."""
    ratings = {query: dict(data.ratings.get(query, {})) for query in data.queries}
    found = ir_measures.calc_aggregate([nDCG @ 10, RR @ 10], ratings, run)
    return found[nDCG @ 10], found[RR @ 10]


TABLES = (
    ("Orders of each half: nDCG@10", "model|set|half|questions|before|now|difference"),
    (
        "Lists with and without their answer",
        "model|set|half|lists with, without|AUC before|now|right, median: before|now|"
        "others, 90th percentile: before|now",
    ),
    (
        "Levels; each cell: fitting half, other half",
        "model|lists|levels|threshold|weak though answerable|weak without an answer|strong|"
        "right from there on: all results|best results|strong without an answer|usual top: in use, measured",
    ),
)


def main() -> None:
    parser = argparse.ArgumentParser(description="Quality of the local models on real collections.")
    parser.add_argument("--data", type=Path, default=os.environ.get("RERANK_DATA"), help="folder of collections")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--models", nargs="+", choices=list(BEFORE), default=list(BEFORE))
    parser.add_argument("--computed", type=Path, help="folder to keep vectors and scores of pairs in")
    choice = parser.parse_args()
    folder = None if choice.data is None else Path(choice.data)
    missing = left_out(folder, choice.sets)
    for name, reason in missing.items():
        print(f"{name} is left out: {reason} (--data or RERANK_DATA).")
    if choice.computed is not None:
        choice.computed.mkdir(parents=True, exist_ok=True)
        offline.keep_in(ComputedFile(choice.computed / "computed.sqlite3"))
    data = {name: collection(folder or Path(), name) for name in choice.sets if name not in missing}
    if not data:
        return
    print(f"\n{_row('nDCG@10 / MRR@10', *data, 'seconds')}\n|{'---|' * (len(data) + 2)}", flush=True)
    tables: list[list[str]] = [[], [], []]
    for model in choice.models:
        reason = None if model == FIRST_STAGE else offline.unavailable_reason(model)
        if reason is not None:
            print(_row(_label(model), reason))
            continue
        started, found = time.perf_counter(), {}
        cells = dict.fromkeys(data, "")
        for name, whole in data.items():
            part = asked_of(model, name, whole)
            if part is None:
                continue
            answers = None if name == "cranfield" or model == FIRST_STAGE else ANSWERS if name == "sample" else 1
            found[name] = scores(model, part, answers=answers)
            cells[name] = "{:.3f} / {:.3f}".format(*measure(part, found[name].run))
            if model != FIRST_STAGE:
                tables[0] += orders(model, name, part, found[name])
            if found[name].lists:
                tables[1] += told_apart(model, name, found[name])
        if model != FIRST_STAGE:
            tables[2] += levels(model, found)
        before = (BEFORE[model][SETS.index(name)] for name in data)
        print(_row(_label(model), *cells.values(), f"{time.perf_counter() - started:.0f}"))
        print(_row("before", *("" if value is None else f"{value:.3f}" for value in before), ""), flush=True)
    for (title, head), rows in zip(TABLES, tables, strict=True):
        columns = head.split("|")
        print(f"\n## {title}\n\n{_row(*columns)}\n|{'---|' * len(columns)}", *rows, sep="\n")


if __name__ == "__main__":
    main()
