"""One press of Rerank: checked, held against the spending limit, run as a job that outlives a click or a reload."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

import streamlit as st

from pages.components.jobs import jobs, paid_call
from pages.components.jobs.jobs import failure, first, manager
from pages.components.session import connection as connections
from pages.components.session.connection import Connection
from pages.components.session.texts import ORDER, QUERY, RETURN_DOCUMENTS, state
from rerank_core import RerankError, RerankRequest, pricing
from rerank_core.jobs import Job, JobContext
from rerank_core.pricing.budget import Budget, Reservation
from rerank_core.providers.spec import ModelSpec
from rerank_core.retrieval.starting_order import start_order
from rerank_core.storage.run_record import Run, new_id
from rerank_core.storage.runs import RunStore, StoreError

# Long enough that a short run is drawn at once, short enough that a long one soon shows its progress.
_AT_ONCE_SECONDS = 0.9


@st.cache_resource(show_spinner=False)
def store() -> RunStore:
    """The runs of this machine."""
    return RunStore()


@dataclass(frozen=True)
class Asked:
    """What a run under way was asked, so that a page that is reloaded meanwhile shows its texts again."""

    request: RerankRequest
    provider: str
    order_name: str


@st.cache_resource(show_spinner=False)
def asked() -> dict[str, Asked]:
    """By the id of the run, which nobody can guess; an entry goes when its run has been collected."""
    return {}


@dataclass(frozen=True)
class Plan:
    """A run that could start: what is sent, in which order it starts, and the most it may cost."""

    connection: Connection
    request: RerankRequest
    order_name: str
    estimate: pricing.CostEstimate
    upper_bound: Decimal | None


def plan(connection: Connection, model: ModelSpec | None) -> Plan | None:
    """Check the inputs as they stand; where they cannot be run, say so and give None."""
    current = state()
    query = st.session_state.get(QUERY) or ""
    try:
        ordered = start_order(current.working, st.session_state.get(ORDER) or "listed", query)
        request = RerankRequest(
            query,
            ordered.documents,
            model=model.id if model else None,
            return_documents=bool(st.session_state.get(RETURN_DOCUMENTS)),
        )
        estimate = pricing.estimate_cost(
            connection.provider.id, request.model, query, request.documents, prices=connections.prices()
        )
    except RerankError as error:
        current.error = error
        return None
    return Plan(
        connection,
        request,
        ordered.name,
        estimate,
        pricing.upper_bound(estimate, connection.max_retries),
    )


def start(planned: Plan) -> None:
    """Set the money aside and hand the run to a worker; a run that is soon done is shown at once."""
    current = state()
    budget = connections.budget()
    try:
        reservation = budget.reserve(planned.upper_bound)
        run_id = new_id()
        job = manager().submit(_work, planned, run_id, budget, reservation, owner=run_id, title="rerank")
    except RerankError as error:
        current.error = error
        return
    current.error = None
    current.job_id = run_id
    asked()[run_id] = Asked(planned.request, planned.connection.provider.id, planned.order_name)
    job.wait(_AT_ONCE_SECONDS)
    collect()


def press(connection: Connection, model: ModelSpec | None) -> None:
    """Rerank was pressed: start, or ask first where the most it may cost would pass the spending limit."""
    current = state()
    current.asking = False
    if running() is not None:
        return
    planned = plan(connection, model)
    if planned is None:
        return
    current.error = None
    if connections.budget().fits(planned.upper_bound):
        start(planned)
    else:
        current.asking = True


def confirmation(connection: Connection, model: ModelSpec | None) -> None:
    """Ask whether a run may pass the spending limit."""
    current = state()
    if not current.asking:
        return
    planned = plan(connection, model)
    budget = connections.budget()
    if planned is None or planned.upper_bound is None or budget.fits(planned.upper_bound):
        current.asking = False
        return
    now = budget.now()
    most, limit, spent = (pricing.money_text(amount) for amount in (planned.upper_bound, now.limit, now.spent))
    with st.container(border=True):
        words = f"With every retry billed this run may cost up to {most}; {spent} of your limit of {limit} is spent."
        st.warning(
            words.replace("$", "\\$"),
            title="This may pass your spending limit",
            icon=":material/savings:",
        )
        with st.container(horizontal=True):
            if st.button("Rerank and raise the limit", icon=":material/check:"):
                budget.set_limit(budget.limit_for(planned.upper_bound))
                current.asking = False
                start(planned)
                st.rerun()
            if st.button("Do not run"):
                current.asking = False
                st.rerun()


def stale_notice(connection: Connection, model: ModelSpec | None) -> None:
    """Say that the inputs are no longer those of the result below."""
    current = state()
    run = current.run
    if run is None or running() is not None:
        return
    same_texts = run.query == (st.session_state.get(QUERY) or "") and {document.text for document in run.documents} == {
        document.text for document in current.working.documents
    }
    same_model = run.connection == connection.provider.id and run.request.model == (model.id if model else None)
    if not (same_texts and same_model):
        what = "texts" if not same_texts else "model"
        st.caption(
            f":material/history: The {what} changed since this run. Press Rerank to bring the result up to date."
        )


def running() -> Job[Run] | None:
    """The run that is under way, if there is one."""
    return jobs.first(state().job_id)


def collect() -> None:
    """Take over the result of a run that has ended."""
    current = state()
    job = running()
    if job is None or not job.finished:
        return
    asked().pop(current.job_id or "", None)
    current.job_id = None
    if job.state == "done":
        current.run, current.error, current.picked = job.result(), None, None
    elif job.state == "failed":
        current.error = failure(job, "reranking")
    else:
        current.note = jobs.CANCELLED


def progress() -> None:
    """Show what is under way; see `jobs.progress`."""
    jobs.progress(state().job_id, "Reranking documents")


def restore(run_id: str) -> None:
    """Show the run that the address names: from the worker where it is under way, else from the store."""
    current = state()
    if first(run_id, "rerank") is not None:
        current.job_id = run_id
        job = running()
        if job is not None and job.finished:
            collect()
        return
    try:
        current.run = store().get(run_id)
    except StoreError as error:
        current.error = error
        return
    if current.run is None:
        current.note = (
            "The link names a run that is not on this computer: it was deleted, or made on another one. "
            "Here is an example to start with."
        )


def _work(context: JobContext, planned: Plan, run_id: str, budget: Budget, reservation: Reservation) -> Run:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    request = planned.request

    response = paid_call.rerank(
        planned.connection,
        budget,
        request,
        reservation=reservation,
        on_client=lambda client: context.on_cancel(client.close),
        on_progress=lambda at: context.progress(at.done, at.total, at.cost),
    )
    run = Run(response, planned.order_name, estimate=planned.estimate, id=run_id)
    try:
        store().save(run)
    except StoreError as error:
        # The result is paid for and shown all the same; only reopening it later is lost.
        run = replace(run, response=replace(response, warnings=(*response.warnings, str(error))))
    return run
