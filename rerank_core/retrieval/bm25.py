"""BM25 over token counts, in arrays: the arithmetic behind the keyword index and the offline models."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rerank_core.retrieval.words import grams, words

__all__ = ["Postings", "tokens_of"]

K1 = 1.5
B = 0.75


def tokens_of(text: str, *, pieces: bool) -> list[str]:
    """A text's tokens: its words and, with `pieces`, each word's runs of four characters as well."""
    found = words(text)
    return [*found, *chain.from_iterable(map(grams, found))] if pieces else found


class _Vocabulary(dict[str, int]):
    """Gives each new token the next number."""

    def __missing__(self, token: str) -> int:
        self[token] = number = len(self)
        return number


@dataclass(frozen=True, slots=True)
class Postings:
    """For each token the documents that hold it and what it adds to their scores.

    `numbers` maps a token to its row; row r spans `starts[r]`..`starts[r + 1]` of `documents` and `weights`.
    A weight is idf x tf / (tf + K) with K = 1.5 (1 - 0.75 + 0.75 length / mean length) and
    idf = ln(1 + (N - df + 0.5) / (df + 0.5)), the form that Lucene uses (Robertson and Zaragoza, 2009).
    """

    size: int
    numbers: dict[str, int]
    starts: NDArray[np.int64]
    documents: NDArray[np.int32]
    weights: NDArray[np.float32]

    @classmethod
    def build(cls, texts: Iterable[str], *, pieces: bool) -> Postings:
        """Count the tokens of every text."""
        numbers = _Vocabulary()
        number = numbers.__getitem__
        runs: list[NDArray[np.int32]] = []
        for text in texts:
            found = tokens_of(text, pieces=pieces)
            runs.append(np.fromiter(map(number, found), np.int32, len(found)))
        size = len(runs)
        lengths = np.array([len(run) for run in runs], np.int64)
        keys = np.concatenate([np.zeros(0, np.int32), *runs]).astype(np.int64)
        keys *= max(1, size)
        keys += np.repeat(np.arange(size), lengths)
        keys, counts = np.unique(keys, return_counts=True)
        rows, documents = np.divmod(keys, max(1, size))
        starts = np.searchsorted(rows, np.arange(len(numbers) + 1))
        frequencies = np.diff(starts)
        saturation = K1 * (1 - B + B * lengths / max(1e-9, lengths.mean() if size else 0.0))
        weights = counts / (counts + saturation[documents])
        weights *= np.repeat(_idf(size, frequencies), frequencies)
        return cls(size, dict(numbers), starts, documents.astype(np.int32), weights.astype(np.float32))

    def idf(self, token: str) -> float:
        """How much a token tells: high where few documents hold it, highest where none does."""
        row = self.numbers.get(token)
        frequency = 0 if row is None else int(self.starts[row + 1] - self.starts[row])
        return float(_idf(self.size, np.array(frequency)))

    def scores(self, tokens: Iterable[str]) -> NDArray[np.float64]:
        """Each document's score for a query's tokens, counting each token once."""
        totals = np.zeros(self.size)
        for token in dict.fromkeys(tokens):
            row = self.numbers.get(token)
            if row is not None:
                span = slice(int(self.starts[row]), int(self.starts[row + 1]))
                totals[self.documents[span]] += self.weights[span]
        return totals


def _idf(size: int, frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    out: NDArray[np.float64] = np.log1p((size - frequencies + 0.5) / (frequencies + 0.5))
    return out
