"""The report: one HTML file that a manager can open, print and send on. `csv_files` writes every number in it.

The file needs nothing from outside and runs nothing: no script, no font, no picture, no link that is followed by
itself. Queries and document ids in it are text, whatever they hold. What it says stands in `report.html.j2`.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from rerank_core import __version__
from rerank_core.documents.report import count
from rerank_core.evaluation.experiments.records import ExperimentProgress, Ranking
from rerank_core.evaluation.judging.agreement import GroupAgreement, RaterAgreement, agreement, group_agreement
from rerank_core.evaluation.judging.settling import RULES
from rerank_core.evaluation.measures.cost_quality import CostPoint, cost_quality, worth
from rerank_core.evaluation.measures.cutoff import CutOff, Threshold, cut_off
from rerank_core.evaluation.measures.measure import mean_name
from rerank_core.evaluation.measures.month_cost import MonthCost, not_run
from rerank_core.evaluation.measures.other_tools import COUNTING, ToolFigures, as_other_tools_count
from rerank_core.evaluation.measures.settings import DEFAULT_SETTINGS, EvaluationSettings
from rerank_core.evaluation.measures.significance import interval_text, p_text
from rerank_core.evaluation.measures.summary import INITIAL, Summary, method, summarise
from rerank_core.evaluation.query_sets.query_set import NO_PERSON, QuerySet, count_queries, describe
from rerank_core.evaluation.report.charts import changes_chart, cost_chart, cut_chart, means_chart, shown
from rerank_core.evaluation.report.first_page import FirstPage, first_page
from rerank_core.exports.html_template import environment
from rerank_core.pricing.estimates import money_text, monthly
from rerank_core.pricing.table import Price, PriceTable
from rerank_core.rank_fields import fields_text

if TYPE_CHECKING:
    from jinja2 import Template


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the report says, worked out; `make_report` makes it, `report_html` and `report_csv` write it.

    `first` is what its first page says, `not_run` what hosted models that were not run would cost, `other_tools` what
    other tools would say of each order. The settings of `summary` have the judgments that every figure was computed
    from and the raters who gave them. `thresholds` are those kept for the models, by their labels. `created` is an
    aware time in UTC.
    """

    title: str
    created: datetime
    query_set: QuerySet
    rankings: tuple[Ranking, ...]
    summary: Summary
    cuts: tuple[CutOff, ...]
    points: tuple[CostPoint, ...]
    agreements: tuple[RaterAgreement, ...]
    together: GroupAgreement | None
    prices: tuple[Price, ...]
    versions: tuple[tuple[str, str], ...]
    first: FirstPage
    not_run: tuple[MonthCost, ...] = ()
    other_tools: Mapping[str, ToolFigures] = field(default_factory=dict, hash=False)
    progress: ExperimentProgress | None = None
    thresholds: Mapping[str, Threshold] = field(default_factory=dict, hash=False)

    @property
    def day(self) -> str:
        """When it was made: "22 November 2026, 09:00 UTC"."""
        return f"{self.created.day} {self.created:%B %Y, %H:%M} UTC"

    @property
    def languages(self) -> str:
        """How many queries each language has: "de 14, en 63"."""
        languages = [query.lang for query in self.query_set.queries]
        return ", ".join(f"{code or 'unknown'} {languages.count(code):,}" for code in sorted(set(languages), key=str))

    @property
    def read(self) -> str:
        """Which fields of each document the models read: "title + text"."""
        return " or ".join(dict.fromkeys(fields_text(ranking.rank_fields) for ranking in self.rankings))

    @property
    def rated_by(self) -> str:
        """Whose grades count and how, and whose do not, in a sentence."""
        raters = self.summary.settings.raters or ()
        people = [name for name in raters if name not in NO_PERSON]
        said = f"Rated by {', '.join(raters) or 'nobody'}"
        if people and len(people) < len(raters):
            said += "; a person's rating takes the place of the imported one"
        if len(people) > 1:
            said += f"; where several people rated a document, {RULES[self.query_set.rule]}, counts"
        settled = sum(map(len, self.query_set.settled.values()))
        if settled and set(self.query_set.raters).issubset(raters):
            said += f"; what was settled, {count(settled, 'grade')}, counts before that"
        left = [name for name in self.query_set.raters if name not in raters]
        return f"{said}; not counted: ratings by {', '.join(left)}." if left else f"{said}."


def make_report(
    query_set: QuerySet,
    rankings: Sequence[Ranking],
    settings: EvaluationSettings = DEFAULT_SETTINGS,
    *,
    prices: PriceTable | None = None,
    progress: ExperimentProgress | None = None,
    thresholds: Mapping[tuple[str, str | None], Threshold] | None = None,
    title: str = "",
) -> Report:
    """Work out all that a report holds, with the prices that were used, the progress of the experiment and the
    thresholds that are kept for models, by provider and model. Raises what `summarise` raises."""
    raters = tuple(name for name in query_set.raters if settings.raters is None or name in settings.raters)
    settings = replace(settings, raters=raters)
    settings = replace(settings, judgments=settings.judgments_of(query_set))
    summary = summarise(query_set, rankings, settings)
    ranked = [ranking for ranking in rankings if ranking.label in summary.by_query]
    ranked.sort(key=lambda ranking: [row.label for row in summary.rows].index(ranking.label))
    kept = {one.label: (thresholds or {}).get((one.contender.provider, one.contender.model)) for one in ranked}
    table = prices or PriceTable.default()
    found = (table.find(one.contender.provider, one.contender.model) for one in rankings)
    rated = {query: (settings.judgments or {})[query] for query in summary.queries}
    own = {name: query_set.judgments[name] for name in raters}
    runs = {INITIAL: query_set.initial} | {one.label: one.run for one in ranked}
    return Report(
        title=title or query_set.name,
        created=datetime.now(UTC),
        query_set=query_set,
        rankings=tuple(rankings),
        summary=summary,
        cuts=tuple(cut_off(query_set, one, settings) for one in ranked),
        points=cost_quality(summary),
        agreements=agreement(own),
        together=group_agreement(own),
        prices=tuple(price for price in found if price is not None),
        versions=_versions(),
        first=first_page(query_set, rankings, summary),
        not_run=not_run(query_set, rankings, prices=table, searches_a_day=settings.searches_a_day),
        other_tools={
            row.label: as_other_tools_count(
                rated,
                {query: runs[row.label][query] for query in rated},
                k=settings.k,
                relevant=settings.relevant,
            )
            for row in summary.rows
        },
        progress=progress,
        thresholds={label: one for label, one in kept.items() if one is not None},
    )


def report_html(report: Report) -> bytes:
    """The report as one HTML file, UTF-8."""
    return _template().render(report=report).encode()


@cache
def _template() -> Template:
    made = environment(Path(__file__).parent, finalize=shown)
    made.filters |= {
        "a_month_at": lambda daily: f"A month at {daily:,} a day",
        "digits": "{:.3f}".format,
        "interval_text": interval_text,
        "mean_name": mean_name,
        "money": money_text,
        "monthly": monthly,
        "p_text": p_text,
        "queries": count_queries,
        "share": lambda value: "" if value is None else f"{value:.0%}",
        "thousands": "{:,}".format,
    }
    pictures = {one.__name__: one for one in (means_chart, changes_chart, cut_chart, cost_chart)}
    made.globals |= {
        "initial": INITIAL,
        "describe": describe,
        "method": method,
        "worth": worth,
        "p_text": p_text,
        "counting": COUNTING,
        **pictures,
    }
    return made.get_template("report.html.j2")


def _versions() -> tuple[tuple[str, str], ...]:
    found = [("Rerank Playground", __version__), ("Python", platform.python_version())]
    for package in ("ir-measures", "pytrec-eval-terrier", "numpy", "onnxruntime"):
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)
