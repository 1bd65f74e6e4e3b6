"""Orders: what moved between two of them, how far two agree, and several models side by side."""

from rerank_core.ranking.orders import (
    LABEL_LENGTH,
    Comparison,
    Move,
    compare_orders,
    compare_response,
    kendall_tau,
    kept,
    kept_text,
    label_of,
    movement_text,
    no_good_answer,
    overlap,
    rank_biased_overlap,
    short_label,
    summarise_response,
    summary,
)

__all__ = [
    "LABEL_LENGTH",
    "Comparison",
    "Move",
    "compare_orders",
    "compare_response",
    "kendall_tau",
    "kept",
    "kept_text",
    "label_of",
    "movement_text",
    "no_good_answer",
    "overlap",
    "rank_biased_overlap",
    "short_label",
    "summarise_response",
    "summary",
]
