#!/bin/sh
# beir 2.2.0: a document whose id equals the id of its query is taken out of the run before anything is measured.
#
# It is the default of `EvaluateRetrieval.evaluate`, meant for two tasks whose queries are documents themselves. Where
# queries and documents are both numbered from 1, as in most home-made collections, right answers go.
# Seen: the only relevant document stands first for both queries, and nDCG@1 and Recall@10 are 0.0. With
# `ignore_identical_ids=False` both are 1.0. A line in the log, which is off by default, is all that tells.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
pip="$folder/env/bin/pip install --quiet --disable-pip-version-check"
$pip pytrec_eval-terrier==0.5.11 numpy tqdm requests
$pip --no-deps beir==2.2.0
"$folder/env/bin/python" - <<'PY'
from beir.retrieval.evaluation import EvaluateRetrieval

qrels = {"1": {"1": 1, "7": 0}, "2": {"2": 1}}


def figures(**options):
    run = {"1": {"1": 3.0, "7": 1.0}, "2": {"2": 2.0, "8": 1.0}}
    ndcg, _, recall, _ = EvaluateRetrieval.evaluate(qrels, run, [1, 10], **options)
    return ndcg["NDCG@1"], recall["Recall@10"]


print("as it comes:", figures(), "and with ignore_identical_ids=False:", figures(ignore_identical_ids=False))
assert figures() == (0.0, 0.0), "the behaviour has changed"
assert figures(ignore_identical_ids=False) == (1.0, 1.0)
PY
