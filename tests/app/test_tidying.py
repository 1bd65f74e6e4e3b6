"""What is kept too long goes at the start of the server and every day, whatever happens to one attempt."""

from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from pages.components.administration import tidying
from pages.components.server import retention, warm_up
from pages.components.session import stores
from rerank_core.jobs import JobManager
from rerank_core.storage.history.retention import Retention
from rerank_core.storage.schema.runs import runs
from rerank_core.storage.sqlite_file import StoreError
from tests.core.storage.test_runs import make_run
from tests.support.gate import PATIENCE


def test_it_happens_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that is older than the operator allows is gone once the server is up, though nobody runs anything."""
    import app

    monkeypatch.setattr(retention, "retention", lambda: Retention(days=30))
    stores.runs().save(make_run(id="old")), stores.runs().save(make_run(id="new"))
    with stores.database().write("runs") as db:
        before = (datetime.now(UTC) - timedelta(days=31)).isoformat(timespec="microseconds")
        db.execute(update(runs).where(runs.c.id == "old").values(created=before))
    manager, done = JobManager(), threading.Event()
    monkeypatch.setattr(stores, "jobs", lambda: manager)
    monkeypatch.setattr(warm_up, "warm", lambda: None)
    option = app.st.get_option
    monkeypatch.setattr(app.st, "get_option", lambda name: name == "server.headless" or option(name))
    tidy = tidying.tidy
    monkeypatch.setattr(tidying, "tidy", lambda: (tidy(), done.set()))

    async def live() -> None:
        async with app.lifespan(None):
            assert await asyncio.to_thread(done.wait, PATIENCE)

    asyncio.run(live())
    assert [one.id for one in stores.runs().list()] == ["new"]


def test_it_goes_on_after_what_failed(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """A database that cannot be used, and a bug, are in the log, and the next day it is tried again."""
    attempts: list[int] = []
    enough = threading.Event()

    def failing() -> None:
        attempts.append(1)
        if len(attempts) == 1:
            raise StoreError("The disk is full.", hint="Make room.")
        if len(attempts) == 2:
            raise RuntimeError("a bug")
        enough.set()

    monkeypatch.setattr(stores, "tidy", failing)
    monkeypatch.setattr(tidying, "EVERY", 0.0)

    async def live() -> None:
        going = asyncio.ensure_future(tidying.daily())
        assert await asyncio.to_thread(enough.wait, PATIENCE)
        going.cancel()

    asyncio.run(live())
    assert "The disk is full." in caplog.text
    assert "could not be looked for" in caplog.text
