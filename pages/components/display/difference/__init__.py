"""Two texts side by side with what differs marked, drawn by a component that writes text as text only."""

from __future__ import annotations

from collections.abc import Sequence

from pages.components.display.board import shown
from pages.components.display.component import component
from rerank_core.duplicates import TextDifference
from rerank_core.duplicates.difference import Piece

__all__ = ["side_by_side"]

_DIFFERENCE = component("difference", "theme.css", "elements.js", html='<div class="difference"></div>')
NAME_CHARACTERS = 120


def side_by_side(found: TextDifference, left_name: str, right_name: str, *, key: str) -> None:
    """Draw both texts; on a narrow screen one stands under the other. Names may be anybody's words."""
    _DIFFERENCE(
        key=key,
        data={
            "left": {"name": shown(left_name, NAME_CHARACTERS, one_line=True), "pieces": _pieces(found.left)},
            "right": {"name": shown(right_name, NAME_CHARACTERS, one_line=True), "pieces": _pieces(found.right)},
        },
    )


def _pieces(pieces: Sequence[Piece]) -> list[list[str | bool]]:
    return [[shown(piece.text), piece.alone] for piece in pieces]
