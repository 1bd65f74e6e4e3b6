"""Judging together on the Rate step: assigned, blind, done, settled; with names and with people signed in."""

from __future__ import annotations

import ast
import gzip
import json
from pathlib import Path

from streamlit.testing.v1 import AppTest

from pages.components.session import judge, stores
from rerank_core.evaluation import KINDS, read, write
from rerank_core.evaluation.judging.assignment import progress
from rerank_core.evaluation.query_sets.query_set import QuerySet, make_queries
from rerank_core.models import Document
from rerank_core.ranking.contender import Contender
from rerank_core.storage.history.bundle import history_bytes
from rerank_core.storage.ownership import Actor
from tests.app import test_ratings as boards
from tests.support.page import button, click, labels, open_page, ran, words

DORA, ANN, BEN, EVE = (f"{name}@example.com" for name in ("dora", "ann2", "ben", "eve"))
ROOT = Path(__file__).parents[2]


def made(rated: dict[str, dict[str, dict[str, int]]] | None = None, person: str | None = None) -> str:
    """A saved set of two queries with two documents each; its id."""
    texts = {"q1": "green tea", "q2": "black tea"}
    documents = {name: Document(f"the text of {name}", name) for name in ("a", "b", "c", "d")}
    queries = make_queries(texts, {"q1": ("a", "b"), "q2": ("c", "d")}, {})
    store = stores._query_sets().acting_for(Actor(person)) if person else stores.query_sets()
    return store.save(QuerySet("Teas", queries, documents, rated or {}))


def opened(set_id: str, step: str = "Rate", person: str | None = None) -> AppTest:
    """Evaluate on a set, in a session of its own."""
    return open_page("evaluate.py", {"step": step, "set": set_id}, person=person)


def raters(page: AppTest) -> tuple[str, ...]:
    """Whose ratings this session holds."""
    return page.session_state["evaluate"].query_set.raters


def assign(page: AppTest, *names: str) -> AppTest:
    """Let these people rate the set."""
    if "judging_view" in page.session_state and page.session_state["judging_view"] != "raters":
        ran(page.segmented_control(key="judging_view").set_value("raters").run())
    if "Judge with others" in labels(page):
        click(page, "Judge with others")
    ran(page.text_area(key="judging_names").set_value("\n".join(names)).run())
    return ran(page.button(key="judging_assign").click().run())


def be(page: AppTest, number: int) -> AppTest:
    """Say that the rater of this number sits here, -1 for who leads."""
    if "Somebody else" in labels(page):
        click(page, "Somebody else")
    return ran(page.selectbox(key="judging_who").set_value(number).run())


def grade(page: AppTest, *values: int) -> AppTest:
    """Rate one document after the other."""
    for value in values:
        ran(page.button(key=f"grade_{value}").click().run())
    return page


def test_a_set_that_one_person_rates_shows_nothing_of_it() -> None:
    """The screen to rate on, and one quiet button below."""
    page = opened(made({"Me": {"q1": {"a": 3}}}))
    assert "Judge with others" in labels(page)
    assert not [one for one in page.segmented_control if one.label == "View"]
    assert not [one for one in page.selectbox if one.label == "Who are you?"]
    assert "I am done" not in words(page)


def test_two_rate_apart_and_settle_what_they_see_differently() -> None:
    """By typed names: blind until done, then how far they agree, one difference, its settled grade in every figure,
    and in the files."""
    set_id = made()
    page = assign(opened(set_id), "Ann", "Ben")
    assert "2 raters can begin" in words(page)
    assert [list(frame.value["Documents"]) for frame in page.dataframe if "Rater" in frame.value] == [["0 of 4"] * 2]

    ann = opened(set_id)
    assert "say who you are first" in words(ann)
    assert ann.button(key="grade_3").disabled
    grade(be(ann, 0), 3, 0, 2, 1)
    assert "4 of 4 documents rated" in words(ann)
    ben = grade(be(opened(set_id), 1), 0, 0)
    assert raters(ben) == ("Ben",)
    assert not [one for one in ben.segmented_control if one.label == "View"]

    ran(ann.button(key="judging_done").click().run())
    assert set(raters(ann)) == {"Ann", "Ben"}
    assert "You are done" in words(ann)
    assert ann.button(key="grade_3").disabled
    ran(ben.run())
    assert raters(ben) == ("Ben",)
    ran(ben.button(key="judging_done").click().run())

    ran(page.run())
    assert "Ann and Ben rated 2 documents in common and agree on 50%" in words(page)
    ran(page.segmented_control(key="judging_view").set_value("settle").run())
    assert "green tea" in words(page)
    assert "Ann 3 · Ben 0 · by the median 0" in words(page)
    ran(page.button(key="settle_grade_2").click().run())
    assert "1 of 1 settled" in words(page)
    assert "settled: 2, by Me" in words(page)
    (settled,) = stores.judging().settled(set_id)["q1"].values()
    assert (settled.grade, settled.by) == (2, "Me")
    assert page.session_state["evaluate"].query_set.combined() == {"q1": {"a": 2, "b": 0}, "q2": {"c": 2, "d": 1}}
    ran(page.button(key="settle_undo").click().run())
    assert stores.judging().settled(set_id) == {}
    assert "not settled" in words(page)


def test_whoever_leads_sees_all_and_who_rates_does_not() -> None:
    """The same browser, once as the leader and once as a rater; a stranger sees the file's ratings alone."""
    set_id = made({"imported": {"q1": {"a": 1}}, "Ann": {"q1": {"a": 3}}, "Ben": {"q1": {"a": 0}}})
    page = assign(opened(set_id), "Ann", "Ben")
    assert set(raters(page)) == {"imported", "Ann", "Ben"}
    assert raters(opened(set_id)) == ("imported",)
    be(page, 1)
    assert set(raters(page)) == {"imported", "Ben"}
    for step in ("Query set", "Answer", "Report"):
        ran(page.segmented_control(key="step").set_value(step).run())
        assert set(raters(page)) == {"imported", "Ben"}
    assert "Until you are done, you see what your own ratings come to." in words(page)
    ran(page.segmented_control(key="step").set_value("Rate").run())
    assert set(raters(be(page, -1))) == {"imported", "Ann", "Ben"}


def test_a_file_of_who_is_not_done_holds_nothing_of_the_others() -> None:
    """In every format that has a place for ratings."""
    set_id = made({"Ann": {"q1": {"a": 3}, "q2": {"c": 3}}, "Ben": {"q1": {"a": 0}}})
    stores.judging().assign(set_id, ["Ann", "Ben"], {"q1": ("a", "b")})
    stores.judging().settle(set_id, "q2", "d", 2, by="Dora")
    page = be(opened(set_id), 1)
    ran(page.segmented_control(key="step").set_value("Query set").run())
    page.session_state["evaluate_taking"] = True
    ran(page.run())
    for kind in ("rater-ratings", "quepid-ratings", "table", "trec-qrels"):
        ran(page.selectbox(key="evaluate_format").set_value(kind).run())
        data = [value for key, value in page.session_state["evaluate_memory"] if key[0] == "file"][-1]
        assert list(read(KINDS[kind].file_name, data, kind).judgments.values()) == [{"a": 0}]
        assert b"Ann" not in data


def test_people_who_sign_in_rate_as_themselves_alone() -> None:
    """Assigned by address; each finds the set, sees their own ratings, and the owner all of them."""
    set_id = made(person=DORA)
    page = assign(opened(set_id, person=DORA), "Ann", BEN)
    assert "Nobody can sign in here as ann." in words(page)
    page = assign(page, ANN.upper(), BEN)
    assert "2 raters can begin" in words(page)
    ann = opened(set_id, person=ANN)
    assert not [one for one in ann.selectbox if one.label == "Who are you?"]
    assert not [one for one in ann.text_input if one.label == "Rater"]
    grade(ann, 3, 0)
    ben = grade(opened(set_id, person=BEN), 0)
    assert (raters(ann), raters(ben)) == ((ANN,), (BEN,))
    ran(page.run())
    assert set(raters(page)) == {ANN, BEN}
    assert raters(opened(set_id, person=EVE)) == ()
    ran(ann.button(key="judging_done").click().run())
    assert set(raters(ann)) == {ANN, BEN}
    assert raters(ran(ben.run())) == (BEN,)
    ran(ann.segmented_control(key="judging_view").set_value("settle").run())
    assert not [one for one in ann.text_input if one.label == "Settled by"]
    ran(ann.button(key="settle_grade_1").click().run())
    (settled,) = stores._judging().settled(set_id)["q1"].values()
    assert (settled.grade, settled.by) == (1, ANN)


def test_somebody_who_signs_in_types_no_name() -> None:
    """Nor under another's do they rate, whatever their session holds."""
    set_id = made(person=ANN)
    page = opened(set_id, person=ANN)
    assert f"Rated by {ANN}" in words(page)
    page.session_state["evaluate_rater"] = "Somebody else"
    grade(ran(page.run()), 3)
    assert raters(page) == (ANN,)


def test_another_page_reads_a_set_as_it_may_be_seen(monkeypatch) -> None:
    """Nobody has said who it is, then Ann has, then she is done."""
    set_id = made({"Ann": {"q1": {"a": 3}}, "Ben": {"q1": {"a": 0}}})
    stores.judging().assign(set_id, ["Ann", "Ben"], {"q1": ("a", "b")})
    held: dict[str, object] = {}
    monkeypatch.setattr(judge.st, "session_state", held)
    assert judge.read_set(set_id).raters == ()
    held["evaluate_rater"] = "Ann"
    assert judge.read_set(set_id).raters == ("Ann",)
    stores.judging().finish(set_id, "Ann")
    assert judge.read_set(set_id).raters == ("Ann", "Ben")
    assert judge.read_set("gone") is None


def in_the_file(data: bytes) -> set[str]:
    """Who rated, by a history as one file."""
    lines = map(json.loads, gzip.decompress(data).splitlines())
    return {rater for line in lines if line.get("kind") == "query_set" for rater in line["judgments"]}


def listed_evaluation(person: str | None = None) -> str:
    """A set that Ann and Ben rate, with an evaluation of it that everybody lists; its id."""
    set_id = made({ANN: {"q1": {"a": 3}}, BEN: {"q1": {"a": 0}}}, person)
    owner = Actor(person)
    sets, experiments = stores._query_sets().acting_for(owner), stores._experiments().acting_for(owner)
    sets.share(set_id, True)
    one = experiments.create(set_id, sets.get(set_id), [Contender("gateflow", "rerank-v3.5")])
    experiments.share(one.id, True)
    stores._history().acting_for(owner).add_experiment(one.id)
    stores._judging().acting_for(owner).assign(set_id, [ANN, BEN], {"q1": ("a", "b")})
    return set_id


def test_a_history_as_a_file_holds_nothing_of_the_others(monkeypatch) -> None:
    """Of a set that several rate it has what the person may see, in the session where nobody signs in."""
    set_id = listed_evaluation()
    held: dict[str, object] = {"evaluate_rater": BEN}
    monkeypatch.setattr(judge.st, "session_state", held)
    assert in_the_file(history_bytes(stores.history(), as_whom=judge.here().of_set)) == {BEN}
    stores.judging().finish(set_id, BEN)
    assert in_the_file(history_bytes(stores.history(), as_whom=judge.here().of_set)) == {ANN, BEN}


def test_a_history_as_a_file_has_the_judging_as_far_as_one_may_see_it(monkeypatch) -> None:
    """Who is not done finds themselves alone in it and nothing that was settled; who is done finds both."""
    set_id = listed_evaluation()
    stores.judging().finish(set_id, ANN)
    stores.judging().settle(set_id, "q1", "a", 2, by=ANN)

    def line(data: bytes) -> dict[str, object]:
        lines = map(json.loads, gzip.decompress(data).splitlines())
        return next(one for one in lines if one.get("kind") == "query_set")

    held: dict[str, object] = {"evaluate_rater": BEN}
    monkeypatch.setattr(judge.st, "session_state", held)
    blind = line(history_bytes(stores.history(), as_whom=judge.here().of_set))
    assert ([name for name, _ in blind["judging"]["raters"]], blind["settled"]) == ([BEN], [])
    assert ANN not in json.dumps(blind)
    held["evaluate_rater"] = ANN
    whole = line(history_bytes(stores.history(), as_whom=judge.here().of_set))
    assert [name for name, _ in whole["judging"]["raters"]] == [ANN, BEN]
    assert [one[:4] for one in whole["settled"]] == [["q1", "a", 2, ANN]]


def test_a_history_as_a_file_goes_by_who_signed_in() -> None:
    """Whoever the store acts for, whatever a program asks for; who leads has all of it."""
    listed_evaluation("dora@example.org")
    whole = stores._history()
    assert in_the_file(history_bytes(whole.acting_for(Actor(BEN)))) == {BEN}
    assert in_the_file(history_bytes(whole.acting_for(Actor("dora@example.org")))) == {ANN, BEN}


def test_a_rule_is_chosen_for_the_set() -> None:
    """The mean in place of the median, for every session."""
    set_id = made({"Ann": {"q1": {"a": 3}}, "Ben": {"q1": {"a": 0}}})
    page = opened(set_id)
    ran(page.segmented_control(key="judging_view").set_value("raters").run())
    assert "the median, the lower of the two middle ones" in words(page)
    ran(page.selectbox(key="judging_rule").set_value("mean").run())
    assert opened(set_id).session_state["evaluate"].query_set.combined() == {"q1": {"a": 1}}


def test_somebody_who_was_done_can_be_let_go_on_and_a_judging_ends() -> None:
    """By whoever leads; ratings stay."""
    set_id = made({"Ann": {"q1": {"a": 3}}, "Ben": {"q1": {"a": 0}}})
    page = assign(opened(set_id), "Ann", "Ben")
    stores.judging().finish(set_id, "Ann")
    ran(page.run())
    ran(page.button(key="judging_reopen").click().run())
    assert stores.judging().get(set_id).raters[0].done is None
    ran(page.button(key="judging_end").click().run())
    assert stores.judging().get(set_id).raters == ()
    assert set(raters(opened(set_id))) == {"Ann", "Ben"}


def test_names_that_cannot_be_taken_are_said_and_stay() -> None:
    """With what to do, and nobody is assigned."""
    set_id = made()
    page = click(opened(set_id), "Judge with others")
    ran(page.text_area(key="judging_names").set_value(" ").run())
    ran(page.button(key="judging_assign").click().run())
    assert "Nobody is named as a rater." in words(page)
    assert stores.judging().get(set_id).raters == ()


def test_what_was_rated_on_a_board_is_taken_over_and_ends_with_being_done() -> None:
    """Ratings of before count for who gave them; whoever is done changes none, from a board either."""
    page = boards.add(boards.rate(boards.playground(), 3))
    (one,) = stores.query_sets().list()
    whole = stores.query_sets().get(one.id)
    assert whole is not None
    stores.judging().assign(one.id, ["Me", "Ann"], {whole.queries[0].id: whole.queries[0].candidates})
    (mine, _) = progress(stores.judging().get(one.id), whole.judgments)
    assert mine.rated == 1
    stores.judging().finish(one.id, "Me")
    boards.add(boards.rate(page, 0))
    assert "'Me' has said that the ratings are done, so they stay as they are." in words(page)
    assert stores.query_sets().judgments(one.id) == whole.judgments


def test_several_peoples_file_is_settled_without_assigning_anybody() -> None:
    """A row for each rater comes in as theirs, and what they see differently can be settled at once."""
    set_id = made({"Ann": {"q1": {"a": 3, "b": 1}}, "Ben": {"q1": {"a": 0, "b": 1}}})
    whole = stores.query_sets().get(set_id)
    assert whole is not None
    back = read("ratings.csv", write("rater-ratings", whole.imported(apart=True)))
    assert back.raters == whole.judgments
    page = opened(set_id)
    assert page.segmented_control(key="judging_view").value == "rate", "It says which of the screens is drawn"
    ran(page.segmented_control(key="judging_view").set_value("settle").run())
    assert "0 of 1 settled" in words(page)
    ran(page.text_input(key="settled_by").set_value("Ann and Ben").run())
    ran(page.button(key="settle_grade_3").click().run())
    assert stores.judging().settled(set_id)["q1"]["a"].by == "Ann and Ben"
    assert not button(page, "Undo").disabled


def test_a_page_reads_no_set_past_the_judging() -> None:
    """Whatever gives out ratings of a set is asked in two files alone, where others' are taken out of it."""
    giving = {"get", "judgments", "set_rank_fields"}
    found = set()
    for path in (ROOT / "pages").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in giving
                and ast.unparse(node.func.value) == "stores.query_sets()"
            ):
                found.add(path.name)
    assert found == {"state.py", "judge.py"}
