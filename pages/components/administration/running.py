"""The work of everybody that is under way, with a button that ends it."""

from __future__ import annotations

import streamlit as st

from pages.components.administration import listing
from pages.components.display import errors
from pages.components.jobs import replicas
from pages.components.session import keys, page_state
from pages.components.session.owner import owner
from rerank_core.errors import RerankError

_EVERY_SECONDS = 2.0
_SHOWN = 50


class _Note:
    """What became of the last press."""

    text = ""


def running() -> None:
    """Draw the list, which follows the work by itself."""
    st.subheader("Running work", anchor=False)
    st.caption(
        f"Everybody's work on {'every server of this database' if replicas.shared() else 'this server'} that has not "
        "ended. Ending it tells the person who started it. What has left for a hosted service may still be billed. "
        f"From a terminal{', for one server' if replicas.shared() else ''}: make jobs."
    )
    _list()


@st.fragment(run_every=_EVERY_SECONDS)
def _list() -> None:
    note = page_state.of(_Note)
    try:
        found = listing.on_every_server()
    except RerankError as error:
        errors.show(error)
        found = listing.under_way()
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
            where = f", on {one.server}" if one.server else ""
            st.text(f"{one.number}. {one.what}, {one.who}{mine}{where}")
            st.text(f"About {one.tokens:,} tokens, {one.standing}" if one.tokens else one.standing.capitalize())
        st.button(
            "End",
            icon=":material/stop_circle:",
            key=keys.of(keys.END_JOB, f"{one.token}_{one.number}" if one.token else one.number),
            disabled=one.stopping,
            on_click=_end,
            args=(one,),
            width="content",
        )


def _end(one: listing.Listed) -> None:
    page_state.of(_Note).text = listing.end_there(one)
