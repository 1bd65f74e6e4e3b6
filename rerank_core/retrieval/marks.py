"""Which words of a passage a question shares, as pieces of the passage's own text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from rerank_core.keyword.asked import Asked
from rerank_core.keyword.words import as_written, besides, normalise, words

# Words that every English, German or Spanish question has; marking them would mark everything.
_COMMON = frozenset((
    "the", "and", "for", "you", "are", "can", "how", "what", "when", "where", "why", "who", "does", "did",
    "not", "but", "with", "from", "this", "that", "have", "has", "was", "were", "will", "your", "our", "its",
    "into", "there", "about", "der", "die", "das", "und", "ist", "ein", "eine", "ich", "mein", "meine", "wie",
    "wir", "sie", "nicht", "mit", "auf", "von", "für", "dem", "den", "des", "kann", "los", "las", "una",
    "uno", "que", "con", "por", "para", "como", "del", "mis", "sus", "esta", "este", "puedo",
))  # fmt: skip
_SHORTEST = 3
_STEM = 5  # words of which one begins with so much of the other count as forms of one word


class Segment(NamedTuple):
    """A piece of the passage, and whether the question has its word."""

    text: str
    marked: bool


def marked(text: str, question: str) -> tuple[Segment, ...]:
    """The passage cut into pieces whose texts put together are the passage; shared words are marked.

    Case, width, accents, points and characters that are not seen do not count, forms of a word that begin alike do, and
    so do "wifi" and "Wi-Fi". In scripts without spaces the shared pairs of characters are marked. Very common words are
    not.
    """
    asked = [*words(question), *(word for choice in Asked.of(question).choices for word in choice.words)]
    terms = {word for word in asked if word not in _COMMON and (len(word) >= _SHORTEST or not word.isascii())}
    stems = {word[:_STEM] for word in terms if len(word) >= _STEM}
    plain, compound = as_written()
    spans = [match.span() for match in compound.finditer(text) if not terms.isdisjoint(_as_one(match.group()))]
    for match in plain.finditer(text):
        word = match.group()
        parts = words(word)
        if len(parts) == 1:
            if parts[0] in terms or (len(parts[0]) >= _STEM and parts[0][:_STEM] in stems):
                spans.append(match.span())
        else:
            # A run of characters without spaces: each shared pair is marked where it stands.
            for place in range(len(word) - 1):
                if words(word[place : place + 2]) and words(word[place : place + 2])[0] in terms:
                    spans.append((match.start() + place, match.start() + place + 2))
    return tuple(segments(text, _merged(sorted(spans))))


def _as_one(written: str) -> list[str]:
    """The words that parts between hyphens, or a word and its sign, make together."""
    found = words(written)
    return found if len(found) == 1 else besides(normalise(written))


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def segments(text: str, spans: Iterable[tuple[int, int]]) -> Iterator[Segment]:
    """The text cut at these spans of characters, which are marked: ascending, apart from each other, none empty."""
    at = 0
    for start, end in spans:
        if start > at:
            yield Segment(text[at:start], False)
        yield Segment(text[start:end], True)
        at = end
    if at < len(text):
        yield Segment(text[at:], False)
