"""Cut text into the words, pairs and pieces that keyword matching counts."""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache


def _marks() -> str:
    """Combining marks as the inside of a character class: `\\w` leaves out the vowel signs of many scripts."""
    blocks = ((0x300, 0x2100), (0x2CEF, 0x3100), (0xA66F, 0xAC00), (0xFB1E, 0xFE30), (0x101FD, 0x12000))
    points = [p for first, last in blocks for p in range(first, last) if unicodedata.category(chr(p))[0] == "M"]
    runs: list[list[int]] = []
    for point in points:
        if runs and runs[-1][1] == point - 1:
            runs[-1][1] = point
        else:
            runs.append([point, point])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)


# Scripts that are written without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3041-\u3096\u3099-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
_ASCII_WORD = re.compile(r"[0-9a-z_]+")
_UNSPACED_RUN = re.compile(f"([{_UNSPACED}]+)")
# Accents of the Latin, Greek and Cyrillic scripts; marks of most other scripts are letters in their own right.
_ACCENTS = "\u0300-\u036f"
POINTS = (
    "\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u0640\u064b-\u0652\u0656-\u065e\u0670\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed"
    "\u0711\u0730-\u074a\u08ca-\u08e1\u08e3-\u08ff"
)
"""Points of Arabic, Hebrew and Syriac, which a word is written with or without, and the stroke that stretches an Arabic
word, as the inside of a character class. Hamza and madda (U+0653 to U+0655) are parts of letters."""
# Soft hyphens, spaces of no width, directions, variation selectors. U+200C parts Arabic words and is seen there.
_UNSEEN = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200d-\u200f\u202a-\u202e\u2060-\u206f"
    "\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef"
)
_LEFT_OUT = re.compile(f"[{_ACCENTS}{POINTS}{_UNSEEN}]")
_NO_BREAK = re.compile("\u200c(?![\u0600-\u06ff])")
# Letters that are typed for one another, as Lucene's ArabicNormalizer and PersianNormalizer fold them.
_TYPED_ALIKE = {"آأإٱ": "ا", "ىی": "ي", "ک": "ك", "ةۀہ": "ه"}
_ARABIC = str.maketrans({letter: plain for letters, plain in _TYPED_ALIKE.items() for letter in letters})
_HAS_ARABIC = re.compile("[\u0600-\u06ff]")

_HYPHENS = "\u2010\u200c"  # what NFKC leaves of hyphens, and what parts Arabic words
_LONGEST = 40  # characters of a word put together
_SHORT = 3  # letters of a part that says little by itself
_DIGITS = 7  # digits from which a number with one hyphen is no range
# Full-width signs, which `normalise` leaves none of, so that they never part a word.
_SIGNS = str.maketrans("+#.", "＋＃．")
_SIGNED = re.compile(r"(?<!\w)[a-z]\w*(?:\+\+(?!\+)|[+#](?![\w+#]))")
_DOTTED = re.compile(r"\.(?<![^\s(\"'/]\.)[a-z]\w+")


@cache
def _word() -> re.Pattern[str]:
    """A word of any script; made when the first text needs it, for it takes as long as matching a thousand texts."""
    return re.compile(rf"\w+(?:[{_marks()}]+\w*)*")


@cache
def as_written() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """For text as it stands, not normalised: a plain word; words that hyphens part, or one with a sign."""
    word = rf"\w+(?:[{_marks()}{_UNSEEN}]+\w*)*"
    return re.compile(word), re.compile(rf"{word}(?:[-\u2010\u2011\u200c]{word}|[+#]+)+|\.\w+")


@cache
def _run() -> re.Pattern[str]:
    """A run of letters, marks, digits and hyphens, of scripts that part their words."""
    return re.compile(f"(?:[^\\W_{_UNSPACED}]|[-{_marks()}])+")


_ASCII_RUN = re.compile("[0-9a-z-]+")


def normalise(text: str) -> str:
    """Fold what one word may differ in: 'Größe ﬁne Ｗｉ' → 'grosse fine wi'.

    That is case, width, ligatures, accents of the Latin, Greek and Cyrillic scripts, points of Arabic and Hebrew,
    Arabic letters that are typed for one another, and characters that are not seen, such as soft hyphens.
    """
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    folded = _LEFT_OUT.sub("", folded)
    if folded.isascii():
        return folded
    folded = unicodedata.normalize("NFC", folded)
    if _HAS_ARABIC.search(folded):
        folded = folded.translate(_ARABIC)
    return _NO_BREAK.sub("", folded) if "\u200c" in folded else folded


def words(text: str) -> list[str]:
    """The words of `text`, in order; runs of a script without spaces as overlapping pairs of characters.

    Words that a sign belongs to follow, with it in full width ('c++' gives 'c' and 'c＋＋'), then those that `hyphened`
    finds, put together: 'wi-fi' gives 'wi', 'fi' and 'wifi'.
    """
    folded = normalise(text)
    return plain_words(folded) + ["".join(parts) for parts in hyphened(folded)]


def plain_words(folded: str) -> list[str]:
    """The words of a normalised text without those put together."""
    if folded.isascii():  # the common case, three times as fast
        return _ASCII_WORD.findall(folded) + signed(folded)
    found = _word().findall(folded)
    if not _UNSPACED_RUN.search(folded):
        return found + signed(folded)
    out: list[str] = []
    for word in found:
        if word.isascii() or not _UNSPACED_RUN.search(word):
            out.append(word)
            continue
        for part in _UNSPACED_RUN.split(word):
            if _UNSPACED_RUN.match(part) and len(part) > 1:
                out.extend(part[place : place + 2] for place in range(len(part) - 1))
            elif part:
                out.append(part)
    return out + signed(folded)


def besides(folded: str) -> list[str]:
    """What `words` adds to the plain runs of letters of a normalised text."""
    return signed(folded) + ["".join(parts) for parts in hyphened(folded)]


def signed(folded: str) -> list[str]:
    """The words that a sign makes other words of: c++, c#, disney+, .net."""
    out: list[str] = []
    if "+" in folded or "#" in folded:
        out += _SIGNED.findall(folded)
    if "." in folded:
        out += _DOTTED.findall(folded)
    return [word.translate(_SIGNS) for word in out] if out else out


def is_spaced_word(word: str) -> bool:
    """Whether this is one word, of a script that parts its words."""
    return "-" not in word and bool((_ASCII_RUN if word.isascii() else _run()).fullmatch(word))


def hyphened(folded: str) -> list[tuple[str, ...]]:
    """The parts of each word of a normalised text that hyphens part and that is as often written without.

    One of its parts is short or has a digit: wi-fi, e-mail, ab-1234-xl. Of others it is enough that pieces match.
    """
    for other in "" if folded.isascii() else _HYPHENS:
        folded = folded.replace(other, "-")
    out: list[tuple[str, ...]] = []
    place = folded.find("-")
    while place >= 0:
        # a word holds no blank, and the same ones come again and again
        end = folded.find(" ", place)
        end = len(folded) if end < 0 else end
        around = folded[folded.rfind(" ", 0, place) + 1 : end]
        out += _kept_hyphened(around) if len(around) <= _LONGEST else _hyphened(around)
        place = folded.find("-", end)
    return out


def _hyphened(folded: str) -> tuple[tuple[str, ...], ...]:
    runs = (_ASCII_RUN if folded.isascii() else _run()).findall(folded)
    parted = (run.strip("-").split("-") for run in runs if "-" in run)
    return tuple(tuple(parts) for parts in parted if _is_one_word(parts))


_kept_hyphened = lru_cache(2**14)(_hyphened)


def _is_one_word(parts: list[str]) -> bool:
    whole = "".join(parts)
    if len(parts) < 2 or "" in parts or len(whole) > _LONGEST:
        return False
    if whole.isdigit():
        return len(parts) > 2 or len(whole) >= _DIGITS
    return any(map(str.isdigit, whole)) or (len(parts) <= _SHORT and min(map(len, parts)) <= _SHORT)


def pieces_of(word: str) -> list[str]:
    """A word's runs of four characters, its ends marked: 'cats' gives ' cat', 'cats', 'ats '.

    They let inflected, compounded and mistyped words meet in any language. Each is marked as a piece, so that it
    is never taken for a whole word.
    """
    bounded = f" {word} "
    return ["~" + bounded[place : place + 4] for place in range(max(1, len(bounded) - 3))]


def beginnings_of(word: str) -> list[str]:
    """A word's first four and first six characters, marked: a rough stem that needs to know no language."""
    return ["~" + word[:4], "~~" + word[:6]]
