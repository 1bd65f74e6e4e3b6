"""The one job manager of this process: work over a second runs in its threads and outlives a click or a reload."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from rerank_core.jobs import Job, JobManager

# Most jobs wait for a service, not for a processor; a slow one must not hold up everybody.
_WORKERS = 8
# How often a fragment that shows a job is drawn anew. Every time costs the browser work that the model could use.
POLL_SECONDS = 2.0
# How often what it says is brought up to date in between; each time a click that waits gets its turn.
_STEP_SECONDS = 0.5


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
