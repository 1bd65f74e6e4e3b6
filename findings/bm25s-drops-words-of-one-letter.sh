#!/bin/sh
# bm25s 0.3.16: its tokenizer keeps words of two letters and more, so "vitamin C" and "vitamin D" are one query, and
# "C++", "AT&T" or "5" are none.
#
# The default pattern is the one of scikit-learn's vectorizers, made for topics. In a search it takes the word that
# tells two products apart, from texts and queries alike, and an empty query is answered with scores of 0 and no word.
# Seen: the tokens of "vitamin C" are ['vitamin'], of "C++" []; both vitamins score the same for "vitamin D".
set -eu
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install --quiet --disable-pip-version-check bm25s==0.3.16
"$folder/env/bin/python" - <<'PY'
import bm25s

quiet = {"show_progress": False}
texts = ["vitamin C", "vitamin D", "a fitting for pipes"]
split = {text: bm25s.tokenize([text], return_ids=False, **quiet)[0] for text in ("vitamin C", "vitamin D", "C++", "AT&T")}
index = bm25s.BM25()
index.index(bm25s.tokenize(texts, **quiet), **quiet)
scores = index.get_scores(["vitamin"])
print(split, [round(float(score), 3) for score in scores])
assert split["vitamin C"] == split["vitamin D"] == ["vitamin"], "the behaviour has changed"
assert split["C++"] == split["AT&T"] == [], "the behaviour has changed"
assert scores[0] == scores[1] > scores[2]
PY
