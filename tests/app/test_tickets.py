"""A list of tickets on the Search page: taken in, gone through, marked, removed."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from rerank_core import samples
from tests.support.page import button, press, upload, words

PAGE = "search.py"
TICKETS = [ticket.text.replace("\n", " ") for ticket in samples.TICKETS[:3]]


def listed(app) -> AppTest:
    """The page with three tickets pasted; the first is open and searched."""
    at = app()
    at.text_area(key="tickets_pasted").set_value("\n".join(TICKETS)).run()
    return press(at, "Take these")


def question(at: AppTest) -> str:
    """The ticket that stands in the question."""
    return str(at.text_area(key="question").value)


def test_tickets_are_gone_through_and_marked(app) -> None:
    """Each is searched as it comes up; an answer is kept with its passage; the count says how it stands."""
    at = listed(app)
    assert "Ticket 1 of 3 tickets: 0 answered, 0 not answered" in words(at)
    assert question(at) == TICKETS[0]
    assert at.session_state["search"].answer.question == TICKETS[0]
    assert button(at, "Previous").disabled
    best = at.session_state["search"].answer.run.response.results[0].document
    press(at, "Answered")
    assert question(at) == TICKETS[1]
    press(at, "Not answered")
    assert "Ticket 3 of 3 tickets: 1 answered, 1 not answered" in words(at)
    assert button(at, "Next").disabled
    desk = at.session_state["search"].tickets
    assert [one.mark for one in desk] == ["answered", "not answered", None]
    assert desk[0].record.title == best.metadata["title"]
    assert desk[0].record.place == "the sample knowledge base"
    assert best.text.split("\n")[-1][:40] in desk[0].record.answer


def test_an_earlier_ticket_comes_back_with_its_answer_and_a_mark_can_be_taken_back(app) -> None:
    at = press(listed(app), "Answered")
    searched = at.session_state["search"].tickets[0].answer
    press(at, "Previous")
    assert at.session_state["search"].answer.id == searched.id
    assert "This one is marked: answered" in words(at)
    press(at, "Answered")
    assert at.session_state["search"].tickets[0].mark is None
    assert question(at) == TICKETS[0]


def test_a_file_of_tickets_is_added_and_the_same_ticket_only_once(app) -> None:
    at = listed(app)
    file = f"id,text\n1,{TICKETS[0]}\n2,My bell is too quiet\n".encode()
    upload(at, ("tickets.csv", file), place=len(at.file_uploader) - 1)
    assert [one.text for one in at.session_state["search"].tickets] == [*TICKETS, "My bell is too quiet"]
    press(at, "Yes, remove them")
    assert at.session_state["search"].tickets == []
    assert "tickets:" not in words(at)
