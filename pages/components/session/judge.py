"""As whom this session sees a query set that several people judge."""

from __future__ import annotations

import streamlit as st

from pages.components.session import keys, people, stores
from pages.components.session.owner import keeper
from rerank_core.evaluation.judging.assignment import Judging
from rerank_core.evaluation.query_sets.query_set import QuerySet


def leads(set_id: str, judging: Judging) -> bool:
    """Whether this session says who rates a set, and sees everybody's ratings: that of who may change it where people
    sign in; else while nobody was assigned, and where somebody has said that they lead."""
    if people.current() is not None:
        return stores.judging().may_lead(set_id)
    return not judging.raters or st.session_state.get(keys.JUDGING_LEADS) == set_id


def viewer(set_id: str, judging: Judging) -> str | None:
    """The name by which a set is seen; None for who leads. Empty where nobody has said who it is."""
    if leads(set_id, judging):
        return None
    return keeper() or str(st.session_state.get(keys.EVALUATE_RATER) or "").strip()


def lead(set_id: str) -> None:
    """Lead the judging of a set from now on, where nobody signs in."""
    st.session_state[keys.JUDGING_LEADS] = set_id


def rate_as(name: str) -> None:
    """Be this rater from now on, where nobody signs in, and lead nothing."""
    st.session_state[keys.EVALUATE_RATER] = name
    st.session_state[keys.JUDGING_LEADS] = None


def read_set(set_id: str) -> QuerySet | None:
    """A saved query set as this session may see it; None where there is none of that id. Raises ExperimentError."""
    whole = stores.query_sets().get(set_id)
    if whole is None:
        return None
    return stores.judging().seen(set_id, whole, viewer(set_id, stores.judging().get(set_id)))
