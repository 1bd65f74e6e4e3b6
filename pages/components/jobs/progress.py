"""How far background work is: a bar and a sentence for each job, and a Cancel that works."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from pages.components.display.markdown import escaped
from pages.components.session import keys, stores
from rerank_core import pricing
from rerank_core.jobs import SHORT_TOKENS, Job

if TYPE_CHECKING:
    from pages.components.jobs.page_job import JobKind

# How often a fragment that stays with its work is drawn anew. Every time costs the browser work that a model could use.
POLL_SECONDS = 2.0
# How often what it says is brought up to date in between; each time a click that waits gets its turn.
_STEP_SECONDS = 0.5
_LOOK_SECONDS = 0.25

Named = Sequence[tuple[str, "Job[Any] | None"]]


def show_progress(kind: JobKind[Any], named: Named, *, stay: bool) -> None:
    """Draw the jobs under way with their names; see PageJob.progress."""
    draw = _stay if stay else _look
    draw(kind, named)


@st.fragment(run_every=POLL_SECONDS)
def _stay(kind: JobKind[Any], named: Named) -> None:
    redraw = _draw(kind, named)
    _follow([job for _, job in named if job is not None], redraw)


@st.fragment(run_every=_LOOK_SECONDS)
def _look(kind: JobKind[Any], named: Named) -> None:
    _draw(kind, named)


def _draw(kind: JobKind[Any], named: Named) -> Callable[[], object]:
    """Draw bars and Cancel once; gives what brings them up to date. Draws the page again where something has ended."""
    jobs = [job for _, job in named if job is not None and not job.finished]
    if len(jobs) < len(named):
        st.rerun()

    def standing(title: str, job: Job[Any]) -> tuple[float, str]:
        sentence = queue_words(job)
        if sentence is None:
            sentence = kind.words(job) if kind.words is not None else _sentence(job, kind.doing)
        return job.progress.fraction, f"{title}: {sentence}" if title else sentence

    with st.container(border=True, gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            bars = []
            with st.container(gap="small"):
                for (title, _), job in zip(named, jobs, strict=True):
                    bars.append((st.progress(*standing(title, job), width="stretch"), title, job))
            stopping = any(job.cancel_requested for job in jobs)
            if st.button(
                kind.cancel, icon=":material/stop_circle:", key=keys.of(keys.CANCEL, kind.name), disabled=stopping
            ):
                for job in jobs:
                    job.cancel()
        go_on_control(jobs)
        if stopping and kind.paid:
            st.caption("Stopping. A request that is already with a provider may still be billed.")
        elif kind.caption is not None and (caption := kind.caption()):
            st.text(caption)  # never through markdown: it may hold the name of somebody's file

    def redraw() -> None:
        for bar, title, job in bars:
            bar.progress(*standing(title, job), width="stretch")

    return redraw


def go_on_control(jobs: Sequence[Job[Any]]) -> None:
    """Where long work would end with its tab: whether it shall go on instead. Draws nothing elsewhere."""
    ending = [job for job in jobs if job.size > SHORT_TOKENS and stores.attendance().goes_on(job) is not None]
    if not ending:
        return
    key = keys.of(keys.GO_ON, ending[0].id)

    def change() -> None:
        for job in ending:
            stores.attendance().let_go_on(job, st.session_state[key])

    st.checkbox(
        "Go on when I close this tab",
        value=bool(stores.attendance().goes_on(ending[0])),
        key=key,
        on_change=change,
        help="The address of this page brings the result back. Without it the work ends some minutes after the tab is "
        "closed.",
    )


def _follow(jobs: Sequence[Job[Any]], redraw: Callable[[], object]) -> None:
    """Stay with the work until the fragment is due again, and draw the page the moment a job ends.

    `redraw` must draw something, since only then does Streamlit turn to a click that waits.
    """
    due = time.monotonic() + POLL_SECONDS - _STEP_SECONDS / 2
    while (left := due - time.monotonic()) > 0:
        jobs[0].wait(min(_STEP_SECONDS, left))
        if any(job.finished for job in jobs):
            st.rerun()
        redraw()


def queue_words(job: Job[Any]) -> str | None:
    """What a job waits for that has not begun; None where it has."""
    if job.state != "queued":
        return None
    own, ahead = stores.jobs().holds_back(job), stores.jobs().ahead(job)
    if own:
        return f"Waiting: {own} of your own are running, which is the most for one person"
    return f"Waiting: {ahead:,} before you" if ahead else "Waiting: you are next"


def _sentence(job: Job[Any], doing: str) -> str:
    """How far a job is, in our own words and numbers."""
    now = job.progress
    words = now.note or doing
    if now.total:
        words += f": {now.done:,} of {now.total:,}"
    if now.cost is not None and now.cost.amount:
        words += escaped(f", {pricing.money_text(now.cost.amount)} so far")
    if now.eta is not None and now.eta >= 1:
        words += f", about {now.eta:.0f} s left"
    return words


def waiting(job: Job[Any]) -> str:
    """The sentence of work that waits for one answer."""
    return f":material/hourglass_top: Waiting for an answer, {job.progress.elapsed:.0f} s."
