"""BM25 over token counts: the arithmetic behind the keyword index and the offline models."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from rerank_core.keyword.asked import Asked

K1 = 1.5
B = 0.75

Places = NDArray[np.integer]
Weights = NDArray[np.floating]


def saturation(lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    """K of BM25 for documents of these lengths in tokens: K1 (1 - B + B length / mean length)."""
    mean = lengths.mean() if len(lengths) else 0.0
    out: NDArray[np.float64] = K1 * (1 - B + B * lengths / max(mean, 1e-9))
    return out


def inverse_frequency(size: int, frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much a token tells that `frequencies` of `size` documents hold: ln(1 + (N - df + 0.5) / (df + 0.5))."""
    out: NDArray[np.float64] = np.log1p((size - frequencies + 0.5) / (frequencies + 0.5))
    return out


class Postings(ABC):
    """For each token the documents that hold it, ascending, and what it adds to their scores.

    A weight is idf x tf / (tf + K), idf and K as in `inverse_frequency` and `saturation`: the form of BM25 that
    Lucene uses (Robertson and Zaragoza, The Probabilistic Relevance Framework, 2009).
    """

    size: int
    """How many documents there are."""

    @abstractmethod
    def frequencies(self, tokens: Sequence[str]) -> list[int]:
        """How many documents hold each of these tokens."""

    @abstractmethod
    def documents(self, token: str) -> Places:
        """The documents that hold a token, ascending."""

    @abstractmethod
    def sums(self, tokens: Sequence[str], places: Places) -> Weights:
        """What these tokens, each once, add to the scores of the documents at some places, which are ascending."""

    def rarity(self, tokens: Sequence[str]) -> float:
        """How much these tokens tell together, those that no document holds included."""
        return float(inverse_frequency(self.size, np.array(self.frequencies(tokens))).sum())

    def gains(self, asked: Asked) -> Iterator[tuple[Places, Weights]]:
        """What documents score above the sum of the question's tokens, since they write its words in another way.

        For each such way: the documents, each once, and what is added to each.
        """
        words = list(dict.fromkeys(word for choice in asked.choices for word in choice.words))
        held = {word for word, frequency in zip(words, self.frequencies(words), strict=True) if frequency}
        for choice in asked.choices:
            if not held.issuperset(choice.words):
                continue
            holders = reduce(_in_both, map(self.documents, dict.fromkeys(choice.words)))
            if len(holders):
                factor = self.rarity(choice.said) / self.rarity(choice.tokens)
                more = factor * self.sums(choice.tokens, holders) - self.sums(choice.said, holders)
                yield holders, np.maximum(more, 0)


def _in_both(some: Places, others: Places) -> Places:
    return np.intersect1d(some, others, assume_unique=True)


class ListPostings(Postings):
    """The postings of a short list, such as that of one request, as plain arrays.

    `numbers` maps a token to its row; row r spans `starts[r]`..`starts[r + 1]` of `documents` and `weights`.
    """

    def __init__(
        self, size: int, numbers: Mapping[str, int], starts: NDArray[np.int64], documents: Places, weights: Weights
    ) -> None:
        self.size = size
        self._numbers = numbers
        self._starts = starts
        self._documents = documents
        self._weights = weights

    def frequencies(self, tokens: Sequence[str]) -> list[int]:
        """How many documents hold each of these tokens."""
        return [len(self._documents[self._span(token)]) for token in tokens]

    def documents(self, token: str) -> Places:
        """The documents that hold a token, ascending."""
        return self._documents[self._span(token)]

    def sums(self, tokens: Sequence[str], places: Places) -> NDArray[np.float64]:
        """What these tokens, each once, add to the scores of the documents at some places, which are ascending."""
        return self._sums(tokens)[places]

    def _sums(self, tokens: Sequence[str]) -> NDArray[np.float64]:
        totals = np.zeros(self.size)
        for token in tokens:
            span = self._span(token)
            totals[self._documents[span]] += self._weights[span]
        return totals

    def _span(self, token: str) -> slice:
        row = self._numbers.get(token)
        return slice(0, 0) if row is None else slice(int(self._starts[row]), int(self._starts[row + 1]))

    def scores(self, asked: Asked) -> NDArray[np.float64]:
        """Each document's score for a question: that of its tokens, or of its words as a document may write them."""
        totals = self._sums(asked.tokens)
        for holders, more in self.gains(asked):
            totals[holders] += more
        return totals
