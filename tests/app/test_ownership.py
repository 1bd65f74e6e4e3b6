"""Two people on one server where people sign in: what one keeps, the other finds only when it is shared."""

from __future__ import annotations

import pytest

from pages.components.session import keys, stores
from rerank_core.storage.ownership import Actor
from rerank_core.storage.runs import RunStore
from tests.support.page import open_page, press, query_of, settled, words

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
