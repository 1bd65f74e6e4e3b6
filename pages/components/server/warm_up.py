"""What the server does before its first visitor comes: the default model is loaded, and what the pages import."""

from __future__ import annotations

import gc
import importlib
import logging
import pkgutil
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

log = logging.getLogger("rerank_playground")


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
    from rerank_core.offline.models import CROSS_ENCODER

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
    tidy()
    settle_memory()
    readiness.ready, readiness.model, readiness.reason = True, model, reason
    try:  # the first visitor does not wait for these; the first switch to them should not either
        for other in rc.provider("local").models:
            # The cross-encoder is loaded in a moment, and not everybody's memory is to pay for it.
            if other.id != CROSS_ENCODER and offline.unavailable_reason(other.id) is None:
                offline.load(other.id)
    except rc.RerankError as error:
        log.warning("A local model is not there: %s", error)
    settle_memory()


def tidy() -> None:
    """Remove what builds of knowledge bases left that were killed."""
    from pages.components.server.knowledge.homes import homes
    from rerank_core.corpora import CorpusStore, KnowledgeBases
    from rerank_core.errors import RerankError

    try:
        bases = KnowledgeBases(CorpusStore(), homes())
        try:
            bases.tidy()
        finally:
            bases.close()
    except RerankError as error:  # its page says so, too
        log.warning("%s", error)


def settle_memory() -> None:
    """Leave what has been loaded for good out of every later garbage collection.

    Streamlit collects after each run of a page, which would hold up the page's last words by a tenth of a second
    for objects that never become garbage.
    """
    gc.collect()
    gc.freeze()
