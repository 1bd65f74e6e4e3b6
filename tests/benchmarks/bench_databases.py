"""Pages of an app on PostgreSQL beside the same pages on SQLite: the bar is 1.2 times as long.

Both apps hold the same runs, query set and experiment. A page is opened in a tab of its own over the websocket, without
a browser, in turn on one app and on the other; the ratio is the median of pairs, so that a busy machine slows both.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.ranking.contender import Contender
from rerank_core.storage.database import Database
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.history.record import Made
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.runs import RunStore
from tests.core.storage.test_runs import make_run
from tests.support.app_server import Server, start_server
from tests.support.postgresql import Cluster, programs
from tests.support.small_query_set import FakeClient, reversed_answer, small_set
from tests.support.websocket_session import WebsocketSession

ROUNDS, BAR = 15, 1.2
RUNS, QUERIES = 300, 50
MODEL = Contender("gateflow", "rerank-english-v3.0")
PAGES = ("", "compare", "history", "evaluate", "evaluate, Run", "administration")


def filled(address: str) -> str:
    """Put the same into a database; the part of the address that opens its experiment."""
    with Database.open(address) as database:
        runs, sets, experiments = RunStore(database), QuerySetStore(database), ExperimentStore(database)
        start = datetime(2026, 1, 1, tzinfo=UTC)
        with database.write(runs.subject):
            for number in range(RUNS):
                made = start + timedelta(minutes=number)
                runs.save(make_run(f"question {number}", ("one", f"text {number}"), created=made), Made())
        query_set = small_set(QUERIES, 5)
        set_id = sets.save(query_set)
        one = experiments.create(set_id, query_set, (MODEL,))
        run_experiment(None, experiments, one.id, query_set, lambda *_args, **_more: FakeClient(reversed_answer))
        return f"set={set_id}&experiment={one.id}"


async def opened(server: Server, page: str, experiment: str) -> float:
    """Seconds from the first message of a new tab until the page is drawn."""
    name, _, step = page.partition(", ")
    asked = f"step={step or 'Answer'}&{experiment}" if name == "evaluate" else ""
    async with WebsocketSession(server.url) as tab:
        begun = time.perf_counter()
        heard = await tab.open(name, asked)
        seconds = time.perf_counter() - begun
        assert not heard.errors, heard.errors
        return seconds


def main(rounds: int = ROUNDS) -> int:
    """Print the table; gives the exit status."""
    found = programs()
    if found is None:
        print("There is no PostgreSQL here: apt-get install postgresql", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, Cluster(found) as cluster:
        there: dict[str, tuple[Server, str]] = {}
        try:
            for name in ("SQLite", "PostgreSQL"):
                home = Path(folder) / name
                home.mkdir()
                address = f"sqlite:///{home / 'playground.sqlite3'}" if name == "SQLite" else cluster.new_database()
                experiment = filled(address)
                more = {} if name == "SQLite" else {"RERANK_DATABASE_URL": address}
                there[name] = start_server(home, **more), experiment
            print(f"### Pages on PostgreSQL beside SQLite, {RUNS} runs and an experiment of {QUERIES} queries\n")
            print("| page | SQLite, ms | PostgreSQL, ms | ratio | bar |")
            print("|---|---|---|---|---|")
            for page in PAGES:
                pairs = []
                for _ in range(rounds + 2):
                    pairs.append([asyncio.run(opened(server, page, asked)) for server, asked in there.values()])
                pairs = pairs[2:]
                file, server = (statistics.median(each[place] for each in pairs) * 1000 for place in (0, 1))
                ratio = statistics.median(each[1] / each[0] for each in pairs)
                print(f"| {page or 'playground'} | {file:.0f} | {server:.0f} | {ratio:.2f} | {BAR} |", flush=True)
            print(f"\nMedians of {rounds} pairs in turn after two.")
        finally:
            for each, _experiment in there.values():
                each.stop()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
