"""A passage with the words it shares with the question marked, drawn by a component that writes text as text only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from pages.components.display.board import shown
from pages.components.display.component import component
from rerank_core.retrieval.marks import Segment

__all__ = ["reading"]

_READING = component("reading", "elements.js", html='<div class="passage" dir="auto"></div>')
MAX_CHARACTERS = 20_000
"""Characters drawn of one passage; a longer one says that it goes on."""


def reading(
    segments: Sequence[Segment], *, key: str, quiet: bool = False, answers: Sequence[tuple[int, int]] = ()
) -> None:
    """Draw a passage. `quiet` is for the passages around the one that was found. `answers` are the parts that speak to
    the query, (start, stop) in characters, ascending and apart; a long passage in a box is scrolled to the first."""
    left = MAX_CHARACTERS
    pieces = []
    for text, is_marked, answers_it in _cut(segments, answers):
        if left <= 0:
            break
        pieces.append([shown(text[:left]), is_marked, answers_it])
        left -= len(text)
    _READING(key=key, data={"pieces": pieces, "quiet": quiet, "more": left < 0})


def _cut(segments: Sequence[Segment], answers: Sequence[tuple[int, int]]) -> Iterator[tuple[str, bool, bool]]:
    """The segments cut where an answer begins and ends: text, whether it is marked, whether it is part of one."""
    edges = sorted({place for answer in answers for place in answer})
    at = 0
    for text, is_marked in segments:
        inner = [edge for edge in edges if at < edge < at + len(text)]
        for start, stop in pairwise([at, *inner, at + len(text)]):
            yield text[start - at : stop - at], is_marked, any(first <= start < last for first, last in answers)
        at += len(text)
