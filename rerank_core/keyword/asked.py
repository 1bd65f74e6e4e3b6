"""What a question asks for: its tokens, and the other ways in which its words may be written in a document."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rerank_core.keyword.words import hyphened, is_spaced_word, normalise, plain_words

Parts = Callable[[str], Sequence[str]]
"""What a word counts as besides itself."""

_SHORTEST = 4  # letters of two words put together
_LETTERS_OR_DIGITS = re.compile(r"\d+|[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Choice:
    """Words of the question and the same written otherwise: 'wi', 'fi' and 'wifi'.

    A document that holds all of `words` counts as if it held what was `said`, where that is more. `said` and
    `tokens` are the tokens of either.
    """

    said: tuple[str, ...]
    words: tuple[str, ...]
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """The distinct tokens of a question, in order, and the choices among its words."""

    tokens: tuple[str, ...]
    choices: tuple[Choice, ...]

    @classmethod
    def of(cls, query: str, parts: Parts | None = None) -> Asked:
        """What a question asks for in an index whose words count as their `parts` too."""
        folded = normalise(query)
        known: dict[str, tuple[str, ...]] = {}

        def tokens(words: Sequence[str]) -> tuple[str, ...]:
            for word in words:
                if word not in known:
                    known[word] = (word, *(parts(word) if parts else ()))
            return tuple(dict.fromkeys(token for word in words for token in known[word]))

        choices = dict.fromkeys((tuple(said), tuple(other)) for said, other in _written_otherwise(folded))
        return cls(
            tokens(plain_words(folded)),
            tuple(Choice(tokens(said), other, tokens(other)) for said, other in choices),
        )


def _written_otherwise(folded: str) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Words of a normalised question, and the words that stand for them where they are written otherwise."""
    for parts in hyphened(folded):
        yield parts, ["".join(parts)]
    written = folded.split()
    for word in written:
        found = _LETTERS_OR_DIGITS.findall(word)
        if len(found) > 1 and max(map(len, found)) > 1 and "".join(found) == word:
            yield [word], found
    for one, other in pairwise(written):
        if len(one) + len(other) >= _SHORTEST and is_spaced_word(one) and is_spaced_word(other):
            yield [one, other], [one + other]
    for three in zip(written, written[1:], written[2:], strict=False):
        if any(map(str.isdigit, "".join(three))) and all(map(is_spaced_word, three)):
            yield three, ["".join(three)]
