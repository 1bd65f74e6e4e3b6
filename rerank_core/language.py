"""Which language a text is in, as far as it can be told, and whether query and documents share one.

A wrong alarm is worse here than a missed one: product names and titles such as "SSL config" belong to no
language, and every answer may be None. Scripts and English function words are looked at first; only what they
leave open goes to py3langid (naive Bayes over byte n-grams, about 80 MB once loaded), limited to widely used
languages. Where that package is missing, the rest works without it.

A text in any script but the Latin one is surely not English. Where a script serves several languages, such as
Cyrillic, and the model cannot tell which it is, the text counts as "another language".
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from typing import Any, Final

LANGUAGES: Final = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "dv": "Dhivehi",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "gu": "Gujarati",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "hy": "Armenian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "km": "Khmer",
    "kn": "Kannada",
    "ko": "Korean",
    "lo": "Lao",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ml": "Malayalam",
    "mr": "Marathi",
    "ms": "Malay",
    "my": "Burmese",
    "nl": "Dutch",
    "no": "Norwegian",
    "or": "Odia",
    "pa": "Punjabi",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "si": "Sinhala",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "sw": "Swahili",
    "ta": "Tamil",
    "te": "Telugu",
    "th": "Thai",
    "tl": "Tagalog",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "ur": "Urdu",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
"""ISO 639-1 codes that `guess` gives, with their names in English."""

_CHARACTERS = 300
_SAMPLE = 40
_SURE = 0.6
"""Measured: at 0.6 about 4 in 1,000 English fragments of 2 to 8 words are taken for another language."""
_SURE_TOGETHER = 0.9
_FEW_WORDS = 3
_SURE_OF_FEW = 0.95
_SURE_IN_SCRIPT = 0.75  # which language of a script a few words are in, where it is none of the Latin script anyway
_ALARM_SHARE = 1 / 3

_NOISE = re.compile(r"[\d_/\\<>{}=|$@]")
_LETTERS = re.compile(r"[^\W\d_]+")
# The first word of a letter's name in Unicode says which script it belongs to.
_LANGUAGE_OF_SCRIPT: Final = {
    "ARMENIAN": "hy",
    "BENGALI": "bn",
    "BOPOMOFO": "zh",
    "CJK": "zh",
    "GEORGIAN": "ka",
    "GREEK": "el",
    "GUJARATI": "gu",
    "GURMUKHI": "pa",
    "HANGUL": "ko",
    "HEBREW": "he",
    "HENTAIGANA": "ja",
    "HIRAGANA": "ja",
    "KANNADA": "kn",
    "KATAKANA": "ja",
    "KHMER": "km",
    "LAO": "lo",
    "MALAYALAM": "ml",
    "MYANMAR": "my",
    "ORIYA": "or",
    "SINHALA": "si",
    "TAMIL": "ta",
    "TELUGU": "te",
    "THAANA": "dv",
    "THAI": "th",
}
_LANGUAGES_OF_SCRIPT: Final = {
    "ARABIC": ("ar", "fa", "ur"),
    "CYRILLIC": ("ru", "uk", "bg", "sr"),
    "DEVANAGARI": ("hi", "mr"),
}
# The model tells these apart; a language that has a script to itself needs no model, and would draw others to it.
_MODELLED: Final = [code for code in LANGUAGES if code not in _LANGUAGE_OF_SCRIPT.values()]
# English can be written in these, or a letter of that name is a sign.
_LIKE_LATIN = frozenset({"LATIN", "DESERET", "SHAVIAN", "MODIFIER", "ROMAN", "SPACE", "TURNED"})
_GREEK_SIGNS = 3  # Greek letters without an accent that may be a formula or a club's name
_KANA_SHARE = 0.1

# English function words that no other widely used language has, or has as a rarity.
_ENGLISH = frozenset(
    """the and with from your you this that what which when where why who how have has does did should would
    could cannot been were their there these those about after before between without because through while
    they its""".split()  # noqa: SIM905  # words read better as words
)
# Function words of other languages in Latin script: with one of these the model is asked.
_OTHERS = frozenset(
    """der die das und ist ein eine einen für mit von nicht auf ich wie zu dem den sich werden kann le les des
    est une pour dans avec sur qui vous je du et el los las que una por para con cómo del se su es il che di
    della per non sono come é è não um uma os com ao het een van voor niet ik hoe och att är som på jag kan og
    er til det jeg ikke nie jak się na w jest ve bir için nasıl ja ei""".split()  # noqa: SIM905
)

# A short text does not tell these apart, and a reader of one reads the other.
_SAME = {"no": "da", "sr": "hr", "ms": "id", "sk": "cs"}

_lock = threading.Lock()
_identifier: Any = None
_missing = False


def load() -> bool:
    """Load the language model now rather than at the first text that needs it; whether it is there.

    Takes about a second and 80 MB. Safe from several threads.
    """
    return _model() is not None


def _model() -> Any:
    global _identifier, _missing
    if _identifier is None and not _missing:
        with _lock:
            if _identifier is None and not _missing:
                try:
                    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]
                except ImportError:
                    _missing = True
                    return None
                identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
                identifier.set_languages([code for code in _MODELLED if code in identifier.labels])
                _identifier = identifier
    return _identifier


def guess(text: str) -> str | None:
    """The language of a text as an ISO 639-1 code (a key of LANGUAGES), None where it cannot be told.

    Looks at the first few hundred characters, without addresses, numbers and code-like words.
    """
    code = _code(_plain(text), _SURE)
    return code if code in LANGUAGES else None


def english_mismatch(query: str, texts: Sequence[str]) -> str | None:
    """The name of the language, "German", that an English model would meet here; None where all seems well.

    That is the language of the query where it is surely not English, else the commonest other language
    where at least a third of the texts are surely not English. It is "another language" where only the script says
    that it is not English.
    """
    found = _guesses(texts)
    asked = _asked(query, found)
    if asked not in (None, "en"):
        return name_of(asked)
    others = Counter(code for code in found if code not in (None, "en"))
    if not others or sum(others.values()) < _ALARM_SHARE * len(found):
        return None
    return name_of(others.most_common(1)[0][0])


def differ(query: str, texts: Sequence[str]) -> bool:
    """Whether the query is surely in another language than more than half of the texts; False where unsure."""
    found = _guesses(texts)
    asked = _asked(query, found)
    if asked is None:
        return False
    other = sum(code is not None and not _may_be_one(code, asked) for code in found)
    return other * 2 > len(found)


def are_english(query: str, texts: Sequence[str]) -> bool:
    """Whether query and texts pass for English: neither the query nor more than half of the texts is surely not.

    A query that looks English or tells nothing is not worth loading the model for where the texts are English.
    """
    found = _guesses(texts)
    plain = _plain(query)
    if (_seems_foreign(plain) or "en" not in found) and _asked(query, found) not in (None, "en"):
        return False
    return sum(code not in (None, "en") for code in found) * 2 <= len(found)


def strangers(query: str, texts: Sequence[str]) -> list[bool | None]:
    """Which texts are surely in another language than the query (True), surely in its own (False), or neither (None),
    in the order of `texts`.

    Every text is looked at, unlike in `differ`, but the model is asked only about those that English words do not
    settle: among English texts bare titles are no strangers.
    """
    plain = [_plain(text) for text in texts]
    found = [_by_looks(text) for text in plain]
    english = "en" in found
    found = [
        code if code == "en" or (code is None and english and not _seems_foreign(text)) else _code(text, _SURE)
        for code, text in zip(found, plain, strict=True)
    ]
    asked = _asked(query, found)
    if asked is None:
        return [None] * len(texts)
    return [None if code is None else not _may_be_one(code, asked) for code in found]


def _may_be_one(one: str, other: str) -> bool:
    """Whether two languages are the same or too alike to tell apart, or one may be the other's script."""
    if _SAME.get(one, one) == _SAME.get(other, other):
        return True
    return other in _LANGUAGES_OF_SCRIPT.get(one, ()) or one in _LANGUAGES_OF_SCRIPT.get(other, ())


def _asked(query: str, found: Sequence[str | None]) -> str | None:
    """The query's language. Of a few words, and in a language that no document is in, it must be all but certain:
    "Crème brûlée recipe" is a query for English documents, however French it looks."""
    plain = _plain(query)
    asked = _code(plain, _SURE)
    if asked in (None, "en") or asked in found or len(query.split()) > _FEW_WORDS:
        return asked
    return _code(plain, _SURE_OF_FEW)


def name_of(code: str | None) -> str:
    """A language's name in English; "another language" for what is not among LANGUAGES."""
    return LANGUAGES.get(code or "", "another language")


def _guesses(texts: Sequence[str]) -> list[str | None]:
    """The language of each text of a sample, the model being asked only where it can change the picture."""
    step = max(1, -(-len(texts) // _SAMPLE))
    return list(_of_beginnings(tuple(text[:_CHARACTERS] for text in texts[::step])))


@lru_cache(maxsize=64)  # a page asks several times about the same texts while it is drawn once
def _of_beginnings(texts: tuple[str, ...]) -> tuple[str | None, ...]:
    plain = [_plain(text) for text in texts]
    found = [_by_looks(text) for text in plain]
    english = found.count("en")
    if english > (1 - _ALARM_SHARE) * len(found):
        return tuple(found)
    if (
        english
        and english * 2 >= len(found)
        and not any(_seems_foreign(text) for code, text in zip(found, plain, strict=True) if code is None)
    ):
        # beside English texts, bare titles such as "Contact support" are not worth loading the model for
        return tuple(found)
    found = [_code(text, _SURE) for text in plain]
    unsure = [text for code, text in zip(found, plain, strict=True) if code is None and text]
    if len(unsure) * 2 > len(found) and len(unsure) > 2:
        together = _by_model(". ".join(unsure)[: _CHARACTERS * 4], _SURE_TOGETHER)
        found = [code or (together if text else None) for code, text in zip(found, plain, strict=True)]
    return tuple(found)


def _plain(text: str) -> str:
    """The beginning of a text without what belongs to no language."""
    words = text[:_CHARACTERS].split()
    # in scripts without spaces a "word" is a whole sentence, which a number in it does not turn into code
    return " ".join(word for word in words if not (word.isascii() and _NOISE.search(word)))


def _code(plain: str, sure: float) -> str | None:
    """The language of a text; the name of its script, which is no key of LANGUAGES, where only that can be told."""
    looks = _by_looks(plain)
    if looks is None:
        return _by_model(plain, sure)
    if looks in _LANGUAGES_OF_SCRIPT:
        code = _by_model(plain, min(sure, _SURE_IN_SCRIPT))
        return code if code in _LANGUAGES_OF_SCRIPT[looks] else looks
    return looks


@lru_cache(maxsize=4096)
def _by_looks(plain: str) -> str | None:
    """The language where script or function words give it away; the script where it is not the Latin one and has no
    language of its own here."""
    latin, others = (0, Counter[str]()) if plain.isascii() else _letters_by_script(plain)
    # a few letters of a name do not make a text; two Han characters may well be one
    if others and others.total() * 2 >= latin:
        kana, han = others["ja"], others["zh"]
        if kana and kana >= _KANA_SHARE * (kana + han):
            others["ja"] += others.pop("zh", 0)
        return others.most_common(1)[0][0]
    words = [word.casefold() for word in _LETTERS.findall(plain)]
    english = sum(word in _ENGLISH for word in words)
    if english and english >= 0.12 * len(words) and not any(word in _OTHERS for word in words):
        return "en"
    return None


def _letters_by_script(plain: str) -> tuple[int, Counter[str]]:
    """How many Latin letters there are, and how many of each other script, under its language where it has but one.

    A letter by itself is a sign, as in formulas and faces made of letters, and so are a few Greek ones.
    """
    latin = 0
    others: Counter[str] = Counter()
    for written, letters in groupby(plain, _is_letter_or_mark):
        if not written:
            continue
        run = "".join(letters)
        scripts = Counter(map(_script_of, run))
        marks, here = scripts.pop("", 0), scripts.pop("LATIN", 0)
        latin += here
        if not scripts or marks + scripts.total() < 2:
            continue
        if set(scripts) == {"GREEK"} and len(run) <= _GREEK_SIGNS and not _is_accented(run):
            continue
        scripts[scripts.most_common(1)[0][0]] += marks
        for script, count in scripts.items():
            others[_LANGUAGE_OF_SCRIPT.get(script, script)] += count
    return latin, others


@lru_cache(maxsize=4096)
def _is_letter_or_mark(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM"


def _is_accented(run: str) -> bool:
    return "ς" in run or unicodedata.normalize("NFD", run) != run


@lru_cache(maxsize=4096)
def _script_of(character: str) -> str:
    """The first word of a letter's name in Unicode, "LATIN" for every one that English may have; empty for a mark."""
    plain = unicodedata.normalize("NFKC", character)[0]  # a letter of a formula or of another width is a letter
    if unicodedata.category(plain) not in ("Lo", "Ll", "Lu", "Lt"):
        return ""
    name = unicodedata.name(plain, "?").partition(" ")[0].partition("-")[0]
    return "LATIN" if name in _LIKE_LATIN else name


def _seems_foreign(plain: str) -> bool:
    """Whether letters or function words speak for another language than English."""
    return not plain.isascii() or any(word.casefold() in _OTHERS for word in _LETTERS.findall(plain))


@lru_cache(maxsize=4096)
def _by_model(plain: str, sure: float) -> str | None:
    if sum(map(len, _LETTERS.findall(plain))) < 4:
        return None
    model = _model()
    if model is None:
        return None
    code, confidence = model.classify(plain)
    return str(code) if confidence >= sure else None
