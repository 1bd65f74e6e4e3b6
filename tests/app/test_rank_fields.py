"""What the model reads: the choice of fields on the pages, what is sent for it, and what is said of it."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import replace
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from pages.components.inputs.rank_fields import from_link, to_link
from pages.components.session import keys, stores
from rerank_core import RerankRequest, RerankResponse
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT
from rerank_core.storage.run_record import Run
from rerank_core.storage.sqlite_file import home
from tests.support import ROOT
from tests.support import evaluate_page as evaluate
from tests.support.page import button, click, labels, open_page, press, query_of, ran, settled, upload, words
from tests.support.plain_measures import ndcg
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


def test_a_field_is_moved_up_with_one_click(app) -> None:
    """Every field but the first has a button that puts it before the one above; the preview follows."""
    page = shop(app({"example": "own"}))
    page.multiselect(key=CHOICE).set_value(["title", "text", "price"]).run()
    assert labels(page).count("Move up") == 2
    page.button(key=keys.of(keys.RANK_FIELDS_UP, keys.DOCUMENTS, 2)).click().run()
    assert page.multiselect(key=CHOICE).value == ["title", "price", "text"]
    click(page, "Move up")
    assert page.multiselect(key=CHOICE).value == ["price", "title", "text"]
    assert "199,00 €\nLeki 2 person trekking tent\n2 kg, double wall" in [each.value for each in page.code]
    page.multiselect(key=CHOICE).set_value(["text"]).run()
    assert "Move up" not in labels(page)


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


def test_a_pasted_request_brings_its_rank_fields_as_an_offer(app) -> None:
    """What a request wants read is offered beside its other settings, and used with one click."""
    page = app({"example": "own"})
    body = {
        "query": "4 man tent",
        "rank_fields": ["text"],
        "documents": [{"title": TENT, "text": "standing height"}, {"title": "Cartridge", "text": "screw valve"}],
    }
    page.text_area(key=keys.DOCUMENTS).set_value(json.dumps(body)).run()
    assert "The pasted request also holds what the model reads “text”." in words(page)
    click(page, "Use them")
    assert page.multiselect(key=CHOICE).value == ["text"]


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


# ---- Search -----------------------------------------------------------------------------------------------------

HELP = (
    b"id,title,text\n"
    b'A,Reset your password,"Open Settings, choose Security and follow the steps on the screen."\n'
    b'B,Change the billing address,"Open Settings, choose Billing and follow the steps to reset the form. '
    b'You need your account password."\n'
    b"C,Opening hours,We are open from nine to five.\n"
)


def knowledge_base(page: AppTest, data: bytes = HELP) -> AppTest:
    """The Search page with these articles uploaded for a new knowledge base."""
    page.toggle(key=keys.MANAGING).set_value(True).run()
    page.text_input(key=keys.CORPUS_NAME).set_value("Help").run()
    return upload(page, ("help.csv", data))


def found(page: AppTest, question: str = "reset password") -> list[str | None]:
    """The ids that a search finds, best first."""
    page.text_area(key=keys.QUESTION).set_value(question).run()
    answer = press(page, "Search").session_state["search"].answer
    return [row.document.id for row in answer.run.response.results]


@pytest.mark.slow
def test_a_knowledge_base_is_searched_and_read_by_title_and_text() -> None:
    """The article whose title alone has the words is a candidate, and the first."""
    page = press(knowledge_base(settled(open_page("search.py"))), "Create")
    assert "The model reads: title, text" in words(page)
    assert found(page) == ["A", "B"]
    assert page.session_state["search"].answer.run.request.rank_fields == TITLE_AND_TEXT


@pytest.mark.slow
def test_what_is_read_of_a_knowledge_base_is_chosen_when_it_is_made_and_changed_later() -> None:
    """Made with texts only it finds by texts; indexed anew with titles it finds by both, with nothing uploaded."""
    page = knowledge_base(settled(open_page("search.py")))
    page.multiselect(key=keys.of(keys.RANK_FIELDS, keys.CORPUS_CREATE)).set_value(["text"]).run()
    press(page, "Create")
    assert found(page) == ["B"]
    assert "This knowledge base is searched by its texts only." in words(page)
    (made,) = stores.corpora().list()
    assert made.rank_fields == TEXT_ONLY
    choice = keys.of(keys.RANK_FIELDS, keys.CORPUS_ADD)
    page.multiselect(key=choice).set_value(["title"]).run()
    press(page, "Index anew")
    assert "Searched and read from now on: title." in words(page)
    assert "What is read of the passages changed since this search." in words(page)
    assert found(page) == ["A"]
    page.multiselect(key=choice).set_value(["title", "text"]).run()
    press(page, "Index anew")
    assert found(page) == ["A", "B"]


@pytest.fixture
def before() -> None:
    """What commit 2cf90ad has left on this computer."""
    shutil.copytree(ROOT / "tests" / "data" / "2cf90ad", home(), dirs_exist_ok=True)
    stores.forget()


def test_a_knowledge_base_of_before_is_indexed_anew_with_titles(before: None) -> None:
    """It opens as it was, says so, and one click brings the titles in."""
    page = settled(open_page("search.py"))
    (old,) = stores.corpora().list()
    settled(page.selectbox(key=keys.SOURCE).set_value(old.id).run())
    assert "The model reads: text" in words(page)
    press(page, "Index anew with titles")
    assert "Searched and read from now on: title, text." in words(page)
    assert "searched by its texts only" not in words(page)
    assert found(page, "title d1") == ["d1", "d3"]


# ---- Duplicates -------------------------------------------------------------------------------------------------


def test_texts_are_compared_by_what_is_read() -> None:
    """Two articles with one text and different titles are alike by their texts and less so with their titles."""
    page = settled(open_page("duplicates.py"))
    page.selectbox(key=keys.DUPLICATES_SOURCE).set_value("own").run()
    page.segmented_control(key=keys.DUPLICATES_LOCAL).set_value("none").run()
    rows = [
        {"title": "Pause a subscription", "text": "See Settings."},
        {"title": "Opening hours", "text": "See Settings."},
    ]
    page.text_area(key=keys.DUPLICATES_TEXTS).set_value(json.dumps(rows)).run()
    assert "The model reads: title, text" in words(page)
    press(page, "Find duplicates")
    both = page.session_state["duplicates"].outcomes["all"]
    assert both.found.rank_fields == TITLE_AND_TEXT
    page.multiselect(key=keys.of(keys.RANK_FIELDS, keys.DUPLICATES_TEXTS)).set_value(["text"]).run()
    assert "changed since this comparison" in words(page)
    press(page, "Find duplicates")
    alone = page.session_state["duplicates"].outcomes["all"]
    assert alone.found.rank_fields == TEXT_ONLY
    assert [len(each.found.pairs("wording", 0.9)) for each in (both, alone)] == [0, 1]


def test_a_hosted_model_is_sent_what_is_compared(app, service: RerankService) -> None:
    """One text against the rest sends titles and texts, and counts them in its price."""
    page = app(HOSTED, gateflow="ok")
    settled(page.switch_page("duplicates.py").run())
    page.selectbox(key=keys.DUPLICATES_SOURCE).set_value("own").run()
    page.text_area(key=keys.DUPLICATES_TEXTS).set_value(
        json.dumps([{"title": "Pause", "text": "See Settings."}, {"title": "Hours", "text": "Nine to five."}])
    ).run()
    page.segmented_control(key=keys.DUPLICATES_MODE).set_value("one").run()
    page.text_area(key=keys.DUPLICATES_REFERENCE).set_value("When are you open?").run()
    press(press(page, "Find duplicates"), "Send and compare")
    assert sent(service) == ["Pause\nSee Settings.", "Hours\nNine to five."]


# ---- Evaluate ---------------------------------------------------------------------------------------------------


RATED = "query,title,passage,id,grade\n" + "".join(
    f"find number {number},{title} {number},{text},{number}{place},{grade}\n"
    for number in range(3)
    for place, (title, text, grade) in enumerate([("other", "see below", 0), ("number", "as it is", 3)])
)


def test_a_query_set_keeps_what_its_models_read() -> None:
    """Chosen at the import, kept by the set, changed before a new run; every run says which it used, the report too."""
    page = evaluate.upload(evaluate.open_step(), ("rated.csv", RATED.encode()))
    page.multiselect(key=keys.of(keys.RANK_FIELDS, keys.EVALUATE_ADDING)).set_value(["text"]).run()
    click(page, "Use these queries")
    assert page.session_state["evaluate"].query_set.rank_fields == TEXT_ONLY
    assert "The model reads: text" in words(page)
    evaluate.finished(evaluate.run_models(page, evaluate.KEYWORD))
    assert "Its models read: text" in words(page)
    assert "This run read only the texts." in words(page)
    first = page.session_state["evaluate"].experiment_id
    evaluate.finished(click(page, "Rerank with titles"))
    second = page.session_state["evaluate"].experiment_id
    assert second != first
    assert "Its models read: title, text" in words(page)
    assert stores.experiments().get(second).rank_fields == TITLE_AND_TEXT
    assert stores.experiments().get(first).rank_fields == TEXT_ONLY
    assert "models read: title, text" in words(evaluate.go(page, "Answer"))


def test_the_choice_of_an_import_is_not_kept_for_the_next() -> None:
    """Another set begins with title and text."""
    page = evaluate.upload(evaluate.open_step(), ("rated.csv", RATED.encode()))
    choice = keys.of(keys.RANK_FIELDS, keys.EVALUATE_ADDING)
    page.multiselect(key=choice).set_value(["title"]).run()
    click(page, "Use these queries")
    again = evaluate.upload(page, ("rated2.csv", RATED.encode()))
    assert again.multiselect(key=choice).value == ["title", "text"]


def test_a_run_of_before_is_made_anew_with_titles(before: None) -> None:
    """An experiment of 2cf90ad opens with its texts only, and offers a run with titles."""
    (old,) = (one for one in stores.experiments().list() if one.rank_fields == TEXT_ONLY)
    page = ran(evaluate.open_step("Run", experiment=old.id).run())
    assert "Its models read: text" in words(page)
    assert "This run read only the texts." in words(page)
    ran(button(page, "Rerank with titles").click().run())
    assert page.session_state["evaluate"].query_set.rank_fields == TITLE_AND_TEXT


def test_another_window_sees_what_is_read_now() -> None:
    """A choice of one session is the query set's, and so everybody's."""
    page = evaluate.upload(evaluate.open_step(), ("rated.csv", RATED.encode()))
    click(page, "Use these queries")
    other = ran(evaluate.open_step("Run", set=page.session_state["evaluate"].set_id).run())
    page.multiselect(key=keys.of(keys.RANK_FIELDS, keys.QUERY_SET)).set_value(["title"]).run()
    assert ran(other.run()).multiselect(key=keys.of(keys.RANK_FIELDS, keys.QUERY_SET)).value == ["title"]


# ---- What looks wrong before a run ------------------------------------------------------------------------------


def test_texts_of_a_few_words_are_named_before_a_run(app) -> None:
    """Where the model reads next to nothing and there is more, the page says what it reads and opens the choice."""
    page = shop(app({"example": "own"}))
    assert "Check the columns" not in words(page)
    page.multiselect(key=CHOICE).set_value(["text"]).run()
    assert "Most texts have fewer than 5 words. Check the columns: the model reads '" in words(page)
    click(page, "Choose what the model reads")
    assert page.session_state[keys.of(keys.RANK_FIELDS_OPEN, keys.DOCUMENTS)]
    assert not button(page, "Rerank").disabled
    assert ranked(page).request.rank_fields == TEXT_ONLY


def test_short_texts_that_are_all_there_is_are_no_concern(app) -> None:
    """A list of names has no other column that could be read."""
    assert "Check the columns" not in words(app({"example": "password-reset"}))


def test_a_query_set_is_looked_at_before_a_run() -> None:
    """Near-empty texts are named where a run is made, with what is read of one; the run can be started all the same."""
    page = evaluate.upload(evaluate.open_step(), ("rated.csv", RATED.encode()))
    click(page, "Use these queries")
    page.multiselect(key=keys.of(keys.RANK_FIELDS, keys.QUERY_SET)).set_value(["text"]).run()
    evaluate.go(page, "Run")
    assert "Most texts have fewer than 5 words. Check the columns: the model reads 'see below'." in words(page)
    assert "Choose what the model reads" in labels(page)
    assert not page.button(key=keys.START_RUN).disabled


def test_a_file_of_near_empty_texts_is_named_at_its_import() -> None:
    """Before the set is kept the page says what its models would read, with ways to the columns and to the choice."""
    rows = "query,document,brand,rating\n" + "".join(f"tent {n},for two,Salewa Alpine,{n % 2}\n" for n in range(4))
    page = evaluate.upload(evaluate.open_step(), ("few.csv", rows.encode()))
    assert "Check the columns: the model reads 'for two'." in words(page)
    click(page, "Look at the columns")
    assert "Choose what the model reads" in labels(page)
    click(page, "Use these queries")
    assert page.session_state["evaluate"].query_set.ready


def gain_ndcg(grades: dict[str, int], order: tuple[str, ...], k: int = 10) -> float:
    """nDCG with the gain 2^grade - 1, as the shop's figures were worked out."""

    def dcg(found: list[int]) -> float:
        return sum((2**grade - 1) / math.log2(place + 2) for place, grade in enumerate(found[:k]))

    return dcg([grades.get(name, 0) for name in order]) / (dcg(sorted(grades.values(), reverse=True)) or 1)


@pytest.mark.slow
def test_a_shops_ratings_are_measured_by_title_and_description() -> None:
    """The rated sheet of shop-both.xlsx as the page imports it: English at .80 or more, .59 by the description."""
    data = (ROOT / "tests" / "data" / "cases" / "shop-both.xlsx").read_bytes()
    page = evaluate.upload(evaluate.open_step(), ("shop-both.xlsx", data))
    assert "The model reads: title, text" in words(page)
    click(page, "Use these queries")
    evaluate.finished(evaluate.run_models(page, *LOCAL))
    with_titles = shop_figures(page)
    assert with_titles["English"][1] >= 0.80
    assert min(gain for _, gain in with_titles.values()) >= 0.80
    page.multiselect(key=keys.of(keys.RANK_FIELDS, keys.QUERY_SET)).set_value(["text"]).run()
    evaluate.finished(evaluate.run_models(page, *LOCAL))
    alone = shop_figures(page)
    assert alone["English"][1] < 0.6


LOCAL = [f"{name} (On this computer)" for name in ("English", "Multilingual", "Keyword matching")]


def shop_figures(page: AppTest) -> dict[str, tuple[float, float]]:
    """nDCG@10 of each model: as the page has it, whose gain is the grade, and with the gain 2^grade - 1."""
    current = page.session_state["evaluate"]
    query_set = current.query_set
    judged = query_set.combined()
    found = {}
    for ranking in stores.experiments().rankings(current.experiment_id, query_set):
        pages, gains = [], []
        for query, order in ranking.run.items():
            pages.append(ndcg(judged[query], order, 10))
            gains.append(gain_ndcg(judged[query], order))
        found[ranking.label] = (fmean(pages), fmean(gains))
    return found
