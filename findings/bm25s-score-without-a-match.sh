#!/bin/sh
# bm25s 0.3.16: with the methods "bm25l" and "bm25+" a document that holds no word of the query has a score above 0.
#
# Seen: the query "cat" over three documents, of which one holds it. With "lucene", "robertson" and "atire" the other two
# score 0. With "bm25l" and "bm25+" they score the constant that the method adds for each word of the query, so that
# `score > 0` is no test for a match, and a list that is cut at a score keeps documents that share nothing with the query.
# Expected: 0 where nothing matches, whatever the method, as the other three have it.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check bm25s==0.3.16 "numpy<3"
"$folder/env/bin/python" - <<'PY'
import bm25s

tokens = bm25s.tokenize(["a cat sleeps", "the dog barks", "rain tomorrow"], show_progress=False)
without = {}
for method in ("lucene", "robertson", "atire", "bm25l", "bm25+"):
    index = bm25s.BM25(method=method)
    index.index(tokens, show_progress=False)
    scores = [round(float(score), 3) for score in index.get_scores(["cat"])]
    print(f"{method}: {scores}")
    without[method] = scores[1] > 0 and scores[2] > 0
assert without == {"lucene": False, "robertson": False, "atire": False, "bm25l": True, "bm25+": True}, "changed"
PY
