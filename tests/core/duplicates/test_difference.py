"""What differs between two texts, word by word."""

from __future__ import annotations

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import samples
from rerank_core.duplicates import TextDifference, difference
from rerank_core.duplicates.difference import MAX_CHARACTERS, Piece

ARTICLES = {article.id: article.text for article in samples.knowledge_base()}
texts = st.lists(
    st.sampled_from(["the", "a", "cat", "Cat", ",", ". ", "\n", "3.5", "-1", "日本語", "é", "\ud800"])
).map(" ".join) | st.text(max_size=30)


def whole(pieces: tuple[Piece, ...]) -> str:
    """A side put together again."""
    return "".join(piece.text for piece in pieces)


def shared(pieces: tuple[Piece, ...]) -> str:
    """What a side has in common with the other, without white space, accents in one form."""
    return "".join(unicodedata.normalize("NFC", "".join(p.text for p in pieces if not p.alone)).split())


@given(texts, texts)
def test_both_texts_are_there_whole_and_share_what_is_not_marked(left: str, right: str) -> None:
    """Pieces put together are the texts, and what no side has alone reads the same on both."""
    found = difference(left, right)
    assert (whole(found.left), whole(found.right)) == (left, right)
    assert shared(found.left) == shared(found.right)
    assert 0 <= found.changed <= found.words
    assert bool(found.changes) == any(piece.alone for piece in (*found.left, *found.right))
    for change in found.changes:
        assert change.left or change.right


@given(texts)
def test_a_text_does_not_differ_from_itself(text: str) -> None:
    """Nor from itself with other white space between its words."""
    for other in (text, text.replace(" ", "  \n")):
        found = difference(text, other)
        assert not found.changes
        assert "No word differs" in found.sentence


@given(texts, texts)
def test_turning_the_texts_round_turns_the_sides_round(left: str, right: str) -> None:
    """How much is the same does not depend on which text is called left."""
    one, other = difference(left, right), difference(right, left)
    assert one.words == other.words
    assert bool(one.changes) == bool(other.changes)


def test_the_trap_of_the_sample_knowledge_base_is_one_number() -> None:
    """Two articles that a score calls the same differ in the version that they are about."""
    found = difference(ARTICLES["app-needs-4"], ARTICLES["app-needs-5"])
    assert found.changes == (("9", "12"),)
    assert found.sentence == "1 of 74 words differs."
    assert [piece.text for piece in found.left if piece.alone] == ["9"]


@pytest.mark.parametrize(
    ("left", "right", "changes"),
    [
        ("costs 3.5 USD", "costs 3.6 USD", (("3.5", "3.6"),)),
        ("open until 17:00 today", "open until 17:30 today", (("17:00", "17:30"),)),
        ("down to -10 degrees", "down to 10 degrees", (("-10", "10"),)),
        ("you don't pay", "you do pay", (("don't", "do"),)),
        ("パスワードを変更する", "パスワードを確認する", (("変更", "確認"),)),
        ("it works", "it never works", (("", "never"),)),
        ("हिन्दी में लिखें", "हिन्दी पर लिखें", (("में", "पर"),)),
        ("Wi-Fi on", "Wi-Fi off", (("on", "off"),)),
        ("", "new", (("", "new"),)),
    ],
)
def test_small_changes_are_found_whole(left: str, right: str, changes: tuple[tuple[str, str], ...]) -> None:
    """Numbers, times, signs and words with an apostrophe are one word; scripts without spaces go by character."""
    assert difference(left, right).changes == changes


def test_a_shared_article_does_not_split_a_change() -> None:
    """What two rewritten phrases happen to share is no news."""
    found = difference("call the blue line first please now", "ring up the red one first please now")
    assert found.changes == (("call the blue line", "ring up the red one"),)


def test_sentences_for_a_person() -> None:
    """Number and grammar fit, and no word of a text is in them."""
    assert difference("a b c", "a b c").sentence == "No word differs."
    assert difference("Hi, there.", "Hi there!").sentence == "No word differs, only 2 punctuation marks."
    assert difference("one, two", "one two").sentence == "No word differs, only 1 punctuation mark."
    assert difference("x", "y").sentence == "1 of 1 word differs."
    assert difference("a b c d", "a x y d").sentence == "2 of 4 words differ."
    assert isinstance(difference("", ""), TextDifference)


def test_long_texts_are_matched_by_sentence_and_then_by_word() -> None:
    """A word changed here and there in a text of 20,000 words is found where it is."""
    words = [f"word{place}" for place in range(19_000)]
    before = ". ".join(" ".join(words[at : at + 10]) for at in range(0, len(words), 10))
    after = before.replace("word5000 ", "other ").replace("word12345 ", "").replace("word3 ", "word3 new ")
    before, after = before[:MAX_CHARACTERS], after[:MAX_CHARACTERS]
    found = difference(before, after)
    assert found.changes[:2] == (("", "new"), ("word5000", "other"))
    assert whole(found.left) == before
    assert not found.cut


def test_long_texts_with_nothing_in_common_are_different_altogether() -> None:
    """Without a sentence to go by it takes no time: everything differs."""
    chance = random.Random(1)
    left, right = (" ".join(chance.choice("abcdefgh") for _ in range(9_000)) for _ in range(2))
    found = difference(left, right)
    assert found.changed > 8_000
    assert whole(found.right) == right


def test_what_is_beyond_the_limit_is_said() -> None:
    """The first 100,000 characters are compared, and the sentence names them."""
    text = "word " * 25_000
    found = difference(text, text + "more")
    assert found.cut
    assert found.sentence == "No word differs in the first 100,000 characters."
    assert len(whole(found.left)) == MAX_CHARACTERS


def test_the_caution_names_what_a_score_does_not_see() -> None:
    """A number, or hardly any word; not case alone, not texts that plainly differ."""
    assert "A number differs" in difference("within 30 days", "within 14 days").caution
    assert "Hardly a word" in difference("this is covered by it", "this is not covered by it").caution
    assert difference("Return it. Now 3", "return it, now 3").caution == ""
    assert "A number differs" in difference(ARTICLES["password-reset"], ARTICLES["password-reset-app-4"]).caution
    assert difference(ARTICLES["two-step"], ARTICLES["app-needs-4"]).caution == ""
    assert difference("one two three four five six", "un deux trois quatre cinq six").caution == ""
    assert difference("same", "same").caution == ""
