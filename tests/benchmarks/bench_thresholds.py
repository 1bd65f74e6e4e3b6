"""Under which score nothing answers, for each local model, as a table in Markdown; and the sample with its titles.

    python -m tests.benchmarks.bench_thresholds --data FOLDER     (or RERANK_DATA=FOLDER)

FOLDER holds `xquad-en`, `xquad-de` and `xquad-es` as BEIR lays collections out: five paragraphs an article, one after
the other. Of each question the best score of a list is taken once with its right answers and once without them:

* XQuAD: 150 questions a language, over 5, 10 and 50 paragraphs, of which 4 are from the same article ("on it") or none
  ("off the topic"); English alone for the English model. Its paragraphs have no titles.
* The project's help articles and rated questions, over 8, 20 and all articles; those in English for the English model.

A threshold is where, as the mean of the two, one answerable question in ten would be warned about. The last table is
nDCG@10 of the rated sample by the text alone and with titles, over its 30 candidates by keyword.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from rerank_core import offline
from rerank_core.evaluation.measures.measure import measure
from rerank_core.evaluation.query_sets.sources import from_sample
from rerank_core.offline.models import ENGLISH, KEYWORD, MULTILINGUAL
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT, ranked_text
from rerank_core.samples import rated_queries

MODELS = (ENGLISH, MULTILINGUAL, KEYWORD)
ANSWERS = 2  # the grade from which an article answers
WARNED = 0.10
Best = tuple[float, ...]
"""The best scores of one list: with the right answers, then without them (off the topic and on it, or just without)."""


def xquad(data: Path, model: str) -> Iterator[Best]:
    """The best scores over lists of paragraphs."""
    for language in ("en",) if model == ENGLISH else ("en", "de", "es"):
        folder, chance = data / f"xquad-{language}", random.Random(5)
        paragraphs = [row["text"] for row in _rows(folder / "corpus.jsonl")]
        places = {row["_id"]: place for place, row in enumerate(_rows(folder / "corpus.jsonl"))}
        right = dict(
            line.split("\t")[:2] for line in (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]
        )
        for row in chance.sample(_rows(folder / "queries.jsonl"), 150):
            place = places[right[row["_id"]]]
            article = [at for at in range(place // 5 * 5, place // 5 * 5 + 5) if at != place]
            others = [at for at in range(len(paragraphs)) if at // 5 != place // 5]
            for size in (5, 10, 50):
                far = chance.sample(others, size)
                near = [*article, *far][:size]
                lists = [[place, *near[: size - 1]], far, near]
                yield tuple(_best(model, row["text"], [paragraphs[at] for at in some]) for some in lists)


def help_desk(model: str, fields: Sequence[str]) -> Iterator[Best]:
    """The best scores over lists of help articles."""
    rated, chance = rated_queries(), random.Random(5)
    english = model == ENGLISH
    articles = {
        document.id or "": ranked_text(document, fields)
        for document in rated.documents
        if not english or document.metadata["lang"] == "en"
    }
    for query, text in rated.queries.items():
        right = [name for name, grade in rated.judgments[query].items() if grade >= ANSWERS and name in articles]
        if not right or (english and rated.tags[query]["lang"] != "en"):
            continue
        others = [name for name in articles if name not in right]
        for size in (8, 20, len(articles)):
            some = chance.sample(others, min(size, len(others)))
            lists = [[*right, *some][:size], some]
            yield tuple(_best(model, text, [articles[name] for name in each]) for each in lists)


def threshold(of: Sequence[Sequence[Best]]) -> float:
    """The score, in steps of 0.005, nearest to where WARNED of the answerable are warned about, as the mean of all."""
    steps = [step / 200 for step in range(1, 60)]
    return min(steps, key=lambda level: abs(fmean(_under(one, 0, level) for one in of) - WARNED))


def _under(found: Sequence[Best], place: int, level: float) -> float:
    return fmean(best[place] < level for best in found)


def _best(model: str, query: str, texts: Sequence[str]) -> float:
    return max(row.relevance_score for row in offline.score(model, query, texts))


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def sample_figures(model: str, fields: tuple[str, ...]) -> float:
    """nDCG@10 of the rated sample."""
    query_set = replace(from_sample(), rank_fields=fields)
    run = {}
    for query in query_set.ready:
        texts = [ranked_text(document, fields) for document in query_set.documents_of(query)]
        scores = [row.relevance_score for row in offline.score(model, query.text, texts)]
        order = sorted(range(len(texts)), key=lambda place: -scores[place])
        run[query.id] = [query.candidates[place] for place in order]
    return measure(query_set.combined(), run, ["nDCG@10"])["nDCG@10"].mean


def main() -> None:
    parser = argparse.ArgumentParser(description="Thresholds of the local models.")
    parser.add_argument("--data", type=Path, default=os.environ.get("RERANK_DATA"), help="folder of collections")
    data = parser.parse_args().data
    if data is None:
        print("Thresholds are not measured: name the folder of collections with --data or RERANK_DATA.")
        return
    print("|model|help articles by|threshold|warned though answerable: XQuAD, help|unanswerable: off, on, help|")
    print("|---|---|---|---|---|")
    for model in MODELS:
        far = list(xquad(Path(data), model))
        for name, fields in (("text", TEXT_ONLY), ("title + text", TITLE_AND_TEXT)):
            near = list(help_desk(model, fields))
            level = threshold([far, near])
            answerable = f"{_under(far, 0, level):.0%}, {_under(near, 0, level):.0%}"
            without = f"{_under(far, 1, level):.0%}, {_under(far, 2, level):.0%}, {_under(near, 1, level):.0%}"
            print(f"|{model}|{name}|{level:.3f}|{answerable}|{without}|", flush=True)
    print("\n|model|nDCG@10 by the text alone|with titles|\n|---|---|---|")
    for model in MODELS:
        print(f"|{model}|{sample_figures(model, TEXT_ONLY):.3f}|{sample_figures(model, TITLE_AND_TEXT):.3f}|")


if __name__ == "__main__":
    main()
