"""The address bar: small choices and ids that a reload or a link brings back; never a text, never a key."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st


def get(name: str) -> str | None:
    """What the address says under this name; None where it says nothing."""
    return st.query_params.get(name)


def sync(wanted: Mapping[str, str | None]) -> None:
    """Make the address say this, each name with its value and without the names whose value is None."""
    there = st.query_params.to_dict()
    said = {name: value for name, value in {**there, **wanted}.items() if value is not None}
    if said != there:  # at once, since the browser draws the page anew for each change
        st.query_params.from_dict(said)
