"""The server: `streamlit run app.py` starts it, or `uvicorn app:app`.

Streamlit draws the pages from pages/main.py; this file adds what a page cannot: the guard
in front, whether the app is ready, and what happens at the start and at the end. It is an ASGI entry point so
that the main script can live in pages/, where no page can be opened without the frame around it.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import logging
import pkgutil
import socket
import threading
import time
import webbrowser
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio.to_thread
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pages.components.server.guard import HEADERS, Guard
from pages.components.session import stores

ROOT = Path(__file__).parent
log = logging.getLogger("rerank_playground")


async def on_server_error(_request: Request, _error: Exception) -> Response:
    """A failure in a route of ours: it is logged by the server, and says nothing of itself to the caller."""
    return JSONResponse({"error": "Something went wrong on the server; its log says what."}, 500, headers=HEADERS)


def on_script_error(error: Exception) -> bool:
    """A page failed. Streamlit has logged it; the person gets a sentence instead of a traceback."""
    from pages.components.display import errors

    errors.show_unexpected(error)
    return True


@dataclass
class Readiness:
    """Whether a first visitor gets an answer at once, and from which model."""

    ready: bool = False
    model: str | None = None
    reason: str = "The default model is being loaded."


readiness = Readiness()


async def ready(_request: Request) -> Response:
    """200 once the default model, or the one that stands in for it, is loaded; 503 before."""
    body = {"ready": readiness.ready, "model": readiness.model, "reason": readiness.reason}
    return JSONResponse(body, 200 if readiness.ready else 503, headers={"cache-control": "no-store"})


def warm() -> None:
    """Load the default model and import what the first page needs, so that the first visitor waits for neither."""
    import pages.components
    import rerank_core as rc
    from rerank_core import language, offline

    default, stand_in = rc.provider("local").default_model or "", "local-keyword"
    try:
        try:
            offline.load(default)
            model, reason = default, "The default model is loaded."
        except rc.RerankError as error:
            log.warning("The default model is not there: %s", error)
            offline.load(stand_in)
            model, reason = stand_in, f"{error} The keyword model stands in for it."
        language.load()
        found = pkgutil.walk_packages(pages.components.__path__, "pages.components.")
        for name in ("pandas", "altair", *(module.name for module in found)):
            importlib.import_module(name)
    except Exception:
        readiness.reason = "The start failed; the server's log says why."
        log.exception("Warming up failed")
        return
    settle_memory()
    readiness.ready, readiness.model, readiness.reason = True, model, reason
    try:  # the first visitor does not wait for these; the first switch to them should not either
        for other in rc.provider("local").models:
            if offline.unavailable_reason(other.id) is None:
                offline.load(other.id)
    except rc.RerankError as error:
        log.warning("A local model is not there: %s", error)
    settle_memory()


def settle_memory() -> None:
    """Leave what has been loaded for good out of every later garbage collection.

    Streamlit collects after each run of a page, which would hold up the page's last words by a tenth of a second
    for objects that never become garbage.
    """
    gc.collect()
    gc.freeze()


def answer_at_once() -> None:
    """Turn Nagle's algorithm off, which holds back each second small packet until the first is acknowledged: 40 ms for
    every one of the hundred files of a first visit, and for what a page sends.

    asyncio does so itself for sockets that were made as TCP, but not for the listening one that Streamlit makes without
    saying so. Connections take the option over from the socket that listens.
    """
    for each in gc.get_objects():
        # by its type: to ask a lazy stand-in for its class could run whatever it stands for
        if issubclass(type(each), socket.socket) and each.family in (socket.AF_INET, socket.AF_INET6):
            with contextlib.suppress(OSError):
                if each.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def open_browser(address: str, port: int) -> None:
    """Open the page once the server listens; `streamlit run` opens none for an ASGI entry point."""
    for _ in range(100):
        try:
            socket.create_connection((address, port), timeout=0.2).close()
        except OSError:
            time.sleep(0.1)
        else:
            base = st.get_option("server.baseUrlPath").strip("/")
            webbrowser.open(f"http://localhost:{port}/{base}")
            return


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:

    answer_at_once()
    manager = stores.jobs()
    threading.Thread(target=warm, name="warm-up", daemon=True).start()
    if not st.get_option("server.headless"):
        address = st.get_option("server.address") or "127.0.0.1"
        where = (address, st.get_option("server.port"))
        threading.Thread(target=open_browser, args=where, name="open-browser", daemon=True).start()
    try:
        yield
    finally:  # atexit does not run on SIGTERM
        await anyio.to_thread.run_sync(manager.close)


app = st.App(
    ROOT / "pages" / "main.py",
    lifespan=lifespan,
    routes=[Route("/readyz", ready)],
    middleware=[Middleware(Guard)],
    exception_handlers={Exception: on_server_error},
    on_script_error=on_script_error,
)
