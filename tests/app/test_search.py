"""The Search page, run through the frame: first visit, a corpus of one's own across a restart, a live engine."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.jobs import page_job
from pages.components.search import contradicting, filling
from pages.components.search import run as search_run
from pages.components.session import keys, stores
from rerank_core import samples
from rerank_core.corpora import CorpusStore
from rerank_core.exports.answers import nothing_known_text
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.storage.missing_articles import MissingArticleStore
from tests.support import made_files as made
from tests.support.gate import Gate
from tests.support.loopback import Loopback, answers, silent
from tests.support.page import button, chooser, click, drop, metrics, open_page, press, settled, upload, words
from tests.support.rerank_service import RerankService
from tests.support.slow_files import hold_slow_files

PAGE = "search.py"


def search(at: AppTest) -> AppTest:
    """Press Search and wait for the answer."""
    return press(at, "Search")


def test_the_first_visit_has_searched_the_sample_for_a_ticket(app) -> None:
    """The answer of the first example ticket is first, nothing was pressed, and it cost nothing."""
    at = app()
    answer = at.session_state["search"].answer
    assert answer.run.response.results[0].document.id in samples.TICKETS[0].answers
    assert metrics(at)["Billed"] == "$0"
    assert "moved" in words(at)


def test_a_ticket_that_nothing_answers_says_so(app) -> None:
    """The warning stands there before somebody copies a wrong answer."""
    at = app()
    at.segmented_control(key="model").set_value("Multilingual").run()
    unanswerable = next(ticket for ticket in samples.TICKETS if not ticket.answers)
    at.selectbox(key="ticket").set_value(unanswerable.id).run()
    settled(at)
    assert "Nothing here answers this well" in words(at)
    # No answer is offered ready to paste; a reply that says so is, and the question can be noted, once, and taken off.
    assert [code.value for code in at.code if code.value == nothing_known_text(unanswerable.text)]
    assert "Answer" not in {option for one in at.segmented_control for option in one.options}
    press(at, "Note as a missing article")
    assert "Noted as a missing article" in words(at)
    noted = MissingArticleStore().list()
    assert [(one.query, one.place) for one in noted] == [(unanswerable.text, "the sample knowledge base")]
    assert noted[0].near_miss
    assert not [each for each in at.button if each.label == "Note as a missing article"]
    at.session_state["missing_table_0"] = {"selection": {"rows": [0], "columns": [], "cells": []}}
    press(at.run(), "Take off the list")
    assert MissingArticleStore().list() == ()
    press(at, "Put back")
    assert [one.id for one in MissingArticleStore().list()] == [noted[0].id]


def test_a_long_ticket_is_condensed_where_one_can_see_it(app) -> None:
    """What was left out of a long question is named, never cut in silence."""
    at = app()
    at.text_area(key="question").set_value(
        "The hub blinks red three times. " + "Nothing helped at all, sadly. " * 60
    ).run()
    search(at)
    assert any("condensed" in box.label for box in at.expander)


def test_an_empty_question_is_a_sentence(app) -> None:
    """Nothing is searched for nothing."""
    at = app()
    at.text_area(key="question").set_value("  ").run()
    search(at)
    assert "The question is empty." in words(at)


def test_each_first_stage_finds_candidates(app) -> None:
    """By keyword, by meaning and by both; the board names the order."""
    at = app()
    names = set()
    for kind in ("keyword", "embedding", "fused"):
        at.segmented_control(key="stage").set_value(kind).run()
        search(at)
        names.add(at.session_state["search"].answer.run.order_name)
    assert names == {"by keyword (BM25)", "by meaning", "by keyword and meaning"}


def test_a_corpus_is_made_searched_added_to_and_survives_a_restart(app) -> None:
    """A knowledge base of one's own is there in a new session with a new store."""
    at = app()
    at.toggle[0].set_value(True).run()
    at.text_input(key="corpus_name").set_value("Boots").run()
    upload(at, ("boots.csv", b"id,text\n1,Waterproof boots for wide feet\n2,Sun hats\n"))
    press(at, "Create")
    kept = CorpusStore().list()
    assert [(summary.name, summary.passages) for summary in kept] == [("Boots", 2)]
    assert kept[0].keyword
    stores._corpora.clear()  # a restart
    again = app()
    again.selectbox(key="source").set_value(kept[0].id).run()
    again.text_area(key="question").set_value("boots for wide feet").run()
    search(again)
    assert again.session_state["search"].answer.run.response.results[0].document.text.startswith("Waterproof")
    assert not again.error


def managing(at: AppTest) -> AppTest:
    """Open the upkeep of knowledge bases."""
    at.toggle[0].set_value(True).run()
    return at


def results(at: AppTest) -> list[Any]:
    """The documents of the answer, best first."""
    return [row.document for row in at.session_state["search"].answer.run.response.results]


@pytest.mark.slow
def test_the_columns_and_the_sheet_of_a_table_are_chosen_for_a_knowledge_base(app) -> None:
    """As on the Playground; title and link are shown with each passage, and bad rows are named by line."""
    book = made.xlsx(
        {
            "Readme": [["text"], ["nothing of use"]],
            "Articles": [
                ["nr", "short", "long", "where"],
                ["7", "Boots", "Waterproof boots for wide feet", "https://example.org/7"],
                ["8", "Hats", "", "https://example.org/8"],
            ],
        }
    )
    at = managing(app())
    at.text_input(key="corpus_name").set_value("Shop").run()
    upload(at, ("kb.xlsx", book))
    assert "Initial rank" not in [box.label for box in at.selectbox]
    chooser(at, "Sheet").set_value("Articles").run()
    settled(at)
    for label, column in (("Text", "long"), ("Title", "short"), ("Link", "where"), ("ID", "nr")):
        chooser(at, label).set_value(column).run()
        settled(at)
    assert "kb.xlsx: 1 document from 2 rows; 1 row left out" in words(at)
    assert next((list(frame.value["Line"]), list(frame.value["Reason"])) for frame in at.dataframe) == (
        [3],
        ["The 'long' cell is blank."],
    )
    press(at, "Create")
    assert "1 passage is in the new knowledge base." in words(at)
    assert at.text_input(key="corpus_name").value == ""
    at.text_area(key="question").set_value("boots for wide feet").run()
    search(at)
    (found,) = results(at)
    assert (found.id, found.metadata["title"], found.metadata["url"]) == ("7", "Boots", "https://example.org/7")
    assert found.metadata["file"] == "kb.xlsx"


def test_adding_says_what_was_there_already_and_long_documents_are_cut(app) -> None:
    """The same file twice does no harm; what cutting does is said before."""
    long = "\n\n".join(f"Paragraph {n} is about boots, " + "and more boots, " * 30 for n in range(4)).encode()
    at = managing(app())
    at.text_input(key="corpus_name").set_value("Boots").run()
    upload(at, ("boots.csv", b"id,text\n1,Wide boots\n"))
    press(at, "Create")
    more = ("long.json", b'["%s"]' % long.replace(b"\n", b"\\n"))
    upload(at, ("boots.csv", b"id,text\n1,Wide boots\n"), more, place=1)
    assert "2 documents become 5 passages." in words(at)
    at.segmented_control(key="corpus_same_name").set_value("keep").run()
    press(at, "Add")
    assert "4 passages added, 1 was there already." in words(at)
    (kept,) = CorpusStore().list()
    assert kept.passages == 5


def test_a_name_that_is_taken_keeps_the_files(app) -> None:
    """The error says what to do, and what was read is still there for another name."""
    at = managing(app())
    for _ in range(2):
        at.text_input(key="corpus_name").set_value("Boots").run()
        upload(at, ("boots.txt", b"Wide boots"))
        press(at, "Create")
    assert "There is a corpus called 'Boots' already." in words(at)
    at.text_input(key="corpus_name").set_value("Boots again").run()
    press(at, "Create")
    assert sorted(summary.name for summary in CorpusStore().list()) == ["Boots", "Boots again"]
    assert "already" not in words(at)


@pytest.mark.slow
def test_filling_can_be_cancelled_and_survives_a_reload(app, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cutting waits here until it is let: a new session finds the work by the address with its files, and
    Cancel ends it and loses nothing."""
    cut = filling.cut

    def held(documents: Any, *args: Any, on_progress: Any = None, **kwargs: Any) -> Any:
        if on_progress is not None:
            gate.hold()
            on_progress(0, len(documents))
        return cut(documents, *args, on_progress=on_progress, **kwargs)

    monkeypatch.setattr(filling, "cut", held)
    monkeypatch.setattr(page_job, "_AT_ONCE_SECONDS", 0.0)
    at = managing(app())
    at.text_input(key="corpus_name").set_value("Boots").run()
    upload(at, ("boots.txt", b"Wide boots"))
    chooser(at, "Cut long documents into").set_value("size").run()
    at.number_input(key="chunk_tokens_new").set_value(100).run()
    click(at, "Create")
    gate.wait_until_held()
    again = open_page(PAGE, {"filling": at.query_params["filling"]})
    click(again, "Cancel")
    gate.open()
    settled(again)
    settled(at)
    assert "Cancelled. Nothing was added; the files are still here." in words(at)
    assert CorpusStore().list() == ()
    assert "Cancelled. Nothing was added; the files are still here." in words(again)
    assert "boots.txt: 1 document" in words(again)
    assert (again.selectbox(key="chunk_new").value, again.number_input(key="chunk_tokens_new").value) == ("size", 100)
    press(again, "Create")
    assert [summary.name for summary in CorpusStore().list()] == ["Boots"]
    assert "filling" not in again.query_params


def test_indexing_that_is_cancelled_leaves_a_knowledge_base_that_works(app, monkeypatch: pytest.MonkeyPatch) -> None:
    """The passages are in by then; the first search makes the index."""
    from rerank_core.corpora import Corpus
    from rerank_core.jobs import Cancelled

    def cancelled(*_: object) -> None:
        raise Cancelled("stop")

    at = managing(app())
    at.text_input(key="corpus_name").set_value("Boots").run()
    upload(at, ("boots.txt", b"Wide boots\nSun hats"))
    with monkeypatch.context() as patched:
        patched.setattr(Corpus, "keyword_index", cancelled)
        press(at, "Create")
    assert "Indexing was stopped; the first search does the rest." in words(at)
    at.text_area(key="question").set_value("wide boots").run()
    search(at)
    assert results(at)[0].text == "Wide boots"


@pytest.mark.slow
def test_a_reload_while_a_file_is_read_for_a_knowledge_base_loses_nothing(app, gate: Gate, monkeypatch) -> None:
    """Name, files and the choice of cutting are there again, and reading goes on."""
    at = managing(app())
    at.text_input(key="corpus_name").set_value("Boots").run()
    upload(at, ("boots.txt", b"Wide boots"))
    chooser(at, "Cut long documents into").set_value("off").run()
    hold_slow_files(monkeypatch, gate)
    drop(at, ("slow.txt", b"Sun hats"))
    again = open_page(PAGE, {"reading_new": at.query_params["reading_new"]})
    assert again.text_input(key="corpus_name").value == "Boots"
    assert again.selectbox(key="chunk_new").value == "off"
    gate.open()
    settled(again)
    press(again, "Create")
    (kept,) = CorpusStore().list()
    assert (kept.name, kept.passages) == ("Boots", 2)


def test_a_live_engine_that_is_not_there_is_a_sentence(app) -> None:
    """A dead host says what to check."""
    at = app()
    at.selectbox(key="source").set_value("live").run()
    assert button(at, "Search").disabled
    search(live(at, "http://127.0.0.1:9"))
    assert at.error
    assert at.session_state["job_search"].error.hint


def test_a_knowledge_base_that_is_gone_is_not_replaced_in_silence(app) -> None:
    """Whoever asks their own content must not get the sample's answer."""
    at = managing(app())
    at.text_input(key="corpus_name").set_value("Boots").run()
    upload(at, ("boots.csv", b"id,text\n1,Wide boots\n"))
    press(at, "Create")
    before = at.session_state["search"].answer
    CorpusStore().delete(CorpusStore().list()[0].id)
    at.text_area(key="question").set_value("wide boots").run()
    assert "The knowledge base that was chosen is no longer there" in words(at)
    assert at.session_state["search"].answer == before
    search(at)
    assert "no longer there" not in words(at)
    assert at.session_state["search"].answer != before


def test_a_german_question_to_an_english_model_is_said_before_the_button(app) -> None:
    """As on the Playground, with one click to Multilingual."""
    at = app()
    at.text_area(key="question").set_value("Wie setze ich mein Passwort zurück, wenn die E-Mail nicht ankommt?").run()
    assert "Some of this is German, and English is made for English." in words(at)
    click(at, "Switch to Multilingual")
    assert at.segmented_control(key="model").value == "Multilingual"
    assert "made for English" not in words(at)


def live(at: AppTest, address: str) -> AppTest:
    """Choose a live engine and say where it is."""
    at.selectbox(key="source").set_value("live").run()
    for key, value in (("live_address", address), ("live_index", "kb"), ("live_text", "body")):
        at.text_input(key=key).set_value(value).run()
    return at


@pytest.mark.slow
def test_a_live_engine_is_tested(app, loopback: Loopback) -> None:
    """What it holds and what the template finds stand there, and that the settings have changed, once they have."""
    mapping = {"kb": {"mappings": {"properties": {"body": {"type": "text"}}}}}
    hits = {"hits": {"hits": [{"_index": "kb", "_id": "7", "_score": 1.5, "_source": {"body": "Wide $x$ boots"}}]}}
    loopback.script(
        answers(200, mapping),
        answers(200, {"version": {"number": "2.19"}}),
        answers(200, {"count": 7}),
        answers(200, hits),
    )
    at = live(app(), loopback.url)
    at.text_area(key="question").set_value("boots").run()
    press(at, "Test this search engine")
    assert "answered, 7 documents, fields: body" in words(at)
    assert next(list(frame.value.loc[0]) for frame in at.dataframe) == [1, 1.5, "7", "Wide $x$ boots"]
    assert loopback.requests[-1].json["size"] == 5
    assert any('"boots"' in block.value for block in at.code)
    at.text_input(key="live_text").set_value("title").run()
    assert "The settings have changed since this test." in words(at)


def test_the_test_of_an_engine_that_says_nothing_is_cancelled(
    app, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page waits for it beside everything else, and Cancel ends the wait at once."""
    monkeypatch.setattr(page_job, "_AT_ONCE_SECONDS", 0)
    loopback.script(silent)
    at = live(app(), loopback.url)
    click(at, "Test this search engine")
    loopback.wait_for(1)
    assert "Waiting for an answer" in words(at)
    assert button(at, "Test this search engine").disabled
    press(at, "Cancel")
    assert "The test was cancelled." in words(at.run())


def test_no_component_is_named_after_an_id(app, monkeypatch) -> None:
    """A run's id may hold two underscores in a row, which a component's key must not."""
    monkeypatch.setattr(search_run, "new_id", lambda: "a__b__c")
    at = app()
    assert at.session_state["search"].answer.run.id == "a__b__c"


def test_a_reload_brings_the_search_back_and_asks_nothing_again(app, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address names the search: its question, its choices and its answer stand there again, unsearched."""
    at = app()
    at.text_area(key="question").set_value("Can I bring my dog?").run()
    at.segmented_control(key="stage").set_value("fused").run()
    search(at)
    first = at.session_state["search"].answer
    monkeypatch.setattr(search_run, "tasks", lambda planned: pytest.fail("searched again"))
    again = app({"search": at.query_params["search"]})
    assert again.text_area(key="question").value == "Can I bring my dog?"
    assert again.segmented_control(key="stage").value == "fused"
    assert again.session_state["search"].answer == first


def test_a_search_is_opened_in_the_playground(app) -> None:
    """The same run stands there with its texts, ready to be rated and exported, and is kept on this computer."""
    at = app()
    run = at.session_state["search"].answer.run
    click(at, "Open in the Playground")
    at.switch_page("playground.py").run()
    assert at.session_state["playground"].run == run
    assert at.text_area(key="query").value == run.query
    assert metrics(at)["Documents"] == "20"
    assert stores.runs().get(run.id).query == run.query


def test_the_spending_limit_asks_before_a_search_passes_it(app, service: RerankService) -> None:
    """Nothing is sent until the person agrees; the whole ranking can be taken away afterwards."""
    at = app(gateflow="ok")
    at.sidebar.selectbox(key="connection").set_value("gateflow").run()
    at.sidebar.number_input(key="spending_limit").set_value(0.0005).run()
    search(at)
    assert "This may pass your spending limit" in words(at)
    press(at, "Do not search")
    assert "This may pass your spending limit" not in words(at)
    assert not service.requests
    search(at)
    press(at, "Search and raise the limit")
    assert len(service.requests) == 1
    assert metrics(at)["Billed"] == "$0.001"


def test_a_message_stays_until_the_person_goes_on(app) -> None:
    """A second run of the page does not wipe what was said; the next search does."""
    at = managing(app())
    at.text_input(key="corpus_name").set_value("Boots").run()
    upload(at, ("kb.txt", b"Waterproof boots"))
    press(at, "Create")
    assert "1 passage is in the new knowledge base." in words(at)
    at.run()
    at.number_input(key="search_top").set_value(3).run()
    assert "1 passage is in the new knowledge base." in words(at)
    assert "Boots (1 passage)" in at.selectbox(key="source").options
    search(at)
    assert "1 passage is in the new knowledge base." not in words(at)


def test_manage_opens_and_closes_with_one_click_each(app) -> None:
    """The toggle follows every click, whether or not the page ran in between."""
    at = app()
    at.toggle[0].set_value(True).run()
    assert "New knowledge base" in [element.value for element in at.subheader]
    at.toggle[0].set_value(False).run()
    assert "New knowledge base" not in [element.value for element in at.subheader]


def test_a_changed_question_is_no_longer_the_tickets_and_its_result_is_marked_old(app) -> None:
    """The picker says that it is an own question, and the answer below that it belongs to another."""
    at = app()
    assert at.selectbox(key="ticket").value == samples.TICKETS[0].id
    at.text_area(key="question").set_value("Where is my parcel?").run()
    assert at.selectbox(key="ticket").value == "none"
    assert "The question changed since this search" in words(at)
    search(at)
    assert "changed since this search" not in words(at)


def test_nothing_found_says_so(app) -> None:
    """A question without a word of the collection gives a sentence, not an empty page."""
    at = app()
    at.text_area(key="question").set_value("zzzzqqq xxyy").run()
    search(at)
    assert "Nothing was found for this question." in words(at)
    assert "search by meaning" in words(at)


def test_the_query_template_follows_the_fields_until_it_is_changed(app) -> None:
    """Another text field comes into the default; an own template stays, and one click goes back to the default."""
    at = app()
    at.selectbox(key="source").set_value("live").run()
    for key, value in (("live_address", "http://127.0.0.1:9"), ("live_index", "kb"), ("live_text", "body")):
        at.text_input(key=key).set_value(value).run()
    assert '"body' in at.text_area(key="live_template").value
    at.text_input(key="live_text").set_value("content").run()
    assert '"content' in at.text_area(key="live_template").value
    at.text_area(key="live_template").set_value("{not json").run()
    at.text_input(key="live_text").set_value("body").run()
    assert at.text_area(key="live_template").value == "{not json"
    assert "The query template is not JSON" in words(at)
    click(at, "Back to the default template")
    assert '"body' in at.text_area(key="live_template").value
    assert not at.error


def test_an_empty_question_is_told_in_words_of_searching(app) -> None:
    """The heading speaks of the search, not of reranking, and the answer before stays."""
    at = app()
    at.text_area(key="question").set_value("  ").run()
    search(at)
    assert "This cannot be searched as it is" in words(at)
    assert at.session_state["search"].answer is not None


PAUSE = "Pausing a subscription costs {} EUR a month. You can pause it in Settings under Subscription."


@pytest.mark.slow
def test_near_copies_that_say_different_things_are_marked_and_the_base_is_remembered(app, monkeypatch) -> None:
    """The two prices stand there with their ranks; a new session begins with the same base, and asks nothing of it."""
    base = CorpusStore().create("Help centre", [PAUSE.format(5), PAUSE.format(6), "We deliver from Monday to Friday."])
    at = app()
    at.selectbox(key="source").set_value(base.id).run()
    at.text_area(key="question").set_value("What does pausing the subscription cost?").run()
    search(at)
    apart = " / ".join(f"{5 if '5 EUR' in document.text else 6} EUR" for document in results(at)[:2])
    assert f"These two say different things: {apart}" in words(at)
    assert "Ranks 1 and 2 say different things" in [box.label for box in at.expander]
    board = json.loads(at.get("bidi_component")[0].proto.json)
    assert board["labels"]["initialName"] == "in Help centre, by keyword (BM25)"
    marked = [row for row in board["rows"] if row.get("title", "").startswith("⚠")]
    assert [f"says otherwise: {apart}" in row["tooltip"] for row in marked] == [True, True]
    with monkeypatch.context() as patch:
        patch.setattr(contradicting, "contradictions", None)  # they are not looked for again while nothing changes
        at.run()
    assert not at.exception
    assert f"These two say different things: {apart}" in words(at)
    again = app()
    assert again.selectbox(key="source").value == base.id
    assert again.session_state["search"].answer is None
    again.selectbox(key="source").set_value("sample").run()
    again.text_area(key="question").set_value("My hub blinks red").run()
    search(again)
    assert "which is not your own content" in words(again)
    assert app().selectbox(key="source").value == "sample"


def test_a_file_of_the_same_name_takes_the_place_of_the_old_one(app) -> None:
    """What the file said before is gone, the rest stays, and the message says so; kept apart on request."""
    at = app()
    at.toggle[0].set_value(True).run()
    at.text_input(key="corpus_name").set_value("Boots").run()
    upload(at, ("boots.csv", b"text\nBoots cost 90\nBoots are brown\n"), ("hats.csv", b"text\nSun hats\n"))
    press(at, "Create")
    base = CorpusStore().list()[0]
    upload(at, ("boots.csv", b"text\nBoots cost 95\n"), place=1)
    press(at, "Add")
    assert "1 passage added in place of 2 from files of the same name." in words(at)
    assert at.selectbox(key="source").value == base.id
    stores._corpora.clear()
    assert [document.text for document in CorpusStore().open(base.id)] == ["Sun hats", "Boots cost 95"]
    assert [(one.name, one.passages) for one in CorpusStore().list()] == [("Boots", 2)]
    upload(at, ("hats.csv", b"text\nRain hats\n"), place=1)
    at.segmented_control(key="corpus_same_name").set_value("keep").run()
    press(at, "Add")
    assert [document.text for document in CorpusStore().open(base.id)] == ["Sun hats", "Boots cost 95", "Rain hats"]


def test_what_is_read_of_a_live_engine_is_chosen_after_its_first_search(app, loopback: Loopback) -> None:
    """Title and text until then; any field that came with the documents, in the order that is asked for."""
    found = {"title": "Wide boots", "body": "For wide feet", "brand": "Leki"}
    hits = {"hits": {"hits": [{"_index": "kb", "_id": "7", "_score": 1.5, "_source": found}]}}
    loopback.script(answers(200, hits), answers(200, hits))
    at = live(app(), loopback.url)
    assert "Its other fields can be chosen after the first search." in words(at)
    at.text_input(key="live_title").set_value("title").run()
    at.text_area(key="question").set_value("boots").run()
    search(at)
    assert at.session_state["search"].answer.run.request.rank_fields == TITLE_AND_TEXT
    (choice,) = at.multiselect
    assert choice.options == ["title", "text", "brand"]
    choice.set_value(["title", "text", "brand"]).run()
    at.button(key=keys.of(keys.RANK_FIELDS_UP, keys.LIVE_INDEX, 2)).click().run()
    assert at.multiselect[0].value == ["title", "brand", "text"]
    assert "What is read of the passages changed since this search" in words(at)
    search(at)
    run = at.session_state["search"].answer.run
    assert run.request.rank_fields == ("title", "brand", "text")
    assert "What is read of the passages changed" not in words(at)
