"""Cost against quality: what each contender costs a month, and what one gets for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rerank_core import pricing
from rerank_core.evaluation.answer import INITIAL, Answer

__all__ = ["CostPoint", "Picture", "cost_quality", "labels_apart", "picture", "worth"]

_LINE = 17
"""The height of a label with the room it needs, in pixels."""
_LABEL = 140
"""How near two points must be across, in pixels, for their labels to meet."""
_NARROW = 300
"""The width that the picture has on a phone."""
_BEYOND = 1.03
"""How far the axis goes past the best quality there is, so that a point there does not stand on the frame."""


@dataclass(frozen=True, slots=True)
class CostPoint:
    """One contender as a point: `quality` is the mean of the main measure (0 to 1), `low` and `high` the 95% interval
    of its difference to the initial order, added to that order's mean. `per_search` and `monthly` are US dollars,
    None where unknown. `best_value` marks a contender that no other beats in both: none is at least as good and
    cheaper, or better and no dearer."""

    label: str
    quality: float
    low: float
    high: float
    per_search: Decimal | None
    monthly: Decimal | None
    best_value: bool = False


def cost_quality(answer: Answer, searches_a_day: float | None = None) -> tuple[CostPoint, ...]:
    """The points of the picture, the initial order at no cost first. `searches_a_day` None is the answer's own.
    Raises ValueError for a negative number of searches."""
    daily = answer.searches_a_day if searches_a_day is None else searches_a_day
    start = answer.rows[0].means[answer.measure]
    points = [CostPoint(INITIAL, start, start, start, Decimal(0), Decimal(0))]
    for row in answer.rows[1:]:
        low, high = row.compared.interval if row.compared is not None else (0.0, 0.0)
        points.append(
            CostPoint(
                row.label,
                row.means[answer.measure],
                start + low,
                start + high,
                row.per_search,
                pricing.monthly(row.per_search, daily),
            )
        )
    return tuple(
        CostPoint(one.label, one.quality, one.low, one.high, one.per_search, one.monthly, _is_best_value(one, points))
        for one in points
    )


@dataclass(frozen=True, slots=True)
class Picture:
    """How points are drawn: quality from `low` to `high`, up to `most` US dollars a month, and the quality at which
    each point's label stands, beside it or moved so that no label stands on another."""

    low: float
    high: float
    most: float
    labels: tuple[float, ...]


def picture(points: Sequence[CostPoint], height: float) -> Picture:
    """Axes and labels for a picture of this many pixels in height. Points of unknown cost count as free; raises
    ValueError without any point."""
    least, best = min(one.low for one in points), max(one.high for one in points)
    least, best = min(least, *(one.quality for one in points)), max(best, *(one.quality for one in points))
    space = max(0.02, (best - least) * 0.15)
    low, high = max(0.0, least - space), min(_BEYOND, best + space)
    most = max(float(one.monthly or 0) for one in points)
    each = height / (high - low)
    places = [
        (_NARROW * float(one.monthly or 0) / most if most else 0.0, (high - one.quality) * each) for one in points
    ]
    labels = tuple(high - y / each for y in labels_apart(places, height - _LINE / 2))
    return Picture(low, high, most, labels)


def labels_apart(places: Sequence[tuple[float, float]], bottom: float) -> list[float]:
    """How far down the labels of points go, so that none stands on another: at their points (pixels across and down)
    or as far below as the lines above need, and none further down than `bottom` where there is room above."""
    placed: dict[int, float] = {}
    for number in sorted(range(len(places)), key=lambda one: places[one][1]):
        y = places[number][1]
        for other, taken in placed.items():
            if abs(places[other][0] - places[number][0]) < _LABEL:
                y = max(y, taken + _LINE)
        placed[number] = y
    raised: dict[int, float] = {}
    for number in sorted(placed, key=placed.__getitem__, reverse=True):
        y = min(placed[number], bottom)
        for other, taken in raised.items():
            if abs(places[other][0] - places[number][0]) < _LABEL:
                y = min(y, taken - _LINE)
        raised[number] = y
    return [raised[number] for number in range(len(places))]


def worth(answer: Answer, searches_a_day: float | None = None) -> str:
    """The picture in a sentence: the best order, and the cheapest that comes within 0.01 of it."""
    points = [point for point in cost_quality(answer, searches_a_day) if point.monthly is not None]
    daily = answer.searches_a_day if searches_a_day is None else searches_a_day
    best = max(points, key=lambda point: point.quality)
    cheap = min(
        (point for point in points if point.quality >= best.quality - 0.01), key=lambda point: point.monthly or 0
    )
    if best.label == INITIAL:
        return f"No model beats the initial order on {answer.measure}, so none is worth paying for on these queries."
    row = next(row for row in answer.rows if row.label == best.label)
    said = f"{best.label} is the best at {answer.measure} {best.quality:.2f}, " + (
        f"for {_money(best.monthly)} a month at {daily:,.0f} searches a day" if best.monthly else "at no cost"
    )
    if cheap.label != best.label and cheap.monthly != best.monthly:
        said += f"; {cheap.label} comes within 0.01 of it for {_money(cheap.monthly)}"
    if row.compared is not None and not row.compared.significant:
        said += "; what it adds to the initial order may be chance"
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
