"""A server of any rerank dialect, described by settings: where to send, what fields are called, where rows stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rerank_core.errors import BadResponseError
from rerank_core.providers import billing, complaints, replies, standard
from rerank_core.providers.addresses import joined
from rerank_core.providers.auth import Auth
from rerank_core.providers.spec import Batch, Option, ParsedReply, ProviderSpec, ServiceFacts

_OPTIONS = (
    Option("path", "Path", "What comes behind the base address.", default="/v1/rerank"),
    Option("model", "Model", "The model to ask for; empty leaves the field out."),
    Option("header", "Header of the key", "The header that carries the key.", default="Authorization"),
    Option("prefix", "Before the key", "What stands before the key in its header.", default="Bearer"),
    Option("query_field", "Field of the query", "What the query is called in a request.", default="query"),
    Option("documents_field", "Field of the documents", "What the list of texts is called.", default="documents"),
    Option(
        "top_n_field", "Field of Top N", 'What Top N is called; "none" where there is no such field.', default="top_n"
    ),
    Option(
        "results",
        "Place of the results",
        'Names with dots between them, as output.results; "." for a bare list.',
        default="results",
    ),
    Option("index", "Name of a row's index", "The place of the document that a row is about.", default="index"),
    Option("score", "Name of a row's score", "The number that the row is ranked by.", default="relevance_score"),
)
_NONE = "none"


@dataclass(frozen=True, slots=True)
class ChosenHeader(Auth):
    """The key in the header that the connection names, after its prefix."""

    def headers(self, key: str, options: Mapping[str, str]) -> dict[str, str]:
        """The one header."""
        prefix = options.get("prefix", "")
        return {options.get("header", "Authorization"): f"{prefix} {key}" if prefix and prefix != _NONE else key}


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request, with the names of the connection."""
    named = batch.options
    body: dict[str, Any] = {} if batch.model is None else {"model": batch.model}
    body[named.get("query_field", "query")] = batch.query
    body[named.get("documents_field", "documents")] = list(batch.texts)
    cut = named.get("top_n_field", "top_n")
    if batch.top_n is not None and cut != _NONE:
        body[cut] = batch.top_n
    return body


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Read a reply of success at the places of the connection."""
    named = batch.options
    place = named.get("results", "results")
    rows = body if place == "." else replies.inside(body, *place.split("."))
    if not isinstance(rows, list):
        raise BadResponseError(f"The reply holds no list at {place}.", code=replies.NO_ROWS)
    index, score = named.get("index", "index"), named.get("score", "relevance_score")
    plain = [
        {"index": row.get(index), "relevance_score": row.get(score)} if isinstance(row, dict) else row for row in rows
    ]
    model, warnings = replies.answering_model(replies.inside(body, "model"), batch)
    return ParsedReply(
        rows=replies.read_rows({"results": plain}, len(batch.texts), batch.top_n),
        model=model,
        request_id=replies.text_or_none(replies.inside(body, "id")),
        search_units=billing.search_units(body),
        amount=billing.amount(body),
        tokens=billing.tokens(body),
        warnings=warnings,
    )


def route(base: str, model: str | None, options: Mapping[str, str]) -> str:  # noqa: ARG001  # as of every spec
    """The base with the path of the connection behind it."""
    return joined(base, options.get("path", "/v1/rerank"))


_HINTS = standard.hints(
    "CUSTOM_API_KEY", {BadResponseError: "Try the paths in the test, and compare the names with what came back."}
)

CUSTOM = ProviderSpec(
    id="custom",
    label="Custom server",
    description="Any rerank server: you say its address, its path, its header and what its fields are called.",
    docs_url="https://docs.cohere.com/v2/reference/rerank",
    build=build,
    parse=parse,
    explain=partial(complaints.explain, "Custom server", _HINTS),
    path="/v1/rerank",
    route=route,
    group="own",
    key_variable="CUSTOM_API_KEY",
    key_optional=True,
    base_url_variable="CUSTOM_BASE_URL",
    example_base_url="http://127.0.0.1:8000",
    auth=ChosenHeader(),
    options=_OPTIONS,
    takes_any_model=True,
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=standard.READ_ON,
        checked="There is nothing to check it against but your server: use the test, which tries the usual paths.",
        scale="unit",
        ties="The order of the reply is kept where it is sorted.",
        blank="They are not sent.",
        cut="The server where it has a field for it, and again here.",
        limits="1,000 documents go in one request. Whether scores are from 0 to 1 is up to the server; they are shown "
        "as they are.",
        billed="What the reply names, wherever it stands; else unknown.",
    ),
)
