"""What stands around every page: the icon, the connection, what the session has spent and may spend."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import streamlit as st

import rerank_core as rc
from pages.components import sign_in
from pages.components.inputs.controls import select
from pages.components.jobs import spent
from pages.components.server import deployment
from pages.components.session import connection, keys, people, query_params

_ANONYMOUS = (
    "Whoever reaches this app uses it without signing in, with all that is saved here and the keys that are set up."
)
_VISITED = (
    "A request came from another computer or through a proxy, and was refused. Until the app is started again, an "
    "address that is typed has to be https and public."
)
NAME = "Rerank Playground"
ICON, WORDMARK = Path(__file__).with_name("icon.svg"), Path(__file__).with_name("wordmark.svg")
_STYLE = f"<style>{Path(__file__).with_name('frame.css').read_text('utf-8')}</style>"


def gate() -> None:
    """Let nobody past who has not come in: they get the sign-in page, and the run ends here.

    It is the first thing that a run of the app does. What Streamlit does without running the app is guarded in
    pages/components/server.
    """
    if not deployment.signs_in() or people.allowed() is not None:
        return
    page_config()
    sign_in.page(NAME, ICON)
    st.stop()


def page_config() -> None:
    """Set the page up. It comes before `st.navigation`: later, a browser would fetch an icon from elsewhere."""
    st.set_page_config(
        page_title=NAME,
        page_icon=str(ICON),
        layout="wide",
        menu_items={"About": f"{NAME}: see what reranking does to your own search results."},
    )
    st.html(_STYLE)
    st.logo(str(WORDMARK), size="large", icon_image=str(ICON))


def sidebar(page: st.Page) -> None:
    """Draw the sidebar around a page, with the place of what the session has spent."""
    if deployment.shared() and not deployment.signs_in():
        if deployment.anonymous_allowed():
            st.warning(_ANONYMOUS, icon=":material/lock_open:")
        else:
            st.info(_VISITED, icon=":material/lock:")
    with st.sidebar:
        sign_in.who()
        _choice()
        chosen = connection.current()
        st.caption(chosen.state)
        if not chosen.ready and page.url_path != "connections":
            st.page_link("connections.py", label="Set it up", icon=":material/key:")
        spent.here()
        with st.expander("Spending limit", icon=":material/savings:"):
            st.number_input(
                "Ask before this session costs more than (US dollars)",
                min_value=0.0,
                max_value=1_000_000.0,
                value=None,
                step=0.01,
                format="%g",
                placeholder="No limit",
                key=keys.SPENDING_LIMIT,
                persist_state="session",
                on_change=_set_limit,
            )


def _choice() -> None:
    """The select box, which follows the address by the provider's id (bound to it, it would go by the label)."""
    default = rc.providers()[0].id
    first = sorted(rc.providers(), key=lambda spec: spec.id != default and not connection.of(spec.id).set_up)
    labels = {spec.id: spec.label for spec in first}
    if st.session_state.get(keys.CONNECTION) not in labels:
        asked = query_params.get(keys.CONNECTION)
        st.session_state[keys.CONNECTION] = asked if asked in labels else default
    chosen = select("Connection", labels, keys.CONNECTION, persist_state="session")
    query_params.sync({keys.CONNECTION: chosen if chosen != default else None})


def _set_limit() -> None:
    value = st.session_state[keys.SPENDING_LIMIT]
    connection.budget().set_limit(None if value is None else Decimal(str(value)))
