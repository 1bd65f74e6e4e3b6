"""The page of whoever runs the server: who sees it, what it lists, and how work is ended."""

from __future__ import annotations

import pytest

from pages.components.administration import listing
from pages.components.server import deployment
from pages.components.session import stores
from rerank_core import RerankError
from rerank_core.jobs import Job, JobContext
from rerank_core.storage.ownership import NOBODY_SIGNS_IN, Actor
from tests.core.storage.test_runs import make_run
from tests.support.gate import PATIENCE, Gate
from tests.support.page import click, open_page, words
from tests.support.small_query_set import small_set

PAGE = "administration.py"
HEADING = "Running work"


def held(gate: Gate, owner: str, size: int = 0) -> Job[None]:
    """Work of somebody that waits at the gate."""

    def work(context: JobContext) -> None:
        context.progress(1, 4)
        gate.hold(context)

    return stores.jobs().submit(work, owner=owner, title="rerank", label="Reranking documents", size=size)


def test_work_of_everybody_is_listed_and_ended(gate: Gate) -> None:
    """Each has a line with whose it is and how far; End stops it, and the person is told who did."""
    first, second = held(gate, "bob@example.com", 12_345), held(gate, "the-token-of-a-session")
    gate.wait_until_held(2)
    page = open_page(PAGE)
    shown = words(page)
    assert "2 under way for 2: 2 running, 0 waiting" in shown
    assert f"{first.number}. Reranking documents, bob@example.com" in shown
    assert "About 12,345 tokens, running for" in shown
    assert "25% done" in shown
    assert "the-token" not in shown
    assert listing.who(second.owner) in shown
    page = page.button(key=f"end_job_{first.number}").click().run()
    assert first.wait(PATIENCE)
    assert (first.state, first.cancel_reason) == ("cancelled", listing.ENDED)
    assert f"Ended: {first.number}. Reranking documents, bob@example.com." in words(page)
    assert not second.finished
    gate.open()
    assert second.wait(PATIENCE)


def test_an_empty_list_says_so() -> None:
    """With nothing under way the page says that."""
    assert "Nothing is under way." in words(open_page(PAGE))


def test_an_operator_sees_it_and_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where people sign in it is drawn for those whom the operator named; where others can reach an app without
    sign-in, for nobody. Its address shows others nothing."""
    assert HEADING in words(open_page(PAGE, person="ann@example.com"))
    assert HEADING not in words(open_page(PAGE, person="bob@example.com"))
    monkeypatch.setattr(deployment, "shared", lambda: True)
    assert HEADING not in words(open_page(PAGE))


def test_what_has_ended_by_itself_is_no_mistake(gate: Gate) -> None:
    """The number of work that is over ends nothing."""
    job = held(gate, "ann")
    gate.open()
    assert job.wait(PATIENCE)
    assert listing.end(job.number) is None


def test_a_run_beyond_the_ceiling_is_refused() -> None:
    """More than the operator allows is not begun: a sentence says how much it is, how much is allowed, and who can
    change that; the texts stay."""
    page = open_page("playground.py", {"example": "own", "model": "v2"}, {"limits": {"tokens_per_run": 5}})
    page.text_area(key="query").set_value("printer")
    page.text_area(key="documents").set_value("the printer is on the second floor\nthe wi-fi drops")
    page = click(page.run(), "Rerank")
    shown = words(page)
    assert "This is too much for one run" in shown
    assert "The most that one run may read here is 5." in shown
    assert "tokens_per_run" in shown
    assert stores.jobs().under_way() == ()
    assert page.text_area(key="documents").value == "the printer is on the second floor\nthe wi-fi drops"


def test_a_kind_of_error_has_a_heading() -> None:
    """Work that is refused since too much waits is said as such."""
    from pages.components.display import errors

    assert errors.heading(RerankError("x", code="too_many_jobs")) == "Too much is waiting"


def kept_by(person: str | None) -> str:
    """Somebody keeps a run, a query set and a knowledge base; gives the id of the last."""
    actor = Actor(person)
    stores.runs().acting_for(actor).save(make_run(query="*a question*"))
    stores.query_sets().acting_for(actor).save(small_set(1))
    return stores.corpora().acting_for(actor).create(f"Base of {person}", ["a text"]).id


def test_what_is_kept_is_listed_by_person_and_can_be_deleted() -> None:
    """Everybody's things are counted and measured; one is deleted by the operator after a question, whoever's it is,
    and the others stay."""
    gone, stays = kept_by("bob@example.com"), kept_by("ann@example.com")
    page = open_page(PAGE, person="ann@example.com")
    assert "bob@example.com" not in words(page)
    page = page.toggle(key="kept_shown").set_value(True).run()
    table = page.dataframe[-1].value
    assert sorted(table["Person"]) == ["ann@example.com", "bob@example.com"]
    assert set(table["Runs"]) == set(table["Query sets"]) == set(table["Knowledge bases"]) == {1}
    assert (table["Knowledge bases, MB"] > 0).all()
    page.selectbox(key="kept_owner").select("bob@example.com")
    page.session_state["kept_kind"] = "knowledge base"
    page = page.run()
    assert "Delete this knowledge base for good?" in words(page)
    page = page.button(key=f"kept_confirm_{gone}").click().run()
    assert "Deleted: knowledge base “Base of bob@example.com”, bob@example.com." in words(page)
    assert [base.id for base in stores.corpora().acting_for(NOBODY_SIGNS_IN).list()] == [stays]
    page.session_state["kept_kind"] = "run"
    page = page.run()
    assert "*a question*" in [text.value for text in page.text]


def test_nothing_kept_says_so() -> None:
    """An empty server has no table."""
    page = open_page(PAGE).toggle(key="kept_shown").set_value(True).run()
    assert "Nothing is kept yet." in words(page)
