"""Whose a stored thing is, in words and as an act. Where nobody signs in all is everybody's, and nothing is said."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.components.server import deployment
from pages.components.session import owner, people
from rerank_core.storage.ownership import Ownership

SHARE = "Share with everyone here"


def whose(owned: Ownership) -> str:
    """Whose a thing is, for a list and for the thing itself; empty where nobody signs in. The text holds an address: it
    goes onto a page as text."""
    person = people.current()
    if person is None:
        return ""
    if owned.owner == person.email:
        return "yours, shared" if owned.shared else "yours"
    if not owned.owner:
        return "everybody's"
    return f"shared by {owned.owner}" if owned.shared else f"{owned.owner}'s, not shared"


def named(name: str, owned: Ownership) -> str:
    """A thing in a list: its name, and whose it is."""
    about = whose(owned)
    return f"{name} · {about}" if about else name


def operates() -> bool:
    """Whether an operator of this server is at the other end."""
    person = people.current()
    return person is not None and person.operator


def may_change(owned: Ownership) -> bool:
    """Whether this person may rename, delete, share, pause or go on with a thing; the stores ask the same."""
    return owner.may_change(owned.owner)


def said(owned: Ownership) -> None:
    """Whose a thing is, beside it, where somebody else alone may change it."""
    if may_change(owned):
        return
    who = "only they or an operator" if owned.owner else "only an operator"
    st.text(f"{whose(owned).capitalize()}: {who} can change it.", width="content")


def share_switch(owned: Ownership, share: Callable[[bool], None], *, key: str, meaning: str) -> None:
    """The act of sharing a thing, and of taking it back, for whoever may. `share` hears which, before the page is
    drawn; `meaning` says what others can do with it then."""
    if people.current() is None or not owned.owner or not may_change(owned):
        return
    st.session_state[key] = owned.shared
    st.toggle(SHARE, key=key, on_change=lambda: share(bool(st.session_state[key])), help=meaning)


def seen_by_everybody() -> None:
    """Beside a place for uploads that are kept: who will see them, where others come in without a sign-in."""
    if deployment.shared() and not deployment.signs_in():
        st.caption(
            ":material/public: Nobody signs in here: everyone who opens this app finds what is kept here, and can "
            "change and delete it."
        )
