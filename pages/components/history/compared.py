"""Two things held against each other: which is the earlier one, and what kind of difference they have."""

from __future__ import annotations

import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.history import two_comparisons, two_evaluations, two_runs
from pages.components.history.row import about, open_button
from pages.components.history.state import back
from pages.components.session import stores
from rerank_core import RerankError
from rerank_core.storage.history.record import HistoryEntry, same_kind

_TITLE = 300


def compared(first: str, second: str) -> None:
    """Draw the two things of these ids, the earlier one first."""
    st.button("Back to the list", icon=":material/arrow_back:", type="tertiary", on_click=back)
    try:
        found = [stores.history().get(thing) for thing in (first, second)]
        entries = sorted((entry for entry in found if entry is not None), key=lambda entry: entry.cursor)
        if len(entries) < 2:
            raise RerankError(
                "One of the two is not here: it was deleted, or is another's and not shared.",
                hint="Go back to the list and choose two others.",
            )
        if not same_kind(*entries):
            raise RerankError("The two are of different kinds.", hint="Choose two runs, comparisons or evaluations.")
        _heads(*entries)
        if entries[0].page == "evaluate":
            two_evaluations.draw(*entries)
        elif entries[0].page == "compare":
            two_comparisons.draw(*entries)
        else:
            two_runs.draw(*entries)
    except RerankError as error:
        errors.show(error)


def _heads(before: HistoryEntry, after: HistoryEntry) -> None:
    left, right = st.columns(2, gap="medium")
    for place, name, entry in ((left, "Earlier", before), (right, "Later", after)):
        with place, st.container(border=True, gap="xsmall"):
            st.subheader(name, anchor=False)
            st.text(shown(entry.called, _TITLE, one_line=True))
            st.text(about(entry, dated=True))
            if entry.note:
                st.text(shown(entry.note, _TITLE))
            open_button(entry)
