"""What every test stands on: no keys, no proxies and no settings from the machine it runs on."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support import ROOT
from tests.support.both import AsyncWorld, SyncWorld, World
from tests.support.gate import Gate
from tests.support.loopback import Loopback
from tests.support.rerank_service import RerankService

# A property is about what comes out, not about how long a busy machine takes to get there.
settings.register_profile("timeless", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("timeless")

_PREFIXES = ("GATEFLOW_", "FLASHRANK_", "RERANK_")
_SUFFIXES = ("_API_KEY", "_BASE_URL")
_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(scope="module", autouse=True)
def _what_is_there_is_no_garbage() -> None:
    """The collection of garbage looks at what a file's tests make, not at all that was there before them: the tests
    themselves, the libraries and the models are millions of objects, and Streamlit has all looked through at the end
    of every run of a page."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keys, addresses and proxies are out of the environment, and what is saved goes into a folder of the test."""
    for name in list(os.environ):
        if name.startswith(_PREFIXES) or name.endswith(_SUFFIXES) or name.lower() in _PROXIES:
            monkeypatch.delenv(name)
    monkeypatch.setenv("RERANK_PLAYGROUND_HOME", str(tmp_path / "home"))
    # An app that was started in this process has the models keep what they compute; no test finds that of another.
    monkeypatch.setattr("rerank_core.offline.computed._store", None)


def _only_sqlite_opens_its_files(event: str, given: tuple[object, ...]) -> None:
    """On POSIX, closing a file ends every lock that the process holds on it. A database that the product opens beside
    SQLite is one that another process may write over, so no line of the product does, in any test."""
    if event != "open" or not str(given[0]).endswith(".sqlite3"):
        return
    flags = given[2] if isinstance(given[2], int) else 0
    frame = sys._getframe(1)
    while frame.f_back is not None and not frame.f_code.co_filename.startswith(str(ROOT)):
        frame = frame.f_back
    caller = frame.f_code.co_filename
    if caller.endswith("storage/backup.py"):  # copies that nobody else knows of
        return
    if caller.startswith((f"{ROOT}/rerank_core/", f"{ROOT}/pages/")) and not flags & os.O_EXCL:
        raise AssertionError(f"{caller}, line {frame.f_lineno}, opens {given[0]} beside SQLite")


sys.addaudithook(_only_sqlite_opens_its_files)


@pytest.fixture(params=[SyncWorld, AsyncWorld], ids=["sync", "async"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """One of the two clients behind one face, so that a test body proves both."""
    with request.param() as made:
        yield made


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A server on this machine that does what the test tells it, request by request."""
    with Loopback() as server:
        yield server


@pytest.fixture
def service() -> Iterator[RerankService]:
    """A rerank service on this machine, with an address for each of its moods."""
    with RerankService() as running:
        yield running


@pytest.fixture
def gate() -> Iterator[Gate]:
    """Where work waits until the test lets it go on; at the end it is let go."""
    held = Gate()
    yield held
    held.open()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Files made for a test go by their place: their bytes, and so their size, hold the time they were made at, and
    every worker of pytest-xdist must know a test by the same name."""
    return argname if isinstance(val, bytes) else None
