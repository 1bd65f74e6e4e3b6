"""Query sets on disk: kept and read unchanged, rated, and rated runs added to them by several sessions at once."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation import read
from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.query_sets import added_runs
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.evaluation.query_sets.sources import from_files, from_runs
from rerank_core.models import Cost, Document, RankedDocument, RerankRequest, RerankResponse, Usage
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT
from rerank_core.ranking.contender import Contender
from rerank_core.storage.evaluation_file import ExperimentFile
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_set_record import to_bytes
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.run_record import Run
from rerank_core.storage.sqlite_file import as_bytes
from tests.core.evaluation.query_sets.test_query_set import TABLE
from tests.support.gate import PATIENCE
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
    assert store.raters(set_id) == ("ann", "Ben")
    assert store.raters("gone") == ()


def test_of_two_sessions_neither_loses_anything(store):
    """Sessions that add to one set at the same moment, the same query among it, end with everything in it."""
    set_id = store.save(from_runs([run("tea", ["green"], {0: 1})], rater="Ann"))
    start = threading.Barrier(4, timeout=PATIENCE)

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


def test_a_saved_set_comes_back_unchanged(store):
    """Queries, documents, orders, ratings, problems and notes, in a file that only its owner can read."""
    made = from_files(read("queries.csv", TABLE), name="Mine")
    set_id = store.save(made)
    assert store.get(set_id) == made
    assert store.path.stat().st_mode & 0o077 == 0
    (summary,) = store.list()
    assert (summary.name, summary.queries, summary.pairs, summary.rated) == ("Mine", 2, 3, 3)
    assert store.get("nothing") is None
    assert store.delete(set_id)
    assert not store.delete(set_id)
    assert store.list() == ()


@settings(max_examples=25)
@given(st.text(st.characters(exclude_categories=[]), min_size=1).filter(str.strip), st.integers(-127, 127))
def test_any_text_can_be_kept(tmp_path_factory, text, grade):
    """Lone surrogates, NULs and every other character survive in names, texts, ids and raters."""
    made = QuerySet(
        text,
        make_queries({text: text}, {text: [text]}, {text: text}, {text: "en"}),
        {text: Document(text, text, {text: text})},
        {text: {text: {text: grade}}},
    )
    with QuerySetStore(tmp_path_factory.mktemp("kept") / "e.sqlite3") as store:
        assert store.get(store.save(made)) == made


def test_rating_and_taking_back(store):
    """A rating is kept at once, gives back what was there, and can be undone; raters stay apart."""
    set_id = store.save(small_set(2))
    assert store.rate(set_id, "ben", "q0", "q0-d1", 2) is None
    assert store.rate(set_id, "ben", "q0", "q0-d1", 3) == 2
    assert store.judgments(set_id)["ben"] == {"q0": {"q0-d1": 3}}
    assert store.judgments(set_id)["ann"]["q0"]["q0-d0"] == 0
    assert store.rate(set_id, "ben", "q0", "q0-d1", None) == 3
    assert "ben" not in store.judgments(set_id)
    store.rate(set_id, "cem", "q1", "q1-d0", 1)
    store.rate(set_id, "cem", "q1", "q1-d2", 0)
    assert store.get(set_id).judgments["cem"] == {"q1": {"q1-d0": 1, "q1-d2": 0}}
    assert store.list()[0].rated == 5, "what two rated counts once"
    with pytest.raises(InvalidRequestError):
        store.rate(set_id, "ben", "q0", "q0-d1", 500)
    with pytest.raises(ExperimentError) as caught:
        store.rate("nothing", "ben", "q0", "q0-d1", 1)
    assert caught.value.code == "query_set_not_found"


def test_thresholds_are_kept_for_each_model(store):
    """One threshold a model, with how it was found; None forgets it."""
    store.set_threshold("local", "local-english", 0.25, "from 40 borderline pairs")
    store.set_threshold("flashrank", None, 0.5)
    assert store.threshold("local", "local-english").score == 0.25
    assert store.threshold("local", "local-english").how == "from 40 borderline pairs"
    assert store.threshold("flashrank", None).score == 0.5
    store.set_threshold("local", "local-english", None)
    assert store.threshold("local", "local-english") is None
    assert set(store.thresholds()) == {("flashrank", None)}


def test_a_set_can_be_called_something_else(store):
    """A new name shows in the list and in the set, everything else stays; a blank one changes nothing."""
    made = small_set(3)
    set_id = store.save(made)
    store.rename(set_id, "  Tickets of May ")
    store.rename(set_id, "   ")
    assert [one.name for one in store.list()] == ["Tickets of May"]
    assert store.get(set_id) == replace(made, name="Tickets of May")


def test_a_set_without_queries_is_not_kept(store):
    """There would be nothing to open."""
    with pytest.raises(ExperimentError):
        store.save(QuerySet("empty", ()))


def test_a_file_that_is_not_ours_is_left_alone(tmp_path):
    """Another program's database, a damaged file and a newer one are refused with a hint, and not changed."""
    other = tmp_path / "other.sqlite3"
    with sqlite3.connect(other) as db:
        db.execute("CREATE TABLE mine (x)")
    db.close()
    damaged = tmp_path / "damaged.sqlite3"
    damaged.write_bytes(b"this is no database" * 100)
    newer = tmp_path / "newer.sqlite3"
    with QuerySetStore(newer) as store:
        store.list()
    with sqlite3.connect(newer) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    for path, words in ((other, "another program"), (damaged, "damaged"), (newer, "newer version")):
        before = path.read_bytes()
        with QuerySetStore(path) as store, pytest.raises(ExperimentError) as caught:
            store.list()
        assert words in caught.value.message
        assert caught.value.hint
        assert path.read_bytes() == before
    with ExperimentStore(tmp_path / "fine.sqlite3") as store:
        assert store.list() == ()


def marked(tmp_path):
    """A store with an experiment over the small set, and that experiment's id."""
    store = QuerySetStore(tmp_path / "e.sqlite3")
    made = small_set()
    contender = Contender("local", "local-keyword")
    return store, ExperimentStore(store.path).create(store.save(made), made, [contender]).id


def test_marks_of_borderline_pairs_are_kept_for_an_experiment_and_a_model(tmp_path):
    """In the sequence in which they were given, apart from another model's; a new mark takes the old one's place."""
    store, one = marked(tmp_path)
    store.mark(one, "v2", [("q1", "a"), ("q2", "b\ud800")], "borderline")
    store.mark(one, "English", [("q1", "a")], "bad")
    store.mark(one, "v2", [("q1", "a")], "good")
    assert list(QuerySetStore(store.path).marks(one, "v2").items()) == [
        (("q2", "b\ud800"), "borderline"),
        (("q1", "a"), "good"),
    ]
    store.mark(one, "v2", [("q1", "a")], None)
    assert store.marks(one, "v2") == {("q2", "b\ud800"): "borderline"}
    assert store.marks(one, "English") == {("q1", "a"): "bad"}


def test_marks_go_with_their_experiment(tmp_path):
    """Deleted with it; and none is kept for an experiment that is not there."""
    store, one = marked(tmp_path)
    store.mark(one, "v2", [("q1", "a")], "good")
    ExperimentStore(store.path).delete(one)
    assert store.marks(one, "v2") == {}
    with pytest.raises(ExperimentError, match="no such experiment"):
        store.mark(one, "v2", [("q1", "a")], "good")


def _keep_as_before(old: ExperimentFile, provider: str, model: str, score: float, how: str) -> None:
    """A threshold as it was kept before it had an owner."""
    with old._writing() as db:
        row = (provider, model, score, as_bytes(how), "2026-05-04T03:02:01+00:00")
        db.execute("INSERT INTO thresholds VALUES (?, ?, ?, ?, ?)", row)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_file_of_an_earlier_version_opens_with_all_that_is_in_it(tmp_path, version):
    """What newer versions added is added to it; sets, ratings and thresholds stay; its models read the text alone."""
    path = tmp_path / "old.sqlite3"
    migrations = ExperimentFile.kind.migrations
    before = replace(ExperimentFile.kind, migrations=migrations[:version])
    made, set_id = small_set(), "of old"

    class Earlier(QuerySetStore):
        kind = before

    with Earlier(path) as old:
        _keep_as_before(old, "local", "local-keyword", 0.4, "set by hand")
    with sqlite3.connect(path) as db:
        db.execute(
            "INSERT INTO query_sets (id, name, created, queries, pairs, bytes, payload) VALUES (?, ?, ?, 12, 72, 1, ?)",
            (set_id, b"Small", "2026-05-04T03:02:01+00:00", to_bytes(made)),
        )
        db.executemany(
            "INSERT INTO ratings (query_set, rater, query, document, grade) VALUES (?, ?, ?, ?, ?)",
            [
                (set_id, b"ann", as_bytes(query), as_bytes(name), grade)
                for query, own in made.judgments["ann"].items()
                for name, grade in own.items()
            ],
        )
    db.close()
    with QuerySetStore(path) as store:
        assert store.get(set_id) == replace(made, rank_fields=TEXT_ONLY)
        assert store.threshold("local", "local-keyword").score == 0.4
        one = ExperimentStore(path).create(set_id, made, [Contender("local", "local-keyword")]).id
        store.mark(one, "v2", [("q1", "a")], "good")
        assert store.marks(one, "v2") == {("q1", "a"): "good"}


@pytest.mark.parametrize("model", ["local-english", "local-multilingual"])
def test_a_threshold_from_before_the_scores_were_fitted_again_is_carried_over(tmp_path, model):
    """Higher scores, higher thresholds: in the same sequence, from 0 to 1, marked, and near the level that took the
    place of the one measured then. Those of other models stay."""
    path = tmp_path / "old.sqlite3"
    before = replace(ExperimentFile.kind, migrations=ExperimentFile.kind.migrations[:5])

    class Earlier(QuerySetStore):
        kind = before

    levels = [0.0, 0.01, 0.04, 0.05, 0.1, 0.2, 0.5, 0.6, 0.9, 1.0]
    found = []
    for place, level in enumerate(levels):
        path = tmp_path / f"{place}.sqlite3"
        with Earlier(path) as old:
            _keep_as_before(old, "local", model, level, "set by hand \ud83d")
            _keep_as_before(old, "gateflow", model, level, "set by hand")
        with QuerySetStore(path) as store:
            found.append(store.threshold("local", model))
            assert store.threshold("gateflow", model).score == level
        with QuerySetStore(path) as store:  # once
            assert store.threshold("local", model) == found[-1]
    scores = [one.score for one in found]
    assert scores == sorted(set(scores))
    assert (scores[0], scores[-1]) == (0, pytest.approx(1))
    assert all("set by hand" in one.how and one.how.endswith("fitted again") for one in found)
    measured = {"local-english": (0.04, 0.1), "local-multilingual": (0.05, 0.15)}[model]
    assert scores[levels.index(measured[0])] == pytest.approx(measured[1], abs=0.02)


def test_what_the_models_read_is_kept_and_can_be_changed(store):
    """A set keeps its fields; an experiment keeps those that it was made with, whatever the set says later, and sends
    them."""
    made = small_set(2)
    set_id = store.save(replace(made, rank_fields=("title", "text", "brand\ud800")))
    assert store.get(set_id).rank_fields == ("title", "text", "brand\ud800")
    store.set_rank_fields(set_id, TITLE_AND_TEXT)
    experiments = ExperimentStore(store.path)
    first = experiments.create(set_id, store.get(set_id), [Contender("gateflow", "m")])
    version = store.version_of(set_id)
    assert store.set_rank_fields(set_id, ["text"]) == store.get(set_id)
    assert store.version_of(set_id) != version
    second = experiments.create(set_id, store.get(set_id), [Contender("gateflow", "m")])
    for one, fields in ((first, TITLE_AND_TEXT), (second, TEXT_ONLY)):
        assert experiments.get(one.id).rank_fields == fields
        clients = FakeClients()
        run_experiment(None, experiments, one.id, store.get(set_id), clients)
        assert clients.made["gateflow"].read == {fields}
    assert store.get(set_id).documents == made.documents


@pytest.mark.parametrize("wrong", ["title", [], ["text", ""]])
def test_fields_that_are_none_are_refused_and_change_nothing(store, wrong):
    """A set that is not there is named; what is no list of names leaves the set as it is."""
    set_id = store.save(small_set(1))
    with pytest.raises(InvalidRequestError):
        store.set_rank_fields(set_id, wrong)
    assert store.get(set_id).rank_fields == TITLE_AND_TEXT
    with pytest.raises(ExperimentError, match="no such query set"):
        store.set_rank_fields("gone", TITLE_AND_TEXT)


def as_version_1(made: QuerySet) -> dict[str, object]:
    """A set as the first version of the record wrote it: one JSON text, before there were answers, scores and notes of
    files."""
    numbers = {name: number for number, name in enumerate(made.documents)}
    return {
        "format": 1,
        "name": made.name,
        "order_name": made.order_name,
        "queries": [
            [one.id, one.text, [numbers[name] for name in one.candidates], one.tag, one.lang, one.length]
            for one in made.queries
        ],
        "documents": [[name, one.text, one.id, dict(one.metadata)] for name, one in made.documents.items()],
        "problems": made.problems,
        "notes": made.notes,
    }


def test_a_set_of_an_earlier_version_still_opens(tmp_path):
    """Its record has no answers, scores and notes of files, which are empty then. It has a mark of its own too."""
    import json

    with QuerySetStore(tmp_path / "old.sqlite3") as store:
        made = from_files(read("queries.csv", TABLE))
        set_id = store.save(made)
        with sqlite3.connect(store.path) as db:
            db.execute("UPDATE query_sets SET payload = ?", (json.dumps(as_version_1(made)).encode(),))
        db.close()
        found = store.get(set_id)
        assert found == made
        assert found.mark == store.get(set_id).mark != ""
