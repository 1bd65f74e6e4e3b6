"""Who is at the other end of this session, where people sign in."""

from __future__ import annotations

import streamlit as st

from pages.components.server import access, deployment
from pages.components.server.access import Person as Person

_NAME_LENGTH = 60


def current() -> Person | None:
    """The person of this session; None where nobody signs in here, which makes everything everybody's.

    Where people sign in and this session's is nobody who may come in, the run of the page ends here: the gate in
    the frame has asked before, and this holds where something went around it. Not for worker threads.
    """
    if not deployment.signs_in():
        return None
    person = allowed()
    if person is None:
        st.stop()
    return person


def allowed() -> Person | None:
    """The person of this session where they have signed in and may come in, else None."""
    return access.current().person(st.user.to_dict())


def administers() -> bool:
    """Whether this session may see and end everybody's work: an operator's where people sign in, else that of whoever
    sits at this computer, as long as nobody else can reach the app."""
    person = current()
    return not deployment.shared() if person is None else person.operator


def name() -> str:
    """What a page calls the person: by the name the provider gave, else by the address; empty where nobody signs in.

    The text comes from elsewhere: it goes onto a page as text.
    """
    person = current()
    if person is None:
        return ""
    given = " ".join(str(st.user.to_dict().get("name") or "").split())
    return given[:_NAME_LENGTH] if given.isprintable() and given else person.email
