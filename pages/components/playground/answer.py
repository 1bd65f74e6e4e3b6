"""What a press of Rerank changes: the button with its estimate, the answer, and what the session has spent.

It is a part of the page that Streamlit draws anew without the rest. The rest depends on the texts and the choices, and
is drawn anew with those alone. What somebody does inside the answer (a rating, a tab, the threshold) draws the answer
alone, too. Where it changes more than that, its callback asks for the whole page with `st.rerun()`.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.display import errors
from pages.components.inputs import model as model_input
from pages.components.inputs import presenting
from pages.components.inputs.controls import start_button
from pages.components.jobs import spent
from pages.components.playground import link, present, run
from pages.components.playground.result import result
from pages.components.playground.state import state
from pages.components.session import keys, thresholds
from pages.components.session.connection import Connection
from pages.components.session.texts import texts
from rerank_core.providers.spec import ModelSpec


@dataclass(frozen=True)
class Places:
    """Where on the page it is drawn: the head of the presenter view, the line for the inputs, the button with its
    estimate, and what speaks against the chosen model."""

    presented: DeltaGenerator
    folded: DeltaGenerator
    button: DeltaGenerator
    notices: DeltaGenerator


@st.fragment(key=keys.ANSWER)
def answer(connection: Connection, model: ModelSpec | None, top_n: int, places: Places) -> None:
    """Draw the button, start what was asked for, and draw what there is."""
    with errors.said(), thresholds.read_once():
        _start(connection, model, places)
        _draw(connection, model, top_n, places)
    spent.draw()


def _start(connection: Connection, model: ModelSpec | None, places: Places) -> None:
    current, job = state(), run.RERANK.job()
    with places.notices, st.container():
        missing = model_input.unavailable(model, connection)
        model_input.language_warning(model, st.session_state.get(keys.QUERY) or "", texts().working.documents)
    with places.button, st.container():
        model_input.show_estimate(model_input.estimate(connection, model))
        unable = bool(missing) or not connection.ready or job.running
        pressed = start_button("Rerank", ":material/swap_vert:", width="stretch", disabled=unable)
    if pressed:
        current.again = False
    if pressed or current.wanted:
        current.wanted = False
        job.submit(lambda: run.plan(connection, model, pressed=pressed), unasked=not pressed)


def _draw(connection: Connection, model: ModelSpec | None, top_n: int, places: Places) -> None:
    current, job = state(), run.RERANK.job()
    # What comes and goes has a container of its own, so that nothing below it changes its place: Streamlit would draw
    # all of it anew, and a click or a keystroke in between would be lost.
    with st.container():
        job.confirmation(lambda: run.plan(connection, model))
    progress = st.container()
    with places.folded, st.container():
        run.fold_line(connection, model)
    with places.presented, st.container():
        present.head(connection, model, top_n)
    with st.container():
        errors.message_and_error(job.message, job.error)
    if current.run is not None:
        with st.container():
            run.saved_notice(connection)
            run.stale_notice(connection, model)
        result(current.run, top_n)
    elif job.error is None and not job.running:
        st.info(
            "Paste or upload documents, type a query, and press Rerank. Or pick an example above to see one at work.",
            icon=":material/arrow_upward:",
        )
    if not presenting.on():
        st.page_link("history.py", label="Earlier runs", icon=":material/history:")
    link.sync_query_params()
    # Last, since it stays with the run: the page around it stands by then.
    with progress:
        job.progress()
