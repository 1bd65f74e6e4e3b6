"""A run under way or over: what it has cost so far, pause, go on, run again what failed; and the saved ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pandas as pd
import streamlit as st

import rerank_core as rc
from pages.components import connection as connections
from pages.components import errors
from pages.components.connection import Connection
from pages.components.evaluate_state import EXPERIMENT, experiment, experiments, go, open_experiment, state
from pages.components.jobs import manager
from pages.components.settings import escaped
from rerank_core import RerankError, pricing
from rerank_core.evaluation.contender import Contender, Experiment, ExperimentProgress, Lane
from rerank_core.evaluation.experiment import Only, run_experiment
from rerank_core.evaluation.query_set import QuerySet
from rerank_core.jobs import Job

STATES = {
    "new": "not started",
    "running": "running",
    "interrupted": "interrupted when the server ended",
    "paused": "paused",
    "limit": "stopped at the spending limit",
    "halted": "stopped, a connection was given up",
    "cancelled": "cancelled",
    "done": "done",
}


def experiment_list() -> None:
    """The experiments of this query set."""
    current = state()
    saved = {one.id: one for one in experiments().list(current.set_id)}
    if not saved:
        return
    if current.experiment_id not in saved:
        current.experiment_id = next(iter(saved))
    st.session_state[EXPERIMENT] = current.experiment_id
    titles = {name: _title(one) for name, one in saved.items()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Experiment",
            list(saved),
            format_func=titles.__getitem__,
            key=EXPERIMENT,
            on_change=lambda: open_experiment(st.session_state[EXPERIMENT]),
            width=560,
        )
        shown = saved[current.experiment_id]
        with st.popover("Rename", icon=":material/edit:"):
            st.text_input("New name", value=_own_name(shown), key=f"experiment_name_{shown.id}", max_chars=200)
            st.button("Save the name", on_click=_rename, args=(shown.id,), key="rename_experiment")
        if not under_way():
            with st.popover("Delete", icon=":material/delete:"):
                st.text("Delete this experiment with its answers? Answers that were paid for are lost.")
                st.button("Yes, delete it", on_click=_delete, args=(current.experiment_id,))


def _title(one: Experiment) -> str:
    when = one.created.astimezone().strftime("%d %b %H:%M")
    about = _own_name(one) or ", ".join(contender.label for contender in one.contenders)
    return f"{when}, {about}: {STATES[one.state]}"


def _own_name(one: Experiment) -> str:
    """What somebody called it; nothing where it only has the name of its query set."""
    query_set = state().query_set
    return "" if query_set is not None and one.name == query_set.name else one.name


def _rename(experiment_id: str) -> None:
    try:
        experiments().rename(experiment_id, st.session_state[f"experiment_name_{experiment_id}"])
    except RerankError as error:
        state().error = error


def _delete(experiment_id: str) -> None:
    current = state()
    try:
        experiments().delete(experiment_id)
    except RerankError as error:
        current.error = error
    current.experiment_id = None


# The run under way


def create(
    query_set: QuerySet,
    picked: tuple[Contender, ...],
    lanes: Mapping[str, Lane] | None = None,
    limit: Decimal | None = None,
) -> bool:
    """Write a new experiment down and start it; False, with the reason on the page, where that cannot be."""
    current = state()
    try:
        made = experiments().create(current.set_id or "", query_set, picked, spending_limit=limit, lanes=lanes)
    except RerankError as error:
        current.error = error
        return False
    current.experiment_id = made.id
    return submit(made)


@dataclass(frozen=True)
class Clients:
    """Makes clients of the connections as they were set up when the run was started; for worker threads."""

    connections: Mapping[str, Connection]

    def __call__(self, provider: str, *, max_retries: int, max_concurrency: int) -> rc.Client:
        """A client; `max_concurrency` is held by the experiment itself, and is under the client's own bound."""
        del max_concurrency
        return connections.client(replace(self.connections[provider], max_retries=max_retries))


def submit(one: Experiment, only: Only = "open") -> bool:
    """Hand an experiment to a worker; it goes on where it stopped, as fast as it was allowed to when it was made."""
    current = state()
    if current.query_set is None:
        return False
    providers = {contender.provider for contender in one.contenders}
    try:
        manager().submit(
            run_experiment,
            experiments(),
            one.id,
            current.query_set,
            Clients({name: connections.of(name) for name in providers}),
            budget=connections.budget(),
            prices=connections.prices(),
            only=only,
            owner=one.id,
            title="experiment",
        )
    except RerankError as error:
        current.error = error
        return False
    current.error = None
    return True


def running() -> Job[ExperimentProgress] | None:
    """The job of the experiment that is shown, while it runs in this process."""
    experiment_id = state().experiment_id
    jobs: tuple[Job[Any], ...] = manager().jobs(experiment_id) if experiment_id else ()
    return next((job for job in reversed(jobs) if not job.finished), None)


def failure() -> RerankError | None:
    """Why the last start of the experiment broke off, where it did."""
    experiment_id = state().experiment_id
    jobs: tuple[Job[Any], ...] = manager().jobs(experiment_id) if experiment_id else ()
    if not jobs or jobs[-1].state != "failed":
        return None
    error = jobs[-1].exception
    if isinstance(error, RerankError):
        return error
    return RerankError("Something went wrong during the run.", hint="Go on with it; the log has the details.")


def status(one: Experiment) -> None:
    """How the experiment stands, with what can be done about it."""
    if progress():
        return
    now = experiments().progress(one.id)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.text(f"{STATES.get(now.state, now.state).capitalize()}: {now.text}", width="content")
            _next_steps(one, now)
        if now.note:
            st.text(now.note)
        error = failure()
        if error is not None:
            errors.show(error)
        if now.maybe:
            st.caption(escaped(f"{pricing.money_text(now.maybe)} may have been billed as well."))
        if now.unknown_cost:
            st.caption(f"The cost of {now.unknown_cost:,} answers is not known.")
    _ledger(one)


def _next_steps(one: Experiment, now: ExperimentProgress) -> None:
    open_ones = now.total - now.done - now.failed
    with st.container(horizontal=True, width="content"):
        if open_ones > 0:
            label = "Start" if now.state == "new" else "Resume"
            if st.button(label, icon=":material/play_arrow:", key="resume_run"):
                submit(one)
                st.rerun()
        if now.done and not open_ones:
            st.button("See the answer", icon=":material/insights:", key="see_answer", on_click=go, args=("Answer",))
        if now.failed and st.button(
            f"Run the {now.failed:,} failed again", icon=":material/refresh:", key="rerun_failed"
        ):
            submit(one, only="failed")
            st.rerun()
        if now.state == "limit":
            with st.popover("Change the limit", icon=":material/savings:"):
                raised = st.number_input(
                    "This run may cost at most (US dollars)",
                    min_value=0.0,
                    value=float(one.spending_limit or 0),
                    step=0.5,
                    key="raise_limit",
                )
                if st.button("Set the limit"):
                    experiments().set_limit(one.id, Decimal(str(raised)))
                    st.rerun()


def progress() -> bool:
    """Show the run under way, in whichever process, and say whether there is one; draws the whole page again when it
    ends. What stands below keeps its place then."""
    going = under_way()
    with st.container():
        if going:
            _progress()
    return going


def under_way() -> bool:
    """Whether the experiment that is shown is being run, by this process or another one."""
    one = experiment()
    return one is not None and (running() is not None or one.state == "running")


@st.fragment(run_every=0.5)
def _progress() -> None:
    one = state().experiment_id
    if one is None or not under_way():
        st.rerun()
    now, asked = experiments().progress(one), experiments().asked(one)
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.progress(now.fraction, text=escaped(now.text), width="stretch")
        ask = experiments().ask
        st.button(
            "Pause", icon=":material/pause:", disabled=bool(asked), key="pause_run", on_click=ask, args=(one, "pause")
        )
        st.button(
            "Cancel",
            icon=":material/stop_circle:",
            disabled=asked == "cancel",
            key="cancel_run",
            on_click=ask,
            args=(one, "cancel"),
        )
    if asked:
        st.caption("Stopping once the requests under way have come back: they are paid for.")


def _ledger(one: Experiment) -> None:
    """What failed, and what may have been billed without an answer."""
    query_set = state().query_set
    if query_set is None:
        return
    failed, twice = experiments().failures(one.id), experiments().requests(one.id, billed_twice=True)
    ready = query_set.ready
    for found, title in (
        (failed, f"{len(failed):,} failed"),
        (twice, f"{len(twice):,} may have been billed without an answer"),
    ):
        if not found:
            continue
        with st.expander(title, icon=":material/warning:"):
            st.dataframe(
                pd.DataFrame(
                    [
                        {
                            "Query": ready[row.query].text[:300] if row.query < len(ready) else "",
                            "Model": one.contenders[row.contender].label,
                            "What happened": row.message or "It was under way when the run ended.",
                            "What to do": row.hint,
                            "At most": pricing.money_text(row.reserved),
                        }
                        for row in found[:1000]
                    ]
                ),
                hide_index=True,
                alt=title,
            )
