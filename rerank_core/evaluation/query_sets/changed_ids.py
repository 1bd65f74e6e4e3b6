"""Ids that a program has changed on their way: zeros in front lost, ".0" gained, digits cut."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Context, Decimal

from rerank_core.evaluation.formats.imported import Imported

_POINT_ZERO = re.compile(r"(\d+)\.0+")
_ZEROS = re.compile(r"^0+(?=\d)")
_CUT = re.compile(r"\d(\.\d{1,20})?[eE]\+?\d{1,3}|[1-9]\d{14}0+")
_FEWEST_DIGITS, _MOST_DIGITS = 6, 60


def changed_ids(parts: Sequence[Imported]) -> dict[int, dict[str, str]]:
    """By the place of an import the ids in it that no text is known for, each with the id of a document that it is
    once zeros in front, ".0", capital letters or cut digits do not count.

    Only where that is plain: at least half of the ids that nothing is known of are found in this way, and no two ids
    are one.
    """
    texts = {name for part in parts for name in part.documents}
    found: dict[int, dict[str, str]] = {}
    for place, part in enumerate(parts):
        known = texts or {name for other in parts if other is not part for own in other.run.values() for name in own}
        used = dict.fromkeys(name for own in part.judgments.values() for name in own)
        used.update(dict.fromkeys(name for own in part.run.values() for name in own))
        strange = [name for name in used if name not in known]
        if not strange or not known:
            continue
        matched = _matched(strange, known, used)
        if matched and 2 * len(matched) >= len(strange):
            found[place] = matched
    return found


def cut_ids(ids: Iterable[str]) -> list[str]:
    """Those of the ids that a spreadsheet program has taken for numbers and cut, such as 1.46032373703568E+18."""
    return [name for name in ids if "e" in name.casefold() and _CUT.fullmatch(name)]


def _matched(strange: Sequence[str], known: Collection[str], used: Collection[str]) -> dict[str, str]:
    """Each id that is strange with the one it stands for, where no other one is that too."""
    plain: dict[str, set[str]] = {}
    for name in known:
        plain.setdefault(_plain(name), set()).add(name)
    matched = {name: plain.get(_plain(name), set()) for name in strange}
    for name, ids in _uncut([name for name in strange if not matched[name] and _CUT.fullmatch(name)], known).items():
        matched[name] = ids
    single = {name: next(iter(ids)) for name, ids in matched.items() if len(ids) == 1}
    times = Counter(single.values())
    return {name: meant for name, meant in single.items() if times[meant] == 1 and meant not in used}


def _plain(name: str) -> str:
    found = _POINT_ZERO.fullmatch(name)
    return _ZEROS.sub("", found[1] if found else name).casefold() if name[:1].isdigit() else name.casefold()


def _uncut(cut: Sequence[str], known: Collection[str]) -> dict[str, set[str]]:
    """For each of these numbers the ids that become it when all but so many of their digits are cut off or rounded."""
    long = (
        [name for name in known if 15 < len(name) <= _MOST_DIGITS and name.isascii() and name.isdigit()] if cut else []
    )
    short: dict[int, dict[Decimal, set[str]]] = {}
    found = {}
    for name in cut if long else ():
        number = Decimal(name)
        digits = len(number.normalize(Context(prec=_MOST_DIGITS)).as_tuple().digits)
        if digits < _FEWEST_DIGITS:
            continue
        kept = max(digits, 15) if "e" not in name.casefold() else digits
        if kept not in short:
            ways = [Context(prec=kept, rounding=way) for way in (ROUND_HALF_EVEN, ROUND_DOWN)]
            numbers = short[kept] = {}
            for full in long:
                for way in ways:
                    numbers.setdefault(way.create_decimal(full), set()).add(full)
        found[name] = short[kept].get(number, set())
    return found
