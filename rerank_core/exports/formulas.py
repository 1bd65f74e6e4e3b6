"""Texts as cells of a spreadsheet that are never run as formulas, and the way back."""

from __future__ import annotations

import unicodedata
from typing import Final

GUARD: Final = "'"
"""What stands before a guarded cell: spreadsheets take it as "this is text", other programs read it as a character."""

# Spreadsheets in Chinese and Japanese locales read the full-width forms as the ASCII ones.
_STARTS: Final = frozenset("=+-@＝＋－＠")
_OF_QUEPID: Final = ("=", "+", "-", "@")
_BREAKS: Final = frozenset("\t\r\n")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may run a cell with this text: it begins with = + - @ (full-width forms too, and behind
    any white space, control or invisible characters), or with a tab or a line break."""
    if not text or text[0].isalnum():
        return False
    if text[0] in _BREAKS:
        return True
    start = next((char for char in text if not (char.isspace() or unicodedata.category(char) in ("Cc", "Cf"))), "")
    return start in _STARTS


def guarded(text: str) -> str:
    """The text as a cell that is never run as a formula: what `is_formula` gets an apostrophe in front.

    A space would do for most programs, but some trim it. So that `unguarded` gives back every text, one that looks
    guarded by itself, such as '=1, gets an apostrophe more. Other texts come back as they are.
    """
    return GUARD + text if is_formula(text.lstrip(GUARD)) else text


def unguarded(cell: str, *, by_quepid: bool = False) -> str:
    """The text of a cell that `guarded` wrote. A cell that begins with an apostrophe and is not guarded, such as
    'tis, comes back as it is. With `by_quepid` one is guarded too that begins with a space and then = + - or @, as
    Quepid writes it."""
    if cell.startswith(GUARD):
        return cell[1:] if is_formula(cell.lstrip(GUARD)) else cell
    return cell[1:] if by_quepid and cell.startswith(" ") and cell.lstrip(" ").startswith(_OF_QUEPID) else cell
