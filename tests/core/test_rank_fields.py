"""What a model reads of a document."""

from __future__ import annotations

import json

import httpx
import pytest

import rerank_core as rc
from rerank_core.rank_fields import TEXT_ONLY, TITLE_AND_TEXT, missing_fields, ranked_text

RESET = rc.Document(
    "Open Settings, choose Security and follow the steps on the screen.", "A", {"title": "Reset your password"}
)
BILLING = rc.Document(
    "Open Settings, choose Billing and follow the steps to reset the form. You need your account password.",
    "B",
    {"title": "Change the billing address"},
)
HOURS = rc.Document("We are open from nine to five.", "C", {"title": "Opening hours"})


def test_a_title_stands_above_the_text() -> None:
    assert ranked_text(RESET) == f"Reset your password\n{RESET.text}"
    assert ranked_text(RESET, TEXT_ONLY) == RESET.text


def test_a_title_that_the_text_begins_with_is_not_said_twice() -> None:
    assert ranked_text(rc.Document("Returns\nYou can send it back.", None, {"title": "Returns"})) == (
        "Returns\nYou can send it back."
    )
    assert ranked_text(rc.Document("Tents are at the back.", None, {"title": "Tent"})) == "Tent\nTents are at the back."


def test_fields_that_are_missing_or_blank_are_left_out_and_others_written_out() -> None:
    document = rc.Document("Grey.", None, {"title": " ", "brand": "Vaude", "sizes": [1, "two"], "price": 12.5, "x": {}})
    assert ranked_text(document, ("title", "brand", "text", "sizes", "price", "x", "none")) == (
        "Vaude\nGrey.\n1, two\n12.5"
    )
    assert missing_fields([document], ("title", "brand", "x", "text")) == ("title", "x")


@pytest.mark.parametrize("model", ["local-english", "local-keyword", "local-multilingual"])
def test_the_article_whose_title_has_the_words_comes_first(model: str) -> None:
    with rc.Client("local") as client:
        response = client.rerank("reset password", [BILLING, RESET, HOURS], model, rank_fields=TITLE_AND_TEXT)
    assert [row.document.id for row in response.results] == ["A", "B", "C"]
    assert response.results[0].document is RESET
    assert response.request.rank_fields == TITLE_AND_TEXT


def test_the_client_sends_only_the_text_unless_told_otherwise() -> None:
    sent: list[list[str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content)["documents"])
        return httpx.Response(200, json={"results": [{"index": 0, "relevance_score": 0.5}]})

    with rc.Client("gateflow", api_key="k", transport=httpx.MockTransport(answer)) as client:
        client.rerank("q", [RESET], top_n=1)
        client.rerank("q", [RESET], top_n=1, rank_fields=["title", "text"])
    assert sent == [[RESET.text], [f"Reset your password\n{RESET.text}"]]


def test_a_document_whose_title_is_all_there_is_is_scored_by_it() -> None:
    titled = rc.Document("", "d1", {"title": "Reset your password"})
    with rc.Client("local") as client:
        response = client.rerank("reset password", [HOURS, titled], "local-keyword", rank_fields=TITLE_AND_TEXT)
    assert response.results[0].document is titled
    assert response.results[0].relevance_score is not None


@pytest.mark.parametrize("wrong", ["title", [], ["title", " "], [3]])
def test_fields_that_are_no_list_of_names_are_refused(wrong: object) -> None:
    with pytest.raises(rc.InvalidRequestError):
        rc.RerankRequest("q", ["text"], rank_fields=wrong)  # type: ignore[arg-type]
