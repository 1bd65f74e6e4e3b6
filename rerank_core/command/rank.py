"""`rerank QUERY [FILE]...`: the documents in the order of a model, or of several side by side."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from rerank_core import language
from rerank_core.client.client import Client
from rerank_core.command import output, reading
from rerank_core.command.completion import model_ids, provider_ids
from rerank_core.documents.tables.fields import ROLES
from rerank_core.errors import ConfigurationError, RerankError, SpendingLimitError
from rerank_core.exports.comparison import Entry
from rerank_core.models import Document, Progress, RerankResponse
from rerank_core.pricing import CostEstimate, estimate_cost, money_text, upper_bound
from rerank_core.providers import provider as find_provider
from rerank_core.providers.choosing import chosen_model
from rerank_core.providers.spec import ALIASES
from rerank_core.rank_fields import TITLE_AND_TEXT
from rerank_core.ranking.answering import answering_spans
from rerank_core.ranking.contender import Contender, short_names
from rerank_core.ranking.keeping import Reading
from rerank_core.ranking.strength import ScoreScale, levels

RETRIES = 2
READING = ("sheet", "header", "encoding", "markup")
"""What readers of files take beside roles."""
_COMPARED = 10


class Money(click.ParamType[Decimal]):
    """An amount in US dollars, 0 or more."""

    name = "dollars"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        try:
            amount = Decimal(str(value))
        except InvalidOperation:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail(f"{value!r} is no amount of dollars; 0.50 is one.", param, ctx)
        return amount


def columns_of(given: Sequence[str], roles: Sequence[str], reading: Sequence[str] = READING) -> dict[str, str]:
    """What --column says, as `columns` of a reader: ROLE=COLUMN for one of `roles`, or how a file is read."""
    found = {}
    for one in given:
        role, equals, column = one.partition("=")
        if not equals or role not in (*roles, *reading):
            raise click.BadParameter(
                f"{one!r} is not ROLE=COLUMN; the roles are {', '.join(roles)}. "
                f"How a file is read is said so too: {', '.join(reading)}."
            )
        found[role] = column
    return found


def _columns(_context: click.Context, _parameter: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    return columns_of(given, ROLES)


@click.command()
@click.argument("query")
@click.argument("files", nargs=-1, type=click.Path(allow_dash=True))
@click.option("--provider", default="local", show_default=True, shell_complete=provider_ids, help="Who ranks.")
@click.option(
    "--model",
    default=None,
    shell_complete=model_ids,
    help="Which model, by its id or as english, multilingual or legacy; the usual one if left out.",
)
@click.option("--top-n", type=click.IntRange(min=1), help="How many results to keep; all if left out.")
@click.option("--min-score", type=float, help="Leave out what scores less.")
@click.option("--format", "form", type=click.Choice(output.FORMATS), default="table", show_default=True)
@click.option("--input", "kind", type=click.Choice(reading.INPUTS), default="auto", help="What standard input holds.")
@click.option(
    "--column",
    "columns",
    multiple=True,
    callback=_columns,
    help="ROLE=COLUMN, such as text=body; also sheet=NAME, header=no or encoding=NAME. Repeatable.",
)
@click.option("--fields", default=",".join(TITLE_AND_TEXT), show_default=True, help="What the model reads, in order.")
@click.option("--estimate", is_flag=True, help="Say what it would cost, and send nothing.")
@click.option("--compare", default="", shell_complete=model_ids, help="MODEL,MODEL or PROVIDER:MODEL,... side by side.")
@click.option("--explain", is_flag=True, help="Show moves, what the scores mean, and the sentence that answers.")
@click.option("--limit", type=Money(), help="Send nothing that may cost more than so many US dollars.")
@click.option("--base-url", default=None, help="Where the provider is reached.")
def rank(  # noqa: PLR0913  # a command takes its options as arguments
    query: str,
    files: tuple[str, ...],
    provider: str,
    model: str | None,
    top_n: int | None,
    min_score: float | None,
    form: str,
    kind: str,
    columns: dict[str, str],
    fields: str,
    estimate: bool,
    compare: str,
    explain: bool,
    limit: Decimal | None,
    base_url: str | None,
) -> None:
    """Put the documents of FILES in order for QUERY.

    Without a file, or where one is called "-", texts come from standard input. Keys come from the providers'
    environment variables. "rerank rank" may be left out.
    """
    chosen = contenders(compare, provider) if compare else [Contender(provider, checked_model(provider, model))]
    documents = reading.read(files, kind, columns)
    rank_fields = tuple(filter(None, map(str.strip, fields.split(","))))
    names = short_names(chosen)
    costs = [estimate_cost(one.provider, one.model, query, documents, rank_fields=rank_fields) for one in chosen]
    if estimate:
        return output.write(output.estimates(dict(zip(names, costs, strict=True)), form))
    hold_to(limit, costs)

    def answer(contender: Contender) -> RerankResponse:
        address = base_url if contender.provider == provider else None
        with (
            Client(contender.provider, base_url=address, max_retries=RETRIES) as client,
            progress(len(documents)) as show,
        ):
            return client.rerank(query, documents, contender.model, rank_fields=rank_fields, on_progress=show)

    if not compare:
        response = answer(chosen[0])
        how = reading_of(response, documents, top_n, min_score)
        spans = answering_spans(response) if explain else {}
        return output.write(output.results(response, how, form, spans, explain=explain))
    entries = [Entry(name, one, _outcome(answer, one)) for name, one in zip(names, chosen, strict=True)]
    failed = [entry for entry in entries if isinstance(entry.outcome, RerankError)]
    for entry in failed:
        click.echo(f"rerank: {entry.name}: {entry.outcome}", err=True)
    if len(failed) == len(entries) and isinstance(failed[0].outcome, RerankError):
        raise failed[0].outcome
    return output.write(output.compared(entries, form, top_n or _COMPARED))


def _outcome(answer: Callable[[Contender], RerankResponse], one: Contender) -> RerankResponse | RerankError:
    try:
        return answer(one)
    except RerankError as error:
        return error


def contenders(text: str, provider: str) -> list[Contender]:
    """The models that a list names: MODEL of this provider, PROVIDER:MODEL, or a provider by itself. Raises
    ConfigurationError or ModelNotFoundError for what does not exist."""
    found = []
    for part in filter(None, map(str.strip, text.split(","))):
        before, colon, after = part.partition(":")
        if colon:
            found.append(Contender(before, checked_model(before, after)))
        elif find_provider(provider).model(part) is None and _is_provider(part):
            found.append(Contender(part, checked_model(part, None)))
        else:
            found.append(Contender(provider, checked_model(provider, part)))
    return list(dict.fromkeys(found))


def _is_provider(name: str) -> bool:
    try:
        find_provider(name)
    except ConfigurationError:
        return False
    return True


def checked_model(provider: str, model: str | None) -> str | None:
    """The model to ask for by its real name; the provider's usual one for None. Raises ConfigurationError where the
    provider does not exist, ModelNotFoundError where the model does not."""
    spec = find_provider(provider)
    if not spec.has_models and model in ALIASES:
        return model  # nothing to choose from there: the answer says so
    return chosen_model(spec, model)


def hold_to(limit: Decimal | None, costs: Sequence[CostEstimate]) -> None:
    """Raise SpendingLimitError where the most that this may cost passes the limit, or where nobody knows it."""
    if limit is None:
        return
    bounds = [upper_bound(one, RETRIES) for one in costs]
    known = [bound for bound in bounds if bound is not None]
    if len(known) < len(bounds):
        raise SpendingLimitError("What this may cost is not known.", hint="Leave --limit out to send it all the same.")
    if sum(known, Decimal(0)) > limit:
        most = money_text(sum(known, Decimal(0)))
        raise SpendingLimitError(
            f"This may cost up to {most}, more than the limit of {money_text(limit)}.",
            hint="Nothing was sent. Raise --limit, or give fewer documents.",
        )


def reading_of(
    response: RerankResponse, documents: Sequence[Document], top_n: int | None, least: float | None
) -> Reading:
    """How the list is read: what the model's scores mean, and what is kept."""
    across = language.differ(response.request.query, [document.text for document in documents])
    at = levels(find_provider(response.provider).model(response.model), across_languages=across)
    return Reading(ScoreScale(at), top_n, least)


@contextmanager
def progress(total: int, label: str = "Ranking") -> Iterator[Callable[[Progress], None]]:
    """A bar on standard error, where somebody is looking at it; what it gives is told how far the work has come."""
    if not sys.stderr.isatty():
        yield _nobody_looks
        return
    with click.progressbar(length=total, label=label, file=sys.stderr) as bar:
        yield lambda at: bar.update(at.done - bar.pos)


def _nobody_looks(_at: Progress) -> None:
    """Shows nothing."""
