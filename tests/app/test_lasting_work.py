"""Work that outlives its server, seen from one of several servers; others are stores of the same database."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pages.components.administration import listing
from pages.components.jobs import replicas
from pages.components.jobs.replicas import LastingKind, Watch, until_over
from pages.components.session import stores
from rerank_core import RerankError
from rerank_core.jobs import JobContext
from rerank_core.storage.replicas.records import Work
from rerank_core.storage.replicas.store import ReplicaStore
from tests.support.gate import PATIENCE, Gate
from tests.support.page import open_page, ran, words


@pytest.fixture(autouse=True)
def other(monkeypatch: pytest.MonkeyPatch) -> ReplicaStore:
    """Another server of the same database."""
    monkeypatch.setattr(replicas, "shared", lambda: True)
    return ReplicaStore(stores.database())


def die(server: ReplicaStore) -> None:
    """End a server as SIGKILL does."""
    server.here()
    assert server._mark is not None
    server._mark.end()


def watching(begun: list[str], able: Callable[[Work], bool] = lambda _work: True) -> Watch:
    """One that goes on with work of the kind "test"."""
    kind = LastingKind(able, lambda work: begun.append(work.id))
    return Watch({"test": kind}, listing.plain, listing.end)


def test_work_of_a_dead_server_is_gone_on_with_at_the_second_look(other: ReplicaStore) -> None:
    """Nothing happens while its server is there; a server that shows itself again after a restart of the database keeps
    its work; one that stays away for two looks has ended."""
    begun: list[str] = []
    watch = watching(begun)
    other.take(Work("one", "test"))
    watch.look()
    watch.look()
    assert begun == []
    die(other)
    watch.look()
    assert begun == []
    watch.look()
    assert begun == ["one"]
    assert stores.replicas().mine() == ("one",)


def test_what_this_server_cannot_do_is_left(other: ReplicaStore) -> None:
    """Work that waits for its person, that needs a key which is not here, that servers have died over, or that is of no
    kind that is known here, stays where it is."""
    begun: list[str] = []
    watch = watching(begun, able=lambda work: work.id != "no key")
    for one in (
        Work("alone", "test", alone="It waits for its person."),
        Work("no key", "test"),
        Work("deadly", "test", deaths=replicas.MOST_DEATHS),
        Work("unknown", "of a newer version"),
    ):
        other.take(one)
    die(other)
    for _ in range(3):
        watch.look()
    assert begun == []


def test_what_ended_before_it_began_is_over() -> None:
    """Work that was written down and whose job is not there any more, since an operator ended it while it waited, is
    nobody's to go on with."""
    stores.replicas().take(Work("one", "test"))
    watch = watching([])
    watch.look()
    assert stores.replicas().find("one") is not None
    watch.look()
    assert stores.replicas().find("one") is None


@pytest.mark.parametrize(
    ("error", "goes_on"),
    [
        (RerankError("The database is away.", retryable=True), True),
        (RerankError("Another one has it.", code="experiment_running"), True),
        (RerankError("There is no such run."), False),
        (ValueError("a mistake"), False),
    ],
)
def test_work_that_breaks_off_goes_on_where_that_can_help(error: Exception, goes_on: bool) -> None:
    """A database that was away, or a lock that was not free yet, is no end; everything else is."""
    here = stores.replicas()
    here.take(Work("one", "test"))

    def breaks(_context: JobContext) -> None:
        raise error

    job = stores.jobs().submit(until_over, here, "one", breaks, id="one")
    assert job.wait(PATIENCE)
    assert [one.id for one in here.free()] == (["one"] if goes_on else [])


def test_an_operator_sees_and_ends_the_work_of_every_server(other: ReplicaStore, gate: Gate) -> None:
    """Each line says on which server; End of another one's asks that server, which ends it at its next look."""
    there = {"number": 7, "who": "ann@example.org", "what": "Running", "tokens": 12}
    other.announce("app-2:8501", [there | {"waits": False, "seconds": 3.0, "fraction": 0.5, "stopping": False}])
    here = stores.jobs().submit(gate.hold, owner="bob@example.org", title="rerank", label="Reranking documents")
    gate.wait_until_held()
    page = open_page("administration.py")
    assert f"1. Reranking documents, bob@example.org, on {replicas.name()}" in words(page)
    assert "7. Running, ann@example.org, on app-2:8501" in words(page)
    assert "50% done" in words(page)
    page = ran(page.button(key=f"end_job_{other.here()}_7").click().run())
    assert "Asked app-2:8501 to end 7. Running, ann@example.org." in words(page)
    assert other.announce("app-2:8501", []) == {7}
    assert other.ask_end(stores.replicas().here(), here.number) is False, "this server has not said that it is there"
    watching([]).look()
    assert other.ask_end(stores.replicas().here(), here.number)
    watching([]).look()
    assert here.wait(PATIENCE)
    assert here.cancel_reason == listing.ENDED
