"""Whether a count in a reply can be what it claims, since servers in between hand one number on under another's name.

LiteLLM calls Fireworks' tokens search units (5,500 for two documents), Infinity calls characters tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

from rerank_core.pricing.tokens import estimate_tokens

_SMALLEST_CHUNK = 125
"""Bytes of UTF-8: half a chunk of 500 tokens, which the query leaves at least, at half a byte to the token."""

_MOST_TIMES = 3.0  # what a tokenizer counts beside the estimate, for base64 and the like
_FRAME = 150  # tokens that a model's own words around each pair may take
_REQUEST = 400  # tokens of instructions that a request may take besides


def doubt_units(units: float, texts: Sequence[str]) -> str | None:
    """Why a number of search units cannot be one for these texts, in a sentence; None where it can.

    A search has one unit for each document and each part of a long one at the very most.
    """
    if units <= len(texts):  # as nearly always
        return None
    most = len(texts) + sum(len(text.encode("utf-8", "replace")) for text in texts) // _SMALLEST_CHUNK
    if units <= most:
        return None
    return (
        f"The reply counts {units:,.0f} search units for {_documents(texts)}, which cannot be: no cost was worked out "
        "from it."
    )


def doubt_tokens(tokens: float, query: str, texts: Sequence[str]) -> str | None:
    """Why a number of tokens cannot be one for this query and these texts, in a sentence; None where it can.

    It is in doubt where it is exactly the number of characters, and where it is far beyond what any tokenizer counts.
    """
    characters = len(query) * len(texts) + sum(map(len, texts))
    if tokens <= characters / 3:  # as nearly always: no need to estimate
        return None
    estimate = estimate_tokens(query) * len(texts) + sum(map(estimate_tokens, texts))
    if tokens == characters and characters > 2 * estimate:
        return f"The reply's {tokens:,.0f} tokens are characters: no cost was worked out from them."
    if tokens <= _MOST_TIMES * estimate + _FRAME * len(texts) + _REQUEST:
        return None
    return (
        f"The reply counts {tokens:,.0f} tokens for {_documents(texts)} of about {estimate:,}, which cannot be: no "
        "cost was worked out from it."
    )


def _documents(texts: Sequence[str]) -> str:
    return "1 document" if len(texts) == 1 else f"{len(texts):,} documents"
