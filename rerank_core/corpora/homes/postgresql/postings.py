"""The keyword index of a knowledge base as rows of a table, and the BM25 of one question.

A row holds a word of one addition: the places that hold it, and how often each does. The row of the empty word holds
how many tokens each passage has. A question fetches the rows of its own words alone and scores them as the keyword
index of this computer does: with the same words, the same formula, and the same other ways of writing a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from rerank_core.corpora.homes.tokens import tokens_of, word_token
from rerank_core.keyword.asked import Asked
from rerank_core.keyword.bm25 import ListPostings, inverse_frequency, saturation
from rerank_core.keyword.highest import highest
from rerank_core.keyword.words import beginnings_of

LENGTHS = ""
"""The word whose row holds how many tokens each passage has."""

_MOST_HELD = 3_000_000  # counts in memory before they are written: about 300 MB
_MOST_OFTEN = 2**15 - 1

PostingRow = tuple[str, int, bytes, bytes]
"""A word, how many passages hold it, their places and its counts in them."""


class Gathered:
    """Words of passages on their way into the table."""

    def __init__(self) -> None:
        self._places: dict[str, list[int]] = {}
        self._counts: dict[str, list[int]] = {}
        self._held = 0

    @property
    def full(self) -> bool:
        """Whether it is time to write what has been gathered."""
        return self._held >= _MOST_HELD

    def add(self, place: int, text: str) -> None:
        """Count the words of a passage. Places come in ascending order."""
        counts: dict[str, int] = {}
        tokens = tokens_of(text)
        for token in tokens:
            counts[token] = counts.get(token, 0) + 1
        counts[LENGTHS] = len(tokens)
        for token, count in counts.items():
            self._places.setdefault(token, []).append(place)
            self._counts.setdefault(token, []).append(count)
        self._held += len(counts)

    def rows(self) -> Iterator[PostingRow]:
        """What has been gathered, which is forgotten by that."""
        for token, places in self._places.items():
            counts = self._counts[token]
            kept = np.array(counts, "<i4") if token == LENGTHS else np.minimum(counts, _MOST_OFTEN).astype("<i2")
            yield token, len(places), np.array(places, "<i4").tobytes(), kept.tobytes()
        self._places, self._counts, self._held = {}, {}, 0


def lengths_of(rows: Iterable[tuple[bytes, bytes]], size: int) -> NDArray[np.int64]:
    """How many tokens each of `size` passages has, from the rows of the empty word."""
    lengths = np.zeros(size, np.int64)
    for places, counts in rows:
        at = np.frombuffer(places, "<i4")
        inside = at < size
        lengths[at[inside]] = np.frombuffer(counts, "<i4")[inside]
    return lengths


def asked_of(question: str) -> Asked:
    """What a question asks for."""
    return Asked.of(question, beginnings_of)


def wanted(asked: Asked) -> dict[str, str]:
    """The tokens that a question needs, each with the word that the table has it under."""
    tokens = dict.fromkeys(asked.tokens)
    for choice in asked.choices:
        tokens |= dict.fromkeys((*choice.said, *choice.words, *choice.tokens))
    return {token: word_token(token) for token in tokens}


def best(
    asked: Asked,
    words: dict[str, str],
    rows: Sequence[tuple[str, bytes, bytes]],
    lengths: NDArray[np.int64],
    k: int,
) -> list[tuple[int, float]]:
    """The up to `k` passages that score best, best first, from the rows of the words that are wanted."""
    size = len(lengths)
    by_word: dict[str, list[tuple[NDArray[np.int32], NDArray[np.int16]]]] = {}
    for word, places, counts in rows:
        at, often = np.frombuffer(places, "<i4"), np.frombuffer(counts, "<i2")
        inside = at < size
        by_word.setdefault(word, []).append((at[inside], often[inside]))
    full = saturation(lengths)
    numbers: dict[str, int] = {}
    starts, documents, weights = [0], [np.zeros(0, np.int32)], [np.zeros(0)]
    for token, word in words.items():
        parts = by_word.get(word)
        if not parts:
            continue
        at = np.concatenate([part[0] for part in parts])
        often = np.concatenate([part[1] for part in parts]).astype(np.float64)
        order = np.argsort(at, kind="stable")
        at, often = at[order], often[order]
        numbers[token] = len(starts) - 1
        starts.append(starts[-1] + len(at))
        documents.append(at)
        weights.append(inverse_frequency(size, np.array([len(at)]))[0] * often / (often + full[at]))
    postings = ListPostings(size, numbers, np.array(starts), np.concatenate(documents), np.concatenate(weights))
    scores = postings.scores(asked)
    places_found = highest(scores.astype(np.float32), k, above=0.0)
    return [(int(place), float(scores[place])) for place in places_found]
