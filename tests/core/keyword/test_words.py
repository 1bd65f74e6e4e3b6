"""One word, however it is written: points, characters that are not seen, hyphens, signs."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rerank_core import offline
from rerank_core.keyword import index as keyword_index
from rerank_core.keyword.asked import Asked
from rerank_core.keyword.index import KeywordIndex
from rerank_core.keyword.words import normalise, pieces_of, words
from rerank_core.offline.models import KEYWORD

PAIRS = Path(__file__).parents[2] / "data" / "cases" / "208-keyword-pairs.tsv"


def scores(query: str, *texts: str) -> list[float]:
    """What the keyword model gives each text."""
    return [row.relevance_score for row in offline.score(KEYWORD, query, list(texts))]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Passwort", "Pass\u00adwort"),
        ("password", "pass\u200bword"),
        ("password", "pass\u2060word"),
        ("password", "\ufeffpassword\u200e"),
        ("كلمة المرور", "كَلِمَة المُرُور"),
        ("مرور", "مـــرور"),
        ("احمد", "أحمد"),
        ("كتابی", "كتابي"),
        ("סיסמה", "סִיסְמָה"),
        ("שלום", "\ufb2a\u05b8לום"),
        ("ශ්රී", "ශ්\u200dරී"),
        ("പാസ്വേഡ്", "പാസ്\u200cവേഡ്"),
        ("葛", "葛\U000e0100"),
        ("Wi-Fi", "Wi\u2011Fi"),
        ("résumé", "re\u0301sume\u0301"),
        ("カメラ", "ｶﾒﾗ"),
        ("finance", "ﬁnance"),
        ("strasse", "Straße"),
        ("istanbul", "İstanbul"),
    ],
)
def test_one_word_in_two_spellings_is_one_word(one: str, other: str) -> None:
    """Points that may be left out, characters that are not seen, width, accents and ligatures change no word."""
    assert words(one) == words(other) != []
    assert scores(one, f"{one} here", "other") == scores(one, f"{other} here", "other")
    assert [hit.index for hit in KeywordIndex.build(["nothing", f"{other} here"]).search(one)] == [1]


def test_a_soft_hyphen_changes_no_score() -> None:
    """A document from a CMS or a text program scores as the same document without."""
    plain, soft, other = "Das Passwort ändern Sie hier.", "Das Pass\u00adwort ändern Sie hier.", "Die Rechnung."
    assert scores("Passwort", soft, other) == scores("Passwort", plain, other)
    assert scores("Passwort", plain, "Die Rechnung ändern Sie hier.")[0] == pytest.approx(0.908, abs=0.002)


@pytest.mark.parametrize(
    "row", list(csv.DictReader(PAIRS.read_text("utf-8").splitlines(), delimiter="\t")), ids=lambda row: row["query"]
)
def test_the_right_document_of_each_pair_is_far_ahead(row: dict[str, str]) -> None:
    """Each query finds its document as if both were written alike, by the model and by the index."""
    right, wrong = scores(row["query"], row["right document"], row["other document"])
    assert right > 0.8
    assert wrong < 0.25
    index = KeywordIndex.build([row["other document"], row["right document"]])
    assert index.search(row["query"])[0].index == 1


@pytest.mark.parametrize(
    ("query", "right", "wrong"),
    [
        ("Wi-Fi", "Set up the wifi network", "Set up the printer"),
        ("WiFi", "Set up the Wi-Fi network", "Set up the printer"),
        ("wi fi", "Set up the wifi network", "Set up the printer"),
        ("e-mail", "Change your email address", "Change your postal address"),
        ("email", "Change your e\u2011mail address", "Change your postal address"),
        ("t shirt", "A red tshirt", "A red skirt"),
        ("tshirt", "A red T-shirt", "A red skirt"),
        ("health care", "Our healthcare plans", "Our phone plans"),
        ("AB-1234-XL", "Part AB1234XL in stock", "Part AB1243XL in stock"),
        ("AB1234XL", "Part AB 1234 XL in stock", "Part AB 1243 XL in stock"),
        ("AB 1234 XL", "Part AB1234XL in stock", "Part AB1243XL in stock"),
        ("rtx4090", "Graphics card RTX 4090", "Graphics card RTX 3060"),
        ("RTX 4090", "Graphics card RTX4090", "Graphics card RTX3060"),
        ("E-104", "Fehler E104", "Fehler E105"),
        ("E-104", "Fehler E 104", "Fehler E 105"),
        ("5551234567", "Call 555-123-4567", "Call 555-123-4568"),
        ("вебсайт", "Наш веб-сайт", "Наш магазин"),
        ("ईमेल", "ई-मेल बदलें", "पता बदलें"),
        ("میخواهم", "می\u200cخواهم بخرم", "فاکتور من"),
        ("C#", "C# developer", "C++ developer"),
        ("C++", "C++11 developer", "C# developer"),
        (".NET", "C# and .NET jobs", "net jobs"),
        ("Disney+", "Watch Disney+ here", "Watch Disney here"),
    ],
)
@pytest.mark.parametrize("pieces", [True, False])
def test_words_meet_whether_joined_or_apart(query: str, right: str, wrong: str, pieces: bool) -> None:
    """Hyphens, spaces and none between the parts of a word or code are the same; signs make another word."""
    good, bad = scores(query, right, wrong)
    assert good > 0.75
    assert good > 3 * bad
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyword_index, "PIECES_UP_TO", 20_000 if pieces else 0)
        hits = KeywordIndex.build([wrong, right]).search(query)
    assert hits[0].index == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Wi-Fi", ["wi", "fi", "wifi"]),
        ("state-of-the-art", ["state", "of", "the", "art"]),
        ("health-care", ["health", "care"]),
        ("5-10 days", ["5", "10", "days"]),
        ("2026-11-30", ["2026", "11", "30", "20261130"]),
        ("a+b - c#d", ["a", "b", "c", "d"]),
        ("end.Then x. y", ["end", "then", "x", "y"]),
        ("--flag -x- ", ["flag", "x"]),
        ("1970er-Jahre", ["1970er", "jahre", "1970erjahre"]),
        ("सी-डी", ["सी", "डी", "सीडी"]),
        ("ab--cd-ef", ["ab", "cd", "ef"]),
        ("--ab-cd--", ["ab", "cd", "abcd"]),
        ("Wi-Fi接続", ["wi", "fi", "接続", "wifi"]),
        (f"{'a' * 50}-b", ["a" * 50, "b"]),
    ],
)
def test_what_is_put_together(text: str, found: list[str]) -> None:
    """Parts that say little alone make one word with their neighbours; long words, ranges and sums do not."""
    assert words(text) == found


@given(st.text(alphabet="ab1-+#. \u2011\u200c\u00adéد東", max_size=30))
def test_any_mixture_makes_stable_words(text: str) -> None:
    """Whatever stands beside hyphens and signs, cutting raises nothing and sees what the normalised text has."""
    assert words(normalise(text)) == words(text)
    asked = Asked.of(text, pieces_of)
    assert len(set(asked.tokens)) == len(asked.tokens)
    assert all(choice.said and choice.tokens for choice in asked.choices)


def test_a_document_that_has_only_a_part_gets_no_more() -> None:
    """The other way of writing counts where all of it is there."""
    plain = scores("rtx4090", "Graphics card RTX 3060", "Cable 4090 mm", "other")
    assert max(plain) < 0.3
