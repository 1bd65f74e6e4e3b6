"""Controls that several pages have: a choice of one, and the button that starts a page's work."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")


def segmented(label: str, options: Mapping[T, str], key: str, **how: Any) -> T:
    """Buttons side by side, of which one is always chosen, at first the first or the `default`; `options` maps what is
    chosen to the words on it.

    What else is given goes to Streamlit. Raises StopIteration without options.
    """
    if key not in st.session_state:
        how.setdefault("default", next(iter(options)))
    chosen: T | None = st.segmented_control(
        label, list(options), format_func=options.__getitem__, required=True, key=key, **how
    )
    return next(iter(options)) if chosen is None else chosen


def select(label: str, options: Mapping[T, str], key: str, **how: Any) -> T:
    """A select box; `options` maps what is chosen to its words. What else is given goes to Streamlit."""
    chosen: T = st.selectbox(label, list(options), format_func=options.__getitem__, key=key, **how)
    return chosen


def paste_area(label: str, key: str, what: str, **how: Any) -> None:
    """A place to paste documents; `what` says of which kind. What else is given goes to Streamlit."""
    placeholder = f"Paste {what} here: one per line, paragraphs with a blank line between, or JSON."
    st.text_area(label, key=key, placeholder=placeholder, persist_state="session", **how)


def token_budget(key: str) -> int:
    """How many tokens a block for a prompt may have."""
    return int(st.selectbox("At most, in tokens", [500, 1000, 2000, 4000, 8000], index=2, key=key, width=160))


def start_button(label: str, icon: str, **how: Any) -> bool:
    """The button that starts what the page is for, also by Ctrl and Enter; whether it was pressed."""
    return st.button(label, type="primary", icon=icon, shortcut="Ctrl+Enter", **how)


def back_to_suggestion(own: MutableMapping[T, float], name: T) -> None:
    """Where somebody has set a threshold of their own under this name: the button that forgets it."""
    if name in own:
        st.button(
            "Back to the suggestion", type="tertiary", icon=":material/undo:", on_click=own.__delitem__, args=(name,)
        )
