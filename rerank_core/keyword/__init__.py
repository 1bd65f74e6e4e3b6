"""Keyword search: words, BM25, the index that a collection keeps."""
