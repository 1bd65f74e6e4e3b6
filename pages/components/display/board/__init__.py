"""The board: two orders side by side, drawn by a Streamlit component that writes text as text only."""

from __future__ import annotations

import time
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import streamlit as st

from pages.components.display.board.rows import (
    LINES,
    MAX_ROWS,
    BoardEvent,
    BoardRow,
    BoardView,
    Rating,
    movement,
    payload,
    shown,
)
from pages.components.display.component import component
from pages.components.session import keys

__all__ = ["LINES", "MAX_ROWS", "BoardEvent", "BoardRow", "BoardView", "Rating", "board", "movement", "shown"]

_BOARD = component("board", "theme.css", "orders.css", "elements.js", "orders.js")


def board(
    rows: Sequence[BoardRow], view: BoardView, *, key: str, on_event: Callable[[BoardEvent], None] | None = None
) -> BoardEvent:
    """Draw the board and return what was done on it since the last run.

    `rows` in any order, at most MAX_ROWS. Rows placed after Top N start folded; the board remembers what the person
    chose.

    `on_event` is called before the page runs again, where widget values may still be set; the same event is
    also returned, so use one or the other. Raises ValueError as `payload` does.
    """
    # Ratings are numbered by the clock. What a browser still holds from before this session is not news.
    memory = st.session_state.setdefault(keys.of(key, "board"), {"folded": True, "seen": int(time.time() * 1000)})

    def heard(name: str) -> Callable[[], None]:
        def callback() -> None:
            event = _event(st.session_state.get(key, {}), memory, only=name)
            memory["event"] = _merged(memory.get("event"), event)
            if on_event is not None and event != BoardEvent():
                on_event(event)

        return callback

    # The fold arrives with the state before the component is drawn, so that it is drawn folded as asked.
    state = st.session_state.get(key, {})
    if isinstance(state.get("folded"), bool):
        memory["folded"] = state["folded"]
    result = _BOARD(
        key=key,
        data=payload(rows, view, folded=memory["folded"], seen=memory["seen"]),
        on_picked_change=heard("picked"),
        on_threshold_change=heard("threshold"),
        on_ratings_change=heard("ratings"),
        on_folded_change=heard("folded"),
    )
    return _merged(memory.pop("event", None), _event(result, memory))


def _event(state: Any, memory: MutableMapping[str, Any], only: str | None = None) -> BoardEvent:
    """Read an event out of what the browser sent, which is checked like anything from outside."""
    picked, threshold = state.get("picked"), state.get("threshold")
    rated: list[Rating] = []
    if only in (None, "ratings"):
        for entry in state.get("ratings") or ():
            match entry:
                case [int(number), str(row), None | 0 | 1 | 2 | 3 as value] if number > memory["seen"]:
                    memory["seen"] = number
                    rated.append(Rating(row, value))
    return BoardEvent(
        picked=picked if isinstance(picked, str) and only in (None, "picked") else None,
        rated=tuple(rated),
        threshold=(
            min(1.0, max(0.0, float(threshold)))
            if isinstance(threshold, int | float) and only in (None, "threshold")
            else None
        ),
    )


def _merged(first: BoardEvent | None, then: BoardEvent) -> BoardEvent:
    if first is None:
        return then
    return BoardEvent(
        picked=then.picked if then.picked is not None else first.picked,
        rated=first.rated + then.rated,
        threshold=then.threshold if then.threshold is not None else first.threshold,
    )
