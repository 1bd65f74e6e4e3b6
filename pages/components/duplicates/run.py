"""One comparison: checked, confirmed where it costs money, run as a job that outlives a click or a reload."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from pages.components.duplicates.state import ALL, OWN, DuplicatesAsked, Outcome, state
from pages.components.inputs.collections import SAMPLE, passages_of
from pages.components.inputs.model import cost_metric, set_up_link
from pages.components.inputs.rank_fields import read_of
from pages.components.jobs import size as job_size
from pages.components.jobs.page_job import Ended, JobKind, Plan, Task
from pages.components.jobs.paid_call import Keeping, reranked_run
from pages.components.jobs.payment import Payment
from pages.components.jobs.spending import Wording
from pages.components.session import keys, query_params, stores
from pages.components.session.connection import Connection
from rerank_core import Document, RerankError, RerankRequest, pricing
from rerank_core.duplicates import candidates, check_all_pairs, compare, find_duplicates
from rerank_core.duplicates.meaning import vectors_at
from rerank_core.duplicates.pairs import MAX_TEXTS
from rerank_core.duplicates.reference import NEAREST
from rerank_core.jobs import JobContext
from rerank_core.models import texts_of
from rerank_core.providers.spec import ModelSpec
from rerank_core.retrieval.condense import condense
from rerank_core.retrieval.passages import PassageList, Passages
from rerank_core.storage.history.record import Made
from rerank_core.storage.run_record import new_id

LISTED = "as listed"


@dataclass(frozen=True)
class DuplicatesPlan:
    """A comparison that could start: everything a worker needs, and nothing of Streamlit's."""

    asked: DuplicatesAsked
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
    source = st.session_state.get(keys.DUPLICATES_SOURCE) or SAMPLE
    if source != OWN:
        return passages_of(source)[0], ()
    own = state().working.documents
    return PassageList(own, read_of(own, state().rank_fields, keys.DUPLICATES_TEXTS)), own


def plan(asked: DuplicatesAsked, connection: Connection, model: ModelSpec | None) -> DuplicatesPlan | None:
    """The comparison as things stand; where its texts cannot be read, say so and give None."""
    current = state()
    try:
        found, own = passages()
    except RerankError:
        return None  # the page has said so where it looked for the texts
    if asked.mode == ALL or connection.provider.is_local:
        return DuplicatesPlan(asked, found, own, current.reference_place)
    return DuplicatesPlan(asked, found, own, current.reference_place, connection, model)


def estimate(planned: DuplicatesPlan) -> pricing.CostEstimate:
    """What the hosted call is likely to cost: of a large collection the first texts stand for those to be found."""
    assert planned.connection is not None
    size = len(planned.passages)
    documents = planned.passages.get(range(size if size <= MAX_TEXTS else NEAREST))
    query = condense(planned.asked.reference or "").text
    model = planned.model.id if planned.model else None
    return planned.connection.estimate(model, query, documents, planned.passages.rank_fields)


def before_the_button(planned: DuplicatesPlan | None) -> None:
    """What sending would cost, or what is missing before anything can be sent."""
    if planned is None or planned.connection is None:
        return
    set_up_link(planned.connection)
    if not (planned.asked.reference or "").strip() or not len(planned.passages):
        return
    expected = estimate(planned)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        cost_metric(pricing.money_text(expected.amount), expected.assumptions)


def stale_notice(outcome: Outcome, asked: DuplicatesAsked) -> None:
    """Say that the choices are no longer those of the result below."""
    if outcome.asked != asked and not DUPLICATES.job().running:
        what = "choices" if outcome.asked.texts == asked.texts else "texts"
        st.caption(f":material/history: The {what} changed since this comparison. Press Find duplicates to renew it.")


def tasks(planned: DuplicatesPlan | None) -> Plan[Outcome] | None:
    """The comparison as a job; where texts go to a provider, that is confirmed first: to whom, how many, for how
    much."""
    if planned is None:
        return None
    job_id = new_id()
    # for a page that is reloaded meanwhile: the comparison without its result
    begun = Outcome(job_id, planned.asked, own=planned.own)
    read = job_size.of_passages(planned.passages)
    if planned.connection is None or not (planned.asked.reference or "").strip() or not len(planned.passages):
        return Plan(
            (
                Task(
                    _work,
                    (planned, job_id, Keeping(stores.runs(), Made("duplicates"), again=True)),
                    asked=begun,
                    id=job_id,
                    size=read,
                ),
            )
        )
    expected = estimate(planned)
    most = pricing.upper_bound(expected, planned.connection.max_retries)
    size = len(planned.passages)
    number = size - (planned.leave_out is not None) if size <= MAX_TEXTS else NEAREST
    warning = (
        f"{number:,} {'text' if number == 1 else 'texts'} and the reference go to {planned.connection.provider.label}. "
        f"Estimated cost {pricing.money_text(expected.amount)}, with every retry billed at most "
        f"{pricing.money_text(most)}."
    )
    work = (planned, job_id, Keeping(stores.runs(), Made("duplicates"), again=True))
    task = Task(_work, work, most, begun, id=job_id, size=read, connection=planned.connection)
    return Plan((task,), warning)


def _take(ended: Ended[Outcome]) -> None:
    assert ended.result is not None
    state().outcomes[ended.result.asked.mode] = ended.result


DUPLICATES = JobKind[Outcome](
    "duplicates",
    "Comparing",
    "comparing",
    take=_take,
    paid="Duplicates",
    limit=Wording(
        "this comparison",
        "Send and compare",
        "Do not send",
        "This sends your texts and costs money",
        "Send, compare and raise the limit",
    ),
)


def sync_query_params(mode: str) -> None:
    """Keep the shown comparison in the address, so that a reload brings it back: its id, never a text."""
    outcome = state().outcomes.get(mode)
    query_params.sync({keys.JOB: DUPLICATES.job().id or (outcome.id if outcome is not None else None)})


def _work(context: JobContext, payment: Payment, planned: DuplicatesPlan, job_id: str, keeping: Keeping) -> Outcome:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    if planned.asked.mode == ALL:
        return _all_pairs(context, planned, job_id)
    return _one_against_many(context, payment, planned, job_id, keeping)


def _all_pairs(context: JobContext, planned: DuplicatesPlan, job_id: str) -> Outcome:
    asked, size = planned.asked, len(planned.passages)
    check_all_pairs(size, 0, asked.local)  # before anything is read of a collection that is too large
    documents = planned.passages.get(range(size))
    check_all_pairs(size, sum(map(len, texts_of(documents, planned.passages.rank_fields))), asked.local)
    vectors = None
    if asked.local is not None:
        vectors = vectors_at(planned.passages, range(size), asked.local, _reading(context))
    found = find_duplicates(
        documents,
        asked.local,
        rank_fields=planned.passages.rank_fields,
        vectors=vectors,
        on_progress=_comparing_all(context) if asked.local is None else lambda _done, _total: _comparing(context),
    )
    return Outcome(job_id, asked, found, own=planned.own)


def _one_against_many(
    context: JobContext, payment: Payment, planned: DuplicatesPlan, job_id: str, keeping: Keeping
) -> Outcome:
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
        model = planned.model.id if planned.model else None
        request = RerankRequest(query.text, against.documents, model, rank_fields=against.rank_fields)
        context.progress(0, len(request.documents), note="Asking the provider")
        run = reranked_run(context, payment, planned.connection, request, LISTED, job_id, keeping)
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


def _reading(context: JobContext) -> Callable[[int, int], None]:
    return lambda done, total: context.progress(done, total, note="Reading the texts")


def _comparing_all(context: JobContext) -> Callable[[int, int], None]:
    return lambda done, total: context.progress(done, total, note="Comparing")


def _comparing(context: JobContext) -> None:
    context.progress(0, 0, note="Comparing")
