"""What bench_quality says of scores: figures of each half of the questions, from lists with and without their answer.

A question is in half 0, which the fit saw, where the first byte of the SHA-256 of its id is even, else in half 1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS = 4000
WEAK = 0.10
"""The share of lists with an answer that a threshold may call weak."""
SURE = 0.80
"""The share of right ones among the results from `strong` on."""
LEVELS = np.round(np.arange(0.005, 1.0, 0.005), 3)
"""The scores among which a threshold and a `strong` are looked for."""


def half_of(question: str) -> int:
    """0 or 1."""
    return hashlib.sha256(question.encode()).digest()[0] % 2


@dataclass(frozen=True, slots=True)
class Lists:
    """One question over one list of texts. `scores` of each text and whether it is `right`, in the same order;
    `without` is the best score of the same list without the right ones, None where nothing is left."""

    question: str
    scores: Floats
    right: NDArray[np.bool_]
    without: float | None

    @property
    def best(self) -> float | None:
        """The best score of the list, None where no text of it is right."""
        return float(self.scores.max()) if self.right.any() else None


def of_half(lists: Iterable[Lists], half: int) -> list[Lists]:
    """Those of one half."""
    return [each for each in lists if half_of(each.question) == half]


def mean_interval(values: Floats, *, draws: int = DRAWS) -> tuple[float, float]:
    """The 95% interval of a mean: percentiles of means of as many values drawn again (bootstrap, Efron 1979). Of
    differences of the same questions it is the paired one."""
    drawn = np.random.default_rng(7).integers(0, len(values), (draws, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def auc(answered: Floats, unanswered: Floats) -> float:
    """The chance that a list with its answer has a higher best score than one without; a tie counts half."""
    return float(_above(answered, unanswered).mean())


def _above(answered: Floats, unanswered: Floats) -> Floats:
    one, other = answered[:, None], unanswered[None, :]
    return np.asarray((one > other) + 0.5 * (one == other), np.float64)


def auc_interval(answered: Floats, unanswered: Floats, *, draws: int = DRAWS // 4) -> tuple[float, float]:
    """The 95% interval of `auc`, by drawing lists of either kind again (bootstrap)."""
    above, chance = _above(answered, unanswered), np.random.default_rng(7)
    rows = chance.multinomial(len(answered), np.full(len(answered), 1 / len(answered)), draws)
    columns = chance.multinomial(len(unanswered), np.full(len(unanswered), 1 / len(unanswered)), draws)
    drawn = np.einsum("dr,rc,dc->d", rows, above, columns, optimize=True) / above.size
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def answered(lists: Iterable[Lists]) -> Floats:
    """The best scores of the lists that hold an answer."""
    return np.array([each.best for each in lists if each.best is not None])


def unanswered(lists: Iterable[Lists]) -> Floats:
    """The best scores of the same lists without their answers, and of those that never had one."""
    return np.array([each.without for each in lists if each.without is not None])


@dataclass(frozen=True, slots=True)
class Separation:
    """How far the scores of right texts lie from the others: `auc` of whole lists with its interval, the median score
    of right texts, and the score that nine in ten of the other texts stay under, in the same lists."""

    auc: float
    interval: tuple[float, float]
    right: float
    wrong: float


def separation(lists: Sequence[Lists]) -> Separation:
    """Of lists with at least one answer among them."""
    held = [each for each in lists if each.right.any()]
    scores, right = np.concatenate([each.scores for each in held]), np.concatenate([each.right for each in held])
    both = answered(lists), unanswered(lists)
    return Separation(
        auc(*both), auc_interval(*both), float(np.median(scores[right])), float(np.quantile(scores[~right], 0.9))
    )


def weak(found: Floats, threshold: float) -> float:
    """The share of best scores that are called weak."""
    return float((found < threshold).mean())


def right_from(lists: Iterable[Lists], strong: float) -> tuple[float, float]:
    """From a score on, in lists with an answer: the share of right ones among all results, and among the best of each
    list. nan where no result gets there."""
    scores, right, first, hit = [], [], [], []
    for each in lists:
        if each.right.any():
            scores.append(each.scores)
            right.append(each.right)
            first.append(each.scores.max())
            hit.append(each.right[each.scores.argmax()])
    return _share(np.concatenate(right), np.concatenate(scores) >= strong), _share(
        np.array(hit), np.array(first) >= strong
    )


def _share(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> float:
    return float(hits[among].mean()) if among.any() else float("nan")


def fitted_threshold(kinds: Sequence[Sequence[Lists]]) -> float:
    """Of LEVELS, the one that calls nearest to WEAK of the lists with an answer weak, as the mean of the kinds."""
    found = [answered(lists) for lists in kinds]
    return float(min(LEVELS, key=lambda level: abs(np.mean([weak(each, level) for each in found]) - WEAK)))


def fitted_strong(kinds: Sequence[Sequence[Lists]]) -> float | None:
    """The lowest of LEVELS from which SURE of all results are right, as the mean of the kinds; None where none is."""
    for level in LEVELS:
        if np.mean([right_from(lists, level)[0] for lists in kinds]) >= SURE:
            return float(level)
    return None
