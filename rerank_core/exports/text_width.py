"""How wide a text is in a proportional sans-serif font, roughly, and how to fit it into lines of a given width.

For drawings made without a font at hand. The widths are those of common screen fonts (Arial, Segoe UI, Noto
Sans) rounded up, so a line that fits here fits there, give or take a few per cent.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

ELLIPSIS: Final = "…"
_NARROW: Final = frozenset("iljtfrI.,:;'!|()[]{}/\\` ·‘’“”\"")
_WIDE: Final = frozenset("mwMW@%—…")
_NOT_FIRST: Final = frozenset("，。、！？；：）」』】》〉”’,.!?;:)")
_JOINERS: Final = "\u200d\ufe0e\ufe0f"
_LOOK_AT: Final = 4000  # characters; more never fits a line of a picture
_SPACE: Final = re.compile(r"\s+")


@lru_cache(maxsize=4096)
def _char_width(char: str) -> float:
    """The width of one character in ems."""
    if char in _NARROW:
        return 0.34
    if char in _WIDE:
        return 0.92
    category = unicodedata.category(char)
    if category in ("Mn", "Me", "Cf", "Cc"):
        return 0.0
    if unicodedata.east_asian_width(char) in ("W", "F"):
        return 1.05 if category != "So" else 1.3
    if category == "So":
        return 1.1
    return 0.7 if category == "Lu" else 0.57


def text_width(text: str, size: float) -> float:
    """The estimated width of the text on one line at this font size, in the unit of `size`."""
    return sum(map(_char_width, text)) * size


def fit(text: str, width: float, size: float) -> str:
    """The text on one line, white space folded, cut to the width with an ellipsis where it does not fit."""
    return wrap(text, width, size, 1)[0]


def wrap(text: str, width: float, size: float, lines: int) -> list[str]:
    """The text in at most `lines` lines of this width, at least one; the last ends in an ellipsis where cut.

    Lines break at spaces, and inside a word (or between Chinese or Japanese characters) where they must. An
    accent or a joiner is never parted from its letter.
    """
    rest = _SPACE.sub(" ", text[:_LOOK_AT]).strip()
    cut_short = len(text) > _LOOK_AT
    found: list[str] = []
    while len(found) < lines - 1:
        end = _take(rest, width, size)
        if end == len(rest):
            break
        space = rest.rfind(" ", 1, end + 1)
        end = space if space > end // 3 else end
        while end > 1 and rest[end] in _NOT_FIRST:
            end -= 1
        found.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    if _take(rest, width, size) == len(rest) and not cut_short:
        return [*found, rest]
    end = _take(rest, width - text_width(ELLIPSIS, size), size)
    return [*found, rest[:end].rstrip(" .,;:。，、；：").rstrip(_JOINERS) + ELLIPSIS]


def is_right_to_left(text: str) -> bool:
    """Whether the first letter with a direction of its own runs from right to left (Arabic, Hebrew and so on)."""
    for char in text[:_LOOK_AT]:
        direction = unicodedata.bidirectional(char)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def _take(text: str, width: float, size: float) -> int:
    """How many characters fit, at least one, never ending between a letter and its accents or joiners."""
    used = 0.0
    for place, char in enumerate(text):
        own = _char_width(char) * size
        used += own
        if own and used > width and place:
            while place > 1 and (text[place - 1] == "\u200d" or text[place] in _JOINERS):
                place -= 1
            return place
    return len(text)
