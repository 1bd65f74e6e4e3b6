"""Google's Vertex AI ranking: https://cloud.google.com/generative-ai-app-builder/docs/ranking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rerank_core.errors import AuthenticationError, BadResponseError
from rerank_core.providers import complaints, replies, standard
from rerank_core.providers.auth import Auth
from rerank_core.providers.spec import Batch, Option, ParsedReply, ProviderSpec, ServiceFacts

_SOURCE = "cloud.google.com, per 1,000 queries of up to 100 documents"
_MODELS = (
    standard.priced("semantic-ranker-default-004", "Default 004", "For many languages.", _SOURCE, per_1000="1.00"),
    standard.priced("semantic-ranker-fast-004", "Fast 004", "For many languages, quicker.", _SOURCE, per_1000="1.00"),
)


@dataclass(frozen=True, slots=True)
class GoogleToken(Auth):
    """An access token of OAuth, and the project that is charged."""

    def headers(self, key: str, options: Mapping[str, str]) -> dict[str, str]:
        """Both headers."""
        return {"Authorization": f"Bearer {key}", "X-Goog-User-Project": options.get("project", "")}


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request; records have names, which are their places."""
    body: dict[str, Any] = {
        "model": batch.model,
        "query": batch.query,
        "records": [{"id": str(place), "content": text} for place, text in enumerate(batch.texts)],
        "ignoreRecordDetailsInResponse": True,
    }
    if batch.top_n is not None:
        body["topN"] = batch.top_n
    return body


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Read a reply of success. A record without a score, or with a name that was not sent, is BadResponseError."""
    records = replies.inside(body, "records")
    if not isinstance(records, list):
        raise BadResponseError("The reply holds no list of records.", code=replies.NO_ROWS)
    places = {str(place): place for place in range(len(batch.texts))}
    rows = [
        {"index": places.get(str(record.get("id"))), "relevance_score": record.get("score")}
        if isinstance(record, dict)
        else record
        for record in records
    ]
    return ParsedReply(rows=replies.read_rows({"results": rows}, len(batch.texts), batch.top_n), model=batch.model)


_HINTS = standard.hints(
    "VERTEX_API_KEY",
    {
        AuthenticationError: "Make a new access token (gcloud auth print-access-token): one lasts an hour. It goes "
        "into VERTEX_API_KEY or the connection's settings."
    },
)

VERTEX = ProviderSpec(
    id="vertex",
    label="Vertex AI",
    description="Google's ranking models. Needs an access token of Google Cloud and a project; searches cost money.",
    docs_url="https://cloud.google.com/generative-ai-app-builder/docs/ranking",
    build=build,
    parse=parse,
    explain=partial(complaints.explain, "Vertex AI", _HINTS),
    path="/projects/{project}/locations/{location}/rankingConfigs/default_ranking_config:rank",
    key_variable="VERTEX_API_KEY",
    base_url_variable="VERTEX_BASE_URL",
    default_base_url="https://discoveryengine.googleapis.com/v1",
    auth=GoogleToken(),
    options=(
        Option("project", "Project", "The project of Google Cloud that is charged.", needed=True, example="my-project"),
        Option("location", "Location", "Where the ranking runs.", default="global"),
    ),
    models=_MODELS,
    default_model=_MODELS[0].id,
    takes_any_model=True,
    max_documents=200,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="Request and reply were read in google-cloud-discoveryengine 0.20.5. Not called.",
        scale="unit",
        ties="Scores are rounded to two decimals and very low ones are 0.0001, so many are equal; the reply is sorted "
        "and its order is kept.",
        blank="Refused, so they are not sent.",
        cut="Google (topN), and again here.",
        limits="200 records a request; longer lists are split.",
        billed="Searches of up to 100 documents. Replies say nothing of it, so what a call did cost is unknown. The "
        "key is an access token, which lasts an hour.",
    ),
)
