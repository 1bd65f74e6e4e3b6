"""What one owner keeps is bounded in bytes, and what is too old or too much goes without anybody running anything; in
SQLite as in PostgreSQL."""

from __future__ import annotations

import gzip
import io
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.experiments.options import RunOptions
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.ranking.contender import Contender
from rerank_core.storage.database import Database
from rerank_core.storage.evaluation.sizes import expected_size
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.history.bundle import history_bytes, read_history
from rerank_core.storage.history.store import HistoryStore
from rerank_core.storage.ownership import TOO_MANY, Actor
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.runs import RunStore
from rerank_core.storage.schema.evaluation import experiments
from rerank_core.storage.schema.runs import runs
from tests.core.storage.test_runs import make_run
from tests.support.small_query_set import FakeClients, small_set

ANN, BEN = Actor("ann@example.com"), Actor("ben@example.com")
MODEL = (Contender("gateflow", "rerank-english-v3.0"),)


def test_query_sets_of_one_owner_have_a_most_of_bytes(database: Database) -> None:
    """What would pass it is refused whole, with the name of the largest that is there; others' do not count."""
    first = small_set(4)
    plain = QuerySetStore(database).acting_for(ANN)
    plain.save(first)
    (kept,) = plain.list()
    store = QuerySetStore(database, max_bytes=2 * kept.size)
    mine, theirs = store.acting_for(ANN), store.acting_for(BEN)
    assert mine.save(first)
    with pytest.raises(ExperimentError, match="With this your query sets would take") as caught:
        mine.save(first)
    assert caught.value.code == TOO_MANY
    assert "such as 'Small' (" in str(caught.value)
    assert len(mine.list()) == 2
    assert theirs.save(first)
    mine.delete(kept.id)
    assert mine.save(first)


class Evaluating:
    """Experiments over one set of an owner, of which `room` answered ones may be kept."""

    def __init__(self, database: Database, room: float, actor: Actor = ANN) -> None:
        self.set: QuerySet = small_set(4)
        self.database, self.actor = database, actor
        self.set_id = QuerySetStore(database).acting_for(actor).save(self.set)
        most = int(room * expected_size(self.set, 1))
        self.store = ExperimentStore(database, max_bytes=most).acting_for(actor)
        self.runs = RunStore(database, max_experiment_bytes=most, max_days=30)

    def made(self) -> str:
        """A new experiment that was answered; its id."""
        one = self.store.create(self.set_id, self.set, MODEL).id
        run_experiment(None, self.store, one, self.set, FakeClients(), RunOptions())
        return one

    def ids(self) -> list[str]:
        return [one.id for one in self.store.list()]


def test_experiments_that_nobody_keeps_make_room(database: Database) -> None:
    """The first one goes once a new one would pass the most; the size is that of what is kept."""
    here = Evaluating(database, 2.5)
    first, second = here.made(), here.made()
    assert here.store.sizes() == {first: expected_size(here.set, 1), second: expected_size(here.set, 1)}
    third = here.made()
    assert here.ids() == [third, second]


def test_experiments_that_somebody_keeps_stay_and_the_new_one_is_refused(database: Database) -> None:
    """The sentence names the largest one; another's room is their own."""
    here = Evaluating(database, 2.5)
    first, second = here.made(), here.made()
    here.store.rename(first, "The baseline")
    here.store.share(second)
    with pytest.raises(ExperimentError, match="With this your experiments would take") as caught:
        here.made()
    assert caught.value.code == TOO_MANY
    assert "such as '" in str(caught.value)
    assert here.ids() == [second, first]
    assert Evaluating(database, 2.5, BEN).made()


def test_an_experiment_that_is_under_way_makes_no_room(database: Database) -> None:
    """Whoever runs it has it to the end."""
    here = Evaluating(database, 1.5)
    first = here.made()
    with here.store.hold(first), pytest.raises(ExperimentError, match="your experiments would take"):
        here.made()
    assert here.ids() == [first]


def test_a_history_that_comes_in_has_the_same_bounds(database: Database) -> None:
    """A file brings in no more than its owner may keep."""
    here = Evaluating(database, 2.5)
    one = here.made()
    whole = HistoryStore(database).acting_for(ANN)
    whole.add_experiment(one)
    whole.rename(one, "Kept")
    data = history_bytes(whole)
    small = ExperimentStore(database, max_bytes=expected_size(here.set, 1) - 1)
    with pytest.raises(ExperimentError, match="your experiments would take"):
        read_history(HistoryStore(database, experiments=small).acting_for(BEN), io.BytesIO(renamed(data)))
    assert small.acting_for(BEN).list() == ()


def renamed(data: bytes) -> bytes:
    """The same file of another evaluation."""
    lines = [json.loads(line) for line in gzip.decompress(data).splitlines()]
    for line in lines:
        if line.get("kind") in ("entry", "experiment"):
            line["id"] = f"{line['id']}x"
    return gzip.compress(b"\n".join(json.dumps(line).encode() for line in lines))


def test_what_is_too_old_or_too_much_goes_without_a_new_run(database: Database) -> None:
    """Runs and experiments, whoever's they are; what somebody keeps stays."""
    here = Evaluating(database, 1.5)
    pinned, old = here.made(), None
    here.store.rename(pinned, "Kept")
    roomy = ExperimentStore(database).acting_for(ANN)
    beyond = roomy.create(here.set_id, here.set, MODEL).id
    run_experiment(None, roomy, beyond, here.set, FakeClients(), RunOptions())
    theirs = Evaluating(database, 5, BEN)
    old = theirs.made()
    mine = RunStore(database).acting_for(ANN)
    mine.save(make_run(id="old")), mine.save(make_run(id="new")), mine.save(make_run(id="kept"))
    mine.pin("kept")
    before = (datetime.now(UTC) - timedelta(days=31)).isoformat(timespec="microseconds")
    with database.write("runs") as db:
        db.execute(update(runs).where(runs.c.id.in_(["old", "kept"])).values(created=before))
        db.execute(update(experiments).where(experiments.c.id.in_([old, pinned])).values(created=before))
    here.runs.tidy()
    assert {one.id for one in mine.list()} == {"new", "kept"}
    assert theirs.ids() == []
    assert here.ids() == [pinned]
    here.runs.tidy()
    assert here.ids() == [pinned]


def test_too_many_runs_go_without_a_new_one(database: Database) -> None:
    """The latest stay, of each owner."""
    for actor in (ANN, BEN):
        for number in range(3):
            RunStore(database).acting_for(actor).save(make_run(id=f"{actor.person}{number}"))
    RunStore(database, max_runs=2).tidy()
    assert {one.id for one in RunStore(database).list()} == {
        f"{actor.person}{number}" for actor in (ANN, BEN) for number in (1, 2)
    }
