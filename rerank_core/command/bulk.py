"""`rerank bulk IN OUT`: a data set larger than memory, scored into Parquet."""

from __future__ import annotations

import json
import sys
from decimal import Decimal

import click

from rerank_core.client.client import Client
from rerank_core.command.completion import model_ids, provider_ids
from rerank_core.command.output import text_lines, write
from rerank_core.command.rank import Money, checked_model
from rerank_core.command.status import MISSED
from rerank_core.errors import SpendingLimitError
from rerank_core.pricing import money_text
from rerank_core.providers import provider as find_provider
from rerank_core.rank_fields import TITLE_AND_TEXT


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--provider", default="local", show_default=True, shell_complete=provider_ids, help="Who ranks.")
@click.option(
    "--model",
    default=None,
    shell_complete=model_ids,
    help="Which model, by its id or alias; the usual one if left out.",
)
@click.option("--top-n", type=click.IntRange(min=1), help="How many candidates of a query to keep; all if left out.")
@click.option("--fields", default=",".join(TITLE_AND_TEXT), show_default=True, help="What the model reads, in order.")
@click.option("--limit", type=Money(), help="The most that it may cost in US dollars, over all starts.")
@click.option("--at-once", default=8, show_default=True, type=click.IntRange(1, 64), help="Requests under way at once.")
@click.option("--per-minute", type=click.IntRange(min=1), help="The most requests in a minute, over all machines.")
@click.option(
    "--ray", "address", default=None, help="Score on the Ray cluster at this address; auto, or local for one."
)
@click.option("--base-url", default=None, help="Where the provider is reached.")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def bulk(  # noqa: PLR0913  # a command takes its options as arguments
    source: str,
    target: str,
    provider: str,
    model: str | None,
    top_n: int | None,
    fields: str,
    limit: Decimal | None,
    at_once: int,
    per_minute: int | None,
    address: str | None,
    base_url: str | None,
    form: str,
) -> None:
    """Score the queries of SOURCE with their candidates into the folder TARGET.

    SOURCE is JSON lines or Parquet: rows of a query with its documents, or of a query with one document. Both may be
    addresses that fsspec knows. TARGET gets one Parquet file a part; the same command goes on with what is missing. A
    provider that bills needs --limit.
    """
    from rerank_core.bulk.parts import BulkOptions
    from rerank_core.bulk.run import BulkProgress, run_bulk

    spec = find_provider(provider)
    if not spec.is_local and limit is None:
        raise SpendingLimitError(
            f"{spec.label} may bill every query.", hint="Say with --limit what it may cost at most."
        )
    fields_read = tuple(filter(None, map(str.strip, fields.split(","))))
    options = BulkOptions(checked_model(provider, model), top_n, fields_read, limit, per_minute=per_minute)

    def show(at: BulkProgress) -> None:
        money = "" if spec.is_local else f", {money_text(at.spent.known)} spent"
        click.echo(f"rerank: part {at.parts:,}: {at.queries:,} queries, {at.documents:,} documents{money}", err=True)

    told = show if sys.stderr.isatty() else None
    if address is not None:
        from rerank_core.bulk.on_ray import run_bulk_on_ray

        ended = run_bulk_on_ray(
            source, target, spec.id, options, told, address=address, base_url=base_url, at_once=at_once
        )
    else:
        with Client(
            provider,
            base_url=base_url,
            max_retries=options.max_retries,
            max_concurrency=1 if spec.is_local else at_once,
            requests_per_minute=per_minute,
        ) as client:
            ended = run_bulk(source, target, client, options, told)
    if form == "json":
        write((json.dumps(ended.as_dict()) + "\n").encode())
    else:
        parts = "1 part" if ended.parts == 1 else f"{ended.parts:,} parts"
        maybe = f", {money_text(ended.spent.maybe)} may have been billed as well" if ended.spent.maybe else ""
        write(
            text_lines(
                [
                    f"{ended.queries:,} queries with {ended.documents:,} documents in {parts}, "
                    f"{ended.kept:,} of them from before; {money_text(ended.spent.known)} spent{maybe}."
                ]
            )
        )
    if ended.failed:
        click.echo(f"rerank: {ended.failed:,} queries have no scores; their rows say why.", err=True)
        raise SystemExit(MISSED)
