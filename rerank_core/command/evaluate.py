"""`rerank eval FILE...`: a query set put to models, with the figures of the Evaluate page."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from rerank_core.client.client import Client
from rerank_core.command import bars
from rerank_core.command.completion import model_ids, provider_ids
from rerank_core.command.output import csv_lines, table_lines, text_lines, write
from rerank_core.command.rank import READING, Money, checked_model, columns_of, contenders, progress
from rerank_core.command.status import MISSED
from rerank_core.errors import InvalidRequestError, RerankError, SpendingLimitError
from rerank_core.evaluation.experiments.plan import plan
from rerank_core.evaluation.experiments.records import Ranking
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.evaluation.formats.columns import TABLE_ROLES
from rerank_core.evaluation.formats.imported import Imported
from rerank_core.evaluation.formats.reading import read
from rerank_core.evaluation.measures.settings import EvaluationSettings
from rerank_core.evaluation.measures.significance import interval_text, p_text
from rerank_core.evaluation.measures.summary import INITIAL, OrderScores, Summary, summarise
from rerank_core.evaluation.query_sets import sources
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.jobs import JobManager
from rerank_core.models import Progress
from rerank_core.pricing import money_text
from rerank_core.ranking.contender import Contender, distinct

_EACH = 0.2
_SHOWN = 5


def _bars(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> tuple[bars.Bar, ...]:
    try:
        return tuple(map(bars.read_bar, given))
    except InvalidRequestError as error:
        raise click.BadParameter(str(error)) from error


def _columns(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    return columns_of(given, TABLE_ROLES, ("kind", "ratings", *READING))


@click.command("eval")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option("--provider", default="local", show_default=True, shell_complete=provider_ids, help="Whose models.")
@click.option("--models", default="", shell_complete=model_ids, help="MODEL or PROVIDER:MODEL, with commas between.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    callback=_columns,
    help="ROLE=COLUMN of the tables, such as document=body; also sheet=NAME or kind=table. Repeatable.",
)
@click.option("--k", default=10, show_default=True, type=click.IntRange(1, 1000), help="The depth of nDCG@k.")
@click.option("--relevant", default=1, show_default=True, type=click.IntRange(1), help="The least relevant grade.")
@click.option("--candidates", default=100, show_default=True, type=click.IntRange(1), help="Of a query without any.")
@click.option("--min", "minima", multiple=True, callback=_bars, help="MEASURE=VALUE that each model must reach.")
@click.option("--no-worse-than", type=click.Path(exists=True, dir_okay=False), help="An earlier run that --save wrote.")
@click.option("--tolerance", default=0.0, type=click.FloatRange(0, 1), help="How much worse is still no miss.")
@click.option("--save", "target", type=click.Path(dir_okay=False, writable=True), help="Keep the figures in a file.")
@click.option("--limit", type=Money(), help="The most that all models may cost, in US dollars.")
@click.option("--format", "form", type=click.Choice(["table", "json", "csv"]), default="table", show_default=True)
def evaluate(  # noqa: PLR0913  # a command takes its options as arguments
    files: tuple[str, ...],
    provider: str,
    models: str,
    columns: dict[str, str],
    k: int,
    relevant: int,
    candidates: int,
    minima: tuple[bars.Bar, ...],
    no_worse_than: str | None,
    tolerance: float,
    target: str | None,
    limit: Decimal | None,
    form: str,
) -> None:
    """Measure models by a rated query set, read from FILES.

    FILES are what the Evaluate page takes: tables, TREC runs and qrels, BEIR, Quepid and others, together one set. The
    figures are the page's own. The exit status is 1 where --min or --no-worse-than is missed.
    """
    chosen = distinct(contenders(models, provider) or [Contender(provider, checked_model(provider, None))])
    before = None if no_worse_than is None else bars.read_saved(no_worse_than)
    query_set = _query_set(files, columns, candidates)
    if not any(query_set.combined().values()):
        raise InvalidRequestError("No query has a rating.", hint="Add a file of ratings.", code="no_ratings")
    _afford(query_set, chosen, limit)
    rankings = _answers(query_set, chosen, limit)
    summary = summarise(query_set, rankings, EvaluationSettings(k=k, relevant=relevant))
    found = bars.figures(summary, rankings, [bar.measure for bar in minima])
    content = bars.saved(summary, found)
    if target is not None:
        Path(target).write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", "utf-8")
    write(_shown(summary, found, content, form))
    misses = [*bars.missed(minima, found)]
    misses += [] if before is None else bars.worse(before, summary, tolerance)
    misses += [f"{one.label}: {len(one.failed):,} queries have no answer." for one in rankings if one.failed]
    for miss in misses:
        click.echo(f"rerank: {miss}", err=True)
    if misses:
        raise SystemExit(MISSED)


def _query_set(files: Sequence[str], columns: dict[str, str], candidates: int) -> QuerySet:
    """The set that all files make together, with candidates by keyword for queries that have none."""
    parts: list[Imported] = []
    kind = columns.pop("kind", "auto")
    for name in files:
        try:
            data = Path(name).read_bytes()
        except OSError as error:
            raise InvalidRequestError(f"{name} cannot be read: {error.strerror}.", hint="Check its name.") from error
        parts.append(read(Path(name).name, data, kind, columns=columns))
    made = sources.from_files(parts, name=Path(files[0]).stem)
    if len(made.ready) < len(made.queries) and made.documents:
        search = sources.search_collection(made.documents.values(), candidates, rank_fields=made.rank_fields)
        made = made.with_candidates(search, "by keyword (BM25)")
    for line in [*made.notes, *made.problems[:_SHOWN]]:
        click.echo(f"rerank: {line}", err=True)
    if len(made.problems) > _SHOWN:
        click.echo(f"rerank: and {len(made.problems) - _SHOWN:,} more lines like these.", err=True)
    if not made.ready:
        raise InvalidRequestError("No query has candidates with texts.", hint="Add a file with the documents.")
    return made


def _afford(query_set: QuerySet, chosen: Sequence[Contender], limit: Decimal | None) -> None:
    """Say what it may cost. Raises SpendingLimitError where that passes the limit, or where nobody knows it."""
    planned = plan(query_set, chosen)
    if planned.free:
        return
    cost = f"about {money_text(planned.amount)}, at most {money_text(planned.most)} with every retry billed"
    unknown = f"; what {', '.join(planned.unknown)} costs is not known" if planned.unknown else ""
    click.echo(f"rerank: {planned.requests:,} requests, {cost}{unknown}.", err=True)
    if limit is not None and planned.unknown:
        raise SpendingLimitError("What this may cost is not known.", hint="Leave --limit out to send it all the same.")


def _answers(query_set: QuerySet, chosen: Sequence[Contender], limit: Decimal | None) -> tuple[Ranking, ...]:
    """Every model's order of every query. Raises SpendingLimitError where the limit ended it early."""
    from rerank_core.storage.experiments import ExperimentStore
    from rerank_core.storage.query_sets import QuerySetStore

    def client(provider: str, *, max_retries: int, max_concurrency: int) -> Client:
        return Client(provider, max_retries=max_retries, max_concurrency=max_concurrency)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "evaluation.sqlite3"
        with QuerySetStore(path) as sets, ExperimentStore(path) as store:
            made = store.create(sets.save(query_set), query_set, chosen, spending_limit=limit)
            manager = JobManager(workers=1)
            try:
                job = manager.submit(run_experiment, store, made.id, query_set, client)
                with progress(len(query_set.ready) * len(chosen), "Asking") as show:
                    while not job.wait(_EACH):
                        show(Progress(job.progress.done, job.progress.total))
                ended = job.result()
            finally:
                manager.close()
            if ended.state == "limit":
                raise SpendingLimitError(ended.note or "The limit was reached.", hint="Raise --limit.")
            if ended.note:
                click.echo(f"rerank: {ended.note}", err=True)
            if not ended.done:
                raise RerankError("No model answered.", hint=ended.note or "See the messages above.")
            return store.rankings(made.id, query_set)


def _price(row: OrderScores) -> str:
    """What 1,000 searches cost; nothing for the initial order."""
    if row.label == INITIAL:
        return ""
    return "unknown" if row.per_search is None else money_text(row.per_search * 1000)


def _shown(summary: Summary, found: dict[str, dict[str, float]], content: dict[str, Any], form: str) -> bytes:
    if form == "json":
        whole = content | {"sentence": summary.sentence, "warnings": summary.warnings}
        return (json.dumps(whole, ensure_ascii=False, indent=2) + "\n").encode()
    names = list(next(iter(found.values())))
    head = ["order", *names, "against the initial order", "p", "per 1,000", "ms"]
    rows = []
    for row in summary.rows:
        compared = row.compared
        rows.append(
            [
                row.label,
                *(f"{found[row.label][name]:.4f}" for name in names),
                "" if compared is None else f"{compared.difference:+.4f} {interval_text(compared)}",
                "" if compared is None else p_text(compared.p),
                _price(row),
                "" if row.latency_ms is None else f"{row.latency_ms:,.0f}",
            ]
        )
    if form == "csv":
        return csv_lines([head, *rows])
    queries = "1 rated query." if len(summary.queries) == 1 else f"{len(summary.queries):,} rated queries."
    return text_lines([*table_lines(head, rows, whole=True), "", queries, summary.sentence, *summary.warnings])
