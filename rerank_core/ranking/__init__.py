"""Orders: what moved between two of them, how far two agree, and several models side by side."""

from rerank_core.ranking.orders import kept_text, label_of, movement_text, no_good_answer, summarise_response

__all__ = ["kept_text", "label_of", "movement_text", "no_good_answer", "summarise_response"]
