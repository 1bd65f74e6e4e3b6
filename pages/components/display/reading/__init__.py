"""A passage with the words it shares with the question marked, drawn by a component that writes text as text only."""

from __future__ import annotations

from collections.abc import Sequence

from pages.components.display.board import shown
from pages.components.display.component import component
from rerank_core.retrieval.marks import Segment

__all__ = ["reading"]

_READING = component("reading", "elements.js", html='<div class="passage" dir="auto"></div>')
MAX_CHARACTERS = 20_000
"""Characters drawn of one passage; a longer one says that it goes on."""


def reading(segments: Sequence[Segment], *, key: str, quiet: bool = False) -> None:
    """Draw a passage. `quiet` is for the passages around the one that was found."""
    left = MAX_CHARACTERS
    pieces = []
    for segment in segments:
        if left <= 0:
            break
        pieces.append([shown(segment.text[:left]), segment.marked])
        left -= len(segment.text)
    _READING(key=key, data={"pieces": pieces, "quiet": quiet, "more": left < 0})
