"""BM25 over token counts, in arrays: the arithmetic behind the keyword index and the offline models."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerank_core.keyword.asked import Asked, Parts
from rerank_core.keyword.numbering import number_words

K1 = 1.5
B = 0.75

_AT_ONCE = 2**18  # what arrays are worked on at a time: large ones cost more in fresh memory than in arithmetic


def saturation(lengths: NDArray[np.int64]) -> NDArray[np.float64]:
    """K of BM25 for documents of these lengths in tokens: K1 (1 - B + B length / mean length)."""
    mean = lengths.mean() if len(lengths) else 0.0
    out: NDArray[np.float64] = K1 * (1 - B + B * lengths / max(mean, 1e-9))
    return out


def inverse_frequency(size: int, frequencies: NDArray[np.int64]) -> NDArray[np.float64]:
    """How much a token tells that `frequencies` of `size` documents hold: ln(1 + (N - df + 0.5) / (df + 0.5))."""
    out: NDArray[np.float64] = np.log1p((size - frequencies + 0.5) / (frequencies + 0.5))
    return out


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
    weights: NDArray[np.floating]

    @classmethod
    def build(cls, texts: Iterable[str], parts: Parts) -> Postings:
        """Count the words of every text and their parts."""
        vocabulary, occurrences, words_in = number_words(texts)
        numbers, tokens, bounds = _take_apart(vocabulary, parts)
        lengths, packed, fields = _pack(occurrences, words_in, tokens, bounds)
        del vocabulary, occurrences, tokens, bounds
        packed.sort(kind="stable")  # it makes use of what is in order already
        frequencies, documents, weights = _unpack(packed, fields, len(numbers))
        del packed
        damping = saturation(lengths).astype(np.float32)
        starts = np.concatenate([[0], np.cumsum(frequencies)])
        rarity = np.repeat(inverse_frequency(len(lengths), frequencies).astype(np.float32), frequencies)
        for start in range(0, len(weights), _AT_ONCE):
            span = slice(start, start + _AT_ONCE)
            weights[span] *= rarity[span] / (weights[span] + damping[documents[span]])
        return cls(len(lengths), numbers, starts, documents, weights)

    def scores(self, asked: Asked) -> NDArray[np.float64]:
        """Each document's score for a question: that of its tokens, or of its words as a document may write them."""
        totals = self._sums(asked.tokens)
        for choice in asked.choices:
            holders = self._holders(choice.words)
            if len(holders):
                factor = self.rarity(choice.said) / self.rarity(choice.tokens)
                more = factor * self._sums(choice.tokens)[holders] - self._sums(choice.said)[holders]
                totals[holders] += np.maximum(more, 0)
        return totals

    def frequency(self, token: str) -> int:
        """How many documents hold a token."""
        row = self.numbers.get(token)
        return 0 if row is None else int(self.starts[row + 1] - self.starts[row])

    def rarity(self, tokens: Sequence[str]) -> float:
        """How much these tokens tell together, those that no document holds included."""
        return float(inverse_frequency(self.size, np.array([self.frequency(token) for token in tokens])).sum())

    def _sums(self, tokens: Iterable[str]) -> NDArray[np.float64]:
        totals = np.zeros(self.size)
        for token in tokens:
            row = self.numbers.get(token)
            if row is not None:
                span = slice(int(self.starts[row]), int(self.starts[row + 1]))
                totals[self.documents[span]] += self.weights[span]
        return totals

    def _holders(self, words: Sequence[str]) -> NDArray[np.int32]:
        """The documents that hold all of these words, in order."""
        found = np.zeros(0, np.int32)
        for place, word in enumerate(words):
            row = self.numbers.get(word)
            if row is None:
                return found[:0]
            here = self.documents[int(self.starts[row]) : int(self.starts[row + 1])]
            found = np.intersect1d(found, here, assume_unique=True) if place else here
        return found


def _take_apart(vocabulary: list[str], parts: Parts) -> tuple[dict[str, int], NDArray[np.int32], NDArray[np.int64]]:
    """Numbers for all tokens; the tokens that each word counts as, end to end; where each word's begin.

    A word keeps its number; its parts, which are never words, are numbered after all words.
    """
    numbers = {word: number for number, word in enumerate(vocabulary)}
    number = numbers.setdefault
    tokens: list[int] = []
    bounds = [0]
    for own, word in enumerate(vocabulary):
        tokens.append(own)
        for part in parts(word):
            tokens.append(number(part, len(numbers)))
        bounds.append(len(tokens))
    return numbers, np.array(tokens, np.int32), np.array(bounds, np.int64)


@dataclass(frozen=True, slots=True)
class _Fields:
    """How token, document and count share one 64-bit number: count in the lowest bits, token in the highest.

    Sorting such numbers is several times faster, and needs less memory, than sorting places by three arrays.
    """

    document_bits: int
    count_bits: int


def _pack(
    occurrences: NDArray[np.int32],
    words_in: NDArray[np.int64],
    tokens: NDArray[np.int32],
    bounds: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], _Fields]:
    """The length of each text in tokens, and how often each word's tokens stand in it, a token once or oftener."""
    parts = np.diff(bounds)
    document_bits = len(words_in).bit_length()
    # A count that needs more bits than are left is cut: so often repeated, one more or less changes no score.
    count_bits = min(int(words_in.max(initial=0)).bit_length(), 63 - document_bits - len(tokens).bit_length())
    fields = _Fields(document_bits, count_bits)
    packed = np.empty(int(np.bincount(occurrences, minlength=len(parts)) @ parts), np.int64)
    lengths = np.zeros(len(words_in), np.int64)
    ends = np.cumsum(words_in)
    filled = begin = 0
    while begin < len(words_in):
        done = int(ends[begin - 1]) if begin else 0
        upto = max(begin + 1, int(np.searchsorted(ends, done + _AT_ONCE)))
        words_ = occurrences[done : int(ends[upto - 1])]
        documents = np.repeat(np.arange(begin, upto), words_in[begin:upto])
        lengths[begin:upto] = np.bincount(documents - begin, parts[words_], upto - begin)
        pairs, times = np.unique(words_.astype(np.int64) << document_bits | documents, return_counts=True)
        word, low = pairs >> document_bits, pairs & ((1 << document_bits) - 1)
        low = low << count_bits | np.minimum(times, (1 << count_bits) - 1)
        sizes = parts[word]
        ends_here = np.cumsum(sizes)
        places = np.arange(int(sizes.sum())) + np.repeat(bounds[word] - ends_here + sizes, sizes)
        span = slice(filled, filled + len(places))
        packed[span] = tokens[places].astype(np.int64) << (document_bits + count_bits) | np.repeat(low, sizes)
        filled = span.stop
        begin = upto
    return lengths, packed[:filled], fields


def _unpack(
    packed: NDArray[np.int64], fields: _Fields, tokens: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """How many documents hold each token; each token's documents, end to end; how often it stands in each."""
    frequencies = np.zeros(tokens, np.int64)
    documents = np.empty(len(packed), np.int32)
    counts = np.empty(len(packed), np.float32)
    filled = begin = 0
    while begin < len(packed):
        upto = min(begin + _AT_ONCE, len(packed))
        following = ((int(packed[upto - 1]) >> fields.count_bits) + 1) << fields.count_bits
        upto = int(np.searchsorted(packed, following))  # equal token and document stay together
        here = packed[begin:upto]
        keys = here >> fields.count_bits
        first = np.flatnonzero(np.diff(keys, prepend=-1))
        times = np.add.reduceat(here & ((1 << fields.count_bits) - 1), first)
        keys = keys[first]
        span = slice(filled, filled + len(keys))
        documents[span] = keys & ((1 << fields.document_bits) - 1)
        counts[span] = times
        rows = keys >> fields.document_bits
        low = int(rows[0])
        found = np.bincount(rows - low)
        frequencies[low : low + len(found)] += found
        filled, begin = span.stop, upto
    return frequencies, documents[:filled], counts[:filled]
