"""What a call costs: dated prices, estimates before it, a spending limit over it."""

from rerank_core.pricing.budget import Budget, Reservation, Spending
from rerank_core.pricing.estimates import (
    DAYS_A_MONTH,
    DOCUMENTS_PER_UNIT,
    CostEstimate,
    cost_of,
    estimate_cost,
    estimate_tokens,
    gap_text,
    money_text,
    monthly,
    upper_bound,
)
from rerank_core.pricing.table import CHUNK_TOKENS, GATEFLOW_PRICES_AS_OF, Price, PriceTable

__all__ = [
    "CHUNK_TOKENS",
    "DAYS_A_MONTH",
    "DOCUMENTS_PER_UNIT",
    "GATEFLOW_PRICES_AS_OF",
    "Budget",
    "CostEstimate",
    "Price",
    "PriceTable",
    "Reservation",
    "Spending",
    "cost_of",
    "estimate_cost",
    "estimate_tokens",
    "gap_text",
    "money_text",
    "monthly",
    "upper_bound",
]
