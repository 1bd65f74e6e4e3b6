"""A test of something that is reached over the network: the last one of this session, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import streamlit as st

from pages.components.display import errors
from pages.components.jobs.page_job import PageJob

T = TypeVar("T")


@dataclass
class ServiceTest(Generic[T]):
    """The last test, with the settings as they were then; `settings` None where nothing was tested yet."""

    settings: object = None
    result: T | None = None


def show_test(last: ServiceTest[T], job: PageJob[T], settings: object, draw: Callable[[T], None]) -> None:
    """What is known of the last test: that it runs, that the settings have changed since, its result by `draw`."""
    if job.running:
        job.progress(stay=False)
        return
    if last.settings is not None and last.settings != settings:
        st.caption(":material/history: The settings have changed since this test.")
    if job.message:
        st.caption(f":material/cancel: {job.message}")
    elif job.error is not None:
        errors.show(job.error)
    elif last.result is not None:
        draw(last.result)
