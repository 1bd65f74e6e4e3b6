"""What one session holds for one page or one purpose: made when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

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
