"""Keyword search: words, BM25, the index that a collection keeps."""

from rerank_core.extras import require

require("Keyword search", "local", "numpy")
