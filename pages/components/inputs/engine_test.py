"""Whether a live search engine can be reached and holds the fields named, and what its query brings back."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from pages.components.display import errors
from pages.components.display.board import shown
from pages.components.jobs.page_job import Ended, JobKind, Plan, Task
from pages.components.jobs.progress import waiting
from pages.components.jobs.service_test import ServiceTest, show_test
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


def show(engine: LiveIndex, settings: tuple[Any, ...], question: str) -> None:
    """The button, a wait that can be cancelled, and what came of the last test; `settings` tell two engines apart."""
    last, mine = _last(), ENGINE_TEST.job()
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
        last.settings, last.result = settings, None
        mine.submit(lambda: Plan((Task(_work, (engine, question)),)))
        st.rerun()  # with the button disabled while it runs
    show_test(last, mine, settings, _outcome)


def _work(context: JobContext, engine: LiveIndex, question: str) -> Tested:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    with engine:
        context.on_cancel(engine.close)
        return Tested(engine.test(), engine.search(question, _PREVIEWED) if question.strip() else None)


def _last() -> ServiceTest[Tested]:
    return page_state.of(ServiceTest, "engine")


def _take(ended: Ended[Tested]) -> None:
    _last().result = ended.result


ENGINE_TEST = JobKind[Tested](
    "engine_test",
    "Asking the search engine",
    "asking the search engine",
    take=_take,
    cancelled="The test was cancelled.",
    words=waiting,
)


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
