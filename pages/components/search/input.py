"""The question, the example tickets, and the choices of the first stage."""

from __future__ import annotations

import streamlit as st

from pages.components.jobs.jobs import manager
from pages.components.search.run import asked
from pages.components.search.state import CANDIDATES, LIVE, QUESTION, SAMPLE, SEARCH, SOURCE, STAGE, TICKET, TOP, state
from pages.components.session.connection import Connection
from pages.components.session.texts import LABELS, MODEL
from rerank_core import offline, samples
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from rerank_core.retrieval.first_stage import CANDIDATES as NUMBERS
from rerank_core.retrieval.first_stage import Kind

KINDS: dict[Kind, str] = {"keyword": "By keyword", "embedding": "By meaning", "fused": "Both"}
NO_TICKET = "none"


def arrive(connection: Connection) -> None:
    """Fill the page the first time it is seen in a session; on this computer the first ticket is searched at once."""
    current = state()
    wish = st.session_state.pop("source_wish", None)
    if wish is not None:
        st.session_state[SOURCE] = wish
    st.session_state.setdefault(MODEL, LABELS[0])
    if current.arrived:
        return
    current.arrived = True
    ticket = samples.TICKETS[0]
    link = st.query_params.get(SEARCH)
    known = asked().get(link) if link and manager().jobs(link) else None
    if known is not None:
        own = next((each.id for each in samples.TICKETS if each.text == known.question), NO_TICKET)
        st.session_state.update(
            {QUESTION: known.question, TICKET: own, SOURCE: known.source, STAGE: known.kind, TOP: 5}
            | {CANDIDATES: known.candidates}
        )
        current.job_id = link
        return
    st.session_state.update(
        {QUESTION: ticket.text, TICKET: ticket.id, SOURCE: SAMPLE, STAGE: "keyword", CANDIDATES: NUMBERS[0], TOP: 5}
    )
    current.wanted = connection.provider.is_local


def question_input() -> str:
    """The question or ticket."""
    return st.text_area(
        "Question",
        key=QUESTION,
        height=130,
        persist_state="session",
        placeholder="Type a question, or paste a whole ticket.",
    )


def ticket_picker(source: str) -> None:
    """Example tickets for the sample knowledge base."""
    if source != SAMPLE:
        return
    # A question that was changed is no longer the ticket's.
    question = st.session_state.get(QUESTION) or ""
    st.session_state[TICKET] = next((ticket.id for ticket in samples.TICKETS if ticket.text == question), NO_TICKET)
    titles = {ticket.id: ticket.title for ticket in samples.TICKETS} | {NO_TICKET: "My own question"}
    st.selectbox(
        "Example ticket",
        list(titles),
        format_func=titles.__getitem__,
        key=TICKET,
        on_change=_picked,
        persist_state="session",
    )


def _picked() -> None:
    chosen = st.session_state.get(TICKET)
    ticket = next((ticket for ticket in samples.TICKETS if ticket.id == chosen), None)
    current = state()
    current.read()
    current.answer = current.error = current.picked = None
    st.session_state[QUESTION] = ticket.text if ticket else ""
    from pages.components.session import connection as connections

    current.wanted = ticket is not None and connections.current().provider.is_local


def first_stage(source: str) -> tuple[Kind, str, int]:
    """How candidates are found: kind, embedding model, and how many."""
    kind: Kind = "keyword"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        # A live engine finds them in its own way, so there is nothing to choose; the place stays.
        chosen = st.segmented_control(
            "Find candidates",
            list(KINDS),
            format_func=KINDS.__getitem__,
            required=True,
            key=STAGE,
            persist_state="session",
            disabled=source == LIVE,
        )
        if source != LIVE:
            kind = chosen or "keyword"
        number = st.selectbox("Candidates", NUMBERS, key=CANDIDATES, persist_state="session", width=110)
    model = MULTILINGUAL if offline.unavailable_reason(MULTILINGUAL) is None else ENGLISH
    with st.container():
        if kind != "keyword":
            st.caption("Meaning is compared by the local model, on this computer, free.")
    return kind, model, int(number)
