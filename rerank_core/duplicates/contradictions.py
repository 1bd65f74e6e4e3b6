"""Near-copies that say different things: nearly the same words, but another number, or a "not" in one alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from rerank_core.duplicates.difference import Piece, difference
from rerank_core.duplicates.measures import WORDING, scale
from rerank_core.duplicates.wording import shared_wording

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_NEXT_WORD = re.compile(r"\s{0,2}([^\W\d_]{1,20}|[%€$£])")
_NOT = frozenset(
    (
        *("no", "not", "never", "none", "without", "cannot"),
        *("nicht", "kein", "keine", "keinen", "keiner", "keinem", "keines", "nie", "niemals", "ohne"),
        *("nunca", "sin", "jamás", "ne", "pas", "jamais", "sans", "aucun"),
        *("non", "mai", "senza", "niet", "geen", "nooit", "zonder", "não", "sem", "bez", "nigdy"),
    )
)
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two near-copies (places in what was given, from 0) and the first of the points in which they differ, as it stands
    in each: "14 days" and "30 days"; one is empty where the other alone says "not"."""

    first: int
    second: int
    left: str
    right: str

    @property
    def text(self) -> str:
        """The point for a person: "14 days / 30 days"."""
        return f"{self.left or '(nothing)'} / {self.right or '(nothing)'}"


def contradictions(texts: Sequence[str], *, threshold: float | None = None) -> tuple[Contradiction, ...]:
    """The pairs of near-copies among a few texts whose numbers or negations differ, in the order of the texts.

    Near-copies share at least `threshold` of their wording (0 to 1; default: where the Duplicates page begins). It
    sees numbers in digits and the commonest negations of eight languages, and says nothing about meaning: two
    versions of one product differ in a number and contradict nothing. Takes time for the square of the number of
    texts.
    """
    if len(texts) < 2:
        return ()
    level = scale(WORDING).threshold if threshold is None else threshold
    alike = shared_wording(texts)
    found = []
    for first, second in combinations(range(len(texts)), 2):
        if alike[first, second] >= level:
            point = _point(texts[first], texts[second])
            if point is not None:
                found.append(Contradiction(first, second, *point))
    return tuple(found)


def _point(one: str, other: str) -> tuple[str, str] | None:
    compared = difference(one, other)
    lefts, rights = _alone(compared.left), _alone(compared.right)
    for change in compared.changes:
        left = lefts.pop(0) if change.left else ""
        right = rights.pop(0) if change.right else ""
        numbers = set(_NUMBER.findall(change.left)), set(_NUMBER.findall(change.right))
        if all(numbers) and numbers[0] != numbers[1]:
            return left, right
        negated = _negations(change.left), _negations(change.right)
        if negated[0] != negated[1]:
            return left, right
    return None


def _alone(pieces: Sequence[Piece]) -> list[str]:
    """What stands in one text alone, each with the word after it where it ends in a number."""
    said = []
    for place, piece in enumerate(pieces):
        if not piece.alone:
            continue
        text = " ".join(piece.text.split())
        after = pieces[place + 1].text if place + 1 < len(pieces) else ""
        word = _NEXT_WORD.match(after)
        if word and text[-1:].isdigit():
            text += f" {word[1]}"
        said.append(text)
    return said


def _negations(text: str) -> int:
    words = [word.casefold() for word in _WORDS.findall(text)]
    return sum(word in _NOT or word.endswith(("n't", "n’t")) for word in words)
