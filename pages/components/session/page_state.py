"""What one session holds for one page or one purpose: a dataclass, made when it is first asked for."""

from __future__ import annotations

from typing import TypeVar

import streamlit as st

T = TypeVar("T")


def of(kind: type[T], name: str) -> T:
    """This session's object of this name; `kind` makes it, without arguments."""
    found: T | None = st.session_state.get(name)
    if found is None:
        found = st.session_state[name] = kind()
    return found
