#!/bin/sh
# ir_measures 0.4.3 with ranx 0.3.21 and pandas 3: every measure that is computed through ranx ends with an error.
#
# All three install together without a conflict. ir_measures hands ranx a data frame whose ids are text; pandas 3 gives
# such columns a type of their own, `str`, where earlier ones had `object`, and ranx accepts `object` only. The sentence
# asks for "`object` (string)", which is what the ids are.
# Seen: AssertionError with pandas 3.0; the same lines give nDCG@10 = 1.0 with pandas 2.3.3.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
for pandas in 2.3.3 3.1.1; do
  "$folder/env/bin/pip" install --quiet --disable-pip-version-check ir_measures==0.4.3 ranx==0.3.21 "pandas==$pandas"
  "$folder/env/bin/python" - <<'PY'
import ir_measures
import pandas
from ir_measures import Qrel, ScoredDoc, nDCG

provider = ir_measures.providers.registry["ranx"]
try:
    found = provider.calc_aggregate([nDCG @ 10], [Qrel("1", "a", 1)], [ScoredDoc("1", "a", 1.0)])
    seen = f"nDCG@10 = {found[nDCG @ 10]}"
except AssertionError as error:
    seen = f"AssertionError: {error}"
print(f"pandas {pandas.__version__}: {seen}")
expected = "AssertionError: DataFrame Query IDs column" if pandas.__version__ >= "3" else "nDCG@10 = 1.0"
assert seen.startswith(expected), "the behaviour has changed"
PY
done
