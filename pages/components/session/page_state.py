"""What one session holds for one page or one purpose: made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from pages.components.session import keys

T = TypeVar("T")


def of(kind: type[T], name: str = "") -> T:
    """This session's object of a class that can be made without arguments; `name` tells several of a class apart.

    It is kept under the name of its class in small letters, without "State": "playground", "texts".
    """
    return keep(f"{kind.__name__.removesuffix('State').lower()}{name and '_'}{name}", kind)


def keep(name: str, make: Callable[[], T]) -> T:
    """What this session holds under this name, made by `make` when it is first asked for."""
    found: T | None = st.session_state.get(name)
    if found is None:
        found = st.session_state[name] = make()
    return found


# Several pages draw these, each with a widget of its own: all that pages/components/inputs keeps for the session.
SHARED_WIDGETS = (
    keys.DOCUMENTS,
    keys.EDIT_TABLE,
    keys.EVALUATE_RATER,
    keys.EXAMPLE,
    keys.LIVE_ADDRESS,
    keys.LIVE_INDEX,
    keys.LIVE_KEY,
    keys.LIVE_KIND,
    keys.LIVE_TEMPLATE,
    keys.LIVE_TEXT,
    keys.LIVE_TITLE,
    keys.LIVE_URL,
    keys.LIVE_USER,
    keys.MODEL,
    keys.PASTED_MARKUP,
    keys.QUERY,
    keys.READ_AS,
    keys.RETURN_DOCUMENTS,
    keys.START_ORDER,
    keys.TOP_N,
)


def carry_over(page: str) -> None:
    """Bring what was typed and chosen on the page before onto this one, for what several pages ask for.

    Streamlit would begin with what this page's own widgets held when the page was left. Call it before any is drawn.
    """
    if st.session_state.get(keys.LAST_PAGE) == page:
        return
    st.session_state[keys.LAST_PAGE] = page
    for key in SHARED_WIDGETS:
        if key in st.session_state:
            st.session_state[key] = st.session_state[key]
