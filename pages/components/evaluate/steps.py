"""The steps of the Evaluate page by their names, and which query set the later ones are about."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.components.evaluate.answer.month import month
from pages.components.evaluate.cost import cost_step
from pages.components.evaluate.cutoff import cutoff_step
from pages.components.evaluate.judging.viewing import notice
from pages.components.evaluate.judging.views import rate_step
from pages.components.evaluate.new_run import new_run, offer_better, read_by
from pages.components.evaluate.query_set import query_set_step
from pages.components.evaluate.report import report_step
from pages.components.evaluate.run import experiment_list, progress, status, under_way
from pages.components.evaluate.state import experiment, go, is_sample, state
from pages.components.evaluate.summary import summary_step
from pages.components.session import keys
from rerank_core.evaluation.query_sets.query_set import QuerySet


def _about(
    draw: Callable[[QuerySet], None], *, of_run: bool = False, before: Callable[[QuerySet], None] | None = None
) -> Callable[[], None]:
    """A step under a line that says what it is about; those `of_run` need one, and say so where there is none. `before`
    draws what can be said without a run."""

    def drawn() -> None:
        query_set = state().query_set
        if query_set is None:
            return
        shown = experiment() if of_run else None
        when = f", run of {shown.created.astimezone().strftime('%d %B %Y, %H:%M')}" if shown else ""
        if shown is not None and (read := read_by(shown, query_set)):
            when += f", models read: {read}"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.text(f"{query_set.name}, {len(query_set):,} queries{when}", width="content")
            if is_sample(query_set):
                st.button("Use your own queries", type="tertiary", icon=":material/upload_file:", on_click=_own_queries)
        if of_run:
            notice()
            progress()
        if shown is not None and not under_way():
            offer_better(shown, query_set)
        if of_run and shown is None:
            st.info("Nothing has been run on this query set yet.", icon=":material/play_circle:")
            st.button("Choose models and run", icon=":material/play_arrow:", on_click=go, args=("Run",))
            if before is not None:
                before(query_set)
        else:
            draw(query_set)

    return drawn


def _own_queries() -> None:
    go("Query set")
    st.session_state[keys.EVALUATE_ADDING] = True


def _run_step(query_set: QuerySet) -> None:
    """Step 3: what has been run on this set, and what could be."""
    experiment_list()
    shown = experiment()
    if shown is not None:
        status(shown)
        if (read := read_by(shown, query_set)) and not under_way():
            st.text(f"Its models read: {read}")
            offer_better(shown, query_set)
    with st.container(border=True):
        st.subheader("New run", anchor=False)
        new_run(query_set)


DRAW: dict[str, Callable[[], None]] = {
    "Query set": query_set_step,
    "Rate": _about(rate_step),
    "Run": _about(_run_step),
    "Answer": _about(summary_step, of_run=True, before=month),
    "Cut-off": _about(cutoff_step, of_run=True),
    "Cost": _about(cost_step, of_run=True, before=month),
    "Report": _about(report_step, of_run=True),
}
