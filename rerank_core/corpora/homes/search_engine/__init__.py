"""Knowledge bases in OpenSearch or Elasticsearch: an index for each, and one that lists them."""

from rerank_core.corpora.homes.search_engine.home import PREFIX, SearchEngineHome

__all__ = ["PREFIX", "SearchEngineHome"]
