"""The server: `streamlit run app.py` starts it, or `uvicorn app:app`.

Streamlit draws the pages from pages/main.py; this file adds what a page cannot: the guard
in front, whether the app is ready, and what happens at the start and at the end. It is an ASGI entry point so
that the main script can live in pages/, where no page can be opened without the frame around it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pages.components.administration import listing, observed, service, tidying
from pages.components.display import component
from pages.components.jobs import replicas
from pages.components.monitoring import log_lines, metrics, settings
from pages.components.monitoring.requests import Counted
from pages.components.server import (
    access,
    budget,
    database,
    deployment,
    memory,
    message_size,
    messages,
    nagle,
    open_browser,
    startup,
    visitor,
    warm_up,
)
from pages.components.server.compression import Compressed
from pages.components.server.guard import HEADERS, Guard
from pages.components.server.knowledge import homes as knowledge_homes
from pages.components.session import stores
from rerank_core import offline
from rerank_core.errors import RerankError, reference
from rerank_core.storage.computed import ComputedFile
from rerank_core.storage.replicas.records import Work

ROOT = Path(__file__).parent
log = logging.getLogger("rerank_playground")

startup.CHECKS += [budget.problem, database.problem, settings.problem, knowledge_homes.problem]
# Before anything listens: this file is imported first, however the server is started.
startup.begin()
asked = settings.monitoring()
if asked.json_log:
    log_lines.begin()


def know_the_signed_out() -> None:
    """Which sign-ins were ended before this server started, and are worth nothing."""
    try:
        visitor.look_again()
    except RerankError as error:
        log.error("Who has signed out before is not known yet: %s", error)


def end_work_of_the_dropped() -> None:
    """What people had started ends once the operator has taken them off the list, also with no tab of theirs open."""
    if deployment.signs_in():
        know_the_signed_out()
        people = access.current()
        for job in stores.jobs().under_way():
            if "@" in job.owner and not people.admits(job.owner):
                job.cancel()


async def look_for_the_dropped() -> None:
    """Do so every few seconds, as long as the server runs."""
    while True:
        await anyio.sleep(messages.LOOK_AGAIN)
        try:
            await anyio.to_thread.run_sync(end_work_of_the_dropped)
        except Exception:  # the server goes on, and looks again
            log.exception("The work of people who are off the list could not be looked for")


def one_of_several() -> replicas.Watch:
    """What this server does to be one of several on a database."""

    def able(work: Work) -> bool:
        from pages.components.evaluate.running import taken_over  # evaluation is heavy, and seldom needed here

        return taken_over.able(work)

    def begin(work: Work) -> None:
        from pages.components.evaluate.running import taken_over

        taken_over.begin(work)

    return replicas.Watch({"experiment": replicas.LastingKind(able, begin)}, listing.plain, listing.end)


async def on_server_error(_request: Request, error: Exception) -> Response:
    """A failure in a route of ours: it is logged by the server, and says nothing of itself to the caller."""
    metrics.failed("route")
    log.error("A request failed with %s, reference %s", type(error).__name__, reference(error))
    said = "Something went wrong on the server; its log says what."
    return JSONResponse({"error": said, "reference": reference(error)}, 500, headers=HEADERS)


def on_script_error(error: Exception) -> bool:
    """A page failed. Streamlit has logged it; the person gets a sentence instead of a traceback."""
    from pages.components.display import errors

    errors.show_unexpected(error)
    return True


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """What happens at the start of the server, and at its end."""
    nagle.answer_at_once()
    if deployment.signs_in():
        message_size.hold_strangers()
        await anyio.to_thread.run_sync(know_the_signed_out)
    manager = stores.jobs()
    offline.keep_in(ComputedFile())
    threading.Thread(target=warm_up.warm, name="warm-up", daemon=True).start()
    if not st.get_option("server.headless"):
        address = st.get_option("server.address") or "127.0.0.1"
        where = (address, st.get_option("server.port"))
        threading.Thread(target=open_browser.open_browser, args=where, name="open-browser", daemon=True).start()
    ending, giving = threading.Event(), memory.of_this_process()
    if giving is not None:
        threading.Thread(target=giving.until, args=(ending,), name="giving-back", daemon=True).start()
    try:
        with ExitStack() as open_until_the_end:
            open_until_the_end.enter_context(service.write_down())
            open_until_the_end.enter_context(replicas.one_of_several(one_of_several()))
            if asked.json_log:
                log_lines.settle()
            if asked.metrics_port:
                from pages.components.monitoring import endpoint

                open_until_the_end.enter_context(endpoint.answering(metrics.begin(observed.now), asked))
            async with anyio.create_task_group() as background:
                background.start_soon(look_for_the_dropped)
                background.start_soon(tidying.daily)
                yield
                background.cancel_scope.cancel()
    finally:  # atexit does not run on SIGTERM
        ending.set()
        await anyio.to_thread.run_sync(manager.close)


app = st.App(
    ROOT / "pages" / "main.py",
    lifespan=lifespan,
    routes=[Route("/readyz", warm_up.ready), *service.ROUTES, *component.routes()],
    middleware=[Middleware(Counted), Middleware(Compressed), Middleware(Guard)],
    exception_handlers={Exception: on_server_error},
    on_script_error=on_script_error,
)
