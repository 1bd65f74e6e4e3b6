"""A passage with the words it shares with the question marked, drawn by a component that writes text as text only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from pages.components.display.board import shown
from rerank_core.retrieval.marks import Segment

__all__ = ["reading"]

_HERE = Path(__file__).parent
_READING = st.components.v2.component(
    "rerank_reading",
    html='<div class="passage" dir="auto"></div>',
    css=(_HERE / "reading.css").read_text("utf-8"),
    js=(_HERE / "reading.js").read_text("utf-8"),
)
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
