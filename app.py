"""The server: `streamlit run app.py` starts it, or `uvicorn app:app`.

Streamlit draws the pages from pages/main.py; this file adds what a page cannot: the guard
in front, whether the app is ready, and what happens at the start and at the end. It is an ASGI entry point so
that the main script can live in pages/, where no page can be opened without the frame around it.
"""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio.to_thread
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pages.components.administration import service
from pages.components.server import budget, nagle, open_browser, startup, warm_up
from pages.components.server.guard import HEADERS, Guard
from pages.components.session import stores
from rerank_core import offline
from rerank_core.storage.computed import ComputedFile

ROOT = Path(__file__).parent

startup.CHECKS.append(budget.problem)
# Before anything listens: this file is imported first, however the server is started.
startup.begin()


def end_work_of(email: str) -> None:
    """The operator has taken somebody off the list: what they had started ends too."""
    for job in stores.jobs().jobs(email):
        job.cancel()


async def on_server_error(_request: Request, _error: Exception) -> Response:
    """A failure in a route of ours: it is logged by the server, and says nothing of itself to the caller."""
    return JSONResponse({"error": "Something went wrong on the server; its log says what."}, 500, headers=HEADERS)


def on_script_error(error: Exception) -> bool:
    """A page failed. Streamlit has logged it; the person gets a sentence instead of a traceback."""
    from pages.components.display import errors

    errors.show_unexpected(error)
    return True


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """What happens at the start of the server, and at its end."""
    nagle.answer_at_once()
    manager = stores.jobs()
    offline.keep_in(ComputedFile())
    threading.Thread(target=warm_up.warm, name="warm-up", daemon=True).start()
    if not st.get_option("server.headless"):
        address = st.get_option("server.address") or "127.0.0.1"
        where = (address, st.get_option("server.port"))
        threading.Thread(target=open_browser.open_browser, args=where, name="open-browser", daemon=True).start()
    try:
        with service.write_down():
            yield
    finally:  # atexit does not run on SIGTERM
        await anyio.to_thread.run_sync(manager.close)


app = st.App(
    ROOT / "pages" / "main.py",
    lifespan=lifespan,
    routes=[Route("/readyz", warm_up.ready), *service.ROUTES],
    middleware=[Middleware(Guard, dropped=end_work_of)],
    exception_handlers={Exception: on_server_error},
    on_script_error=on_script_error,
)
