"""Inputs that fold to a line once there is a result: when they do, when they do not, and that nothing is lost."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.support.page import click, labels, press, ran, settled, words
from tests.support.rerank_service import RerankService

PAGE = "playground.py"
HOSTED = {"connection": "gateflow"}
OPEN, FOLD = "Change query and texts", "Show the result only"


def folded(page: AppTest) -> bool:
    """Whether the browser is told to hide the inputs, by what it is told last."""
    styles = [each.proto.body for each in page.get("html") if "st-key-inputs" in each.proto.body]
    return "display: none" in styles[-1]


def test_a_first_visit_is_folded_and_says_what_was_asked(app) -> None:
    """Query, number of documents and model stand in the line, and the way to the inputs beside it."""
    page = app()
    assert folded(page)
    assert "“How do I reset my password?”\n4 documents · English" in words(page)
    click(page, OPEN)
    assert not folded(page)
    assert FOLD in labels(page)


def test_a_new_result_folds_again_and_keeps_what_was_typed(app) -> None:
    """Opening is for the next change: its result folds the inputs, which say then what was asked."""
    page = click(app(), OPEN)
    page.text_area(key="query").set_value("another *question* ![x](http://evil.test/x.png)").run()
    assert not folded(page)
    assert FOLD not in labels(page)  # the result is of another question, and the button that renews it must be seen
    press(page, "Rerank")
    assert folded(page)
    said = next(each.value for each in page.text if "evil" in each.value)  # as text, never as a picture
    assert said == "“another *question* ![x](http://evil.test/x.png)”"
    assert page.text_area(key="query").value == "another *question* ![x](http://evil.test/x.png)"


def test_without_a_result_the_inputs_are_open_with_the_price(app, service: RerankService) -> None:
    """A paid connection: nothing has been run, so what it would cost stands there to be read before it is pressed."""
    page = app(HOSTED, gateflow="ok")
    assert not folded(page)
    assert OPEN not in labels(page)
    press(page, "Rerank")
    assert folded(page)


def test_a_failure_leaves_the_inputs_open(app, service: RerankService) -> None:
    """What went wrong stands beside what can be changed."""
    page = press(app(HOSTED, gateflow="html"), "Rerank")
    assert page.error
    assert not folded(page)


def test_another_connection_opens_the_inputs_with_its_price(app, service: RerankService) -> None:
    """The result is no longer what the page would give: the inputs open, and nothing is sent."""
    page = app(gateflow="ok")
    assert folded(page)
    ran(page.selectbox(key="connection").set_value("gateflow").run())
    assert not folded(page)
    assert "The model changed since this run" in words(page)
    assert service.requests == []


def test_a_story_that_is_picked_folds_and_own_texts_open(app) -> None:
    """A story is run at once and its result is to be seen; own texts have none yet."""
    page = app()
    click(page, "Try your own texts")
    assert not folded(page)
    assert page.text_area(key="documents").value == ""
    settled(page.selectbox(key="example").set_value("support").run())
    assert folded(page)


def test_fields_that_the_model_reads_are_named_where_they_are_not_the_usual(app) -> None:
    """What makes a result another one is in the line."""
    said = next(each.value for each in app({"example": "product-search"}).text if "12 documents" in each.value)
    assert "read:" not in said
    page = app({"example": "product-search", "reads": "text"})
    assert any(each.value == f"{said} · read: text" for each in page.text)
