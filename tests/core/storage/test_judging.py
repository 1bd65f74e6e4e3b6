"""Judging together as it is kept: in SQLite and in PostgreSQL, by the same body."""

from __future__ import annotations

import copy
import itertools
from dataclasses import dataclass, field, replace
from typing import Self

import pytest

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.judging.assignment import NOT_ASSIGNED
from rerank_core.evaluation.query_sets.query_set import Query, QuerySet
from rerank_core.storage.database import Database
from rerank_core.storage.judging.store import RATER_DONE, STILL_BLIND, JudgingStore
from rerank_core.storage.ownership import NOBODY_SIGNS_IN, NOT_SHARED, NOT_YOURS, Actor, Ownership

SET, POOL = "s1", {"q": ("a", "b"), "p \ud800": ("a\x00",)}
DORA, ANN, BEN = Actor("dora@example.org"), Actor("ann@example.org"), Actor("ben@example.org")
OPERATOR = Actor("root@example.org", operator=True)
RATED = {ANN.keeper: {"q": {"a": 3}}, BEN.keeper: {"q": {"a": 0}}, "imported": {"q": {"b": 1}}}
MADE = QuerySet("s", (Query("q", "tea", ("a", "b")),), judgments=RATED)


@dataclass
class KnownSets:
    """Sets of which nothing is known but whose they are."""

    known: dict[str, Ownership] = field(default_factory=lambda: {SET: Ownership(DORA.keeper, shared=True)})
    actor: Actor = NOBODY_SIGNS_IN

    def acting_for(self, actor: Actor) -> Self:
        view = copy.copy(self)
        view.actor = actor
        return view

    def ownership(self, set_id: str) -> Ownership | None:
        found = self.known.get(set_id)
        return found if found is not None and self.actor.may_open(found.owner, found.shared) else None


@pytest.fixture
def sets() -> KnownSets:
    """One set, Dora's, shared with everyone."""
    return KnownSets()


@pytest.fixture
def store(database: Database, sets: KnownSets) -> JudgingStore:
    """The store as nobody in particular uses it."""
    return JudgingStore(database, sets)


def assigned(store: JudgingStore) -> JudgingStore:
    """Ann and Ben are to rate Dora's set."""
    store.acting_for(DORA).assign(SET, [ANN.keeper, BEN.keeper], POOL)
    return store


def test_who_rates_what_comes_back_as_it_was_given(store: JudgingStore, sets: KnownSets, database: Database) -> None:
    """In their sequence, with ids that no database holds as text; also for another process."""
    assert store.get(SET) is NOT_ASSIGNED
    made = assigned(store).get(SET)
    assert [(one.name, one.done) for one in made.raters] == [(ANN.keeper, None), (BEN.keeper, None)]
    assert (dict(made.pool), made.documents, made.by, made.rule) == (POOL, 3, DORA.keeper, "median")
    assert made.since is not None
    assert made.since.tzinfo is not None
    with Database(database.address) as elsewhere:
        assert JudgingStore(elsewhere, sets).get(SET) == made
    assert store.get("another") is NOT_ASSIGNED


def test_only_who_may_change_the_set_says_who_rates(store: JudgingStore) -> None:
    """Its owner and an operator; a rater, and somebody else, are refused."""
    assigned(store)
    for actor in (ANN, Actor("eve@example.org")):
        mine = store.acting_for(actor)
        assert not mine.may_lead(SET)
        for refused in (
            lambda mine=mine: mine.assign(SET, ["eve"], POOL),
            lambda mine=mine: mine.end(SET),
            lambda mine=mine: mine.reopen(SET, ANN.keeper),
            lambda mine=mine: mine.finish(SET, BEN.keeper),
            lambda mine=mine: mine.set_rule(SET, "mean"),
        ):
            with pytest.raises(ExperimentError) as caught:
                refused()
            assert caught.value.code == NOT_YOURS
    store.acting_for(OPERATOR).set_rule(SET, "mean")
    assert store.get(SET).rule == "mean"
    assert len(store.get(SET).raters) == 2


def test_each_is_done_by_themselves_and_sees_the_others_then(store: JudgingStore) -> None:
    """Until then the store itself gives out nothing of the others', whatever name is asked for."""
    assigned(store)
    ann = store.acting_for(ANN)
    assert set(ann.seen(SET, MADE, None).judgments) == {ANN.keeper, "imported"}
    assert set(ann.seen(SET, MADE, BEN.keeper).judgments) == {ANN.keeper, "imported"}
    assert set(store.acting_for(DORA).seen(SET, MADE, "x").judgments) == set(RATED)
    assert set(store.acting_for(OPERATOR).seen(SET, MADE, "x").judgments) == set(RATED)
    ann.finish(SET, ANN.keeper)
    assert store.get(SET).is_done(ANN.keeper)
    assert set(ann.seen(SET, MADE, "").judgments) == set(RATED)
    assert set(store.acting_for(BEN).seen(SET, MADE, None).judgments) == {BEN.keeper, "imported"}
    store.acting_for(DORA).reopen(SET, ANN.keeper)
    assert set(ann.seen(SET, MADE, "").judgments) == {ANN.keeper, "imported"}


def test_who_is_done_rates_no_more_and_nobody_as_another(store: JudgingStore) -> None:
    """So that nobody takes over what they then see."""
    ann = assigned(store).acting_for(ANN)
    ann.check_rater(SET, ANN.keeper)
    with pytest.raises(ExperimentError) as caught:
        ann.check_rater(SET, BEN.keeper)
    assert caught.value.code == NOT_YOURS
    ann.finish(SET, ANN.keeper)
    with pytest.raises(ExperimentError) as caught:
        ann.check_rater(SET, ANN.keeper)
    assert caught.value.code == RATER_DONE
    with pytest.raises(ExperimentError):
        store.acting_for(DORA).finish(SET, "nobody")


def test_settled_with_who_and_when(store: JudgingStore) -> None:
    """A later grade takes the place of an earlier one, None takes it back, and each gives what was there before."""
    dora = assigned(store).acting_for(DORA)
    assert dora.settle(SET, "q", "a", 2, by="somebody else") is None
    before = dora.settle(SET, "q", "a", 1, by="")
    assert before is not None
    assert (before.grade, before.by) == (2, DORA.keeper)
    assert before.at.tzinfo is not None
    dora.settle(SET, "p \ud800", "a\x00", 3, by="")
    assert {query: {name: one.grade for name, one in own.items()} for query, own in store.settled(SET).items()} == {
        "q": {"a": 1},
        "p \ud800": {"a\x00": 3},
    }
    assert dora.seen(SET, MADE, None).combined() == {"q": {"a": 1, "b": 1}}
    assert store.acting_for(ANN).seen(SET, MADE, None).settled == {}
    dora.settle(SET, "q", "a", None, by="")
    assert "q" not in store.settled(SET)
    with pytest.raises(InvalidRequestError):
        dora.settle(SET, "q", "a", 1000, by="")


def test_who_is_still_rating_settles_nothing(store: JudgingStore) -> None:
    """Not before they are done, then they may; nor somebody who does not rate, while others do."""
    ann = assigned(store).acting_for(ANN)
    for actor in (ANN, Actor("eve@example.org")):
        with pytest.raises(ExperimentError) as caught:
            store.acting_for(actor).settle(SET, "q", "a", 2, by="")
        assert caught.value.code == STILL_BLIND
    ann.finish(SET, ANN.keeper)
    ann.settle(SET, "q", "a", 2, by=BEN.keeper)
    assert store.settled(SET)["q"]["a"].by == ANN.keeper


def test_names_are_enough_where_nobody_signs_in(store: JudgingStore, sets: KnownSets) -> None:
    """Typed names rate, are done and settle; who leads sees all by no name."""
    sets.known[SET] = Ownership("")
    store.assign(SET, ["Ann", "Ben"], POOL, by="Dora")
    made = replace(MADE, judgments={"Ann": RATED[ANN.keeper], "Ben": RATED[BEN.keeper]})
    assert set(store.seen(SET, made, "Ann").judgments) == {"Ann"}
    assert set(store.seen(SET, made, None).judgments) == {"Ann", "Ben"}
    with pytest.raises(ExperimentError):
        store.settle(SET, "q", "a", 1, by="Ann")
    store.settle(SET, "q", "a", 1, by="Dora")
    assert store.finish(SET, "Ann").is_done("Ann")
    store.settle(SET, "q", "a", 2, by="Ann")
    assert store.settled(SET)["q"]["a"].by == "Ann"
    store.check_rater(SET, "somebody new")


def test_assigning_again_keeps_who_is_done(store: JudgingStore) -> None:
    """Of the same documents; of others nobody is."""
    dora = assigned(store).acting_for(DORA)
    dora.set_rule(SET, "majority")
    store.acting_for(ANN).finish(SET, ANN.keeper)
    again = dora.assign(SET, ["cem@example.org", ANN.keeper], POOL)
    assert [(one.name, one.done is not None) for one in again.raters] == [
        ("cem@example.org", False),
        (ANN.keeper, True),
    ]
    more = dora.assign(SET, [ANN.keeper], {"q": ("a", "b", "c")})
    assert [(one.name, one.done) for one in more.raters] == [(ANN.keeper, None)]
    assert more.rule == "majority"
    for names, pool in (([], POOL), (["imported"], POOL)):
        with pytest.raises(InvalidRequestError):
            dora.assign(SET, names, pool)
    with pytest.raises(ExperimentError):
        dora.assign(SET, ["x"], {"q": ()})
    ended = dora.end(SET)
    assert (ended.raters, ended.documents, ended.rule) == ((), 0, "majority")


def test_every_change_is_seen_by_others(store: JudgingStore) -> None:
    """A page reads a set anew when this number is another one."""
    dora, seen = store.acting_for(DORA), [store.version_of(SET)]
    for change in (
        lambda: dora.assign(SET, [ANN.keeper], POOL),
        lambda: dora.finish(SET, ANN.keeper),
        lambda: dora.reopen(SET, ANN.keeper),
        lambda: dora.set_rule(SET, "mean"),
        lambda: dora.settle(SET, "q", "a", 1, by=""),
        lambda: dora.settle(SET, "q", "a", 2, by=""),
        lambda: dora.end(SET),
    ):
        change()
        seen.append(store.version_of(SET))
    assert all(one != other for one, other in itertools.pairwise(seen))
    assert store.version_of(SET) == seen[-1]


def test_what_is_not_shared_is_not_told(store: JudgingStore, sets: KnownSets) -> None:
    """Nobody learns of the judging of a set that they may not open, and none is begun on one that is not there."""
    assigned(store)
    sets.known[SET] = Ownership(DORA.keeper)
    eve = store.acting_for(Actor("eve@example.org"))
    assert eve.get(SET) is NOT_ASSIGNED
    for refused in (
        lambda: eve.settled(SET),
        lambda: eve.settle(SET, "q", "a", 1, by=""),
        lambda: eve.assign(SET, ["eve"], POOL),
        lambda: store.assign("gone", ["Ann"], POOL),
    ):
        with pytest.raises(ExperimentError) as caught:
            refused()
        assert caught.value.code in ("query_set_not_found", NOT_SHARED)
    eve.forget(SET)
    assert len(store.get(SET).raters) == 2


def test_of_a_deleted_set_nothing_stays(store: JudgingStore, sets: KnownSets) -> None:
    """Nor of one that is there is anything forgotten."""
    assigned(store).acting_for(DORA).settle(SET, "q", "a", 1, by="")
    kept = sets.known.pop(SET)
    store.forget(SET)
    sets.known[SET] = kept
    assert store.get(SET) == NOT_ASSIGNED
    assert store.settled(SET) == {}
