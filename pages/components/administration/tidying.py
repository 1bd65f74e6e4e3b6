"""What is too old or too much goes at the start of the server and once a day, also where nobody runs anything."""

from __future__ import annotations

import logging

import anyio
import anyio.to_thread

from pages.components.session import stores
from rerank_core.errors import RerankError

EVERY = 24 * 3600.0
"""Seconds from one time to the next."""

log = logging.getLogger("rerank_playground")


def tidy() -> None:
    """Do so now; what goes wrong is in the log, and is tried again the next time."""
    try:
        stores.tidy()
    except RerankError as error:
        log.error("What is kept too long could not be deleted: %s", error)


async def daily() -> None:
    """Do so now and every day, as long as the server runs."""
    while True:
        try:
            await anyio.to_thread.run_sync(tidy)
        except Exception:  # the server goes on, and tries again
            log.exception("What is kept too long could not be looked for")
        await anyio.sleep(EVERY)
