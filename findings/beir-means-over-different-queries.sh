#!/bin/sh
# beir 2.2.0: `evaluate` and `evaluate_custom` average over different queries, so nDCG and MRR of one run do not compare.
#
# `evaluate` divides by the queries that the run answers, `evaluate_custom` by those of the qrels. A system that finds
# nothing for some queries is not charged for it in nDCG, MAP, Recall and P, but in MRR, capped recall and accuracy.
# Seen: one of three queries is answered, rightly. NDCG@10 and Recall@10 are 1.0, MRR@10 and Accuracy@10 .33333.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
pip="$folder/env/bin/pip install --quiet --disable-pip-version-check"
$pip pytrec_eval-terrier==0.5.11 numpy tqdm requests
$pip --no-deps beir==2.2.0
"$folder/env/bin/python" - <<'PY'
from beir.retrieval.evaluation import EvaluateRetrieval

qrels = {"q1": {"d1": 1}, "q2": {"d2": 1}, "q3": {"d3": 1}}
run = {"q1": {"d1": 3.0, "d4": 1.0}}
ndcg, _, recall, _ = EvaluateRetrieval.evaluate(qrels, run, [10])
mrr = EvaluateRetrieval.evaluate_custom(qrels, run, [10], "mrr")
accuracy = EvaluateRetrieval.evaluate_custom(qrels, run, [10], "top_k_accuracy")
print(ndcg, recall, mrr, accuracy)
assert (ndcg["NDCG@10"], recall["Recall@10"]) == (1.0, 1.0), "the behaviour has changed"
assert (mrr["MRR@10"], accuracy["Accuracy@10"]) == (0.33333, 0.33333), "the behaviour has changed"
PY
