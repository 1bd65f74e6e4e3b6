"""What a reply says it cost: the figures that services report, wherever they stand.

|figure|where|by|
|---|---|---|
|US dollars|header `x-litellm-response-cost`|LiteLLM|
|US dollars|`usage.cost`|OpenRouter|
|US dollars|`inference_status.cost`|DeepInfra|
|US dollars|`gateflow.cost.total`|GateFlow|
|search units|`meta.billed_units.search_units`|Cohere, LiteLLM|
|search units|`usage.search_units`, `usage.rerank_units`|OpenRouter; Pinecone|
|tokens|`usage.total_tokens`, `usage.input_tokens`, `usage.prompt_tokens`|Voyage, Jina, vLLM; Isaacus; decision models|
|tokens|`meta.billed_units.input_tokens`, `.total_tokens`|Cohere from Rerank 5, LiteLLM|
|tokens|`meta.tokens.input_tokens`, `tokens.input_tokens`|SiliconFlow|
|tokens|`input_tokens`, `total_tokens`|DeepInfra, ZeroEntropy|
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from rerank_core.providers import replies

_COST_HEADER = "x-litellm-response-cost"
_AMOUNTS = (("usage", "cost"), ("inference_status", "cost"), ("gateflow", "cost", "total"))
_UNITS = (("meta", "billed_units", "search_units"), ("usage", "search_units"), ("usage", "rerank_units"))
_TOKENS = (
    ("meta", "billed_units", "input_tokens"),
    ("meta", "billed_units", "total_tokens"),
    ("usage", "total_tokens"),
    ("usage", "input_tokens"),
    ("usage", "prompt_tokens"),
    ("meta", "tokens", "input_tokens"),
    ("tokens", "input_tokens"),
    ("input_tokens",),
    ("total_tokens",),
)


def amount(body: Any) -> Decimal | None:
    """US dollars that a reply names; None where it names none."""
    return next(
        (money for path in _AMOUNTS if (money := replies.amount(replies.inside(body, *path))) is not None), None
    )


def amount_of_headers(headers: Mapping[str, str]) -> Decimal | None:
    """US dollars that the headers of a reply name. 0 counts as none: LiteLLM sends it for a model that its price list
    does not have."""
    return replies.amount(headers.get(_COST_HEADER)) or None


def search_units(body: Any) -> float | None:
    """Search units that a reply counts; None where it counts none."""
    return _first(body, _UNITS)


def tokens(body: Any) -> float | None:
    """Tokens that a reply counts; None where it counts none. 0 counts as none, since a query has some: LiteLLM sends it
    where the server behind it counted nothing."""
    return _first(body, _TOKENS) or None


def _first(body: Any, places: tuple[tuple[str, ...], ...]) -> float | None:
    found = (replies.number(replies.inside(body, *path)) for path in places)
    return next((count for count in found if count is not None and count >= 0), None)
