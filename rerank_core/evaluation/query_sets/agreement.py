"""Raters kept apart: how far they agree, and which documents are still to be rated."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.measures.measure import Judgments, RankedLists

Weights = Literal["none", "linear", "quadratic"]


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """How far two raters agree on the (query, document) pairs that both rated.

    `agreed` is the share of equal grades; `kappa` and `weighted` (quadratic weights) are None where they are not
    defined: no pairs, or both gave one and the same grade throughout. `text` says it in words.
    """

    first: str
    second: str
    pairs: int
    agreed: float
    kappa: float | None
    weighted: float | None

    @property
    def text(self) -> str:
        """ "Ann and Ben rated 40 documents in common and agree on 83%: substantial agreement (kappa 0.71)"."""
        if not self.pairs:
            return f"{self.first} and {self.second} have rated no document in common"
        documents = "1 document" if self.pairs == 1 else f"{self.pairs:,} documents"
        said = f"{self.first} and {self.second} rated {documents} in common and agree on {self.agreed:.0%}"
        if self.weighted is None:
            return said
        return f"{said}: {kappa_words(self.weighted)} agreement (weighted kappa {self.weighted:.2f})"


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A document that raters see differently: their grades, by rater."""

    query: str
    document: str
    grades: Mapping[str, int]

    @property
    def spread(self) -> int:
        """The highest grade minus the lowest."""
        return max(self.grades.values()) - min(self.grades.values())


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
    if len(first) != len(second):
        raise InvalidRequestError(
            f"The raters gave {len(first):,} and {len(second):,} grades.", hint="Give both for the same items."
        )
    total = len(first)
    if not total:
        return None
    observed = sum(_weight(a, b, weights) for a, b in zip(first, second, strict=True)) / total
    shares = [{grade: values.count(grade) / total for grade in set(values)} for values in (list(first), list(second))]
    expected = sum(
        _weight(a, b, weights) * share * other for a, share in shares[0].items() for b, other in shares[1].items()
    )
    return None if expected <= 0 else 1 - observed / expected


def kappa_words(kappa: float) -> str:
    """A kappa in words, by the usual bands (J. Landis, G. Koch, Biometrics 33, 1977): poor below 0, slight to 0.2,
    fair to 0.4, moderate to 0.6, substantial to 0.8, almost perfect above."""
    bands = ((0.0, "poor"), (0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))
    if kappa < 0:
        return "poor"
    return next((words for limit, words in bands[1:] if kappa <= limit), "almost perfect")


def agreement(judgments: Mapping[str, Judgments]) -> tuple[RaterAgreement, ...]:
    """Every two raters' agreement; `judgments` maps a rater to his ratings (QuerySet.judgments)."""
    found = []
    for first, second in itertools.combinations(judgments, 2):
        ours, theirs = _pairs(judgments[first]), _pairs(judgments[second])
        both = [key for key in ours if key in theirs]
        left, right = [ours[key] for key in both], [theirs[key] for key in both]
        found.append(
            RaterAgreement(
                first,
                second,
                len(both),
                sum(a == b for a, b in zip(left, right, strict=True)) / len(both) if both else 0.0,
                cohen_kappa(left, right),
                cohen_kappa(left, right, "quadratic"),
            )
        )
    return tuple(found)


def disagreements(judgments: Mapping[str, Judgments]) -> tuple[Disagreement, ...]:
    """Documents whose raters gave different grades, the widest apart first."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for rater, own in judgments.items():
        for key, grade in _pairs(own).items():
            found.setdefault(key, {})[rater] = grade
    differing = [Disagreement(*key, grades) for key, grades in found.items() if len(set(grades.values())) > 1]
    return tuple(sorted(differing, key=lambda one: -one.spread))


def pool(runs: Iterable[RankedLists], depth: int = 10) -> dict[str, tuple[str, ...]]:
    """The documents that any of the runs shows among its first `depth`, query by query: what has to be rated so that
    no run is at a disadvantage (K. Sparck Jones, C. van Rijsbergen, 1975; used by TREC ever since).

    They come in the order of their best rank in any run, so that rating may stop early; ties go to the earlier run.
    Raises ValueError for a depth under 1.
    """
    if depth < 1:
        raise ValueError("the depth of a pool is at least 1")
    best: dict[str, dict[str, int]] = {}
    for run in runs:
        for query, documents in run.items():
            ranks = best.setdefault(query, {})
            for rank, document in enumerate(documents[:depth]):
                ranks[document] = min(rank, ranks.get(document, rank))
    return {query: tuple(sorted(ranks, key=ranks.__getitem__)) for query, ranks in best.items()}


def _pairs(judgments: Judgments) -> dict[tuple[str, str], int]:
    return {(query, document): grade for query, grades in judgments.items() for document, grade in grades.items()}


def _weight(first: int, second: int, weights: Weights) -> float:
    if weights == "none":
        return float(first != second)
    distance = abs(first - second)
    return float(distance * distance if weights == "quadratic" else distance)
