"""The initial order of documents by a rank or a score that came with them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

from rerank_core.documents.report import ParsedDocuments, Problem
from rerank_core.documents.tables import fields
from rerank_core.documents.tables.numbers import has_decimal_commas, with_points
from rerank_core.errors import InvalidDocumentsError
from rerank_core.models import Document

OrderBy = Literal["rank", "score"]


class Ordered(NamedTuple):
    """Documents in their new order; in the problems `line` is a document's place, from 1, in the old one."""

    documents: tuple[Document, ...]
    problems: tuple[Problem, ...]


def order_by(source: ParsedDocuments | Iterable[Document], by: OrderBy, column: str | None = None) -> Ordered:
    """Documents by rank, lowest first, or by score, highest first; equals keep their order.

    `column` names the metadata that holds the number. Without it an import's own choice counts, and where
    that has none each document's first metadata whose name is known for a rank or score. Documents
    without a readable number come last, in their order, and each is a problem.
    Raises InvalidDocumentsError where `by` is neither, or where no document has such a number at all.
    """
    if by not in ("rank", "score"):
        raise InvalidDocumentsError(f"There is no order by '{by}'.", hint="Use 'rank' or 'score'.")
    if isinstance(source, ParsedDocuments):
        documents = source.documents
        column = column or source.chosen.get(by)
    else:
        documents = tuple(source)
    keys: list[float | None] = []
    problems: list[Problem] = []
    values = [_value(document, by, column) for document in documents]
    commas = has_decimal_commas(value for value in values if isinstance(value, str))
    for place, value in enumerate(values, 1):
        key = number_of(with_points(value, commas=True) if commas and isinstance(value, str) else value)
        keys.append(key)
        if key is None:
            what = f"'{value}' is not a number" if str(value or "").strip() else "it has none"
            problems.append(Problem(place, f"This document has no {by} to sort by: {what}. It comes last."))
    if documents and all(key is None for key in keys):
        raise InvalidDocumentsError(
            f"None of the documents has a {by}.", hint=f"Choose the column that holds the {by}, or keep the order."
        )
    sign = 1 if by == "rank" else -1
    places = sorted(range(len(documents)), key=lambda place: (keys[place] is None, sign * (keys[place] or 0.0)))
    return Ordered(tuple(documents[place] for place in places), tuple(problems))


def _value(document: Document, by: OrderBy, column: str | None) -> Any:
    name = column if column is not None else fields.first_named(document.metadata, by)
    return document.metadata.get(name) if name is not None else None


_GROUPED = re.compile(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d*,\d+")


def number_of(value: Any) -> float | None:
    """A number from a cell: "0.87", "0,87", "1,200", "87%", "#3", "3."; None where it is no finite number.

    One comma followed by exactly three digits, as in "1,200", groups thousands; any other is a decimal comma.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, str):
        value = value.strip().removeprefix("#").removesuffix("%").strip().replace("\u2212", "-")
        if _GROUPED.fullmatch(value):
            value = value.replace(",", "")
        elif _DECIMAL_COMMA.fullmatch(value):
            value = value.replace(",", ".")
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None
