"""The app on a computer with one place for long work, where all work is long and is held until a file is there."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from app import ROOT, lifespan
from pages.components.display import component
from pages.components.jobs import paid_call
from pages.components.server import warm_up
from pages.components.server.guard import Guard
from pages.components.session import stores
from rerank_core.jobs import Fairness, JobContext

GATE = Path(os.environ["RERANK_TEST_GATE"])
stores._WORKERS, stores._FOR_SHORT = 2, 1
stores.Fairness = partial(Fairness, short_up_to=0)  # type: ignore[misc]
reranked_run = paid_call.reranked_run


def held(context: JobContext, *arguments: Any) -> Any:
    """Rank once the file is there."""
    while not GATE.exists():
        context.check()
        time.sleep(0.02)
    return reranked_run(context, *arguments)


paid_call.reranked_run = held
app = st.App(
    ROOT / "pages" / "main.py",
    lifespan=lifespan,
    routes=[Route("/readyz", warm_up.ready), *component.routes()],
    middleware=[Middleware(Guard)],
)
