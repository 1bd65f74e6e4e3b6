"""What the address of the History page brings, and what it says afterwards: ids and page names, never a text."""

from __future__ import annotations

import streamlit as st

from pages.components.history.state import state
from pages.components.session import keys, query_params
from rerank_core.storage.history.record import PAGES


def restore_from_link() -> None:
    """Take over what the address names, the first time that the page is seen in a session."""
    current = state()
    if current.visited:
        return
    current.visited = True
    these = [name for name in (query_params.get(keys.HISTORY_COMPARED) or "").split(",") if name]
    if len(these) == 2:
        current.compared = (these[0], these[1])
    asked = (query_params.get(keys.HISTORY_PAGES) or "").split(",")
    st.session_state[keys.HISTORY_PAGES] = [page for page in PAGES if page in asked]


def sync_query_params() -> None:
    """Keep what is compared and the chosen pages in the address, so that a reload brings them back."""
    current = state()
    pages = st.session_state.get(keys.HISTORY_PAGES) or []
    query_params.sync(
        {
            keys.HISTORY_COMPARED: ",".join(current.compared) if current.compared else None,
            keys.HISTORY_PAGES: ",".join(pages) or None,
        }
    )
