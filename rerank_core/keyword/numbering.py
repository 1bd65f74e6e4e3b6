"""Give every distinct word of a collection a number, without making a string of each word of each text.

Words are found and told apart by a 64-bit hash in arrays, many texts at a time; only a word that was not seen
before becomes a string. That takes a third of the time of asking a dictionary for each of eight million words.
The hash is a polynomial in a number drawn afresh for each collection: among a million distinct words two share
one with a chance of about 1 in 40 million, and would then count as one word. Words between hyphens are told from
others in the same way, and looked at one by one only where they are new.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rerank_core.keyword.words import hyphened, signed, words

_CHARACTERS_AT_ONCE = 2**17  # so much that the arrays stay in the processor's cache

# What `words` takes for a plain word in ASCII. Of other texts only their words, cut already, get here.
_INSIDE = np.array([chr(code).isalnum() or chr(code) == "_" for code in range(128)] + [True])
_SIGN = np.array([chr(code) in "+#" for code in range(128)] + [False])
_HYPHEN, _POINT = ord("-"), ord(".")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_FEW = 16  # one in so many bytes beyond ASCII: then the words that have them are looked at alone
_KEPT = 2**16  # words between hyphens
_LONGEST = 40  # characters of a word whose folding is kept


class _Words(NamedTuple):
    """Where the words of some texts, which stand end to end, begin and end."""

    text: str
    codes: NDArray[np.unsignedinteger]
    inside: NDArray[np.bool_]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]


class _Numbering:
    """The words found so far and their hashes."""

    def __init__(self) -> None:
        self.vocabulary: list[str] = []
        self._factor = np.uint64(secrets.randbits(64) | 1)
        self._powers = self._inverses = np.ones(1, np.uint64)  # of the factor, and 1 by each of them
        self._hashes = np.zeros(0, np.uint64)  # sorted
        self._numbers = np.zeros(0, np.int32)  # of the words with these hashes
        self._parted: dict[int, tuple[int, ...]] = {}  # words between hyphens by their hashes: what they make together

    def add(self, texts: list[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The numbers of the words of some texts, text by text, and how many words each text has."""
        here = _cut(texts)
        upto = np.searchsorted(here.starts, np.cumsum([len(one) + 1 for one in texts]))
        counts = np.diff(upto, prepend=0)
        if not len(here.starts):
            return np.zeros(0, np.int32), counts
        hashes = self._hash(here)
        numbers = self._numbers_of(here, hashes)
        after = here.codes[here.ends]
        apart = here.starts[1:] - here.ends[:-1]
        parted = np.flatnonzero((apart == 1) & (after[:-1] == _HYPHEN))
        sign = _SIGN[np.minimum(after, 128)]
        sign[1:] |= (apart > 1) & (here.codes[here.starts[1:] - 1] == _POINT)
        sign[0] |= here.starts[0] > 0
        besides = [self._put_together(here, hashes, parted)] if len(parted) else []
        for owner in np.unique(np.searchsorted(upto, np.flatnonzero(sign), side="right")).tolist():
            more = self._numbers_by_one(signed(texts[owner]))
            besides.append((np.full(len(more), upto[owner] - 1), more))
        if not besides:
            return numbers, counts
        places, found = (np.concatenate(parts) for parts in zip(*besides, strict=True))
        owners = np.searchsorted(upto, places, side="right")
        return np.insert(numbers, upto[owners], found), counts + np.bincount(owners, minlength=len(counts))

    def _numbers_by_one(self, found: list[str]) -> NDArray[np.int32]:
        """The number of each of some words."""
        if not found:
            return np.zeros(0, np.int32)
        here = _cut(found)
        return self._numbers_of(here, self._hash(here))

    def _numbers_of(self, here: _Words, every: NDArray[np.uint64]) -> NDArray[np.int32]:
        """The number of each word, by its hash."""
        hashes, first, places = np.unique(every, return_index=True, return_inverse=True)
        found = np.searchsorted(self._hashes, hashes)
        known = self._hashes[np.minimum(found, len(self._hashes) - 1)] == hashes if len(self._hashes) else found < 0
        numbers = np.empty(len(hashes), np.int32)
        numbers[known] = self._numbers[found[known]]
        new = np.flatnonzero(~known)
        if len(new):
            numbers[new] = np.arange(len(self.vocabulary), len(self.vocabulary) + len(new), dtype=np.int32)
            spans = zip(here.starts[first[new]].tolist(), here.ends[first[new]].tolist(), strict=True)
            self.vocabulary += [here.text[start:end] for start, end in spans]
            self._hashes = np.insert(self._hashes, found[new], hashes[new])
            self._numbers = np.insert(self._numbers, found[new], numbers[new])
        return numbers[places]

    def _put_together(
        self, here: _Words, hashes: NDArray[np.uint64], parted: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Places and numbers of what `hyphened` puts together, where these words are parted from the next by a hyphen.

        A place is that of the first word between the hyphens.
        """
        begins = np.flatnonzero(np.diff(parted, prepend=-2) != 1)
        joints = np.diff(begins, append=len(parted))
        first = parted[begins]
        begin, end = here.starts[first], here.ends[first + joints]
        rough = np.flatnonzero((here.codes[begin - 1] == _HYPHEN) | (here.codes[end] == _HYPHEN)).tolist()
        ends = [place for place in rough if _goes_on(here.text, int(begin[place]), int(end[place]))]
        if ends:
            joints, first, begin, end = (np.delete(values, ends) for values in (joints, first, begin, end))
        if not len(first):
            return first, np.zeros(0, np.int32)
        starts, inner = _inner(joints + 1)
        self._grow(int(joints.max()) + 2)
        every = np.add.reduceat(hashes[np.repeat(first, joints + 1) + inner] * self._powers[inner + 1], starts)
        keys, places, which = np.unique(every, return_index=True, return_inverse=True)
        spans = zip(keys.tolist(), begin[places].tolist(), end[places].tolist(), strict=True)
        made = self._made_of({key: (start, stop) for key, start, stop in spans}, here.text)
        sizes = np.array([len(one) for one in made])
        flat = np.array([number for one in made for number in one], np.int32)
        _, inner = _inner(sizes[which])
        return np.repeat(first, sizes[which]), flat[np.repeat((np.cumsum(sizes) - sizes)[which], sizes[which]) + inner]

    def _made_of(self, spans: dict[int, tuple[int, int]], text: str) -> list[tuple[int, ...]]:
        """For each span of words between hyphens, by its hash: the numbers of what `hyphened` puts together of it."""
        if len(self._parted) > _KEPT:
            self._parted.clear()
        new = {key: hyphened(text[start:end]) for key, (start, end) in spans.items() if key not in self._parted}
        numbers = iter(self._numbers_by_one(["".join(parts) for found in new.values() for parts in found]).tolist())
        for key, found in new.items():
            self._parted[key] = tuple(next(numbers) for _ in found)
        return [self._parted[key] for key in spans]

    def _grow(self, size: int) -> None:
        """Let there be this many powers of the factor."""
        if len(self._powers) < size:
            self._powers = _powers(int(self._factor), 2 * size)
            self._inverses = _powers(pow(int(self._factor), -1, 2**64), 2 * size)

    def _hash(self, here: _Words) -> NDArray[np.uint64]:
        """A hash of each word: its letters times the powers of the factor.

        The powers go on from word to word, which needs no place within the word, and are taken back at the end.
        """
        letters = here.codes[here.inside].astype(np.uint64)
        self._grow(len(letters))
        letters += np.uint64(1)
        letters *= self._powers[: len(letters)]
        sizes = here.ends - here.starts
        begins = np.cumsum(sizes) - sizes
        hashes = np.add.reduceat(letters, begins)
        hashes *= self._inverses[begins]
        return hashes


def _powers(factor: int, size: int) -> NDArray[np.uint64]:
    factors = np.full(size, factor, np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


def _inner(sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where runs of these sizes begin that stand end to end, and the place of each member in its run."""
    begins = np.cumsum(sizes) - sizes
    return begins, np.arange(int(sizes.sum())) - np.repeat(begins, sizes)


def _cut(texts: list[str]) -> _Words:
    """Find the words of some texts."""
    text = "\n".join((*texts, ""))
    codes: NDArray[np.unsignedinteger]
    if text.isascii():
        codes = np.frombuffer(text.encode(), np.uint8)
        inside = _INSIDE[codes]
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        inside = _INSIDE[np.minimum(codes, 128)]
    edges = np.flatnonzero(np.diff(inside, prepend=False))
    return _Words(text, codes, inside, edges[::2], edges[1::2])


def _goes_on(text: str, start: int, end: int) -> bool:
    """Whether hyphens in a row part this from another word: then it is no word that can be put together."""
    while text[start - 1] == "-":
        start -= 1
    while text[end] == "-":
        end += 1
    return any(beside.isalnum() and beside.isascii() for beside in (text[start - 1], text[end]))


_kept_words = lru_cache(2**14)(words)


def _ready(text: str) -> str:
    """A text whose plain words in ASCII are its words: in small letters, and the rest cut into words already."""
    if text.isascii():
        return text.lower()
    if (len(text.encode("utf-8", "surrogatepass")) - len(text)) * _FEW > len(text):
        return " ".join(words(text))
    out: list[str] = []
    end = 0
    for match in _NOT_ASCII.finditer(text):
        if match.start() < end:
            continue
        begin = max(text.rfind(" ", end, match.start()) + 1, end)
        out.append(text[end:begin].lower())
        end = text.find(" ", match.end())
        end = len(text) if end < 0 else end
        found = text[begin:end]
        out.append(" ".join(_kept_words(found) if end - begin <= _LONGEST else words(found)))
    out.append(text[end:].lower())
    return "".join(out)


def number_words(texts: Iterable[str]) -> tuple[list[str], NDArray[np.int32], NDArray[np.int64]]:
    """All distinct words; the number of each word of all texts, text by text; how many words each text has."""
    numbering = _Numbering()
    runs, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int64)]
    waiting: list[str] = []
    size = 0

    def add() -> None:
        if waiting:
            run, counts = numbering.add(waiting)
            runs.append(run)
            lengths.append(counts)
            waiting.clear()

    for text in texts:
        waiting.append(_ready(text))
        size += len(text)
        if size > _CHARACTERS_AT_ONCE:
            add()
            size = 0
    add()
    return numbering.vocabulary, np.concatenate(runs), np.concatenate(lengths)
