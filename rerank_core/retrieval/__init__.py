"""The first stage of a search: find candidates in a collection before they are reranked."""

from rerank_core.keyword.index import Hit, KeywordIndex

__all__ = ["Hit", "KeywordIndex"]
