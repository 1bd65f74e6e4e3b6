"""Kept figures are the figures, to the last digit, and never those of something else."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from decimal import Decimal

import pytest

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.kept import figures as module
from rerank_core.evaluation.kept import names
from rerank_core.evaluation.kept.figures import ExperimentFigures
from rerank_core.evaluation.kept.names import name_of
from rerank_core.evaluation.measures.month_cost import not_run
from rerank_core.evaluation.measures.settings import EvaluationSettings
from rerank_core.evaluation.measures.summary import summarise
from rerank_core.evaluation.measures.without_ratings import deciding_pairs
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.models import Document
from rerank_core.pricing.table import PriceTable
from rerank_core.ranking.contender import Contender
from rerank_core.storage.experiments import ExperimentStore
from rerank_core.storage.query_sets import QuerySetStore
from tests.support.small_query_set import FakeClients, small_set

CONTENDERS = (Contender("gateflow", "rerank-english-v3.0", "English"), Contender("local", "local-keyword", "Keyword"))
SETTINGS = EvaluationSettings(k=5)


class World:
    """A set and an experiment on it that has run, in a file of their own, and who keeps its figures."""

    def __init__(self, path, made):
        self.sets, self.store = QuerySetStore(path), ExperimentStore(path)
        self.set_id = self.sets.save(made)
        self.experiment = self.store.create(self.set_id, made, CONTENDERS).id
        run_experiment(None, self.store, self.experiment, made, FakeClients())

    def read(self):
        """The set and the answers as they are now."""
        found = self.sets.get(self.set_id)
        return found, self.store.rankings(self.experiment, found)

    def figures(self):
        """The figures of what is there now."""
        return ExperimentFigures(self.store, self.experiment, *self.read())


@pytest.fixture
def world(tmp_path):
    """The small set, reranked by two models."""
    made = World(tmp_path / "e.sqlite3", small_set())
    yield made
    made.sets.close()
    made.store.close()


def all_of(figures, prices=None):
    """Every kind of figures."""
    prices = prices or PriceTable.default()
    return figures.summary(SETTINGS), figures.deciding(SETTINGS), figures.not_run(prices, 500.0)


def nothing_computed(monkeypatch):
    """From now on working anything out is an error of the test."""

    def refuse(*_, **__):
        raise AssertionError("it was worked out again")

    for name in ("summarise", "deciding_pairs", "not_run"):
        monkeypatch.setattr(module, name, refuse)


def test_figures_are_worked_out_once(world, monkeypatch):
    """The second time, as in another session or after a restart, nothing is; and all of it is what the functions give,
    with every number and sentence."""
    query_set, rankings = world.read()
    settings = replace(SETTINGS, judgments=query_set.combined())
    orders = {"Initial order": query_set.initial} | {one.label: one.run for one in rankings}
    prices = PriceTable.default()
    expected = (
        summarise(query_set, rankings, settings),
        deciding_pairs(orders, query_set.combined(), depth=5),
        not_run(query_set, rankings, prices=prices, searches_a_day=500.0),
    )
    assert all(expected)
    assert all_of(world.figures()) == expected
    nothing_computed(monkeypatch)
    again = all_of(world.figures())
    assert again == expected
    summary = again[0]
    assert summary.pairs == expected[0].pairs
    assert summary.by_query == expected[0].by_query
    assert summary.changes("English") == expected[0].changes("English")
    assert [row.means for row in summary.rows] == [row.means for row in expected[0].rows]


def test_under_a_filter_figures_are_kept_too(world, monkeypatch):
    """Each choice has its own figures, and goes back to those of the choice before."""
    odd = replace(SETTINGS, only=("q1", "q3", "q5"), scope="Only odd ones")
    made = [(world.figures().summary(one), world.figures().deciding(one)) for one in (SETTINGS, odd)]
    assert made[1][0].queries == ("q1", "q3", "q5")
    assert {pair.query for pair in made[1][1]} == {"q1", "q3", "q5"}
    nothing_computed(monkeypatch)
    assert [(world.figures().summary(one), world.figures().deciding(one)) for one in (SETTINGS, odd)] == made


CHOICES = {
    "k": 3,
    "relevant": 2,
    "searches_a_day": 7.0,
    "only": ("q1", "q2"),
    "scope": "Only these",
    "raters": ("ann",),
    "judgments": {"q1": {"q1-d0": 1}},
}


@pytest.mark.parametrize("choice", CHOICES)
def test_another_choice_has_another_name(world, choice):
    """Whatever can be chosen is part of the name."""
    query_set, rankings = world.read()
    settings = replace(SETTINGS, judgments=query_set.combined())
    other = replace(settings, **{choice: CHOICES[choice]})
    assert name_of("summary", query_set, rankings, settings) != name_of("summary", query_set, rankings, other)


def test_every_choice_is_tried():
    """A choice that is added to the settings has to be part of the name."""
    assert set(CHOICES) == set(EvaluationSettings.__dataclass_fields__)


def test_whatever_changes_has_another_name(world, monkeypatch):
    """A rating, a run that is added, the fields that models read, a contender, an answer, a price, the program: nothing
    is found under the name of before."""
    query_set, rankings = world.read()
    prices = PriceTable.default()

    def now(found=None, ranked=None, table=prices):
        found = found or query_set
        settings = replace(SETTINGS, judgments=found.combined())
        return name_of("summary", found, rankings if ranked is None else ranked, settings, repr(table))

    before = now()
    assert now(*world.read()) == before, "reading it again changes nothing"
    english, keyword = rankings
    others = [
        now(query_set.rated("ann", "q1", "q1-d1", 2)),
        now(replace(query_set, rank_fields=("text",))),
        now(ranked=(english,)),
        now(ranked=(keyword, english)),
        now(ranked=(replace(english, contender=Contender("gateflow", "rerank-english-v3.0", "Other")), keyword)),
        now(ranked=(replace(english, mark="another"), keyword)),
        now(table=prices.with_price("gateflow", "rerank-english-v3.0", Decimal(3))),
    ]
    world.sets.add_runs(world.set_id, [], "ann")
    others.append(now(*world.read()))
    monkeypatch.setattr(names, "program", lambda: "another")
    others.append(now())
    assert before not in others
    assert len(set(others)) == len(others)


def test_answers_have_a_mark_of_all_that_is_in_them(world):
    """Another score, order, cost or time is another answer."""
    marks = [world.read()[1][0].mark]
    for change in (
        "UPDATE answers SET scores = zeroblob(length(scores)) WHERE contender = 0 AND query = 0",
        "UPDATE answers SET places = zeroblob(length(places)) WHERE contender = 0 AND query = 1",
        "UPDATE requests SET amount = '9' WHERE contender = 0 AND query = 2",
        "UPDATE requests SET latency = 9 WHERE contender = 0 AND query = 3",
        "DELETE FROM answers WHERE contender = 0 AND query = 4",
    ):
        with sqlite3.connect(world.store.database.file) as db:
            db.execute(change)
        db.close()
        marks.append(world.read()[1][0].mark)
    assert len(set(marks)) == len(marks)


def test_what_was_never_kept_or_was_changed_has_no_name(world):
    """A set that did not come from a store, or has other queries or documents than were read, is never looked up."""
    query_set, rankings = world.read()
    for one in (
        small_set(),
        replace(query_set, queries=query_set.queries[:3]),
        replace(query_set, documents=dict(query_set.documents)),
    ):
        assert name_of("summary", one, rankings, SETTINGS) is None
    assert name_of("summary", query_set, [replace(rankings[0], mark="")], SETTINGS) is None
    assert ExperimentFigures(world.store, world.experiment, small_set(), rankings).summary(SETTINGS).best == "English"


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"null", b'[["q"]]', b"\xff", b'{"queries": [99]}', b"[[0, 0, 1]]"]
)
def test_other_bytes_are_worked_out_anew(world, data):
    """Whatever stands there that is no figures, what is shown is right, and takes its place."""

    class Wrong:
        kept = None

        def kept_figures(self, *_):
            return data

        def keep_figures(self, _, __, value):
            self.kept = value

    wrong = Wrong()
    made = ExperimentFigures(wrong, world.experiment, *world.read())
    assert made.summary(SETTINGS) == world.figures().summary(SETTINGS)
    assert wrong.kept


def test_where_nothing_can_be_kept_figures_are_there_all_the_same(world):
    """A store that is gone is no reason to show nothing."""
    figures = world.figures()
    expected = all_of(figures)
    world.store.delete(world.experiment)
    assert all_of(figures) == expected


def test_what_cannot_be_said_is_not_kept(world):
    """An error is given each time."""
    settings = replace(SETTINGS, judgments={})
    for _ in range(2):
        with pytest.raises(InvalidRequestError):
            world.figures().summary(settings)


def test_no_text_of_the_set_is_kept(tmp_path):
    """Where a text is its own id, as in a table without ids, neither it nor its query stands among the figures."""
    texts = [f"a secret {number}" for number in range(4)]
    query_set = QuerySet(
        "Secrets",
        make_queries({text: text for text in texts[:2]}, dict.fromkeys(texts[:2], texts), {}),
        {text: Document(text, text) for text in texts},
        {"ann": {texts[0]: {texts[3]: 3}, texts[1]: {texts[2]: 2}}},
    )
    world = World(tmp_path / "e.sqlite3", query_set)
    made = all_of(world.figures())
    assert all_of(world.figures()) == made
    with sqlite3.connect(world.store.database.file) as db:
        kept = b"".join(row[0] for row in db.execute("SELECT value FROM kept_figures"))
    db.close()
    assert b"English" in kept
    assert b"secret" not in kept
