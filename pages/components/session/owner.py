"""Whose work a job is: the session's, until people sign in."""

from __future__ import annotations

import secrets

import streamlit as st

from pages.components.session import keys


def owner() -> str:
    """What the jobs of this session have in common, and those of no other: the queue gives owners turns."""
    found = st.session_state.get(keys.JOB_OWNER)
    if found is None:
        found = st.session_state[keys.JOB_OWNER] = secrets.token_urlsafe(16)
    return str(found)
