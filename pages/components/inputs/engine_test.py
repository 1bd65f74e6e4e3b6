"""Whether a live search engine can be reached and holds the fields named, and what its query brings back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.jobs import page_job
from pages.components.jobs.page_job import Ended, JobKind, PageJob, Plan, Task
from pages.components.jobs.progress import waiting
from pages.components.server import addresses
from pages.components.session import page_state
from rerank_core.jobs import JobContext
from rerank_core.retrieval.live.index import LiveIndex, LiveTest
from rerank_core.retrieval.live.reply import LiveResult

_MOST_FIELDS = 40
_PREVIEWED = 5
_PREVIEW_CHARACTERS = 200
_RAW_CHARACTERS = 20_000


@dataclass(frozen=True)
class Tested:
    """What the engine said of itself, and what it found for a question; None where there was no question."""

    engine: LiveTest
    found: LiveResult | None


@dataclass
class EngineTest:
    """The last test of this session, with the settings as they were then."""

    settings: tuple[Any, ...] | None = None
    tested: Tested | None = None


def show(engine: LiveIndex, settings: tuple[Any, ...], question: str) -> None:
    """The button, a wait that can be cancelled, and what came of the last test; `settings` tell two engines apart."""
    last, mine = page_state.of(EngineTest), _job()
    mine.take_finished()
    pressed = st.button(
        "Test this search engine",
        icon=":material/network_check:",
        disabled=mine.running,
        help="Asks for the index and its fields, and sends the query template with the question. Nothing is reranked.",
    )
    if pressed and not mine.running:
        refused = addresses.check(engine.address)
        if refused:
            errors.show_text("This address is not allowed", refused)
            return
        last.settings, last.tested = settings, None
        mine.press(lambda: Plan((Task(_work, (engine, question)),)))
        st.rerun()  # with the button disabled while it runs
    if last.settings is None:
        return
    if mine.running:
        mine.progress(stay=False)
        return
    if last.settings != settings:
        st.caption(":material/history: The settings have changed since this test.")
    if mine.message:
        st.caption(f":material/cancel: {mine.message}")
    elif mine.error is not None:
        errors.show(mine.error)
    elif last.tested is not None:
        _outcome(last.tested)


def _work(context: JobContext, engine: LiveIndex, question: str) -> Tested:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    with engine:
        context.on_cancel(engine.close)
        return Tested(engine.test(), engine.search(question, _PREVIEWED) if question.strip() else None)


def _take(ended: Ended[Tested]) -> None:
    page_state.of(EngineTest).tested = ended.result


ENGINE_TEST = JobKind[Tested](
    name="engine_test",
    doing="Asking the search engine",
    failed="asking the search engine",
    take=_take,
    cancelled="The test was cancelled.",
    words=waiting,
)


def _job() -> PageJob[Tested]:
    return page_job.of(ENGINE_TEST)


def _outcome(tested: Tested) -> None:
    engine, found = tested.engine, tested.found
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
