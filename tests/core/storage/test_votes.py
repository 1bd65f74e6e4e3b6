"""The votes of blind tests on this machine: kept, replaced, found again by the runs they were about, forgotten."""

from __future__ import annotations

import pytest

from rerank_core.ranking.blind_test import Tally, Vote
from rerank_core.storage import votes
from rerank_core.storage.sqlite_file import StoreError
from rerank_core.storage.votes import VoteStore


def test_votes_come_back_from_the_file_as_they_were_given(database):
    """Undecided rounds and any text included; a second vote of a round takes the place of the first."""
    first, second = Vote("r1", ("a", "b"), "a", "caf\ud800\x00"), Vote("r2", ("b", "c"), None, "q")
    with VoteStore(database) as store:
        assert store.tally() == Tally()
        store.add(first, ["x", "y"])
        store.add(second, ["y", "z"])
    with VoteStore(database) as store:
        assert store.tally() == Tally((first, second))
        changed = Vote("r1", ("a", "b"), "b", first.query)
        store.add(changed, ["x", "y"])
        assert store.tally() == Tally((second, changed))
        store.forget()
        assert store.tally() == Tally()


def test_the_round_of_a_vote_is_found_by_its_runs(database):
    """In any sequence of the runs, and only where all of them are the same."""
    with VoteStore(database) as store:
        store.add(Vote("r1", ("a", "b"), "a"), ["x", "y"])
        assert store.round_of(["y", "x"]) == "r1"
        assert store.round_of(["x"]) is None
        assert store.round_of(["x", "y", "z"]) is None


def test_what_was_shown_with_its_name_stays_known_within_a_bound(database, monkeypatch):
    """One run that was named is enough; forgetting the votes does not make it unseen; only the latest are kept."""
    monkeypatch.setattr(votes, "MAX_NAMED", 3)
    with VoteStore(database) as store:
        store.set_named(["x", "y"])
        store.set_named(["x", "y"])
        store.forget()
        assert store.named(["w", "y"])
        assert not store.named(["w"])
        assert not store.named([])
        store.set_named(["1", "2"])
        store.set_named(["3"])
        assert not store.named(["x", "y"])
        assert store.named(["3"])


def test_a_file_that_is_no_database_is_a_sentence(tmp_path):
    """The page goes on without it."""
    path = tmp_path / "votes.sqlite3"
    path.write_bytes(b"not a database" * 100)
    with VoteStore(path) as store, pytest.raises(StoreError, match="votes"):
        store.tally()
