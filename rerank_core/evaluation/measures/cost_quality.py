"""Cost against quality: what each contender costs a month, and what one gets for it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rerank_core import pricing
from rerank_core.evaluation.measures.summary import INITIAL, Summary
from rerank_core.exports.text_width import text_width

_LINE = 17
"""The height of a label with the room it needs, in pixels."""
_BESIDE = 10
"""How far from its point a label begins, in pixels."""
_NARROW = 300
"""The width that the picture has on a phone."""
_BEYOND = 1.03
"""How far the axis goes past the best quality there is, so that a point there does not stand on the frame."""


@dataclass(frozen=True, slots=True)
class CostPoint:
    """One contender as a point: `quality` is the mean of the main measure (0 to 1), `low` and `high` the 95% interval
    of its difference to the initial order, added to that order's mean, or the quality itself where there is no
    interval. `per_search` and `monthly` are US dollars, None where unknown. `best_value` marks a contender that no
    other beats in both: none is at least as good and cheaper, or better and no dearer. `told_apart` says whether it is
    told apart from the initial order, which is True of that order itself."""

    label: str
    quality: float
    low: float
    high: float
    per_search: Decimal | None
    monthly: Decimal | None
    best_value: bool = False
    told_apart: bool = True


def cost_quality(summary: Summary, searches_a_day: float | None = None) -> tuple[CostPoint, ...]:
    """The points of the picture, the initial order at no cost first. `searches_a_day` None is the summary's own.
    Raises ValueError for a negative number of searches."""
    daily = summary.settings.searches_a_day if searches_a_day is None else searches_a_day
    start = summary.rows[0].means[summary.measure]
    points = [CostPoint(INITIAL, start, start, start, Decimal(0), Decimal(0))]
    for row in summary.rows[1:]:
        gain = row.means[summary.measure] - start
        low, high = (row.compared and row.compared.interval) or (gain, gain)
        points.append(
            CostPoint(
                row.label,
                row.means[summary.measure],
                start + low,
                start + high,
                row.per_search,
                pricing.monthly(row.per_search, daily),
                told_apart=row.compared is not None and row.compared.significant,
            )
        )
    return tuple(replace(one, best_value=_is_best_value(one, points)) for one in points)


@dataclass(frozen=True, slots=True)
class Picture:
    """How points are drawn: quality from `low` to `high`, up to `most` US dollars a month, and the quality at which
    each point's label stands, beside it or moved so that no label stands on another. `before` says whether that is
    before its point, since there is no room behind it."""

    low: float
    high: float
    most: float
    labels: tuple[float, ...]
    before: tuple[bool, ...]


def picture(points: Sequence[CostPoint], height: float, type_size: float) -> Picture:
    """Axes and labels for a picture of this many pixels in height, with labels of this size, that can be read on a
    phone too. Points of unknown cost count as free; raises ValueError without any point."""
    least, best = min(one.low for one in points), max(one.high for one in points)
    least, best = min(least, *(one.quality for one in points)), max(best, *(one.quality for one in points))
    space = max(0.02, (best - least) * 0.15)
    low, high = max(0.0, least - space), min(_BEYOND, best + space)
    most = max(float(one.monthly or 0) for one in points)
    each = height / (high - low)
    spans, before = [], []
    for one in points:
        x = _NARROW * float(one.monthly or 0) / most if most else 0.0
        width = text_width(one.label, type_size)
        before.append(x > _NARROW / 2)
        start = x - _BESIDE - width if before[-1] else x + _BESIDE
        spans.append((start, start + width, (high - one.quality) * each))
    labels = tuple(high - y / each for y in labels_apart(spans, height - _LINE / 2))
    return Picture(low, high, most, labels, tuple(before))


def labels_apart(spans: Sequence[tuple[float, float, float]], bottom: float) -> list[float]:
    """How far down labels go so that none stands on another. Each is given by where it begins and ends across and by
    how far down its point is, in pixels; it goes there, or as far below as the lines above need, and none further down
    than `bottom`, where the others make room."""
    down = _stacked(spans)
    up = _stacked([(left, right, -y) for (left, right, _), y in zip(spans, down, strict=True)], -bottom)
    return [-y for y in up]


def _stacked(spans: Sequence[tuple[float, float, float]], least: float = -math.inf) -> list[float]:
    """The places of labels along one direction, from `least` on, each at least a line behind those before it that it
    would meet."""
    placed: dict[int, float] = {}
    for number in sorted(range(len(spans)), key=lambda one: spans[one][2]):
        left, right, wanted = spans[number]
        y = max(wanted, least)
        for other, taken in placed.items():
            if left < spans[other][1] and spans[other][0] < right:
                y = max(y, taken + _LINE)
        placed[number] = y
    return [placed[number] for number in range(len(spans))]


def worth(summary: Summary, searches_a_day: float | None = None) -> str:
    """What the picture says about money, in a sentence: about the best of the hosted models that were run, and the
    cheapest order that comes within 0.01 of it. Nothing is said about models that were not run, and what cannot be told
    apart is not called worth nothing."""
    daily = summary.settings.searches_a_day if searches_a_day is None else searches_a_day
    hosted = [row for row in summary.rows[1:] if not row.local]
    if not hosted:
        return (
            "Only stand-ins on this computer were run, which cost nothing. What a hosted model would cost stands "
            "below; what it would add is not known until it is run."
        )
    name = summary.measure
    row = max(hosted, key=lambda one: one.means[name])
    monthly = pricing.monthly(row.per_search, daily)
    known = f"{_money(monthly)} a month at {daily:,.0f} searches a day"
    price = known if monthly is not None else "its price, which is not known"
    assert row.compared is not None
    if not row.compared.significant:
        return (
            f"{row.label} cannot be told apart from the initial order on {name}, so nobody knows yet whether it is "
            f"worth {price}."
        )
    if row.compared.difference < 0:
        return f"{row.label} is worse than the initial order on {name}, so it is not worth {price} on these queries."
    said = f"{row.label} is the best hosted model at {name} {row.means[name]:.2f}, for {price}"
    points = [point for point in cost_quality(summary, daily) if point.monthly is not None]
    near = [point for point in points if point.quality >= row.means[name] - 0.01 and point.label != row.label]
    cheap = min(near, key=lambda point: point.monthly or 0, default=None)
    if cheap is not None and cheap.monthly is not None and monthly is not None and cheap.monthly < monthly:
        said += f"; {cheap.label} comes within 0.01 of it for {_money(cheap.monthly)}"
    return f"{said}."


def _money(amount: Decimal | None) -> str:
    return pricing.money_text(amount).removesuffix(".00")


def _is_best_value(one: CostPoint, points: Sequence[CostPoint]) -> bool:
    if one.monthly is None:
        return False
    return not any(
        other.monthly is not None
        and other.quality >= one.quality
        and other.monthly <= one.monthly
        and (other.quality > one.quality or other.monthly < one.monthly)
        for other in points
    )
