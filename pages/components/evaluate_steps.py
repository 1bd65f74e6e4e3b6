"""The steps of the Evaluate page by their names, and which query set the later ones are about."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.components.evaluate_answer import answer_step
from pages.components.evaluate_cost import cost_step
from pages.components.evaluate_cutoff import cutoff_step
from pages.components.evaluate_new import new_run
from pages.components.evaluate_rate import rate_step
from pages.components.evaluate_report import report_step
from pages.components.evaluate_run import experiment_list, status
from pages.components.evaluate_set import ADDING, query_set_step
from pages.components.evaluate_state import STEP, experiment, on_sample, state


def _about(draw: Callable[[], None], *, run: bool = True) -> Callable[[], None]:
    """A step under a line that says what it is about."""

    def drawn() -> None:
        current = state()
        if current.query_set is not None:
            shown = experiment() if run else None
            when = f", run of {shown.created.astimezone().strftime('%d %B %Y, %H:%M')}" if shown else ""
            with st.container(horizontal=True, vertical_alignment="center"):
                st.text(f"{current.query_set.name}, {len(current.query_set):,} queries{when}", width="content")
                if on_sample():
                    st.button(
                        "Use your own queries", type="tertiary", icon=":material/upload_file:", on_click=_own_queries
                    )
        draw()

    return drawn


def _own_queries() -> None:
    st.session_state[STEP] = "Query set"
    st.session_state[ADDING] = True


def _run_step() -> None:
    """Step 3: what has been run on this set, and what could be."""
    query_set = state().query_set
    if query_set is None:
        return
    experiment_list()
    shown = experiment()
    if shown is not None:
        status(shown)
    with st.container(border=True):
        st.subheader("New run", anchor=False)
        new_run(query_set)


DRAW: dict[str, Callable[[], None]] = {
    "Query set": query_set_step,
    "Rate": _about(rate_step, run=False),
    "Run": _about(_run_step, run=False),
    "Answer": _about(answer_step),
    "Cut-off": _about(cutoff_step),
    "Cost": _about(cost_step),
    "Report": _about(report_step),
}
