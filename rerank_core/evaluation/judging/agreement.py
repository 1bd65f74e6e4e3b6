"""How far raters agree: every two of them, and all together; and what they grade differently."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

from rerank_core.documents.report import count
from rerank_core.evaluation.judging.kappa import (
    FEW,
    cohen_interval,
    cohen_kappa,
    fleiss_interval,
    fleiss_kappa,
    kappa_words,
)
from rerank_core.evaluation.measures.measure import Judgments

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """How far two raters agree on the (query, document) pairs that both rated.

    `agreed` is the share of equal grades, 0 to 1; `kappa` and `weighted` (quadratic weights) are Cohen's, None where
    they are not defined: no pairs, or both gave one and the same grade throughout. `interval` is that of `weighted`
    with 95%, None where it cannot be said. `text` says it in words.
    """

    first: str
    second: str
    pairs: int
    agreed: float
    kappa: float | None
    weighted: float | None
    interval: Interval | None = None

    @property
    def text(self) -> str:
        """ "Ann and Ben rated 40 documents in common and agree on 83%: substantial agreement (weighted kappa 0.71, 0.52
        to 0.90)"; of few documents it says that they are few."""
        if not self.pairs:
            return f"{self.first} and {self.second} have rated no document in common"
        said = f"{self.first} and {self.second} rated {count(self.pairs, 'document')} in common and agree on"
        return f"{said} {self.agreed:.0%}{_kappa_text(self.weighted, 'weighted kappa', self.interval, self.pairs)}"


@dataclass(frozen=True, slots=True)
class GroupAgreement:
    """How far all raters of a set agree, on the (query, document) pairs that at least two of them rated.

    `agreed` is the share of pairs that nobody graded differently, 0 to 1; `kappa` and `weighted` (quadratic weights)
    are Fleiss', None where they are not defined; `interval` is that of `weighted` with 95%, None where it cannot be
    said.
    """

    raters: int
    pairs: int
    agreed: float
    kappa: float | None
    weighted: float | None
    interval: Interval | None = None

    @property
    def text(self) -> str:
        """ "Of 40 documents that two or more of the 3 raters rated they agree on 60%: moderate agreement (weighted
        Fleiss' kappa 0.55, 0.40 to 0.70)"."""
        if not self.pairs:
            return f"None of the {self.raters:,} raters have rated a document in common"
        said = f"Of {count(self.pairs, 'document')} that two or more of the {self.raters:,} raters rated they agree on"
        kappa = _kappa_text(self.weighted, "weighted Fleiss' kappa", self.interval, self.pairs)
        return f"{said} {self.agreed:.0%}{kappa}"


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


def agreement(judgments: Mapping[str, Judgments]) -> tuple[RaterAgreement, ...]:
    """Every two raters' agreement; `judgments` maps a rater to his ratings (QuerySet.judgments)."""
    rated = {rater: _pairs(own) for rater, own in judgments.items()}
    found = []
    for first, second in itertools.combinations(rated, 2):
        ours, theirs = rated[first], rated[second]
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
                cohen_interval(left, right, "quadratic"),
            )
        )
    return tuple(found)


def group_agreement(judgments: Mapping[str, Judgments]) -> GroupAgreement | None:
    """How far all raters agree together; None for fewer than three, whose agreement `agreement` gives."""
    if len(judgments) < 3:
        return None
    items = [list(grades.values()) for grades in _by_pair(judgments).values() if len(grades) > 1]
    return GroupAgreement(
        len(judgments),
        len(items),
        sum(len(set(grades)) == 1 for grades in items) / len(items) if items else 0.0,
        fleiss_kappa(items),
        fleiss_kappa(items, "quadratic"),
        fleiss_interval(items, "quadratic"),
    )


def disagreements(judgments: Mapping[str, Judgments]) -> tuple[Disagreement, ...]:
    """Documents whose raters gave different grades, the widest apart first."""
    found = [Disagreement(*key, grades) for key, grades in _by_pair(judgments).items() if len(set(grades.values())) > 1]
    return tuple(sorted(found, key=lambda one: -one.spread))


def _kappa_text(kappa: float | None, called: str, interval: Interval | None, pairs: int) -> str:
    few = f". So few say little: rate {FEW} or more in common" if pairs < FEW else ""
    if kappa is None:
        return few
    reach = "" if interval is None else f", {interval[0]:.2f} to {interval[1]:.2f}"
    return f": {kappa_words(kappa)} agreement ({called} {kappa:.2f}{reach}){few}"


def _by_pair(judgments: Mapping[str, Judgments]) -> dict[tuple[str, str], dict[str, int]]:
    """Everybody's grades of each (query, document)."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for rater, own in judgments.items():
        for key, grade in _pairs(own).items():
            found.setdefault(key, {})[rater] = grade
    return found


def _pairs(judgments: Judgments) -> dict[tuple[str, str], int]:
    return {(query, document): grade for query, grades in judgments.items() for document, grade in grades.items()}
