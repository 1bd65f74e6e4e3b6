"""What replies of rerank services have in common: a list of scored rows, and errors in many shapes."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from rerank_core import errors
from rerank_core.models import TextSpan
from rerank_core.providers.spec import Batch

NO_ROWS = "no_results"
"""The code of a BadResponseError for a reply that has no rows where they should be: it may be of another service."""

_VERSION_DAY = re.compile(r"[-@:]\d{4}-?\d{2}(-?\d{2})?$")


def read_rows(
    body: Any, part_size: int, top_n: int | None, *, rows_name: str = "results", score_name: str = "relevance_score"
) -> tuple[tuple[int, float], ...]:
    """The (index, score) rows of a reply, or BadResponseError where any of them could be a wrong row.

    `part_size` is how many documents were sent. Refused: a body that is not an object with a list of rows,
    an index that is not an integer (a bool, a string, a float), negative, out of range or repeated, a score
    that is not a finite number, and fewer rows than min(top_n, part_size).
    """
    rows = body.get(rows_name) if isinstance(body, dict) else None
    if not isinstance(rows, list):
        raise errors.BadResponseError(f"The reply holds no list of {rows_name}.", code=NO_ROWS)
    read: list[tuple[int, float]] = []
    seen = bytearray(part_size)
    for row in rows:
        if not isinstance(row, dict):
            raise errors.BadResponseError(f"Row {len(read) + 1} of the reply is not an object.")
        index, score = row.get("index"), row.get(score_name)
        if type(index) is not int or not 0 <= index < part_size:
            raise errors.BadResponseError(
                f"Row {len(read) + 1} of the reply names document {_shown(index)}; the {part_size} documents sent "
                "count from 0."
            )
        if seen[index]:
            raise errors.BadResponseError(f"The reply names document {index} twice.")
        seen[index] = 1
        if type(score) is not float or score - score != 0.0:  # only NaN and infinity differ from themselves
            if (exact := number(score)) is None:
                raise errors.BadResponseError(f"The score of document {index} is {_shown(score)}, not a number.")
            score = exact
        read.append((index, score))
    owed = part_size if top_n is None else min(top_n, part_size)
    if len(read) < owed:
        raise errors.BadResponseError(f"The reply holds {len(read)} of {owed} results.")
    return tuple(read)


def read_spans(body: Any, texts: Sequence[str], *, rows_name: str = "results") -> dict[int, tuple[TextSpan, ...]]:
    """The parts of the texts that a reply says speak to the query, by index into `texts`.

    They are `relevant_spans` of a row, objects with `start`, `end` and perhaps `score`, counted in Unicode characters
    (Cohere's Rerank 5). What is no part of its text is left out, and parts that touch or overlap become one.
    `body` has passed `read_rows`.
    """
    found: dict[int, tuple[TextSpan, ...]] = {}
    for row in [row for row in body[rows_name] if "relevant_spans" in row]:
        entries = row["relevant_spans"]
        if isinstance(entries, list) and (spans := _spans(entries, len(texts[row["index"]]))):
            found[row["index"]] = spans
    return found


def _spans(entries: Sequence[Any], length: int) -> tuple[TextSpan, ...]:
    read = []
    for entry in entries:
        start, stop = (entry.get(name) for name in ("start", "end")) if isinstance(entry, dict) else (None, None)
        if type(start) is int and type(stop) is int and 0 <= start < stop <= length:
            read.append(TextSpan(start, stop, number(entry.get("score"))))
    apart: list[TextSpan] = []
    for span in sorted(read, key=lambda each: (each.start, each.stop)):
        if apart and span.start <= apart[-1].stop:
            last = apart.pop()
            scores = [score for score in (last.score, span.score) if score is not None]
            span = TextSpan(last.start, max(last.stop, span.stop), max(scores, default=None))
        apart.append(span)
    return tuple(apart)


def inside(body: Any, *names: str) -> Any:
    """What stands under these names, one in the other; None where there is no such place."""
    for name in names:
        body = body.get(name) if isinstance(body, dict) else None
    return body


def answering_model(said: Any, batch: Batch) -> tuple[str | None, tuple[str, ...]]:
    """The model that answered by what the reply says, and a warning where it is another than the one asked for.

    A vendor's name in front, a day behind and capitals make no other model. A name that ends in "latest" stands for
    whichever that is, so there is nothing to warn of.
    """
    name, asked = text_or_none(said), batch.model
    if name is None or (asked is not None and _same_model(name, asked)):
        return asked, ()
    if asked is None or asked.endswith("latest"):
        return name, ()
    return name, (f"{name} answered in place of {asked}: its scores are on another scale.",)


def _same_model(one: str, other: str) -> bool:
    first, second = (_VERSION_DAY.sub("", name.lower().rpartition("/")[2]) for name in (one, other))
    return first == second


def number(value: Any) -> float | None:
    """A JSON number as a finite float; None for anything else, a bool, NaN and infinity included."""
    if type(value) is float:
        return value if math.isfinite(value) else None
    if type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return None
    return None


def amount(value: Any) -> Decimal | None:
    """An amount of money, a number or one in a string, as Decimal(str(value)); None where it is no finite
    number of 0 or more."""
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        money = Decimal(str(value))
    except InvalidOperation:
        return None
    return money if money.is_finite() and money >= 0 else None


def text_or_none(value: Any) -> str | None:
    """A JSON string that is not blank, or a number as text; None for anything else."""
    if type(value) is int:
        return str(value)
    return value if isinstance(value, str) and value.strip() else None


def _shown(value: Any) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."
