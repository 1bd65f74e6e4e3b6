"""What a call costs: dated prices, estimates before it, a spending limit over it."""

from rerank_core.pricing.estimates import (
    CostEstimate,
    cost_of,
    estimate_cost,
    gap_text,
    money_text,
    monthly,
    upper_bound,
)
from rerank_core.pricing.tokens import estimate_tokens

__all__ = [
    "CostEstimate",
    "cost_of",
    "estimate_cost",
    "estimate_tokens",
    "gap_text",
    "money_text",
    "monthly",
    "upper_bound",
]
