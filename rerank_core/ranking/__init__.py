"""Orders: what moved between two of them, how far two agree, several models side by side, and what it all means."""

from rerank_core.ranking.headline import summarise_response
from rerank_core.ranking.keeping import kept_text
from rerank_core.ranking.orders import label_of, movement_text

__all__ = ["kept_text", "label_of", "movement_text", "summarise_response"]
