#!/bin/sh
# ir_measures 0.4.3: ERR@10 of the best order that binary judgments allow is .09, and says nothing about it.
#
# Expected reciprocal rank maps a grade to a probability by the highest grade of the scale. The provider that computes it
# takes 4 for that, whatever the judgments hold, and the measure has no parameter to say otherwise. With grades 0 and 1 a
# document that is wholly relevant counts as 1 in 16.
# Seen: two relevant documents at ranks 1 and 2, the only ones judged so: ERR@10 = .0918, where grades of 0 and 1 with
# their own maximum give .625. nDCG@10 and AP@10 are 1.0.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check ir_measures==0.4.3
"$folder/env/bin/python" - <<'PY'
import ir_measures
from ir_measures import AP, ERR, Qrel, ScoredDoc, nDCG

qrels = [Qrel("1", "a", 1), Qrel("1", "b", 0), Qrel("1", "c", 1)]
run = [ScoredDoc("1", "a", 3.0), ScoredDoc("1", "c", 2.0), ScoredDoc("1", "b", 1.0)]
found = {str(measure): value for measure, value in ir_measures.calc_aggregate([ERR @ 10, nDCG @ 10, AP @ 10], qrels, run).items()}
satisfied = (2**1 - 1) / 2**1
own = satisfied + (1 - satisfied) * satisfied / 2
four = 1 / 16 + (15 / 16) * (1 / 16) / 2
print(found, "with the highest grade that is there:", own, "with 4:", round(four, 5))
assert found["nDCG@10"] == found["AP@10"] == 1.0
assert abs(found["ERR@10"] - four) < 1e-4 and own == 0.625, "the behaviour has changed"
PY
