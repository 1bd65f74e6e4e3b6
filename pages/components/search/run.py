"""One search: first stage, then reranking, as a job that outlives a click; nothing of Streamlit in the worker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import streamlit as st

from pages.components.inputs.model import escaped
from pages.components.jobs import jobs, paid_call
from pages.components.jobs.jobs import failure, manager
from pages.components.playground.run import store
from pages.components.search.state import LIVE, SAMPLE, SEARCH, Answer, Asked, state
from pages.components.server import addresses
from pages.components.session import connection as connections
from pages.components.session.connection import Connection
from rerank_core import ConfigurationError, InvalidQueryError, RerankError, RerankRequest, pricing, samples
from rerank_core.corpora import CorpusStore
from rerank_core.jobs import Job, JobContext
from rerank_core.models import DocumentInput
from rerank_core.pricing.budget import Budget
from rerank_core.providers.spec import ModelSpec
from rerank_core.retrieval.condense import condense
from rerank_core.retrieval.first_stage import FirstStage, Kind
from rerank_core.retrieval.live.index import LiveIndex
from rerank_core.retrieval.passages import PassageList, Passages
from rerank_core.storage.run_record import Run, new_id
from rerank_core.storage.runs import StoreError

_AT_ONCE_SECONDS = 1.5


@st.cache_resource(show_spinner=False)
def corpora() -> CorpusStore:
    """The corpora of this machine; all sessions share their indexes."""
    return CorpusStore()


@st.cache_resource(show_spinner=False)
def sample() -> PassageList:
    """The sample knowledge base, always there."""
    return PassageList(samples.knowledge_base())


@st.cache_resource(show_spinner=False)
def asked() -> dict[str, Asked]:
    """What the searches that can still be looked up were asked, by an id that nobody can guess."""
    return {}


@dataclass(frozen=True)
class LiveSettings:
    """How a live search engine is reached; everything a worker needs."""

    index: LiveIndex
    name: str
    typed: bool = True


@dataclass(frozen=True)
class Plan:
    """A search that could start."""

    question: str
    source: str
    source_name: str
    passages: Passages | None
    live: LiveSettings | None
    kind: Kind
    embedding_model: str
    candidates: int
    connection: Connection
    model: ModelSpec | None


def passages_of(source: str) -> tuple[Passages, str]:
    """The collection behind a source's id, and its name. Raises CorpusError where it is gone."""
    if source == SAMPLE:
        return sample(), "the sample knowledge base"
    corpus = corpora().open(source)
    return corpus, corpus.name


def estimate(planned: Plan) -> pricing.CostEstimate:
    """What reranking the candidates is likely to cost: the first passages stand for those that will be found."""
    documents: Sequence[DocumentInput]
    if planned.connection.provider.is_local:
        documents = ()  # free, whatever will be found; the page asks at every turn
    elif planned.passages is not None:
        documents = planned.passages.get(range(min(planned.candidates, len(planned.passages))))
    else:
        # What a live index will send is not known: one short passage for each candidate is assumed.
        documents = ["passage"] * planned.candidates
    return pricing.estimate_cost(
        planned.connection.provider.id,
        planned.model.id if planned.model else None,
        condense(planned.question).text if planned.question.strip() else "",
        documents,
        prices=planned.connection.prices,
    )


def plan(
    question: str,
    source: str,
    live: LiveSettings | None,
    kind: Kind,
    embedding_model: str,
    candidates: int,
    connection: Connection,
    model: ModelSpec | None,
) -> Plan:
    """What pressing Search now would do. Raises CorpusError where the collection is gone or cannot be read."""
    passages, name = (None, live.name) if live is not None else passages_of(source)
    return Plan(question, source, name, passages, live, kind, embedding_model, candidates, connection, model)


def start(planned: Plan) -> None:
    """Hand the search to a worker; one that is soon done is shown at once."""
    current = state()
    current.error = None
    job_id = new_id()
    try:
        job = manager().submit(_work, planned, job_id, connections.budget(), owner=job_id, title="search")
    except RerankError as error:
        current.error = error
        return
    current.job_id = job_id
    known = asked()
    for old in [each for each in known if not manager().jobs(each)]:
        known.pop(old, None)
    known[job_id] = Asked(planned.question, planned.source, planned.kind, planned.candidates)
    job.wait(_AT_ONCE_SECONDS)
    collect()


def write_address() -> None:
    """Keep the search in the address, so that a reload brings it back: its id, never a text."""
    current = state()
    shown = current.job_id or (current.answer.id if current.answer else None)
    if shown is None:
        st.query_params.pop(SEARCH, None)
    elif st.query_params.get(SEARCH) != shown:
        st.query_params[SEARCH] = shown


def running() -> Job[Answer] | None:
    """The search that is under way, if there is one."""
    return jobs.first(state().job_id)


def collect() -> None:
    """Take over the answer of a search that has ended."""
    current, job = state(), running()
    if job is None or not job.finished:
        return
    current.job_id = None
    if job.state == "done":
        current.answer, current.error, current.picked = job.result(), None, None
    elif job.state == "failed":
        current.error = failure(job, "searching")
    else:
        current.notice = jobs.CANCELLED


def progress() -> None:
    """Show what is under way; see `jobs.progress`."""
    jobs.progress(state().job_id, "Searching")


def _work(context: JobContext, planned: Plan, run_id: str, budget: Budget) -> Answer:
    started = time.perf_counter()
    if planned.live is not None:
        refused = addresses.check(planned.live.index.address) if planned.live.typed else None
        if refused:
            raise ConfigurationError(refused, hint="Change the address of the search engine.")
        query = condense(planned.question)
        context.progress(0, 0, note="Asking the search engine")
        with planned.live.index as index:
            context.on_cancel(index.close)
            found = index.search(query.text, planned.candidates)
        documents, places, asked = found.documents, None, query.text
    else:
        assert planned.passages is not None
        stage = FirstStage(planned.passages, planned.kind, planned.embedding_model)
        if stage.missing():
            stage.prepare(lambda done, total: context.progress(done, total, note="Indexing the passages"))
        context.check()
        retrieved = stage.search(planned.question, planned.candidates)
        found, documents, asked = retrieved, retrieved.documents, retrieved.query
        places = tuple(candidate.index for candidate in retrieved.candidates)
    first_ms = (time.perf_counter() - started) * 1000
    run = None
    if documents:
        request = RerankRequest(asked, documents, model=planned.model.id if planned.model else None)
        expected = pricing.estimate_cost(
            planned.connection.provider.id, request.model, asked, documents, prices=planned.connection.prices
        )
        response = paid_call.rerank(
            planned.connection,
            budget,
            request,
            on_client=lambda client: context.on_cancel(client.close),
            on_progress=lambda at: context.progress(at.done, at.total, at.cost, note="Reranking"),
        )
        run = Run(response, _order_name(planned), estimate=expected, id=run_id)
        try:
            store().save(run)
        except StoreError as error:
            # The result is paid for and shown all the same; only its link is lost.
            run = replace(run, response=replace(response, warnings=(*response.warnings, str(error))))
    return Answer(
        run_id, planned.question, planned.source, planned.source_name, found, documents, places, run, first_ms
    )


def _order_name(planned: Plan) -> str:
    if planned.source == LIVE:
        return "as the search engine listed them"
    return {"keyword": "by keyword (BM25)", "embedding": "by meaning", "fused": "by keyword and meaning"}[planned.kind]


def press(planned: Plan) -> None:
    """Search was pressed: check what can be checked here, then start."""
    current = state()
    current.asking = False
    if running() is not None:
        return
    if not planned.question.strip():
        current.error = InvalidQueryError("The question is empty.", hint="Type a question, or pick an example ticket.")
        return
    current.error = None
    if connections.budget().fits(_most(planned)):
        start(planned)
    else:
        current.asking = True


def _most(planned: Plan) -> Decimal | None:
    return pricing.upper_bound(estimate(planned), planned.connection.max_retries)


def stale_notice(answer: Answer, question: str, source: str) -> None:
    """Say that what stands in the inputs is no longer what was searched for below."""
    if running() is None and (answer.question, answer.source) != (question, source):
        what = "question" if answer.question != question else "place to search"
        st.caption(f":material/history: The {what} changed since this search. Press Search to bring it up to date.")


def confirmation(planned: Plan | None) -> None:
    """Ask whether a search may pass the spending limit."""
    current = state()
    if not current.asking:
        return
    budget = connections.budget()
    most = _most(planned) if planned is not None else None
    if planned is None or most is None or budget.fits(most):
        current.asking = False
        return
    now = budget.now()
    with st.container(border=True):
        st.warning(
            escaped(
                f"With every retry billed this search may cost up to {pricing.money_text(most)}; "
                f"{pricing.money_text(now.spent)} of your limit of {pricing.money_text(now.limit)} is spent."
            ),
            title="This may pass your spending limit",
            icon=":material/savings:",
        )
        with st.container(horizontal=True):
            if st.button("Search and raise the limit", icon=":material/check:"):
                budget.set_limit(budget.limit_for(most))
                current.asking = False
                start(planned)
                st.rerun()
            if st.button("Do not search"):
                current.asking = False
                st.rerun()
