"""The work of everybody that is under way, with a button that ends it."""

from __future__ import annotations

import streamlit as st

from pages.components.administration import listing
from pages.components.session import keys, page_state
from pages.components.session.owner import owner

_EVERY_SECONDS = 2.0
_SHOWN = 50


class _Note:
    """What became of the last press."""

    text = ""


def running() -> None:
    """Draw the list, which follows the work by itself."""
    st.subheader("Running work", anchor=False)
    st.caption(
        "Everybody's work on this server that has not ended. Ending it tells the person who started it. What has left "
        "for a hosted service may still be billed. From a terminal: make jobs."
    )
    _list()


@st.fragment(run_every=_EVERY_SECONDS)
def _list() -> None:
    note, found = page_state.of(_Note), listing.under_way()
    with st.container():
        if note.text:
            st.text(note.text)
    if not found:
        st.info("Nothing is under way.", icon=":material/check_circle:")
        return
    people = len({one.who for one in found})
    st.text(
        f"{len(found):,} under way for {people:,}: {sum(not one.waits for one in found):,} running, "
        f"{sum(one.waits for one in found):,} waiting"
    )
    for one in found[:_SHOWN]:
        _row(one)
    if len(found) > _SHOWN:
        st.caption(f"And {len(found) - _SHOWN:,} more, which came later.")


def _row(one: listing.Listed) -> None:
    mine = " (you)" if one.who == listing.who(owner()) else ""
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap=None):
            st.text(f"{one.number}. {one.what}, {one.who}{mine}")
            st.text(f"About {one.tokens:,} tokens, {one.standing}" if one.tokens else one.standing.capitalize())
        st.button(
            "End",
            icon=":material/stop_circle:",
            key=keys.of(keys.END_JOB, one.number),
            disabled=one.stopping,
            on_click=_end,
            args=(one.number,),
            width="content",
        )


def _end(number: int) -> None:
    ended = listing.end(number)
    page_state.of(_Note).text = (
        f"Ended: {number}. {ended.what}, {ended.who}." if ended is not None else f"{number} had ended by itself."
    )
