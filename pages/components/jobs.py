"""The one job manager of this process: work over a second runs in its threads and outlives a click or a reload."""

from __future__ import annotations

import streamlit as st

from rerank_core.jobs import JobManager


@st.cache_resource(show_spinner=False)
def manager() -> JobManager:
    """The manager that every session shares; app.py closes it when the server stops."""
    return JobManager()
