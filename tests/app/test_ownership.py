"""Two people on one server where people sign in: what one keeps, the other finds only when it is shared."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.server import deployment
from pages.components.session import keys, stores
from rerank_core.ranking.contender import Contender
from rerank_core.storage.ownership import Actor
from rerank_core.storage.runs import RunStore
from tests.app.test_ratings import rate, shown_run
from tests.support.page import chooser, click, labels, open_page, press, query_of, ran, settled, words
from tests.support.small_query_set import small_set

ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"  # Ann runs this server


def run_of(person: str | None) -> tuple[str, dict[str, str]]:
    """Somebody presses Rerank on the Playground; the id of the run, and the address of the page then."""
    page = press(settled(open_page(person=person)), "Rerank")
    address = query_of(page)
    return address["run"], address


def test_a_run_is_found_by_its_person_alone():
    """Whoever else follows the address is told that it is not shared, and nothing of what is in it; an operator opens
    it; its owner finds it as it was."""
    run_id, address = run_of(BOB)
    assert stores.runs().ownership(run_id).owner == BOB
    eve = settled(open_page(query=address, person=EVE))
    assert "This run is not shared with you." in words(eve)
    assert eve.session_state["playground"].run.id != run_id
    for who in (BOB, ANN):
        assert settled(open_page(query=address, person=who)).session_state["playground"].run.id == run_id


def test_an_example_that_starts_by_itself_is_not_saved():
    """Many visits leave nothing on the disk, and the address makes the example again. A press saves, and so does the
    first thing that somebody does with it."""
    page = settled(open_page(person=BOB))
    shown = page.session_state["playground"].run
    assert shown is not None
    assert keys.RUN not in query_of(page)
    assert stores.runs().count() == 0
    press(page, "Rerank")
    assert stores.runs().count() == 1


@pytest.mark.parametrize("name", ["compare.py", "search.py"])
def test_no_page_saves_what_it_begins_with(name):
    """Neither a comparison nor a search that nobody asked for."""
    settled(open_page(name))
    assert RunStore().count() == 0


def test_where_nobody_signs_in_a_run_is_everybodys():
    """As on a computer of one's own."""
    run_id, address = run_of(None)
    assert stores.runs().ownership(run_id).owner == ""
    assert settled(open_page(query=address)).session_state["playground"].run.id == run_id
    assert Actor(BOB).may_open("", shared=False)


def looking(page: AppTest) -> AppTest:
    """The Playground with its best document to be looked at."""
    page.session_state["playground"].picked = str(shown_run(page).response.results[0].index)
    return settled(page.run())


def share(page: AppTest, *, on: bool = True) -> AppTest:
    """Open Share on a page and switch the sharing with everyone here."""
    page.session_state[keys.SHARE] = True
    ran(page.run())
    return ran(page.toggle(key=keys.SHARE_RUN).set_value(on).run())


def test_a_run_is_shared_by_an_act_and_taken_back():
    """The page says whose it is; once shared, everybody opens it by its address and nobody else changes it. A rating by
    another stays in their tab, with a sentence."""
    run_id, address = run_of(BOB)
    bob = settled(open_page(query=address, person=BOB))
    assert "yours" in words(bob)
    share(bob)
    assert "yours, shared" in words(bob)
    eve = settled(open_page(query=address, person=EVE))
    assert eve.session_state["playground"].run.id == run_id
    assert f"shared by {BOB}" in words(eve)
    rate(looking(eve), 3)
    assert "This rating is in this browser tab only" in words(eve)
    assert f"This run belongs to {BOB}." in words(eve)
    assert stores.runs().ratings(run_id) == {}
    share(bob, on=False)
    again = settled(open_page(query=address, person=EVE))
    assert "This run is not shared with you." in words(again)


def test_the_first_thing_done_with_an_example_saves_it():
    """A rating, or sharing it: from then on the address names it, and a reload finds it with the rating."""
    page = settled(open_page(person=BOB))
    rate(looking(page), 2)
    address = query_of(page)
    assert list(stores.runs().ratings(address["run"]).values()) == [2]
    stores.jobs().close()
    stores.jobs.clear()  # as after a restart
    again = settled(open_page(query=address, person=BOB))
    assert again.session_state["playground"].run.id == address["run"]


def test_a_comparison_of_another_is_not_shown():
    """The address of a comparison names its runs; each is looked at."""
    page = press(settled(open_page("compare.py", person=BOB)), "Compare")
    address = query_of(page)
    assert len(address["runs"].split(",")) > 1
    eve = settled(open_page("compare.py", query=address, person=EVE))
    assert "This run is not shared with you." in words(eve)


def test_a_query_set_is_shared_with_its_name_and_rated_by_each_in_their_own_name():
    """Others find it in their list and rate in it as themselves; they have no button to rename or delete it."""
    store = stores.query_sets()
    set_id = store.acting_for(Actor(BOB)).save(replace(small_set(3), name="Handbook", judgments={}))
    address = {"set": set_id, "step": "Query set"}
    eve = settled(open_page("evaluate.py", query=address, person=EVE))
    assert "This query set is not shared with you." in words(eve)
    bob = settled(open_page("evaluate.py", query=address, person=BOB))
    assert "Handbook (3) · yours" in chooser(bob, "Query set").options
    ran(bob.toggle(key=keys.SHARE_SET).set_value(True).run())
    eve = settled(open_page("evaluate.py", query=address, person=EVE))
    assert f"Handbook (3) · shared by {BOB}" in chooser(eve, "Query set").options
    assert "Save the name" not in labels(eve)
    assert keys.SHARE_SET not in [each.key for each in eve.toggle]
    ran(eve.segmented_control(key="step").set_value("Rate").run())
    assert f"Rated by {EVE}" in words(eve)
    click(eve, "Just right")
    assert list(store.judgments(set_id)) == [EVE]
    ran(bob.toggle(key=keys.SHARE_SET).set_value(False).run())
    ran(eve.run())
    assert "is not shared with you any more" in words(eve)


def test_an_experiment_of_another_has_no_button_to_go_on_with_it():
    """Its figures can be read where it is shared; pausing, going on and deleting are its owner's and an operator's."""
    store, sets = stores.experiments(), stores.query_sets()
    made = small_set(2)
    set_id = sets.acting_for(Actor(BOB)).save(made)
    one = store.acting_for(Actor(BOB)).create(set_id, made, [Contender("local", "local-keyword")])
    address = {"experiment": one.id, "step": "Run"}
    eve = settled(open_page("evaluate.py", query=address, person=EVE))
    assert "This experiment is not shared with you." in words(eve)
    bob = settled(open_page("evaluate.py", query=address, person=BOB))
    assert "Start" in labels(bob)
    ran(bob.toggle(key=keys.SHARE_EXPERIMENT).set_value(True).run())
    eve = settled(open_page("evaluate.py", query=address, person=EVE))
    assert f"Shared by {BOB}: only they or an operator can change it." in words(eve)
    assert "Start" not in labels(eve)
    operator = settled(open_page("evaluate.py", query=address, person=ANN))
    assert "Start" in labels(operator)


def test_a_knowledge_base_of_another_is_searched_where_it_is_shared_and_not_changed():
    """It is in nobody else's list before; a link to it says so. Its owner shares it beside its name."""
    base = stores.corpora().acting_for(Actor(BOB)).create("Salaries", ["a text", "another"])
    eve = settled(open_page("search.py", query={"source": base.id}, person=EVE))
    assert "This knowledge base is not shared with you." in words(eve)
    assert not any("Salaries" in option for option in eve.selectbox(key=keys.SOURCE).options)
    assert "Salaries" not in words(eve)
    bob = settled(open_page("search.py", query={"source": base.id}, person=BOB))
    ran(bob.toggle(key=keys.MANAGING).set_value(True).run())
    ran(bob.toggle(key=keys.CORPUS_SHARE).set_value(True).run())
    eve = settled(open_page("search.py", query={"source": base.id}, person=EVE))
    assert f"Salaries (2 passages) · shared by {BOB}" in eve.selectbox(key=keys.SOURCE).options
    ran(eve.toggle(key=keys.MANAGING).set_value(True).run())
    assert "This one is not yours to change" in words(eve)
    assert "Delete" not in labels(eve)
    operator = settled(open_page("search.py", query={"source": base.id}, person=ANN))
    ran(operator.toggle(key=keys.MANAGING).set_value(True).run())
    assert "Delete" in labels(operator)


def test_a_draft_is_found_by_its_person_alone():
    """What somebody typed and did not run is not on another's page, whoever sent the address."""
    page = settled(open_page(person=BOB))
    page.text_area(key=keys.DOCUMENTS).set_value("a secret\nanother").run()
    address = query_of(settled(page))
    assert "reading" in address
    assert "a secret" in settled(open_page(query=address, person=BOB)).text_area(key=keys.DOCUMENTS).value
    assert "a secret" not in settled(open_page(query=address, person=EVE)).text_area(key=keys.DOCUMENTS).value


def test_where_others_come_in_without_a_sign_in_the_places_for_uploads_say_who_sees_them(monkeypatch):
    """Everybody does. On a computer of one's own nothing of it is said."""
    said = "everyone who opens this app finds what is kept here"
    for shared in (False, True):
        monkeypatch.setattr(deployment, "shared", lambda: shared)  # noqa: B023
        page = settled(open_page("search.py"))
        ran(page.toggle(key=keys.MANAGING).set_value(True).run())
        assert (said in words(page)) == shared
        page = settled(open_page("evaluate.py", query={"step": "Query set"}))
        ran(page.toggle(key=keys.EVALUATE_ADDING).set_value(True).run())
        assert (said in words(page)) == shared
