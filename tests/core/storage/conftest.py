"""One database for a test, once in SQLite and once in PostgreSQL: the same body proves both."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from rerank_core.storage.database import Database
from tests.support.databases import empty
from tests.support.postgresql import Cluster, programs

MISSING = (
    "POSTGRESQL IS NOT TESTED: initdb and pg_ctl are not on this machine. On Debian: apt-get install postgresql. "
    ".ci/run does."
)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL of this worker's own."""
    found = programs()
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(MISSING)
        warnings.warn(pytest.PytestWarning(MISSING), stacklevel=1)
        pytest.skip(MISSING)
    with Cluster(found) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def _shared_address(postgresql: Cluster) -> str:
    """The address of a database that one test after the other finds empty."""
    return postgresql.new_database()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def engine_name(request: pytest.FixtureRequest) -> str:
    """Which of the two a test is about."""
    return str(request.param)


@pytest.fixture
def database(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty database with today's schema."""
    if engine_name == "sqlite":
        with Database.open(folder=tmp_path / "home") as made:
            yield made
        return
    with Database.open(request.getfixturevalue("_shared_address")) as made:
        empty(made)
        yield made


@pytest.fixture
def empty_address(engine_name: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database that holds nothing yet, not even a schema."""
    if engine_name == "sqlite":
        return f"sqlite:///{tmp_path / 'new' / 'playground.sqlite3'}"
    made: str = request.getfixturevalue("postgresql").new_database()
    return made
