"""One press of Compare: every model a job of its own, each failing by itself, together within the spending limit."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from pages.components.compare import blind
from pages.components.compare.state import Part, state
from pages.components.inputs.model import escaped
from pages.components.jobs import paid_call
from pages.components.jobs.jobs import POLL_SECONDS, failure, first, follow, manager
from pages.components.playground.run import Asked, asked, store
from pages.components.session import connection as connections
from pages.components.session.connection import Connection
from pages.components.session.texts import ORDER, QUERY
from pages.components.session.texts import state as playground
from rerank_core import InvalidRequestError, RerankError, RerankRequest, SpendingLimitError, pricing
from rerank_core.jobs import Job, JobContext
from rerank_core.models import Document
from rerank_core.pricing.budget import Budget, Reservation
from rerank_core.ranking.blind_test import shuffled
from rerank_core.ranking.comparison import Contender, WholeCost, whole_cost
from rerank_core.ranking.contender import MAX_CONTENDERS, key_of, read_keys, short_names
from rerank_core.retrieval.starting_order import StartingOrder, start_order
from rerank_core.storage.run_record import Run, new_id
from rerank_core.storage.runs import StoreError

# Long enough that a short comparison is drawn at once, short enough that a long one shows its progress.
_AT_ONCE_SECONDS = 1.2


@dataclass(frozen=True)
class Share:
    """What one model would be asked, and what that may cost."""

    contender: Contender
    connection: Connection
    query: str
    start: StartingOrder
    estimate: pricing.CostEstimate

    @property
    def request(self) -> RerankRequest:
        """The request as it is sent; raises InvalidRequestError where it cannot be."""
        return RerankRequest(self.query, self.start.documents, model=self.contender.model)


@dataclass(frozen=True)
class Plan:
    """A comparison that could start: what is to be sent, and the parts that are there already and are kept."""

    shares: tuple[Share, ...]
    kept: tuple[Part, ...]
    cost: WholeCost


def plan(chosen: Sequence[Contender]) -> Plan:
    """What pressing Compare now would do.

    Models whose answer to the very same question is shown already are not asked and paid again, unless all are.
    """
    query, ordered = inputs()
    kept = tuple(part for part in state().answered if part.contender in chosen and answers(part, query, ordered))
    if len(kept) == len(chosen):
        kept = ()
    there = {part.contender for part in kept}
    shares = []
    for contender in chosen:
        if contender in there:
            continue
        connection = connections.of(contender.provider)
        expected = pricing.estimate_cost(
            contender.provider, contender.model, query, ordered.documents, prices=connection.prices
        )
        shares.append(Share(contender, connection, query, ordered, expected))
    cost = whole_cost((share.estimate, share.connection.max_retries) for share in shares)
    return Plan(tuple(shares), kept, cost)


def checked(chosen: Sequence[Contender]) -> Plan:
    """The plan, where it can be carried out; raises RerankError where nothing could be asked."""
    if not chosen:
        raise InvalidRequestError("No model is chosen.", hint="Choose two or more under Models.")
    planned = plan(chosen)
    for share in planned.shares[:1]:
        _ = share.request  # all ask the same of other models
    return planned


def inputs() -> tuple[str, StartingOrder]:
    """The query and the documents as they stand on the page, in the order that was chosen to start from."""
    query, by = st.session_state.get(QUERY) or "", st.session_state.get(ORDER) or "listed"
    working, current = playground().working, state()
    asked = (working, by, query if by == "keyword" else "")
    if current.start is None or current.start[0] != asked:
        current.start = (asked, start_order(working, by, query))  # by keyword, an index is built for it
    return query, current.start[1]


def answers(part: Part, query: str, ordered: StartingOrder) -> bool:
    """Whether a part has an answer to this very question."""
    return part.run is not None and part.run.query == query and part.run.documents == ordered.documents


def press(chosen: Sequence[Contender]) -> None:
    """Compare was pressed: start, or ask first where the most it may cost would pass the spending limit."""
    current = state()
    current.asking = False
    if current.under_way:
        return
    try:
        planned = checked(chosen)
    except RerankError as error:
        current.error = error
        return
    current.error = None
    if connections.budget().fits(planned.cost.most):
        start(planned, chosen)
    else:
        current.asking = True


def confirmation(chosen: Sequence[Contender]) -> None:
    """Ask whether a comparison may pass the spending limit."""
    current = state()
    if not current.asking:
        return
    budget = connections.budget()
    try:
        planned = checked(chosen)
    except RerankError:
        current.asking = False
        return
    if budget.fits(planned.cost.most):
        current.asking = False
        return
    now = budget.now()
    most, limit, spent = (pricing.money_text(amount) for amount in (planned.cost.most, now.limit, now.spent))
    with st.container(border=True):
        st.warning(
            escaped(
                f"All models together, with every retry billed, may cost up to {most}; {spent} of your limit of "
                f"{limit} is spent."
            ),
            title="This may pass your spending limit",
            icon=":material/savings:",
        )
        with st.container(horizontal=True):
            if st.button("Compare and raise the limit", icon=":material/check:"):
                budget.set_limit(budget.limit_for(planned.cost.most))
                current.asking = False
                start(planned, chosen)
                st.rerun()
            if st.button("Do not run"):
                current.asking = False
                st.rerun()


def start(planned: Plan, chosen: Sequence[Contender]) -> None:
    """Set the money of all parts aside, then hand each to a worker; what is soon done is shown at once."""
    current, budget = state(), connections.budget()
    reserved: list[Reservation] = []
    try:
        for share in planned.shares:
            most = pricing.upper_bound(share.estimate, share.connection.max_retries)
            reserved.append(budget.reserve(most))
    except SpendingLimitError:
        for reservation in reserved:
            budget.release(reservation)
        current.asking = True
        return
    parts = {part.contender: part for part in planned.kept}
    jobs = []
    for share, reservation in zip(planned.shares, reserved, strict=True):
        part = Part(share.contender, new_id(), reservation)
        parts[share.contender] = part
        asked()[part.run_id] = Asked(share.request, share.contender.provider, share.start.name)
        # The title says whose job it is to whoever opens the address while it runs, or after it failed.
        title = key_of(share.contender)
        try:
            jobs.append(
                manager().submit(_work, share, part.run_id, budget, reservation, owner=part.run_id, title=title)
            )
        except RerankError as error:
            budget.release(reservation)
            asked().pop(part.run_id, None)
            part.error = error
    seen = current.seen_named == current.round or not blind.hidden(current)
    seen = seen and any(answers(part, *inputs()) for part in current.answered)
    current.parts = [parts[contender] for contender in chosen]
    current.round, current.shuffle, current.revealed = new_id(), shuffled(len(chosen)), False
    current.seen_named = current.round if seen else ""
    if seen:
        blind.shown_named()
    current.error = current.picked = None
    end = time.monotonic() + _AT_ONCE_SECONDS
    for job in jobs:
        job.wait(max(0.0, end - time.monotonic()))
    collect()


def job_of(part: Part) -> Job[Run] | None:
    """The job that works on a part, while it is remembered."""
    return first(part.run_id)


def collect() -> None:
    """Take over what has ended since the last look."""
    for part in state().parts:
        if part.over:
            continue
        job = job_of(part)
        if job is None:
            part.error = RerankError("This run is no longer there.", hint="Press Compare to run it again.")
        elif job.state == "done":
            part.run = job.result()
        elif job.state == "failed":
            part.error = failure(job, "reranking")
        elif job.state == "cancelled":
            part.cancelled = True
        if part.over:
            asked().pop(part.run_id, None)
        if part.over and part.reservation is not None:
            # A job that was cancelled before it began has settled nothing; for all others this changes nothing.
            connections.budget().release(part.reservation)


def progress() -> None:
    """Show the parts under way with a Cancel that works; draws the page again whenever one has ended."""
    if state().under_way:
        _progress()


@st.fragment(run_every=POLL_SECONDS)
def _progress() -> None:
    current = state()
    waiting = [part for part in current.parts if not part.over]
    found = [job_of(part) for part in waiting]
    jobs = [job for job in found if job is not None and not job.finished]
    if len(jobs) < len(waiting):
        st.rerun()
    named = short_names([part.contender for part in current.parts])
    names = {part.run_id: name for part, name in zip(current.parts, named, strict=True)}
    with st.container(border=True, gap="small"):
        bars = [
            (st.progress(*_standing(names[part.run_id], job)), names[part.run_id], job)
            for part, job in zip(waiting, jobs, strict=True)
        ]
        with st.container(horizontal=True, vertical_alignment="center"):
            stopping = any(job.cancel_requested for job in jobs)
            if st.button("Cancel", icon=":material/stop_circle:", disabled=stopping):
                for job in jobs:
                    job.cancel()
            done = len(current.parts) - len(waiting)
            words = "Stopping. A request that is already with a provider may still be billed." if stopping else ""
            st.caption(words or f"{done} of {len(current.parts)} done. Finished models stay when you cancel.")

    def redraw() -> None:
        if any(job.finished for job in jobs):
            st.rerun()
        for bar, name, job in bars:
            bar.progress(*_standing(name, job))

    follow(jobs[0], redraw)


def _standing(name: str, job: Job[Run]) -> tuple[float, str]:
    """How far a model is: the fraction done, and a sentence."""
    now = job.progress
    if job.state == "queued":
        words = f"{name}: waiting for its turn"
    elif now.total:
        words = f"{name}: {now.done:,} of {now.total:,} documents"
    else:
        words = f"{name}: waiting for an answer"
    if now.cost is not None and now.cost.amount:
        words += escaped(f", {pricing.money_text(now.cost.amount)} so far")
    if now.eta is not None and now.eta >= 1:
        words += f", about {now.eta:.0f} s left"
    return now.fraction, words


def restore(run_ids: str) -> None:
    """Show the comparison that the address names: each part from its worker where it is remembered, else from the
    store; parts that are nowhere are left out."""
    current = state()
    parts = []
    for run_id in [name for name in dict.fromkeys(run_ids.split(",")) if name][:MAX_CONTENDERS]:
        jobs = manager().jobs(run_id)
        run = None
        if not jobs:
            with contextlib.suppress(StoreError):
                run = store().get(run_id)
        key = jobs[0].title if jobs else _key(run) if run is not None else ""
        parts += [Part(contender, run_id, run=run) for contender in read_keys(key)[:1]]
    # A link that was put together by hand may name runs of different questions, which do not compare, or a model twice.
    current.parts = parts
    questions = {question for part in parts if (question := _question(part)) is not None}
    if len(questions) > 1 or len({part.contender for part in parts}) < len(parts):
        current.parts = []
    collect()
    current.round, current.shuffle = new_id(), shuffled(len(current.parts))
    blind.restored()


def question() -> tuple[str, tuple[Document, ...], str] | None:
    """What the comparison that is shown or under way was asked: the query, the documents, the name of their order."""
    return next((found for part in state().parts if (found := _question(part)) is not None), None)


def _question(part: Part) -> tuple[str, tuple[Document, ...], str] | None:
    if part.run is not None:
        return part.run.query, part.run.documents, part.run.order_name
    known = asked().get(part.run_id)
    if known is not None:
        return known.request.query, known.request.documents, known.order_name
    job = job_of(part)
    if job is not None and job.state == "done":
        run = job.result()
        return run.query, run.documents, run.order_name
    return None


def _key(run: Run) -> str:
    return run.connection if run.request.model is None else f"{run.connection}:{run.request.model}"


def _work(context: JobContext, share: Share, run_id: str, budget: Budget, reservation: Reservation) -> Run:
    """Runs on a worker thread: nothing of Streamlit may be drawn here."""
    response = paid_call.rerank(
        share.connection,
        budget,
        share.request,
        reservation=reservation,
        on_client=lambda client: context.on_cancel(client.close),
        on_progress=lambda at: context.progress(at.done, at.total, at.cost),
    )
    run = Run(response, share.start.name, estimate=share.estimate, id=run_id)
    try:
        store().save(run)
    except StoreError as error:
        # The result is paid for and shown all the same; only reopening it later is lost.
        run = replace(run, response=replace(response, warnings=(*response.warnings, str(error))))
    return run
