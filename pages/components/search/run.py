"""One search: first stage, then reranking, as a job that outlives a click; nothing of Streamlit in the worker."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import streamlit as st

from pages.components.display.board import shown
from pages.components.display.saved_answer import saved_answer
from pages.components.inputs import fold
from pages.components.inputs.collections import LIVE, SAMPLE, LiveSettings, passages_of
from pages.components.inputs.rank_fields import present
from pages.components.jobs import size
from pages.components.jobs.page_job import Ended, JobKind, Plan, Task
from pages.components.jobs.paid_call import Keeping, estimated, keeping_for, reranked_run
from pages.components.jobs.payment import Payment
from pages.components.jobs.spending import Wording
from pages.components.search import kept, live_reading
from pages.components.search.state import SearchAnswer, SearchAsked, StageChoice, state
from pages.components.server import addresses
from pages.components.session import drafts, keys, query_params, stores, unsaved
from pages.components.session.connection import Connection
from rerank_core import ConfigurationError, InvalidQueryError, RerankError, RerankRequest, pricing, samples
from rerank_core.jobs import JobContext
from rerank_core.models import DocumentInput
from rerank_core.providers.spec import ModelSpec
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.retrieval.condense import condense
from rerank_core.retrieval.first_stage import CANDIDATES, FirstStage, Retrieved
from rerank_core.retrieval.live.reply import LiveResult
from rerank_core.retrieval.passages import Passages
from rerank_core.storage.history.record import Made
from rerank_core.storage.run_record import new_id

FOLD = "search"
FIRST_SEARCH = SearchAsked(samples.TICKETS[0].text, SAMPLE, "keyword", CANDIDATES[0])
"""What stands on the page at a first visit."""
_READ = "choice of what is read"


@dataclass(frozen=True)
class SearchPlan:
    """A search that could start."""

    question: str
    source: str
    source_name: str
    passages: Passages | None
    live: LiveSettings | None
    stage: StageChoice
    connection: Connection
    model: ModelSpec | None
    live_reading: tuple[str, ...] = TITLE_AND_TEXT

    @property
    def rank_fields(self) -> tuple[str, ...]:
        """What is searched and read of each passage, as the collection has it, or what is read of a live index."""
        return self.passages.rank_fields if self.passages is not None else self.live_reading

    @property
    def asked(self) -> SearchAsked:
        """What a reloaded page shows again."""
        return SearchAsked(self.question, self.source, self.stage.kind, self.stage.candidates)


def estimate(planned: SearchPlan) -> pricing.CostEstimate:
    """What reranking the candidates is likely to cost: the first passages stand for those that will be found."""
    documents: Sequence[DocumentInput]
    if planned.connection.provider.is_local:
        documents = ()  # free, whatever will be found; the page asks at every turn
    elif planned.passages is not None:
        documents = planned.passages.get(range(min(planned.stage.candidates, len(planned.passages))))
    else:
        # What a live index will send is not known: one short passage for each candidate is assumed.
        documents = [{"text": "passage"}] * planned.stage.candidates
    query = condense(planned.question).text if planned.question.strip() else ""
    model = planned.model.id if planned.model else None
    return planned.connection.estimate(model, query, documents, planned.rank_fields)


def plan(
    question: str,
    source: str,
    live: LiveSettings | None,
    stage: StageChoice,
    connection: Connection,
    model: ModelSpec | None,
) -> SearchPlan:
    """What pressing Search now would do. Raises CorpusError where the collection is gone or cannot be read."""
    passages, name = (None, live.name) if live is not None else passages_of(source)
    return SearchPlan(question, source, name, passages, live, stage, connection, model, state().live_reading)


def _work(context: JobContext, payment: Payment, planned: SearchPlan, run_id: str, keeping: Keeping) -> SearchAnswer:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    found: Retrieved | LiveResult
    places: tuple[int, ...] | None
    started = time.perf_counter()
    if planned.live is not None:
        refused = addresses.check(planned.live.index.address) if planned.live.typed else None
        if refused:
            raise ConfigurationError(refused, hint="Change the address of the search engine.")
        query = condense(planned.question)
        context.progress(0, 0, note="Asking the search engine")
        with planned.live.index as index:
            context.on_cancel(index.close)
            found = index.search(query.text, planned.stage.candidates)
        documents, places, asked = found.documents, None, query.text
    else:
        assert planned.passages is not None
        stage = FirstStage(planned.passages, planned.stage.kind, planned.stage.embedding_model)
        if stage.missing():
            stage.prepare(lambda done, total: context.progress(done, total, note="Indexing the passages"))
        context.check()
        retrieved = stage.search(planned.question, planned.stage.candidates)
        found, documents, asked = retrieved, retrieved.documents, retrieved.query
        places = tuple(candidate.index for candidate in retrieved.candidates)
    first_ms = (time.perf_counter() - started) * 1000
    answer = SearchAnswer(run_id, planned.asked, planned.source_name, found, documents, places, None, first_ms)
    if documents:
        read = present(documents, planned.rank_fields)
        model = planned.model.id if planned.model else None
        request = RerankRequest(asked, documents, model=model, rank_fields=read)
        context.progress(0, len(documents), note="Reranking the candidates")
        keeping = replace(keeping, made=replace(keeping.made, context=kept.written(answer)))
        run = reranked_run(context, payment, planned.connection, request, _order_name(planned), run_id, keeping)
        answer = replace(answer, id=run.id, run=run)
    return answer


def _order_name(planned: SearchPlan) -> str:
    if planned.source == LIVE:
        return "as the search engine listed them"
    return {"keyword": "by keyword (BM25)", "embedding": "by meaning", "fused": "by keyword and meaning"}[
        planned.stage.kind
    ]


def has_result() -> bool:
    """Whether there is an answer to be seen, or one on its way."""
    return state().answer is not None or state().wanted or SEARCH.job().running


def fold_line(question: str, source: str, planned: SearchPlan | None) -> None:
    """The inputs in a line. They are open where they are no longer those of the answer."""
    answer = state().answer
    about = [] if planned is None else [planned.source_name]
    if planned is not None and planned.model is not None:
        about.append(planned.model.label)
    words = f"“{shown(question, fold.QUERY_CHARACTERS, one_line=True)}”", " · ".join(about)
    stale = planned is None or (answer is not None and _changed(answer, question, source, planned) is not None)
    fold.line(FOLD, has_result(), words, stale=stale, change="Ask something else", present=False)


def _changed(answer: SearchAnswer, question: str, source: str, planned: SearchPlan | None) -> str | None:
    """What is no longer as it was for the answer; None where all is."""
    if SEARCH.job().running:
        return None
    if (answer.question, answer.source) != (question, source):
        return "question" if answer.question != question else "place to search"
    if answer.run is None or planned is None:
        return None
    read = present(answer.documents, planned.rank_fields)
    return None if answer.run.request.rank_fields == read else _READ


def stale_notice(answer: SearchAnswer, question: str, source: str, planned: SearchPlan | None) -> None:
    """Say that what stands in the inputs is no longer what was searched for below."""
    what = _changed(answer, question, source, planned)
    if what == _READ:
        st.caption(":material/history: What is read of the passages changed since this search. Press Search anew.")
    elif what is not None:
        st.caption(f":material/history: The {what} changed since this search. Press Search to bring it up to date.")


def saved_notice(answer: SearchAnswer, planned: SearchPlan | None) -> None:
    """Say that the order is a saved answer, and offer to ask once more."""
    if answer.run is None or planned is None or not state().reused or SEARCH.job().running:
        return
    cost = pricing.money_text(estimated(planned.connection, answer.run.request).amount)
    saved_answer(answer.run.created, cost, _again, key=keys.of(keys.RUN_AGAIN, "search"))


def _again() -> None:
    state().again = state().wanted = True


def tasks(planned: SearchPlan, *, pressed: bool = True) -> Plan[SearchAnswer]:
    """The search as a job; an example ticket that was not asked for is not saved. Raises InvalidQueryError where there
    is no question."""
    if not planned.question.strip():
        raise InvalidQueryError("The question is empty.", hint="Type a question, or pick an example ticket.")
    run_id = new_id()
    most = pricing.upper_bound(estimate(planned), planned.connection.max_retries)
    example = planned.source == SAMPLE and any(planned.question == each.text for each in samples.TICKETS)
    example = example and planned.connection.provider.is_local
    keeping = keeping_for(run_id, Made("search"), saved=pressed or not example, again=state().again)
    work = (planned, run_id, keeping)
    read = _size(planned)
    task = Task(_work, work, most, planned.asked, id=run_id, size=read, connection=planned.connection)
    return Plan((task,))


def _size(planned: SearchPlan) -> int:
    """The tokens that the search reads: its candidates, and before the first one all passages that have no vectors."""
    count, stage = planned.stage.candidates, planned.stage
    if planned.passages is None:
        return count * size.A_PASSAGE
    unread = FirstStage(planned.passages, stage.kind, stage.embedding_model).missing()
    return size.of_passages(planned.passages, count) + (size.of_passages(planned.passages, unread) if unread else 0)


def _take(ended: Ended[SearchAnswer]) -> None:
    fold.of(FOLD).opened = False
    current = state()
    current.answer, current.picked, current.again = ended.result, None, False
    current.reused = ended.result is not None and ended.result.id != ended.id
    if ended.result is not None:
        unsaved.describe(ended.result.id, kept.written(ended.result))
    live_reading.read_as_before(ended.result)
    if ended.result is not None:
        # Who comes back finds what they searched last, and not the sample. That is never worth losing a result for.
        with contextlib.suppress(RerankError):
            source = ended.result.source
            stores.corpora().remember(source if source not in (SAMPLE, LIVE) else None)


SEARCH = JobKind[SearchAnswer](
    "search",
    "Searching",
    "searching",
    take=_take,
    paid="Search",
    limit=Wording("this search", "Search", "Do not search"),
)


def sync_query_params(source: str) -> None:
    """Keep the search, what is searched and what was typed since in the address, so that a reload brings them back:
    ids, never a text."""
    answer, job, now = state().answer, SEARCH.job(), st.session_state
    asked = SearchAsked(now.get(keys.QUESTION) or "", source, now[keys.STAGE], now[keys.CANDIDATES])
    same = asked == answer.asked if answer else asked == FIRST_SEARCH or not asked.question.strip()
    left = None if same or job.running else drafts.keep(keys.ASKING, asked, len(asked.question))
    query_params.sync(
        {
            keys.SEARCH: job.id or (answer.id if answer else None),
            keys.SOURCE: source if source != SAMPLE else None,
            keys.ASKING: left,
        }
    )
