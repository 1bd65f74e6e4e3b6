#!/bin/sh
# ir_measures 0.4.3: RR and RR@10 of one list of two documents differ, since equal scores are ordered by another rule.
#
# RR is computed with trec_eval's code, which of equal scores puts the document id that is last in byte order first.
# RR@10 is computed by another part of the library, which keeps ids the other way round. For two documents with one
# score, of which one is relevant, RR@10 is 1.0 where RR is .5, and .5 where RR is 1.0; Success@1, nDCG@10 and AP agree
# with RR. So a cutoff that cuts nothing raises or lowers the figure, and figures of one call contradict one another.
# Expected: RR@10 equals RR for lists of up to ten.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check ir_measures==0.4.3 pytrec_eval-terrier==0.5.11
"$folder/env/bin/python" - <<'PY'
import ir_measures
from ir_measures import AP, RR, Qrel, ScoredDoc, Success

judged = [Qrel("1", "b", 1)]
seen = []
for other in ("a", "c"):
    run = [ScoredDoc("1", other, 1.0), ScoredDoc("1", "b", 1.0)]
    found = ir_measures.calc_aggregate([RR, RR @ 10, AP, Success @ 1], judged, run)
    figures = {str(measure): found[measure] for measure in (RR, RR @ 10, AP, Success @ 1)}
    print(f"relevant 'b' and '{other}' with equal scores:", figures)
    seen.append(list(figures.values()))
assert seen == [[1.0, 0.5, 1.0, 1.0], [0.5, 1.0, 0.5, 0.0]], "the behaviour has changed"
PY
