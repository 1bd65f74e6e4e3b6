"""What a month would cost with each hosted model that was not run: from its price, without a key."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from pages.components.evaluate.orders import hosted_not_run, searches_a_day
from pages.components.session import keys
from rerank_core import pricing
from rerank_core.evaluation.measures.month_cost import unpriced
from rerank_core.evaluation.measures.settings import SEARCHES_A_DAY
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.pricing.estimates import DAYS_A_MONTH

NOT_RUN = "Hosted, not run"


def searches_field() -> None:
    """How many searches a day there are, one number for every step."""
    st.session_state.setdefault(keys.SEARCHES_A_DAY, int(searches_a_day()))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Searches a day",
            min_value=0,
            max_value=1_000_000_000,
            step=100,
            key=keys.SEARCHES_A_DAY,
            persist_state="session",
            width=200,
            help=f"{SEARCHES_A_DAY:,} until you say otherwise. A month has {DAYS_A_MONTH} days.",
        )
        st.caption(f"{searches_a_day() * DAYS_A_MONTH:,.0f} searches a month")


def month(query_set: QuerySet, *, ask: bool = True) -> None:
    """The table of hosted models that were not run; `ask` draws the traffic that it is for above it."""
    found = hosted_not_run(query_set)
    if not found:
        return
    st.subheader("What a month would cost", anchor=False)
    if ask:
        searches_field()
    st.dataframe(
        pd.DataFrame(
            {
                "Model": [one.label for one in found],
                "A month": [pricing.money_text(one.monthly) for one in found],
                "1,000 searches": [pricing.money_text(one.per_search * 1000) for one in found],
                "Documents a search": [f"{one.documents:,.0f}" for one in found],
                "Price as of": [one.price.as_of.isoformat() for one in found],
                "State": [NOT_RUN] * len(found),
            }
        ),
        hide_index=True,
        alt="What a month would cost with each hosted model that was not run",
    )
    st.caption(_assumed())


def _assumed() -> str:
    words = (
        "Estimated from the price list and the documents of this set; no key is needed and nothing is sent. What these "
        "models would add to the quality is not known until one is run."
    )
    names = ", ".join(unpriced())
    return f"{words} No price is known of {names}." if names else words
