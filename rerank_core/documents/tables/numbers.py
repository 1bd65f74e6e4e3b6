"""Numbers in cells, where the column as a whole says whether a comma is a decimal one."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

_DECIMAL_COMMA = re.compile(r"[-+]?(?:0?,\d+|\d+,(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3})+,\d+|\d{1,3}(?:\.\d{3}){2,})")
_DECIMAL_POINT = re.compile(r"[-+]?(?:0?\.\d+|\d+\.(?:\d{1,2}|\d{4,})|\d{1,3}(?:,\d{3})+\.\d+|\d{1,3}(?:,\d{3}){2,})")
_AROUND = re.compile(r"^#|[%\s\u00a0\u202f']")


def has_decimal_commas(cells: Iterable[str]) -> bool:
    """Whether the numbers of a column have decimal commas: some can only be read so, as 0,91 and 1.234,5, and none
    only with a decimal point. Then 12,345 beside them is about twelve, and without such neighbours it is neither."""
    commas = False
    for cell in cells:
        if "," not in cell and "." not in cell:
            continue
        plain = _plain(cell)
        if _DECIMAL_POINT.fullmatch(plain):
            return False
        commas = commas or _DECIMAL_COMMA.fullmatch(plain) is not None
    return commas


def with_points(cell: str, *, commas: bool) -> str:
    """A number of a column as Python writes it, without thousands and percent signs: "1.234,5" of a column with decimal
    `commas` is "1234.5", "91 %" is "91". What is no number stays as it is."""
    plain = _plain(cell)
    thousands, point = (".", ",") if commas else (",", ".")
    if not commas and "," in plain and not _DECIMAL_POINT.fullmatch(plain):
        return cell
    number = plain.replace(thousands, "").replace(point, ".") if "," in plain or commas else plain
    try:
        return number if math.isfinite(float(number)) else cell
    except ValueError:
        return cell


def _plain(cell: str) -> str:
    return _AROUND.sub("", cell.strip()).replace("\u2212", "-")
