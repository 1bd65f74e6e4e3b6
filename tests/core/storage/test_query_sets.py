"""Rated runs are added to a saved query set: whole or not at all, and by several sessions at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal

import pytest

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.query_sets import added_runs
from rerank_core.evaluation.query_sets.sources import from_runs
from rerank_core.models import Cost, RankedDocument, RerankRequest, RerankResponse, Usage
from rerank_core.ranking.contender import Contender
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.run_record import Run
from tests.support.small_query_set import FakeClients, small_set


@pytest.fixture
def store() -> Iterator[QuerySetStore]:
    with QuerySetStore() as made:
        yield made


def run(query: str, documents: list[str], ratings: dict[int, int]) -> Run:
    """A saved run that left the order as it was."""
    request = RerankRequest(query, documents)
    rows = tuple(RankedDocument(place + 1, place, 0.5, one) for place, one in enumerate(request.documents))
    return Run(RerankResponse(rows, "m", "local", request, Usage(1.0), Cost(Decimal(0)), "r", 1.0), ratings=ratings)


def test_runs_are_added_to_a_saved_set(store):
    """What was there stays, what is new is there at the next look, and the list counts it."""
    set_id = store.save(small_set(2))
    before, version = store.get(set_id), store.version_of(set_id)
    added = store.add_runs(set_id, [run("tea", ["green", "black"], {0: 3})], "Ben")
    assert store.get(set_id) == added
    assert added.queries[:2] == before.queries
    assert added.judgments["ann"] == before.judgments["ann"]
    (query,) = added.judgments["Ben"]
    assert added.query(query).text == "tea"
    (row,) = store.list()
    assert (row.queries, row.pairs, row.rated) == (3, before.pairs + 2, 5)
    assert store.version_of(set_id) != version
    again = store.add_runs(set_id, [run("tea", ["green", "black"], {0: 1})], "Ben")
    assert again.queries == added.queries
    assert list(again.judgments["Ben"][query].values()) == [1]
    assert store.get(set_id) == again


def test_of_two_sessions_neither_loses_anything(store):
    """Sessions that add to one set at the same moment, the same query among it, end with everything in it."""
    set_id = store.save(from_runs([run("tea", ["green"], {0: 1})], rater="Ann"))
    start = threading.Barrier(4, timeout=10)

    def add(number: int) -> None:
        with QuerySetStore() as own:
            start.wait()
            for turn in range(5):
                runs = [run("tea", [f"{number} {turn}"], {0: 2}), run(f"{number} {turn}", ["x"], {0: number % 4})]
                own.add_runs(set_id, runs, f"rater {number}")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = store.get(set_id)
    assert len(found.queries) == 21
    assert len(found.queries[0].candidates) == 21
    grades = {rater: sum(map(len, own.values())) for rater, own in found.judgments.items()}
    assert grades == {"Ann": 1, **{f"rater {number}": 10 for number in range(4)}}


def test_what_does_not_fit_leaves_the_set_as_it_was(store, monkeypatch):
    """A refusal says why and changes nothing; a set that is gone is named."""
    set_id = store.save(small_set(2))
    before = store.get(set_id)
    monkeypatch.setattr(added_runs, "MAX_QUERIES", 2)
    with pytest.raises(InvalidRequestError, match="at most 2"):
        store.add_runs(set_id, [run("tea", ["green"], {0: 3})], "Ben")
    assert store.get(set_id) == before
    with pytest.raises(ExperimentError) as caught:
        store.add_runs("nothing", [run("tea", ["green"], {0: 3})], "Ben")
    assert caught.value.code == "query_set_not_found"


def test_an_experiment_on_a_set_that_grew_stays_what_it_is(store):
    """Its results are the same, it can be run again, and a session that has not seen the new candidates reads on."""
    contenders = (Contender("gateflow", "rerank-english-v3.0"),)
    small = small_set(3)
    set_id = store.save(small)
    with ExperimentStore() as experiments:
        done = experiments.create(set_id, small, contenders)
        run_experiment(None, experiments, done.id, small, FakeClients())
        before = experiments.rankings(done.id, small)
        later = experiments.create(set_id, small, contenders)
        grown = store.add_runs(set_id, [run(small.queries[0].text, ["new"], {0: 3}), run("tea", ["x"], {})], "Ben")
        assert experiments.rankings(done.id, grown) == before
        end = run_experiment(None, experiments, later.id, grown, FakeClients())
        assert (end.state, end.done, end.total) == ("done", 3, 3)
        query = grown.queries[0]
        assert experiments.rankings(later.id, grown)[0].run[query.id] == tuple(reversed(query.candidates))
        assert experiments.rankings(later.id, small)[0].run[query.id] == tuple(reversed(small.queries[0].candidates))
        newest = experiments.create(set_id, grown, contenders)
        run_experiment(None, experiments, newest.id, grown, FakeClients())
        assert len(experiments.rankings(newest.id, grown)[0].run) == 4
        assert len(experiments.rankings(newest.id, small)[0].run) == 3
