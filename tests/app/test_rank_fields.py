"""What the model reads: the choice of fields on the pages, what is sent for it, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pages.components.inputs.rank_fields import from_link, to_link
from pages.components.session import keys, stores
from rerank_core import RerankRequest, RerankResponse
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT
from rerank_core.storage.run_record import Run
from tests.support import ROOT
from tests.support.page import click, labels, open_page, press, query_of, settled, upload, words
from tests.support.rerank_service import RerankService

PAGE = "playground.py"
HOSTED = {"connection": "gateflow", "example": "own"}
SHOP = (ROOT / "tests" / "data" / "cases" / "ten2.csv").read_bytes()
TENT = "Salewa Family tent 4 persons"
CHOICE = keys.of(keys.RANK_FIELDS, keys.DOCUMENTS)


def shop(page: AppTest, data: bytes = SHOP, query: str = "4 man tent") -> AppTest:
    """The shop's list uploaded and a query typed."""
    upload(page, ("ten2.csv", data))
    page.text_area(key=keys.QUERY).set_value(query).run()
    return page


def ranked(page: AppTest, label: str = "English") -> Run:
    """The run of one press of Rerank with a model."""
    page.segmented_control(key=keys.MODEL).set_value(label).run()
    run: Run = press(page, "Rerank").session_state["playground"].run
    return run


def sent(service: RerankService) -> list[str]:
    """The texts of the last request."""
    return list(service.requests[-1].json["documents"])


@pytest.mark.parametrize("label", ["English", "Multilingual", "v2"])
def test_a_shops_list_is_ranked_by_title_and_description(app, label: str) -> None:
    """What the board shows is what the model reads: the family tent is first for "4 man tent", with each model."""
    page = shop(app({"example": "own"}))
    run = ranked(page, label)
    assert run.response.results[0].document.metadata["title"] == TENT
    assert run.request.rank_fields == TITLE_AND_TEXT
    assert "The model reads: title, text" in words(page)


def test_the_first_document_is_shown_as_it_is_sent(app, service: RerankService) -> None:
    """The preview is the very text that goes out, with its tokens, and as plain text."""
    page = shop(app(HOSTED, gateflow="ok"))
    assert "Leki 2 person trekking tent\n2 kg, double wall" in [each.value for each in page.code]
    assert "The first document as it is sent, about" in words(page)
    press(page, "Rerank")
    assert sent(service)[0] == "Leki 2 person trekking tent\n2 kg, double wall"


def test_other_columns_can_be_read_in_any_order(app, service: RerankService) -> None:
    """The fields that are chosen are sent in the order in which they were chosen, and the page says which."""
    page = shop(app(HOSTED, gateflow="ok"))
    assert page.multiselect(key=CHOICE).options == ["title", "text", "price"]
    page.multiselect(key=CHOICE).set_value(["price", "title"]).run()
    assert "The model reads: price, title" in words(page)
    assert "199,00 €\nLeki 2 person trekking tent" in [each.value for each in page.code]
    press(page, "Rerank")
    assert sent(service)[0] == "199,00 €\nLeki 2 person trekking tent"
    assert page.session_state["playground"].run.request.rank_fields == ("price", "title")


def test_what_is_shown_and_not_read_is_named(app) -> None:
    """A title that is left out is named with a click that adds it, above the text; so is a text."""
    page = shop(app({"example": "own"}))
    page.multiselect(key=CHOICE).set_value(["text"]).run()
    assert "The title is shown but not read by the model." in words(page)
    click(page, "Add it")
    assert page.multiselect(key=CHOICE).value == ["title", "text"]
    page.multiselect(key=CHOICE).set_value(["price"]).run()
    assert "The title and the text are shown but not read by the model." in words(page)
    click(page, "Add them")
    assert page.multiselect(key=CHOICE).value == ["title", "text", "price"]
    click(page, "Back to title and text")
    assert page.multiselect(key=CHOICE).value == ["title", "text"]
    assert "Back to title and text" not in labels(page)
    page.multiselect(key=CHOICE).set_value([]).run()
    assert page.multiselect(key=CHOICE).value == ["title", "text"]


def test_documents_that_have_only_a_text_offer_no_choice(app) -> None:
    """Where there is nothing to choose, nothing is drawn."""
    page = app({"example": "password-reset"})
    assert not page.multiselect
    assert "The model reads" not in words(page)
    assert page.session_state["playground"].run.request.rank_fields == TEXT_ONLY


def test_a_choice_is_kept_on_other_pages_and_after_a_reload(app) -> None:
    """Compare reads what the Playground was told to read, and a reload with the address brings the choice back."""
    page = app({"example": "support"})
    page.multiselect(key=CHOICE).set_value(["text"]).run()
    assert query_of(page)[keys.RANK_FIELDS] == "text"
    settled(page.switch_page("compare.py").run())
    assert page.multiselect(key=CHOICE).value == ["text"]
    settled(page.switch_page("playground.py").run())
    assert page.multiselect(key=CHOICE).value == ["text"]
    again = app({"example": "support", keys.RANK_FIELDS: "text"})
    assert again.multiselect(key=CHOICE).value == ["text"]
    assert again.session_state["playground"].run.request.rank_fields == TEXT_ONLY
    run_id = again.session_state["playground"].run.id
    reopened = app({keys.RUN: run_id})
    assert reopened.multiselect(key=CHOICE).value == ["text"]


def test_another_example_is_read_whole_again(app) -> None:
    """A choice belongs to the texts that it was made for."""
    page = app({"example": "support"})
    page.multiselect(key=CHOICE).set_value(["text"]).run()
    settled(page.selectbox(key=keys.EXAMPLE).set_value("product-search").run())
    assert page.multiselect(key=CHOICE).value == ["title", "text"]
    assert page.session_state["playground"].run.request.rank_fields == TITLE_AND_TEXT


def test_a_choice_that_fits_no_document_reads_title_and_text(app) -> None:
    """Fields of another list are not asked of this one, so that nothing is sent empty."""
    page = app({"example": "support", keys.RANK_FIELDS: "brand,colour"})
    assert page.session_state["playground"].run.request.rank_fields == TITLE_AND_TEXT


def test_a_changed_choice_makes_the_result_old(app) -> None:
    """The result stays and is named as one of another choice."""
    page = app({"example": "support"})
    page.multiselect(key=CHOICE).set_value(["text"]).run()
    assert "The choice of what the model reads changed since this run." in words(page)
    press(page, "Rerank")
    assert "changed since this run" not in words(page)


def old_run(run: Run) -> Run:
    """The same run as it was made before titles were read."""
    request = run.request
    asked = RerankRequest(request.query, request.documents, request.model)
    response: RerankResponse = replace(run.response, request=asked)
    return replace(run, response=response, id="old-run")


def test_a_run_of_before_opens_with_its_texts_only_and_offers_titles(app) -> None:
    """An old run is shown as it was made; one click ranks its documents with their titles."""
    stores.runs().save(old_run(app({"example": "support"}).session_state["playground"].run))
    page = app({keys.RUN: "old-run"})
    assert page.session_state["playground"].run.request.rank_fields == TEXT_ONLY
    assert "The model reads: text" in words(page)
    assert "This run read only the texts." in words(page)
    press(page, "Rerank with titles")
    assert page.session_state["playground"].run.request.rank_fields == TITLE_AND_TEXT
    assert "This run read only the texts." not in words(page)


def test_a_comparison_of_before_offers_titles_too(app) -> None:
    """Compare opens an old run with its texts only, and compares anew with titles."""
    stores.runs().save(old_run(app({"example": "support"}).session_state["playground"].run))
    page = settled(open_page("compare.py", {keys.RUNS: "old-run", keys.MODELS: "local:local-english"}))
    assert "This comparison read only the texts." in words(page)
    press(page, "Compare with titles")
    (part,) = page.session_state["compare"].parts
    assert part.run.request.rank_fields == TITLE_AND_TEXT


def test_models_are_compared_by_what_they_read(app, service: RerankService) -> None:
    """Each model of a comparison is sent the fields that were chosen, and an answer to others is not kept."""
    page = settled(open_page("compare.py", {"example": "support", keys.MODELS: "local:local-keyword"}))
    (before,) = page.session_state["compare"].parts
    page.multiselect(key=CHOICE).set_value(["title"]).run()
    assert "The choice of what the models read changed since." in words(page)
    press(page, "Compare")
    (part,) = page.session_state["compare"].parts
    assert part.run.request.rank_fields == ("title",)
    assert before.run.request.rank_fields == TITLE_AND_TEXT


@pytest.mark.parametrize("name", ["**bold** $x$", "a,b", "50%", "<b>Brand</b>", ":material/home:", "\ud800name"])
def test_a_columns_name_is_never_markup(app, name: str) -> None:
    """Whatever a column is called, it is shown as plain text and can be chosen, and the address brings it back."""
    page = app({"example": "own"})
    rows = [{"title": "Tent", "text": "for two", name: "Salewa"}]
    page.text_area(key=keys.DOCUMENTS).set_value(json.dumps(rows)).run()
    page.multiselect(key=CHOICE).set_value(["title", "text", name]).run()
    assert not [each for each in [*page.markdown, *page.caption] if name in str(each.value)]
    assert from_link(to_link(["title", name])) == ("title", name)


def test_a_link_may_say_anything() -> None:
    """What is no list of names means title and text; a choice too long for an address is not in it."""
    assert from_link(None) == from_link("") == from_link(",, ,") == from_link("x" * 300) == TITLE_AND_TEXT
    assert to_link(TITLE_AND_TEXT) is None
    assert to_link(["x" * 300]) is None
    assert from_link(to_link(["text", "title"])) == ("text", "title")


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, unique=True))
def test_any_choice_that_is_in_the_address_comes_back(chosen: list[str]) -> None:
    """Commas and per cent signs in a name part nothing."""
    said = to_link(chosen)
    assert said is None or from_link(said) == tuple(chosen)


def test_fields_are_listed_title_and_text_first_and_the_commonest_next(app) -> None:
    """Empty fields and objects are no fields to read."""
    page = app({"example": "own"})
    rows = [
        {"text": "a", "brand": "x", "size": ""},
        {"text": "b", "colour": "red", "brand": "y", "title": "t", "more": {"a": 1}},
    ]
    page.text_area(key=keys.DOCUMENTS).set_value(json.dumps(rows)).run()
    assert page.multiselect(key=CHOICE).options == ["title", "text", "brand", "colour"]
