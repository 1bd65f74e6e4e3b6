"""A large paste is read in the background and stays where it is; a small one is read at once."""

from __future__ import annotations

import pytest

from pages.components.session import keys
from rerank_core import documents
from rerank_core.documents.limits import SMALL_BYTES
from tests.support.gate import Gate
from tests.support.page import busy, open_page, ran, settled, words

LARGE = "\n".join(f"Sentence number {n} of a long list that somebody has pasted." for n in range(5_000))
PAGES = {"playground.py": keys.DOCUMENTS, "compare.py": keys.DOCUMENTS, "duplicates.py": keys.DUPLICATES_TEXTS}


@pytest.fixture
def held(monkeypatch, gate: Gate) -> Gate:
    """The reading of large pastes waits at the gate."""
    read = documents.read_paste

    def waits(context, *args, **options):
        gate.hold(context)
        return read(context, *args, **options)

    monkeypatch.setattr(documents, "read_paste", waits)
    return gate


def opened(page: str):
    """A page with a place to paste into."""
    query = {"example": "own"} if page != "duplicates.py" else {"source": "own"}
    return settled(open_page(page, query))


def paste(page, key: str, text: str):
    """Paste, and leave the text area."""
    return ran(page.text_area(key=key).set_value(text).run())


@pytest.mark.parametrize("name", ["playground.py", "compare.py"])
def test_a_large_paste_is_read_in_the_background_and_stays(held, name):
    """The page is there while it is read, with a Cancel; the text stays in its field; then the list has all of it."""
    assert len(LARGE) > SMALL_BYTES
    page = paste(opened(name), keys.DOCUMENTS, LARGE)
    held.wait_until_held()
    assert busy(page)
    assert "Reading what was pasted" in words(page)
    assert page.text_area(key=keys.DOCUMENTS).value == LARGE
    held.open()
    page = settled(page)
    assert "5,000 documents, pasted, one per line" in words(page)
    assert page.text_area(key=keys.DOCUMENTS).value == LARGE


def test_a_small_paste_is_read_at_once(held):
    """No job is started for a text of a few lines."""
    page = paste(opened("playground.py"), keys.DOCUMENTS, "One\nTwo\nThree")
    assert not busy(page)
    assert "3 documents, pasted, one per line" in words(page)


def test_reading_a_paste_can_be_cancelled_and_taken_up_again(held):
    """After a Cancel the text and the list before it are there, and one button reads it after all."""
    page = paste(opened("playground.py"), keys.DOCUMENTS, "One\nTwo")
    page = paste(page, keys.DOCUMENTS, LARGE)
    held.wait_until_held()
    page = settled(ran(next(button for button in page.button if button.label == "Cancel reading").click().run()))
    assert "Reading was stopped" in words(page)
    assert "2 documents, pasted" in words(page)
    assert page.text_area(key=keys.DOCUMENTS).value == LARGE
    held.open()
    page = settled(ran(next(button for button in page.button if button.label == "Read it").click().run()))
    assert "5,000 documents, pasted" in words(page)
    assert "Reading was stopped" not in words(page)


def test_what_takes_the_place_of_a_paste_is_not_overwritten(held):
    """Whoever pastes something else meanwhile gets that, and nothing of what was dropped."""
    page = paste(opened("playground.py"), keys.DOCUMENTS, LARGE)
    held.wait_until_held()
    page = paste(page, keys.DOCUMENTS, "One\nTwo")
    assert "2 documents, pasted" in words(page)
    held.open()
    page = settled(page)
    assert "2 documents, pasted" in words(page)


def test_a_reload_goes_on_with_a_paste_that_was_not_read(held):
    """The address brings the text back, and it is read again."""
    page = paste(opened("playground.py"), keys.DOCUMENTS, LARGE)
    held.wait_until_held()
    held.open()
    again = settled(open_page("playground.py", {name: "".join(value) for name, value in page.query_params.items()}))
    assert again.text_area(key=keys.DOCUMENTS).value == LARGE
    assert "5,000 documents, pasted" in words(again)


def test_a_list_that_is_nothing_but_bad_items_has_a_short_report():
    """The report of a paste names a thousand problems and counts the others."""
    page = settled(paste(opened("playground.py"), keys.DOCUMENTS, "[" + "1," * 149_999 + "1]"))
    assert any("150,000 places were left out" in one.label for one in page.expander)
    assert "The first 1,000 are shown, and 149,000 more are not." in words(page)


def test_tickets_and_own_texts_are_pasted_in_the_same_way(held):
    """Duplicates and the tickets of Search read a large paste in the background too."""
    page = settled(open_page("duplicates.py"))
    page = settled(ran(page.selectbox(key=keys.DUPLICATES_SOURCE).set_value("own").run()))
    page = paste(page, keys.DUPLICATES_TEXTS, LARGE)
    held.wait_until_held()
    assert "Reading what was pasted" in words(page)
    desk = settled(open_page("search.py"))
    desk = paste(desk, keys.TICKETS_PASTED, LARGE)
    desk = ran(next(button for button in desk.button if button.label == "Take these").click().run())
    held.wait_until_held(2)
    held.open()
    desk = settled(desk)
    assert "of 5,000" in words(desk)
    assert not desk.text_area(key=keys.TICKETS_PASTED).value
    assert "5,000 texts" in words(settled(page))
