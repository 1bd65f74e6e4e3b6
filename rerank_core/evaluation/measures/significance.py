"""Whether one run is better than another, or whether that may be chance.

Runs are compared query by query, by two tests of the same question. One is the two-sided paired randomisation test: if
the runs were equally good, each query's difference could as well have the other sign, so its p is the share of sign
patterns whose mean difference is at least as large as the one observed (M. Smucker, J. Allan, B. Carterette, "A
comparison of statistical significance tests for information retrieval evaluation", CIKM 2007). The other is Student's
paired t-test, which the interval comes from. `p` is the larger of the two: t alone would believe two queries that
happen to gain as much. Where several pairs are compared, p is corrected by Holm's method (S. Holm, Scandinavian Journal
of Statistics 6, 1979): all pairs are one family, also those of two models, since sentences are said about them all
("cannot be told apart"). The chance of any false claim on one measure stays under 0.05 so.

The interval is the t interval of the mean difference, mean +- t s / sqrt(n), and reaches to 0 where p cannot rule out
chance, so that the two never contradict each other: `significant` is true exactly where the interval leaves out 0. One
query has none, nor have queries that all changed by the same amount, from which nobody can tell how much others would.
Of 95% promised it holds 95% from 2 queries on where differences are near normal, and near 90% where they are skewed; a
percentile bootstrap held 73% at 3 queries and 90% at 10 (tests/core/evaluation/measures/test_interval.py).

It is worked out here and not by scipy.stats (1.17, permutation_test and ttest_rel), which gives the same figures:
importing that takes near 3 s, and its test of 6 comparisons over 1,000 queries took 2.9 s against 0.2 s here.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.measures.measure import Judgments, RankedLists
from rerank_core.evaluation.measures.measure import measure as measure_run
from rerank_core.evaluation.measures.students_t import two_sided_p, two_sided_t
from rerank_core.extras import require

ENOUGH_QUERIES = 25
"""With fewer queries a comparison carries a warning; 25 to 50 is what evaluation campaigns use at the least."""

CONFIDENCE = 0.95
SIGNIFICANT = 0.05
SAMPLES = 10_000
_EXACT_UP_TO = 14
_SAME = 1e-9
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True, slots=True)
class PairedTest:
    """How `second` does against `first` on one measure.

    `means` are of `first` and `second` over all judged queries, `difference` is the second minus the first,
    `interval` its 95% confidence interval, None for one query and where all queries changed by the same amount. `p` is
    the probability of a difference this large by chance, corrected for the number of pairs compared, `comparisons`;
    `p_alone` is it without that. `better`, `worse` and `same` count
    queries, seen from `second`; `differences` has each of them. `warning` is a sentence where there are few queries.
    """

    measure: str
    first: str
    second: str
    means: tuple[float, float]
    difference: float
    interval: tuple[float, float] | None
    p: float
    p_alone: float
    better: int
    worse: int
    same: int
    differences: Mapping[str, float] = field(hash=False)
    warning: str | None = None
    comparisons: int = 1

    @property
    def queries(self) -> int:
        """How many queries were compared."""
        return len(self.differences)

    @property
    def significant(self) -> bool:
        """Whether chance is an unlikely explanation (p under 0.05)."""
        return self.p < SIGNIFICANT

    @property
    def spread(self) -> float | None:
        """The standard deviation of the differences (n - 1), None for one query."""
        return _spread(list(self.differences.values()))


def compare(
    judgments: Judgments, runs: Mapping[str, RankedLists], measure: str, *, samples: int = SAMPLES, seed: int = 0
) -> dict[tuple[str, str], PairedTest]:
    """Compare every pair of runs on one measure; keys are (first, second) in the order of `runs`.

    A judged query that a run lacks counts as 0 for it. With 14 queries or fewer that differ the randomisation test is
    exact, else it is estimated from `samples` random sign patterns, the same ones for the same `seed`. Raises
    InvalidRequestError where there are fewer than two runs, and what `measure` raises.
    """
    if len(runs) < 2:
        raise InvalidRequestError("There are fewer than two runs to compare.", hint="Add another model or order.")
    values = {name: measure_run(judgments, run, [measure])[measure].by_query for name, run in runs.items()}
    return compare_values(values, measure, samples=samples, seed=seed)


def compare_values(
    values: Mapping[str, Mapping[str, float]], measure: str, *, samples: int = SAMPLES, seed: int = 0
) -> dict[tuple[str, str], PairedTest]:
    """The same where the runs have been measured already: `values` maps each of two runs or more to the value of every
    query, the same queries for all."""
    require("Comparing runs", "evaluation", "numpy")
    keys = list(itertools.combinations(values, 2))
    queries = next(iter(values.values()))
    columns = [
        [_difference(values[second][query], values[first][query]) for query in queries] for first, second in keys
    ]
    by_signs = _p_values(columns, samples, seed)
    alone = [max(p, _p_by_t(column)) for p, column in zip(by_signs, columns, strict=True)]
    return {
        key: _compared(measure, key, values, p, p_alone, len(keys))
        for key, p, p_alone in zip(keys, holm(alone), alone, strict=True)
    }


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down correction: the smallest of m values times m, the next times m - 1 and so on, never falling
    and at most 1, in the order given. Worked example: 0.01, 0.04, 0.03 become 0.03, 0.06, 0.06."""
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - rank)))
        corrected[place] = highest
    return corrected


def describe(compared: PairedTest) -> str:
    """The comparison in one sentence: "B lifts nDCG@10 from 0.61 to 0.74 (+0.13, 95% interval 0.09 to 0.17); 31
    queries better, 6 worse, 13 the same". What may be chance is said to be none: "B cannot be told apart from A:
    nDCG@10 0.63 against 0.61 (...)"."""
    before, after = compared.means
    digits = _digits(before, after, compared.difference)
    if abs(compared.difference) <= _SAME:
        digits = 2
        change = f"{compared.second} leaves {compared.measure} at {after:.2f}"
    elif compared.significant:
        verb = "lifts" if compared.difference > 0 else "lowers"
        change = f"{compared.second} {verb} {compared.measure} from {before:.{digits}f} to {after:.{digits}f}"
    else:
        change = (
            f"{compared.second} cannot be told apart from {compared.first}: {compared.measure} {after:.{digits}f} "
            f"against {before:.{digits}f}"
        )
    queries = "query" if compared.better == 1 else "queries"
    counts = f"{compared.better:,} {queries} better, {compared.worse:,} worse, {compared.same:,} the same"
    interval = f", 95% interval {interval_text(compared, digits)}" if compared.interval is not None else ""
    return f"{change} ({compared.difference:+.{digits}f}{interval}); {counts}"


def interval_text(compared: PairedTest, digits: int = 3) -> str:
    """The interval as a reader wants it, with so many digits: "-0.019 to 0.060"; empty where there is none."""
    if compared.interval is None:
        return ""
    low, high = (round(edge, digits) + 0.0 for edge in compared.interval)  # lest it says -0.00
    return f"{low:.{digits}f} to {high:.{digits}f}"


def _digits(before: float, after: float, difference: float) -> int:
    """How many digits a change needs to be seen: two, or up to four, lest it lifts 0.83 to 0.83 by 0.00. Each figure
    is rounded by itself, so that the last digits need not add up."""
    return next((n for n in (2, 3) if round(before, n) != round(after, n) and round(difference, n) != 0), 4)


def p_text(p: float) -> str:
    """p as a reader wants it: "under 0.001", "0.012"; from 0.05 on two digits say all that there is to say."""
    if p < 0.001:
        return "under 0.001"
    return f"{p:.3f}" if p < SIGNIFICANT else f"{max(p, SIGNIFICANT):.2f}"


def differences(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, float]:
    """The values of every query in the second mapping minus those in the first; what differs in the last digits of a
    sum alone is the same."""
    return {query: _difference(after[query], value) for query, value in before.items()}


def _difference(after: float, before: float) -> float:
    return 0.0 if abs(after - before) <= _SAME else after - before


def _compared(
    name: str,
    key: tuple[str, str],
    values: Mapping[str, Mapping[str, float]],
    p: float,
    p_alone: float,
    comparisons: int,
) -> PairedTest:
    before, after = values[key[0]], values[key[1]]
    changes = differences(before, after)
    better = sum(value > 0 for value in changes.values())
    worse = sum(value < 0 for value in changes.values())
    count = len(changes)
    # A share of something differs from another by 1 at the most; of counts (NumRelRet) nobody knows.
    shares = not name.startswith("Num") and all(0 <= one <= 1 for one in (*before.values(), *after.values()))
    warning = None
    if count < ENOUGH_QUERIES:
        queries = "query" if count == 1 else "queries"
        warning = (
            f"Only {count} {queries}: a difference must be large to be told from chance. Use {ENOUGH_QUERIES} or more."
        )
    return PairedTest(
        measure=name,
        first=key[0],
        second=key[1],
        means=(math.fsum(before.values()) / count, math.fsum(after.values()) / count),
        difference=math.fsum(changes.values()) / count,
        interval=_interval(list(changes.values()), p < SIGNIFICANT, 1.0 if shares else math.inf),
        p=p,
        p_alone=p_alone,
        better=better,
        worse=worse,
        same=count - better - worse,
        differences=changes,
        warning=warning,
        comparisons=comparisons,
    )


def _p_values(columns: Sequence[Sequence[float]], samples: int, seed: int) -> list[float]:
    """The two-sided p-value of each column of differences; all columns see the same random signs."""
    import numpy as np

    data = np.array(columns).T
    reached = np.abs(data.sum(axis=0)) - _SAME  # sums in another order differ in their last digits
    generator = np.random.default_rng(seed)
    hits = np.zeros(data.shape[1])
    for size in _chunks(samples, data.shape[0]):
        plus = generator.integers(0, 2, (size, data.shape[0]), dtype=np.uint8).astype(np.float64)
        # with signs of 1 for a set bit and -1 else, the sum is twice that of the set ones less the whole
        hits += (np.abs(2 * (plus @ data) - data.sum(axis=0)) >= reached).sum(axis=0)
    # the observed pattern is one of the possible ones, so that p is never 0
    return [
        _exact(column) if sum(map(bool, column)) <= _EXACT_UP_TO else float((count + 1) / (samples + 1))
        for column, count in zip(columns, hits, strict=True)
    ]


def _exact(column: Sequence[float]) -> float:
    """The p-value from every sign pattern; queries without a difference change no sum."""
    import numpy as np

    changed = np.array([value for value in column if value])
    patterns = (np.arange(2**changed.size)[:, None] >> np.arange(changed.size)) & 1
    return float((np.abs((1.0 - 2.0 * patterns) @ changed) >= abs(changed.sum()) - _SAME).mean())


def _p_by_t(column: Sequence[float]) -> float:
    """The p-value of the paired t-test; 1 for one query, 0 where all changed by the same amount, which is then left to
    the signs."""
    spread = _spread(column)
    if spread is None:
        return 1.0
    if not spread:
        return 0.0
    error = spread / math.sqrt(len(column))
    return two_sided_p(math.fsum(column) / len(column) / error, len(column) - 1)


def _interval(column: Sequence[float], significant: bool, most: float) -> tuple[float, float] | None:
    """The t interval of the mean, as far as 0 where that cannot be ruled out, and no further than `most`."""
    spread = _spread(column)
    if not spread:
        return None
    mean = math.fsum(column) / len(column)
    half = two_sided_t(1 - CONFIDENCE, len(column) - 1) * spread / math.sqrt(len(column))
    low, high = max(-most, mean - half), min(most, mean + half)
    return (low, high) if significant else (min(low, 0.0), max(high, 0.0))


def _spread(column: Sequence[float]) -> float | None:
    """The standard deviation; 0 where the values differ by no more than sums in another order do."""
    if len(column) < 2:
        return None
    if max(column) - min(column) <= _SAME:
        return 0.0
    mean = math.fsum(column) / len(column)
    return math.sqrt(math.fsum((value - mean) ** 2 for value in column) / (len(column) - 1))


def _chunks(samples: int, width: int) -> list[int]:
    """How many samples to take at once, so that memory stays bounded whatever the number of queries."""
    size = max(1, min(samples, _CELLS_AT_ONCE // width))
    return [min(size, samples - start) for start in range(0, samples, size)]
