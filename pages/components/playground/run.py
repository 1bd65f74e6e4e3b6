"""One press of Rerank: what is sent, what it may cost, and the run that comes of it."""

from __future__ import annotations

import streamlit as st

from pages.components.display.saved_answer import saved_answer
from pages.components.inputs import fold, presenting
from pages.components.inputs.documents import read_fields
from pages.components.inputs.examples import may_be_left
from pages.components.inputs.rank_fields import offer_titles
from pages.components.jobs.page_job import Ended, JobKind, Plan
from pages.components.jobs.paid_call import estimated, keeping_for, rerank_task
from pages.components.jobs.spending import Wording
from pages.components.playground.state import state
from pages.components.session import keys
from pages.components.session.connection import Connection
from pages.components.session.texts import texts
from rerank_core import RerankRequest, pricing
from rerank_core.providers.spec import ModelSpec
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.retrieval.starting_order import StartBy, start_order
from rerank_core.storage.history.record import Made
from rerank_core.storage.run_record import Run, new_id

FOLD = "playground"


def plan(connection: Connection, model: ModelSpec | None, *, pressed: bool = True) -> Plan[Run]:
    """What pressing Rerank now would do; an example that was not asked for is not saved. Raises RerankError where the
    inputs cannot be run."""
    query = st.session_state.get(keys.QUERY) or ""
    by: StartBy = st.session_state.get(keys.START_ORDER) or "listed"
    ordered = start_order(texts().working, by, query, read_fields())
    request = RerankRequest(
        query,
        ordered.documents,
        model=model.id if model else None,
        return_documents=bool(st.session_state.get(keys.RETURN_DOCUMENTS)),
        rank_fields=read_fields(),
    )
    run_id = new_id()
    saved = pressed or not may_be_left(connection)
    keeping = keeping_for(run_id, Made("playground"), saved=saved, again=state().again)
    return Plan((rerank_task(connection, request, ordered.name, keeping=keeping, run_id=run_id),))


def _take(ended: Ended[Run]) -> None:
    current = state()
    current.run, current.picked, current.again = ended.result, None, False
    current.reused = ended.result is not None and ended.result.id != ended.id
    fold.of(FOLD).opened = False


RERANK = JobKind[Run](
    "rerank", "Reranking documents", "reranking", take=_take, paid="Playground", limit=Wording("this run", "Rerank")
)


def _with_titles() -> None:
    texts().rank_fields, state().wanted = TITLE_AND_TEXT, True
    st.rerun()  # the inputs are drawn anew, too


def _again() -> None:
    state().again = state().wanted = True


def saved_notice(connection: Connection) -> None:
    """Say that the result is a saved answer, and offer to ask once more."""
    run = state().run
    if run is not None and state().reused and not RERANK.job().running:
        estimate = estimated(connection, run.request).amount
        saved_answer(run.created, pricing.money_text(estimate), _again, key=keys.of(keys.RUN_AGAIN, "playground"))


def has_result() -> bool:
    """Whether there is a result to be seen, or one on its way."""
    return state().run is not None or state().wanted or RERANK.job().running


def fold_line(connection: Connection, model: ModelSpec | None) -> None:
    """The inputs in a line. They are open where they are no longer those of the result."""
    there = fold.of_texts(model.label if model else connection.provider.label)
    fold.line(FOLD, has_result(), there, stale=changed(connection, model) is not None)


def changed(connection: Connection, model: ModelSpec | None) -> str | None:
    """What is no longer as it was for the result; None where all is."""
    run = state().run
    if run is None or RERANK.job().running:
        return None
    same_texts = run.query == (st.session_state.get(keys.QUERY) or "") and {
        document.text for document in run.documents
    } == {document.text for document in texts().working.documents}
    same_fields = run.request.rank_fields == read_fields()
    same_model = run.connection == connection.provider.id and run.request.model == (model.id if model else None)
    if same_texts and same_model and same_fields:
        return None
    return "texts" if not same_texts else "model" if not same_model else "choice of what the model reads"


def stale_notice(connection: Connection, model: ModelSpec | None) -> None:
    """Say that the inputs are no longer those of the result below, or that it was of the texts alone."""
    run, what = state().run, changed(connection, model)
    if run is None or RERANK.job().running or presenting.on():
        return
    if what is not None:
        st.caption(
            f":material/history: The {what} changed since this run. Press Rerank to bring the result up to date."
        )
    else:
        said = "This run read only the texts.", "Rerank with titles"
        offer_titles(run.request.rank_fields, texts().working.documents, keys.DOCUMENTS, said, _with_titles)
