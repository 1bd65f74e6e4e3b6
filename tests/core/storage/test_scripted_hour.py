"""An hour of a team, played on either database: three raters, one who tunes, 40 runs, two experiments, a server that is
killed, and a restart of PostgreSQL. Both databases hold the same in the end, nothing is lost, nothing is paid twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from rerank_core.client.client import Client
from rerank_core.evaluation.experiments.options import RunOptions
from rerank_core.evaluation.experiments.records import RatePolicy
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.pricing.allowance import Allowance, PaidCall
from rerank_core.ranking.contender import Contender
from rerank_core.storage.database import Database
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.history.record import Made
from rerank_core.storage.ownership import Actor
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.replicas.records import Work
from rerank_core.storage.replicas.store import ReplicaStore
from rerank_core.storage.runs import RunStore
from rerank_core.storage.schema import metadata
from rerank_core.storage.spending.purse import LedgerPurse
from rerank_core.storage.spending.store import SpendingStore
from tests.core.storage.test_runs import make_run
from tests.support import ROOT
from tests.support.flaky_service import PRICE, FlakyService
from tests.support.gate import PATIENCE
from tests.support.postgresql import Cluster
from tests.support.small_query_set import small_set

pytestmark = pytest.mark.slow

TUNER, RATERS = Actor("tom@example.org"), tuple(Actor(f"{name}@example.org") for name in ("ann", "ben", "cleo"))
MODEL = Contender("gateflow", "rerank-english-v3.0")
QUERIES, RUNS, HELD_FROM, AT_ONCE = 24, 40, 12, 4
BUDGET = Allowance(server_total=Decimal("0.060"))
SERVER = """
import sys
from rerank_core.storage.database import Database
from tests.core.storage.test_scripted_hour import work_on
address, url, work_id = sys.argv[1:]
work_on(Database.open(address), url, work_id, begin=True)
"""
# Names and moments differ from one hour to the next; so do the marks of servers.
_DIFFER = {"id", "number", "token", "created", "started", "finished", "latency", "request_id", "ran_from", "runner"}
_DIFFER |= {"rated_at", "since", "done", "settled_at", "day", "process", "run", "entry", "experiment", "request"}
_DIFFER |= {"query_set", "key", "payload", "record", "first", "at", "piece", "run_id", "ratings"}


def work_on(database: Database, url: str, work_id: str, *, begin: bool) -> None:
    """What a server does that has an experiment to run, or goes on with one of a server that is gone."""
    here, experiments = ReplicaStore(database), ExperimentStore(database).acting_for(TUNER)
    if begin:
        here.take(Work(work_id, "experiment", TUNER.keeper))
    else:
        (free,) = here.free()
        assert (free.id, free.owner) == (work_id, TUNER.keeper)
        assert here.claim(free)
    sets = QuerySetStore(database).acting_for(TUNER)
    query_set = sets.get(experiments.get(work_id).query_set)
    assert query_set is not None
    call = PaidCall(TUNER.keeper, MODEL.provider, MODEL.model, "Evaluate", "", "configured")
    purse = LedgerPurse(SpendingStore(database), BUDGET, call)

    def client_of(provider: str, **more: Any) -> Client:
        return Client(provider, api_key="gw_prod_x", base_url=url, **more)

    end = run_experiment(
        None, experiments, work_id, query_set, client_of, RunOptions(purse_of=lambda _contender: purse)
    )
    assert end.done == QUERIES
    here.end(work_id)
    here.leave()


def hour(address: str, restart: Callable[[], None]) -> dict[str, Counter[tuple[Any, ...]]]:
    """Play it; what each table holds in the end."""
    with Database.open(address) as database, Database.open(address) as other:
        sets = QuerySetStore(database)
        query_set = replace(small_set(QUERIES, 3), judgments={})
        set_id = sets.acting_for(TUNER).save(query_set)
        sets.acting_for(TUNER).share(set_id)
        with ThreadPoolExecutor(5) as team:
            at_work = [team.submit(judge, database, set_id, query_set, each) for each in RATERS]
            at_work += [team.submit(tune, where, part) for part, where in enumerate((database, other))]
            for one in at_work:
                one.result(PATIENCE)
        experiments = ExperimentStore(database).acting_for(TUNER)
        killed, restarted = (
            experiments.create(set_id, query_set, (MODEL,), name=name, rates={"gateflow": RatePolicy(at_once)})
            for name, at_once in (("killed", 1), ("restarted", AT_ONCE))
        )
        with FlakyService(hold_from=HELD_FROM, steady=True) as service:
            command = [sys.executable, "-c", SERVER, address, service.url, killed.id]
            server = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": "."})
            try:
                service.gate.wait_until_held()
            finally:
                server.send_signal(signal.SIGKILL)
                assert server.wait(PATIENCE) == -signal.SIGKILL
            stored = {query for _, query in experiments.answered(killed.id)}
            assert stored == set(range(HELD_FROM - 1)), "what was answered is stored"
            service.gate.open()
            while not ReplicaStore(other).free():  # PostgreSQL has to see that the connection is gone
                pass
            work_on(other, service.url, killed.id, begin=False)
            under_way = query_set.ready[HELD_FROM - 1].text
            assert service.asked == Counter({one.text: 1 + (one.text == under_way) for one in query_set.ready})
        with FlakyService(hold_from=HELD_FROM, steady=True) as service, ThreadPoolExecutor(1) as server_of_its_own:
            running = server_of_its_own.submit(work_on, database, service.url, restarted.id, begin=True)
            service.gate.wait_until_held(AT_ONCE)
            restart()
            service.gate.open()
            running.result(PATIENCE)
            assert service.asked == Counter(one.text for one in query_set.ready), "nothing is paid twice"
        for one in (killed, restarted):
            assert experiments.get(one.id).state == "done"
        standing = SpendingStore(database).standing("").server_total
        assert standing.spent == QUERIES * 2 * PRICE
        assert standing.counted <= (QUERIES * 2 + 1) * PRICE, "one call was under way on the server that was killed"
        return contents(database)


def judge(database: Database, set_id: str, query_set: Any, rater: Actor) -> None:
    """Rate a part of what there is."""
    sets = QuerySetStore(database).acting_for(rater)
    for place, query in enumerate(query_set.ready):
        for each, document in enumerate(query.candidates):
            sets.rate(set_id, rater.keeper, query.id, document, (place + each + len(rater.keeper)) % 4)


def tune(database: Database, part: int) -> None:
    """Half of the runs, some of them rated."""
    store = RunStore(database).acting_for(TUNER)
    for number in range(part, RUNS, 2):
        run_id = store.save(make_run(f"question {number}", ("one", f"text {number % 7}")), Made())
        if number % 4 < 2:
            store.set_rating(run_id, 1, 2)


def contents(database: Database) -> dict[str, Counter[tuple[Any, ...]]]:
    """The rows of every table, without names and moments."""
    found = {}
    with database.read() as db:
        for table in metadata.sorted_tables:
            columns = [each for each in table.columns if each.name not in _DIFFER]
            rows = db.execute(select(*columns)).all() if columns else []
            count = len(db.execute(select(*table.columns)).all())
            found[table.name] = Counter(map(tuple, rows)) if columns else Counter({(): count})
    runs, sets = RunStore(database).acting_for(TUNER), QuerySetStore(database).acting_for(TUNER)
    read = [runs.get(one.id) for one in runs.list(RUNS + 1)]
    found["what runs say"] = Counter(
        (one.response.request, one.response.results, tuple(one.ratings.items())) for one in read if one is not None
    )
    whole = [sets.get(one.id) for one in sets.list()]  # their ratings are a table
    found["what sets say"] = Counter(
        (one.name, one.queries, one.rank_fields, *one.documents.values()) for one in whole if one is not None
    )
    return found


def test_an_hour_of_a_team_ends_alike_on_either_database(
    postgresql: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Table by table, apart from names and moments."""
    monkeypatch.setattr("rerank_core.client.retry.BACKOFF_START", 0.02)

    def restart() -> None:
        postgresql.stop()
        postgresql.start()

    file = hour(f"sqlite:///{tmp_path / 'hour' / 'playground.sqlite3'}", lambda: None)
    server = hour(postgresql.new_database(), restart)
    assert file.keys() == server.keys()
    for name in file:
        assert file[name] == server[name], name
    held = {name: rows.total() for name, rows in file.items() if rows}
    assert (held["runs"], held["history"], held["experiments"]) == (RUNS, RUNS, 2)
    assert (held["ratings"], held["answers"], held["requests"]) == (3 * QUERIES * 3, 2 * QUERIES, 2 * QUERIES + 1)
    assert held["calls"] == 2 * QUERIES + 1
    assert "work" not in held
