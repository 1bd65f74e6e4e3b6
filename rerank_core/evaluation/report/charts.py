"""The pictures of the report as inline SVG: drawn with code, coloured by the page's own style sheet.

Every picture says in its label what it shows; every colour has a sign or a word beside it. Texts are escaped.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal

from markupsafe import Markup, escape

from rerank_core.evaluation.measures.cost_quality import CostPoint, labels_apart
from rerank_core.evaluation.measures.cutoff import CutOff
from rerank_core.evaluation.measures.summary import INITIAL, Summary
from rerank_core.exports.text_width import fit
from rerank_core.pricing.estimates import money_text

_WIDTH = 860
_LEFT = 190
_RIGHT = 60
_ROW = 34
_LABEL = 140
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def shown(value: object) -> Markup:
    """A value as HTML can hold it: escaped, with U+FFFD for what no document may contain. Markup is kept as it is."""
    if isinstance(value, Markup):
        return value
    return escape(_FORBIDDEN.sub("�", str(value)))


def means_chart(summary: Summary) -> Markup:
    """The mean of the main measure of every run, as bars; the whisker is the 95% interval of the difference to the
    initial order, and a dashed line the best that any order of the candidates could reach."""
    height = _ROW * len(summary.rows) + 56
    start = summary.rows[0].means[summary.measure]
    label = f"{summary.measure} of each order: " + ", ".join(
        f"{row.label} {row.means[summary.measure]:.2f}" for row in summary.rows
    )
    parts = [*_axis(height, "0", "0.25", "0.5", "0.75", "1")]
    for place, row in enumerate(summary.rows):
        y = 8 + _ROW * place
        mean = row.means[summary.measure]
        parts.append(_label(row.label, y + 16))
        kind = "plain" if row.label == INITIAL else "main"
        parts.append(f'<rect class="{kind}" x="{_LEFT}" y="{y + 3}" width="{_span(mean):.1f}" height="18"/>')
        if row.compared is not None and row.compared.interval is not None:
            low, high = (_x(min(1.0, max(0.0, start + edge))) for edge in row.compared.interval)
            parts.append(
                f'<path class="whisker" d="M{low:.1f} {y + 12}H{high:.1f}M{low:.1f} {y + 7}v10M{high:.1f} {y + 7}v10"/>'
            )
        parts.append(f'<text x="{_WIDTH - _RIGHT + 10}" y="{y + 17}">{mean:.3f}</text>')
    ceiling = _x(summary.ceiling)
    parts.append(f'<path class="limit" d="M{ceiling:.1f} 4V{height - 40}"/>')
    parts.append(
        f'<text class="soft" x="{ceiling:.1f}" y="{height - 4}" text-anchor="middle">'
        f"best possible {summary.ceiling:.2f}</text>"
    )
    return _svg(height, label, parts)


def changes_chart(summary: Summary, label: str) -> Markup:
    """The change of each query by a contender, sorted, as bars up (better) and down (worse) from a line."""
    changes = summary.changes(label)
    most = max((abs(change.change) for change in changes), default=0.0) or 1.0
    height, middle = 230, 105
    room = (_WIDTH - 60) / max(1, len(changes))
    width = max(0.8, min(14.0, room * 0.8))
    parts = [
        f'<text class="soft" x="0" y="{middle - 84}">+{most:.2f}</text>',
        f'<text class="soft" x="0" y="{middle + 92}">-{most:.2f}</text>',
    ]
    for place, change in enumerate(reversed(changes)):
        size = 90 * change.change / most
        x = 55 + room * place + (room - width) / 2
        kind = "better" if size > 0 else "worse"
        top = middle - size if size > 0 else middle
        title = f"{change.query.text[:80]}: {change.before:.2f} to {change.after:.2f}"
        parts.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(0.6, abs(size)):.1f}">'
            f"<title>{shown(title)}</title></rect>"
        )
    parts.append(f'<path class="axis" d="M50 {middle}H{_WIDTH}"/>')
    better = sum(change.change > 1e-9 for change in changes)
    worse = sum(change.change < -1e-9 for change in changes)
    parts.append(f'<text x="55" y="{height - 6}">▲ {better:,} better</text>')
    parts.append(f'<text x="{_WIDTH}" y="{height - 6}" text-anchor="end">▼ {worse:,} worse</text>')
    return _svg(
        height, f"Change of {summary.measure} by {label}, query by query: {better} better, {worse} worse", parts
    )


def cut_chart(cut: CutOff) -> Markup:
    """Precision, recall, answered and wrongly answered against the score threshold, as four lines."""
    points = cut.points
    low, high = points[0].threshold, points[-1].threshold
    height, bottom, left = 260, 210, 50
    right = _WIDTH - 180

    def x(threshold: float) -> float:
        return left + (right - left) * ((threshold - low) / (high - low) if high > low else 0.5)

    def y(share: float) -> float:
        return bottom - 190 * share

    parts, digits = [], 2 if high - low > 0.1 else 3
    for share in (0.0, 0.5, 1.0):
        parts.append(f'<path class="hair" d="M{left} {y(share):.1f}H{right}"/>')
        parts.append(f'<text class="soft" x="{left - 8}" y="{y(share) + 4:.1f}" text-anchor="end">{share:.0%}</text>')
    for place in range(5):
        value = low + (high - low) * place / 4
        parts.append(
            f'<text class="soft" x="{x(value):.1f}" y="{bottom + 20}" text-anchor="middle">{value:.{digits}f}</text>'
        )
    lines: tuple[tuple[str, str, list[float | None]], ...] = (
        ("precision", "one", [point.precision for point in points]),
        ("recall", "two", [point.recall for point in points]),
        ("answered", "three", [point.answered for point in points]),
        ("wrongly answered", "four", [point.wrongly_answered for point in points]),
    )
    for number, (name, kind, shares) in enumerate(lines):
        drawn = [
            (x(point.threshold), y(share)) for point, share in zip(points, shares, strict=True) if share is not None
        ]
        if not drawn:
            continue
        path = "L".join(f"{one:.1f} {other:.1f}" for one, other in drawn)
        parts.append(f'<path class="line {kind}" d="M{path}"/>')
        parts.append(f'<path class="line {kind}" d="M{right + 16} {24 + 24 * number}h26"/>')
        parts.append(f'<text x="{right + 50}" y="{28 + 24 * number}">{name}</text>')
    if cut.suggested is not None and not cut.unlearned:
        here = x(cut.suggested.threshold)
        parts.append(f'<path class="limit" d="M{here:.1f} 14V{bottom}"/>')
        parts.append(
            f'<text class="soft" x="{here:.1f}" y="{height - 8}" text-anchor="middle">'
            f"suggested {cut.suggested.threshold:.{digits}f}</text>"
        )
    return _svg(height, f"What a score threshold does with {cut.label}", parts)


def cost_chart(points: Sequence[CostPoint], measure: str, searches_a_day: float) -> Markup:
    """Cost a month on one axis, quality on the other. Points of unknown cost are left out; empty where all cost the
    same, since there is nothing to see then."""
    drawn = [(float(point.monthly), point) for point in points if point.monthly is not None]
    most = max((amount for amount, _ in drawn), default=0.0)
    if not most:
        return Markup()
    height, bottom, left, right = 300, 240, 60, _WIDTH - 40
    low, high, step = _scale(min(point.low for _, point in drawn), max(point.high for _, point in drawn))

    def x(amount: float) -> float:
        return left + 8 + (right - left - 148) * amount / most

    def y(quality: float) -> float:
        return bottom - (bottom - 24) * (quality - low) / (high - low)

    parts = []
    for place in range(round((high - low) / step) + 1):
        quality = low + step * place
        parts.append(f'<path class="hair" d="M{left} {y(quality):.1f}H{right}"/>')
        parts.append(
            f'<text class="soft" x="{left - 8}" y="{y(quality) + 4:.1f}" text-anchor="end">{quality:.2f}</text>'
        )
    for place in range(5):
        amount = most * place / 4
        shown_amount = money_text(Decimal(repr(amount)))
        parts.append(
            f'<text class="soft" x="{x(amount):.1f}" y="{bottom + 22}" text-anchor="middle">{shown_amount}</text>'
        )
    labels = labels_apart([(x(cost), x(cost) + _LABEL, y(one.quality)) for cost, one in drawn], bottom)
    for (amount, point), label_y in zip(drawn, labels, strict=True):
        here, there = x(amount), y(point.quality)
        kind = "plain" if point.label == INITIAL else "main"
        parts.append(
            f'<path class="whisker" d="M{here:.1f} {y(point.low):.1f}V{y(point.high):.1f}"/>'
            f'<circle class="{kind}" cx="{here:.1f}" cy="{there:.1f}" r="7"/>'
            f'<text x="{here + 13:.1f}" y="{label_y + 5:.1f}">{shown(fit(point.label, _LABEL - 15, 14))}</text>'
        )
    parts.append(
        f'<text class="soft" x="{(left + right) / 2:.0f}" y="{height - 8}" text-anchor="middle">'
        f"US dollars a month at {searches_a_day:,.0f} searches a day</text>"
    )
    parts.append(f'<text class="soft" x="{left}" y="12">{shown(measure)}</text>')
    return _svg(height, f"Cost a month against {measure}", parts)


def _scale(lowest: float, highest: float) -> tuple[float, float, float]:
    """Round ends and a round step for an axis that holds both values, within 0 and 1."""
    step = next(one for one in (0.02, 0.05, 0.1, 0.2) if (highest - lowest) / one <= 4 or one == 0.2)
    low = max(0.0, math.floor(lowest / step) * step)
    high = min(1.0, math.ceil(highest / step + 1e-9) * step)
    return low, max(high, low + step), step


def _svg(height: float, label: str, parts: Sequence[str]) -> Markup:
    """The picture in a frame: narrower than its type can be read it scrolls, without a mouse or a finger too. Texts in
    `parts` are escaped already."""
    return Markup(  # noqa: S704
        f'<div class="wide" tabindex="0" role="group" aria-label="Chart"><svg role="img" aria-label="{shown(label)}" '
        f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}">{"".join(parts)}</svg></div>'
    )


def _span(share: float) -> float:
    return (_WIDTH - _LEFT - _RIGHT) * min(1.0, max(0.0, share))


def _x(share: float) -> float:
    return _LEFT + _span(share)


def _label(text: str, y: float) -> str:
    return f'<text x="{_LEFT - 10}" y="{y}" text-anchor="end">{shown(fit(text, _LEFT - 16, 14))}</text>'


def _axis(height: float, *ticks: str) -> Iterator[str]:
    for tick in ticks:
        x = _x(float(tick))
        yield f'<path class="hair" d="M{x:.1f} 4V{height - 40}"/>'
        yield f'<text class="soft" x="{x:.1f}" y="{height - 22}" text-anchor="middle">{tick}</text>'
