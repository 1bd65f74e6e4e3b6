"""What stands around every page: the icon, the connection, what the session has spent and may spend."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import rerank_core as rc
from pages.components import connection
from rerank_core.pricing import money_text

NAME = "Rerank Playground"
ICON = Path(__file__).with_name("icon.svg")
LIMIT = "spending_limit"


def page_config() -> None:
    """Set the page up. It comes before `st.navigation`: later, a browser would fetch an icon from elsewhere."""
    st.set_page_config(
        page_title=NAME,
        page_icon=str(ICON),
        layout="wide",
        menu_items={"About": f"{NAME}: see what reranking does to your own search results."},
    )
    # White on the dark theme's light blue is hard to read; the page's own background colour is not, in either theme.
    st.html(
        "<style>[data-testid=stBaseButton-primary], [data-testid=stBaseButton-primary] * "
        "{color: var(--st-background-color) !important} "
        "[data-testid=stBaseButton-primary] kbd {opacity: 1 !important}</style>"
    )
    st.logo(str(ICON), size="large")


def sidebar() -> DeltaGenerator:
    """Draw the sidebar; returns the place of the spend, to be filled once more after the page has run."""
    with st.sidebar:
        labels = {spec.id: spec.label for spec in rc.providers()}
        st.selectbox(
            "Connection", list(labels), format_func=labels.__getitem__, key=connection.CHOICE, bind="query-params"
        )
        chosen = connection.current()
        if chosen.ready:
            st.caption(chosen.state)
        else:
            st.caption(chosen.state)
            st.page_link("connections.py", label="Set it up", icon=":material/key:")
        place = st.empty()
        spend(place)
        with st.expander("Spending limit", icon=":material/savings:"):
            st.number_input(
                "Ask before this session costs more than (US dollars)",
                min_value=0.0,
                value=None,
                step=0.5,
                format="%.2f",
                placeholder="No limit",
                key=LIMIT,
                persist_state="session",
                on_change=_set_limit,
            )
    return place


def spend(place: DeltaGenerator) -> None:
    """Draw what the session has spent, in its place in the sidebar."""
    now = connection.budget().now()
    calls = "1 call" if now.calls == 1 else f"{now.calls:,} calls"
    lines = [f"of {money_text(now.limit)}" if now.limit is not None else "", calls]
    lines.append(f"{money_text(now.uncertain)} unconfirmed" if now.uncertain else "")
    lines.append(f"{now.unknown_calls:,} of unknown cost" if now.unknown_calls else "")
    with place.container(gap=None):
        st.text(f"Spent this session: {money_text(now.spent)}")
        st.caption(" · ".join(line for line in lines if line).replace("$", r"\$"))


def _set_limit() -> None:
    value = st.session_state[LIMIT]
    connection.budget().set_limit(None if value is None else Decimal(str(value)))
