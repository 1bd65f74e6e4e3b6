"""Tabs of which only the open one is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st


def tabs(draw: Mapping[str, Callable[[], object]], key: str) -> None:
    """Draw tabs by these names; each is drawn by its function, and only while it is open."""
    for tab, each in zip(st.tabs(list(draw), key=key, on_change="rerun"), draw.values(), strict=True):
        if tab.open:
            with tab:
                each()
