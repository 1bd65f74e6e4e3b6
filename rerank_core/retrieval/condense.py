"""A question that is too long, such as a whole ticket, cut down to the sentences that say most."""

from __future__ import annotations

import heapq
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rerank_core.keyword.words import words
from rerank_core.pricing.tokens import estimate_tokens

QUERY_TOKENS = 200
"""Estimated tokens of a question that every model here reads whole: the smallest window is 256 tokens, and a hosted
model gives a question at most half of its 500."""

_READ = 50_000  # characters of a question that are weighed; what follows is left out as one piece
_PIECE = 60  # estimated tokens after which a stretch without a full stop counts as ended
_BREAK = re.compile(r"[ \t]*[\r\n]+\s*|(?<=[.!?…])[\"')\]]*\s+|(?<=[。！？])\s*")
_EVEN = 8  # tokens that every sentence is charged with, so that a mere "Thanks!" is no bargain
_LEADING = 1.5  # what the first sentence (a subject line) and a question count for
_FADING = 0.4  # how much less the last sentence counts than the first: farewells and footers come last

Rarity = Callable[[str], float]
"""How much a word tells in the collection that is searched, 0 (nothing, or not in it) to 1."""


@dataclass(frozen=True, slots=True)
class Condensed:
    """A question as it is searched for: `text`, made of `kept` pieces of the original in their order.

    `dropped` are the pieces left out, in order, empty where the question is used as it stands. `tokens` and
    `was_tokens` are the estimated lengths of `text` and of the original.
    """

    text: str
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    tokens: int
    was_tokens: int

    @property
    def changed(self) -> bool:
        """Whether anything was left out."""
        return bool(self.dropped)

    @property
    def sentence(self) -> str:
        """What was done, in a sentence for a person; empty where nothing was."""
        if not self.dropped:
            return ""
        pieces = len(self.kept) + len(self.dropped)
        return (
            f"The question is long (about {self.was_tokens:,} tokens), so it was condensed to the {len(self.kept):,} "
            f"of its {pieces:,} sentences that say most (about {self.tokens:,} tokens)."
        )


def condense(query: str, limit: int = QUERY_TOKENS, rarity: Rarity | None = None) -> Condensed:
    """The question itself where it has at most `limit` estimated tokens, else its most telling sentences.

    Sentences are taken one after the other by how much they add for their length: the weights of their words that
    no sentence taken so far holds. A word weighs more if it is long, mixes letters and digits, comes back in the
    text and, with `rarity`, if it is rare in the collection. The first sentence and questions count half as much
    again, and the further down a sentence stands, the less. Raises ValueError for a limit below 1.
    """
    if limit < 1:
        raise ValueError("limit must be 1 or more")
    was = estimate_tokens(query)
    if was <= limit:
        return Condensed(query, (query,), (), was, was)
    pieces = [piece for sentence in _sentences(query[:_READ]) for piece in _pieces(sentence, min(_PIECE, limit))]
    chosen = _choose(pieces, limit, rarity)
    kept = tuple(piece for place, piece in enumerate(pieces) if place in chosen)
    dropped = [piece for place, piece in enumerate(pieces) if place not in chosen]
    if query[_READ:].strip():
        dropped.append(query[_READ:].strip())
    text = " ".join(kept)
    return Condensed(text, kept, tuple(dropped), estimate_tokens(text), was)


def _sentences(text: str) -> Iterator[str]:
    yield from (sentence.strip() for sentence in _BREAK.split(text) if sentence.strip())


def _pieces(sentence: str, most: int) -> Iterator[str]:
    """A sentence in pieces of at most `most` estimated tokens, cut between words where it has any."""
    if estimate_tokens(sentence) <= most:
        yield sentence
        return
    piece = ""
    for word in sentence.split():
        for part in _parts(word, most):
            longer = f"{piece} {part}" if piece else part
            if piece and estimate_tokens(longer) > most:
                yield piece
                piece = part
            else:
                piece = longer
    if piece:
        yield piece


def _parts(word: str, most: int) -> Iterator[str]:
    """A word, or runs of it where it alone is too long: a line of Chinese, or of base64."""
    if estimate_tokens(word) <= most:
        yield word
    else:
        yield from (word[start : start + most] for start in range(0, len(word), most))


def _choose(pieces: list[str], limit: int, rarity: Rarity | None) -> set[int]:
    """The places of the pieces to keep.

    What a piece adds can only shrink as others are taken, so a piece whose gain is still the largest after it was
    counted anew is the best one (Minoux, Accelerated greedy algorithms, 1978).
    """
    found = [words(piece) for piece in pieces]
    times = Counter(word for some in found for word in some)
    weights = {word: _weight(word, count, rarity) for word, count in times.items()}
    sizes = [estimate_tokens(piece) + 1 for piece in pieces]  # the space between two pieces, rounded up
    factors = [
        (_LEADING if not place or piece.endswith(("?", "？")) else 1.0) * (1 - _FADING * place / len(pieces))
        for place, piece in enumerate(pieces)
    ]
    taken: set[str] = set()

    def gain(place: int) -> float:
        new = sum(weights[word] for word in set(found[place]) if word not in taken)
        return factors[place] * new / (sizes[place] + _EVEN)

    queue = [(-gain(place), place) for place in range(len(pieces))]
    heapq.heapify(queue)
    chosen: set[int] = set()
    room = limit + 1
    while queue and room > 1:
        _, place = heapq.heappop(queue)
        if sizes[place] > room:
            continue
        now = gain(place)
        if now <= 0 and chosen:
            continue
        if queue and now < -queue[0][0]:
            heapq.heappush(queue, (-now, place))
            continue
        chosen.add(place)
        taken.update(found[place])
        room -= sizes[place]
    return chosen


def _weight(word: str, times: int, rarity: Rarity | None) -> float:
    if not word.isascii():
        length = max(0.5, min(1.0, (len(word) - 2) / 6))  # in scripts without spaces a word is two characters
    elif any(character.isdigit() for character in word):
        length = 0.4 if word.isdigit() else 1.0  # years and amounts, or codes
    else:
        length = max(0.0, min(1.0, (len(word) - 2) / 6))
    telling = 1.0 if rarity is None else 0.25 + rarity(word)
    return length * (1 + math.log(times)) * telling
