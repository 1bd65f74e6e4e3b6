"""The form of a live search engine."""

from __future__ import annotations

import streamlit as st

from pages.components.display import errors
from pages.components.inputs import engine_test
from pages.components.inputs.collections import LiveSettings
from pages.components.session import keys
from rerank_core import RerankError
from rerank_core.retrieval.live.index import LiveIndex
from rerank_core.retrieval.live.query import LiveFields, QueryTemplate
from rerank_core.transport.credentials import Credentials

# The query template, a widget's key, and the default that it began with.


def live_settings() -> LiveSettings | None:
    """The form of a live search engine; None until it could be asked."""
    with st.container(border=True):
        with st.container(horizontal=True):
            address = st.text_input(
                "Address",
                key=keys.LIVE_ADDRESS,
                placeholder="http://localhost:9200",
                persist_state="session",
                width=300,
            )
            index = st.text_input(
                "Index", key=keys.LIVE_INDEX, placeholder="articles", persist_state="session", width=200
            )
            text = st.text_input(
                "Text field", key=keys.LIVE_TEXT, placeholder="body", persist_state="session", width=150
            )
            title = st.text_input("Title field", key=keys.LIVE_TITLE, persist_state="session", width=150)
            url = st.text_input("Link field", key=keys.LIVE_URL, persist_state="session", width=150)
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
                user = st.text_input("User", key=keys.LIVE_USER, persist_state="session", width=200)
            if kind != "Nothing":
                secret = st.text_input(
                    "Password" if user or kind == "User and password" else "API key",
                    type="password",
                    key=keys.LIVE_KEY,
                    persist_state="session",
                    width=240,
                )
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
