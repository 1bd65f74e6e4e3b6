"""Whether a live search engine can be reached and holds the fields named, and what its query brings back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.jobs import jobs
from pages.components.server import addresses
from rerank_core import RerankError
from rerank_core.jobs import Job, JobContext
from rerank_core.retrieval.live.index import LiveIndex, LiveResult, LiveTest

_LAST = "engine_test"
_AT_ONCE_SECONDS = 0.9
_MOST_FIELDS = 40
_PREVIEWED = 5
_PREVIEW_CHARACTERS = 200
_RAW_CHARACTERS = 20_000


@dataclass(frozen=True)
class Tested:
    """What the engine said of itself, and what it found for a question; None where there was no question."""

    engine: LiveTest
    found: LiveResult | None


@dataclass(frozen=True)
class EngineTest:
    """The last test of this session, with the settings as they were then."""

    settings: tuple[Any, ...]
    job: Job[Tested]


def show(engine: LiveIndex, settings: tuple[Any, ...], question: str) -> None:
    """The button, a wait that can be cancelled, and what came of the last test; `settings` tell two engines apart."""
    last: EngineTest | None = st.session_state.get(_LAST)
    busy = last is not None and not last.job.finished
    pressed = st.button(
        "Test this search engine",
        icon=":material/network_check:",
        disabled=busy,
        help="Asks for the index and its fields, and sends the query template with the question. Nothing is reranked.",
    )
    if pressed and not busy:
        _start(engine, settings, question)
    if last is None:
        return
    if busy:
        jobs.waiting(last.job, _LAST)
        return
    if last.settings != settings:
        st.caption(":material/history: The settings have changed since this test.")
    _outcome(last.job)


def _start(engine: LiveIndex, settings: tuple[Any, ...], question: str) -> None:
    refused = addresses.check(engine.address)
    if refused:
        errors.show_text("This address is not allowed", refused)
        return
    try:
        job = jobs.manager().submit(_work, engine, question)
    except RerankError as error:
        errors.show(error)
        return
    st.session_state[_LAST] = EngineTest(settings, job)
    job.wait(_AT_ONCE_SECONDS)
    st.rerun()  # with the button disabled while it runs


def _work(context: JobContext, engine: LiveIndex, question: str) -> Tested:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    with engine:
        context.on_cancel(engine.close)
        return Tested(engine.test(), engine.search(question, _PREVIEWED) if question.strip() else None)


def _outcome(job: Job[Tested]) -> None:
    if job.state == "cancelled":
        st.caption(":material/cancel: The test was cancelled.")
        return
    if job.state != "done":
        errors.show(jobs.failure(job, "asking the search engine"))
        return
    engine, found = job.result().engine, job.result().found
    count = "" if engine.documents is None else f", {engine.documents:,} documents"
    fields = ", ".join(field.name for field in engine.fields[:_MOST_FIELDS])
    st.text(f"{engine.engine or 'A search engine'} answered{count}, fields: {fields}")
    for problem in engine.problems:
        st.text(problem)
    if found is None:
        st.caption("Type a question below to see what the query template brings back.")
    else:
        _preview(found)


def _preview(found: LiveResult) -> None:
    """What the query template brought back for the question."""
    for note in found.notes:
        st.text(note)
    if found.hits:
        st.dataframe(
            pd.DataFrame(
                [
                    {
                        "Rank": hit.rank,
                        "Score": hit.score,
                        "ID": hit.document.id or "",
                        "Text": shown(hit.document.text, _PREVIEW_CHARACTERS, one_line=True),
                    }
                    for hit in found.hits
                ]
            ),
            hide_index=True,
            column_config={"Text": st.column_config.TextColumn(width="large")},
            alt="The first documents that the query template found for the question",
        )
    with st.expander("What was sent and what came back", icon=":material/data_object:"):
        for body in (found.sent, found.raw):
            text = json.dumps(body, indent=2, ensure_ascii=False)
            st.code(text[:_RAW_CHARACTERS], language=None, wrap_lines=True)
