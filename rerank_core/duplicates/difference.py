"""What differs between two texts, word by word."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from rerank_core.keyword.words import _UNSPACED_RUN, words
from rerank_core.retrieval.marks import segments

MAX_CHARACTERS = 100_000
"""Characters of either text that are compared; the rest is neither compared nor shown, and `cut` says so."""

# A number with its sign, points and unit is one word, since 3.5 is not 3 and 6; so is a word with an apostrophe.
_TOKEN = re.compile(r"(?:(?<![^\s(])[-+−])?\d\w*(?:[.,:]\d\w*)*|\w+(?:['’]\w+)*|[^\w\s]")
_SENTENCE_END = re.compile(r"[.!?]+(?=\s)|[。！？]+|\n")
_FEW = 20  # one word in so many is hardly a difference to a score
_CELLS = 4_000_000  # pairs of words that are looked at in one comparison: some 10 ms and 8 MB


class Piece(NamedTuple):
    """A piece of one of the texts, and whether it stands in that text alone."""

    text: str
    alone: bool


class WordChange(NamedTuple):
    """What stands on the left where something else stands on the right; either may be empty."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class TextDifference:
    """Two texts side by side. The pieces of a side put together are that text (its first MAX_CHARACTERS).

    `changes` come in the order of the texts. `words` counts the words of the longer text (characters, in scripts
    without spaces), `changed` those that stand in one text alone, the longer side of each change, never more than
    `words`; `marks` the punctuation marks likewise. `cut` says that a text is longer than what was compared.
    """

    left: tuple[Piece, ...]
    right: tuple[Piece, ...]
    changes: tuple[WordChange, ...]
    changed: int
    marks: int
    words: int
    cut: bool = False

    @property
    def sentence(self) -> str:
        """How much differs, in a sentence for a person, which holds no words of the texts."""
        where = f" in the first {MAX_CHARACTERS:,} characters" if self.cut else ""
        if not self.changes:
            return f"No word differs{where}."
        if not self.changed:
            return f"No word differs{where}, only {_count(self.marks, 'punctuation mark')}."
        return (
            f"{self.changed:,} of {_count(self.words, 'word')} {'differs' if self.changed == 1 else 'differ'}{where}."
        )

    @property
    def caution(self) -> str:
        """Why a high likeness may mislead here, in a sentence; empty where words enough differ to see that they do,
        and where only case, accents and punctuation do."""
        telling = [change for change in self.changes if words(change.left) != words(change.right)]
        if not telling or (self.changed > 2 and self.changed * 2 > self.words):
            return ""
        if any(character.isdigit() for change in telling for text in change for character in text):
            return "A number differs. Two texts can be alike in every other word and say opposite things."
        if self.changed * _FEW <= self.words or self.changed <= 2:
            return "Hardly a word differs, and that word may turn the meaning round: read it before you decide."
        return ""


def difference(left: str, right: str) -> TextDifference:
    """Compare two texts word by word; white space does not count, case, accents and punctuation do.

    The longest sequence of words that both have stays, the rest is what differs. In texts too long for that (some
    2,000 words each) sentences that stand once in either text are matched first, and the words between them after;
    a stretch of some 2,000 words without a common sentence counts as different altogether. Takes any strings.
    """
    cut = max(len(left), len(right)) > MAX_CHARACTERS
    left, right = left[:MAX_CHARACTERS], right[:MAX_CHARACTERS]
    ours, theirs = _tokens(left), _tokens(right)
    spans = _readable(list(_different(left, ours, right, theirs)), ours, theirs)
    sizes = [(_words(ours[a:b]), b - a, _words(theirs[c:d]), d - c) for a, b, c, d in spans]
    longer = max(_words(ours), _words(theirs))
    return TextDifference(
        _pieces(left, ours, [(a, b) for a, b, _, _ in spans]),
        _pieces(right, theirs, [(c, d) for _, _, c, d in spans]),
        tuple(WordChange(_between(left, ours, a, b), _between(right, theirs, c, d)) for a, b, c, d in spans),
        min(longer, sum(max(one, other) for one, _, other, _ in sizes)),
        sum(max(all_one - one, all_other - other) for one, all_one, other, all_other in sizes),
        longer,
        cut,
    )


class _Token(NamedTuple):
    """A word or a mark: its place in the text, and what it is compared by."""

    start: int
    stop: int
    key: str


def _letter(character: str) -> str:
    return "a" if unicodedata.category(character)[0] == "M" else character


_Spans = Iterator[tuple[int, int, int, int]]


def _tokens(text: str) -> list[_Token]:
    out = []
    # The vowel signs of many scripts are no letters to a regular expression, and would end a word.
    letters = text if text.isascii() else "".join(map(_letter, text))
    for match in _TOKEN.finditer(letters):
        start, stop = match.span()
        if match[0].isascii() or not _UNSPACED_RUN.search(match[0]):
            out.append(_Token(start, stop, unicodedata.normalize("NFC", text[start:stop])))
        else:  # a script without spaces between words: character by character
            out += [_Token(place, place + 1, text[place]) for place in range(start, stop)]
    return out


def _different(left: str, ours: list[_Token], right: str, theirs: list[_Token]) -> _Spans:
    """The token ranges that differ: (start and stop on the left, start and stop on the right)."""
    one, other = [token.key for token in ours], [token.key for token in theirs]
    anchors = [(0, 0, 0)]
    if len(ours) * len(theirs) > _CELLS:
        anchors += _anchors(_sentences(left, ours), _sentences(right, theirs))
    anchors.append((len(ours), len(theirs), 0))
    for (a, c, length), (b, d, _) in pairwise(anchors):
        for e, f, g, h in _differing_ranges(one[a + length : b], other[c + length : d]):
            yield a + length + e, a + length + f, c + length + g, c + length + h


def _differing_ranges(ours: Sequence[str], theirs: Sequence[str]) -> _Spans:
    """Ranges that differ. What both begin and end with is set aside first, which is most of two near-copies."""
    shorter = min(len(ours), len(theirs))
    head = next((place for place in range(shorter) if ours[place] != theirs[place]), shorter)
    tail = next((place for place in range(shorter - head) if ours[-1 - place] != theirs[-1 - place]), shorter - head)
    last, stop = len(ours) - tail, len(theirs) - tail
    at, there = head, head
    for one, other in [*_common(ours[head:last], theirs[head:stop]), (last - head, stop - head)]:
        if head + one > at or head + other > there:
            yield at, head + one, there, head + other
        at, there = head + one + 1, head + other + 1


def _common(ours: Sequence[str], theirs: Sequence[str]) -> list[tuple[int, int]]:
    """A longest common subsequence, as pairs of places; none where the two are too long for it."""
    if not ours or not theirs or len(ours) * len(theirs) > _CELLS:
        return []
    if len(ours) > len(theirs):
        return [(one, other) for other, one in _common(theirs, ours)]
    numbers: dict[str, int] = {}
    across = np.array([numbers.setdefault(key, len(numbers)) for key in theirs])
    # Row i, column j: how long the common subsequence of the first i and the first j words is.
    table = np.zeros((len(ours) + 1, len(theirs) + 1), np.int16)
    for row, key in enumerate(ours, 1):
        longer = table[row - 1, :-1] + (across == numbers.get(key, -1))
        np.maximum.accumulate(np.maximum(table[row - 1, 1:], longer), out=table[row, 1:])
    found = []
    row, column = len(ours), len(theirs)
    while row and column:
        if table[row, column] == table[row - 1, column]:
            row -= 1
        elif table[row, column] == table[row, column - 1]:
            column -= 1
        else:
            row, column = row - 1, column - 1
            found.append((row, column))
    return found[::-1]


def _sentences(text: str, tokens: list[_Token]) -> list[tuple[tuple[str, ...], int]]:
    """The sentences: the words of each, and the place of the first of them."""
    out = []
    first = at = 0
    for end in [*(match.end() for match in _SENTENCE_END.finditer(text)), len(text)]:
        while at < len(tokens) and tokens[at].start < end:
            at += 1
        if at > first:
            out.append((tuple(token.key for token in tokens[first:at]), first))
        first = at
    return out


def _anchors(
    ours: list[tuple[tuple[str, ...], int]], theirs: list[tuple[tuple[str, ...], int]]
) -> list[tuple[int, int, int]]:
    """Sentences that stand once in either text, in the same order in both: (place left, place right, words).

    The longest rising run of places, as patience sorting finds it: in time a little over the number of sentences.
    """
    once, there = Counter(said for said, _ in ours), Counter(said for said, _ in theirs)
    places = {said: place for said, place in theirs if there[said] == 1}
    pairs = [(place, places[said], len(said)) for said, place in ours if once[said] == 1 and said in places]
    tops: list[int] = []  # the lowest right place that ends a run of each length
    ends: list[int] = []  # which pair that is
    before: list[int] = []
    for number, (_, right, _) in enumerate(pairs):
        length = bisect_left(tops, right)
        before.append(ends[length - 1] if length else -1)
        tops[length:] = [right, *tops[length + 1 :]]
        ends[length:] = [number, *ends[length + 1 :]]
    out = []
    number = ends[-1] if ends else -1
    while number >= 0:
        out.append(pairs[number])
        number = before[number]
    return out[::-1]


def _readable(
    spans: list[tuple[int, int, int, int]], ours: list[_Token], theirs: list[_Token]
) -> list[tuple[int, int, int, int]]:
    """Neighbouring changes as one where what both texts have between them is shorter than either change.

    A shared "the" or a comma in the middle of a rewritten sentence tells nobody anything.
    """
    out: list[tuple[int, int, int, int]] = []
    for span in spans:
        out.append(span)
        while len(out) > 1:
            (a, b, c, d), (e, f, g, h) = out[-2:]
            between = ours[b:e]
            shared = sum(len(token.key) for token in between)
            before = max(_length(ours[a:b]), _length(theirs[c:d]))
            after = max(_length(ours[e:f]), _length(theirs[g:h]))
            if _words(between) and (shared > before or shared > after):
                break
            out[-2:] = [(a, f, c, h)]
    return out


def _pieces(text: str, tokens: list[_Token], spans: list[tuple[int, int]]) -> tuple[Piece, ...]:
    characters = [(tokens[first].start, tokens[last - 1].stop) for first, last in spans if first < last]
    return tuple(Piece(*segment) for segment in segments(text, characters))


def _between(text: str, tokens: list[_Token], first: int, last: int) -> str:
    return text[tokens[first].start : tokens[last - 1].stop] if last > first else ""


def _words(tokens: Sequence[_Token]) -> int:
    return sum(any(map(str.isalnum, token.key)) for token in tokens)


def _length(tokens: Sequence[_Token]) -> int:
    return sum(len(token.key) for token in tokens)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
