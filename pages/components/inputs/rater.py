"""Who rates: the name that this session has said, on whichever page."""

from __future__ import annotations

from collections.abc import Callable, Collection

import streamlit as st

from pages.components.session import keys
from pages.components.session.owner import keeper

FIRST_RATER = "Me"


def rater(people: Callable[[], Collection[str]]) -> str:
    """Whose ratings are given: the person's address where people sign in, else the name that this session has said.
    Until it has said one "Me", or empty where somebody has rated the set (`people`), since it may be another person."""
    if person := keeper():
        return person
    name = st.session_state.get(keys.EVALUATE_RATER)
    if name is None:
        return "" if people() else FIRST_RATER
    return str(name).strip()


def rater_input(people: Callable[[], Collection[str]], on_change: Callable[[], None] | None = None) -> None:
    """The field for the name, or the person's own. `on_change` is called before the page runs again."""
    if person := keeper():
        st.text(f"Rated by {person}", width="content")
        return
    if st.session_state.get(keys.EVALUATE_RATER) is None:
        st.session_state[keys.EVALUATE_RATER] = rater(people)
    st.text_input(
        "Rater",
        key=keys.EVALUATE_RATER,
        persist_state="session",
        max_chars=60,
        width=170,
        placeholder="Your name",
        on_change=on_change or "rerun",
        help="Whose ratings these are. Ratings of several people are kept apart, and compared on Evaluate.",
    )
