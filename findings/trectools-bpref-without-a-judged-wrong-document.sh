#!/bin/sh
# trectools 0.0.50: bpref of a query whose judgments are all relevant is 0, where trec_eval says 1.
#
# bpref counts the judged wrong documents above each relevant one. With none judged nothing stands above anything, and
# trec_eval gives what was retrieved of the relevant ones. Collections made from clicks or from right answers alone
# (most question sets) have only such queries.
# Seen: one relevant document, retrieved: 0.0 in place of 1.0.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check trectools==0.0.50 pytrec_eval-terrier==0.5.11
cd "$folder"
printf 'q1 Q0 d1 1 3 t\nq1 Q0 d2 2 2 t\n' > run
printf 'q1 0 d2 1\n' > qrels
"$folder/env/bin/python" -W ignore - <<'PY'
import pytrec_eval
from trectools import TrecEval, TrecQrel, TrecRun

seen = TrecEval(TrecRun("run"), TrecQrel("qrels")).get_bpref()
judge = pytrec_eval.RelevanceEvaluator({"q1": {"d2": 1}}, {"bpref"})
right = judge.evaluate({"q1": {"d1": 3.0, "d2": 2.0}})["q1"]["bpref"]
print("trectools:", seen, "trec_eval:", right)
assert right == 1.0
assert seen == 0.0, "the behaviour has changed"
PY
