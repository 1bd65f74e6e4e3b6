"""Which language a text is in, as far as it can be told, and whether query and documents share one.

A wrong alarm is worse here than a missed one: product names and titles such as "SSL config" belong to no
language, and every answer may be None. Scripts and English function words are looked at first; only what they
leave open goes to py3langid (naive Bayes over byte n-grams, about 80 MB once loaded), limited to widely used
languages. Where that package is missing, the rest works without it.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

LANGUAGES: Final = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bn": "Bengali",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "mr": "Marathi",
    "ms": "Malay",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
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
_ALARM_SHARE = 1 / 3

_NOISE = re.compile(r"[\d_/\\<>{}=|$@]")
_LETTERS = re.compile(r"[^\W\d_]+")
_SCRIPTS: Final = (
    ("ja", re.compile("[\u3040-\u30ff\uff66-\uff9f]")),
    ("ko", re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")),
    ("zh", re.compile("[\u3400-\u4dbf\u4e00-\u9fff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("el", re.compile("[\u0370-\u03ff\u1f00-\u1fff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("bn", re.compile("[\u0980-\u09ff]")),
    ("ta", re.compile("[\u0b80-\u0bff]")),
    ("te", re.compile("[\u0c00-\u0c7f]")),
    ("ka", re.compile("[\u10a0-\u10ff]")),
)
_CJK = ("ja", "zh")
_KANA_SHARE = 0.1
_LATIN = re.compile("[A-Za-z\u00c0-\u024f\u1e00-\u1eff]")

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
                identifier.set_languages([code for code in LANGUAGES if code in identifier.labels])
                _identifier = identifier
    return _identifier


def guess(text: str) -> str | None:
    """The language of a text as an ISO 639-1 code (a key of LANGUAGES), None where it cannot be told.

    Looks at the first few hundred characters, without addresses, numbers and code-like words.
    """
    plain = _plain(text)
    return _by_looks(plain) or _by_model(plain, _SURE)


def english_mismatch(query: str, texts: Sequence[str]) -> str | None:
    """The name of the language, "German", that an English model would meet here; None where all seems well.

    That is the language of the query where it is surely not English, else the commonest other language
    where at least a third of the texts are surely not English.
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
    other = sum(code is not None and _SAME.get(code, code) != _SAME.get(asked, asked) for code in found)
    return other * 2 > len(found)


def _asked(query: str, found: Sequence[str | None]) -> str | None:
    """The query's language. Of a few words, and in a language that no document is in, it must be all but certain:
    "Crème brûlée recipe" is a query for English documents, however French it looks."""
    asked = guess(query)
    if asked in (None, "en") or asked in found or len(query.split()) > _FEW_WORDS:
        return asked
    plain = _plain(query)
    return _by_looks(plain) or _by_model(plain, _SURE_OF_FEW)


def name_of(code: str | None) -> str:
    """A language's name in English; "another language" for a code that is not among LANGUAGES."""
    return LANGUAGES.get(code or "", "another language")


def _guesses(texts: Sequence[str]) -> list[str | None]:
    """The language of each text of a sample, the model being asked only where it can change the picture."""
    step = max(1, -(-len(texts) // _SAMPLE))
    plain = [_plain(text) for text in texts[::step]]
    found = [_by_looks(text) for text in plain]
    english = found.count("en")
    if english > (1 - _ALARM_SHARE) * len(found):
        return found
    if (
        english
        and english * 2 >= len(found)
        and not any(_seems_foreign(text) for code, text in zip(found, plain, strict=True) if code is None)
    ):
        # beside English texts, bare titles such as "Contact support" are not worth loading the model for
        return found
    found = [code or _by_model(text, _SURE) for code, text in zip(found, plain, strict=True)]
    unsure = [text for code, text in zip(found, plain, strict=True) if code is None and text]
    if len(unsure) * 2 > len(found) and len(unsure) > 2:
        together = _by_model(". ".join(unsure)[: _CHARACTERS * 4], _SURE_TOGETHER)
        found = [code or (together if text else None) for code, text in zip(found, plain, strict=True)]
    return found


def _plain(text: str) -> str:
    """The beginning of a text without what belongs to no language."""
    words = text[:_CHARACTERS].split()
    # in scripts without spaces a "word" is a whole sentence, which a number in it does not turn into code
    return " ".join(word for word in words if not (word.isascii() and _NOISE.search(word)))


@lru_cache(maxsize=4096)
def _by_looks(plain: str) -> str | None:
    """The language where script or function words give it away."""
    latin = len(_LATIN.findall(plain))
    counts = {code: len(script.findall(plain)) for code, script in _SCRIPTS}
    code = max(counts, key=lambda code: counts[code])
    # a few letters of a name do not make a text; two Han characters may well be one
    if counts[code] >= 2 and sum(counts.values()) * 2 >= latin:
        if code in _CJK:
            kana, han = counts["ja"], counts["zh"]
            return "ja" if kana >= _KANA_SHARE * (kana + han) else "zh"
        return code
    words = [word.casefold() for word in _LETTERS.findall(plain)]
    english = sum(word in _ENGLISH for word in words)
    if english and english >= 0.12 * len(words) and not any(word in _OTHERS for word in words):
        return "en"
    return None


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
