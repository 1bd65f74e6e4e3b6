"""The board: two orders side by side, drawn by a Streamlit component that writes text as text only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import streamlit as st

from pages.components.display.board.rows import (
    ANSWER_MEANING,
    LINES,
    MAX_ROWS,
    BoardEvent,
    BoardRow,
    BoardView,
    Rating,
    event_of,
    movement,
    payload,
    shown,
)
from pages.components.display.component import component
from pages.components.session import keys

__all__ = [
    "ANSWER_MEANING",
    "LINES",
    "MAX_ROWS",
    "BoardEvent",
    "BoardRow",
    "BoardView",
    "Rating",
    "board",
    "movement",
    "shown",
]

_BOARD = component("board", "theme.css", "orders.css", "elements.js", "orders.js")


def board(rows: Sequence[BoardRow], view: BoardView, *, key: str, on_event: Callable[[BoardEvent], None]) -> None:
    """Draw the board. `rows` in any order, at most MAX_ROWS; what is done on it is told to `on_event`.

    Rows placed after Top N start folded; the board remembers what the person chose. `on_event` is called before the
    page runs again, where widget values may still be set. Raises ValueError as `payload` does.
    """
    # Ratings are numbered by the clock. What a browser still holds from before this session is not news.
    memory = st.session_state.setdefault(keys.of(key, "board"), {"folded": True, "seen": int(time.time() * 1000)})

    def heard(name: str) -> None:
        event, seen = event_of(name, st.session_state.get(key, {}).get(name), memory["seen"])
        # The next press may break this off wherever it looks into the session. What was not followed to its end is
        # heard again with that press, so it is ticked off last.
        if event != BoardEvent():
            on_event(event)
        memory["seen"] = seen

    # The fold arrives with the state before the component is drawn, so that it is drawn folded as asked.
    folded = st.session_state.get(key, {}).get("folded")
    if isinstance(folded, bool):
        memory["folded"] = folded
    result = _BOARD(
        key=key,
        data=payload(rows, view, folded=memory["folded"], seen=memory["seen"]),
        on_picked_change=lambda: heard("picked"),
        on_threshold_change=lambda: heard("threshold"),
        on_ratings_change=lambda: heard("ratings"),
        on_folded_change=lambda: None,
    )
    unheard, seen = event_of("ratings", result.get("ratings"), memory["seen"])
    if unheard.rated:  # broken off by something else than a press on this board, which does not tell of them again
        on_event(unheard)
        memory["seen"] = seen
        st.rerun()
