"""Where the default thresholds of `rerank_core.duplicates` come from, and how long 2,000 texts take.

    python -m tests.benchmarks.bench_duplicates --data FOLDER     (or RERANK_DATA=FOLDER)

FOLDER holds `xquad-en`, `xquad-de` and `xquad-es` (240 Wikipedia paragraphs, five of each of 48 articles, and 1,190
questions on them) and `cranfield` (1,400 abstracts, for the speed), laid out as BEIR does. From them and from
`duplicate_texts` pairs of six kinds are made:

- copy: the same text with typing errors, another case, words or a sentence left out, or sentences in another order;
- reworded: the same in other words, written by hand;
- trap: one number or word changed, so that it says something else;
- translated: the same paragraph in two languages;
- related: different texts on the same subject: paragraphs of one article, questions on one paragraph;
- unrelated: texts on different subjects, all pairs of them.

Two rules make the thresholds, one for each thing that a measure is for:

- wording finds near-copies: the highest threshold, in steps of 0.05, that finds 95 % of the copies, of paragraphs and
  of questions;
- meaning finds what is worth a look: the lowest threshold, in steps of 0.01, at which at most 5 % of the related
  pairs, paragraphs and questions counting half each, and at most 10 in a million of the unrelated ones are found.

Pairs that are equal but for case and punctuation are neither related nor unrelated: XQuAD asks some questions twice.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rerank_core import offline, samples
from rerank_core.duplicates.meaning import alike
from rerank_core.duplicates.wording import shared_wording
from rerank_core.keyword.words import words
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from rerank_core.retrieval.embedding import embed_passages
from tests.benchmarks.duplicate_texts import TRIPLES

Floats = NDArray[np.float32]
Compare = Callable[[Sequence[str]], Floats]

COPIES_SHARE, RELATED_SHARE, UNRELATED_SHARE = 0.95, 0.05, 1e-5
SIZES = ("paragraph", "question")
PER_ARTICLE = 5  # paragraphs of one article stand together
KNOWN = (
    ("app-needs-4", "app-needs-5"),
    ("password-reset", "password-reset-app-4"),
    ("hub-blinks-3", "hub-blinks-4"),
    ("two-step", "lost-phone"),
    ("close-account", "cancel-plan"),
    ("hub-offline", "hub-blinks-3"),
)


@dataclass(frozen=True, slots=True)
class Language:
    """The texts of one language: paragraphs, questions, and for each question the place of its paragraph."""

    paragraphs: list[str]
    questions: list[str]
    about: NDArray[np.int64]


def read(data: Path, language: str) -> Language:
    """One language of XQuAD."""
    folder = data / f"xquad-{language}"
    queries = _rows(folder / "queries.jsonl")
    places = {row["_id"]: place for place, row in enumerate(_rows(folder / "corpus.jsonl"))}
    lines = (folder / "qrels" / "test.tsv").read_text("utf-8").splitlines()[1:]
    about = {query: places[document] for query, document, _ in (line.split("\t") for line in lines)}
    return Language(
        [row["text"] for row in _rows(folder / "corpus.jsonl")],
        [row["text"] for row in queries],
        np.array([about[row["_id"]] for row in queries]),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def copied(chance: random.Random, text: str) -> str:
    """The text as people end up with it twice."""
    kind = chance.choice(["typing errors", "case", "words left out", "layout", "a sentence", "order"])
    parts, sentences = text.split(), re.split(r"(?<=[.?!]) ", text)
    some = max(1, len(parts) // 40)
    if kind == "typing errors":
        for _ in range(some):
            place = chance.randrange(len(parts))
            parts[place] = _mistyped(chance, parts[place])
        return " ".join(parts)
    if kind == "words left out":
        for _ in range(min(some, len(parts) - 3)):
            del parts[chance.randrange(len(parts))]
        return " ".join(parts)
    if kind == "case":
        return text.upper() if chance.random() < 0.5 else text.lower()
    if kind == "layout":
        return text.replace(" ", "  ").replace(", ", " ").replace(". ", ".\n\n")
    if kind == "a sentence":
        if len(sentences) < 3:
            return f"Updated in May. {text}"
        return " ".join(sentence for place, sentence in enumerate(sentences) if place != len(sentences) // 2)
    return " ".join([*sentences[1:], sentences[0]]) if len(sentences) > 1 else text.rstrip("?.! ") + ", please"


def _mistyped(chance: random.Random, word: str) -> str:
    if len(word) < 4:
        return word
    place = chance.randrange(len(word) - 1)
    swapped = word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return chance.choice([swapped, word[:place] + word[place + 1 :], word[:place] + word[place] + word[place:]])


def changed(chance: random.Random, text: str) -> str | None:
    """The text with one of its numbers changed; None where it has none."""
    numbers = list(re.finditer(r"(?<!\w)\d+(?!\w)", text))
    if not numbers:
        return None
    number = chance.choice(numbers)
    return f"{text[: number.start()]}{int(number[0]) + chance.choice([1, 3, 10])}{text[number.end() :]}"


def measure(compare: Compare, languages: dict[str, Language]) -> dict[str, Floats]:
    """The values of one measure for all kinds of pairs, those of the languages together."""
    chance = random.Random(7)
    found: dict[str, list[Floats]] = {}

    def pairs(kind: str, made: Iterable[tuple[str, str | None]]) -> None:
        some = [(one, other) for one, other in made if other is not None]
        table = compare([text for pair in some for text in pair])
        found.setdefault(kind, []).append(table[np.arange(0, len(table), 2), np.arange(1, len(table), 2)])

    for name, texts in languages.items():
        pairs("copy, paragraph", [(text, copied(chance, text)) for text in texts.paragraphs[::2]])
        pairs("copy, question", [(text, copied(chance, text)) for text in texts.questions[::6]])
        pairs("reworded", [(text, other) for text, other, _ in TRIPLES[name]])
        pairs("trap, written", [(text, trap) for text, _, trap in TRIPLES[name]])
        pairs("trap, number in a paragraph", [(text, changed(chance, text)) for text in texts.paragraphs[1::2]])
        pairs("trap, number in a question", [(text, changed(chance, text)) for text in texts.questions[1::2]])
        articles = np.arange(len(texts.paragraphs)) // PER_ARTICLE
        for size, every, subject in (
            ("paragraph", texts.paragraphs, articles),
            ("question", texts.questions, articles[texts.about]),
        ):
            one, other = np.triu_indices(len(every), 1)
            close = texts.about[one] == texts.about[other] if size == "question" else subject[one] == subject[other]
            wording = np.array([" ".join(words(text)) for text in every])
            differ = wording[one] != wording[other]
            values = compare(every)[one, other]
            found.setdefault(f"related, {size}", []).append(values[close & differ])
            found.setdefault(f"unrelated, {size}", []).append(values[(subject[one] != subject[other]) & differ])
    if "de" in languages and "en" in languages:
        pairs("translated", zip(languages["en"].paragraphs, languages["de"].paragraphs, strict=True))
    return {kind: np.concatenate(values) for kind, values in found.items()}


def of_wording(found: dict[str, Floats]) -> float:
    """The highest threshold that finds enough of the copies."""
    levels = [place / 20 for place in range(21)]
    return max(
        level for level in levels if all(np.mean(found[f"copy, {size}"] >= level) >= COPIES_SHARE for size in SIZES)
    )


def of_meaning(found: dict[str, Floats]) -> float:
    """The lowest threshold that finds few enough of what is no duplicate."""
    unrelated = np.concatenate([found[f"unrelated, {size}"] for size in SIZES])
    return min(
        level
        for level in (place / 100 for place in range(101))
        if np.mean([np.mean(found[f"related, {size}"] >= level) for size in SIZES]) <= RELATED_SHARE
        and np.mean(unrelated >= level) <= UNRELATED_SHARE
    )


def report(
    name: str, compare: Compare, languages: dict[str, Language], rule: Callable[[dict[str, Floats]], float], step: float
) -> None:
    """Print what a measure says about each kind of pair, and the threshold that follows."""
    found = measure(compare, languages)
    level = rule(found)
    levels = [round(level + step * add, 2) for add in (-2, -1, 0, 1, 2)]
    print(f"\n{name} ({', '.join(languages)}): threshold {level:.2f}. Share of pairs at or above a level:\n")
    print(f"| pairs | number | 5 % / median / 95 % | {' | '.join(f'{each:.2f}' for each in levels)} |")
    print(f"|---|---|---|{'---|' * len(levels)}")
    for kind, values in found.items():
        low, middle, high = np.percentile(values, [5, 50, 95])
        shares = [f"{np.mean(values >= each):.1%}" for each in levels]
        if kind.startswith("unrelated"):
            shares = [f"{np.mean(values >= each) * 1e6:.0f} in a million" for each in levels]
        print(f"| {kind} | {len(values):,} | {low:.2f} / {middle:.2f} / {high:.2f} | {' | '.join(shares)} |")
    articles = samples.knowledge_base()
    table = compare([article.text for article in articles])
    places = {article.id: place for place, article in enumerate(articles)}
    known = [f"{one} and {other} {table[places[one], places[other]]:.3f}" for one, other in KNOWN]
    one, other = np.triu_indices(len(articles), 1)
    above = int(np.sum(table[one, other] >= level))
    print(f"\nSample knowledge base: {'; '.join(known)}. Pairs at or above the threshold: {above}.", flush=True)


def cosines(model: str) -> Compare:
    """Likeness by the vectors of a local model."""
    return lambda texts: alike(embed_passages(model, list(texts)), len(texts))


def speed(texts: Sequence[str]) -> None:
    """Print how long all pairs of many texts take."""
    some = [f"{text} {place // len(texts)}" for place, text in enumerate([*texts, *texts][:2000])]
    started = time.perf_counter()
    shared_wording(some)
    wording = time.perf_counter() - started
    length = sum(map(len, some)) / len(some)
    print(f"\n{len(some):,} texts of {length:,.0f} characters: wording of all pairs {wording:.1f} s", end="")
    for model in (ENGLISH, MULTILINGUAL):
        if offline.unavailable_reason(model) is None:
            started = time.perf_counter()
            vectors = embed_passages(model, some)
            embedded = time.perf_counter() - started
            started = time.perf_counter()
            alike(vectors, len(some))
            compared = time.perf_counter() - started
            print(f"; {model}: vectors {embedded:.1f} s (made once), all pairs {compared:.1f} s", end="")
    print(".")


def main() -> None:
    parser = argparse.ArgumentParser(description="Default thresholds and speed of the duplicates.")
    parser.add_argument("--data", type=Path, default=os.environ.get("RERANK_DATA"), help="folder of collections")
    parser.add_argument("--parts", nargs="+", default=["wording", ENGLISH, MULTILINGUAL, "speed"])
    choice = parser.parse_args()
    if choice.data is None:
        print("Duplicates are not measured: name the folder of collections with --data or RERANK_DATA.")
        return
    data = Path(choice.data)
    languages = {name: read(data, name) for name in ("en", "de", "es")}
    for part in choice.parts:
        if part == "wording":
            report("Wording", shared_wording, languages, of_wording, 0.1)
        elif part == "speed":
            speed([row["text"] for row in _rows(data / "cranfield" / "corpus.jsonl")])
        elif (reason := offline.unavailable_reason(part)) is not None:
            print(f"\n{part}: {reason}")
        elif part == ENGLISH:
            report(part, cosines(part), {"en": languages["en"]}, of_meaning, 0.05)
        else:
            report(part, cosines(part), languages, of_meaning, 0.02)


if __name__ == "__main__":
    main()
