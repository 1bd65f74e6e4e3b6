"""Student's t distribution, as far as an interval and a test need it.

The probability is the regularised incomplete beta function, I(v / (v + t^2); v/2, 1/2) for v degrees of freedom
(M. Abramowitz, I. Stegun, "Handbook of mathematical functions", 26.7.1), by its continued fraction (26.5.8) in the form
of W. Lentz. The tests hold it against scipy, which takes near 3 s to import and is not needed here.
"""

from __future__ import annotations

import math
from functools import cache

_SMALL = 1e-300
_STEPS = 400


def two_sided_p(t: float, degrees: float) -> float:
    """The probability that a t of so many degrees of freedom (above 0) is at least as far from 0 as `t`: 0 to 1."""
    if math.isinf(t):
        return 0.0
    return _incomplete_beta(degrees / 2, 0.5, degrees / (degrees + t * t))


@cache
def two_sided_t(p: float, degrees: float) -> float:
    """The t, at least 0, that is passed on either side with probability `p`: 2.571 for 0.05 and 5 degrees of freedom.
    Raises ValueError unless p is above 0 and at most 1."""
    if not 0 < p <= 1:
        raise ValueError("a probability above 0 and up to 1 is needed")
    low, high = 0.0, 1.0
    while two_sided_p(high, degrees) > p:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        if two_sided_p(middle, degrees) > p:
            low = middle
        else:
            high = middle
    return high


def _incomplete_beta(a: float, b: float, x: float) -> float:
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # there the fraction of the other tail ends sooner
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x) - math.log(a)
    )
    return min(1.0, front / _fraction(a, b, x))


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction's denominator, 1 + d1/(1 + d2/(1 + ...))."""
    value, up, down = 1.0, 1.0, 0.0
    for step in range(1, _STEPS):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        down = 1 / ((1 + term * down) or _SMALL)
        up = (1 + term / up) or _SMALL
        value *= up * down
        if abs(up * down - 1) < 1e-15:
            break
    return value
