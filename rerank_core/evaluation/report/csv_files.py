"""Every number of the report, and every result behind it, as tables for whoever wants to work on with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache

from rerank_core.evaluation.formats.imported import csv_text
from rerank_core.evaluation.measures.summary import INITIAL
from rerank_core.evaluation.report.report import Report
from rerank_core.exports.tables import guard_cell

COLUMNS = ("section", "order", "against", "query_id", "query", "measure", "value")
"""One row a number. Sections: setting, mean, difference, query, cut-off, top-n, cost, price, agreement."""

RESULT_COLUMNS = ("query_id", "query", "order", "rank", "document", "score", "rating")


def report_csv(report: Report) -> bytes:
    """The numbers: UTF-8 with a byte order mark, so that Excel reads it as such; texts that a spreadsheet would run as
    a formula are guarded. Empty cells are what a row does not have."""
    return _csv(COLUMNS, _rows(report), texts=len(COLUMNS) - 1)


def results_csv(report: Report) -> bytes:
    """Every order, document by document, with scores and ratings, in the form of `report_csv`."""
    return _csv(RESULT_COLUMNS, _results(report), texts=len(RESULT_COLUMNS) - 2)


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]], texts: int) -> bytes:
    """`texts` is how many columns, from the first, hold texts; the rest are figures, which may begin with a minus."""
    guarded = cache(guard_cell)  # the same few texts stand in thousands of rows
    body = ([*map(guarded, row[:texts]), *row[texts:]] for row in rows)
    return csv_text([list(columns), *body]).encode("utf-8-sig", "replace")


def _row(section: str, measure: str, value: object, **cells: str) -> list[str]:
    named = {"section": section, "measure": measure, "value": _number(value), **cells}
    return [named.get(column, "") for column in COLUMNS]


def _rows(report: Report) -> Iterator[list[str]]:
    summary, settings = report.summary, report.summary.settings
    yield _row("setting", "created", report.created.isoformat(timespec="seconds"))
    yield _row("setting", "queries", len(summary.queries))
    yield _row("setting", "only", guard_cell(settings.scope))
    yield _row("setting", "ratings by", guard_cell(", ".join(settings.raters or ())))
    yield _row("setting", "relevant from grade", settings.relevant)
    yield _row("setting", "models read", guard_cell(report.read))
    yield _row("setting", "searches a day", settings.searches_a_day)
    yield _row("setting", f"best possible {summary.measure}", summary.ceiling)
    for row in summary.rows:
        for name in summary.measures:
            yield _row("mean", name, row.means[name], order=row.label)
    for (first, second), pair in summary.pairs.items():
        figures = (
            ("difference", pair.difference),
            ("interval low", pair.interval and pair.interval[0]),
            ("interval high", pair.interval and pair.interval[1]),
            ("p", pair.p),
            ("p uncorrected", pair.p_alone),
            ("comparisons that p is corrected for", pair.comparisons),
            ("better", pair.better),
            ("worse", pair.worse),
            ("same", pair.same),
        )
        for name, value in figures:
            yield _row("difference", f"{summary.measure} {name}", value, order=second, against=first)
    for label, measures in summary.by_query.items():
        for name, values in measures.items():
            for query, value in values.items():
                about = {"order": label, "query_id": query, "query": summary.searched[query].text}
                yield _row("query", name, value, **about)
    yield from _cut_rows(report)
    for row in summary.rows[1:]:
        yield _row("cost", "this run (USD)", _amount(row.cost), order=row.label)
        yield _row("cost", "a search (USD)", _amount(row.per_search), order=row.label)
        yield _row("cost", "a month (USD)", _amount(row.monthly), order=row.label)
        yield _row("cost", "median latency (ms)", row.latency_ms, order=row.label)
    for price in report.prices:
        when = f"per {price.unit} (USD), {price.as_of.isoformat()}, {price.source}"
        yield _row("price", when, _amount(price.per_unit), order=f"{price.provider} {price.model}")
    for one in report.agreements:
        between = {"order": one.first, "against": one.second}
        yield _row("agreement", "pairs", one.pairs, **between)
        yield _row("agreement", "share of equal grades", one.agreed, **between)
        yield _row("agreement", "kappa", one.kappa, **between)
        yield _row("agreement", "weighted kappa", one.weighted, **between)


def _cut_rows(report: Report) -> Iterator[list[str]]:
    for cut in report.cuts:
        for point in cut.points:
            at = f"at {point.threshold:.6g}"
            figures = {
                "precision": point.precision,
                "recall": point.recall,
                "answered rightly": point.right,
                "answered wrongly": point.wrong,
                "missed": point.missed,
                "rightly silent": point.silent,
                "documents a query": point.kept,
            }
            for name, value in figures.items():
                yield _row("cut-off", f"{name} {at}", value, order=cut.label)
        if cut.suggested is not None and not cut.unlearned:
            yield _row("cut-off", "suggested threshold", cut.suggested.threshold, order=cut.label)
        if cut.label in report.thresholds:
            yield _row("cut-off", "kept threshold", report.thresholds[cut.label].score, order=cut.label)
        for top in cut.top:
            for name, share in (("precision", top.precision), ("recall", top.recall), ("found", top.found)):
                yield _row("top-n", f"{name} of the first {top.n}", share, order=cut.label)


def _results(report: Report) -> Iterator[list[str]]:
    judgments = report.summary.settings.judgments or {}
    orders: list[tuple[str, Mapping[str, Sequence[str]], Mapping[str, Mapping[str, float]]]]
    orders = [(INITIAL, report.query_set.initial, {})]
    orders += [(one.label, one.run, one.scores) for one in report.rankings]
    for query in report.summary.queries:
        text, rated = report.summary.searched[query].text, judgments.get(query, {})
        for label, run, scores in orders:
            own = scores.get(query, {})
            for rank, document in enumerate(run.get(query, ()), start=1):
                figures = (_number(own.get(document)), _number(rated.get(document)))
                yield [query, text, label, str(rank), document, *figures]


def _amount(amount: Decimal | None) -> str:
    """An amount with all its digits; empty where unknown."""
    return "" if amount is None else f"{amount:f}"


def _number(value: object) -> str:
    if value is None:
        return ""
    return repr(value) if isinstance(value, float) else str(value)
