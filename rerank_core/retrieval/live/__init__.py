"""A search engine that somebody runs: OpenSearch or Elasticsearch, asked over HTTP."""
