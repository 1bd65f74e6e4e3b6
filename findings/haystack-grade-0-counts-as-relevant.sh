#!/bin/sh
# haystack-ai 3.4.1: a document that was judged with grade 0 is relevant to three of its four evaluators.
#
# Judgments are given as documents whose score is the grade. DocumentNDCGEvaluator reads the grade: 0 gains nothing.
# DocumentMAPEvaluator, DocumentMRREvaluator and DocumentRecallEvaluator look only at whether a document is in the list,
# so that one judged "not relevant" counts like the best. With the irrelevant one first, nDCG is .631 while MAP, MRR and
# recall are 1.0; a run that finds nothing but it has nDCG 0, MAP .5 and MRR 1.0.
# Expected: one list of judgments means the same to evaluators that are used side by side.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check haystack-ai==3.4.1
HAYSTACK_TELEMETRY_ENABLED=False "$folder/env/bin/python" - <<'PY'
from haystack import Document
from haystack.components.evaluators import (
    DocumentMAPEvaluator,
    DocumentMRREvaluator,
    DocumentNDCGEvaluator,
    DocumentRecallEvaluator,
)

judged = [Document(content="not relevant", score=0.0), Document(content="relevant", score=2.0)]
wrong, right = Document(content="not relevant"), Document(content="relevant")
seen = []
for run in ([wrong, right], [wrong]):
    figures = {}
    for evaluator in (DocumentNDCGEvaluator, DocumentMAPEvaluator, DocumentMRREvaluator, DocumentRecallEvaluator):
        found = evaluator().run(ground_truth_documents=[judged], retrieved_documents=[run])
        figures[evaluator.__name__] = round(found["score"], 3)
    print([document.content for document in run], figures)
    seen.append(list(figures.values()))
assert seen == [[0.631, 1.0, 1.0, 1.0], [0.0, 0.5, 1.0, 1.0]], "the behaviour has changed"
PY
