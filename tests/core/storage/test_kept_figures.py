"""What an experiment keeps of what was worked out from its answers; the numbers by which a set is known to change."""

from __future__ import annotations

import sqlite3

import pytest

from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.ranking.contender import Contender
from rerank_core.storage import query_sets
from rerank_core.storage.earlier.evaluation import FILE
from rerank_core.storage.evaluation.figures import FIGURES
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore
from tests.core.storage.test_query_sets import run
from tests.support.small_query_set import small_set

KEY = b"key"


@pytest.fixture
def kept(tmp_path):
    """A store of sets and one of experiments, with a set and an experiment on it that keeps something."""
    made = small_set(2)
    with QuerySetStore(tmp_path / "e.sqlite3") as sets, ExperimentStore(sets.database) as experiments:
        set_id = sets.save(made)
        experiment = experiments.create(set_id, made, [Contender("local", "local-keyword")]).id
        experiments.keep_figures(experiment, KEY, b"figures")
        yield sets, experiments, set_id, experiment


def rows(path):
    """How many figures the file has."""
    with sqlite3.connect(path) as db:
        found = db.execute("SELECT count(*) FROM kept_figures").fetchone()[0]
    db.close()
    return found


def test_figures_are_found_under_their_key_alone(kept):
    """Another key finds nothing; keeping anew takes the place of what was there."""
    _, experiments, _, experiment = kept
    assert experiments.kept_figures(experiment, KEY) == b"figures"
    assert experiments.kept_figures(experiment, b"other") is None
    experiments.keep_figures(experiment, KEY, b"others")
    assert experiments.kept_figures(experiment, KEY) == b"others"
    assert rows(experiments.database.file) == 1


@pytest.mark.parametrize(
    "change", ["value = x'00'", "value = CAST(value || 'x' AS BLOB)", "key = CAST('other' AS BLOB)"]
)
def test_damaged_figures_are_none(kept, change):
    """Whatever the disk made of them, also another key's value, is not taken for figures."""
    _, experiments, _, experiment = kept
    with sqlite3.connect(experiments.database.file) as db:
        db.execute(f"UPDATE kept_figures SET {change}")
    db.close()
    assert experiments.kept_figures(experiment, KEY) is None
    assert experiments.kept_figures(experiment, b"other") is None


def test_the_last_figures_are_kept(kept):
    """Of very many choices the earlier ones are worked out again."""
    _, experiments, _, experiment = kept
    for number in range(FIGURES):
        experiments.keep_figures(experiment, f"choice {number}".encode(), b"x")
    assert experiments.kept_figures(experiment, KEY) is None
    assert experiments.kept_figures(experiment, b"choice 0") == b"x"
    assert rows(experiments.database.file) == FIGURES


@pytest.mark.parametrize("what", ["experiment", "set"])
def test_figures_go_with_what_they_are_about(kept, what):
    """They are deleted with their experiment and with its query set."""
    sets, experiments, set_id, experiment = kept
    assert sets.delete(set_id) if what == "set" else experiments.delete(experiment)
    assert rows(experiments.database.file) == 0
    with pytest.raises(ExperimentError):
        experiments.kept_figures(experiment, KEY)
    with pytest.raises(ExperimentError):
        experiments.keep_figures(experiment, KEY, b"late")


def changes(sets, set_id):
    """Whatever changes a set, by name, with whether its queries and documents are to be read again."""
    return {
        "a rating": (False, lambda: sets.rate(set_id, "ben", "q0", "q0-d1", 2)),
        "another rating": (False, lambda: sets.rate(set_id, "ben", "q0", "q0-d1", 1)),
        "a rating taken back": (False, lambda: sets.rate(set_id, "ben", "q0", "q0-d1", None)),
        "added runs": (True, lambda: sets.add_runs(set_id, [run("tea", ["green"], {0: 3})], "ben")),
        "the same runs again": (True, lambda: sets.add_runs(set_id, [run("tea", ["green"], {0: 3})], "ben")),
        "other fields": (True, lambda: sets.set_rank_fields(set_id, ["text"])),
    }


def test_whatever_changes_a_set_changes_its_version(kept):
    """Two grades that change places leave all sums as they were, and are a change all the same. A new name is none."""
    sets, _, set_id, _ = kept
    for name, (contents, change) in changes(sets, set_id).items():
        before = sets.version_of(set_id)
        change()
        after = sets.version_of(set_id)
        assert after != before, name
        assert (after.contents != before.contents) is contents, name
    before = sets.version_of(set_id)
    sets.rename(set_id, "Another name")
    assert sets.version_of(set_id) == before


def test_sets_of_before_have_a_version(tmp_path):
    """A file of before the numbers were counted begins with them at its first opening."""
    before = tuple(script for script in FILE.kind.migrations if "set_versions" not in script)

    path = tmp_path / "old.sqlite3"
    with sqlite3.connect(path) as db:
        for script in before:
            db.executescript(script)
        db.execute(f"PRAGMA application_id = {FILE.kind.application_id}")
        db.execute(f"PRAGMA user_version = {len(before)}")
        db.execute(
            "INSERT INTO query_sets (id, name, created, queries, pairs, bytes, payload) "
            "VALUES ('old', x'00', '', 1, 1, 1, x'00')"
        )
    db.close()
    with QuerySetStore(path) as sets:
        assert sets.version_of("old") == (0, 0)
        assert sets.version_of("another") is None
        sets.rate("old", "ben", "q", "d", 1)
        assert sets.version_of("old").contents == 0 != sets.version_of("old").ratings


def test_a_set_that_is_opened_again_is_not_read_again(kept, monkeypatch):
    """Its queries and documents are read once for all sessions, its grades once for each of their states; what another
    process has changed is seen at once. A change that fails leaves what was there."""
    sets, _, set_id, _ = kept
    first = sets.get(set_id)
    monkeypatch.setattr(query_sets, "from_bytes", None)
    again = sets.get(set_id)
    assert again == first
    assert again.documents is first.documents
    assert again.judgments is first.judgments
    with QuerySetStore(sets.database) as other:
        other.rate(set_id, "ben", "q0", "q0-d1", 2)
        other.rename(set_id, "Other")
    rated = sets.get(set_id)
    assert rated.judgments["ben"] == {"q0": {"q0-d1": 2}} == sets.judgments(set_id)["ben"]
    assert rated.name == "Other"
    assert "ben" not in first.judgments
    assert rated.documents is first.documents
    monkeypatch.undo()
    with QuerySetStore(sets.database) as other:
        added = other.add_runs(set_id, [run("tea", ["green"], {0: 3})], "ben")
        monkeypatch.setattr(query_sets, "_write_grades", lambda *_: 1 / 0)
        with pytest.raises(ExperimentError):
            other.add_runs(set_id, [run("coffee", ["black"], {0: 3})], "ben")
        assert other.get(set_id) == added == sets.get(set_id)
