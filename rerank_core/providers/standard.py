"""The request and the reply that most rerank services share, with the names that differ as arguments.

Cohere's and Jina's shape is the usual one: `{model, query, documents, top_n}` and
`{results: [{index, relevance_score}]}`. Adapters fill in what their service calls otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from rerank_core.errors import AuthenticationError, BadResponseError, RequestTimeoutError, RerankError
from rerank_core.providers import billing, replies
from rerank_core.providers.spec import Batch, ModelSpec, ParsedReply

READ_ON = date(2026, 11, 29)
"""The day on which the documentation of the services was read, and most of their prices."""


def priced(
    id: str, label: str, audience: str, source: str, *, per_million: str = "", per_1000: str = "", notice: str = ""
) -> ModelSpec:
    """A model for many languages whose price was read at `source` on READ_ON: US dollars per million tokens, or per
    1,000 search units; "" where it is not billed so, or nobody published it."""
    return ModelSpec(
        id,
        label,
        audience,
        Decimal(per_1000) if per_1000 else None,
        languages="many",
        notice=notice,
        price_per_million=Decimal(per_million) if per_million else None,
        price_source=source,
        price_as_of=READ_ON,
    )


def build(
    batch: Batch,
    *,
    documents: str = "documents",
    cut: str = "top_n",
    returned: str = "",
    more: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The JSON body of one request. Texts alone are sent, never ids or metadata.

    `documents` and `cut` are the names of the list and of top_n ("" where there is no such field), `returned` the field
    that asks for the texts back, where leaving it out would mean yes or where it exists; `more` goes along as it is.
    """
    body: dict[str, Any] = {} if batch.model is None else {"model": batch.model}
    body["query"] = batch.query
    body[documents] = list(batch.texts)
    if cut and batch.top_n is not None:
        body[cut] = batch.top_n
    if returned:
        body[returned] = batch.return_documents
    body.update(more or {})
    return body


def parse(
    body: Any, batch: Batch, *, rows: str = "results", score: str = "relevance_score", at: tuple[str, ...] = ()
) -> ParsedReply:
    """Read a reply of success; BadResponseError where a row could be a wrong one.

    `rows` and `score` are the names of the list and of a row's score; `at` is where the list stands, in objects around
    it. What the reply says of its cost is taken wherever it stands (`billing`).
    """
    held = replies.inside(body, *at) if at else body
    model, warnings = replies.answering_model(replies.inside(body, "model"), batch)
    return ParsedReply(
        rows=replies.read_rows(held, len(batch.texts), batch.top_n, rows_name=rows, score_name=score),
        model=model,
        request_id=replies.text_or_none(replies.inside(body, "id") or replies.inside(body, "request_id")),
        search_units=billing.search_units(body),
        amount=billing.amount(body),
        tokens=billing.tokens(body),
        warnings=warnings,
        spans=replies.read_spans(held, batch.texts, rows_name=rows),
    )


def hints(variable: str, more: Mapping[type[RerankError], str] | None = None) -> dict[type[RerankError], str]:
    """What to do about an error: for a key in this variable, and what the service's own adapter knows besides."""
    return {
        AuthenticationError: f"Check the key in {variable} or in the connection's settings.",
        RequestTimeoutError: "Raise the time-out, or try again.",
        BadResponseError: "Check that the address is that of this service.",
        **(more or {}),
    }
