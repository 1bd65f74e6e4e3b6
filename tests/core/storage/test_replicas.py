"""Servers on one database: which are there, what each is at, and who goes on with whose work. Each store here stands
for a server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from rerank_core.storage.database import Database
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.replicas.records import Work
from rerank_core.storage.replicas.store import ReplicaStore
from rerank_core.storage.sqlite_file import StoreError

RUN = Work("a-run", "experiment", "ann@example.org", True, {"only": "open", "left": "0.10"}, "")


@pytest.fixture
def server(database: Database) -> Iterator[Callable[[], ReplicaStore]]:
    """Makes servers that are there until the test ends, or until they leave or die."""
    made: list[ReplicaStore] = []

    def one() -> ReplicaStore:
        made.append(ReplicaStore(database))
        made[-1].here()
        return made[-1]

    yield one
    for each in made:
        each.leave()


def die(store: ReplicaStore) -> None:
    """End a server as SIGKILL does: its sign of life goes, and nothing else."""
    assert store._mark is not None
    store._mark.end()


def test_work_has_one_server_at_a_time(server: Callable[[], ReplicaStore]) -> None:
    """Whoever began it has it: another one neither finds it free nor may begin it, and can see where it is."""
    first, second = server(), server()
    first.take(RUN)
    assert (second.free(), first.mine(), second.mine()) == ((), (RUN.id,), ())
    found = second.find(RUN.id)
    assert found is not None
    assert (replace(found[0], replica=""), found[1]) == (RUN, "elsewhere")
    assert found[0].terms == RUN.terms
    with pytest.raises(StoreError) as refused:
        second.take(RUN)
    assert refused.value.code == "work_elsewhere"
    first.end(RUN.id)
    assert second.find(RUN.id) is None


def test_the_work_of_a_dead_server_goes_to_one_other(server: Callable[[], ReplicaStore]) -> None:
    """Of several that saw it free one alone gets it, and the death is counted. What the dead one would still write,
    were it not dead after all, changes nothing."""
    first, second, third = server(), server(), server()
    first.take(RUN)
    die(first)
    (free,) = second.free()
    assert third.free() == (free,)
    assert second.claim(free)
    assert not third.claim(free)
    found = third.find(RUN.id)
    assert found is not None
    assert (found[0].deaths, found[1]) == (1, "elsewhere")
    first.end(RUN.id)
    assert third.find(RUN.id) is not None, "it is not the first one's to end"


def test_what_a_server_gives_back_is_no_death(server: Callable[[], ReplicaStore]) -> None:
    """A server that leaves in good order, or that lost the database for a moment, has not died over its work."""
    first, second = server(), server()
    first.take(RUN)
    first.leave()
    (free,) = second.free()
    assert second.claim(free)
    second.end(RUN.id, goes_on=True)
    (free,) = second.free()
    assert (free.replica, free.deaths) == ("", 0)


def test_servers_see_what_is_under_way_on_the_others(server: Callable[[], ReplicaStore]) -> None:
    """Each says what it is at; those that are gone are in no list. What is asked of one reaches it once."""
    first, second = server(), server()
    first.announce("app-1:8501", [{"number": 3, "what": "Running"}])
    second.announce("app-2:8501", [])
    (seen,) = second.others()
    assert (seen.name, seen.listing) == ("app-1:8501", ({"number": 3, "what": "Running"},))
    assert second.ask_end(seen.token, 3)
    assert first.announce("app-1:8501", []) == {3}
    assert first.announce("app-1:8501", []) == frozenset()
    die(first)
    assert second.others() == ()
    assert not second.ask_end(seen.token, 3)
    second.announce("app-2:8501", [])


def test_experiments_keep_a_rate_together(database: Database) -> None:
    """Turns under one name come one after the other, whoever asks; another name has its own; a clock that was set back
    holds nobody up."""
    clock = [1000.0]
    first, second = (ExperimentStore(database, clock=lambda: clock[0]) for _ in range(2))
    waits = [store.turn("gateflow", 10.0) for store in (first, second, first)]
    assert waits == pytest.approx([0, 10, 20], abs=5)
    assert waits == sorted(waits)
    assert first.turn("cohere", 10.0) == 0
    if database.file is not None:  # PostgreSQL has a clock of its own
        clock[0] -= 100_000
        assert first.turn("gateflow", 10.0) == 0
