"""Experiments: everything is asked once, limits hold under concurrency, and a stopped run goes on where it was."""

from __future__ import annotations

import json
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import func, select

from rerank_core.errors import (
    AuthenticationError,
    BadResponseError,
    ConfigurationError,
    ConnectionFailedError,
    InvalidRequestError,
    ModelNotFoundError,
    RateLimitedError,
    RequestTimeoutError,
)
from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.experiments.local_speed import MEASURED_TOKENS, LocalSpeed, measure_local_speed
from rerank_core.evaluation.experiments.options import RunOptions
from rerank_core.evaluation.experiments.plan import plan, reservation
from rerank_core.evaluation.experiments.records import RatePolicy, duration_text
from rerank_core.evaluation.experiments.runner import GIVE_UP_AFTER, run_experiment
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.jobs import Cancelled, JobManager
from rerank_core.pricing.budget import Budget
from rerank_core.pricing.tokens import estimate_tokens
from rerank_core.rank_fields import ranked_text
from rerank_core.ranking.contender import Contender, distinct
from rerank_core.storage.earlier.evaluation import FILE
from rerank_core.storage.evaluation.query_set_record import to_bytes
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.schema.evaluation import answers, requests
from rerank_core.storage.sqlite_file import SqliteFile
from tests.support.gate import PATIENCE
from tests.support.small_query_set import FakeClients, raising, reversed_answer, small_set

ENGLISH = Contender("gateflow", "rerank-english-v3.0")
MULTILINGUAL = Contender("gateflow", "rerank-multilingual-v3.0")
QUICK = {"gateflow": RatePolicy(concurrency=4, retries=0)}


class World:
    """A saved query set and a store, with an experiment to run."""

    def __init__(self, contenders=(ENGLISH,), queries=12, limit=None):
        self.query_set = small_set(queries)
        with QuerySetStore() as sets:
            self.set_id = sets.save(self.query_set)
        self.store = ExperimentStore()
        self.experiment = self.store.create(self.set_id, self.query_set, contenders, spending_limit=limit)

    def run(self, clients=None, *, context=None, rates=QUICK, **options):
        self.store.set_rates(self.experiment.id, rates)
        clients = FakeClients() if clients is None else clients
        chosen = RunOptions(**options)
        return run_experiment(context, self.store, self.experiment.id, self.query_set, clients, chosen)

    @property
    def ledger(self):
        return self.store.requests(self.experiment.id)


@pytest.fixture
def world():
    made = World()
    yield made
    made.store.close()


def test_every_query_goes_to_every_contender_once():
    """Two models of one connection are both asked everything, and the answers come back as orders and scores."""
    world = World((ENGLISH, MULTILINGUAL))
    clients = FakeClients()
    end = world.run(clients)
    assert (end.state, end.done, end.total, end.failed) == ("done", 24, 24, 0)
    assert len(set(clients.asked)) == len(clients.asked) == 24
    assert end.spent == Decimal("0.024")
    assert end.maybe == 0
    rankings = world.store.rankings(world.experiment.id, world.query_set)
    assert [ranking.label for ranking in rankings] == ["English", "Multilingual"]
    first = world.query_set.queries[0]
    assert rankings[0].run[first.id] == tuple(reversed(first.candidates))
    assert rankings[0].scores[first.id][first.candidates[-1]] == 0.9
    assert rankings[0].cost_per_search == Decimal("0.001")
    assert clients.options["gateflow"] == {"max_retries": 0, "max_concurrency": 4}
    world.store.close()


def test_a_second_run_asks_nothing(world):
    """What has been answered is never asked again, and a finished experiment stays finished."""
    world.run()
    clients = FakeClients()
    end = world.run(clients)
    assert clients.asked == []
    assert end.state == "done"


def test_at_most_so_many_at_once(world):
    """No more requests are under way than the connection's concurrency, and that many are."""
    barrier = threading.Barrier(3, timeout=PATIENCE)

    def answer(request, model):
        barrier.wait()  # passes only where three are under way together
        return reversed_answer(request, model)

    clients = FakeClients(answer)
    world.run(clients, rates={"gateflow": RatePolicy(concurrency=3, retries=0)})
    assert clients.made["gateflow"].at_once == 3


@pytest.mark.parametrize("concurrency", [1, 4, 16])
def test_a_spending_limit_is_never_passed(concurrency):
    """Under any concurrency, the experiment's own limit holds to the request, and nothing is left that would fit."""
    world = World(queries=40, limit=Decimal("0.0105"))
    spent, lock = [], threading.Lock()

    def answer(request, model):
        with lock:
            spent.append(Decimal("0.001"))
            assert sum(spent) <= Decimal("0.0105")
        return reversed_answer(request, model)

    end = world.run(FakeClients(answer), rates={"gateflow": RatePolicy(concurrency=concurrency, retries=0)})
    assert (end.state, end.done, end.spent) == ("limit", 10, Decimal("0.010"))
    assert "limit" in end.note
    world.store.set_limit(world.experiment.id, Decimal("0.012"))
    again = world.run(rates=QUICK)
    assert (again.done, again.spent) == (12, Decimal("0.012")), "the limit counts what earlier starts spent"
    world.store.close()


def test_the_sessions_budget_counts_too(world):
    """A session's budget stops the run as the experiment's own limit does, and hears what was spent."""
    budget = Budget(Decimal("0.005"))
    end = world.run(budget=budget)
    assert (end.state, end.done) == ("limit", 5)
    assert budget.now().spent == Decimal("0.005")
    assert budget.now().reserved == 0


@pytest.mark.slow
def test_money_that_may_have_been_billed_stays_set_aside():
    """A time-out counts against the limit at the most it may have cost; a refusal does not."""
    world = World(limit=Decimal("0.003"))
    late = RequestTimeoutError("No reply.")
    late.maybe_billed = True  # as the client says it
    end = world.run(FakeClients(raising(late)), rates={"gateflow": RatePolicy(1, retries=0)})
    assert end.maybe == Decimal("0.003")
    assert (end.state, end.failed, end.done) == ("limit", 3, 0)
    assert [one.billed for one in world.store.requests(world.experiment.id, billed_twice=True)] == ["maybe"] * 3
    world.store.close()


def test_a_free_model_goes_on_when_the_limit_is_reached():
    """The limit stops only the connection that costs something."""
    local = Contender("local", "local-keyword")
    world = World((ENGLISH, local), limit=Decimal(0))

    def answer(request, model):
        return reversed_answer(request, model, Decimal(0))

    end = world.run(FakeClients(answer))
    assert (end.state, end.done) == ("limit", 12)
    assert [len(one.run) for one in world.store.rankings(world.experiment.id, world.query_set)] == [0, 12]
    world.store.close()


def test_unknown_costs_are_counted(world):
    """An answer without a known cost is let through and counted as such."""
    end = world.run(FakeClients(lambda request, model: reversed_answer(request, model, None)))
    assert (end.unknown_cost, end.spent) == (12, 0)
    assert world.store.rankings(world.experiment.id, world.query_set)[0].cost is None


def test_failed_queries_are_listed_and_run_again_alone(world):
    """A failed query is named with its reason, left alone by a resume, and asked again on its own when wanted."""
    bad = {query.text for query in world.query_set.queries[:2]}

    def answer(request, model):
        if request.query in bad:
            raise BadResponseError("It makes no sense.", hint="Look at it.")
        return reversed_answer(request, model)

    end = world.run(FakeClients(answer))
    assert (end.done, end.failed, end.state) == (10, 2, "done")
    failures = world.store.failures(world.experiment.id)
    assert sorted((one.query, one.message, one.hint) for one in failures) == [
        (0, "It makes no sense.", "Look at it."),
        (1, "It makes no sense.", "Look at it."),
    ]
    assert world.store.rankings(world.experiment.id, world.query_set)[0].failed == ("q0", "q1")
    idle = FakeClients()
    world.run(idle)
    assert idle.asked == []
    again = FakeClients()
    assert world.run(again, only="failed").done == 12
    assert {query for query, _ in again.asked} == bad
    assert world.store.failures(world.experiment.id) == ()


def test_passing_failures_are_repeated_and_each_attempt_is_in_the_ledger(world, monkeypatch):
    """A request that fails for a passing reason is sent again; every attempt has a line of its own."""
    monkeypatch.setattr("rerank_core.evaluation.experiments.runner.wait_before", lambda *_: 0.0)
    failed = set()

    def answer(request, model):
        if request.query not in failed:
            failed.add(request.query)
            raise ConnectionFailedError("The connection was reset.")
        return reversed_answer(request, model)

    end = world.run(FakeClients(answer), rates={"gateflow": RatePolicy(4, retries=1)})
    assert (end.state, end.done, end.failed) == ("done", 12, 0)
    assert sorted(one.outcome for one in world.ledger) == ["answered"] * 12 + ["deferred"] * 12


def test_a_rate_limit_slows_the_whole_connection(world, monkeypatch):
    """After a refusal that names a wait, the connection is left alone for so long."""
    waits = []
    monkeypatch.setattr(
        "rerank_core.evaluation.experiments.runner.wait_before", lambda attempt, named, *_: waits.append(named) or 0.01
    )
    once = iter([True])

    def answer(request, model):
        if next(once, False):
            raise RateLimitedError("Too many requests.", retry_after=0.01)
        return reversed_answer(request, model)

    end = world.run(FakeClients(answer), rates={"gateflow": RatePolicy(4, retries=2)})
    assert (end.state, end.done, end.maybe) == ("done", 12, 0)
    assert waits == [0.01]


def test_the_speed_it_was_made_with_holds_when_it_is_gone_on_with():
    """Nobody has to say again how fast a connection may be asked: not after a pause, not after a restart."""
    query_set = small_set(6)
    with QuerySetStore() as sets, ExperimentStore() as store:
        rates = {"gateflow": RatePolicy(concurrency=1, per_minute=600, retries=0)}
        made = store.create(sets.save(query_set), query_set, (ENGLISH,), rates=rates)
        assert store.get(made.id).rates == rates
        run_experiment(None, store, made.id, query_set, FakeClients())
        started = [one.started for one in store.requests(made.id)]
        assert started[-1] - started[0] >= 5 * 0.1 * 0.7


def test_an_experiment_can_be_called_something_else(world):
    """A name of one's own replaces that of the query set; a blank one changes nothing."""
    assert world.experiment.name == world.query_set.name
    world.store.rename(world.experiment.id, " With the new prompt ")
    world.store.rename(world.experiment.id, " ")
    assert world.store.get(world.experiment.id).name == "With the new prompt"


def test_requests_are_spread_over_the_minute(world):
    """With a limit of so many a minute, requests start that far apart."""
    starts = []

    def answer(request, model):
        return reversed_answer(request, model)

    world.run(FakeClients(answer), rates={"gateflow": RatePolicy(8, per_minute=3000, retries=0)})
    starts = sorted(one.started for one in world.ledger)
    assert starts[-1] - starts[0] >= 11 * 0.02 * 0.9


def test_a_wrong_key_stops_the_connection_at_once(world):
    """Nothing more is asked of a connection that refuses the key; its queries stay open and are asked after."""
    clients = FakeClients(raising(AuthenticationError("The key is wrong.", hint="Check it.")))
    end = world.run(clients, rates={"gateflow": RatePolicy(1, retries=0)})
    assert (end.state, end.failed, end.done) == ("halted", 0, 0)
    assert "The key is wrong. Check it." in end.note
    assert len(clients.asked) == 1
    assert world.run().done == 12


def test_an_unknown_model_stops_that_model_alone():
    """The other model of the connection goes on."""
    world = World((ENGLISH, MULTILINGUAL))

    def answer(request, model):
        if model == ENGLISH.model:
            raise ModelNotFoundError("No such model.")
        return reversed_answer(request, model)

    end = world.run(FakeClients(answer), rates={"gateflow": RatePolicy(1, retries=0)})
    assert (end.state, end.done) == ("halted", 12)
    assert end.note.startswith("English was given up.")
    world.store.close()


def test_a_service_that_is_down_is_given_up(world):
    """After ten failures in a row nothing more is sent, and the rest stays open."""
    world = World(queries=40)
    clients = FakeClients(raising(BadResponseError("Nonsense.")))
    end = world.run(clients, rates={"gateflow": RatePolicy(1, retries=0)})
    assert (end.state, end.failed) == ("halted", GIVE_UP_AFTER)
    assert len(clients.asked) == GIVE_UP_AFTER
    world.store.close()


def test_a_missing_key_is_told_and_others_go_on():
    """A connection whose client cannot be made is named; the rest of the experiment runs."""
    local = Contender("local", "local-keyword")
    world = World((ENGLISH, local))
    clients = FakeClients()

    def make(provider, **options):
        if provider == "gateflow":
            raise AuthenticationError("There is no key.")
        return clients(provider, **options)

    end = world.run(make)
    assert (end.state, end.done) == ("halted", 12)
    assert "There is no key." in end.note
    world.store.close()


@pytest.mark.parametrize(("what", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_pausing_lets_what_is_under_way_finish(world, what, state):
    """A pause or a cancel from any session starts nothing more, pays for what is under way, and can be resumed."""
    arrived, go = threading.Semaphore(0), threading.Event()

    def answer(request, model):
        arrived.release()
        assert go.wait(PATIENCE)
        return reversed_answer(request, model)

    with ExperimentStore() as store, closing(JobManager()) as manager:
        store.set_rates(world.experiment.id, {"gateflow": RatePolicy(2, retries=0)})
        job = manager.submit(run_experiment, store, world.experiment.id, world.query_set, FakeClients(answer))
        assert all(arrived.acquire(timeout=PATIENCE) for _ in range(2))
        with ExperimentStore() as elsewhere:
            elsewhere.ask(world.experiment.id, what)
            assert elsewhere.get(world.experiment.id).state == "running"
        go.set()
        assert job.wait(PATIENCE)
        end = job.result()
    assert (end.state, end.done, end.under_way) == (state, 2, 0)
    assert world.run().done == 12


def test_cancelling_the_job_breaks_off_and_lists_what_may_be_billed(world):
    """A cancelled job leaves its requests under way as interrupted, possibly billed, and the rest open."""
    first = threading.Event()
    clients = FakeClients()

    def answer(request, model):
        first.set()
        assert clients.made["gateflow"].closed.wait(PATIENCE)
        raise ConfigurationError("The client is closed.", code="closed")

    clients._answer = answer
    with closing(JobManager()) as manager:
        world.store.set_rates(world.experiment.id, {"gateflow": RatePolicy(1, retries=0)})
        job = manager.submit(run_experiment, world.store, world.experiment.id, world.query_set, clients)
        assert first.wait(PATIENCE)
        job.cancel()
        assert job.wait(PATIENCE)
        with pytest.raises(Cancelled):
            job.result()
    assert [one.outcome for one in world.ledger] == ["interrupted"]
    assert world.store.progress(world.experiment.id).state == "paused"
    assert world.run().done == 12


def test_progress_is_told_from_any_session(world):
    """While it runs, the ledger tells queries done, cost so far and time left; after it, how it ended."""
    seen = []

    def answer(request, model):
        with ExperimentStore() as elsewhere:
            seen.append(elsewhere.progress(world.experiment.id))
        return reversed_answer(request, model)

    world.run(FakeClients(answer), rates={"gateflow": RatePolicy(1, retries=0)})
    assert [one.done for one in seen] == list(range(12))
    assert {one.state for one in seen} == {"running"}
    assert {one.under_way for one in seen} == {1}
    assert seen[0].seconds_left is None
    assert seen[6].seconds_left is not None
    assert seen[6].spent == Decimal("0.006")
    assert seen[6].text.startswith("6 of 12 done, $0.006 so far, about ")


@pytest.mark.slow
def test_one_experiment_runs_once_at_a_time(world):
    """A second start while it runs is refused, and so is deleting it."""
    world.run()
    with world.store.hold(world.experiment.id):
        with pytest.raises(ExperimentError) as caught:
            world.run()
        assert caught.value.code == "experiment_running"
        with pytest.raises(ExperimentError):
            world.store.delete(world.experiment.id)
        with QuerySetStore() as sets, pytest.raises(ExperimentError):
            sets.delete(world.set_id)
    assert world.store.delete(world.experiment.id)
    with pytest.raises(ExperimentError) as caught:
        world.store.get(world.experiment.id)
    assert caught.value.code == "experiment_not_found"


def test_deleting_a_query_set_deletes_its_experiments(world):
    """Nothing of them is left, the ledger included."""
    world.run()
    with QuerySetStore() as sets:
        assert sets.delete(world.set_id)
    assert world.store.list() == ()
    with world.store._reading() as db:
        for table in (requests, answers):
            assert db.execute(select(func.count()).select_from(table)).scalar() == 0


def test_a_bug_stops_the_run_and_is_told(world):
    """An exception that is none of ours ends the run instead of being asked again twelve times."""

    def answer(request, model):
        raise ZeroDivisionError("a bug")

    clients = FakeClients(answer)
    with pytest.raises(ZeroDivisionError):
        world.run(clients, rates={"gateflow": RatePolicy(1, retries=0)})
    assert len(clients.asked) == 1
    assert world.store.get(world.experiment.id).state == "paused"


def test_another_query_set_is_refused(world):
    """Answers would be put to the wrong queries."""
    with pytest.raises(InvalidRequestError):
        run_experiment(None, world.store, world.experiment.id, small_set(5), FakeClients())


def test_an_experiment_needs_models_and_candidates(world):
    """Nothing to ask, nobody to ask, one label twice: each is refused in a sentence."""
    for contenders in ((), (ENGLISH, ENGLISH)):
        with pytest.raises(ExperimentError) as caught:
            world.store.create(world.set_id, world.query_set, contenders)
        assert caught.value.code == "experiment_empty"
    with pytest.raises(ExperimentError):
        world.store.create("nowhere", world.query_set, (ENGLISH,))


def test_no_key_is_ever_written(world):
    """The file holds neither a key nor an address: clients are made by the caller."""
    world.run(FakeClients(raising(AuthenticationError("The key *** is wrong."))))
    world.store.close()
    assert b"gw_prod" not in world.store.database.address.file.read_bytes()


def test_labels_are_told_apart():
    """Two connections with a model of one label get the connection's name beside it, and repetitions go."""
    made = distinct([ENGLISH, Contender("local", "local-english"), MULTILINGUAL, ENGLISH])
    assert [one.label for one in made] == ["English (GateFlow)", "English (On this computer)", "Multilingual"]


def test_a_plan_says_cost_and_time_before_the_start():
    """Units, cost, upper bound and time for each contender and in all, by the speed that was measured."""
    query_set = small_set(10)
    made = plan(query_set, (ENGLISH, Contender("local", "local-keyword"), Contender("flashrank")))
    english, local, unknown = made.contenders
    assert (english.requests, english.search_units, english.amount) == (10, 10, Decimal("0.010"))
    assert english.most == Decimal("0.030"), "every request may have to be sent three times"
    assert (local.amount, unknown.amount) == (0, None)
    assert made.unknown == ("FlashRank HTTP",) or made.unknown == (unknown.contender.label,)
    assert made.amount == Decimal("0.010")
    assert not made.free
    known = plan(query_set, (ENGLISH,), seconds={"English": 2.0})
    assert (known.requests, known.seconds) == (10, 5.0)
    assert plan(query_set, (Contender("local", "local-keyword"),)).free
    slow = plan(query_set, (ENGLISH,), rates={"gateflow": RatePolicy(4, per_minute=6)})
    assert slow.seconds == 100


def test_the_reservation_is_for_one_attempt():
    """What is set aside for a request is its own upper bound; a repetition sets its own aside."""
    query_set = small_set(1)
    assert reservation(query_set, ENGLISH, query_set.queries[0], None) == Decimal("0.001")


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (89, "89 s"), (100, "2 min"), (7500, "2 h 5 min")])
def test_durations_are_for_people(seconds, text):
    """Seconds, then minutes, then hours."""
    assert duration_text(seconds) == text


def test_a_file_of_the_version_before_is_brought_up_to_date(world):
    """What was saved when Keyword matching was called v2 is still there, under its present name, with its marks; the
    hosted v2 keeps its own."""
    world.store.close()
    path = world.store.database.address.file
    path.unlink()
    path = path.with_name("experiments.sqlite3")

    class Earlier(SqliteFile):
        kind = replace(FILE.kind, migrations=FILE.kind.migrations[:4])

    set_id = "of old"
    with Earlier(path) as old, old._writing() as db:
        db.execute(
            "INSERT INTO query_sets (id, name, created, queries, pairs, bytes, payload) VALUES (?, ?, ?, 1, 1, 1, ?)",
            (set_id, b"Old", "2026-01-01T00:00:00+00:00", to_bytes(world.query_set)),
        )
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (4,)
        for name, contenders in (
            ("old", [["local", "local-keyword", "v2"]]),
            ("both", [["local", "local-keyword", "v2 (On this computer)"], ["gateflow", "rerank-english-v2.0", "v2"]]),
        ):
            db.execute(
                "INSERT INTO experiments (id, query_set, name, created, contenders, queries, state) "
                "VALUES (?, ?, x'41', '2026-01-01T00:00:00+00:00', ?, 12, 'done')",
                (name, set_id, json.dumps(contenders)),
            )
        for name, label in (("old", "v2"), ("both", "v2"), ("both", "v2 (On this computer)")):
            db.execute(
                "INSERT INTO borderline_marks (experiment, contender, query, document, mark) "
                "VALUES ((SELECT number FROM experiments WHERE id = ?), ?, x'71', ?, 'good')",
                (name, label.encode(), label.encode()),
            )
    db.close()
    old, both = world.store.get("old"), world.store.get("both")
    assert (old.name, old.rates, old.queries) == ("A", {}, 12)
    assert [one.label for one in old.contenders] == ["Keyword matching"]
    assert [one.label for one in both.contenders] == ["Keyword matching", "v2"]
    with QuerySetStore() as sets:
        assert sets.marks("old", "Keyword matching") == {("q", "v2"): "good"}
        assert sets.marks("both", "Keyword matching") == {("q", "v2 (On this computer)"): "good"}
        assert sets.marks("both", "v2") == {("q", "v2"): "good"}


def test_earlier_answers_tell_how_long_a_request_takes(world):
    """The median of the latest answers of that model in any experiment; nothing where it never answered."""
    assert world.store.usual_seconds(ENGLISH) is None
    world.run(FakeClients(lambda request, model: replace(reversed_answer(request, model), latency_ms=250.0)))
    assert world.store.usual_seconds(Contender("gateflow", "rerank-english-v3.0", "another label")) == 0.25
    assert world.store.usual_seconds(MULTILINGUAL) is None
    made = plan(world.query_set, (ENGLISH,), rates=QUICK, seconds={"English": 0.25})
    assert made.seconds == pytest.approx(12 * 0.25 / 4)


def test_local_time_is_promised_by_what_was_measured():
    """A slow machine is told as slow: each document once, each query besides; the clock starts after the loading."""
    query_set = small_set(10)
    ticks = iter([100.0, 108.5, 109.0])
    speed = measure_local_speed(None, query_set, "local-keyword", clock=lambda: next(ticks))
    read = round(speed.tokens * 8)
    assert 100 < read <= 1.5 * MEASURED_TOKENS
    assert speed.query == 0.5
    made = plan(query_set, (Contender("local", "local-english"),), speeds={"local-english": LocalSpeed(10.0, 0.5)})
    tokens = sum(estimate_tokens(ranked_text(document)) for document in query_set.documents.values())
    assert made.seconds == pytest.approx(tokens / 10 + 10 * 0.5, rel=0.01)
    with pytest.raises(InvalidRequestError):
        measure_local_speed(None, QuerySet("empty", ()), "local-keyword")


def test_a_pause_sends_nothing_further(world):
    """From the moment that somebody asks for it no request is started, however quickly they are answered."""

    def answer(request, model):
        world.store.ask(world.experiment.id, "pause")
        return reversed_answer(request, model)

    end = world.run(FakeClients(answer), rates={"gateflow": RatePolicy(concurrency=1, retries=0)})
    assert (end.state, end.done, len(world.ledger)) == ("paused", 1, 1)


def test_a_resumed_run_still_names_its_whole_limit():
    """Gone on with at its limit, it says of which limit nothing is left."""
    world = World(limit=Decimal("0.003"))
    assert world.run().done == 3
    assert "spending limit of $0.003" in world.run().note
    world.store.close()


def test_the_speed_of_a_stopped_experiment_can_be_changed():
    """What is set afterwards holds for whoever goes on with it, and stands in its record."""
    query_set = small_set(2)
    with QuerySetStore() as sets, ExperimentStore() as store:
        made = store.create(sets.save(query_set), query_set, (ENGLISH,), rates={"gateflow": RatePolicy(8, None, 2)})
        slower = {"gateflow": RatePolicy(1, 60, 2)}
        store.set_rates(made.id, slower)
        assert store.get(made.id).rates == slower
