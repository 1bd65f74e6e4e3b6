"""What is sent on where nothing answers."""

from __future__ import annotations

import pytest

from rerank_core.exports.answers import nothing_known_text


@pytest.mark.parametrize(
    ("query", "begins"),
    [
        ("My bike was stolen last night, what do I have to do?", "Thank you"),
        ("Mein Fahrrad wurde gestern Nacht gestohlen, was muss ich jetzt tun?", "Vielen Dank"),
        ("¿Qué tengo que hacer si me han robado la bicicleta esta noche?", "Gracias"),
        ("昨日の夜、自転車が盗まれました。どうすればいいですか。", "Thank you"),
        ("E-4711", "Thank you"),
    ],
)
def test_that_nothing_is_known_is_said_in_the_language_of_the_question(query: str, begins: str) -> None:
    """In English where the language cannot be told or is none of ours."""
    assert nothing_known_text(query).startswith(begins)
