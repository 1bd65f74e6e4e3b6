"""The report: one HTML file that a manager can open, print and send on, and a CSV of every number in it.

The file needs nothing from outside and runs nothing: no script, no font, no picture, no link that is followed by
itself. Queries and document ids in it are text, whatever they hold.
"""

from __future__ import annotations

import platform
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import PackageNotFoundError, version

from rerank_core import __version__
from rerank_core.evaluation.experiments.records import ExperimentProgress, Ranking
from rerank_core.evaluation.measures.cost_quality import CostPoint, cost_quality, worth
from rerank_core.evaluation.measures.cutoff import CutOff, Threshold, cut_off
from rerank_core.evaluation.measures.measure import Judgments, mean_name
from rerank_core.evaluation.measures.significance import p_text
from rerank_core.evaluation.measures.summary import INITIAL, SEARCHES_A_DAY, Answer, method, summarise
from rerank_core.evaluation.query_sets.agreement import RaterAgreement, agreement
from rerank_core.evaluation.query_sets.query_set import NO_PERSON, QuerySet, count_queries, describe
from rerank_core.evaluation.report.charts import changes_chart, cost_chart, cut_chart, means_chart, shown
from rerank_core.evaluation.report.style import STYLE
from rerank_core.pricing.estimates import money_text, monthly
from rerank_core.pricing.table import Price, PriceTable

__all__ = ["Report", "make_report", "report_html"]

_TAG = 30
"""Characters of a tag in the table of all queries."""

_TRAFFIC = (100, 1_000, 10_000)
_REGRESSIONS = 15
_PROBLEMS = 20


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that the report says, worked out; `make_report` makes it, `report_html` and `report_csv` write it.

    `judgments` are the ratings that every figure was computed from, `raters` those who gave them. `thresholds` are
    those kept for the models, by their labels.
    """

    title: str
    created: datetime
    query_set: QuerySet
    rankings: tuple[Ranking, ...]
    answer: Answer
    cuts: tuple[CutOff, ...]
    points: tuple[CostPoint, ...]
    agreements: tuple[RaterAgreement, ...]
    prices: tuple[Price, ...]
    versions: tuple[tuple[str, str], ...]
    progress: ExperimentProgress | None = None
    judgments: Judgments = field(default_factory=dict, hash=False, repr=False)
    raters: tuple[str, ...] = ()
    thresholds: Mapping[str, Threshold] = field(default_factory=dict, hash=False)


def make_report(
    query_set: QuerySet,
    rankings: Sequence[Ranking],
    *,
    judgments: Judgments | None = None,
    raters: Collection[str] | None = None,
    k: int = 10,
    searches_a_day: float = SEARCHES_A_DAY,
    prices: PriceTable | None = None,
    progress: ExperimentProgress | None = None,
    only: Collection[str] | None = None,
    relevant: int = 1,
    scope: str = "",
    thresholds: Mapping[tuple[str, str | None], Threshold] | None = None,
    title: str = "",
    created: datetime | None = None,
) -> Report:
    """Work out all that a report holds; the arguments are those of `summarise`, with the prices that were used, the
    progress of the experiment and the thresholds that are kept for models (see QuerySetStore.thresholds). `raters`
    are those whose ratings count (None: all); `judgments` None are theirs combined. Raises what `summarise` raises."""
    whose = query_set.raters if raters is None else tuple(name for name in query_set.raters if name in raters)
    grades = query_set.combined(whose) if judgments is None else judgments
    answer = summarise(
        query_set,
        rankings,
        judgments=grades,
        k=k,
        searches_a_day=searches_a_day,
        only=only,
        relevant=relevant,
        scope=scope,
    )
    ranked = [ranking for ranking in rankings if ranking.label in answer.by_query]
    ranked.sort(key=lambda ranking: [row.label for row in answer.rows].index(ranking.label))
    kept = {one.label: (thresholds or {}).get((one.contender.provider, one.contender.model)) for one in ranked}
    table = prices or PriceTable.default()
    found = (table.find(one.contender.provider, one.contender.model) for one in rankings)
    return Report(
        title=title or query_set.name,
        created=(created or datetime.now(UTC)).astimezone(UTC),
        query_set=query_set,
        rankings=tuple(rankings),
        answer=answer,
        cuts=tuple(cut_off(query_set, one, judgments=grades, relevant=relevant, only=only) for one in ranked),
        points=cost_quality(answer),
        agreements=agreement({name: query_set.judgments[name] for name in whose}),
        prices=tuple(price for price in found if price is not None),
        versions=_versions(),
        progress=progress,
        judgments=grades,
        raters=whose,
        thresholds={label: one for label, one in kept.items() if one is not None},
    )


def report_html(report: Report) -> bytes:
    """The report as one HTML file, UTF-8."""
    return "".join(_page(report)).encode("utf-8", "replace")


def _versions() -> tuple[tuple[str, str], ...]:
    found = [("Rerank Playground", __version__), ("Python", platform.python_version())]
    for package in ("ir-measures", "pytrec-eval-terrier", "numpy", "onnxruntime"):
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return tuple(found)


def _page(report: Report) -> Iterator[str]:
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
        f"<title>{shown(report.title)}</title><style>{STYLE}</style></head>\n<body><main>\n"
    )
    yield from _head(report)
    yield from _quality(report)
    yield from _queries(report)
    yield from _cut(report)
    yield from _money(report)
    yield from _data(report)
    yield from _method(report)
    yield from _all_queries(report)
    yield "</main></body></html>\n"


def _head(report: Report) -> Iterator[str]:
    day = f"{report.created.day} {report.created:%B %Y, %H:%M} UTC"
    yield f'<header><p class="soft">Rerank Playground, {day}</p><h1>{_text(report.title)}</h1>'
    yield f'<p class="answer">{_text(report.answer.sentence)}</p>'
    if report.answer.scope:
        yield f"<p><strong>{_text(report.answer.scope)}.</strong></p>"
    for sentence in report.answer.others:
        yield f"<p>{_text(sentence)}</p>"
    if report.answer.warnings:
        yield '<ul class="warnings">'
        for warning in report.answer.warnings:
            yield f"<li>{_text(warning)}</li>"
        yield "</ul>"
    yield "</header>\n"


def _quality(report: Report) -> Iterator[str]:
    answer = report.answer
    yield f"<section><h2>Quality of each order</h2>{means_chart(answer)}"
    yield (
        f'<p class="soft">Means over {count_queries(len(answer.queries))}. {_relevant(answer)} The thin line on a bar '
        "is the 95% interval of the difference to the initial order.</p>"
    )
    yield _table(
        ["Order", *map(mean_name, answer.measures)],
        [[row.label, *(f"{row.means[name]:.3f}" for name in answer.measures)] for row in answer.rows],
    )
    yield f"<h3>{_text(answer.measure)} against the initial order</h3>"
    rows = []
    for row in answer.rows[1:]:
        assert row.compared is not None
        low, high = row.compared.interval
        counts = (f"{number:,}" for number in (row.compared.better, row.compared.worse, row.compared.same))
        rows.append(
            [row.label, f"{row.compared.difference:+.3f}", f"{low:.3f} to {high:.3f}", p_text(row.compared.p), *counts]
        )
    yield _table(["Model", "Difference", "95% interval", "p", "Queries better", "Worse", "The same"], rows)
    if len(answer.pairs) > 1:
        yield (
            f'<p class="soft">p is corrected for the {len(answer.pairs):,} comparisons made here; each interval is '
            "that of its own comparison alone.</p>"
        )
    between = [pair for key, pair in answer.pairs.items() if INITIAL not in key]
    if between:
        yield "<h3>Between the models</h3><ul>"
        for pair in between:
            chance = "" if pair.significant else "; this may be chance"
            yield (
                f"<li>{_text(pair.second)} against {_text(pair.first)}: {pair.difference:+.3f} "
                f"({pair.interval[0]:.3f} to {pair.interval[1]:.3f}, p {p_text(pair.p)}){chance}</li>"
            )
        yield "</ul>"
    yield "</section>\n"


def _queries(report: Report) -> Iterator[str]:
    answer = report.answer
    for row in answer.rows[1:]:
        yield f"<section><h2>Query by query: {_text(row.label)}</h2>{changes_chart(answer, row.label)}"
        worst = answer.regressions(row.label, _REGRESSIONS)
        if worst:
            yield "<h3>What it makes worse</h3>"
            yield _table(
                ["Query", "Before", "After", "Change"],
                [[one.query.text, f"{one.before:.3f}", f"{one.after:.3f}", f"▼ {one.change:+.3f}"] for one in worst],
            )
        else:
            yield "<p>It makes no query worse.</p>"
        yield "</section>\n"


def _cut(report: Report) -> Iterator[str]:
    scored = [cut for cut in report.cuts if cut.points]
    if not scored:
        return
    yield "<section><h2>Where to cut</h2>"
    yield (
        "<p>Below a threshold a document is not shown, and a query may get no answer at all. The threshold suggested "
        "is the one with the most queries done right, less those answered wrongly. Scores are not comparable between "
        f"models. {_relevant(report.answer)}</p>"
    )
    rows = []
    for cut in scored:
        point = cut.suggested
        assert point is not None
        cells = [cut.label, f"{point.threshold:.3f}", _share(point.precision), _share(point.recall)]
        cells += [f"{number:,}" for number in (point.right, point.wrong, point.missed, point.silent)]
        rows.append(cells)
    yield _table(
        ["Model", "Threshold", "Precision", "Recall", "Answered rightly", "Wrongly", "Missed", "Rightly silent"], rows
    )
    for cut in scored:
        yield f"<h3>{_text(cut.label)}</h3>{cut_chart(cut)}"
        kept = report.thresholds.get(cut.label)
        if kept is not None:
            said = f"The threshold kept for this model is {kept.score:.3f} ({kept.how}). {cut.at(kept.score).text}."
            yield f"<p>{_text(said)}</p>"
        else:
            yield "<p>No threshold is kept for this model.</p>"
        shallow = [top for top in cut.top if top.n in (1, 3, 5, 10)]
        yield _table(
            ["Show the first", "Precision", "Recall", "Queries with an answer that show it"],
            [[str(top.n), _share(top.precision), _share(top.recall), _share(top.found)] for top in shallow],
        )
    yield "</section>\n"


def _money(report: Report) -> Iterator[str]:
    answer = report.answer
    yield f"<section><h2>Cost against quality</h2><p>{_text(worth(answer))}</p>"
    chart = cost_chart(report.points, answer.measure, answer.searches_a_day)
    yield chart or "<p>No picture is drawn, since none of them costs anything that is known.</p>"
    head = ["Model", answer.measure, "This run", "A search", *(f"A month at {n:,} a day" for n in _TRAFFIC)]
    rows = []
    for row in answer.rows[1:]:
        amounts = [row.cost, row.per_search, *(monthly(row.per_search, number) for number in _TRAFFIC)]
        rows.append([row.label, f"{row.means[answer.measure]:.3f}", *(money_text(amount) for amount in amounts)])
    yield _table(head, rows)
    yield '<p class="soft">A month has 30 days. One search is one query of this set with its candidates.</p>'
    if report.prices:
        yield "<h3>Prices used</h3>"
        yield _table(
            ["Model", "Per 1,000 search units", "As of", "Source"],
            [[one.model, money_text(one.per_1000), one.as_of.isoformat(), one.source] for one in report.prices],
        )
    else:
        yield "<p>No price was needed: everything ran on this computer, or the provider publishes none.</p>"
    yield "</section>\n"


def _data(report: Report) -> Iterator[str]:
    query_set, progress = report.query_set, report.progress
    yield f"<section><h2>Data</h2><p>{_text(describe(query_set))}. "
    yield f"Initial order: {_text(query_set.order_name)}.</p>"
    if report.answer.scope:
        yield f"<p>This report is not about all of it. {_text(report.answer.scope)}.</p>"
    yield f"<p>Its figures are over {count_queries(len(report.answer.queries))} with ratings and answers.</p><ul>"
    for note in query_set.notes:
        yield f"<li>{_text(note)}</li>"
    languages = ", ".join(
        f"{code or 'unknown'} {sum(query.lang == code for query in query_set.queries):,}"
        for code in sorted({query.lang for query in query_set.queries}, key=str)
    )
    yield f"<li>Languages of the queries: {_text(languages)}</li>"
    yield f"<li>{_text(_rated_by(report))}</li>"
    for pair in report.agreements:
        yield f"<li>{_text(pair.text)}</li>"
    for ranking in report.rankings:
        failed = f"; {count_queries(len(ranking.failed))} failed" if ranking.failed else ""
        model = ranking.contender.model or "the only one"
        yield (
            f"<li>{_text(ranking.label)}: model {_text(model)} of connection {_text(ranking.contender.provider)}, "
            f"{count_queries(len(ranking.run))} answered{failed}</li>"
        )
    if progress is not None and progress.maybe:
        yield (
            f"<li>Requests that were broken off may have been billed without an answer: up to "
            f"{money_text(progress.maybe)} more than the figures say.</li>"
        )
    yield "</ul>"
    if query_set.problems:
        yield f"<h3>Left out when the data was read: {len(query_set.problems):,}</h3><ul>"
        for problem in query_set.problems[:_PROBLEMS]:
            yield f"<li>{_text(str(problem))}</li>"
        if len(query_set.problems) > _PROBLEMS:
            yield f"<li>and {len(query_set.problems) - _PROBLEMS:,} more</li>"
        yield "</ul>"
    yield "</section>\n"


def _rated_by(report: Report) -> str:
    """Whose ratings count and how, and whose do not."""
    people = [name for name in report.raters if name not in NO_PERSON]
    said = f"Rated by {', '.join(report.raters) or 'nobody'}"
    if people and len(people) < len(report.raters):
        said += "; a person's rating takes the place of the imported one"
    if len(people) > 1:
        said += "; where several people rated a document, the median counts"
    left = [name for name in report.query_set.raters if name not in report.raters]
    return f"{said}; not counted: ratings by {', '.join(left)}." if left else f"{said}."


def _relevant(answer: Answer) -> str:
    return f"A document counts as relevant where it is rated {answer.relevant} or more."


def _method(report: Report) -> Iterator[str]:
    yield "<section><h2>Method</h2><p>Each query's candidates, in their initial order, were sent to each model, and "
    yield (
        "both orders were measured against people's ratings. A query that not every model answered is left out for "
        "all, but for the cut-off, which is about one model at a time.</p><dl>"
    )
    for name, meaning in method(report.answer.relevant):
        yield f"<dt>{_text(name)}</dt><dd>{_text(meaning)}</dd>"
    yield "</dl><h3>Versions</h3>"
    yield _table(["What", "Version"], [list(pair) for pair in report.versions])
    yield "</section>\n"


def _all_queries(report: Report) -> Iterator[str]:
    answer = report.answer
    labels = [row.label for row in answer.rows]
    yield f"<section><h2>All queries</h2><p>{_text(answer.measure)} of each query in each order.</p>"
    yield _table(
        ["Query", "Tag", "Language", *labels],
        [
            [
                answer.searched[query].text,
                _short(answer.searched[query].tag or ""),
                answer.searched[query].lang or "",
                *(f"{answer.by_query[label][answer.measure][query]:.3f}" for label in labels),
            ]
            for query in answer.queries
        ],
    )
    yield "</section>\n"


def _short(tag: str) -> str:
    """A tag that leaves the query beside it room to be read."""
    return tag if len(tag) <= _TAG else f"{tag[: _TAG - 1]}\N{HORIZONTAL ELLIPSIS}"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are figures."""
    top = "".join(f'<th scope="col">{_text(cell)}</th>' for cell in head)
    body = "".join(
        f'<tr><th scope="row">{_text(row[0])}</th>{"".join(f"<td>{_text(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    # Wider than a phone it scrolls, which has to work without a mouse or a finger too.
    wide = '<div class="wide" tabindex="0" role="group" aria-label="Table">'
    return f"{wide}<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def _text(text: str) -> str:
    """A text of anybody's, kept apart so that its direction does not turn what is around it."""
    return f"<bdi>{shown(text)}</bdi>"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"


def money_of(amount: Decimal | None) -> str:
    """An amount with all its digits for a file of numbers; empty where unknown."""
    return "" if amount is None else f"{amount:f}"
