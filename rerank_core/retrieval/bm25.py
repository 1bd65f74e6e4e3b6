"""BM25 over token counts, in arrays: the arithmetic behind the keyword index and the offline models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerank_core.retrieval.numbering import number_words
from rerank_core.retrieval.words import words

__all__ = ["Parts", "Postings", "inverse_frequency", "saturation", "tokens_of"]

K1 = 1.5
B = 0.75

Parts = Callable[[str], Sequence[str]]
"""What a word counts as besides itself."""


def tokens_of(text: str, parts: Parts) -> list[str]:
    """The distinct tokens of a query: its words and their parts, in order."""
    return list(dict.fromkeys(token for word in words(text) for token in (word, *parts(word))))


def saturation(lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    """K of BM25 for documents of these lengths in tokens: K1 (1 - B + B length / mean length)."""
    mean = lengths.mean() if len(lengths) else 0.0
    out: NDArray[np.float64] = K1 * (1 - B + B * lengths / max(mean, 1e-9))
    return out


def inverse_frequency(size: int, frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much a token tells that `frequencies` of `size` documents hold: ln(1 + (N - df + 0.5) / (df + 0.5))."""
    out: NDArray[np.float64] = np.log1p((size - frequencies + 0.5) / (frequencies + 0.5))
    return out


class _Numbers(dict[str, int]):
    """Gives each new token the next number."""

    def __missing__(self, token: str) -> int:
        self[token] = number = len(self)
        return number


@dataclass(frozen=True, slots=True)
class Postings:
    """For each token the documents that hold it and what it adds to their scores.

    `numbers` maps a token to its row; row r spans `starts[r]`..`starts[r + 1]` of `documents` and `weights`.
    A weight is idf x tf / (tf + K), idf and K as in `inverse_frequency` and `saturation`: the form of BM25 that
    Lucene uses (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009).
    """

    size: int
    numbers: dict[str, int]
    starts: NDArray[np.int64]
    documents: NDArray[np.int32]
    weights: NDArray[np.float32]

    @classmethod
    def build(cls, texts: Iterable[str], parts: Parts) -> Postings:
        """Count the words of every text and their parts."""
        vocabulary, occurrences, lengths_in_words = number_words(texts)
        size = len(lengths_in_words)
        numbers, tokens, bounds = _take_apart(vocabulary, parts)
        documents = np.repeat(np.arange(size, dtype=np.int32), lengths_in_words)
        rows, documents, counts = _count(occurrences, documents, tokens, bounds, size)
        lengths = np.bincount(documents, counts, size).astype(np.int64)
        frequencies = np.bincount(rows, minlength=len(numbers))
        starts = np.concatenate([[0], np.cumsum(frequencies)])
        weights = (counts / (counts + saturation(lengths)[documents])).astype(np.float32)
        weights *= np.repeat(inverse_frequency(size, frequencies).astype(np.float32), frequencies)
        return cls(size, numbers, starts, documents, weights)

    def scores(self, tokens: Iterable[str]) -> NDArray[np.float64]:
        """Each document's score for a query's distinct tokens."""
        totals = np.zeros(self.size)
        for token in tokens:
            row = self.numbers.get(token)
            if row is not None:
                span = slice(int(self.starts[row]), int(self.starts[row + 1]))
                totals[self.documents[span]] += self.weights[span]
        return totals


def _take_apart(vocabulary: Iterable[str], parts: Parts) -> tuple[dict[str, int], NDArray[np.int32], NDArray[np.int64]]:
    """Numbers for all tokens; the tokens that each word counts as, end to end; where each word's begin."""
    numbers = _Numbers()
    tokens: list[int] = []
    bounds = [0]
    for word in vocabulary:
        tokens.append(numbers[word])
        tokens += map(numbers.__getitem__, parts(word))
        bounds.append(len(tokens))
    return dict(numbers), np.array(tokens, np.int32), np.array(bounds, np.int64)


def _count(
    words_: NDArray[np.int32],
    documents: NDArray[np.int32],
    tokens: NDArray[np.int32],
    bounds: NDArray[np.int64],
    size: int,
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """How often each token stands in each document: (token, document, count), sorted by token, then document.

    Token, document and count share one 64-bit number while they are sorted: sorting whole numbers is several
    times faster, and needs less memory, than sorting places by them.
    """
    pairs, times = np.unique(words_.astype(np.int64) * max(1, size) + documents, return_counts=True)
    word, document = np.divmod(pairs, max(1, size))
    del pairs
    first, parts = bounds[word], bounds[word + 1] - bounds[word]
    del word
    bits = int(times.max(initial=0)).bit_length()
    packed = np.empty(int(parts.sum()), np.int64)
    filled, part, rows = 0, 0, np.arange(len(first))
    while len(rows):  # the first token of every word, then the second of those that have two, and so on
        token = tokens[first[rows] + part].astype(np.int64)
        packed[filled : filled + len(rows)] = (token * size + document[rows]) << bits | times[rows]
        filled, part = filled + len(rows), part + 1
        rows = rows[parts[rows] > part]
    del first, parts, document, times
    packed.sort()
    counts = (packed & (1 << bits) - 1).astype(np.int32)
    packed >>= bits
    starts = np.flatnonzero(np.diff(packed, prepend=-1))
    keys = packed[starts]
    del packed
    counts = np.add.reduceat(counts, starts, dtype=np.int32) if len(starts) else counts
    rows, columns = np.divmod(keys, max(1, size))
    return rows.astype(np.int32), columns.astype(np.int32), counts
