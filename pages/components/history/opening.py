"""Opening a thing again, on the page where it was made."""

from __future__ import annotations

import streamlit as st

from pages.components.history.state import state
from pages.components.session import reopened, stores
from pages.components.session.texts import open_run
from rerank_core import RerankError
from rerank_core.storage.history.record import HistoryEntry, HistoryPage

_FILES: dict[HistoryPage, str] = {
    "playground": "playground.py",
    "compare": "compare.py",
    "search": "search.py",
    "duplicates": "playground.py",
    "evaluate": "evaluate.py",
}


def open_thing(entry: HistoryEntry) -> None:
    """Have its page show it; for a button's callback. `go` then goes there."""
    current = state()
    try:
        if entry.page in ("playground", "duplicates"):
            run = stores.runs().get(entry.runs[0]) if entry.runs else None
            if run is None:
                raise RerankError("This is gone.", hint="It was deleted, perhaps in another window.")
            open_run(run)
        elif entry.page == "evaluate":
            reopened.want("evaluate", entry.id)
        else:
            reopened.want(entry.page, ",".join(entry.runs))
    except RerankError as error:
        current.error = error
        return
    current.going = _FILES[entry.page]


def go() -> None:
    """Go to the page of what was just opened, if anything was."""
    page, state().going = state().going, None
    if page is not None:
        st.switch_page(page)
