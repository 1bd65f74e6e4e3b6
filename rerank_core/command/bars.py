"""The bars that a search team's checks set: a least value of a measure, and what an earlier run reached."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rerank_core.errors import InvalidRequestError
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.measures.measure import RankedLists, measure
from rerank_core.evaluation.measures.summary import INITIAL, Summary

SCHEMA: Final = "rerank-playground/evaluation"
VERSION: Final = 1
_SAME = 1e-9
_BAR = re.compile(r"([^=<>]+?)\s*(?:>=|=)\s*([0-9.]+)")
_WRITTEN = {"ndcg": "nDCG", "rr": "RR", "mrr": "RR", "p": "P", "precision": "P", "r": "R", "recall": "R", "ap": "AP"}
_WRITTEN |= {"map": "AP", "judged": "Judged"}


@dataclass(frozen=True, slots=True)
class Bar:
    """The least mean, from 0 to 1, that every model has to reach on a measure."""

    measure: str
    least: float


def read_bar(text: str) -> Bar:
    """A bar as it is written: "ndcg@10=.6". Raises InvalidRequestError, with an example, for anything else."""
    found = _BAR.fullmatch(text.strip())
    try:
        least = float(found[2]) if found else -1.0
    except ValueError:
        least = -1.0
    if found is None or not 0 <= least <= 1:
        raise InvalidRequestError(f"{text!r} is no bar.", hint="ndcg@10=0.6 is one: a measure and a value up to 1.")
    return Bar(measure_name(found[1]), least)


def measure_name(text: str) -> str:
    """A measure as ir-measures writes it, from how people do: "ndcg@10" is nDCG@10, "MRR" is RR."""
    name, at, depth = text.strip().partition("@")
    return _WRITTEN.get(name.strip().lower(), name.strip()) + at + depth.strip()


def figures(summary: Summary, rankings: Iterable[Ranking], measures: Iterable[str] = ()) -> dict[str, dict[str, float]]:
    """Each order's means, those of the summary and of these measures, over the summary's queries. `rankings` are what
    the summary was made of. Raises InvalidRequestError for a measure that does not exist."""
    found = {row.label: dict(row.means) for row in summary.rows}
    judgments = {query: dict((summary.settings.judgments or {})[query]) for query in summary.queries}
    more = [name for name in dict.fromkeys(measures) if name not in summary.measures]
    if not more:
        return found
    runs: dict[str, RankedLists] = {INITIAL: {query: one.candidates for query, one in summary.searched.items()}}
    runs |= {one.label: {query: one.run[query] for query in summary.queries} for one in rankings if one.label in found}
    for label, run in runs.items():
        found[label] |= {name: of.mean for name, of in measure(judgments, run, more).items()}
    return found


def missed(bars: Iterable[Bar], found: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """A sentence for each bar that a model misses; the initial order is no model."""
    for bar in bars:
        for label, means in found.items():
            if label != INITIAL and means[bar.measure] < bar.least - _SAME:
                yield f"{label}: {bar.measure} is {means[bar.measure]:.4f}, under {bar.least:g}."


def saved(summary: Summary, found: Mapping[str, Mapping[str, float]]) -> dict[str, Any]:
    """What a later run is held against, as JSON: the means and the values of each query on the main measure."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "measure": summary.measure,
        "queries": list(summary.queries),
        "orders": {
            label: {"means": dict(means), "by_query": dict(summary.by_query[label][summary.measure])}
            for label, means in found.items()
        },
    }


def read_saved(path: str) -> dict[str, Any]:
    """A file that `saved` wrote. Raises InvalidRequestError where it is none, or of a newer version."""
    try:
        content = json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidRequestError(f"{path} is no saved evaluation.", hint="Make one with --save.") from error
    if not isinstance(content, dict) or content.get("schema") != SCHEMA or not isinstance(content.get("orders"), dict):
        raise InvalidRequestError(f"{path} is no saved evaluation.", hint="Make one with --save.")
    if content.get("version") != VERSION:
        raise InvalidRequestError(f"{path} is of a newer version.", hint="Update the command, or make it again.")
    return content


def worse(before: Mapping[str, Any], summary: Summary, tolerance: float) -> Iterator[str]:
    """A sentence for each model that is worse than it was by more than `tolerance`, on the main measure and over the
    queries that both have; and for what cannot be compared."""
    if before.get("measure") != summary.measure:
        yield f"The earlier run was measured by {before.get('measure')}, this one by {summary.measure}."
        return
    known = before["orders"]
    for row in summary.rows[1:]:
        was = known.get(row.label)
        values = was.get("by_query") if isinstance(was, dict) else None
        if not isinstance(values, dict):
            yield f"{row.label}: it is not in the earlier run."
            continue
        now = summary.by_query[row.label][summary.measure]
        shared = [query for query in summary.queries if query in values]
        if not shared:
            yield f"{row.label}: no query of the earlier run is in this one."
            continue
        then, today = (sum(float(of[query]) for query in shared) / len(shared) for of in (values, now))
        if today < then - tolerance - _SAME:
            fell = sum(now[query] < float(values[query]) - _SAME for query in shared)
            yield (
                f"{row.label}: {summary.measure} fell from {then:.4f} to {today:.4f} over {len(shared):,} queries; "
                f"{fell:,} of them are worse."
            )
