"""One tiny request over a connection, and what came back of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
import streamlit as st

import rerank_core as rc
from pages.components.display import errors
from pages.components.jobs import jobs, paid_call
from pages.components.session import connection
from pages.components.session.connection import Connection
from rerank_core import pricing
from rerank_core.jobs import Cancelled, Job, JobContext
from rerank_core.pricing.budget import Budget

QUERY = "How do I reset my password?"
DOCUMENTS = (
    "Our office is open from nine to five, Monday to Friday.",
    "To reset your password, choose Forgot password on the sign-in page.",
)
_TRIALS = "connection_trials"
_AT_ONCE_SECONDS = 0.9


@dataclass
class Trial:
    """The last test of one provider in this session, with the connection as it was then."""

    connection: Connection
    job: Job[rc.RerankResponse]


def show(provider_id: str) -> None:
    """Draw the test: what it sends and may cost, its button, and the outcome of the last one."""
    # A test is sent once: a retry would only make a failure slower to see, and dearer.
    now = replace(connection.of(provider_id), max_retries=0)
    request = rc.RerankRequest(QUERY, DOCUMENTS)
    last = _trials().get(provider_id)
    busy = last is not None and not last.job.finished
    st.caption(f"Sends one query and two short documents. {_cost_words(now, request)}".replace("$", r"\$"))
    unable = busy or not now.ready
    if st.button("Test the connection", type="primary", icon=":material/play_arrow:", disabled=unable) and not unable:
        _start(now, request)
    if not now.ready:
        st.caption(":material/info: Give a key first.")
    if last is None:
        return
    if not last.job.finished:
        jobs.waiting(last.job, provider_id)
        return
    if last.connection != now:
        st.caption(":material/history: The settings have changed since this test.")
    _outcome(last.job)


def _cost_words(now: Connection, request: rc.RerankRequest) -> str:
    if now.provider.is_local:
        return "It costs nothing."
    most = paid_call.upper_bound(now, request)
    if most is None:
        return "The service may charge for it; its price is not known here."
    return f"It is billed as one search: {pricing.money_text(most)}."


def _start(now: Connection, request: rc.RerankRequest) -> None:
    try:
        job = jobs.manager().submit(_work, now, connection.budget(), request)
    except rc.RerankError as error:
        errors.show(error)
        return
    _trials()[now.provider.id] = Trial(now, job)
    job.wait(_AT_ONCE_SECONDS)
    st.rerun()  # with the button disabled while it runs, and the spend in the sidebar once it has


def _work(context: JobContext, now: Connection, budget: Budget, request: rc.RerankRequest) -> rc.RerankResponse:
    """Runs on a worker thread: nothing of Streamlit may be drawn here."""
    return paid_call.rerank(now, budget, request, on_client=lambda client: context.on_cancel(client.close))


def _outcome(job: Job[rc.RerankResponse]) -> None:
    if job.state == "done":
        _answer(job.result())
    elif job.state == "cancelled" or isinstance(job.exception, Cancelled):
        st.caption(":material/cancel: Cancelled. A request that had already left may still be billed.")
    elif isinstance(job.exception, rc.RerankError):
        errors.show(job.exception)
    elif job.exception is not None:
        errors.show_unexpected(ValueError("the test failed"))


def _answer(response: rc.RerankResponse) -> None:
    st.success(f"It works: an answer in {response.latency_ms:,.0f} ms.", icon=":material/check_circle:")
    units = response.usage.search_units
    facts = {
        "Cost": f"{pricing.money_text(response.cost.amount)} ({response.cost.basis})",
        "Search units": "not reported" if units is None else f"{units:g}",
        "Model": response.model or "the service's own",
        "Request id": response.request_id or "none",
    }
    if response.provider_latency_ms is not None:
        facts["The service's own time"] = f"{response.provider_latency_ms:,.0f} ms"
    st.dataframe(
        pd.DataFrame(
            [
                {"Rank": row.rank, "Score": row.relevance_score, "Document": row.document.text}
                for row in response.results
            ]
        ),
        hide_index=True,
        column_config={
            "Rank": st.column_config.NumberColumn(width=60),
            "Score": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.3f", width="small"),
        },
        alt="The two documents in the order that came back",
    )
    st.text("\n".join(f"{name}: {value}" for name, value in facts.items()))
    for warning in response.warnings:
        st.text(warning)
    if response.raw is not None:
        with st.expander("What came back", icon=":material/data_object:"):
            st.code(json.dumps(response.raw, indent=2, ensure_ascii=False), language=None, wrap_lines=True)


def _trials() -> dict[str, Trial]:
    trials: dict[str, Any] = st.session_state.setdefault(_TRIALS, {})
    return trials
