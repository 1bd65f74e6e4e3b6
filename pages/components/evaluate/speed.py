"""How fast the models of this computer are right now: measured once an hour, in a worker, before a time is promised."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import streamlit as st

from pages.components.session import stores
from rerank_core import RerankError
from rerank_core.evaluation.experiments.local_speed import LocalSpeed, measure_local_speed
from rerank_core.evaluation.experiments.plan import LOCAL_SPEED
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.jobs import Job, JobContext
from rerank_core.ranking.contender import Contender

OWNER = "local-speed"
VALID_SECONDS = 3600.0
PATIENCE = 0.4
"""Seconds that the page waits for a measurement before it is drawn without."""


def local_speeds(query_set: QuerySet, chosen: Iterable[Contender], *, busy: bool) -> dict[str, LocalSpeed]:
    """The speeds of the chosen local models, as far as they are known; the rest is measured meanwhile, unless this
    computer is `busy` with a run, which would make it look slow."""
    models = [one.model for one in chosen if one.is_local and one.model in LOCAL_SPEED]
    missing = tuple(model for model in models if model is not None and not _fresh(model))
    if missing and not busy and measuring() is None:
        try:
            stores.jobs().submit(_measure, query_set, missing, stores.local_speeds(), owner=OWNER, title=OWNER).wait(
                PATIENCE
            )
        except RerankError:  # too much waits already: the time stays a guess
            return {}
    found = {model: stores.local_speeds()[model][1] for model in models if model is not None and _fresh(model)}
    return {model: speed for model, speed in found.items() if speed is not None}


def request_seconds(chosen: Iterable[Contender]) -> dict[str, float]:
    """The seconds that a request to each hosted model took in earlier runs on this machine, by label."""
    hosted = [one for one in chosen if not one.is_local]
    known = {one.label: stores.experiments().usual_seconds(one) for one in hosted}
    return {label: seconds for label, seconds in known.items() if seconds is not None}


def measuring() -> Job[Any] | None:
    """The measurement under way, if there is one."""
    jobs: tuple[Job[Any], ...] = stores.jobs().jobs(OWNER)
    return next((job for job in jobs if not job.finished), None)


@st.fragment(run_every=0.5)
def wait_for_speed() -> None:
    """Say that a measurement is under way; the page is drawn again when it is over."""
    if measuring() is None:
        st.rerun()
    st.caption("Measuring how fast this computer reads your documents; the time is a guess until then.")


def _fresh(model: str) -> bool:
    at, _ = stores.local_speeds().get(model, (float("-inf"), None))
    return time.monotonic() - at < VALID_SECONDS


def _measure(
    context: JobContext,
    query_set: QuerySet,
    models: tuple[str, ...],
    measured: dict[str, tuple[float, LocalSpeed | None]],
) -> None:
    """Runs on a worker thread: nothing of Streamlit may be called here."""
    for model in models:
        speed = None
        try:
            speed = measure_local_speed(context, query_set, model)
        except RerankError:  # a model that cannot be loaded says so when it is run
            context.check()
        measured[model] = (time.monotonic(), speed)
