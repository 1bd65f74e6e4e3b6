"""The sentence that answers, for each document of a run: found once the run is on the screen, by its own model.

The page that shows a run calls `look` before it draws it, asks `spans` for what is known, and calls `follow`, which
sees to the rest. What takes a while is not done in the page's own run: the browser asks for it a moment after it has
drawn the order, a job does the work, and the page is drawn once more with the marks. What was found stays with the
session, for its last runs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import streamlit as st

from pages.components.jobs import size
from pages.components.jobs.page_job import Ended, JobKind, Plan, Task
from pages.components.session import page_state
from rerank_core import TextSpan, answering_spans
from rerank_core.jobs import JobContext
from rerank_core.offline.models import KEYWORD
from rerank_core.ranking.answering import FIRST, LOCAL, answerable
from rerank_core.storage.run_record import Run

Spans = Mapping[int, tuple[TextSpan, ...]]

_MOST = 50  # as many documents as a board draws
_RUNS = 20
_AT_ONCE_CHARACTERS = 50_000
_SOON_SECONDS = 0.1
_STEP_SECONDS = 0.1
_STAY_SECONDS = 2.0


@dataclass
class _Memory:
    """What a session knows: the spans of its last runs, and which documents were looked at (by run id)."""

    found: dict[str, dict[int, tuple[TextSpan, ...]]] = field(default_factory=dict)
    looked: dict[str, set[int]] = field(default_factory=dict)
    asked: dict[str, tuple[str, frozenset[int]]] = field(default_factory=dict)  # by job id: which run and documents
    in_page: bool = False

    def note(self, ended: Ended[Spans]) -> None:
        """Keep what a job found. What it could not find is not looked for again: marks are never worth an error."""
        run_id, indexes = self.asked.pop(ended.id, ("", frozenset()))
        self.know(run_id, indexes, ended.result or {})

    def know(self, run_id: str, indexes: Iterable[int], spans: Spans) -> None:
        """These documents of a run were looked at, and this was found."""
        self.looked.setdefault(run_id, set()).update(indexes)
        self.found.setdefault(run_id, {}).update(spans)
        for known in (self.looked, self.found):
            while len(known) > _RUNS:
                del known[next(iter(known))]


def _memory() -> _Memory:
    return page_state.of(_Memory)


def _note(ended: Ended[Spans]) -> None:
    _memory().note(ended)


_ANSWERING = JobKind[Spans](
    "answering", "Finding the sentences that answer", "finding sentences", take=_note, missed=_note, long=True
)


def spans(run: Run) -> Spans:
    """What to mark in the documents of a run, by index, in characters of their texts: all that is known by now."""
    _ANSWERING.job().take_finished()
    return run.response.spans or _memory().found.get(run.id, {})


def look(run: Run, top_n: int, picked: Iterable[int | None] = ()) -> None:
    """Find the marks that `follow` would see to, where that takes no longer than to ask for them once more: matched by
    words alone, in texts that are not long, or where no result is strong enough for a mark."""
    wanted = _wanted(run, top_n, picked)
    if not wanted:
        return
    rows = answerable(run.response, wanted)
    size = sum(len(row.document.text) for row in rows)
    if not rows or (run.response.model == KEYWORD and size <= _AT_ONCE_CHARACTERS):
        _memory().know(run.id, wanted, answering_spans(run.response, wanted) if rows else {})


def follow(run: Run, top_n: int, picked: Iterable[int | None] = ()) -> None:
    """See to the marks of the first results, at least those above the cut, and of the documents that were picked.

    Draws nothing. Call it once a page, behind what shows the run.
    """
    wanted = _wanted(run, top_n, picked)
    if wanted:
        _memory().in_page = True
        _follow(run, wanted)


def _wanted(run: Run, top_n: int, picked: Iterable[int | None]) -> frozenset[int]:
    """The documents whose marks are still to be found."""
    if run.response.spans or run.response.provider != LOCAL:
        return frozenset()
    first = [row.index for row in run.response.results[: min(_MOST, max(FIRST, top_n))]]
    asked = {*first, *(index for index in picked if index is not None)}
    return frozenset(asked - _memory().looked.get(run.id, set()))


@st.fragment(run_every=_SOON_SECONDS)
def _follow(run: Run, wanted: frozenset[int]) -> None:
    memory, job = _memory(), _ANSWERING.job()
    if memory.in_page:  # the page's own run, which is not held up
        memory.in_page = False
        return
    if job.running and memory.asked.get(job.id or "") != (run.id, wanted):
        for other in job.jobs:
            other.cancel()
        job.forget()
        memory.asked.clear()
    if not job.running:
        task = Task(_work, (run, wanted), size=size.of_documents([run.documents[index] for index in wanted]))
        memory.asked[task.id] = run.id, wanted
        job.start(Plan((task,)))
    turn = st.empty()
    until = time.monotonic() + _STAY_SECONDS
    while not job.take_finished() and job.running:
        if time.monotonic() > until:
            return  # until it is asked again
        for each in job.jobs:
            each.wait(_STEP_SECONDS)
        turn.empty()  # only where something is drawn does Streamlit turn to a click that waits
    st.rerun()


def _work(context: JobContext, run: Run, wanted: frozenset[int]) -> Spans:
    return answering_spans(run.response, wanted, on_progress=context.progress)
