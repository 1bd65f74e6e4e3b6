"""The app with a reader that stops at the first page of each file called slow, until somebody cancels the reading."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Route

from app import ROOT, lifespan
from pages.components.display import component
from pages.components.server import warm_up
from pages.components.server.guard import Guard
from rerank_core.documents import reading

read_isolated = reading.read_isolated


def held(name: str, *args: Any, on_progress: Callable[..., None], cancelled: Callable[[], bool], **options: Any) -> Any:
    """Read a file in a process of its own, as far as its name allows."""

    def progress(done: int, pieces: int, note: str) -> None:
        on_progress(done, pieces, note)
        while name.startswith("slow") and note.startswith("page") and not cancelled():
            time.sleep(0.02)

    return read_isolated(name, *args, on_progress=progress, cancelled=cancelled, **options)


reading.read_isolated = held
app = st.App(
    ROOT / "pages" / "main.py",
    lifespan=lifespan,
    routes=[Route("/readyz", warm_up.ready), *component.routes()],
    middleware=[Middleware(Guard)],
)
