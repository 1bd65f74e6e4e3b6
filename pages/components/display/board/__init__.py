"""The board: two orders side by side, drawn by a Streamlit component that writes text as text only."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from pages.components.display.board.rows import MAX_ROWS, BoardEvent, BoardRow, Rating, movement, payload, shown
from pages.components.session import keys

__all__ = ["MAX_ROWS", "BoardEvent", "BoardRow", "Rating", "board", "movement", "shown"]

_HERE = Path(__file__).parent
# Read once. Streamlit would take a one-line string for a path; these have many. The script is one module in
# the browser, so its parts are joined, the one with the export last.
_BOARD = st.components.v2.component(
    "rerank_board",
    html=(_HERE / "board.html").read_text("utf-8"),
    css=(_HERE / "board.css").read_text("utf-8"),
    js="\n".join((_HERE / name).read_text("utf-8") for name in ("threshold.js", "board.js")),
)


def board(
    rows: Sequence[BoardRow],
    *,
    top_n: int,
    threshold: float | None = None,
    initial_name: str,
    reranked_name: str,
    key: str,
    lines: int = 30,
    picked: str | None = None,
    scores: bool = True,
    rating: bool = False,
    presenter: bool = False,
    question: str | None = None,
    on_event: Callable[[BoardEvent], None] | None = None,
) -> BoardEvent:
    """Draw the board and return what was done on it since the last run.

    `rows` in any order, at most MAX_ROWS. Rows placed after `top_n` start folded; the board remembers what
    the person chose. `threshold` (0 to 1) draws a handle to drag, None draws none; 0 keeps everything and can
    be dragged up. `lines`: how many first places of either order get a curve. `picked` marks the row whose
    document the page shows. `scores` False is for a provider that has none. `presenter` enlarges the type.
    The words that a text shares with `question` are marked; None marks none.

    `on_event` is called before the page runs again, where widget values may still be set; the same event is
    also returned, so use one or the other. Raises ValueError as `payload` does.
    """
    # Ratings are numbered by the clock. What a browser still holds from before this session is not news.
    memory = st.session_state.setdefault(keys.of(key, "board"), {"folded": True, "seen": int(time.time() * 1000)})

    def heard(name: str) -> Callable[[], None]:
        def callback() -> None:
            event, seen = _event(st.session_state.get(key, {}), memory["seen"], only=name)
            # The next press may break this off wherever it looks into the session. What was not followed to its end is
            # heard again with that press, so nothing may be ticked off before.
            if on_event is not None and event != BoardEvent():
                on_event(event)
            memory.update(seen=seen, event=_merged(memory.get("event"), event))

        return callback

    # The fold arrives with the state before the component is drawn, so that it is drawn folded as asked.
    state = st.session_state.get(key, {})
    if isinstance(state.get("folded"), bool):
        memory["folded"] = state["folded"]
    result = _BOARD(
        key=key,
        data=payload(
            rows,
            top_n=top_n,
            threshold=threshold,
            initial_name=initial_name,
            reranked_name=reranked_name,
            lines=lines,
            picked=picked,
            scores=scores,
            rating=rating,
            presenter=presenter,
            folded=memory["folded"],
            seen=memory["seen"],
            question=question,
        ),
        on_picked_change=heard("picked"),
        on_threshold_change=heard("threshold"),
        on_ratings_change=heard("ratings"),
        on_folded_change=heard("folded"),
    )
    event, seen = _event(result, memory["seen"])
    if on_event is not None and event.rated:  # broken off by something else than a press on this board
        on_event(BoardEvent(rated=event.rated))
        memory["seen"] = seen
        st.rerun()
    memory["seen"] = seen
    return _merged(memory.pop("event", None), event)


def _event(state: Any, seen: int, only: str | None = None) -> tuple[BoardEvent, int]:
    """Read an event out of what the browser sent, which is checked like anything from outside; with the number of the
    last rating in it, where they go on from `seen`."""
    picked, threshold = state.get("picked"), state.get("threshold")
    rated: list[Rating] = []
    if only in (None, "ratings"):
        for entry in state.get("ratings") or ():
            match entry:
                case [int(number), str(row), None | 0 | 1 | 2 | 3 as value] if number > seen:
                    seen = number
                    rated.append(Rating(row, value))
    event = BoardEvent(
        picked=picked if isinstance(picked, str) and only in (None, "picked") else None,
        rated=tuple(rated),
        threshold=(
            min(1.0, max(0.0, float(threshold)))
            if isinstance(threshold, int | float) and only in (None, "threshold")
            else None
        ),
    )
    return event, seen


def _merged(first: BoardEvent | None, then: BoardEvent) -> BoardEvent:
    if first is None:
        return then
    return BoardEvent(
        picked=then.picked if then.picked is not None else first.picked,
        rated=first.rated + then.rated,
        threshold=then.threshold if then.threshold is not None else first.threshold,
    )
