"""For a server that somebody describes by settings: the usual paths are tried, and what answers is named."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pandas as pd
import streamlit as st

import rerank_core as rc
from pages.components.jobs import paid_call
from pages.components.jobs.page_job import Ended, JobKind, PageJob, Plan, Task
from pages.components.jobs.payment import Payment
from pages.components.jobs.progress import waiting
from pages.components.jobs.spending import Wording
from pages.components.session import connection, keys, page_state
from pages.components.session.connection import Connection
from rerank_core.client.probe import FITS, TRIALS, Trial, finding
from rerank_core.jobs import JobContext


@dataclass
class Trials:
    """What came of the last trials of this session, by the id of their tasks."""

    asked: dict[str, Trial] = field(default_factory=dict)
    found: dict[str, str] = field(default_factory=dict)


def show(provider_id: str, request: rc.RerankRequest) -> None:
    """Draw the button that tries the usual paths with a small request, and what came of it."""
    now = replace(connection.of(provider_id), max_retries=0)
    state, mine = page_state.of(Trials, provider_id), _job(provider_id)
    mine.take_finished()
    places = ", ".join(dict.fromkeys(trial.path for trial in TRIALS))
    st.caption(f"Which path is it? This sends the same small request to {places} and names what answers.")
    unable = mine.running or not now.ready

    def plan() -> Plan[rc.RerankResponse]:
        tasks = []
        for trial in TRIALS:
            there = replace(now, options=trial.options(now.options))
            tasks.append(Task(_work, (there, request), paid_call.upper_bound(there, request), connection=there))
        return Plan(tuple(tasks))

    if st.button("Try the usual paths", icon=":material/travel_explore:", disabled=unable) and not unable:
        mine.submit(plan)
        st.rerun()
    mine.confirmation(plan)
    if mine.running:
        mine.progress(stay=False)
    _found(provider_id, state)


def _found(provider_id: str, state: Trials) -> None:
    rows = [(state.asked[id].path, state.asked[id].documents_field, said) for id, said in state.found.items()]
    if not rows:
        return
    st.dataframe(
        pd.DataFrame(rows, columns=["Path", "Texts are called", "What came back"]),
        hide_index=True,
        alt="The paths that were tried and what came back from each",
    )
    fits = [state.asked[id] for id, said in state.found.items() if said == FITS]
    if fits:
        st.button(
            f"Use {fits[0].path}",
            icon=":material/check:",
            on_click=_use,
            args=(provider_id, fits[0]),
        )


def _use(provider_id: str, trial: Trial) -> None:
    known = connection.settings(provider_id).options
    connection.change(provider_id, options=trial.options(known))
    for name, value in (("path", trial.path), ("documents_field", trial.documents_field)):
        st.session_state[keys.of(keys.OPTION, name, provider_id)] = value


def _work(context: JobContext, payment: Payment, now: Connection, request: rc.RerankRequest) -> rc.RerankResponse:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    return paid_call.rerank(now, payment, request, on_client=lambda client: context.on_cancel(client.close))


def _job(provider_id: str) -> PageJob[rc.RerankResponse]:
    state = page_state.of(Trials, provider_id)

    def begin(plan: Plan[rc.RerankResponse]) -> None:
        state.asked, state.found = {task.id: trial for task, trial in zip(plan.tasks, TRIALS, strict=True)}, {}

    def note(ended: Ended[rc.RerankResponse]) -> None:
        outcome = ended.result if ended.result is not None else ended.error
        if ended.id in state.asked and outcome is not None:
            state.found[ended.id] = finding(outcome)

    return JobKind(
        f"paths_{provider_id}",
        "Trying the usual paths",
        "trying the usual paths",
        take=note,
        missed=note,
        started=begin,
        paid="Connection test",
        limit=Wording("these tests", "Try", "Do not try"),
        words=waiting,
    ).job()
