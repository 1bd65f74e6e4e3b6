"""Languages: sure where it matters, silent where it cannot be."""

from __future__ import annotations

import sys
import unicodedata
from collections import defaultdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rerank_core import language
from rerank_core.language import differ, english_mismatch, guess

GERMAN = [
    "Klicken Sie auf „Passwort vergessen“, um Ihr Passwort zurückzusetzen.",
    "Rechnungen finden Sie in Ihrem Konto unter dem Punkt Abrechnung.",
    "Wenn das WLAN abbricht, starten Sie bitte zuerst den Router neu.",
]
ENGLISH = [
    "Click 'Forgot password' to reset your password.",
    "You find invoices in your account, under billing.",
    "When the Wi-Fi drops, restart the router first.",
]
TITLES = [
    "SSL config",
    "VPN setup",
    "Error 502",
    "iPhone 15 Pro Max 256GB",
    "Sony WH-1000XM5",
    "Bosch GSR 18V-28",
    "nginx reverse proxy",
    "kubectl rollout restart",
    "SPF DKIM DMARC",
    "Espresso machine",
    "Paris travel guide",
    "Madrid hotels",
    "El Niño effects",
    "Uber Eats",
    "IKEA BILLY bookcase",
    "Data retention",
    "Privacy policy",
    "Contact support",
    "Account security settings",
    "Password policies and requirements",
    "SELECT * FROM users",
    "https://example.com/hilfe/passwort",
    "INV-2024-00123",
    "12345",
    "",
    "!!!",
]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("How do I reset my password?", "en"),
        ("The VPN connection drops after a few minutes.", "en"),
        ("Wie setze ich mein Passwort zurück?", "de"),
        ("¿Cómo restablezco mi contraseña?", "es"),
        ("Comment réinitialiser mon mot de passe ?", "fr"),
        ("Non riesco ad accedere al mio account", "it"),
        ("Não consigo entrar na minha conta", "pt"),
        ("Hoe stel ik mijn wachtwoord opnieuw in?", "nl"),
        ("Nie mogę się zalogować na swoje konto", "pl"),
        ("Как сбросить пароль в личном кабинете?", "ru"),
        ("パスワードをリセットする方法", "ja"),
        ("請求書ダウンロード", "ja"),
        ("如何重置密码", "zh"),
        ("如何在2024年重置iPhone密码", "zh"),
        ("비밀번호를 재설정하는 방법", "ko"),
        ("כיצד מאפסים סיסמה", "he"),
        ("วิธีรีเซ็ตรหัสผ่าน", "th"),
        ("Πώς επαναφέρω τον κωδικό μου;", "el"),
        ("كيف أعيد تعيين كلمة المرور الخاصة بي؟", "ar"),
    ],
)
def test_sentences_are_recognised(text: str, code: str) -> None:
    """One sentence is enough, in any of the widely used languages and scripts."""
    assert guess(text) == code


@pytest.mark.parametrize("title", TITLES)
def test_names_and_titles_are_never_taken_for_another_language(title: str) -> None:
    """Product names, codes and short English titles are English or nothing."""
    assert guess(title) in (None, "en")


def test_lists_of_titles_raise_no_alarm() -> None:
    """Nor do many of them together, with any of them as the query."""
    assert english_mismatch("SSL config", TITLES) is None
    assert english_mismatch("Crème brûlée recipe", ENGLISH) is None
    assert not any(differ(title, ENGLISH) for title in TITLES)


def test_the_language_found_is_named() -> None:
    """By the query, or by the commonest other language where a third of the documents is not English."""
    assert english_mismatch("Wie setze ich mein Passwort zurück?", ENGLISH) == "German"
    assert english_mismatch("reset", GERMAN) == "German"
    assert english_mismatch("How do I reset it?", [*ENGLISH, *GERMAN[:2]]) == "German"
    assert english_mismatch("How do I reset it?", [*ENGLISH * 3, GERMAN[0]]) is None
    assert english_mismatch("How do I reset it?", ENGLISH) is None
    assert english_mismatch("", []) is None


def test_query_and_documents_differ_only_where_both_are_sure() -> None:
    """Most documents must surely be in another language; closely related ones are not told apart."""
    assert differ("How do I reset my password?", GERMAN)
    assert differ("Wie setze ich mein Passwort zurück?", ENGLISH)
    assert not differ("Wie setze ich mein Passwort zurück?", GERMAN)
    assert not differ("Wie setze ich mein Passwort zurück?", [*GERMAN, *ENGLISH])
    assert not differ("SSL config", GERMAN)
    assert not differ("How do I reset my password?", TITLES)
    assert not differ("How do I reset my password?", [])
    assert not differ("Jeg kan ikke logge ind på min konto", ["Jeg kan ikke logge inn på kontoen min lenger"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("How do I reset my password?", [False, None, True, True, None]),
        ("Wie setze ich mein Passwort zurück?", [True, None, False, True, None]),
        ("パスワードを忘れました", [True, None, True, False, None]),
        ("SSL 429", [None] * 5),
    ],
)
def test_texts_in_another_language_than_the_query_are_told_one_by_one(query: str, expected: list[bool | None]) -> None:
    """In a mixed list each text is judged by itself; of a bare title, or for a query that tells nothing,
    neither is sure."""
    texts = [
        "How to reset your password when you have forgotten it",
        "Contact support",
        "So setzen Sie Ihr Passwort zurück, wenn Sie es vergessen haben",
        "パスワードを再設定する方法",
        "",
    ]
    assert language.strangers(query, texts) == expected
    assert language.strangers(query, []) == []


@pytest.mark.parametrize(
    ("query", "texts", "expected"),
    [
        ("forgot password", ["How to reset your password", "Contact support"], True),
        ("Wie setze ich mein Passwort zurück?", ["How to reset your password", "Contact support"], False),
        (
            "forgot password",
            ["So setzen Sie Ihr Passwort zurück", "パスワードを再設定する方法", "How to reset it"],
            False,
        ),
        (
            "forgot password",
            ["So setzen Sie Ihr Passwort zurück", "How to reset it", "Where is the account page"],
            True,
        ),
        ("SSL 429", [], True),
    ],
)
def test_lists_that_pass_for_english(query: str, texts: list[str], expected: bool) -> None:
    """A foreign query or a list of mostly foreign texts does not; names, codes and nothing at all do."""
    assert language.are_english(query, texts) is expected


def test_short_texts_are_told_together() -> None:
    """Titles that tell nothing one by one tell their language as a list."""
    titles = ["Konto löschen", "Drucker offline", "Rechnung", "Lieferung", "Zahlung", "SSL-Zertifikat erneuern"]
    assert english_mismatch("", titles) == "German"


def test_english_lists_never_load_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Function words settle English texts, and bare titles among them change nothing."""
    monkeypatch.setattr(language, "_model", lambda: pytest.fail("the model was asked"))
    language._by_model.cache_clear()
    texts = ["How to reset your password", "Password policies and requirements", "Contact support", "Account security"]
    assert english_mismatch("How do I reset my password?", texts) is None
    assert not differ("How do I reset my password?", texts)
    assert language.strangers("How do I reset my password?", texts) == [False, False, None, None]
    assert language.are_english("forgot password", texts)


def test_every_code_has_a_name() -> None:
    """And an unknown one is "another language"."""
    assert language.name_of("de") == "German"
    assert language.name_of("xx") == language.name_of(None) == "another language"


def test_a_large_corpus_is_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10,000 documents no more than a few dozen are looked at, spread over the whole list."""
    seen: list[str] = []
    plain = language._plain
    monkeypatch.setattr(language, "_plain", lambda text: seen.append(text) or plain(text))
    assert english_mismatch("", [f"{text} {place}" for place, text in enumerate(GERMAN * 3334)]) == "German"
    looked_at = list(filter(None, seen))  # the query is empty
    assert 20 <= len(looked_at) <= 50
    assert looked_at[-1].endswith(tuple(f" {place}" for place in range(9_500, 10_002)))


def test_without_the_package_scripts_and_function_words_remain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing py3langid costs the fine distinctions, not the page."""
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    monkeypatch.setattr(language, "_identifier", None)
    monkeypatch.setattr(language, "_missing", False)
    language._by_model.cache_clear()
    try:
        assert not language.load()
        assert guess("How do I reset my password?") == "en"
        assert guess("如何重置密码") == "zh"
        assert guess("Wie setze ich mein Passwort zurück?") is None
    finally:
        language._by_model.cache_clear()


@given(st.text(st.characters(exclude_categories=()), max_size=200))
@settings(deadline=None, max_examples=200)
def test_any_text_has_a_language_or_none(text: str) -> None:
    """Surrogates, NULs and mixtures of scripts never raise."""
    assert guess(text) is None or guess(text) in language.LANGUAGES
    assert english_mismatch(text, [text, ""]) in {None, "another language", *language.LANGUAGES.values()}


def letters_of_every_script() -> dict[str, str]:
    """The first letters of each script of Unicode, by the first word of their names: "CYRILLIC": "АБВ..."."""
    found: dict[str, list[str]] = defaultdict(list)
    for code in range(0x370, 0x20000):
        letter = chr(code)
        if unicodedata.category(letter) in ("Lo", "Ll", "Lu") and unicodedata.normalize("NFKC", letter) == letter:
            found[unicodedata.name(letter, "?").split()[0]].append(letter)
    return {script: "".join(letters[:12]) for script, letters in found.items() if len(letters) > 4}


SCRIPTS = letters_of_every_script()


@pytest.mark.parametrize("script", sorted(set(SCRIPTS) - {"LATIN", "DESERET", "SHAVIAN"}))
def test_a_query_in_any_other_script_is_not_english(script: str) -> None:
    """The letters decide, however few words there are; only the Latin script and two made for English may be it."""
    assert english_mismatch(f"{SCRIPTS[script][:6]} {SCRIPTS[script][6:]}", ENGLISH * 2) is not None
    assert english_mismatch("reset", [SCRIPTS[script], *ENGLISH[:2]]) is not None
    assert differ(SCRIPTS[script], ENGLISH)


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("сброс пароля", "another language"),
        ("как сбросить пароль", "Russian"),
        ("пароль", "another language"),
        ("скидання пароля", "another language"),
        ("заборављена лозинка", "Serbian"),
        ("пароль wifi", "another language"),
        ("पासवर्ड रीसेट", "another language"),
        ("पासवर्ड", "another language"),
        ("रद्द करें", "Hindi"),
        ("Գաղտնաբառ", "Armenian"),
        ("પાસવર્ડ રીસેટ", "Gujarati"),
        ("ਪਾਸਵਰਡ", "Punjabi"),
        ("ಪಾಸ್ವರ್ಡ್ ಮರುಹೊಂದಿಸಿ", "Kannada"),
        ("ລະຫັດຜ່ານ", "Lao"),
        ("ពាក្យ", "Khmer"),
        ("ፓስወርድ", "another language"),
        ("κωδικός", "Greek"),
        ("ΕΠΑΝΑΦΟΡΑ", "Greek"),
        ("رمز عبور", "another language"),
    ],
)
def test_short_queries_in_other_scripts_are_told(query: str, name: str) -> None:
    """They are not English for sure; which language it is, is said where it is sure too."""
    assert english_mismatch(query, ENGLISH * 2) == name


@pytest.mark.parametrize(
    "query",
    [
        "λ π", "λ calculus", "αβγ decay", "ΦΒΚ key", "ΔΣ modulator", "Ω 5k resistor", "μTorrent download", "ℵ0",
        "𝛼𝛽 pruning", "𝐇𝐞𝐥𝐥𝐨 𝐰𝐨𝐫𝐥𝐝", "Ｗｉｆｉ", "∑ x ∈ ℝ ≤ ∞", "№ 5", "5 ㎏ parcel", "Yᴏᴜ Tᴜʙᴇ", "ʻokina Hawaiʻi",
        "¯\\_(ツ)_/¯", "ಠ_ಠ", "(ﾉ◕ヮ◕)ﾉ*:･ﾟ✧ party", "🎉🇯🇵👩‍👩‍👧", "recipe for борщ soup", "TOYS Я US",
        "Björk", "Škoda Octavia",
    ],
)  # fmt: skip
def test_signs_names_and_faces_raise_no_alarm(query: str) -> None:
    """Formulas, symbols, emoji, faces made of letters and names with marks belong to no language."""
    assert english_mismatch(query, ENGLISH * 2) is None
    assert not differ(query, ENGLISH)


def test_a_script_of_several_languages_may_be_any_of_them() -> None:
    """A few Cyrillic words are not said to be in another language than a Russian or a Bulgarian text."""
    for text in ("Как сбросить пароль в личном кабинете?", "Как да променя паролата си в профила?"):
        assert not differ("пароль", [text])
    assert differ("пароль", ["איך מאפסים סיסמה בחשבון"])
    assert guess("пароль") is None
