"""Cost against quality: what each contender costs a month, and what one gets for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rerank_core import pricing
from rerank_core.evaluation.answer import INITIAL, Answer

__all__ = ["CostPoint", "cost_quality", "worth"]


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
