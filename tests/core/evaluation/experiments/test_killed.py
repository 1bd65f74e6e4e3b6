"""An experiment over a real network that is killed half way: nothing is paid twice that has an answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from decimal import Decimal

import pytest

from rerank_core.client.client import Client
from rerank_core.evaluation.experiments.options import RunOptions
from rerank_core.evaluation.experiments.records import RatePolicy
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.ranking.contender import Contender
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore
from tests.support import ROOT
from tests.support.flaky_service import FlakyService
from tests.support.gate import PATIENCE
from tests.support.small_query_set import small_set

pytestmark = pytest.mark.slow

CONCURRENCY = 8
HELD_FROM = 220
RATES = {"gateflow": RatePolicy(CONCURRENCY, retries=2)}
CHILD = """
import sys
from rerank_core.client import retry
from rerank_core.client import Client
from rerank_core.evaluation.experiments.options import RunOptions
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore
from tests.core.evaluation.experiments.test_killed import client_at
url, set_id, experiment_id = sys.argv[1:]
retry.BACKOFF_START = 0.02
run_experiment(
    None, ExperimentStore(), experiment_id, QuerySetStore().get(set_id), client_at(url)
)
"""


def client_at(url):
    """A factory of real clients for the service at this address."""

    def make(provider, **options):
        return Client(provider, api_key="gw_prod_x", base_url=url, **options)

    return make


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch):
    """Repetitions come quickly."""
    monkeypatch.setattr("rerank_core.client.retry.BACKOFF_START", 0.02)


def test_a_killed_experiment_goes_on_where_it_was(default_database):
    """300 queries against a service that fails, slows and drops at random; SIGKILL half way; resumed.

    No stored answer is asked for again, what was under way is listed, and every request and every cent of the
    service's own account is in the ledger.
    """
    query_set = small_set(300, 3)
    with FlakyService(seed=7, hold_from=HELD_FROM) as service, QuerySetStore() as sets, ExperimentStore() as store:
        set_id = sets.save(query_set)
        experiment = store.create(set_id, query_set, (Contender("gateflow", "rerank-english-v3.0"),), rates=RATES)
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, service.url, set_id, experiment.id],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": "."},
        )
        try:
            service.gate.wait_until_held(CONCURRENCY)
            assert store.get(experiment.id).state == "running"
        finally:
            child.send_signal(signal.SIGKILL)
            assert child.wait(PATIENCE) == -signal.SIGKILL
        service.gate.open()

        for _ in range(10_000):  # PostgreSQL has to see that the connection is gone
            if store.get(experiment.id).state != "running":
                break
        assert store.get(experiment.id).state == "interrupted"
        stored = {query for _, query in store.answered(experiment.id)}
        assert 90 < len(stored) < 220
        named = store.requests(experiment.id, billed_twice=True)
        assert sum(one.finished is None for one in named) == CONCURRENCY, "listed before anybody goes on with it"
        end = run_experiment(None, store, experiment.id, query_set, client_at(service.url))
        while end.done < 300:
            end = run_experiment(None, store, experiment.id, query_set, client_at(service.url), RunOptions(only="all"))

        place_of = {query.text: place for place, query in enumerate(query_set.ready)}
        asked_again = {place_of[query] for query, name, *_ in service.log if int(name[4:]) >= HELD_FROM + CONCURRENCY}
        assert not asked_again & stored, "a stored answer was asked for again"

        ledger = store.requests(experiment.id)
        interrupted = [one for one in ledger if one.outcome == "interrupted"]
        assert len(interrupted) == CONCURRENCY
        maybe_billed = store.requests(experiment.id, billed_twice=True)
        assert set(interrupted) <= set(maybe_billed)
        # every request that the service got is in the ledger, query by query, and no other
        assert Counter(one.query for one in ledger) == {place_of[query]: n for query, n in service.asked.items()}
        # every answer is one that the service billed, and it billed nothing else that is not listed
        answered = {one.request_id: one for one in ledger if one.outcome == "answered"}
        billed = {name: query for query, name, is_billed, _ in service.log if is_billed}
        assert len(answered) == 300
        assert set(answered) <= set(billed)
        elsewhere = Counter(place_of[query] for name, query in billed.items() if name not in answered)
        assert elsewhere <= Counter(one.query for one in maybe_billed)
        assert end.spent == Decimal("0.300")
        assert end.spent <= service.billed <= end.spent + end.maybe


@pytest.mark.parametrize("concurrency", [1, 16])
def test_the_services_own_account_never_passes_the_limit(concurrency):
    """Whatever fails, drops or is repeated, and however many requests are under way, the limit holds on the side of
    the service, which is the one that counts."""
    query_set = small_set(80, 3)
    limit = Decimal("0.025")
    with FlakyService(seed=concurrency) as service, QuerySetStore() as sets, ExperimentStore() as store:
        rates = {"gateflow": RatePolicy(concurrency, retries=2)}
        contenders = (Contender("gateflow", "rerank-english-v3.0"),)
        experiment = store.create(sets.save(query_set), query_set, contenders, spending_limit=limit, rates=rates)
        for _ in range(3):
            end = run_experiment(None, store, experiment.id, query_set, client_at(service.url), RunOptions(only="all"))
            assert service.billed <= limit
            assert end.spent + end.maybe <= limit
        assert end.state == "limit"
        assert end.done >= 10
