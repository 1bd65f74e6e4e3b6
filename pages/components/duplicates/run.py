"""One comparison: checked, confirmed where it costs money, run as a job that outlives a click or a reload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import streamlit as st

from pages.components.duplicates.state import ALL, JOB, OWN, SAMPLE, SOURCE, Asked, Outcome, state
from pages.components.inputs.model import escaped
from pages.components.jobs import jobs, paid_call
from pages.components.jobs.jobs import failure, manager
from pages.components.playground.run import store
from pages.components.search.run import passages_of
from pages.components.session import connection as connections
from pages.components.session.connection import Connection
from rerank_core import Document, RerankError, RerankRequest, pricing
from rerank_core.duplicates import candidates, check_all_pairs, compare, find_duplicates
from rerank_core.duplicates.meaning import vectors_at
from rerank_core.duplicates.pairs import MAX_TEXTS
from rerank_core.duplicates.reference import NEAREST
from rerank_core.jobs import Job, JobContext
from rerank_core.pricing.budget import Budget
from rerank_core.providers.spec import ModelSpec
from rerank_core.retrieval.condense import condense
from rerank_core.retrieval.passages import PassageList, Passages
from rerank_core.storage.run_record import Run, new_id
from rerank_core.storage.runs import StoreError

_AT_ONCE_SECONDS = 1.5
LISTED = "as listed"


@dataclass(frozen=True)
class Plan:
    """A comparison that could start: everything a worker needs, and nothing of Streamlit's."""

    asked: Asked
    passages: Passages
    own: tuple[Document, ...] = ()
    leave_out: int | None = None
    connection: Connection | None = None
    model: ModelSpec | None = None

    @property
    def paid(self) -> bool:
        """Whether a provider is asked, which may cost money."""
        return self.connection is not None


def passages() -> tuple[Passages, tuple[Document, ...]]:
    """The texts that are chosen, and those of an own list. Raises CorpusError where a knowledge base is gone."""
    source = st.session_state.get(SOURCE) or SAMPLE
    if source != OWN:
        return passages_of(source)[0], ()
    own = state().working.documents
    return PassageList(own), own


def plan(asked: Asked, connection: Connection, model: ModelSpec | None) -> Plan | None:
    """The comparison as things stand; where its texts cannot be read, say so and give None."""
    current = state()
    try:
        found, own = passages()
    except RerankError as error:
        current.error = error
        return None
    if asked.mode == ALL or connection.provider.is_local:
        return Plan(asked, found, own, current.reference_place)
    return Plan(asked, found, own, current.reference_place, connection, model)


def estimate(planned: Plan) -> pricing.CostEstimate:
    """What the hosted call is likely to cost: of a large collection the first texts stand for those to be found."""
    assert planned.connection is not None
    size = len(planned.passages)
    documents = planned.passages.get(range(size if size <= MAX_TEXTS else NEAREST))
    return pricing.estimate_cost(
        planned.connection.provider.id,
        planned.model.id if planned.model else None,
        condense(planned.asked.reference or "").text,
        documents,
        prices=planned.connection.prices,
    )


def before_the_button(planned: Plan | None) -> None:
    """What sending would cost, or what is missing before anything can be sent."""
    if planned is None or planned.connection is None:
        return
    if not planned.connection.ready:
        st.caption(f"{planned.connection.provider.label}: {planned.connection.state}")
        st.page_link("connections.py", label="Set up the connection", icon=":material/key:")
    if not (planned.asked.reference or "").strip() or not len(planned.passages):
        return
    expected = estimate(planned)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.metric("Estimated cost", pricing.money_text(expected.amount), width="content")
        with st.popover("How", icon=":material/help:", type="tertiary"):
            for sentence in expected.assumptions:
                st.caption(escaped(sentence))


def stale_notice(outcome: Outcome, asked: Asked) -> None:
    """Say that the choices are no longer those of the result below."""
    if outcome.asked != asked and running() is None:
        what = "choices" if outcome.asked.texts == asked.texts else "texts"
        st.caption(f":material/history: The {what} changed since this comparison. Press Find duplicates to renew it.")


def press(planned: Plan | None) -> None:
    """Find duplicates was pressed: start, or ask first where it costs money."""
    current = state()
    current.asking = False
    if planned is None or running() is not None:
        return
    current.error = None
    if planned.paid and (planned.asked.reference or "").strip() and len(planned.passages):
        current.asking = True
    else:
        start(planned)


def confirmation(planned: Plan | None) -> None:
    """Ask before texts are sent to a provider: to whom, how many, and for how much."""
    current = state()
    if not current.asking:
        return
    if planned is None or planned.connection is None:
        current.asking = False
        return
    expected = estimate(planned)
    most = pricing.upper_bound(expected, planned.connection.max_retries)
    budget = connections.budget()
    fits = budget.fits(most)
    size = len(planned.passages)
    number = size - (planned.leave_out is not None) if size <= MAX_TEXTS else NEAREST
    words = (
        f"{number:,} {'text' if number == 1 else 'texts'} and the reference go to {planned.connection.provider.label}. "
        f"Estimated cost {pricing.money_text(expected.amount)}, with every retry billed at most "
        f"{pricing.money_text(most)}."
    )
    if not fits:
        words += " That would pass your spending limit."
    with st.container(border=True):
        st.warning(escaped(words), title="This sends your texts and costs money", icon=":material/payments:")
        with st.container(horizontal=True):
            if st.button("Send and compare" if fits else "Send, compare and raise the limit", icon=":material/check:"):
                if not fits and most is not None:
                    budget.set_limit(budget.limit_for(most))
                current.asking = False
                start(planned)
                st.rerun()
            if st.button("Do not send"):
                current.asking = False
                st.rerun()


def start(planned: Plan) -> None:
    """Hand the comparison to a worker; one that is soon done is shown at once."""
    current, job_id = state(), new_id()
    try:
        job = manager().submit(_work, planned, job_id, connections.budget(), owner=job_id, title="duplicates")
    except RerankError as error:
        current.error = error
        return
    current.job_id = job_id
    job.wait(_AT_ONCE_SECONDS)
    collect()


def running() -> Job[Outcome] | None:
    """The comparison that is under way, if there is one."""
    return jobs.first(state().job_id)


def collect() -> None:
    """Take over the result of a comparison that has ended."""
    current, job = state(), running()
    if job is None:
        current.job_id, current.restoring = None, False
        return
    if not job.finished:
        return
    current.job_id = None
    if job.state == "done":
        outcome = job.result()
        current.outcomes[outcome.asked.mode] = outcome
        current.error = None
        if current.restoring:
            current.restoring, current.restored = False, outcome
            st.rerun()
    elif job.state == "failed":
        current.error = failure(job, "comparing")
    else:
        current.notice = jobs.CANCELLED


def progress() -> None:
    """Show what is under way; see `jobs.progress`."""
    jobs.progress(state().job_id, "Comparing")


def write_address(mode: str) -> None:
    """Keep the shown comparison in the address, so that a reload brings it back: its id, never a text."""
    current = state()
    outcome = current.outcomes.get(mode)
    shown = current.job_id or (outcome.id if outcome is not None else None)
    if shown is None:
        st.query_params.pop(JOB, None)
    elif st.query_params.get(JOB) != shown:
        st.query_params[JOB] = shown


def _work(context: JobContext, planned: Plan, job_id: str, budget: Budget) -> Outcome:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    if planned.asked.mode == ALL:
        return _all_pairs(context, planned, job_id)
    return _one_against_many(context, planned, job_id, budget)


def _all_pairs(context: JobContext, planned: Plan, job_id: str) -> Outcome:
    asked, size = planned.asked, len(planned.passages)
    check_all_pairs(size, 0)  # before anything is read of a collection that is too large
    documents = planned.passages.get(range(size))
    check_all_pairs(size, sum(len(document.text) for document in documents))
    vectors = None
    if asked.local is not None:
        vectors = vectors_at(planned.passages, range(size), asked.local, _reading(context))
    found = find_duplicates(
        documents, asked.local, vectors=vectors, on_progress=lambda _done, _total: _comparing(context)
    )
    return Outcome(job_id, asked, found, own=planned.own)


def _one_against_many(context: JobContext, planned: Plan, job_id: str, budget: Budget) -> Outcome:
    asked, reference = planned.asked, planned.asked.reference or ""
    against = candidates(
        planned.passages, reference, asked.local, leave_out=planned.leave_out, on_progress=_reading(context)
    )
    vectors = None
    if asked.local is not None:
        vectors = vectors_at(planned.passages, against.places, asked.local, _reading(context))
    notes, run = [against.note], None
    if planned.connection is not None:
        # What is free comes first: nothing that is paid for is lost by it.
        query = condense(reference)
        notes.append(query.sentence.replace("question", "reference"))
        run = _reranked(context, planned, RerankRequest(query.text, against.documents, _model(planned)), job_id, budget)
    response = run.response if run is not None else None
    rows = compare(
        reference,
        against,
        asked.local,
        vectors=vectors,
        response=response,
        on_progress=None if run is not None else lambda _done, _total: _comparing(context),
    )
    return Outcome(job_id, asked, None, rows, run, tuple(filter(None, notes)), planned.own)


def _model(planned: Plan) -> str | None:
    return planned.model.id if planned.model else None


def _reranked(context: JobContext, planned: Plan, request: RerankRequest, job_id: str, budget: Budget) -> Run:
    assert planned.connection is not None
    context.progress(0, len(request.documents), note="Asking the provider")
    response = paid_call.rerank(
        planned.connection,
        budget,
        request,
        on_client=lambda client: context.on_cancel(client.close),
        on_progress=lambda at: context.progress(at.done, at.total, at.cost),
    )
    expected = pricing.estimate_cost(
        planned.connection.provider.id,
        request.model,
        request.query,
        request.documents,
        prices=planned.connection.prices,
    )
    run = Run(response, LISTED, estimate=expected, id=job_id)
    try:
        store().save(run)
    except StoreError as error:
        # The answer is paid for and shown all the same; only reopening it later is lost.
        run = replace(run, response=replace(response, warnings=(*response.warnings, str(error))))
    return run


def _reading(context: JobContext) -> Callable[[int, int], None]:
    return lambda done, total: context.progress(done, total, note="Reading the texts")


def _comparing(context: JobContext) -> None:
    context.progress(0, 0, note="Comparing")
