"""The Duplicates page, run through the frame: what it finds, what it sends and costs, what it keeps."""

from __future__ import annotations

from decimal import Decimal

import pytest
from streamlit.testing.v1 import AppTest

from pages.components.duplicates import run
from pages.components.jobs import page_job
from pages.components.session import stores
from pages.components.session.connection import Settings
from rerank_core import offline, samples
from rerank_core.duplicates import pairs
from rerank_core.offline.models import ENGLISH, MULTILINGUAL
from tests.support.gate import Gate
from tests.support.page import (
    button,
    chooser,
    click,
    labels,
    metrics,
    open_page,
    press,
    query_of,
    settled,
    upload,
    words,
)
from tests.support.rerank_service import RerankService

PAGE = "duplicates.py"
HOSTED = {"connection": "gateflow"}

PLACES = {article.id: place for place, article in enumerate(samples.knowledge_base())}
needs_a_model = pytest.mark.skipif(
    offline.unavailable_reason(ENGLISH) is not None and offline.unavailable_reason(MULTILINGUAL) is not None,
    reason="no embedding model can run here",
)


def find(page: AppTest) -> AppTest:
    """Press Find duplicates and wait for the comparison, or for what is asked first."""
    return press(page, "Find duplicates")


def choose(page: AppTest, label: str, value: str) -> AppTest:
    """Choose in a segmented control by its label."""
    next(control for control in page.segmented_control if control.label == label).set_value(value).run()
    return settled(page)


def own_texts(page: AppTest, text: str) -> AppTest:
    """Paste own texts."""
    page.selectbox(key="duplicates_source").set_value("own").run()
    page.text_area(key="duplicates_texts").set_value(text).run()
    return settled(page)


@needs_a_model
def test_a_first_visit_shows_the_sample_s_near_copies_and_its_trap(app) -> None:
    """Nobody has pressed anything: two groups, the first differs in one number, and the page says so."""
    page = app()
    assert "4 of 66 texts stand in 2 groups of nearly the same wording." in words(page)
    assert "2 of 80 words differ." in words(page)
    assert "A number differs." in words(page)
    table = page.dataframe[0].value
    assert table["What differs"][0] == "2 of 80 words differ. 4 → 5, 9 → 12"
    assert [tab.label for tab in page.tabs] == ["Groups", "Pairs", "Export"]
    assert not button(page, "Find duplicates").disabled


@needs_a_model
def test_moving_the_threshold_regroups_and_the_suggestion_comes_back(app) -> None:
    """A lower threshold finds more, nothing is worked out anew, and one click leads back."""
    page = app()
    outcome = page.session_state["duplicates"].outcomes["all"]
    page.slider[0].set_value(0.6).run()
    assert "6 of 66 texts stand in 3 groups" in words(page)
    assert page.session_state["duplicates"].outcomes["all"] is outcome
    press(page, "Back to the suggestion")
    assert "4 of 66 texts stand in 2 groups" in words(page)
    page.slider[0].set_value(1.0).run()
    assert "No two of 66 texts have nearly the same wording at this threshold." in words(page)
    assert "Nothing is this much alike" in words(page)


@needs_a_model
def test_similar_meaning_has_a_threshold_and_words_of_its_own(app) -> None:
    """The other measure shows its own suggestion and says where it misleads."""
    page = choose(app(), "Look for", "meaning")
    assert "of similar meaning." in words(page)
    assert "It cannot tell the same from the opposite" in words(page)
    model = page.session_state["duplicates"].outcomes["all"].found.model
    if model == MULTILINGUAL:
        assert "a translation is no duplicate" in words(page)
        assert page.slider[0].value == 0.94


def test_own_texts_are_compared_by_wording_alone_without_a_model(app) -> None:
    """Pasted lines, no model: the copy is found, the result survives a visit elsewhere."""
    page = choose(
        own_texts(app(), "Return it in 30 days\nreturn it in 30 days!\nSomething else"), "Compare meaning by", "none"
    )
    assert "The texts changed since this comparison" in words(page)
    find(page)
    assert "2 of 3 texts stand in 1 group of nearly the same wording." in words(page)
    assert "changed since" not in words(page)
    assert [control.label for control in page.segmented_control if control.label == "Look for"]
    page.switch_page("connections.py").run()
    page.switch_page("duplicates.py").run()
    assert "2 of 3 texts stand in 1 group" in words(page)
    assert page.text_area(key="duplicates_texts").value.startswith("Return it")


def test_too_few_and_too_many_texts_are_one_sentence(app, monkeypatch) -> None:
    """What was pasted stays, and the next press works."""
    page = choose(own_texts(app(), "only one"), "Compare meaning by", "none")
    find(page)
    assert "fewer than two texts" in words(page)
    assert page.text_area(key="duplicates_texts").value == "only one"
    monkeypatch.setattr(pairs, "MAX_IN_WORDING", 20)
    own_texts(page, "\n".join(f"text number {place}" for place in range(21)))
    find(page)
    assert "these are 21" in words(page)
    assert "Compare one text against the rest" in words(page)
    own_texts(page, "first text\nfirst text")
    find(page)
    assert "2 of 2 texts stand in 1 group" in words(page)


def test_texts_of_strangers_reach_no_markdown(app) -> None:
    """What looks like markup stands in table cells and plain text only."""
    evil = "![x](http://evil.test/x.png) <b>bold</b> $x$ :red[y]"
    page = choose(own_texts(app(), f"{evil}\n{evil} too"), "Compare meaning by", "none")
    find(page)
    assert "1 group" in words(page)
    for kind in ("markdown", "caption", "warning", "info", "error", "metric"):
        assert not [element for element in page.get(kind) if "evil" in str(element)]


@needs_a_model
def test_one_against_the_rest_is_free_here_and_leaves_the_reference_out(app) -> None:
    """Choosing the mode shows the article that was taken from the list next to its older wording."""
    page = choose(app(), "How", "one")
    rows = page.session_state["duplicates"].outcomes["one"].rows
    assert len(rows) == 65
    assert PLACES["password-reset"] not in {row.place for row in rows}
    assert "Reset your password (app 4)" in page.dataframe[0].value["Text"][0]
    assert "similar to the reference" in words(page)
    page.text_area(key="duplicates_reference").set_value("Where is the invoice of my company?").run()
    assert "changed since this comparison" in words(page)
    find(page)
    assert len(page.session_state["duplicates"].outcomes["one"].rows) == 66


def test_an_empty_reference_is_refused_in_a_sentence(app) -> None:
    """The press says what is missing."""
    page = choose(choose(app(), "Compare meaning by", "none"), "How", "one")
    page.text_area(key="duplicates_reference").set_value(" ").run()
    find(page)
    assert "The reference text is empty." in words(page)


def test_a_hosted_comparison_is_confirmed_first_and_booked(app, service: RerankService) -> None:
    """Pressing sends nothing; the question names the number and the price; the answer is billed and kept."""
    page = own_texts(app(HOSTED, gateflow="ok"), "first text\nsecond text\nthird text")
    page = choose(choose(page, "Compare meaning by", "none"), "How", "one")
    page.text_area(key="duplicates_reference").set_value("second text, more or less").run()
    assert metrics(page)["Estimated cost"] == "$0.001"
    find(page)
    assert service.requests == []
    assert "3 texts and the reference go to GateFlow. Estimated cost \\$0.001" in words(page)
    press(page, "Do not send")
    assert service.requests == []
    find(page)
    press(page, "Send and compare")
    assert len(service.requests) == 1
    assert service.requests[0].json["query"] == "second text, more or less"
    assert service.requests[0].json["documents"] == ["first text", "second text", "third text"]
    outcome = page.session_state["duplicates"].outcomes["one"]
    assert [(row.place, row.rank) for row in outcome.rows] == [(0, 3), (1, 2), (2, 1)]
    assert metrics(page)["Billed"] == "$0.001"
    assert page.session_state["budget"].now().spent > 0
    assert stores.runs().get(outcome.run.id).query == "second text, more or less"
    assert "as if that were a question" in words(page)
    click(page, "Open in the Playground").switch_page("playground.py").run()
    assert page.session_state["playground"].run.id == outcome.run.id
    assert page.text_area(key="query").value == "second text, more or less"


def test_a_hosted_comparison_over_the_limit_asks_to_raise_it(app, service: RerankService) -> None:
    """The spending limit holds until somebody raises it with open eyes."""
    page = own_texts(app(HOSTED, gateflow="ok"), "first text\nsecond text")
    page = choose(choose(page, "Compare meaning by", "none"), "How", "one")
    page.session_state["budget"].set_limit(Decimal("0.0001"))
    find(page)
    assert "That would pass your spending limit." in words(page)
    assert "Send and compare" not in labels(page)
    press(page, "Send, compare and raise the limit")
    assert len(service.requests) == 1


def test_a_failed_hosted_comparison_is_a_sentence_and_leaves_no_result(app) -> None:
    """Nothing is passed off as a comparison, and what was typed stays."""
    page = own_texts(app(HOSTED, gateflow="broke"), "first text\nsecond text")
    page.session_state["connection_settings"] = {"gateflow": Settings(max_retries=0)}
    page = choose(choose(page, "Compare meaning by", "none"), "How", "one")
    find(page)
    press(page, "Send and compare")
    assert "The credit at the provider is used up" in words(page)
    assert "one" not in page.session_state["duplicates"].outcomes
    assert page.text_area(key="duplicates_texts").value == "first text\nsecond text"


def test_a_hosted_connection_compares_all_pairs_on_this_computer(app, service: RerankService) -> None:
    """All pairs never leave the machine, whatever the sidebar says."""
    page = choose(own_texts(app(HOSTED, gateflow="ok"), "same text here\nsame text here"), "Compare meaning by", "none")
    find(page)
    assert "2 of 2 texts stand in 1 group" in words(page)
    assert service.requests == []


def test_a_reload_brings_the_comparison_and_its_texts_back(app) -> None:
    """The address names the comparison, and a new session shows it with the texts that it was made of."""
    page = choose(own_texts(app(), "first text\nfirst text\nother words"), "Compare meaning by", "none")
    find(page)
    job = query_of(page)["job"]
    again = app({"job": job})
    assert "2 of 3 texts stand in 1 group" in words(again)
    assert again.text_area(key="duplicates_texts").value == "first text\nfirst text\nother words"


def test_a_corpus_of_this_machine_is_compared(app) -> None:
    """A knowledge base made under Search is one of the choices; one that is gone is a sentence."""
    corpus = stores.corpora().create("Mine", ["one text of mine", "one text of mine", "another"])
    page = app()
    choose(page, "Compare meaning by", "none")
    page.selectbox(key="duplicates_source").set_value(corpus.id).run()
    find(page)
    assert "2 of 3 texts stand in 1 group" in words(page)


@pytest.mark.slow
def test_a_comparison_can_be_cancelled(app, gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancel ends the work, the button works again, the result before it stays; a reload meanwhile loses no text."""

    def held(documents, model, *, on_progress=None, **_):  # type: ignore[no-untyped-def]
        gate.hold()
        on_progress(0, 2)

    page = choose(own_texts(app(), "first text\nsecond text"), "Compare meaning by", "none")
    before = dict(page.session_state["duplicates"].outcomes)
    monkeypatch.setattr(run, "find_duplicates", held)
    monkeypatch.setattr(page_job, "_AT_ONCE_SECONDS", 0.0)
    click(page, "Find duplicates")
    again = open_page(PAGE, {"job": query_of(page)["job"]})
    assert again.segmented_control(key="duplicates_local").value == "none"
    click(page, "Cancel")
    gate.open()
    settled(again)
    assert again.text_area(key="duplicates_texts").value == "first text\nsecond text"
    settled(page)
    assert page.session_state["duplicates"].outcomes == before
    assert not button(page, "Find duplicates").disabled


def test_what_nobody_foresaw_is_a_sentence(app, monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect of ours in the worker shows no traceback."""

    def broken(*_args, **_kwargs):  # type: ignore[no-untyped-def]
        raise ValueError("secret text")

    page = choose(own_texts(app(), "first text\nsecond text"), "Compare meaning by", "none")
    monkeypatch.setattr(run, "find_duplicates", broken)
    find(page)
    assert "Something went wrong while comparing." in words(page)
    assert "secret text" not in words(page)
    assert "second text" in page.text_area(key="duplicates_texts").value


def test_an_uploaded_table_s_column_is_chosen(app) -> None:
    """The text column is guessed and can be changed; removing the file takes its texts away."""
    page = app()
    page.selectbox(key="duplicates_source").set_value("own").run()
    table = b"sku,short,long\n1,Boots,Waterproof boots for wide feet\n2,Hats,Sun hats for all ages\n"
    upload(page, ("kb.csv", table))
    box = chooser(page, "Text to compare")
    settled(box.set_value("short").run())
    assert [each.text for each in page.session_state["duplicates"].working.documents] == ["Boots", "Hats"]
    click(page, "Remove file")
    assert "No texts yet" in [str(text.value) for text in page.text]
