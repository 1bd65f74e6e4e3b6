"""Files that commit 2cf90ad wrote open with today's code and lose nothing; see tests/data/2cf90ad/README.md."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from rerank_core.corpora import CorpusStore
from rerank_core.documents.report import Problem
from rerank_core.evaluation.experiments.records import RatePolicy
from rerank_core.models import Document
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT
from rerank_core.ranking.contender import Contender
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore
from rerank_core.storage.runs import RunStore
from tests.support import ROOT

ODD = "lone surrogate \ud83d, NUL \0, Zeile"
DOCUMENTS = tuple(
    Document(text, name, {"title": f"Title {name}", "lang": "en"})
    for name, text in (("d1", "Reset your password"), ("d2", ODD), ("d3", "Close your account"))
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A copy of the files, since opening one may bring it up to date."""
    return Path(shutil.copytree(ROOT / "tests" / "data" / "2cf90ad", tmp_path / "2cf90ad"))


def test_a_run_is_all_there(home):
    """The run shows its query, documents, order, scores, cost and ratings, and can be rated on."""
    with RunStore(home / "runs.sqlite3") as store:
        (row,) = store.list()
        assert (row.id, row.query, row.rated, row.amount) == ("A" * 16, "forgot my password", 2, Decimal("0.0010"))
        run = store.get(row.id)
        assert run is not None
        assert run.documents == DOCUMENTS
        assert (run.order_name, run.top_n, dict(run.ratings)) == ("as pasted", 2, {0: 3, 2: 1})
        assert run.created == datetime(2026, 5, 4, 3, 2, 1, tzinfo=UTC)
        assert run.rank_fields == TEXT_ONLY
        assert [(one.index, one.relevance_score) for one in run.response.results] == [(2, 0.9), (1, 0.45), (0, 0.3)]
        store.set_rating(run.id, 1, 2)
        assert dict(store.get(run.id).ratings) == {0: 3, 1: 2, 2: 1}


def test_a_query_set_is_all_there(home):
    """Queries, candidates, documents, both raters' grades and everything that belonged to the file are read."""
    with QuerySetStore(home / "experiments.sqlite3") as sets:
        (row,) = sets.list()
        assert (row.name, row.queries, row.pairs, row.rated) == ("Made by 2cf90ad", 4, 7, 3)
        found = sets.get(row.id)
        assert found is not None
        assert [query.text for query in found.queries] == ["forgot my password", ODD, "fails", "nothing found"]
        assert [query.candidates for query in found.queries] == [("d1", "d2", "d3"), ("d3", "d1"), ("d1", "d2"), ()]
        assert (found.queries[0].tag, found.queries[0].lang, found.order_name) == ("login", "en", "by hand")
        assert tuple(found.documents.values()) == DOCUMENTS
        assert found.judgments == {"ann": {"q1": {"d1": 3, "d2": 0}, "q2": {"d3": 1}}, ODD: {"q1": {"d1": 2}}}
        assert (found.problems, found.notes) == ((Problem(7, "left out"),), ("a note",))
        assert (found.answers, found.file_notes) == ({"q1": "Use the link."}, {"run_id": "r1"})
        assert found.scores == {"q1": {"d1": 1.5, "d3": 0.25}}
        assert found.rank_fields == TEXT_ONLY
        assert sets.rate(row.id, "ann", "q1", "d1", 1) == 3
        kept = sets.threshold("gateflow", "rerank-english-v3.0")
        assert kept is not None
        assert (kept.score, kept.how) == (0.42, "by Cohere's recipe")


def test_an_experiment_is_all_there(home):
    """The experiment, the speeds it was made with, its ledger, its rankings and what was marked are read."""
    path = home / "experiments.sqlite3"
    with QuerySetStore(path) as sets, ExperimentStore(path) as store:
        (experiment,) = store.list()
        assert (experiment.name, experiment.state, experiment.queries) == ("First", "done", 3)
        assert experiment.spending_limit == Decimal("1.50")
        assert experiment.rates == {"gateflow": RatePolicy(2, 6_000, 0)}
        assert experiment.rank_fields == TEXT_ONLY
        models = ("rerank-english-v3.0", "rerank-multilingual-v3.0")
        assert experiment.contenders == tuple(Contender("gateflow", model) for model in models)
        query_set = sets.get(experiment.query_set)
        assert query_set is not None
        english, multilingual = store.rankings(experiment.id, query_set)
        assert english.run == multilingual.run == {"q1": ("d3", "d2", "d1"), "q2": ("d1", "d3")}
        assert english.scores["q1"] == {"d3": 0.9, "d2": 0.45, "d1": 0.3}
        assert (english.cost, english.latency_ms, english.failed) == (Decimal("0.0020"), (5.0, 5.0), ("q3",))
        progress = store.progress(experiment.id)
        assert (progress.done, progress.failed, progress.total, progress.spent) == (4, 2, 6, Decimal("0.0040"))
        assert {(one.code, one.request_id) for one in store.failures(experiment.id)} == {("bad_response", "req-9")}
        assert sets.marks(experiment.id, "English") == {("q1", "d1"): "borderline"}


def test_a_set_that_was_read_as_text_only_can_be_read_with_titles(home):
    """The better choice can be made for a set of that time; its experiments keep what they were made with."""
    path = home / "experiments.sqlite3"
    with QuerySetStore(path) as sets, ExperimentStore(path) as store:
        (row,) = sets.list()
        before = sets.version_of(row.id)
        assert sets.set_rank_fields(row.id, TITLE_AND_TEXT).rank_fields == TITLE_AND_TEXT
        assert sets.version_of(row.id) != before
        assert sets.get(row.id).rank_fields == TITLE_AND_TEXT
        assert store.list()[0].rank_fields == TEXT_ONLY


def test_a_knowledge_base_is_all_there(home):
    """The passages are read; the keyword index, which cut words otherwise, is built again at the first search, and is
    one of the texts alone until it is made anew with titles."""
    store = CorpusStore(home / "corpora")
    (row,) = store.list()
    assert (row.name, row.passages, row.keyword, row.problem) == ("Help articles", 2, False, None)
    corpus = store.open(row.id)
    assert list(corpus) == [DOCUMENTS[0], DOCUMENTS[2]]
    assert corpus.rank_fields == row.rank_fields == TEXT_ONLY
    assert [hit.index for hit in corpus.keyword_index().search("password", 1)] == [0]
    (row,) = store.list()
    assert row.keyword
    assert not corpus.keyword_index().search("title")
    corpus.add([Document("Find the router", "d4", {"title": "Title d4"})])
    assert not CorpusStore(home / "corpora").open(row.id).keyword_index().search("title")
    corpus.index_anew()
    assert len(CorpusStore(home / "corpora").open(row.id).keyword_index().search("title")) == 3
    corpus.release()
