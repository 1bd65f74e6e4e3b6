"""One tiny request over a connection, and what came back of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd
import streamlit as st

import rerank_core as rc
from pages.components.display.markdown import escaped
from pages.components.jobs import paid_call
from pages.components.jobs.page_job import Ended, JobKind, PageJob, Plan, Task
from pages.components.jobs.payment import Payment
from pages.components.jobs.progress import waiting
from pages.components.jobs.service_test import ServiceTest, show_test
from pages.components.jobs.spending import Wording
from pages.components.session import connection, page_state
from pages.components.session.connection import Connection
from rerank_core import pricing
from rerank_core.jobs import JobContext

QUERY = "How do I reset my password?"
DOCUMENTS = (
    "Our office is open from nine to five, Monday to Friday.",
    "To reset your password, choose Forgot password on the sign-in page.",
)

REQUEST = rc.RerankRequest(QUERY, DOCUMENTS)
"""The small request that every test sends."""


def show(provider_id: str) -> None:
    """Draw the test: what it sends and may cost, its button, and the outcome of the last one."""
    # A test is sent once: a retry would only make a failure slower to see, and dearer.
    now = replace(connection.of(provider_id), max_retries=0)
    request = REQUEST
    last, mine = _last(provider_id), _job(provider_id)
    mine.take_finished()
    st.caption(escaped(f"Sends one query and two short documents. {_cost_words(now, request)}"))
    unable = mine.running or not now.ready

    def plan() -> Plan[rc.RerankResponse]:
        return Plan((Task(_work, (now, request), paid_call.upper_bound(now, request), connection=now),))

    pressed = st.button("Test the connection", type="primary", icon=":material/play_arrow:", disabled=unable)
    if pressed and not unable and mine.submit(plan):
        last.settings = now
        # with the button disabled while it runs, and the spend in the sidebar once it has
        st.rerun()
    mine.confirmation(plan)
    if not now.ready:
        what = "Give a key first." if now.key_source in ("missing", "withheld") else now.missing
        st.caption(f":material/info: {escaped(what)}")
    show_test(last, mine, now, _answer)


def _cost_words(now: Connection, request: rc.RerankRequest) -> str:
    if now.provider.is_free:
        return "It costs nothing."
    most = paid_call.upper_bound(now, request)
    if most is None:
        return "The service may charge for it; its price is not known here."
    billed = "by the token, at most" if paid_call.estimated(now, request).tokens is not None else "as one search:"
    return f"It is billed {billed} {pricing.money_text(most)}."


def _work(context: JobContext, payment: Payment, now: Connection, request: rc.RerankRequest) -> rc.RerankResponse:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    return paid_call.rerank(now, payment, request, on_client=lambda client: context.on_cancel(client.close))


def _last(provider_id: str) -> ServiceTest[rc.RerankResponse]:
    return page_state.of(ServiceTest, provider_id)


def _job(provider_id: str) -> PageJob[rc.RerankResponse]:
    def take(ended: Ended[rc.RerankResponse]) -> None:
        _last(provider_id).result = ended.result

    return JobKind(
        f"test_{provider_id}",
        "Testing the connection",
        "testing the connection",
        take=take,
        paid="Connection test",
        limit=Wording("this test", "Test", "Do not test"),
        words=waiting,
    ).job()


def _answer(response: rc.RerankResponse) -> None:
    st.success(f"It works: an answer in {response.latency_ms:,.0f} ms.", icon=":material/check_circle:")
    units = response.usage.search_units
    facts = {
        "Cost": f"{pricing.money_text(response.cost.amount)} ({response.cost.basis})",
        "Search units": "not reported" if units is None else f"{units:g}",
        "Tokens": "not reported" if response.usage.tokens is None else f"{response.usage.tokens:,.0f}",
        "Model": response.model or "the service's own",
        "Request id": response.request_id or "none",
    }
    if response.provider_latency_ms is not None:
        facts["The service's own time"] = f"{response.provider_latency_ms:,.0f} ms"
    names = ["Rank", "Score", "Document"]
    st.dataframe(
        pd.DataFrame([(row.rank, row.relevance_score, row.document.text) for row in response.results], columns=names),
        hide_index=True,
        column_config={
            "Rank": st.column_config.NumberColumn(width=60),
            "Score": st.column_config.ProgressColumn(min_value=0, max_value=1, format="%.3f", width="small")
            if all(0 <= (row.relevance_score or 0) <= 1 for row in response.results)
            else st.column_config.NumberColumn(format="%.3f", width="small"),
        },
        alt="The two documents in the order that came back",
    )
    st.text("\n".join(f"{name}: {value}" for name, value in facts.items()))
    for warning in response.warnings:
        st.text(warning)
    if response.raw is not None:
        with st.expander("What came back", icon=":material/data_object:"):
            st.code(json.dumps(response.raw, indent=2, ensure_ascii=False), language=None, wrap_lines=True)
