#!/bin/sh
# llama-index-core 0.14.25: metrics of retrieval rise above 1 where a retriever gives an id twice, and the granular MRR
# of a perfect list is not 1.
#
# Seen: with one expected id and that id retrieved three times (three chunks of one document, say), average precision is
# 3.0, the hit rate 3.0 in its granular form, nDCG 2.13. An id that is listed twice among the expected ones counts twice
# in nDCG, which then is .61 for a perfect list, and once in average precision and recall. The granular MRR is the mean
# of 1/rank over the ids that were found, so that two expected ids in the first two places make .75.
# Expected: values from 0 to 1, and 1 for a list that cannot be better.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check llama-index-core==0.14.25
"$folder/env/bin/python" - <<'PY'
from llama_index.core.evaluation.retrieval.metrics import MRR, NDCG, AveragePrecision, HitRate, Recall


def value(metric, expected, retrieved):
    return round(float(metric.compute(expected_ids=expected, retrieved_ids=retrieved).score), 3)


seen = {
    "average precision, one id three times": value(AveragePrecision(), ["a"], ["a", "a", "a"]),
    "granular hit rate, one id three times": value(HitRate(use_granular_hit_rate=True), ["a"], ["a", "a", "a"]),
    "nDCG, one id three times": value(NDCG(), ["a"], ["a", "a", "a"]),
    "nDCG, expected twice, found first": value(NDCG(), ["a", "a"], ["a", "b"]),
    "average precision, expected twice, found first": value(AveragePrecision(), ["a", "a"], ["a", "b"]),
    "recall, expected twice, found first": value(Recall(), ["a", "a"], ["a", "b"]),
    "granular MRR of a perfect list of two": value(MRR(use_granular_mrr=True), ["a", "b"], ["b", "a"]),
}
for name, number in seen.items():
    print(f"{name}: {number}")
assert list(seen.values()) == [3.0, 3.0, 2.131, 0.613, 1.0, 1.0, 0.75], "the behaviour has changed"
PY
