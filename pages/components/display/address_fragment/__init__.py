"""What stands behind the # of the address, which the server never sees: read by a component, once, and taken out."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.components.display import kept_fragment
from pages.components.display.component import component
from pages.components.session import keys

__all__ = ["address_fragment"]

_FRAGMENT = component("address_fragment", html="<span></span>")


def address_fragment(
    prefix: str, on_received: Callable[[str], object], *, limit: int, expected: bool, key: str
) -> None:
    """Tell `on_received`, before the page runs again, of a fragment that begins with `prefix`, cut to `limit`
    characters. Where one is `expected` and there is none, it is told of an empty one."""

    def heard() -> None:
        received = st.session_state.get(key, {}).get("received")
        fragment = received.get("fragment") if isinstance(received, dict) else None
        if isinstance(fragment, str):
            on_received(fragment[:limit])

    # Nothing of it is to be seen, and it must not take a place among what is.
    with st.container(key=keys.of(key, "place")):
        data = {"prefix": prefix, "limit": limit, "expected": expected, "kept": kept_fragment.NAME}
        _FRAGMENT(key=key, data=data, on_received_change=heard)
