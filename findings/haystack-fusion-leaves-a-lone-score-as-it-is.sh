#!/bin/sh
# haystack-ai 3.4.1: DocumentJoiner's distribution-based fusion brings a list of one hit, or of equal scores, to no
# scale, so that a BM25 score of 14.2 stands beside cosines.
#
# The mode is there to make scores of different kinds comparable: every other list comes out between 0 and 1. Scores
# that do not vary are left as they are. A lone keyword hit is thus first whatever the vectors say; a lone cosine of
# .05 is last.
# Seen: 14.2, .62, .615, .264 in one result. Two keyword hits of 14.2 each: the same.
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check haystack-ai==3.4.1
"$folder/env/bin/python" - <<'PY'
from haystack import Document
from haystack.components.joiners import DocumentJoiner

joiner = DocumentJoiner(join_mode="distribution_based_rank_fusion")
vectors = [Document(id=name, content=name, score=score) for name, score in (("x", 0.91), ("y", 0.9), ("z", 0.2))]


def fused(*keyword):
    hits = [Document(id=name, content=name, score=score) for name, score in keyword]
    return [(found.id, round(found.score, 3)) for found in joiner.run(documents=[hits, vectors])["documents"]]


lone, equal, two = fused(("k", 14.2)), fused(("k", 14.2), ("l", 14.2)), fused(("k", 14.2), ("l", 7.0))
print(lone, equal, two, sep="\n")
assert lone[0] == ("k", 14.2) and max(score for _, score in lone[1:]) < 1, "the behaviour has changed"
assert equal[:2] == [("k", 14.2), ("l", 14.2)], "the behaviour has changed"
assert max(score for _, score in two) < 1
PY
