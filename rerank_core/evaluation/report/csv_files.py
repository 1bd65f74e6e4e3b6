"""Every number of the report, and every result behind it, as tables for whoever wants to work on with them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rerank_core.evaluation.judging.agreement import GroupAgreement, RaterAgreement
from rerank_core.evaluation.measures.summary import INITIAL
from rerank_core.evaluation.report.report import Report
from rerank_core.exports.tables import csv_text

COLUMNS = ("section", "order", "against", "query_id", "query", "measure", "value")
"""One row a number. Sections: setting, mean, difference, query, cut-off, top-n, cost, price, agreement."""

RESULT_COLUMNS = ("query_id", "query", "order", "rank", "document", "score", "rating")


def report_csv(report: Report) -> bytes:
    """The numbers: UTF-8 with a byte order mark, so that Excel reads it as such. Cells that a row lacks are empty."""
    return _csv(COLUMNS, _rows(report))


def results_csv(report: Report) -> bytes:
    """Every order, document by document, with scores and ratings, in the form of `report_csv`."""
    return _csv(RESULT_COLUMNS, _results(report))


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    return csv_text([columns, *rows]).encode("utf-8-sig")


def _row(section: str, measure: str, value: object, **cells: str) -> list[object]:
    named = {"section": section, "measure": measure, "value": value, **cells}
    return [named.get(column, "") for column in COLUMNS]


def _rows(report: Report) -> Iterator[list[object]]:
    summary, settings = report.summary, report.summary.settings
    yield _row("setting", "created", report.created.isoformat(timespec="seconds"))
    yield _row("setting", "queries", len(summary.queries))
    yield _row("setting", "only", settings.scope)
    yield _row("setting", "ratings by", ", ".join(settings.raters or ()))
    yield _row("setting", "relevant from grade", settings.relevant)
    yield _row("setting", "models read", report.read)
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
        yield _row("cost", "this run (USD)", row.cost, order=row.label)
        yield _row("cost", "saved answers (asked in an earlier run, $0 in this one)", row.saved, order=row.label)
        yield _row("cost", "a search (USD)", row.per_search, order=row.label)
        yield _row("cost", "a month (USD)", row.monthly, order=row.label)
        yield _row("cost", "median latency (ms)", row.latency_ms, order=row.label)
    for price in report.prices:
        when = f"per {price.unit} (USD), {price.as_of.isoformat()}, {price.source}"
        yield _row("price", when, price.per_unit, order=f"{price.provider} {price.model}")
    for two in report.agreements:
        yield from _agreement_rows(two, two.first, two.second)
    if report.together is not None:
        yield from _agreement_rows(report.together, f"all {report.together.raters} raters", "")


def _agreement_rows(found: RaterAgreement | GroupAgreement, first: str, second: str) -> Iterator[list[object]]:
    low, high = found.interval or (None, None)
    figures: tuple[tuple[str, float | None], ...] = (
        ("pairs", found.pairs),
        ("share of equal grades", found.agreed),
        ("kappa", found.kappa),
        ("weighted kappa", found.weighted),
        ("weighted kappa, lower end (95%)", low),
        ("weighted kappa, upper end (95%)", high),
    )
    for name, value in figures:
        yield _row("agreement", name, value, order=first, against=second)


def _cut_rows(report: Report) -> Iterator[list[object]]:
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


def _results(report: Report) -> Iterator[list[object]]:
    judgments = report.summary.settings.judgments or {}
    orders: list[tuple[str, Mapping[str, Sequence[str]], Mapping[str, Mapping[str, float]]]]
    orders = [(INITIAL, report.query_set.initial, {})]
    orders += [(one.label, one.run, one.scores) for one in report.rankings]
    for query in report.summary.queries:
        text, rated = report.summary.searched[query].text, judgments.get(query, {})
        for label, run, scores in orders:
            own = scores.get(query, {})
            for rank, document in enumerate(run.get(query, ()), start=1):
                yield [query, text, label, rank, document, own.get(document), rated.get(document)]
