"""Count the tokens of a whole collection: which documents hold each, and how often."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rerank_core.errors import InvalidDocumentsError
from rerank_core.keyword.asked import Parts
from rerank_core.keyword.numbering import number_words

MAX_WORDS = 6_000_000
"""Different words of one collection. A million passages of prose have a tenth of them."""
MAX_COUNTS = 200_000_000
"""Places in documents of words and their parts, in one collection: about 3 GB while they are counted."""
_AT_ONCE = 2**18  # what arrays are worked on at a time: large ones cost more in fresh memory than in arithmetic


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """The counts of a collection.

    `rows` maps each token to its row; tokens that the same documents hold equally often, as one word does that is
    shorter than its own beginnings, share one. `lengths` are those of the documents in tokens. `packed` has, in
    order of row and document, how often the one is in the other, both in one number as `fields` says.
    """

    rows: dict[str, int]
    lengths: NDArray[np.int64]
    packed: NDArray[np.int64]
    fields: Fields

    def parts(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]]:
        """Whole rows, some at a time: the rows, the documents and how often each row's token stands in each."""
        fields, packed = self.fields, self.packed
        begin = 0
        while begin < len(packed):
            last = fields.row(packed[min(begin + _AT_ONCE, len(packed)) - 1])
            upto = int(np.searchsorted(packed, (int(last) + 1) << (fields.document_bits + fields.count_bits)))
            here = packed[begin:upto]
            keys = here >> fields.count_bits
            first = np.flatnonzero(np.diff(keys, prepend=-1))
            times = np.add.reduceat(here & ((1 << fields.count_bits) - 1), first)
            keys = keys[first]
            yield keys >> fields.document_bits, keys & ((1 << fields.document_bits) - 1), times
            begin = upto


@dataclass(frozen=True, slots=True)
class Fields:
    """How row, document and count share one 64-bit number: count in the lowest bits, row in the highest.

    Sorting such numbers is several times faster, and needs less memory, than sorting places by three arrays.
    """

    document_bits: int
    count_bits: int

    def row(self, packed: np.int64) -> np.int64:
        """The row in a number."""
        return packed >> (self.document_bits + self.count_bits)


def count(texts: Iterable[str], parts: Parts, tick: Callable[[], object] = lambda: None) -> TokenCounts:
    """Count the words of every text and their parts. `tick` is called now and then after the last text was asked for;
    what it raises stops the work. Raises InvalidDocumentsError above MAX_WORDS and MAX_COUNTS."""
    vocabulary, occurrences, words_in = number_words(texts)
    _fits("different words", len(vocabulary), MAX_WORDS)
    sizes, rows, tokens, bounds = _take_apart(vocabulary, parts)
    del vocabulary
    lengths, packed, fields = _pack(occurrences, words_in, sizes, tokens, bounds, tick)
    del occurrences
    packed.sort(kind="stable")  # it makes use of what is in order already
    return TokenCounts(rows, lengths, packed, fields)


def _fits(what: str, number: int, most: int) -> None:
    if number > most:
        raise InvalidDocumentsError(
            f"This is more text than a keyword index of this computer takes: {number:,} {what}, above {most:,}.",
            hint="Use fewer documents, or keep them in OpenSearch or Elasticsearch and search there.",
        )


def _take_apart(
    vocabulary: list[str], parts: Parts
) -> tuple[NDArray[np.int64], dict[str, int], NDArray[np.int32], NDArray[np.int64]]:
    """How many tokens each word counts as; the row of each token; the rows that each word counts in, end to end; where
    each word's begin."""
    numbers = {word: number for number, word in enumerate(vocabulary)}
    number = numbers.setdefault
    tokens: list[int] = []
    bounds = [0]
    for own, word in enumerate(vocabulary):
        tokens.append(own)
        for part in parts(word):
            tokens.append(number(part, len(numbers)))
        bounds.append(len(tokens))
    found, ends = np.array(tokens, np.int64), np.array(bounds, np.int64)
    del tokens, bounds
    sizes = np.diff(ends)
    # A token is told by the words that it is a part of, as a sum of one random number for each. Two that are parts of
    # different words have the same sum with a chance of 1 in 2^64.
    drawn = np.frombuffer(secrets.token_bytes(8 * len(vocabulary)), np.uint64)
    sums = np.zeros(len(numbers), np.uint64)
    np.add.at(sums, found, np.repeat(drawn, sizes))
    _, first, alike = np.unique(sums, return_index=True, return_inverse=True)
    in_order = np.argsort(first)
    rows = np.empty(len(first), np.int32)
    rows[in_order] = np.arange(len(first), dtype=np.int32)
    kept = np.zeros(len(numbers), bool)
    kept[first] = True
    stays = kept[found]
    row_of = rows[alike]
    bounds_kept = np.concatenate([[0], np.cumsum(stays)])[ends]
    return sizes, dict(zip(numbers, row_of.tolist(), strict=True)), row_of[found[stays]], bounds_kept


def _pack(
    occurrences: NDArray[np.int32],
    words_in: NDArray[np.int64],
    sizes: NDArray[np.int64],
    rows: NDArray[np.int32],
    bounds: NDArray[np.int64],
    tick: Callable[[], object],
) -> tuple[NDArray[np.int64], NDArray[np.int64], Fields]:
    """The length of each text in tokens, and how often each word's rows stand in it, a row once or oftener."""
    parts = np.diff(bounds)
    document_bits = len(words_in).bit_length()
    # A count that needs more bits than are left is cut: so often repeated, one more or less changes no score.
    count_bits = min(int(words_in.max(initial=0)).bit_length(), 63 - document_bits - len(rows).bit_length())
    fields = Fields(document_bits, count_bits)
    places = int(np.bincount(occurrences, minlength=len(parts)) @ parts)
    _fits("words and parts of words", places, MAX_COUNTS)
    packed = np.empty(places, np.int64)
    lengths = np.zeros(len(words_in), np.int64)
    ends = np.cumsum(words_in)
    filled = begin = 0
    while begin < len(words_in):
        tick()
        done = int(ends[begin - 1]) if begin else 0
        upto = max(begin + 1, int(np.searchsorted(ends, done + _AT_ONCE)))
        words_ = occurrences[done : int(ends[upto - 1])]
        documents = np.repeat(np.arange(begin, upto), words_in[begin:upto])
        lengths[begin:upto] = np.bincount(documents - begin, sizes[words_], upto - begin)
        pairs, times = np.unique(words_.astype(np.int64) << document_bits | documents, return_counts=True)
        word, low = pairs >> document_bits, pairs & ((1 << document_bits) - 1)
        low = low << count_bits | np.minimum(times, (1 << count_bits) - 1)
        each = parts[word]
        ends_here = np.cumsum(each)
        taken = np.arange(int(each.sum())) + np.repeat(bounds[word] - ends_here + each, each)
        span = slice(filled, filled + len(taken))
        packed[span] = rows[taken].astype(np.int64) << (document_bits + count_bits) | np.repeat(low, each)
        filled = span.stop
        begin = upto
    return lengths, packed[:filled], fields
