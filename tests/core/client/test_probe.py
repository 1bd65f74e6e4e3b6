"""What answers at an address is named: somebody who describes a server learns which path and which shape it has."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

import rerank_core as rc
from rerank_core.client.probe import FITS, TRIALS, finding
from tests.support.both import Script


def outcomes(handler: Any) -> dict[str, str]:
    """The findings of all trials against a server, by path and field."""
    found = {}
    for trial in TRIALS:
        transport = httpx.MockTransport(Script(handler))
        with rc.Client(
            "custom", base_url="http://x.test", options=trial.options({}), transport=transport, max_retries=0
        ) as client:
            try:
                outcome: rc.RerankResponse | rc.RerankError = client.rerank("q", ["a text", "another"])
            except rc.RerankError as error:
                outcome = error
        found[f"{trial.path} {trial.documents_field}"] = finding(outcome)
    return found


def test_a_server_of_the_usual_shape_is_found_at_its_path() -> None:
    """The one that answers as the settings say is named so, the others are not there."""
    rows = [{"index": at, "relevance_score": 0.5} for at in range(2)]

    def answer(request: httpx.Request) -> httpx.Response:
        here = request.url.path == "/v2/rerank"
        return httpx.Response(200, json={"results": rows}) if here else httpx.Response(404)

    found = outcomes(answer)
    assert found.pop("/v2/rerank documents") == FITS
    assert set(found.values()) == {"Nothing is there."}


def test_a_tei_server_is_called_one() -> None:
    """It refuses a list of documents and answers a list of texts with a bare list."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/rerank":
            return httpx.Response(404)
        if "texts" not in json.loads(request.content):
            return httpx.Response(422, json={"error": "missing field `texts`", "error_type": "Validation"})
        return httpx.Response(200, json=[{"index": 0, "score": 0.9}, {"index": 1, "score": 0.1}])

    found = outcomes(answer)
    assert found["/rerank texts"] == "This looks like a TEI server: choose TEI."
    assert "missing field `texts`" in found["/rerank documents"]


@pytest.mark.parametrize("status", [401, 500])
def test_any_other_answer_is_quoted(status: int) -> None:
    """A server that wants a key, or fails, says so in its own words."""
    found = outcomes(lambda _: httpx.Response(status, json={"error": "no such luck"}))
    assert all("no such luck" in said for said in found.values())
