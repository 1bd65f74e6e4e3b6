"""Agreement of raters beyond chance: kappa of two, kappa of more, and how sure either is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.measures.students_t import two_sided_t

Weights = Literal["none", "linear", "quadratic"]

FEW = 30
"""Under so many documents in common a kappa says little."""

_Counted = Mapping[tuple[int, ...], int]
"""The grades of one document, and how many documents were graded like that."""


def cohen_kappa(first: Sequence[int], second: Sequence[int], weights: Weights = "none") -> float | None:
    """Cohen's kappa of two raters' grades for the same items: agreement beyond chance, 1 for full, 0 for chance.

        kappa = 1 - sum(w_ij * o_ij) / sum(w_ij * e_ij)

    o_ij is the share of items that the first graded i and the second j, e_ij the product of the shares of i by the
    first and of j by the second, and w_ij how bad that is: 1 wherever i differs from j ("none"), |i - j| ("linear")
    or (i - j)^2 ("quadratic"). J. Cohen, "A coefficient of agreement for nominal scales", Educational and
    Psychological Measurement 20, 1960; weights: Psychological Bulletin 70, 1968. None where it is not defined:
    no items, or no disagreement was possible by chance because both used one and the same grade.

    Worked example: of 50 items both say 1 for 20 and 0 for 15; the first alone says 1 for 5, the second alone for
    10. They agree on 0.70; by chance it would be 0.5 * 0.6 + 0.5 * 0.4 = 0.50; so kappa = 1 - 0.30 / 0.50 = 0.40.
    Raises InvalidRequestError where the two are not equally long.
    """
    return _of_two(Counter(_together(first, second)), weights)


def cohen_interval(
    first: Sequence[int], second: Sequence[int], weights: Weights = "none"
) -> tuple[float, float] | None:
    """The 95% interval of `cohen_kappa` (see `kappa_interval`)."""
    return kappa_interval(Counter(_together(first, second)), lambda counted: _of_two(counted, weights))


def fleiss_kappa(items: Iterable[Sequence[int]], weights: Weights = "none") -> float | None:
    """Fleiss' kappa of any number of raters: agreement beyond chance, 1 for full, 0 for chance.

    Each item is the grades that it was given, by whomever and in any order; items with fewer than two grades do not
    count. kappa = 1 - D / E, where D is how far two of an item's own grades are apart, over all two of them and then
    over all items, and E how far two grades drawn from all would be, each item weighing the same. Far is 1 wherever
    they differ ("none"), or the distance ("linear") or its square ("quadratic"). With as many grades for each item and
    no weights it is what J. Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76,
    1971, gives; weights and items of different numbers of grades as in K. Gwet, "Handbook of inter-rater reliability",
    2014, but that an item with one grade counts for nothing. None where it is not defined, as for `cohen_kappa`.
    """
    return _of_many(_grouped(items), weights)


def fleiss_interval(items: Iterable[Sequence[int]], weights: Weights = "none") -> tuple[float, float] | None:
    """The 95% interval of `fleiss_kappa` (see `kappa_interval`)."""
    return kappa_interval(_grouped(items), lambda counted: _of_many(counted, weights))


def kappa_interval(counted: _Counted, kappa: Callable[[_Counted], float | None]) -> tuple[float, float] | None:
    """Where the kappa of documents like these lies, with 95%: by the jackknife, which leaves each document out in turn
    (J. Tukey, 1958), and Student's t. Cut at -1 and 1. None where it cannot be said: fewer than three documents, no
    difference whichever is left out, as with full agreement, or a kappa that hangs on one document."""
    total, whole = sum(counted.values()), kappa(counted)
    if whole is None or total < 3:
        return None
    values: list[tuple[float, int]] = []
    for grades, number in counted.items():
        without = kappa({**counted, grades: number - 1})
        if without is None:
            return None
        values.append((total * whole - (total - 1) * without, number))
    mean = sum(value * number for value, number in values) / total
    spread = sum(number * (value - mean) ** 2 for value, number in values) / (total - 1)
    if spread <= 1e-18:
        return None
    reach = two_sided_t(0.05, total - 1) * math.sqrt(spread / total)
    return max(-1.0, whole - reach), min(1.0, whole + reach)


def kappa_words(kappa: float) -> str:
    """A kappa in words, by the usual bands (J. Landis, G. Koch, Biometrics 33, 1977): poor below 0, slight to 0.2,
    fair to 0.4, moderate to 0.6, substantial to 0.8, almost perfect above."""
    bands = ((0.0, "poor"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))
    if kappa < 0:
        return "poor"
    return next((words for limit, words in bands[1:] if kappa <= limit), "almost perfect")


def _together(first: Sequence[int], second: Sequence[int]) -> Iterable[tuple[int, int]]:
    if len(first) != len(second):
        raise InvalidRequestError(
            f"The raters gave {len(first):,} and {len(second):,} grades.", hint="Give both for the same items."
        )
    return zip(first, second, strict=True)


def _grouped(items: Iterable[Sequence[int]]) -> Counter[tuple[int, ...]]:
    return Counter(tuple(sorted(grades)) for grades in items if len(grades) > 1)


def _of_two(counted: _Counted, weights: Weights) -> float | None:
    total = sum(counted.values())
    if not total:
        return None
    shares: tuple[Counter[int], Counter[int]] = (Counter(), Counter())
    for grades, number in counted.items():
        for side, grade in zip(shares, grades, strict=True):
            side[grade] += number
    observed = sum(number * _apart(grades[0], grades[1], weights) for grades, number in counted.items()) / total
    expected = (
        sum(_apart(a, b, weights) * one * other for a, one in shares[0].items() for b, other in shares[1].items())
        / total**2
    )
    return None if expected <= 0 else 1 - observed / expected


def _of_many(counted: _Counted, weights: Weights) -> float | None:
    total = sum(counted.values())
    if not total:
        return None
    observed = 0.0
    shares: dict[int, float] = {}
    for grades, number in counted.items():
        raters, own = len(grades), Counter(grades)
        apart = sum(_apart(a, b, weights) * one * other for a, one in own.items() for b, other in own.items())
        observed += number * apart / (raters * (raters - 1))
        for grade, times in own.items():
            shares[grade] = shares.get(grade, 0.0) + number * times / raters
    expected = sum(_apart(a, b, weights) * one * other for a, one in shares.items() for b, other in shares.items())
    return None if expected <= 0 else 1 - (observed / total) / (expected / total**2)


def _apart(first: int, second: int, weights: Weights) -> float:
    if weights == "none":
        return float(first != second)
    distance = abs(first - second)
    return float(distance * distance if weights == "quadratic" else distance)
