#!/bin/sh
# haystack-ai 3.4.1: with BM25Okapi and scaled scores, documents that hold no word of the query come back with .5.
#
# Seen: the in-memory store with `bm25_algorithm="BM25Okapi"` fills up to top_k with documents that score 0, and
# `scale_score=True` turns 0 into .5, the middle of the range from 0 to 1. For a query whose one word stands nowhere all
# documents come back so. With BM25L (the default) and BM25Plus the same query comes back empty.
# Expected: no document, or a score of 0, where nothing matches, whatever the algorithm.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check haystack-ai==3.4.1
HAYSTACK_TELEMETRY_ENABLED=False "$folder/env/bin/python" - <<'PY'
from haystack import Document
from haystack.document_stores.in_memory import InMemoryDocumentStore

texts = ("a cat sleeps", "the dog barks", "rain tomorrow")
seen = {}
for algorithm in ("BM25Okapi", "BM25L", "BM25Plus"):
    store = InMemoryDocumentStore(bm25_algorithm=algorithm)
    store.write_documents([Document(content=text) for text in texts])
    found = store.bm25_retrieval("zebra", top_k=3, scale_score=True)
    seen[algorithm] = [round(float(document.score), 3) for document in found]
    print(f"{algorithm}: {seen[algorithm]}")
assert seen == {"BM25Okapi": [0.5, 0.5, 0.5], "BM25L": [], "BM25Plus": []}, "the behaviour has changed"
PY
