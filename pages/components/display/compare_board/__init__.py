"""Several orders of the same documents side by side, with lines between neighbouring columns.

The board's bigger sibling: drawn by a Streamlit component that writes text as text only. It draws ranks and words for
scores, but no scores, since numbers of different models do not compare.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from pages.components.display.board import LINES, shown
from pages.components.display.component import component
from pages.components.session import keys
from rerank_core.models import Document
from rerank_core.ranking.heading import heading

__all__ = ["MAX_ROWS", "Column", "compare_board", "heading", "payload"]

MAX_ROWS = 50
"""Rows drawn of each column; the table on the page has the rest."""

UNFOLDED_ROWS = 12
"""Lists up to this length are shown whole; of longer ones the first FOLDED_ROWS, or Top N where that is more."""

FOLDED_ROWS = 10
TEXT_CHARACTERS = 300
TITLE_CHARACTERS = 120

_BOARD = component("compare_board", "theme.css", "orders.css", "elements.js", "orders.js")


@dataclass(frozen=True, slots=True)
class Column:
    """One order. `about` stands below its name, `order` are places in the documents, best first, `only` those of them
    that no other column has at its top, `words` what the model's own scale says of a place: "strong"."""

    name: str
    order: tuple[int, ...]
    about: str = ""
    only: frozenset[int] = frozenset()
    words: Mapping[int, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """How the columns are shown: `presenter` enlarges the type, `lines` draws the lines between them."""

    presenter: bool = False
    lines: bool = True


_PLAIN = View()


def compare_board(
    columns: Sequence[Column],
    documents: Sequence[Document],
    *,
    top_n: int,
    key: str,
    picked: int | None = None,
    on_pick: Callable[[int], None] | None = None,
    how: View = _PLAIN,
) -> None:
    """Draw the columns with a rule below `top_n`; long ones start folded.

    `on_pick` is called with a document's place when somebody asks for it, before the page runs again.
    """
    memory = st.session_state.setdefault(keys.of(key, "board"), {"folded": True})
    folded = st.session_state.get(key, {}).get("folded")
    if isinstance(folded, bool):
        memory["folded"] = folded

    def heard() -> None:
        # What a browser sends is checked like anything from outside.
        asked = st.session_state.get(key, {}).get("picked")
        if on_pick is not None and isinstance(asked, int) and 0 <= asked < len(documents):
            on_pick(asked)

    _BOARD(
        key=key,
        data=payload(columns, documents, top_n=top_n, picked=picked, folded=bool(memory["folded"]))
        | {"presenter": how.presenter, "without": {"lines": not how.lines}},
        on_picked_change=heard,
        on_folded_change=lambda: None,
    )


def payload(
    columns: Sequence[Column], documents: Sequence[Document], *, top_n: int, picked: int | None, folded: bool
) -> dict[str, Any]:
    """The columns as plain JSON, with each document that is drawn once; its size does not grow beyond MAX_ROWS rows."""
    drawn = {place for column in columns for place in column.order[:MAX_ROWS]}
    longest = max((len(column.order) for column in columns), default=0)
    rows = min(MAX_ROWS, longest)
    visible = rows if rows <= UNFOLDED_ROWS else min(rows, max(FOLDED_ROWS, top_n))
    return {
        "columns": [
            {
                "name": shown(column.name, 60, one_line=True),
                "about": shown(column.about, 120, one_line=True),
                "order": list(column.order[:MAX_ROWS]),
                "only": sorted(column.only & drawn),
                "words": {
                    str(place): column.words[place] for place in column.order[:MAX_ROWS] if place in column.words
                },
            }
            for column in columns
        ],
        # Every rank of a document that is drawn anywhere, also where another column has it too deep to draw.
        "ranks": [
            {str(place): rank for rank, place in enumerate(column.order, start=1) if place in drawn}
            for column in columns
        ],
        "documents": {str(place): _document(documents[place]) for place in sorted(drawn)},
        "top": top_n,
        "visible": visible,
        "lines": LINES,
        "picked": picked,
        "folded": folded,
        "labels": {
            "only": "only here" if len(columns) > 2 else "not there",
            "wordHint": "By the own scale of this model",
            "onlyHint": f"In the top {top_n} of no other column",
            "show": f"Show {rows - visible:,} more",
            "hide": f"Fold what is below {visible:,}",
            "more": f"{longest - MAX_ROWS:,} more in the table" if longest > MAX_ROWS else "",
        },
    }


def _document(document: Document) -> dict[str, str | None]:
    title, text = heading(document)
    return {
        "title": shown(title, TITLE_CHARACTERS, one_line=True) if title else None,
        "text": shown(text, TEXT_CHARACTERS, one_line=True) or "(blank)",
    }
