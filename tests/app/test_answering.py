"""The marks of the sentence that answers: when they are found, what they cost the page, where they come to."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.jobs import answering
from pages.components.session import keys, stores
from rerank_core import TextSpan
from rerank_core.ranking.answering import LOCAL
from tests.support.page import press, words
from tests.support.rerank_service import RerankService

PAGE = "playground.py"
BACK = "Money is paid back within five days."
DOCUMENTS = [f"We sell shoes. {BACK}", "The shop is shut on Sundays. It opens at ten.", "Gift cards. Nothing else."]
ASKED = {"example": "own", "model": "local-keyword"}


@pytest.fixture(autouse=True)
def long_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every text is too long to be looked at while the page is drawn, unless a test says otherwise."""
    monkeypatch.setattr(answering, "_AT_ONCE_CHARACTERS", 0)


@pytest.fixture
def browser_asks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From its call on, pages go on at once with what a browser asks for a moment after it has drawn them."""
    follow = answering._follow

    def at_once(run, wanted) -> None:
        follow(run, wanted)
        follow(run, wanted)

    return lambda: monkeypatch.setattr(answering, "_follow", at_once)


def reranked(app: Callable[..., AppTest], *documents: str) -> AppTest:
    """The Playground with a run of the keyword model over these documents."""
    page = app(ASKED)
    page.text_area(key=keys.QUERY).set_value("When do I get my money back?")
    page.text_area(key=keys.DOCUMENTS).set_value(json.dumps(documents or DOCUMENTS)).run()
    return press(page, "Rerank")


def marks(page: AppTest) -> dict[int, list[str]]:
    """The marked texts of the board's rows, by place in the input."""
    rows = json.loads(page.get("bidi_component")[0].proto.json)["rows"]
    return {
        int(row["key"]): [text for text, marked in row["answer"] if marked == "answer"]
        for row in rows
        if "answer" in row
    }


def jobs_of_marks() -> list:
    """The jobs that look for sentences, of whichever session."""
    return [job for job in stores.jobs()._jobs.values() if job.title == "answering"]


def test_the_order_stands_before_anything_is_looked_for(app, browser_asks) -> None:
    """The page's own run does none of it; asked by the browser, a job does, and the page has the marks."""
    page = reranked(app)
    assert page.session_state["playground"].run is not None
    assert marks(page) == {}
    assert jobs_of_marks() == []
    browser_asks()
    page.run()
    assert marks(page) == {0: [BACK]}
    assert len(jobs_of_marks()) == 1


def test_words_in_short_texts_are_marked_at_once(app, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page that shows the order has the marks, no job looks for them, and the page is drawn once."""
    monkeypatch.setattr(answering, "_AT_ONCE_CHARACTERS", 50_000)
    monkeypatch.setitem(ASKED, "model", "v2")
    page = reranked(app)
    assert marks(page) == {0: [BACK]}
    assert not jobs_of_marks()


def test_what_was_found_is_not_looked_for_again(app, browser_asks) -> None:
    """Drawing the page again begins no new work, also for what has no sentence to mark."""
    browser_asks()
    page = reranked(app)
    assert marks(page)
    page.run()
    page.run()
    assert len(jobs_of_marks()) == 1


def test_a_document_far_down_is_looked_at_once_it_is_picked(app, browser_asks) -> None:
    """The first ten are; one that somebody opens is too, and its text has the mark in it."""
    browser_asks()
    many = [f"Text of shoes{' and more' * place}. When do I get my money back? Now." for place in range(14)]
    page = reranked(app, *many, *(f"Shoes of kind {place}." for place in range(30)))
    assert len(marks(page)) == 10
    last = max(set(range(14)) - set(marks(page)))
    page.session_state["playground"].picked = str(last)
    page.run()
    assert last in marks(page)
    assert "Marked: the sentence that matches the query best, by this model." in words(page)


def test_the_prompt_block_and_the_file_have_the_sentence(app, browser_asks) -> None:
    """The choice is there once a sentence is known, and whole texts stay what is copied unless it is made."""
    page = reranked(app)
    page.session_state[keys.TAB] = "Context"
    page.run()
    assert not [each for each in page.button_group if each.label == "Quote"]
    whole = page.code[0].value
    browser_asks()
    page.run()
    assert page.code[0].value == whole
    page.session_state[keys.CONTEXT_QUOTE] = "sentence"
    page.run()
    assert BACK in page.code[0].value
    assert "We sell shoes" not in page.code[0].value


def test_a_model_that_fails_marks_nothing_and_says_nothing(app, browser_asks, monkeypatch) -> None:
    """Marks are never worth an error on a page that has its order."""

    def broken(*_args, **_more):
        raise ValueError("no")

    monkeypatch.setattr(answering, "answering_spans", broken)
    browser_asks()
    page = reranked(app)
    assert marks(page) == {}
    assert not page.exception
    assert not page.error
    assert len(jobs_of_marks()) == 1


def test_a_service_marks_its_own_and_nothing_is_computed_for_it(app, service: RerankService, browser_asks) -> None:
    """Its spans are drawn with the order; where it gives none there are none."""
    browser_asks()
    page = app({"connection": "gateflow", "example": "own"}, gateflow="ok")
    page.text_area(key=keys.QUERY).set_value("money back?")
    page.text_area(key=keys.DOCUMENTS).set_value(json.dumps(DOCUMENTS)).run()
    press(page, "Rerank")
    run = page.session_state["playground"].run
    assert run.response.provider != LOCAL
    assert marks(page) == {}
    object.__setattr__(run.response, "spans", {0: (TextSpan(3, 7),)})
    page.run()
    assert marks(page) == {0: ["sell"]}
    assert jobs_of_marks() == []
