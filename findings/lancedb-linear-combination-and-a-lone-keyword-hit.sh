#!/bin/sh
# lancedb 0.40.0: in a hybrid search with LinearCombinationReranker the only keyword hit counts nothing, by either way of
# normalising.
#
# Scores of each list are stretched so that its last hit has 0. Where one text holds the word, it is first and last at
# once and gets 0, as if it had not been found. Two hits of equal score get 0 both.
# Seen: of four texts one holds "invoice", and its vector is the farthest. With weights of .7 and .3 its relevance is 0.0
# and it comes last, with normalize="score" and "rank". Without that reranker (reciprocal ranks) it is first.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check lancedb==0.40.0
"$folder/env/bin/python" -W ignore - "$folder/db" <<'PY'
import sys

import lancedb
import pyarrow as pa
from lancedb.rerankers import LinearCombinationReranker, RRFReranker

rows = [
    {"text": "reset your password", "vector": [1.0, 0.0]},
    {"text": "read an invoice", "vector": [0.0, 1.0]},
    {"text": "password rules", "vector": [0.8, 0.2]},
    {"text": "an error of the network", "vector": [0.1, 0.9]},
]
schema = pa.schema([("text", pa.string()), ("vector", pa.list_(pa.float32(), 2))])
table = lancedb.connect(sys.argv[1]).create_table("articles", pa.Table.from_pylist(rows, schema=schema))
table.create_fts_index("text")


def order(reranker, normalize):
    search = table.search(query_type="hybrid").vector([1.0, 0.0]).text("invoice").limit(4)
    found = search.rerank(reranker, normalize=normalize).to_list()
    return [(row["text"], round(row["_relevance_score"], 3)) for row in found]


for normalize in ("score", "rank"):
    linear = order(LinearCombinationReranker(), normalize)
    print(normalize, linear)
    assert linear[-1] == ("read an invoice", 0.0), "the behaviour has changed"
assert order(RRFReranker(), "score")[0][0] == "read an invoice"
PY
