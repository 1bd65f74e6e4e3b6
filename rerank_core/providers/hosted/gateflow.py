"""GateFlow: a gateway in front of hosted rerank models (https://gateflow.ai/docs)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from rerank_core.errors import AuthenticationError, PermissionDeniedError, TooManyDocumentsError
from rerank_core.providers import complaints, replies
from rerank_core.providers.spec import Batch, ModelSpec, ParsedReply, ProviderSpec, ServiceFacts

_V2_SHUT_DOWN = (
    "Cohere shut rerank-english-v2.0 down on 2025-04-30, so the gateway may refuse it or answer with another model."
)

_SOURCE = "GateFlow price list as given"

_ENGLISH = ModelSpec(
    "rerank-english-v3.0",
    "English",
    "Best where the query and the documents are in English.",
    Decimal("1.00"),
    price_source=_SOURCE,
)
_MULTILINGUAL = ModelSpec(
    "rerank-multilingual-v3.0",
    "Multilingual",
    "For many languages, also a question in one and documents in another.",
    Decimal("1.00"),
    languages="many",
    price_source=_SOURCE,
)
_V2 = ModelSpec(
    "rerank-english-v2.0",
    "v2",
    "The older English model at half the price, for results that must match old ones.",
    Decimal("0.50"),
    price_source=_SOURCE,
    notice=_V2_SHUT_DOWN,
)


def build(batch: Batch) -> dict[str, Any]:
    """The JSON body of one request. Texts alone are sent, never ids or metadata."""
    body: dict[str, Any] = {"model": batch.model, "query": batch.query, "documents": list(batch.texts)}
    if batch.top_n is not None:
        body["top_n"] = batch.top_n
    if batch.return_documents:
        body["return_documents"] = True
    return body


def parse(body: Any, batch: Batch) -> ParsedReply:
    """Read a reply of success; BadResponseError where a row could be a wrong one."""
    rows = replies.read_rows(body, len(batch.texts), batch.top_n)
    gateway = _object(body.get("gateflow"))
    routing = _object(gateway.get("routing"))
    units = replies.number(_object(_object(body.get("meta")).get("billed_units")).get("search_units"))
    latency = replies.number(gateway.get("latency_ms"))
    requested, selected = (replies.text_or_none(routing.get(f"{which}_model")) for which in ("requested", "selected"))
    differs = requested is not None and selected is not None and requested != selected
    fell_back = routing.get("fallback_used", differs) is True
    warnings: tuple[str, ...] = (_V2_SHUT_DOWN,) if batch.model == _V2.id else ()
    if fell_back:
        warnings += (
            f"{selected or 'Another model'} answered in place of {batch.model}: its scores are on another scale.",
        )
    return ParsedReply(
        rows=rows,
        model=selected if fell_back and selected else batch.model,
        request_id=replies.text_or_none(gateway.get("request_id")) or replies.text_or_none(body.get("id")),
        search_units=units if units is not None and units >= 0 else None,
        amount=replies.amount(_object(gateway.get("cost")).get("total")),
        latency_ms=latency if latency is not None and latency >= 0 else None,
        warnings=warnings,
        spans=replies.read_spans(body, batch.texts),
    )


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


_HINTS = {
    AuthenticationError: "Check the key in GATEFLOW_API_KEY or in the connection's settings; it starts with gw_.",
    PermissionDeniedError: "Give the key the permission to rerank with this model, in GateFlow under API keys.",
    TooManyDocumentsError: "Send fewer or shorter documents in one request; GateFlow usually takes up to 1,000.",
}

GATEFLOW = ProviderSpec(
    id="gateflow",
    label="GateFlow",
    description="A gateway in front of hosted rerank models. Needs a GateFlow key; each search costs money.",
    docs_url="https://gateflow.ai/docs/api-reference",
    build=build,
    parse=parse,
    explain=partial(complaints.explain, "GateFlow", _HINTS),
    key_variable="GATEFLOW_API_KEY",
    base_url_variable="GATEFLOW_BASE_URL",
    default_base_url="https://api.gateflow.ai",
    models=(_ENGLISH, _MULTILINGUAL, _V2),
    default_model=_ENGLISH.id,
    aliases={"legacy": _V2.id},
    max_documents=1000,
    hints=_HINTS,
    facts=ServiceFacts(
        read_on=date(2026, 11, 21),
        checked="Read in its documentation alone. Not called.",
        scale="unit",
        ties="Not documented; the order of the reply is kept.",
        blank="Refused by the models behind it, so they are not sent.",
        cut="GateFlow, and again here.",
        limits="Usually up to 1,000 documents a request; longer lists are split.",
        billed="What the reply names (gateflow.cost.total); else searches (meta.billed_units.search_units).",
    ),
)
