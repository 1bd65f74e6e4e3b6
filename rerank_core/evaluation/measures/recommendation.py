"""What to do after an experiment: switch a model on, leave it off, or rate more queries first.

A model is to be switched *on* where it is better than the initial order and that is told apart from chance. It is to be
left *off* where it is worse, told apart from chance, or where the 95% interval says that it gains less than WORTHWHILE.
In every other case nobody can *know* yet, and the recommendation says how many more queries it takes, about:

    n = (z(1 - a/2) + z(power))^2 s^2 / d^2 + z(1 - a/2)^2 / 2

for a paired test at the level a = 0.05 / comparisons with POWER, s being the standard deviation of the differences seen
so far (W. Guenther, "Sample size formulas for normal theory t tests", The American Statistician 35, 1981; T. Sakai uses
the same for retrieval, "Topic set size design", Information Retrieval Journal 19, 2016). d is how far the mean
difference m is from what would settle the question: from 0, or from WORTHWHILE where that is further,
max(|m|, WORTHWHILE - m). Worked example: m = 0.05, s = 0.2 and one comparison need
(1.960 + 0.842)^2 0.04 / 0.0025 + 1.92 = 127.5, so 128 queries. It is never less than the 25 queries that a comparison
should have.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Literal

from rerank_core.evaluation.measures.significance import ENOUGH_QUERIES, SIGNIFICANT, PairedTest
from rerank_core.evaluation.measures.summary import OrderScores, Summary

Verdict = Literal["on", "off", "unknown"]

WORTHWHILE = 0.02
"""A gain on the main measure (0 to 1) under which a model is not worth having: our choice. K. Sparck Jones ("Automatic
indexing", Journal of Documentation 30, 1974) calls a relative difference of 5% noticeable, and of 10% material."""

POWER = 0.8
"""How likely a difference as large as the one seen is to be found with the queries that are recommended."""


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to do about one model, or about reranking as a whole where `label` is None.

    `text` says it in a few words ("Switch English on", or "English would help too" beside another one), `reason` in a
    sentence why. `more` is about how many more queries have to be rated, None where the question is settled.
    """

    verdict: Verdict
    label: str | None
    text: str
    reason: str
    more: int | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """`lead` answers whether to rerank and with which model; `models` has the recommendation for each one, the best
    first."""

    lead: Recommendation
    models: tuple[Recommendation, ...]


def recommend(summary: Summary) -> Advice:
    """Recommendations from what an experiment came to."""
    rows = summary.rows[1:]
    models = tuple(_about(row, summary) for row in rows)
    winners = [one for one in models if one.verdict == "on"]
    if winners:
        lead = _choice(winners, rows, summary)
        also = [replace(one, text=f"{one.label} would help too") if one.verdict == "on" else one for one in models]
        return Advice(lead, tuple(lead if one.label == lead.label else one for one in also))
    open_ones = [one for one in models if one.verdict == "unknown"]
    if open_ones:
        return Advice(open_ones[0], models)
    if len(models) == 1:
        return Advice(models[0], models)
    reason = f"None of the {len(models)} models is better than the initial order on {summary.measure}."
    return Advice(Recommendation("off", None, "Leave reranking off", reason), models)


def queries_needed(compared: PairedTest) -> int:
    """How many queries in all it takes to settle a comparison, by the formula above."""
    spread = compared.spread
    if not spread:
        return ENOUGH_QUERIES
    distance = max(abs(compared.difference), WORTHWHILE - compared.difference)
    z = NormalDist().inv_cdf(1 - SIGNIFICANT / compared.comparisons / 2)
    needed = ((z + NormalDist().inv_cdf(POWER)) * spread / distance) ** 2 + z * z / 2
    return max(ENOUGH_QUERIES, math.ceil(needed))


def _about(row: OrderScores, summary: Summary) -> Recommendation:
    compared = row.compared
    assert compared is not None
    name, measure = row.label, summary.measure
    if compared.significant and compared.difference > 0:
        small = f" The gain is small, under {WORTHWHILE:g}." if compared.difference < WORTHWHILE else ""
        reason = f"It puts better results first on {_share(compared.better, compared)}.{small}"
        if row.local:
            reason += " It is a stand-in on this computer: run the hosted model before you pay for one."
        return Recommendation("on", name, f"Switch {name} on", reason)
    if compared.significant:
        reason = f"It puts worse results first on {_share(compared.worse, compared)}."
        return Recommendation("off", name, f"Leave {name} off", reason)
    most = _most_gained(compared)
    if most is not None and most < WORTHWHILE:
        gain = f"gains {most:.3f} at the most" if most > 0 else "gains nothing"
        reason = f"It {gain} on {measure}, which nobody would notice."
        return Recommendation("off", name, f"Leave {name} off", reason)
    more = _rounded(max(queries_needed(compared) - compared.queries, 5))
    if compared.queries == 1:
        reason = f"1 query says nothing about {name}."
    else:
        reason = f"{compared.queries:,} queries are too few to tell {name} from the initial order."
    rest = summary.unrated
    if rest < more:
        there = f"This set has {rest:,} without ratings, so add" if rest else "All of this set are rated, so add"
        reason += f" {there} queries of the same kind."
    if compared.difference <= 0:
        reason += " Until then nothing speaks for switching it on."
    return Recommendation("unknown", name, f"You cannot know yet: rate about {more:,} more queries", reason, more)


def _most_gained(compared: PairedTest) -> float | None:
    """The most that a model may gain, None where that cannot be told."""
    if compared.interval is not None:
        return compared.interval[1]
    return compared.difference if compared.queries >= ENOUGH_QUERIES else None


def _choice(winners: Sequence[Recommendation], rows: Sequence[OrderScores], summary: Summary) -> Recommendation:
    """The best of the models that are worth it, or a cheaper one that cannot be told from it."""
    by_label = {row.label: row for row in rows}
    best = by_label[winners[0].label or ""]
    if best.monthly is not None:
        for one in sorted(winners[1:], key=lambda one: _price(by_label[one.label or ""])):
            other = by_label[one.label or ""]
            pair = summary.pairs.get((best.label, other.label)) or summary.pairs[other.label, best.label]
            if not pair.significant and _price(other) < best.monthly:
                reason = f"{one.reason} It costs less than {best.label}, and the two cannot be told apart."
                return Recommendation("on", one.label, one.text, reason)
    return winners[0]


def _price(row: OrderScores) -> float:
    return math.inf if row.monthly is None else float(row.monthly)


def _share(count: int, compared: PairedTest) -> str:
    return f"{count:,} of {compared.queries:,} {'query' if compared.queries == 1 else 'queries'}"


def _rounded(count: int) -> int:
    """Up to a number that says "about": 7, 40, 220, 1,300."""
    if count <= 10:
        return count
    step = 5 if count < 100 else 10 ** (len(str(count)) - 2)
    return -(-count // step) * step
