"""What a session holds for the History page."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

from pages.components.session import keys, page_state
from rerank_core import RerankError

MOST_CHOSEN = 2


@dataclass
class HistoryState:
    """What is chosen, compared and asked about, and what is to be said once."""

    visited: bool = False
    # The things with a check mark, in the order in which they were chosen, and the two that are compared.
    chosen: list[str] = field(default_factory=list)
    compared: tuple[str, str] | None = None
    # The cursors of the pages of the list that were left for older ones.
    before: list[tuple[str, int]] = field(default_factory=list)
    # The thing that is being named, and those that somebody is asked about deleting.
    naming: str | None = None
    deleting: tuple[str, ...] = ()
    # The file of the page that shows a thing which was opened.
    going: str | None = None
    error: RerankError | None = None
    message: str = ""
    # What a picked row of the comparison shows; how often a file was taken in, since its widget begins anew then.
    picked: str | None = None
    files: int = 0


def state() -> HistoryState:
    """This session's History page."""
    return page_state.of(HistoryState)


def choose(thing: str) -> None:
    """Its box was ticked or cleared; a third one takes the place of the first."""
    current = state()
    if thing in current.chosen:
        current.chosen.remove(thing)
        return
    current.chosen.append(thing)
    for left in current.chosen[:-MOST_CHOSEN]:
        current.chosen.remove(left)
        st.session_state[keys.of(keys.HISTORY_CHOOSE, left)] = False


def choose_none() -> None:
    """No box is ticked any more."""
    for thing in state().chosen:
        st.session_state[keys.of(keys.HISTORY_CHOOSE, thing)] = False
    state().chosen.clear()


def compare_chosen() -> None:
    """Hold the two against each other."""
    first, second = state().chosen
    state().compared, state().picked = (first, second), None


def back() -> None:
    """To the list."""
    state().compared = state().picked = None


def older(cursor: tuple[str, int]) -> None:
    """To the page of the list after this entry."""
    state().before.append(cursor)


def newer() -> None:
    """Back to the page of the list before."""
    state().before.pop()


def from_the_top() -> None:
    """Something else is looked for: the list begins anew."""
    state().before.clear()
