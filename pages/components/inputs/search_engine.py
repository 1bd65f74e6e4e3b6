"""The form of a live search engine."""

from __future__ import annotations

from typing import Any

import streamlit as st

from pages.components.display import errors
from pages.components.inputs import engine_test
from pages.components.inputs.collections import LiveSettings
from pages.components.session import keys
from rerank_core import RerankError
from rerank_core.retrieval.live.index import LiveIndex
from rerank_core.retrieval.live.query import LiveFields, QueryTemplate
from rerank_core.transport.credentials import Credentials


def live_settings() -> LiveSettings | None:
    """The form of a live search engine; None until it could be asked."""
    with st.container(border=True):
        with st.container(horizontal=True):
            address = _field("Address", keys.LIVE_ADDRESS, 300, placeholder="http://localhost:9200")
            index = _field("Index", keys.LIVE_INDEX, 200, placeholder="articles")
            text = _field("Text field", keys.LIVE_TEXT, 150, placeholder="body")
            title = _field("Title field", keys.LIVE_TITLE, 150)
            url = _field("Link field", keys.LIVE_URL, 150)
        with st.container(horizontal=True):
            kind = st.selectbox(
                "Sign in with",
                ["Nothing", "User and password", "API key"],
                key=keys.LIVE_KIND,
                persist_state="session",
                width=200,
            )
            user = secret = ""
            if kind == "User and password":
                user = _field("User", keys.LIVE_USER, 200)
            if kind != "Nothing":
                label = "Password" if kind == "User and password" else "API key"
                secret = _field(label, keys.LIVE_KEY, 240, type="password")
        if not (address.strip() and index.strip() and text.strip()):
            st.caption("Fill in the address, the index and the field that holds the text.")
            return None
        try:
            fields = LiveFields(text, title, url)
            _default_template(fields)
            template = st.text_area(
                "Query template",
                key=keys.LIVE_TEMPLATE,
                height=150,
                help="The body of the search as JSON; {{query}} is where the question goes.",
                persist_state="session",
            )
            credentials = Credentials()
            if kind == "User and password":
                credentials = Credentials.basic(user, secret)
            elif kind == "API key":
                credentials = Credentials.api_key(secret)
            engine = LiveIndex(address, index, fields, credentials, template, timeout=15.0)
        except RerankError as error:
            errors.show(error, title="This search engine is not set up")
            return None
        asked = st.session_state.get(keys.QUESTION) or ""
        engine_test.show(engine, (address, index, fields, template, kind, user, secret), asked)
        return LiveSettings(engine, index)


def _field(label: str, key: str, width: int, **more: Any) -> str:
    """A field that keeps what is typed for as long as the session lasts."""
    typed: str = st.text_input(label, key=key, width=width, persist_state="session", **more)
    return typed


def _default_template(fields: LiveFields) -> None:
    """Begin with a template for these fields, and follow them until somebody writes one of their own."""
    default = QueryTemplate.default(fields).text
    if st.session_state.get(keys.LIVE_TEMPLATE) in (None, "", st.session_state.get(keys.LIVE_TEMPLATE_FOLLOWED)):
        st.session_state[keys.LIVE_TEMPLATE] = default
    st.session_state[keys.LIVE_TEMPLATE_FOLLOWED] = default
    if st.session_state[keys.LIVE_TEMPLATE] != default:
        st.button("Back to the default template", type="tertiary", icon=":material/undo:", on_click=_forget_template)


def _forget_template() -> None:
    st.session_state[keys.LIVE_TEMPLATE] = ""
