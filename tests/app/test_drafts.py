"""What stands on a page and was not run survives a reload: the shelf that keeps it, and every page with texts."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.session import keys, stores
from pages.components.session.draft_shelf import DraftShelf
from rerank_core.documents import parse_documents
from tests.support.page import open_page, query_of, settled, words

OWN_TEXTS = "first own text\nsecond own text\nthird own text"


def reloaded(page: AppTest, path: str) -> AppTest:
    """The same address in a session of its own."""
    return settled(open_page(path, query_of(page)))


def area(page: AppTest, key: str) -> Any:
    """A text area by its key."""
    return page.text_area(key=key)


@pytest.mark.parametrize("path", ["playground.py", "compare.py"])
def test_texts_that_were_changed_after_the_last_run_come_back(path: str) -> None:
    """Query and documents are those that were pasted, the result is still that of before, and the page says so."""
    page = settled(open_page(path))
    area(page, keys.DOCUMENTS).set_value(OWN_TEXTS).run()
    area(page, keys.QUERY).set_value("which is the second").run()
    before = settled(page)
    assert "reading" in page.query_params
    again = reloaded(before, path)
    assert area(again, keys.DOCUMENTS).value == OWN_TEXTS
    assert area(again, keys.QUERY).value == "which is the second"
    assert [document.text for document in again.session_state["texts"].working.documents] == OWN_TEXTS.split("\n")
    assert "changed since" in words(again)
    assert OWN_TEXTS not in str(again.query_params)
    third = reloaded(again, path)
    assert area(third, keys.DOCUMENTS).value == OWN_TEXTS


def test_nothing_is_kept_of_what_a_reload_brings_back_anyway() -> None:
    """An example that nobody changed, and texts that were just run, leave no draft in the address."""
    page = settled(open_page("playground.py"))
    assert "reading" not in page.query_params
    area(page, keys.DOCUMENTS).set_value(OWN_TEXTS).run()
    assert "reading" in page.query_params
    next(button for button in page.button if button.label == "Rerank").click().run()
    settled(page)
    page.run()
    assert "reading" not in page.query_params


def test_a_draft_that_is_gone_is_said_to_be_gone() -> None:
    """After the server was started anew the page says that the texts are lost, and shows what there is."""
    page = settled(open_page("playground.py"))
    area(page, keys.DOCUMENTS).set_value(OWN_TEXTS).run()
    query = query_of(page)
    stores.drafts().put(query["reading"], None, 0)
    again = settled(open_page("playground.py", query))
    assert "not here any more" in words(again)


def test_a_question_that_was_typed_after_the_last_search_comes_back() -> None:
    """The answer is still that of the search before, and is not searched anew by itself."""
    page = settled(open_page("search.py"))
    answer = page.session_state["search"].answer
    area(page, keys.QUESTION).set_value("How do I pay by invoice?").run()
    again = reloaded(page, "search.py")
    assert area(again, keys.QUESTION).value == "How do I pay by invoice?"
    assert again.session_state["search"].answer.id == answer.id


def test_texts_that_were_not_compared_yet_come_back_to_duplicates() -> None:
    """Own texts are chosen and there, and nothing of them was compared."""
    page = settled(open_page("duplicates.py"))
    page.selectbox(key=keys.DUPLICATES_SOURCE).set_value("own").run()
    area(page, keys.DUPLICATES_TEXTS).set_value(OWN_TEXTS).run()
    again = reloaded(page, "duplicates.py")
    assert area(again, keys.DUPLICATES_TEXTS).value == OWN_TEXTS
    assert again.selectbox(key=keys.DUPLICATES_SOURCE).value == "own"
    assert [document.text for document in again.session_state["duplicates"].working.documents] == [
        document.text for document in parse_documents(OWN_TEXTS).documents
    ]


def test_the_shelf_keeps_the_newest_within_its_limits() -> None:
    """Number, size and age are bounded; what is larger than all of it is not kept."""
    now = [0.0]
    shelf = DraftShelf(most=2, most_bytes=100, seconds=10, clock=lambda: now[0])
    assert shelf.put("a", "A", 10)
    assert shelf.put("b", "B", 10)
    assert shelf.put("a", "A2", 10)
    assert shelf.put("c", "C", 10)
    assert (shelf.get("a"), shelf.get("b"), shelf.get("c")) == ("A2", None, "C")
    assert shelf.put("d", "D", 95)
    assert (shelf.get("c"), shelf.get("d")) == (None, "D")
    assert not shelf.put("d", "D2", 101)
    assert shelf.get("d") is None
    assert shelf.put("e", "E", 1)
    now[0] = 11.0
    assert shelf.get("e") is None
