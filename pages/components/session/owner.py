"""Whose a job or a stored thing is: the person's where people sign in, else the session's, or everybody's."""

from __future__ import annotations

import secrets

import streamlit as st

from pages.components.session import keys, people
from rerank_core.storage.ownership import NOBODY_SIGNS_IN, Actor


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
    return actor().keeper


def actor() -> Actor:
    """Who uses the stores in this session: what they find, open and change depends on it. Not for worker threads, which
    are handed stores that act for somebody already."""
    person = people.current()
    return NOBODY_SIGNS_IN if person is None else Actor(person.email, person.operator)


def may_change(owner: str) -> bool:
    """Whether this session may rename, delete, pause or resume a stored thing of this owner.

    Yes where nobody signs in; else for the owner and for an operator. A thing without an owner ("") is from before
    people signed in here, and the operator's.
    """
    return actor().may_change(owner)
