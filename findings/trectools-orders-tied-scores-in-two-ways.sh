#!/bin/sh
# trectools 0.0.50: nDCG and MAP of one run with tied scores are measured over two different orders.
#
# trec_eval orders equal scores by document id, descending, in every measure; the library has `trec_eval=True` as its
# default, "if result should be the same as trec_eval". MAP, reciprocal rank and precision follow; nDCG keeps the order
# of the file.
# Seen: three documents of score 1, the relevant one last in the file and first by its id: MAP 1.0, reciprocal rank 1.0,
# nDCG .5. trec_eval's own code (pytrec_eval) gives 1.0 for all three.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check trectools==0.0.50 pytrec_eval-terrier==0.5.11
cd "$folder"
printf 'q1 Q0 d1 1 1 t\nq1 Q0 d2 2 1 t\nq1 Q0 d3 3 1 t\n' > run
printf 'q1 0 d3 1\nq1 0 d1 0\n' > qrels
"$folder/env/bin/python" -W ignore - <<'PY'
import pytrec_eval
from trectools import TrecEval, TrecQrel, TrecRun

measured = TrecEval(TrecRun("run"), TrecQrel("qrels"))
seen = measured.get_map(), measured.get_reciprocal_rank(), measured.get_ndcg()
judge = pytrec_eval.RelevanceEvaluator({"q1": {"d3": 1, "d1": 0}}, {"map", "recip_rank", "ndcg"})
right = judge.evaluate({"q1": {"d1": 1.0, "d2": 1.0, "d3": 1.0}})["q1"]
print("trectools: MAP, reciprocal rank, nDCG:", seen, "trec_eval:", right)
assert set(right.values()) == {1.0}
assert seen == (1.0, 1.0, 0.5), "the behaviour has changed"
PY
