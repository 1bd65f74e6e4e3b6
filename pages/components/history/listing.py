"""The list: what is pinned first, then day by day, a page of it at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby

import streamlit as st

from pages.components.display import errors
from pages.components.history import filters
from pages.components.history.row import delete_question, row
from pages.components.history.state import choose_none, compare_chosen, newer, older, state
from pages.components.server import deployment
from pages.components.session import keys, stores
from rerank_core import RerankError
from rerank_core.storage.history.record import HistoryEntry, Wanted, same_kind

_STYLE = (
    f"<style>[class*=st-key-{keys.HISTORY_TITLE}] [data-testid=stText] {{font-weight: 600}}"
    f"[class*=st-key-{keys.HISTORY_ABOUT}] [data-testid=stText] {{font-size: .875rem; opacity: .8}}</style>"
)
PAGE_ROWS = 20
PINNED_ROWS = 50


def allowed() -> bool:
    """Whether there is a list. Where others come in without a sign-in there is none: an address that nobody can guess
    is all that keeps a run from them."""
    return deployment.signs_in() or not deployment.shared()


def refused() -> None:
    """Say why there is no list."""
    st.info(
        "Others can open this app without signing in, so nobody gets a list of what was run here. The address of a run "
        "opens it again. Once people sign in, each has a history of their own.",
        icon=":material/lock:",
    )


def listing() -> None:
    """Draw the search, the list, and what to do with what is chosen."""
    current = state()
    st.html(_STYLE)
    wanted = filters.wanted()
    try:
        pinned = () if current.before else stores.history().find(replace(wanted, pinned=True), PINNED_ROWS).entries
        found = stores.history().find(replace(wanted, pinned=False), PAGE_ROWS)
    except RerankError as error:
        errors.show(error, title="The history cannot be read")
        return
    with st.container():
        _chosen_bar()
    with st.container():
        delete_question()
    if not pinned and not found.entries:
        _nothing(wanted)
        return
    if pinned:
        _group("Pinned", pinned, dated=True)
    for day, entries in groupby(found.entries, lambda entry: entry.created.astimezone().date()):
        _group(day_name(day, datetime.now().astimezone().date()), list(entries))
    _turn(found.entries, found.more)


def day_name(day: date, today: date) -> str:
    """A day as the heading of what was made on it."""
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return f"{day:%A}, {day.day} {day:%B %Y}"


def _group(name: str, entries: Sequence[HistoryEntry], *, dated: bool = False) -> None:
    st.subheader(name, anchor=False)
    with st.container(gap="xsmall"):
        for entry in entries:
            row(entry, dated=dated)


def _chosen_bar() -> None:
    """What is chosen, and the comparison of two."""
    current = state()
    many = len(current.chosen)
    if not many:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, gap="small"):
        entries = [stores.history().get(thing) for thing in current.chosen]
        kinds = [entry for entry in entries if entry is not None]
        fit = len(kinds) == 2 and same_kind(*kinds)
        said = "1 chosen. Tick a second one to compare the two." if many == 1 else "2 chosen."
        if many == 2 and not fit:
            said = (
                "2 chosen, of different kinds: compare runs with runs, comparisons with comparisons, evaluations with "
                "evaluations."
            )
        st.markdown(said, width="stretch")
        st.button(
            "Compare the two",
            type="primary",
            icon=":material/difference:",
            key=keys.HISTORY_AGAINST,
            disabled=not fit,
            on_click=compare_chosen,
        )
        st.button("Clear", type="tertiary", key=keys.HISTORY_KEEP, on_click=choose_none)


def _nothing(wanted: Wanted) -> None:
    if wanted.words or wanted.pages or wanted.models or wanted.tags or wanted.owners:
        st.info(
            "Nothing fits. Try other words or fewer filters: every word must occur, in the query, the documents, the "
            "name, the note or the tags.",
            icon=":material/search_off:",
        )
        return
    st.info(
        "Nothing is kept yet. What you run with Rerank, Compare, Search or Evaluate appears here by itself, with its "
        "documents, settings, price and answer; the examples that start by themselves do not.",
        icon=":material/history:",
    )
    with st.container(horizontal=True):
        st.page_link("playground.py", label="Rerank something", icon=":material/swap_vert:")
        st.page_link("compare.py", label="Compare models", icon=":material/compare_arrows:")
        st.page_link("search.py", label="Search your content", icon=":material/search:")
        st.page_link("evaluate.py", label="Evaluate queries", icon=":material/monitoring:")


def _turn(entries: Sequence[HistoryEntry], more: bool) -> None:
    """To older entries and back."""
    current = state()
    with st.container(horizontal=True):
        if current.before:
            st.button("Newer", icon=":material/arrow_back:", on_click=newer)
        if more:
            st.button(
                "Older",
                icon=":material/arrow_forward:",
                icon_position="right",
                key=keys.HISTORY_LATER,
                on_click=older,
                args=(entries[-1].cursor,),
            )
