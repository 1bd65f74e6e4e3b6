"""The one job manager of this process: work over a second runs in its threads and outlives a click or a reload."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from rerank_core import RerankError, pricing
from rerank_core.jobs import Job, JobManager

# Most jobs wait for a service, not for a processor; a slow one must not hold up everybody.
_WORKERS = 8
# How often a fragment that shows a job is drawn anew. Every time costs the browser work that the model could use.
POLL_SECONDS = 2.0
_WAIT_SECONDS = 0.25
# How often what it says is brought up to date in between; each time a click that waits gets its turn.
_STEP_SECONDS = 0.5


CANCELLED = "Cancelled. A request that had already left for a service may still be billed."


@st.cache_resource(show_spinner=False)
def manager() -> JobManager:
    """The manager that every session shares; app.py closes it when the server stops."""
    return JobManager(workers=_WORKERS)


def follow(job: Job[Any], redraw: Callable[[], object]) -> None:
    """Stay with a job until the fragment that shows it is due again, and draw the page the moment it ends.

    Call it last in a fragment with `run_every=POLL_SECONDS`. `redraw` brings the words and the bar up to date; it
    must draw something, since only then does Streamlit turn to a click that waits.
    """
    due = time.monotonic() + POLL_SECONDS - _STEP_SECONDS / 2
    while (left := due - time.monotonic()) > 0:
        if job.wait(min(_STEP_SECONDS, left)):
            st.rerun()
        redraw()


def first(owner: str | None, title: str | None = None) -> Job[Any] | None:
    """The job that was submitted under this id, while it is remembered.

    Ask for the `title` where the id is from an address: a link to another page's work is somebody's mistake.
    """
    jobs = manager().jobs(owner) if owner else ()
    return jobs[0] if jobs and title in (None, jobs[0].title) else None


def failure(job: Job[Any], doing: str) -> RerankError:
    """Why a job failed, as what a page can show; `doing` is what it was at, for what nobody foresaw."""
    error = job.exception
    if isinstance(error, RerankError):
        return error
    return RerankError(f"Something went wrong while {doing}.", hint="Try again; the log has the details.")


def progress(owner: str | None, doing: str, *, billed: bool = True) -> None:
    """Show a job under way with a Cancel that works; draws the whole page again when it ends.

    Draw it last, in a container further up: it stays with the job, and the page around it stands by then. `doing`
    begins the sentence unless the job has a note of its own; `billed` is for work that a provider may charge.
    """
    if first(owner) is not None:
        _progress(owner, doing, billed)


@st.fragment(run_every=POLL_SECONDS)
def _progress(owner: str | None, doing: str, billed: bool) -> None:
    job = first(owner)
    if job is None or job.finished:
        st.rerun()
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        bar = st.progress(*_standing(job, doing), width="stretch")
        if st.button("Cancel", icon=":material/stop_circle:", key=f"cancel_{owner}", disabled=job.cancel_requested):
            job.cancel()
    if job.cancel_requested and billed:
        st.caption("Stopping. A request that is already with the provider may still be billed.")
    follow(job, lambda: bar.progress(*_standing(job, doing), width="stretch"))


@st.fragment(run_every=_WAIT_SECONDS)
def waiting(job: Job[Any], name: str) -> None:
    """Show a job that waits for one answer: the seconds so far and a Cancel; draws the page again when it ends.

    Anywhere on a page, since it stays with nothing; `name` tells two of them apart.
    """
    if job.finished:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/hourglass_top: Waiting for an answer, {job.progress.elapsed:.0f} s.", width="stretch")
        if st.button("Cancel", icon=":material/stop_circle:", key=f"cancel_{name}", disabled=job.cancel_requested):
            job.cancel()


def _standing(job: Job[Any], doing: str) -> tuple[float, str]:
    """How far a job is: the fraction done, and a sentence of our own words and numbers."""
    now = job.progress
    words = now.note or doing
    if now.total:
        words += f": {now.done:,} of {now.total:,}"
    if now.cost is not None and now.cost.amount:
        words += f", {pricing.money_text(now.cost.amount)} so far".replace("$", "\\$")
    if now.eta is not None and now.eta >= 1:
        words += f", about {now.eta:.0f} s left"
    return now.fraction, words
