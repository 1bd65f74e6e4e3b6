"""Signs that models read the wrong columns, to be seen before a run is started and paid for.

Each is a guess and stops nothing: a sentence for a person, with what a model reads of one of the documents.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.keyword.words import words
from rerank_core.language import differ
from rerank_core.models import Document
from rerank_core.rank_fields import ranked_text

SHORT_WORDS = 5
"""Fewer words than this in half of the texts are few: a text says something in a sentence."""

ALIKE = 0.01
"""Scores of one query that lie no farther apart than this, on the scale from 0 to 1, say nothing."""

_LOOKED_AT = 500  # documents, evenly spread
_TOLD_APART = 40  # queries that tell in which language is asked
_QUERIES = 5  # fewer queries have too few words between them
_RATED_QUERIES = 10  # fewer say nothing about chance
_ONE_SIDED = 1.645  # standard errors, 95 %
_LEAST_LETTERS = 3
_STEM = 4
_EXAMPLE = 80

Sign = Literal["short texts", "other words", "order by chance", "scores alike"]


@dataclass(frozen=True, slots=True)
class Concern:
    """One sign that something is amiss. `sentence` says what, and what to check; `example` is what a model reads of
    one document, on one line and cut to 80 characters, empty where it says nothing about the matter."""

    sign: Sign
    sentence: str
    example: str = ""


def concerns(query_set: QuerySet, judgments: Mapping[str, Mapping[str, int]] | None = None) -> tuple[Concern, ...]:
    """What looks wrong about a set before a run over it, worst first; empty where nothing does.

    - Half of the texts have fewer than SHORT_WORDS words.
    - Most documents share no word with any query although the languages agree; asked of sets of 5 queries or more.
    - All scores that came with the initial order are equal.
    - The initial order cannot be told from chance, by `judgments` (None: all raters' combined) of 10 queries or more.
    """
    texts = _ranked_texts(query_set)
    example = _one_line(texts[0]) if texts else ""
    found = (
        texts_concern(texts),
        _words_concern(query_set, texts),
        scores_concern((own.values() for own in query_set.scores.values()), example, within=0.0),
        _chance_concern(query_set, query_set.combined() if judgments is None else judgments),
    )
    return tuple(concern for concern in found if concern is not None)


def texts_concern(texts: Sequence[str]) -> Concern | None:
    """The concern about near-empty ranked texts, of a query set or of any list; None where they are long enough."""
    counts = [len(words(text)) for text in texts]
    if not counts or statistics.median_low(counts) >= SHORT_WORDS:
        return None
    example = _one_line(texts[counts.index(statistics.median_low(counts))])
    return Concern("short texts", f"Most texts have fewer than {SHORT_WORDS} words. {_check(example)}", example)


def scores_concern(scores: Iterable[Collection[float]], example: str = "", *, within: float = ALIKE) -> Concern | None:
    """The concern about scores, query by query, that are all alike: no farther apart than `within` for nine in ten of
    the queries that have several. `example` is what the model reads of a document."""
    spreads = [max(own) - min(own) for own in scores if len(own) > 1]
    if not spreads or sum(spread <= within for spread in spreads) < 0.9 * len(spreads):
        return None
    example = _one_line(example)
    said = "All scores of a query are alike, so that they order nothing."
    return Concern("scores alike", f"{said} {_check(example)}" if example else said, example)


def _words_concern(query_set: QuerySet, texts: Sequence[str]) -> Concern | None:
    if len(query_set.ready) < _QUERIES or not texts:
        return None
    asked = {stem for query in query_set.ready for stem in _stems(query.text)}
    strangers = [text for text in texts if asked.isdisjoint(_stems(text))]
    if len(strangers) * 2 <= len(texts):
        return None
    if differ(". ".join(query.text for query in query_set.ready[:_TOLD_APART]), texts):
        return None  # across languages there are no words to share
    example = _one_line(strangers[0])
    share = f"{len(strangers) / len(texts):.0%}"
    return Concern("other words", f"{share} of the documents hold no word of any query. {_check(example)}", example)


def _chance_concern(query_set: QuerySet, judgments: Mapping[str, Mapping[str, int]]) -> Concern | None:
    shares = []
    for query in query_set.ready:
        own = judgments.get(query.id, {})
        share = _rightly_ordered([own[name] for name in query.candidates if name in own])
        if share is not None:
            shares.append(share)
    if len(shares) < _RATED_QUERIES:
        return None
    error = statistics.stdev(shares) / math.sqrt(len(shares))
    if statistics.fmean(shares) > 0.5 + _ONE_SIDED * error:
        return None
    return Concern(
        "order by chance",
        "The initial order puts the better rated documents first no more often than chance would. Check that the order "
        "of the file is that of your search, and which column is the rank or the score.",
    )


def _rightly_ordered(grades: Sequence[int]) -> float | None:
    """The share of pairs of different grades in which the better one stands first; None where there is no such pair.
    Chance gives 0.5."""
    before: Counter[int] = Counter()
    right = wrong = 0
    for grade in grades:
        right += sum(number for other, number in before.items() if other > grade)
        wrong += sum(number for other, number in before.items() if other < grade)
        before[grade] += 1
    return right / (right + wrong) if right + wrong else None


def _ranked_texts(query_set: QuerySet) -> list[str]:
    """What a model reads of up to _LOOKED_AT candidates, from all over the set."""
    names = list(dict.fromkeys(name for query in query_set.ready for name in query.candidates))
    chosen: list[Document] = [query_set.documents[name] for name in names[:: -(-len(names) // _LOOKED_AT) or 1]]
    return [ranked_text(document, query_set.rank_fields) for document in chosen]


def _stems(text: str) -> set[str]:
    """The beginnings of the words that may tell something; a pair of characters of a script without spaces is one."""
    return {word[:_STEM] for word in words(text) if len(word) >= _LEAST_LETTERS or not word.isascii()}


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXAMPLE else f"{line[: _EXAMPLE - 1].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _check(example: str) -> str:
    return f"Check the columns: the model reads '{example}'."
