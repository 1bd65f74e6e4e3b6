"""The question, the example tickets, and the choices of the first stage."""

from __future__ import annotations

import streamlit as st

from pages.components.display import glossary
from pages.components.inputs import fold
from pages.components.inputs.collections import LIVE, SAMPLE, source_select
from pages.components.inputs.controls import segmented, select
from pages.components.search import corpus, homes, kept
from pages.components.search.run import FIRST_SEARCH, FOLD, SEARCH
from pages.components.search.state import SearchAsked, StageChoice, state
from pages.components.session import connection as connections
from pages.components.session import drafts, keys, query_params, reopened, stores
from pages.components.session.connection import Connection
from pages.components.session.texts import SLOTS
from rerank_core import offline, provider, samples
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from rerank_core.retrieval.first_stage import CANDIDATES as NUMBERS
from rerank_core.retrieval.first_stage import Kind
from rerank_core.storage.sqlite_file import StoreError

KINDS: dict[Kind, str] = {"keyword": "By keyword", "embedding": "By meaning", "fused": "Both"}
NO_TICKET = "none"


def restore_from_link(connection: Connection) -> None:
    """Fill the page the first time it is seen in a session; on this computer the first ticket is searched at once."""
    current = state()
    if current.next_source is not None:
        st.session_state[keys.SOURCE], current.next_source = current.next_source, None
    st.session_state.setdefault(keys.MODEL, SLOTS[0])
    asked = reopened.take("search")
    if asked:
        current.visited = True
        _show_saved(asked)
    if current.visited:
        return
    current.visited = True
    _show_answer_of_link(connection)
    left = drafts.find(query_params.get(keys.ASKING) or "")
    if isinstance(left, SearchAsked):  # what was typed after the last search, or before the first
        _show_inputs_of(left)
        current.wanted = False


def _show_answer_of_link(connection: Connection) -> None:
    current, mine = state(), SEARCH.job()
    link = query_params.get(keys.SEARCH)
    found = mine.find(link)
    if link and found is not None:
        # an earlier visit may have taken the answer over; it is still there to be shown
        asked = found.result().asked if found.state == "done" else found.asked
        if isinstance(asked, SearchAsked) and mine.watch([link]):
            _show_inputs_of(asked)
            return
    if link and _show_saved(link):
        return
    last = query_params.get(keys.SOURCE) or stores.corpora().last_used
    if last is not None and last != SAMPLE:
        # Whoever asks their own content must not get an answer from the sample.
        _show_inputs_of(SearchAsked("", last, "keyword", NUMBERS[0]))
        return
    _show_inputs_of(FIRST_SEARCH)
    current.wanted = connection.provider.is_local


def _show_saved(run_id: str) -> bool:
    """Show a search of the history again, whether or not what it searched is still there; whether it could be shown."""
    current, mine = state(), SEARCH.job()
    try:
        run, context = stores.runs().get(run_id), stores.history().context(run_id)
        if run is None or not context:
            return False
        answer = kept.read(context, run)
    except StoreError as error:
        mine.error = error
        return False
    mine.forget()
    current.answer, current.picked, current.reused, current.wanted = answer, None, False, False
    fold.of(FOLD).opened = False
    _show_inputs_of(answer.asked)
    chosen = provider(run.connection).model(run.model)
    if chosen is not None:
        st.session_state[keys.MODEL] = chosen.slot
    return True


def _show_inputs_of(asked: SearchAsked) -> None:
    ticket = next((each.id for each in samples.TICKETS if each.text == asked.question), NO_TICKET)
    st.session_state.update(
        {
            keys.QUESTION: asked.question,
            keys.TICKET: ticket,
            keys.SOURCE: asked.source,
            keys.STAGE: asked.kind,
            keys.CANDIDATES: asked.candidates,
            keys.SEARCH_TOP: 5,
        }
    )


def read() -> None:
    """The person went on: what was said about a knowledge base has been read."""
    state().message = ""
    corpus.FILL.job().error, corpus.FILL.job().message = None, ""


def source_missing(why: str) -> None:
    """The collection that was chosen is gone. Whoever asks their own content must not get another's answer."""
    current = state()
    current.wanted = SEARCH.job().asking = False
    current.source_missing = True
    SEARCH.job().message = f"{why} Nothing was searched. The sample is chosen now."


def source_control() -> str:
    """The select box of sources; gives the chosen one's id."""
    homes.unreachable()
    problems = {each.id: f"{each.id} (cannot be read)" for each in stores.corpora().list() if each.problem}
    others = problems | {LIVE: "A live search engine"}
    return source_select("Search in", keys.SOURCE, others, missing=source_missing, width=330, on_change=read)


def question_input() -> str:
    """The question or ticket."""
    return st.text_area(
        "Question",
        key=keys.QUESTION,
        height=130,
        persist_state="session",
        placeholder="Type a question, or paste a whole ticket.",
    )


def ticket_picker(source: str) -> None:
    """Example tickets for the sample knowledge base."""
    if source != SAMPLE:
        return
    # A question that was changed is no longer the ticket's.
    question = st.session_state.get(keys.QUESTION) or ""
    st.session_state[keys.TICKET] = next(
        (ticket.id for ticket in samples.TICKETS if ticket.text == question), NO_TICKET
    )
    titles = {ticket.id: ticket.title for ticket in samples.TICKETS} | {NO_TICKET: "My own question"}
    select("Example ticket", titles, keys.TICKET, on_change=_picked, persist_state="session")


def _picked() -> None:
    chosen = st.session_state.get(keys.TICKET)
    ticket = next((ticket for ticket in samples.TICKETS if ticket.id == chosen), None)
    current = state()
    read()
    SEARCH.job().error, SEARCH.job().message = None, ""
    current.answer = current.picked = None
    st.session_state[keys.QUESTION] = ticket.text if ticket else ""
    current.wanted = ticket is not None and connections.current().provider.is_local


def first_stage(source: str) -> StageChoice:
    """How candidates are found: kind, embedding model, and how many."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # A live engine finds them in its own way, so there is nothing to choose; the place stays.
        disabled = source == LIVE
        kind = segmented("Find candidates", KINDS, keys.STAGE, persist_state="session", disabled=disabled)
        if disabled:
            kind = "keyword"
        number = st.selectbox(
            "Candidates", NUMBERS, key=keys.CANDIDATES, persist_state="session", width=110, help=glossary.CANDIDATES
        )
    model = MULTILINGUAL if offline.unavailable_reason(MULTILINGUAL) is None else ENGLISH
    with st.container():
        if kind != "keyword":
            st.caption("Meaning is compared by the local model, on this computer, free.")
    return StageChoice(kind, model, int(number))
