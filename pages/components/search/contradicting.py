"""Results that are near-copies and say different things: marked on the board, and side by side below it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from pages.components.display.board import BoardRow, shown
from pages.components.display.difference import side_by_side
from pages.components.search.state import state
from pages.components.session import keys
from rerank_core.duplicates import difference
from rerank_core.duplicates.contradictions import Contradiction, contradictions
from rerank_core.models import RankedDocument
from rerank_core.ranking.orders import label_of

MOST = 20
"""How many of the first results are held against each other."""


def among(results: Sequence[RankedDocument], top_n: int, run_id: str) -> tuple[Contradiction, ...]:
    """The contradicting near-copies among the results that are kept; their places are places in `results`. Looked for
    once a run and Top N: in long texts that takes longer than the rest of the page."""
    current, first = state(), min(top_n, MOST)
    if current.apart[0] != (run_id, first):
        current.apart = (run_id, first), contradictions([row.document.text for row in results[:first]])
    return current.apart[1]


def marked(rows: list[BoardRow], results: Sequence[RankedDocument], found: Sequence[Contradiction]) -> list[BoardRow]:
    """The board's rows with a mark on those that contradict another one, and in words what it is."""
    said: dict[str, list[str]] = {}
    for each in found:
        one, other = results[each.first], results[each.second]
        said.setdefault(str(one.index), []).append(f"rank {other.rank} says otherwise: {each.text}")
        said.setdefault(str(other.index), []).append(f"rank {one.rank} says otherwise: {each.text}")
    return [
        replace(
            row,
            title=f"⚠ {row.title or label_of(results[row.now - 1].document)}",
            tooltip="; ".join((*said[row.key], *([row.tooltip] if row.tooltip else []))),
        )
        if row.key in said
        else row
        for row in rows
    ]


def notice(results: Sequence[RankedDocument], found: Sequence[Contradiction], run_id: str) -> None:
    """Which results say different things, and the two texts side by side for who looks."""
    for place, each in enumerate(found):
        one, other = results[each.first], results[each.second]
        with st.expander(
            f"Ranks {one.rank} and {other.rank} say different things", icon=":material/warning:", expanded=place == 0
        ):
            st.text(f"These two say different things: {shown(each.text, 200, one_line=True)}")
            side_by_side(
                difference(one.document.text, other.document.text),
                f"Rank {one.rank}: {label_of(one.document)}",
                f"Rank {other.rank}: {label_of(other.document)}",
                key=keys.of(keys.CONTRADICTION, abs(hash((run_id, each.first, each.second)))),
            )
