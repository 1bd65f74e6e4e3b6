#!/bin/sh
# ragas 0.4.3 with langchain-community 0.4.2: `pip install ragas` makes an environment in which no metric can be imported.
#
# ragas asks for langchain-community without an upper bound and imports `langchain_community.chat_models.vertexai`, which
# 0.4.2 does not have any more. Metrics that use no language model, such as precision and recall of ids, are lost too.
# Seen: ModuleNotFoundError at `from ragas.metrics import IDBasedContextPrecision`; pip reports no conflict.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check ragas==0.4.3 langchain-community==0.4.2
"$folder/env/bin/pip" check --disable-pip-version-check
"$folder/env/bin/python" -W ignore - <<'PY'
try:
    from ragas.metrics import IDBasedContextPrecision
except ModuleNotFoundError as error:
    seen = str(error)
else:
    seen = f"{IDBasedContextPrecision.__name__} is there"
print(seen)
assert seen == "No module named 'langchain_community.chat_models.vertexai'", "the behaviour has changed"
PY
