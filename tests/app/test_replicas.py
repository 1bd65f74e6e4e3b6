"""Two copies of the app behind nginx on one PostgreSQL: what becomes of a run whose server is killed."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest
from sqlalchemy import select

from rerank_core.evaluation.experiments.records import RatePolicy
from rerank_core.ranking.contender import Contender
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.replicas.records import Work
from rerank_core.storage.replicas.store import ReplicaStore
from rerank_core.storage.schema.replicas import replicas, work
from rerank_core.storage.spending.store import SpendingStore
from tests.support import postgresql
from tests.support.flaky_service import FlakyService
from tests.support.rerank_service import GOOD_KEY
from tests.support.several import Copies, copies, said
from tests.support.small_query_set import small_set
from tests.support.websocket_session import WebsocketSession

pytestmark = pytest.mark.slow

QUERIES, AT_ONCE, HELD_FROM = 300, 8, 160
BUDGET = Decimal("0.45")
ENDED = ("done", "limit", "halted", "paused")
MODEL = (Contender("gateflow", "rerank-english-v3.0"),)


@pytest.fixture(scope="module")
def service() -> Iterator[FlakyService]:
    """The hosted service of both copies, which fails now and then; from the middle of the run on its requests wait."""
    with FlakyService(seed=7, hold_from=HELD_FROM) as running:
        yield running


@pytest.fixture(scope="module")
def both(service: FlakyService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copies]:
    """The two copies, with the operator's key and the operator's budget."""
    folder = tmp_path_factory.mktemp("copies")
    key = {"GATEFLOW_API_KEY": GOOD_KEY, "GATEFLOW_BASE_URL": service.url}
    with (
        postgresql.running() as cluster,
        copies(folder, cluster.new_database(), f"[budget]\nserver_total = {BUDGET}\n", **key) as running,
    ):
        yield running


def address(set_id: str, experiment: str) -> str:
    """The part of the address that opens an experiment on its Run step."""
    return f"step=Run&set={set_id}&experiment={experiment}"


def owner(both: Copies) -> tuple[str, str]:
    """The port of the copy that has the work, and what it is called."""
    has = select(replicas.c.name).join(work, work.c.replica == replicas.c.token)
    with both.database.read() as db:
        name = str(db.execute(has).scalar_one())
    return name.rpartition(":")[2], name


def test_a_killed_copy_loses_nothing_and_the_other_goes_on(both: Copies, service: FlakyService) -> None:
    """300 queries to a service that fails and drops; the copy that asks is killed in the middle. The other one lists
    the work, goes on with it by itself and reaches the end, and the same browser sees it there. No stored answer is
    asked for again. A second run on top of it is stopped by the budget, which the service's own account never passes.
    """
    experiments, sets = ExperimentStore(both.database), QuerySetStore(both.database)
    query_set = small_set(QUERIES, 3)
    set_id = sets.save(query_set)
    rates = {"gateflow": RatePolicy(AT_ONCE, retries=2)}
    first, second = (experiments.create(set_id, query_set, MODEL, name=name, rates=rates).id for name in ("1", "2"))
    stored: set[int] = set()

    async def seen() -> None:
        async with both.tab("ann") as tab:
            await tab.open("evaluate", address(set_id, first))
            await tab.press("Start")
            await asyncio.to_thread(service.gate.wait_until_held, AT_ONCE)
        port, name = owner(both)
        (other,) = (server for at, server in both.servers.items() if at != port)
        stored.update(query for _, query in experiments.answered(first))
        async with WebsocketSession(other.url) as tab:  # the other copy shows how far it is
            await tab.open("evaluate", address(set_id, first))
            await tab.until(lambda heard: f"{len(stored)} of {QUERIES} done" in said(heard))
            assert {"Pause", "Cancel"} <= set(tab.widgets)
        with both.database.read() as db:
            said_by = dict(db.execute(select(replicas.c.name, replicas.c.listing)).all())
        assert [one["what"] for one in json.loads(said_by[name])] == ["Running"]
        both.kill(port)
        service.gate.open()
        await see_through(first)  # in the same browser, which nginx leads to the copy that is left
        while experiments.progress(first).failed:
            await see_through(first, press="failed again")
        await see_through(second, press="Start")

    async def see_through(experiment: str, press: str = "") -> None:
        async with both.tab("ann") as tab:
            await tab.open("evaluate", address(set_id, experiment))
            if press:
                before = len(experiments.requests(experiment))
                await tab.press(next(label for label in tab.widgets if label.endswith(press)))
                await tab.until(lambda _heard: len(experiments.requests(experiment)) > before)
            await tab.until(lambda _heard: experiments.get(experiment).state in ENDED)

    asyncio.run(seen())
    assert 60 < len(stored) < HELD_FROM
    end, stopped = experiments.progress(first), experiments.progress(second)
    assert (end.state, end.done) == ("done", QUERIES)
    assert stopped.state == "limit"

    place_of = {query.text: place for place, query in enumerate(query_set.ready)}
    ledger = experiments.requests(first)
    assert Counter(one.query for one in ledger if one.outcome == "answered") == Counter(range(QUERIES))
    interrupted = [one for one in ledger if one.outcome == "interrupted"]
    assert len(interrupted) == AT_ONCE, "what was under way is listed"
    assert not {one.query for one in interrupted} & stored
    # every request that the service got is in the ledger, query by query, and no other
    both_runs = Counter(one.query for each in (first, second) for one in experiments.requests(each))
    assert both_runs == {place_of[query]: times for query, times in service.asked.items()}

    now = SpendingStore(both.database).standing("").server_total
    assert service.billed <= now.counted <= BUDGET
    assert BUDGET - now.counted < Decimal("0.001"), "it stopped at the budget, and not before"
    with both.database.read() as db:
        assert db.execute(select(work.c.id)).all() == [], "nothing is left to go on with"


def test_work_with_a_key_that_was_typed_waits_for_its_person(both: Copies) -> None:
    """No server goes on with it by itself, and the page says why, with Resume beside it."""
    experiments, sets = ExperimentStore(both.database), QuerySetStore(both.database)
    query_set = small_set(4, 3)
    set_id = sets.save(query_set)
    one = experiments.create(set_id, query_set, MODEL).id
    dead = ReplicaStore(both.database)
    dead.take(Work(one, "experiment", alone="It was started with a key that was typed."))
    assert dead._mark is not None
    dead._mark.end()

    async def seen() -> None:
        async with both.tab("ann") as tab:
            heard = await tab.open("evaluate", address(set_id, one))
            assert "It was started with a key that was typed." in said(heard)
            assert "Start" in tab.widgets

    asyncio.run(seen())
    assert experiments.get(one).state == "new"
