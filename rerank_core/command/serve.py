"""`rerank serve`: a model behind the endpoints of Cohere, Jina and TEI."""

from __future__ import annotations

import os
import socket
from decimal import Decimal
from functools import cache, partial
from ipaddress import ip_address

import click

from rerank_core.client.client import Client
from rerank_core.command.completion import model_ids, provider_ids
from rerank_core.command.rank import Money, checked_model
from rerank_core.errors import ConfigurationError
from rerank_core.pricing.allowance import Allowance, PaidCall, Purse
from rerank_core.pricing.table import PriceTable
from rerank_core.providers import provider as find_provider
from rerank_core.providers.spec import ProviderSpec
from rerank_core.storage.spending.purse import LedgerPurse
from rerank_core.storage.spending.store import SpendingStore
from rerank_core.transport.credentials import ApiKey

KEY_VARIABLE = "RERANK_SERVE_KEY"
PORT = 8765
_WHO = "rerank serve"


@click.command()
@click.option("--provider", default="local", show_default=True, shell_complete=provider_ids, help="Who ranks.")
@click.option(
    "--model",
    default=None,
    shell_complete=model_ids,
    help="The model, by its id or alias, for requests that name none.",
)
@click.option("--any-model", is_flag=True, help="Answer requests for models that do not exist here with that one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", default=PORT, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--base-url", default=None, help="Where the provider is reached.")
@click.option(
    "--at-once", default=2, show_default=True, type=click.IntRange(1, 64), help="Requests computed side by side."
)
@click.option("--limit-per-day", type=Money(), help="Send nothing more once a day has cost so many US dollars.")
def serve(  # noqa: PLR0913  # a command takes its options as arguments
    provider: str,
    model: str | None,
    any_model: bool,
    host: str,
    port: int,
    base_url: str | None,
    at_once: int,
    limit_per_day: Decimal | None,
) -> None:
    """Answer rerank requests of other programs with a model of this computer.

    POST /v2/rerank is Cohere's, /v1/rerank Cohere's older one and Jina's, /rerank that of Hugging Face TEI. Programs
    that can be given an address for one of these use this computer's reranker unchanged. The key that they must send
    is the one in RERANK_SERVE_KEY; without it the server listens on this computer only. What requests cost at a hosted
    provider is in the ledger of this computer, as "rerank serve".
    """
    import uvicorn

    from rerank_core.serving.app import RETRIES, Served, make_app

    spec = find_provider(provider)
    chosen = checked_model(provider, model)
    if (reason := spec.unavailable_reason(chosen)) is not None:
        raise ConfigurationError(reason, hint="Choose another model.")
    key = os.environ.get(KEY_VARIABLE) or None
    here = _is_loopback(host)
    if not here and key is None:
        raise ConfigurationError(
            f"Others can reach {host}, and no key is set.", hint=f"Set {KEY_VARIABLE}, or listen on 127.0.0.1."
        )
    purse_of = None if spec.is_free else partial(_purse, provider, limit_per_day)
    served = Served(spec, chosen, any_model, ApiKey(key) if key else None, purse_of, at_once)
    app = make_app(served, lambda: Client(provider, base_url=base_url, max_retries=RETRIES), only_loopback=here)
    try:
        listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigurationError(
            f"{host}:{port} cannot be listened on: {error.strerror}.", hint="Choose another --port."
        ) from error
    with listening:
        where = f"http://{f'[{host}]' if ':' in host else host}:{listening.getsockname()[1]}"
        asks = "callers send the key as a bearer token" if key else "without a key"
        click.echo(f"rerank: {spec.label}, {chosen or 'its own model'}, at {where}, {asks}. Ctrl+C ends it.", err=True)
        if limit_per_day is not None and (refused := _refused_by_a_limit(spec, chosen)):
            click.echo(f"rerank: {refused}", err=True)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listening])


def _refused_by_a_limit(spec: ProviderSpec, model: str | None) -> str | None:
    """A sentence where the price of what is served is unknown, so that a limit lets no request pass."""
    if spec.is_free or PriceTable.default().find(spec.id, model) is not None:
        return None
    return (
        f"The price of {model or spec.label} is not known, so every request for it is refused. Name another --model, "
        "or leave --limit-per-day out."
    )


def _purse(provider: str, limit: Decimal | None, model: str | None) -> Purse:
    """Where the calls of a model are paid from. A call of unknown price is refused where there is a limit."""
    allowance = Allowance(
        person_per_day=limit,
        contact="whoever runs this server",
        cure="start it without --limit-per-day",
        own_keys=False,
    )
    return LedgerPurse(_spending(), allowance, PaidCall(_WHO, provider, model or "", _WHO))


@cache
def _spending() -> SpendingStore:
    return SpendingStore()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
