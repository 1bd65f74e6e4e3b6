"""A history as a file: the judging of a query set leaves with it and comes back, in SQLite as in PostgreSQL, and a line
that is none changes nothing."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.evaluation.judging.assignment import NOT_ASSIGNED, AssignedRater, Judging, progress
from rerank_core.evaluation.judging.settling import RULES, SettledGrade
from rerank_core.ranking.contender import Contender
from rerank_core.storage.database import Database
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.history import judging_line
from rerank_core.storage.history.bundle import HistoryFileError, history_bytes, read_history
from rerank_core.storage.history.record import Wanted
from rerank_core.storage.history.store import HistoryStore
from rerank_core.storage.judging.store import JudgingStore
from rerank_core.storage.ownership import Actor
from rerank_core.storage.query_sets import QuerySetStore
from tests.support.small_query_set import small_set

ANN, BEN, DORA = "ann@example.com", "ben@example.com", "dora@example.com"


class Kept:
    """An evaluation that Dora leads the judging of: Ann is done and has settled a grade, Ben is not done."""

    def __init__(self, database: Database) -> None:
        self.sets, self.database = QuerySetStore(database), database
        self.judging, self.experiments = JudgingStore(database, self.sets), ExperimentStore(database)
        self.history = HistoryStore(database)
        dora = Actor(DORA)
        query_set = replace(small_set(2), judgments={})
        self.set_id = self.sets.acting_for(dora).save(query_set)
        self.sets.acting_for(dora).share(self.set_id)
        self.judging.acting_for(dora).assign(self.set_id, [ANN, BEN], {"q0": ("q0-d0", "q0-d1")})
        for who, grade in ((ANN, 3), (BEN, 1)):
            self.sets.acting_for(Actor(who)).rate(self.set_id, who, "q0", "q0-d0", grade)
        self.judging.acting_for(Actor(ANN)).finish(self.set_id, ANN)
        self.judging.acting_for(dora).set_rule(self.set_id, "majority")
        self.judging.acting_for(Actor(ANN)).settle(self.set_id, "q0", "q0-d0", 2, by="")
        made = self.experiments.acting_for(dora).create(self.set_id, query_set, [Contender("local", "local-keyword")])
        self.experiments.acting_for(dora).share(made.id)
        self.history.acting_for(dora).add_experiment(made.id)
        self.experiment = made.id

    def file_of(self, person: str) -> bytes:
        return history_bytes(self.history.acting_for(Actor(person)))

    def gone(self) -> None:
        self.sets.acting_for(Actor(DORA, operator=True)).delete(self.set_id)
        assert self.history.find(Wanted()).entries == ()


@pytest.fixture
def kept(database: Database) -> Kept:
    """Over an empty database."""
    return Kept(database)


def test_judging_leaves_and_comes_back(kept: Kept) -> None:
    """Assignments, who is done, how far each is, the rule, and what was settled by whom and when."""
    judging, settled = kept.judging.get(kept.set_id), kept.judging.settled(kept.set_id)
    ratings = kept.sets.judgments(kept.set_id)
    data = kept.file_of(DORA)
    kept.gone()
    assert read_history(kept.history.acting_for(Actor(DORA)), io.BytesIO(data)).new == 1
    new = kept.experiments.get(kept.experiment).query_set
    after = kept.judging.get(new)
    assert after == judging
    assert kept.judging.settled(new) == settled == {"q0": {"q0-d0": settled["q0"]["q0-d0"]}}
    assert settled["q0"]["q0-d0"].by == ANN
    assert kept.sets.judgments(new) == ratings
    assert [one.text for one in progress(after, kept.sets.judgments(new))] == [
        f"{ANN}: done, 1 of 2 rated",
        f"{BEN}: 1 of 2 rated",
    ]


def test_a_rater_who_is_not_done_takes_nothing_of_the_others_along(kept: Kept) -> None:
    """Neither a rating, nor a settled grade, nor who else rates and how far they are."""
    data = kept.file_of(BEN)
    assert ANN.encode() not in gzip.decompress(data)
    kept.gone()
    read_history(kept.history.acting_for(Actor(BEN)), io.BytesIO(data))
    new = kept.experiments.get(kept.experiment).query_set
    assert kept.judging.settled(new) == {}
    assert [one.name for one in kept.judging.get(new).raters] == [BEN]
    assert set(kept.sets.judgments(new)) == {BEN}


def test_a_set_that_is_there_keeps_its_own_judging(kept: Kept) -> None:
    """A file that comes in twice changes nothing of what went on since."""
    data = kept.file_of(DORA)
    kept.judging.acting_for(Actor(BEN)).finish(kept.set_id, BEN)
    now = kept.judging.get(kept.set_id)
    assert read_history(kept.history.acting_for(Actor(DORA)), io.BytesIO(data)).known == 1
    assert kept.judging.get(kept.set_id) == now


def changed(data: bytes, change: Callable[[dict[str, object]], object]) -> bytes:
    lines = [json.loads(line) for line in gzip.decompress(data).splitlines()]
    change(next(line for line in lines if line.get("kind") == "query_set"))
    return gzip.compress(b"\n".join(json.dumps(line).encode() for line in lines))


def test_a_file_of_before_has_no_judging(kept: Kept) -> None:
    """It comes in as it did; nobody is assigned."""
    data = changed(kept.file_of(DORA), lambda line: (line.pop("judging"), line.pop("settled")))
    kept.gone()
    read_history(kept.history.acting_for(Actor(DORA)), io.BytesIO(data))
    assert kept.judging.get(kept.experiments.get(kept.experiment).query_set) == NOT_ASSIGNED


@pytest.mark.parametrize(
    "change",
    [
        lambda line: line.update(settled=[["q0", "q0-d0", "3", ANN, "2026-01-01T00:00:00+00:00"]]),
        lambda line: line.update(settled=[["q0", "q0-d0", 3, ANN, "2026-01-01T00:00:00"]]),
        lambda line: line.update(settled=[["q0", "q0-d0", 10**9, ANN, "2026-01-01T00:00:00+00:00"]]),
        lambda line: line.update(judging={"rule": "median"}),
        lambda line: line["judging"].update(raters=[[ANN, None], [ANN, None]]),
        lambda line: line["judging"].update(raters=[["x" * 300, None]]),
        lambda line: line["judging"].update(pool=[["q0", "q0-d0"]]),
    ],
)
def test_a_judging_that_is_none_is_a_sentence_and_nothing_comes_in(kept: Kept, change) -> None:
    """Neither the set nor the evaluation is there afterwards."""
    data = changed(kept.file_of(DORA), change)
    kept.gone()
    with pytest.raises(HistoryFileError, match="damaged"):
        read_history(kept.history.acting_for(Actor(DORA)), io.BytesIO(data))
    assert kept.sets.list() == ()


names = st.text(min_size=1, max_size=5).filter(str.strip)
times = st.datetimes(timezones=st.just(UTC))
judgings = st.builds(
    Judging,
    st.dictionaries(names, st.none() | times, max_size=3).map(
        lambda found: tuple(AssignedRater(name, done) for name, done in found.items())
    ),
    st.dictionaries(st.text(max_size=3), st.lists(st.text(max_size=3), max_size=3).map(tuple), max_size=3),
    st.text(max_size=5),
    st.none() | times,
    st.sampled_from(list(RULES)),
)
settled_grades = st.dictionaries(
    st.text(max_size=3),
    st.dictionaries(
        st.text(max_size=3), st.builds(SettledGrade, st.integers(0, 3), names, times), min_size=1, max_size=3
    ),
    max_size=3,
)


@given(judgings, settled_grades)
def test_a_line_says_all_of_a_judging(judging: Judging, settled: dict[str, dict[str, SettledGrade]]) -> None:
    """Whatever stands in it, there and back, as JSON."""
    written = json.loads(json.dumps(judging_line.to_parts(judging, settled)))
    assert judging_line.from_parts(written) == (judging, settled)
