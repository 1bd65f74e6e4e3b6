"""What becomes of a run whose server ends, where several servers share a database."""

from __future__ import annotations

from contextlib import suppress

import streamlit as st

from pages.components.jobs import replicas
from pages.components.session import stores
from rerank_core import RerankError
from rerank_core.evaluation.experiments.records import Experiment
from rerank_core.storage.replicas.records import Whereabouts, Work

_EVERY_SECONDS = 2.0


def said_beforehand(experiment_id: str) -> None:
    """Say, beside a run under way, that no other server could go on with it."""
    found = _found(experiment_id)
    if found is not None and found[0].alone:
        st.caption(f"If this server ends, the run stays interrupted. {found[0].alone}")


def after_its_server(one: Experiment) -> None:
    """Say of a run that is not under way whether another server goes on with it by itself; the page is drawn again when
    one does."""
    found = _found(one.id)
    if found is None:
        return
    work, who = found
    if who == "elsewhere":
        st.text("It waits for its turn on another server.")
    elif work.alone:
        st.text(work.alone)
        return
    elif work.deaths >= replicas.MOST_DEATHS:
        st.text(f"{work.deaths} servers ended while they were at it, so no other one goes on with it by itself.")
        return
    else:
        st.text("Its server has ended. Another one that has the operator's key goes on with it in a few seconds.")
    _follow(one.id)


@st.fragment(run_every=_EVERY_SECONDS)
def _follow(experiment_id: str) -> None:
    with suppress(RerankError):
        if stores.experiments().get(experiment_id).state == "running" or _found(experiment_id) is None:
            st.rerun()


def _found(experiment_id: str) -> tuple[Work, Whereabouts] | None:
    if not replicas.shared():
        return None
    with suppress(RerankError):
        return stores.replicas().find(experiment_id)
    return None
