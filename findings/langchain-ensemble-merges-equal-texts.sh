#!/bin/sh
# langchain-classic 1.0.8: EnsembleRetriever takes documents of equal text for one, whatever their ids, and gives back
# the id that came first.
#
# Shops and help centres have the same sentence in several documents ("Closed on Mondays" of two branches). Without
# `id_key`, which names a field of the metadata, fusion goes by the text; `Document.id` is not looked at.
# Seen: document 2 is in both lists and document 1 in one. The result has document 1 at the top, with the votes of both,
# and no document 2.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check langchain-classic==1.0.8
"$folder/env/bin/python" - <<'PY'
from langchain_classic.retrievers import EnsembleRetriever
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever


class Fixed(BaseRetriever):
    found: list

    def _get_relevant_documents(self, query, *, run_manager):
        return self.found


one, two = (Document("Closed on Mondays", id=name, metadata={"branch": name}) for name in "12")
three = Document("Open daily", id="3", metadata={"branch": "3"})
lists = [Fixed(found=[one, two, three]), Fixed(found=[two, three])]
ids = [found.id for found in EnsembleRetriever(retrievers=lists).invoke("when?")]
by_key = [found.id for found in EnsembleRetriever(retrievers=lists, id_key="branch").invoke("when?")]
print("by text:", ids, "by a field of the metadata:", by_key)
assert ids == ["1", "3"], "the behaviour has changed"
assert sorted(by_key) == ["1", "2", "3"] and by_key[0] == "2"
PY
