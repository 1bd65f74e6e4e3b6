"""Who this session is in a set that several people judge, and what that hides."""

from __future__ import annotations

import streamlit as st

from pages.components.display.board import shown
from pages.components.evaluate.state import refresh, state
from pages.components.session import judge, keys, people

_LEADER = "I lead this (sees everybody's ratings)"


def leading() -> bool:
    """Whether this session leads the judging of the set in work; whoever has a set that nobody was assigned to
    does."""
    current = state()
    return current.set_id is not None and judge.here().leads(current.set_id, current.judging)


def is_blind() -> bool:
    """Whether others' ratings are kept from this session."""
    current = state()
    if current.set_id is None:
        return False
    name = judge.here().name(current.set_id, current.judging)
    return name is not None and current.judging.is_blind(name)


def names_rate() -> bool:
    """Whether raters of the set in work are told apart by names that they pick, since nobody signs in."""
    return bool(state().judging.raters) and people.current() is None


def who_rates() -> None:
    """Which of the raters sits here, or whoever leads. Once that is said, a line says it in place of the list, which
    would keep the keys from the screen below."""
    names = [one.name for one in state().judging.raters]
    typed = st.session_state.get(keys.EVALUATE_RATER)
    if leading() or typed in names:
        said = "You lead this judging" if leading() else f"You rate as {shown(str(typed), 60, one_line=True)}"
        st.text(said, width="content")
        st.button(
            "Somebody else", type="tertiary", icon=":material/switch_account:", key=keys.JUDGING_LEAVE, on_click=_leave
        )
        return
    st.session_state[keys.JUDGING_WHO] = None
    st.selectbox(
        "Who are you?",
        [*range(len(names)), -1],  # by number, since a rater may be called anything
        format_func=lambda one: _LEADER if one == -1 else names[one],
        key=keys.JUDGING_WHO,
        placeholder="Choose your name",
        on_change=_chosen,
        args=(names,),
        width=320,
        help="Several people rate this set. Each sees their own ratings alone until they are done.",
    )
    st.info("Several people rate this set: say who you are first.", icon=":material/badge:", width="stretch")


def notice() -> None:
    """On the steps after rating: why others' ratings are not in the figures."""
    if is_blind():
        st.info(
            "Several people rate this set. Until you are done, you see what your own ratings come to.",
            icon=":material/visibility_off:",
        )


def _chosen(names: list[str]) -> None:
    chosen = st.session_state[keys.JUDGING_WHO]
    if chosen == -1:
        judge.lead(state().set_id or "")
        st.session_state[keys.JUDGING_VIEW] = "raters"
    elif chosen is not None:
        judge.rate_as(names[chosen])
        st.session_state[keys.JUDGING_VIEW] = "rate"
    _anew()


def _leave() -> None:
    judge.rate_as("")
    _anew()


def _anew() -> None:
    state().rated_query = None
    state().undo.clear()
    state().settle_undo.clear()
    refresh()
