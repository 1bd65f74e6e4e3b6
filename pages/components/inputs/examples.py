"""The stories to start from, and what a first visit or a link brings onto the page."""

from __future__ import annotations

import streamlit as st

from pages.components.playground import run as playground_run
from pages.components.session.connection import Connection
from pages.components.session.texts import (
    DEFAULT_TOP_N,
    DOCUMENTS,
    EXAMPLE,
    FROM_EXAMPLE,
    LABELS,
    MAX_TOP_N,
    MODEL,
    OWN,
    QUERY,
    RUN,
    TOP_N,
    as_pasted_text,
    load_example,
    state,
)
from rerank_core import RerankRequest, provider, samples
from rerank_core.documents.working_list import WorkingList
from rerank_core.storage.run_record import Run

FIRST = samples.EXAMPLES[0].id
TITLES = {example.id: example.title for example in samples.EXAMPLES} | {OWN: "Your own documents"}


def arrive(connection: Connection) -> None:
    """Fill the page the first time it is seen in a session: from a run's link, an example's, or the first story."""
    current = state()
    if current.example is not None:
        return
    st.session_state.update({MODEL: LABELS[0], TOP_N: DEFAULT_TOP_N, QUERY: "", DOCUMENTS: ""})
    asked = st.query_params.get(RUN)
    if asked:
        playground_run.restore(asked)
    if current.run is not None or current.job_id is not None:
        _show_inputs_of_run()
    else:
        wished = st.query_params.get(EXAMPLE)
        first = next((name for name, title in TITLES.items() if wished in (name, title)), FIRST)
        if first == OWN:
            current.example = OWN
        else:
            load_example(samples.example(first))
            _run_if_free(connection)
    st.session_state[EXAMPLE] = current.example
    # A link may ask for another model or Top N than the example suggests.
    if st.query_params.get(MODEL) in LABELS:
        st.session_state[MODEL] = st.query_params[MODEL]
    top = st.query_params.get(TOP_N, "")
    if top.isascii() and top.isdigit() and 0 < int(top) <= MAX_TOP_N:
        st.session_state[TOP_N] = int(top)


def write_address() -> None:
    """Keep the small choices in the address, so that it can be sent: never a text, never a key."""
    current = state()
    shown = current.job_id or (current.run.id if current.run else None)
    wanted = {
        EXAMPLE: current.example if current.example != FIRST else None,
        MODEL: st.session_state.get(MODEL) if st.session_state.get(MODEL) != LABELS[0] else None,
        TOP_N: str(st.session_state[TOP_N]) if st.session_state.get(TOP_N) not in (None, DEFAULT_TOP_N) else None,
        RUN: shown,
    }
    for name, value in wanted.items():
        if value is None:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != value:
            st.query_params[name] = value


def picker() -> None:
    """Choose a story; on this computer it is reranked at once, since that costs nothing."""
    with st.container(horizontal=True, vertical_alignment="bottom", width="content", gap="small"):
        st.selectbox(
            "Example",
            list(TITLES),
            format_func=TITLES.__getitem__,
            key=EXAMPLE,
            persist_state="session",
            on_change=_picked,
            width=320,
        )
        st.button(
            "Start over",
            icon=":material/restart_alt:",
            type="tertiary",
            on_click=_picked,
            help="Put the example's own texts back.",
        )


def story() -> None:
    """What to look at in the chosen example."""
    current = state()
    if current.example in TITLES and current.example != OWN:
        st.caption(samples.example(current.example).story)


def open_run(run: Run) -> None:
    """Put a run of another page onto the Playground. For a button's callback, before anything is drawn."""
    current = state()
    current.forget_result()
    current.uploads.clear()
    current.pasted = None
    current.run = run
    st.session_state.setdefault(TOP_N, DEFAULT_TOP_N)
    _show_inputs_of_run()
    st.session_state[EXAMPLE] = current.example


def _picked() -> None:
    from pages.components.session import connection as connections

    current = state()
    current.note = ""
    chosen = st.session_state.get(EXAMPLE)
    if chosen == OWN or chosen not in TITLES:
        current.example = OWN
        current.change(WorkingList())
        current.uploads.clear()
        current.pasted = None
        current.forget_result()
        st.session_state[QUERY] = st.session_state[DOCUMENTS] = ""
        return
    load_example(samples.example(chosen))
    _run_if_free(connections.current())


def _run_if_free(connection: Connection) -> None:
    if connection.provider.is_local:
        state().wanted = True


def _same_texts(example: samples.Example, request: RerankRequest) -> bool:
    return [document.text for document in example.documents] == [document.text for document in request.documents]


def _show_inputs_of_run() -> None:
    """Bring a reopened run's texts and choices back into the inputs, whether it has ended or is under way."""
    current = state()
    waiting = playground_run.asked().get(current.job_id or "")
    if current.run is not None:
        request, service, model, order = (
            current.run.request,
            current.run.connection,
            current.run.model,
            current.run.order_name,
        )
    elif waiting is not None:
        request, service, model, order = waiting.request, waiting.provider, waiting.request.model, waiting.order_name
    else:
        current.example = OWN
        return
    # A story that somebody sent on is the same story to whoever opens it.
    same = (one for one in samples.EXAMPLES if one.query == request.query and _same_texts(one, request))
    story = next(same, None)
    current.example = story.id if story else OWN
    st.session_state[QUERY] = request.query
    st.session_state[DOCUMENTS] = as_pasted_text(request.documents)
    source = FROM_EXAMPLE if story else "the saved run"
    current.working = WorkingList.of(request.documents, source, order)
    chosen = provider(service).model(model)
    if chosen is not None:
        st.session_state[MODEL] = chosen.label
