"""The stories to start from, and what a first visit or a link brings onto the page."""

from __future__ import annotations

import streamlit as st

from pages.components import running
from pages.components.connection import Connection
from pages.components.state import (
    DOCUMENTS,
    EXAMPLE,
    MODEL,
    OWN,
    QUERY,
    TOP_N,
    as_pasted_text,
    load_example,
    state,
)
from rerank_core import provider, samples
from rerank_core.documents.working_list import WorkingList

TITLES = {example.id: example.title for example in samples.EXAMPLES} | {OWN: "Your own documents"}


def arrive(connection: Connection) -> None:
    """Fill the page the first time it is seen in a session: from a run's link, an example's, or the first story."""
    current = state()
    if current.example is None:
        named = st.query_params.get("run")
        if named:
            running.restore(named)
        if current.run is not None:
            _show_inputs_of_run()
            return
        # A link may name an example by its id; the address bar then goes on with its title.
        wished = st.query_params.get(EXAMPLE)
        first = next((name for name, title in TITLES.items() if wished in (name, title)), samples.EXAMPLES[0].id)
        st.session_state[EXAMPLE] = first
        if first == OWN:
            current.example = OWN
            return
        load_example(samples.example(first), keep_model=MODEL in st.query_params, keep_top=TOP_N in st.query_params)
        _run_if_free(connection)


def picker() -> None:
    """Choose a story; on this computer it is reranked at once, since that costs nothing."""
    with st.container(horizontal=True, vertical_alignment="bottom", width="content", gap="small"):
        st.selectbox(
            "Example",
            list(TITLES),
            format_func=TITLES.__getitem__,
            key=EXAMPLE,
            bind="query-params",
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


def _picked() -> None:
    from pages.components import connection as connections

    current = state()
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
    if connection.provider.id == "local":
        state().wanted = True


def _show_inputs_of_run() -> None:
    """Bring a reopened run's texts and choices back into the inputs."""
    current = state()
    run = current.run
    if run is None:
        return
    current.example = OWN
    st.session_state[EXAMPLE] = OWN
    st.session_state[QUERY] = run.query
    st.session_state[DOCUMENTS] = as_pasted_text(run.documents)
    current.working = WorkingList.of(run.documents, "the saved run", run.order_name)
    model = provider(run.connection).model(run.response.model)
    if model is not None and MODEL not in st.query_params:
        st.session_state[MODEL] = model.label
