"""Duplicates and near-duplicates: all pairs of up to 10,000 texts (2,000 in meaning), or one
text against many.

`find_duplicates` compares every text with every other and groups what is alike above a threshold; `compare` puts one
text next to many; `difference` says which words of two texts differ. Two measures, each for its own question
(`measures`): wording finds near-copies, meaning finds what is worth a look. Neither can tell a reworded text from
one that says the opposite in nearly the same words; that is what the difference is for. Nothing is ever deleted.
"""

from rerank_core.extras import require

require("Finding duplicates", "local", "numpy")

from rerank_core.duplicates.difference import TextDifference, difference
from rerank_core.duplicates.files import compared_csv, compared_json, groups_csv, groups_json
from rerank_core.duplicates.measures import MEANING, WORDING, Measure, Scale, scale
from rerank_core.duplicates.pairs import (
    MAX_IN_WORDING,
    MAX_TEXTS,
    Duplicates,
    Group,
    Pair,
    check_all_pairs,
    find_duplicates,
)
from rerank_core.duplicates.reference import Candidates, ComparedText, candidates, compare

__all__ = [
    "MAX_IN_WORDING",
    "MAX_TEXTS",
    "MEANING",
    "WORDING",
    "Candidates",
    "ComparedText",
    "Duplicates",
    "Group",
    "Measure",
    "Pair",
    "Scale",
    "TextDifference",
    "candidates",
    "check_all_pairs",
    "compare",
    "compared_csv",
    "compared_json",
    "difference",
    "find_duplicates",
    "groups_csv",
    "groups_json",
    "scale",
]
