"""Whether a live search engine can be reached and holds the fields named, asked once on a button."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st

from pages.components import addresses, errors, jobs
from rerank_core import RerankError
from rerank_core.jobs import Job, JobContext
from rerank_core.retrieval.live import LiveIndex, LiveTest

_LAST = "engine_test"
_AT_ONCE_SECONDS = 0.9
_MOST_FIELDS = 40


@dataclass(frozen=True)
class EngineTest:
    """The last test of this session, with the settings as they were then."""

    settings: tuple[Any, ...]
    job: Job[LiveTest]


def show(engine: LiveIndex, settings: tuple[Any, ...]) -> None:
    """The button, a wait that can be cancelled, and what came of the last test; `settings` tell two engines apart."""
    last: EngineTest | None = st.session_state.get(_LAST)
    busy = last is not None and not last.job.finished
    if st.button("Test this search engine", icon=":material/network_check:", disabled=busy) and not busy:
        _start(engine, settings)
    if last is None:
        return
    if busy:
        jobs.waiting(last.job, _LAST)
        return
    if last.settings != settings:
        st.caption(":material/history: The settings have changed since this test.")
    _outcome(last.job)


def _start(engine: LiveIndex, settings: tuple[Any, ...]) -> None:
    refused = addresses.check(engine.address)
    if refused:
        errors.show_text("This address is not allowed", refused)
        return
    try:
        job = jobs.manager().submit(_work, engine)
    except RerankError as error:
        errors.show(error)
        return
    st.session_state[_LAST] = EngineTest(settings, job)
    job.wait(_AT_ONCE_SECONDS)
    st.rerun()  # with the button disabled while it runs


def _work(context: JobContext, engine: LiveIndex) -> LiveTest:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    with engine:
        context.on_cancel(engine.close)
        return engine.test()


def _outcome(job: Job[LiveTest]) -> None:
    if job.state == "cancelled":
        st.caption(":material/cancel: The test was cancelled.")
        return
    if job.state != "done":
        errors.show(jobs.failure(job, "asking the search engine"))
        return
    found = job.result()
    count = "" if found.documents is None else f", {found.documents:,} documents"
    fields = ", ".join(field.name for field in found.fields[:_MOST_FIELDS])
    st.text(f"{found.engine or 'A search engine'} answered{count}, fields: {fields}")
    for problem in found.problems:
        st.text(problem)
