"""One database for a test, once in SQLite and once in PostgreSQL: the same body proves both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rerank_core.storage.connection.address import DATABASE_VARIABLE
from rerank_core.storage.database import Database
from tests.support.databases import address_of, empty
from tests.support.postgresql import Cluster, running


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Cluster]:
    """A PostgreSQL of this worker's own."""
    with running() as cluster:
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


@pytest.fixture
def default_database(database: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """The same, as the one that a store without an address opens, here and in other processes."""
    monkeypatch.setenv(DATABASE_VARIABLE, address_of(database))
    return database
