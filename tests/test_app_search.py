"""The Search page, run through the frame: first visit, a corpus of one's own across a restart, a live engine."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from pages.components import running, search_run
from rerank_core import samples
from rerank_core.corpora import CorpusStore


@pytest.fixture
def page():
    """Open /search as somebody new."""
    running.store.clear()
    search_run.corpora.clear()  # those of an earlier test stand in another folder

    def opened() -> AppTest:
        at = AppTest.from_file("../pages/main.py", default_timeout=60)
        at.switch_page("search.py").run()
        return settled(at)

    return opened


def settled(at: AppTest) -> AppTest:
    """Wait for the search that may be under way."""
    end = time.monotonic() + 60
    while at.session_state["search"].job_id is not None and time.monotonic() < end:
        at.run()
    assert not at.exception
    return at


def press(at: AppTest, label: str = "Search") -> AppTest:
    """Press a button and wait for what it starts."""
    next(button for button in at.button if button.label == label).click().run()
    return settled(at)


def words(at: AppTest) -> str:
    """All that stands on the page."""
    kinds = ("text", "caption", "markdown", "warning", "error", "info", "success", "code")
    found = [str(element.value) for kind in kinds for element in at.get(kind)]
    return "\n".join([*found, *(str(getattr(box, "title", "")) for box in [*at.warning, *at.error])])


def test_the_first_visit_has_searched_the_sample_for_a_ticket(page) -> None:
    """The answer of the first example ticket is first, nothing was pressed, and it cost nothing."""
    at = page()
    answer = at.session_state["search"].answer
    assert answer.run.response.results[0].document.id in samples.TICKETS[0].answers
    assert {metric.label: metric.value for metric in at.metric}["Billed"] == "$0"
    assert "moved" in words(at)


def test_a_ticket_that_nothing_answers_says_so(page) -> None:
    """The warning stands there before somebody copies a wrong answer."""
    at = page()
    at.segmented_control(key="model").set_value("Multilingual").run()
    unanswerable = next(ticket for ticket in samples.TICKETS if not ticket.answers)
    at.selectbox(key="ticket").set_value(unanswerable.id).run()
    settled(at)
    assert "Nothing here answers this well" in words(at)


def test_a_long_ticket_is_condensed_where_one_can_see_it(page) -> None:
    """What was left out of a long question is named, never cut in silence."""
    at = page()
    at.text_area(key="question").set_value(
        "The hub blinks red three times. " + "Nothing helped at all, sadly. " * 60
    ).run()
    press(at)
    assert any("condensed" in box.label for box in at.expander)


def test_an_empty_question_is_a_sentence(page) -> None:
    """Nothing is searched for nothing."""
    at = page()
    at.text_area(key="question").set_value("  ").run()
    press(at)
    assert "The question is empty." in words(at)


def test_each_first_stage_finds_candidates(page) -> None:
    """By keyword, by meaning and by both; the board names the order."""
    at = page()
    names = set()
    for kind in ("keyword", "embedding", "fused"):
        at.segmented_control(key="stage").set_value(kind).run()
        press(at)
        names.add(at.session_state["search"].answer.run.order_name)
    assert names == {"by keyword (BM25)", "by meaning", "by keyword and meaning"}


def test_a_corpus_is_made_searched_added_to_and_survives_a_restart(page) -> None:
    """A knowledge base of one's own is there in a new session with a new store."""
    at = page()
    at.toggle[0].set_value(True).run()
    at.text_input(key="corpus_name").set_value("Boots").run()
    at.file_uploader[0].set_value(
        ("boots.csv", b"id,text\n1,Waterproof boots for wide feet\n2,Sun hats\n", "text/csv")
    ).run()
    press(at, "Create")
    made = CorpusStore().list()
    assert [(summary.name, summary.passages) for summary in made] == [("Boots", 2)]
    search_run.corpora.clear()  # a restart
    again = page()
    again.selectbox(key="source").set_value(made[0].id).run()
    again.text_area(key="question").set_value("boots for wide feet").run()
    press(again)
    assert again.session_state["search"].answer.run.response.results[0].document.text.startswith("Waterproof")
    assert not again.error


def test_a_live_engine_that_is_not_there_is_a_sentence(page) -> None:
    """A dead host says what to check."""
    at = page()
    at.selectbox(key="source").set_value("live").run()
    assert next(button for button in at.button if button.label == "Search").disabled
    for key, value in (("live_address", "http://127.0.0.1:9"), ("live_index", "kb"), ("live_text", "body")):
        at.text_input(key=key).set_value(value).run()
    press(at)
    assert at.error
    assert at.session_state["search"].error.hint


def test_no_component_is_named_after_an_id(page, monkeypatch) -> None:
    """A run's id may hold two underscores in a row, which a component's key must not."""
    monkeypatch.setattr(search_run, "new_id", lambda: "a__b__c")
    at = page()
    assert at.session_state["search"].answer.run.id == "a__b__c"
