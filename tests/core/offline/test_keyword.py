"""The keyword share behind every local score, against the recipe computed slowly and from its words."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core.keyword.words import words
from rerank_core.offline import keyword
from rerank_core.offline.keyword import keyword_shares
from rerank_core.retrieval import KeywordIndex

WORDS = st.sampled_from(["reset", "password", "passwords", "a", "Größe", "東京都", "naïve", "404", "pass", "🎉"])
TEXTS = st.lists(WORDS, max_size=10).map(" ".join)


def tokens(text: str) -> list[str]:
    """A text's words and, kept apart from them, every run of four characters of each word between two spaces."""
    found = []
    for word in words(text):
        spaced = f" {word} "
        found.append(("word", word))
        found += [("piece", spaced[start : start + 4]) for start in range(max(1, len(spaced) - 3))]
    return found


def slowly(query: str, texts: list[str]) -> list[float]:
    """The recipe: sum of idf x tf / (tf + K) over the query's distinct tokens, divided by the sum of their idf."""
    counted = [Counter(tokens(text)) for text in texts]
    mean = sum(sum(count.values()) for count in counted) / len(texts)
    shares = []
    for count in counted:
        total = score = 0.0
        for token in set(tokens(query)):
            holding = sum(token in other for other in counted)
            rarity = math.log(1 + (len(texts) - holding + 0.5) / (holding + 0.5))
            total += rarity
            if token in count:
                score += rarity * count[token] / (count[token] + 1.5 * (1 - 0.75 + 0.75 * sum(count.values()) / mean))
        shares.append(score / total if total else 0.0)
    return shares


@settings(max_examples=80, deadline=None)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=7))
def test_shares_follow_the_recipe(query, texts):
    """Whatever the words, the quick computation gives what the slow one gives, and a number from 0 to 1."""
    shares = keyword_shares(query, texts)
    assert shares == pytest.approx(slowly(query, texts), abs=1e-9)
    assert all(0 <= share <= 1 for share in shares)


@settings(max_examples=40, deadline=None)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=7))
def test_shares_order_as_the_index_does(query, texts):
    """The share of a document is its score in a keyword index of the list, divided by one number for all."""
    shares = keyword_shares(query, texts)
    hits = {hit.index: hit.score for hit in KeywordIndex.build(texts).search(query, k=len(texts))}
    assert {place for place, share in enumerate(shares) if share > 1e-9} == set(hits)
    ratios = [shares[place] / score for place, score in hits.items()]
    assert ratios == pytest.approx([ratios[0]] * len(ratios) if ratios else [], rel=1e-5)


@pytest.mark.parametrize(("query", "texts"), [("", ["a", "b"]), ("🎉", ["a"]), ("a", ["", "\x00"]), ("query", [])])
def test_where_there_are_no_words_the_share_is_nothing(query, texts):
    """Without a word in the query, or in any text, every share is 0."""
    assert keyword_shares(query, texts) == [0.0] * len(texts)


def test_thousands_of_long_texts_are_told_of_one_by_one():
    """The caller hears before each text how many are done, so that it can stop in between."""
    heard = []
    keyword_shares("word", ["a word"] * 3000, tick=heard.append)
    assert heard == list(range(3000))


def test_a_word_is_taken_apart_once_a_request(monkeypatch):
    """However often a word comes in a list, its pieces are made once."""
    cut = []
    pieces = keyword.pieces_of
    monkeypatch.setattr(keyword, "pieces_of", lambda word: cut.append(word) or pieces(word))
    keyword_shares("one", ["one two two", "two one three"] * 10)
    assert sorted(cut) == ["one", "one", "three", "two"]  # the query's own "one" is cut by itself
