"""Shared words are marked, and nothing of the passage is lost or changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core.retrieval.marks import marked


def shared(text: str, question: str) -> list[str]:
    return [segment.text for segment in marked(text, question) if segment.marked]


def test_words_are_marked_whatever_their_case_accents_and_ending() -> None:
    """Forms of a word meet, common words and short ones do not."""
    assert shared("Passwords: reset your PASSWORD here", "How do I reset my password?") == [
        "Passwords",
        "reset",
        "PASSWORD",
    ]
    assert shared("Die Rückerstattung dauert", "Wann kommt meine Rückerstattungen") == ["Rückerstattung"]
    assert shared("You can do this", "How can I do that") == []


def test_scripts_without_spaces_are_marked_by_pairs() -> None:
    """Japanese shares characters, not words."""
    assert shared("パスワードを再設定する", "パスワード") == ["パスワード"]


@given(st.text(max_size=200), st.text(max_size=50))
def test_the_pieces_put_together_are_the_passage(text: str, question: str) -> None:
    """Whatever the texts hold, nothing is added, lost or moved, and no piece is empty."""
    segments = marked(text, question)
    assert "".join(segment.text for segment in segments) == text
    assert all(segment.text for segment in segments)


@pytest.mark.parametrize(
    ("text", "question", "found"),
    [
        ("Das Pass\u00adwort ändern", "Passwort", ["Pass\u00adwort"]),
        ("كَلِمَة المُرُور هنا", "كلمة المرور", ["كَلِمَة", "المُرُور"]),
        ("Set up the Wi-Fi network", "wifi", ["Wi-Fi"]),
        ("WiFi or Wi\u2011Fi", "wi-fi", ["WiFi", "Wi\u2011Fi"]),
        ("A red tshirt", "t shirt", ["tshirt"]),
        ("Part AB-1234-XL in stock", "AB1234XL", ["AB-1234-XL"]),
        ("C++ and C# developer", "C++ developer", ["C++", "developer"]),
        ("می\u200cخواهم", "میخواهم", ["می\u200cخواهم"]),
        ("reset-password", "reset password", ["reset", "password"]),
        ("passwords-only", "password", ["passwords"]),
    ],
)
def test_a_word_is_marked_however_it_is_written(text: str, question: str, found: list[str]) -> None:
    """Marks cover what matching takes for one word, characters that are not seen and signs included."""
    assert shared(text, question) == found
