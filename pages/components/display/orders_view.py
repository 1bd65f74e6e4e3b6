"""Two orders of the same documents: the board, or where they are more than it draws, two big tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pages.components.display.board import MAX_ROWS, BoardEvent, BoardRow, BoardView, board
from pages.components.display.tables import big_tables


def orders_view(
    rows: Sequence[BoardRow], view: BoardView, *, key: str, on_event: Callable[[BoardEvent], None]
) -> str | None:
    """Draw the rows in both orders; gives the key of the row whose document is to be shown.

    What is done on the board is told to `on_event` before the page runs again; the tables only let a row be picked.
    """
    if len(rows) > MAX_ROWS:
        return big_tables(rows, view, key=key) or view.picked
    board(rows, view, key=key, on_event=on_event)
    return view.picked
