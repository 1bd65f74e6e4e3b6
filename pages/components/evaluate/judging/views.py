"""The Rate step: the screen to rate on, and where several people rate, what they come to."""

from __future__ import annotations

import streamlit as st

from pages.components.evaluate import rate
from pages.components.evaluate.judging.agreement import agreement
from pages.components.evaluate.judging.raters import raters_view
from pages.components.evaluate.judging.settle import settle_view
from pages.components.evaluate.judging.viewing import is_blind, leading, names_rate, who_rates
from pages.components.evaluate.state import state
from pages.components.inputs.controls import segmented
from pages.components.session import keys
from rerank_core.evaluation.query_sets.query_set import NO_PERSON, QuerySet

_VIEWS = {"rate": "Rate", "raters": "Raters", "settle": "Settle"}
_DRAW = {"raters": raters_view, "settle": settle_view}


def rate_step(query_set: QuerySet) -> None:
    """The screen for rating alone, as long as one person rates; else beside it who rates and what is settled."""
    if not query_set.ready:
        st.info("No query of this set has candidates, so there is nothing to rate.", icon=":material/search_off:")
        return
    current = state()
    several = len(_people(query_set)) > 1 or bool(current.judging.raters)
    begun = st.session_state.get(keys.JUDGING_BEGUN) == current.set_id
    view = "rate"
    with st.container(horizontal=True, vertical_alignment="center"):
        if names_rate():
            who_rates()
        if (several or begun) and not is_blind():
            view = segmented("View", _VIEWS, keys.JUDGING_VIEW, label_visibility="collapsed")
    if view in _DRAW:
        _DRAW[view](query_set)
        return
    if names_rate() and leading():
        st.info(
            "You lead this judging and see everybody's ratings. To rate, press Somebody else and say who you are.",
            icon=":material/visibility:",
        )
        return
    rate.screen()
    if several:
        return
    agreement(query_set)
    if not begun and leading():
        st.button(
            "Judge with others",
            icon=":material/group_add:",
            type="tertiary",
            key=keys.JUDGING_BEGIN,
            on_click=_begin,
            help="Let several people rate this set, each without seeing the others' ratings, and settle what they see "
            "differently.",
        )


def _begin() -> None:
    st.session_state[keys.JUDGING_BEGUN] = state().set_id
    st.session_state[keys.JUDGING_VIEW] = "raters"


def _people(query_set: QuerySet) -> list[str]:
    return [name for name in query_set.raters if name not in NO_PERSON]
