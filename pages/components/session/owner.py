"""Whose a job or a stored thing is: the person's where people sign in, else the session's, or everybody's."""

from __future__ import annotations

import secrets

import streamlit as st

from pages.components.session import keys, people


def owner() -> str:
    """Whose work a job is: the person's e-mail address where people sign in, else the session's token.

    The queue gives owners turns, and a job is shown to its owner alone.
    """
    person = people.current()
    if person is not None:
        return person.email
    found = st.session_state.get(keys.JOB_OWNER)
    if found is None:
        found = st.session_state[keys.JOB_OWNER] = secrets.token_urlsafe(16)
    return str(found)


def keeper() -> str:
    """Whose a thing is that is stored now: the person's e-mail address, or "" where nobody signs in: everybody's."""
    person = people.current()
    return "" if person is None else person.email


def may_change(owner: str) -> bool:
    """Whether this session may rename, delete, pause or resume a stored thing of this owner.

    Yes where nobody signs in; else for the owner and for an operator. A thing without an owner ("") is from before
    people signed in here, and the operator's.
    """
    person = people.current()
    return person is None or person.operator or person.email == owner
