"""Cut text into the words, pairs and pieces that keyword matching counts."""

from __future__ import annotations

import re
import unicodedata
from functools import cache


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


@cache
def _word() -> re.Pattern[str]:
    """A word of any script; made when the first text needs it, for it takes as long as matching a thousand texts."""
    return re.compile(rf"\w+(?:[{_marks()}]+\w*)*")


# Scripts that are written without spaces between words: Thai, Lao, Myanmar, Khmer, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3005-\u3007\u3041-\u3096\u3099-\u309a\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
_ASCII_WORD = re.compile(r"[0-9a-z_]+")
_UNSPACED_RUN = re.compile(f"([{_UNSPACED}]+)")
# Accents of the Latin, Greek and Cyrillic scripts; marks of other scripts are letters in their own right.
_ACCENTS = re.compile("[\u0300-\u036f]")


def normalise(text: str) -> str:
    """Fold case, width, ligatures and Latin, Greek and Cyrillic accents: 'Größe ﬁne Ｗｉ' → 'grosse fine wi'."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", folded))


def words(text: str) -> list[str]:
    """The words of `text`, in order; runs of a script without spaces as overlapping pairs of characters."""
    if text.isascii():  # the common case, three times as fast
        return _ASCII_WORD.findall(text.lower())
    out: list[str] = []
    for word in _word().findall(normalise(text)):
        if word.isascii() or not _UNSPACED_RUN.search(word):
            out.append(word)
            continue
        for part in _UNSPACED_RUN.split(word):
            if _UNSPACED_RUN.match(part) and len(part) > 1:
                out.extend(part[place : place + 2] for place in range(len(part) - 1))
            elif part:
                out.append(part)
    return out


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
