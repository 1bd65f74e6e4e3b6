"""The sign-in page, which is all that somebody sees who has not come in, and the way out for those who have."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from pages.components.server import access, deployment, landing
from pages.components.session import keys, people, query_params
from pages.components.sharing import received

_STYLE = f"<style>{Path(__file__).with_name('sign_in.css').read_text('utf-8')}</style>"


def page(name: str, icon: Path) -> None:
    """Draw the page: what this is, a button for each provider, and who to turn to. Nothing else of the app is sent."""
    st.html(_STYLE)
    claims = st.user.to_dict()
    received.keep()
    with st.container(key=keys.SIGN_IN, gap="medium"):
        with st.container(gap="small"):
            # not st.image, which has a button of its own
            picture = base64.b64encode(icon.read_bytes()).decode()
            st.html(f'<img alt="" width="56" height="56" src="data:image/svg+xml;base64,{picture}">')
            st.title(name, anchor=False)
            st.markdown("See what reranking does to your own search results.")
        if claims.get("is_logged_in"):
            _refused(claims)
        else:
            _buttons()
        with st.container(gap=None):
            st.caption("Questions, or you cannot get in?")
            st.text(f"Turn to {access.current().contact or 'whoever runs this app'}.")


def who() -> None:
    """Draw who has signed in, with the way out; nothing where nobody signs in."""
    person = people.current()
    if person is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=keys.WHO):
        st.text(people.name(), help=f"Signed in as {person.email}")
        st.button("Sign out", key=keys.SIGN_OUT, on_click=st.logout, type="tertiary", icon=":material/logout:")


def _refused(claims: Mapping[str, object]) -> None:
    """Say that the sign-in worked and does not help here, with what somebody can do about it."""
    email = str(claims.get("email") or "").strip()
    if not email:
        words = "You have signed in, but your provider did not say with which e-mail address."
    elif access.verified_email(claims):
        words = "You have signed in, but this address is not on the list of this app."
    else:
        words = "You have signed in, but your provider has not verified this address, so it does not count here."
    with st.container(gap="small"):
        st.warning(words, icon=":material/block:")
        if email:
            st.text(email)
    st.button(
        "Sign in as somebody else", key=keys.SIGN_OUT, on_click=st.logout, icon=":material/logout:", width="stretch"
    )


def _buttons() -> None:
    if query_params.get(landing.FAILED):
        st.warning("The sign-in did not work. Try again, or ask for help as said below.", icon=":material/error:")
    auth = deployment.section("auth")
    named = [key for key, value in auth.items() if isinstance(value, Mapping) and "client_id" in value]
    for provider in [None] if "client_id" in auth else named:
        st.button(
            "Sign in" if provider is None else f"Sign in with {provider.replace('-', ' ').title()}",
            key=keys.of(keys.SIGN_IN_BY, provider or ""),
            on_click=st.login,
            args=(provider,),
            type="primary",
            icon=":material/login:",
            width="stretch",
        )
