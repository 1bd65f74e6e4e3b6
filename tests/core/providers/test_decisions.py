"""Decision models may be asked about each document by itself."""

from __future__ import annotations

import json

import httpx
import pytest

import rerank_core as rc
from tests.support.both import Script, World

DOCUMENTS = ["one", "two", "", "three"]


def answering(request: httpx.Request) -> httpx.Response:
    """A probability for each question: the longer the document, the higher."""
    documents = json.loads(request.content)["state"]["documents"]
    answers = {name: {"type": "noul", "noul": len(text) / 10} for name, text in documents.items()}
    return httpx.Response(200, json={"answers": answers, "usage": {"input_tokens": 7}})


@pytest.mark.parametrize(("together", "sizes"), [({}, [3]), ({"together": "30"}, [3]), ({"together": "1"}, [1, 1, 1])])
def test_documents_go_together_or_each_in_a_request_of_its_own(
    world: World, together: dict[str, str], sizes: list[int]
) -> None:
    """The order, the places and the tokens are those of the whole list either way."""
    script = Script(answering)
    address = "http://127.0.0.1:9"
    asking = world.client("systemone", script, api_key=None, base_url=address, options=together)
    response = asking.rerank("q", DOCUMENTS)
    assert [len(body["questions"]) for body in script.bodies] == sizes
    assert [row.index for row in response.results] == [3, 0, 1, 2]
    assert response.usage.tokens == 7 * len(sizes)


def test_other_numbers_are_refused() -> None:
    """With those that there are."""
    with pytest.raises(rc.ConfigurationError, match="30, 1"):
        rc.Client("systemone", base_url="http://127.0.0.1:9", options={"together": "7"})
