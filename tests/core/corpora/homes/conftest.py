"""The homes of knowledge bases: a real search engine, each test with names of its own in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from rerank_core.corpora import CorpusStore, KnowledgeBases
from rerank_core.corpora import vector_file as vector_module
from rerank_core.corpora.homes import corpus as home_corpus
from rerank_core.corpora.homes.home import Home
from rerank_core.corpora.homes.postgresql import PostgresqlHome
from rerank_core.corpora.homes.search_engine import SearchEngineHome
from rerank_core.retrieval.embedding import Vectors
from rerank_core.storage.connection.address import resolved
from rerank_core.storage.sqlite_file import as_bytes
from tests.support.homes import engine_home as empty_engine_home
from tests.support.homes import vector_postgresql
from tests.support.postgresql import Cluster
from tests.support.search_engine import empty_engine


@pytest.fixture(scope="session")
def engine_address() -> Iterator[str]:
    """A search engine of this worker's own."""
    with empty_engine() as address:
        yield address


@pytest.fixture
def engine_home(engine_address: str) -> Iterator[SearchEngineHome]:
    """A search engine that keeps no knowledge base yet."""
    with empty_engine_home(engine_address) as home:
        yield home


@pytest.fixture(scope="session")
def vector_cluster() -> Iterator[Cluster]:
    """A PostgreSQL with pgvector of this worker's own."""
    with vector_postgresql() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def _vector_address(vector_cluster: Cluster) -> str:
    """The address of a database that one test after the other finds without a knowledge base."""
    return vector_cluster.new_database()


@pytest.fixture
def postgresql_home(_vector_address: str) -> Iterator[PostgresqlHome]:
    """A PostgreSQL that keeps no knowledge base yet."""
    home = PostgresqlHome(resolved(_vector_address))
    for entry in home.entries():
        home.drop(entry.id)
    yield home
    home.close()


@pytest.fixture(params=["opensearch", pytest.param("postgresql", marks=pytest.mark.slow)])
def home(request: pytest.FixtureRequest) -> Home:
    """Each home in turn, empty."""
    names = {"opensearch": "engine_home", "postgresql": "postgresql_home"}
    found: Home = request.getfixturevalue(names[request.param])
    return found


@pytest.fixture
def bases(home: Home, tmp_path: Path) -> KnowledgeBases:
    """The knowledge bases of this computer and of one home."""
    return KnowledgeBases(CorpusStore(tmp_path / "corpora"), [home], clock=counting())


def counting() -> Callable[[], float]:
    """A clock that shows a later hour each time, so that nothing is fresh."""
    hours = iter(range(0, 10**9, 3600))
    return lambda: float(next(hours))


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The texts of every call to the model; it makes two rows for a text with a comma, none for a blank one, one for
    any other."""
    calls: list[list[str]] = []

    def embed(model, some, first_place=0, *, tick=None):
        calls.append(list(some))
        rows, owners = [], []
        for place, text in enumerate(some, first_place):
            if tick is not None:
                tick(place - first_place)
            for part in [part for part in text.split(",") if part.strip()]:
                angle = (sum(as_bytes(part)) % 97) / 97 * np.pi
                rows.append([np.cos(angle), np.sin(angle)])
                owners.append(place)
        return Vectors(np.array(rows, np.float32).reshape(-1, 2), np.array(owners, np.int32))

    monkeypatch.setattr(vector_module, "embed_passages", embed)
    monkeypatch.setattr(home_corpus, "embed_passages", embed)
    return calls
