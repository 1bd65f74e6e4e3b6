"""How a run is done: with the connections of whoever starts it, or with the operator's where another server goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import rerank_core as rc
from pages.components.jobs import replicas, size
from pages.components.jobs.paid_call import address_of
from pages.components.session import connection as connections
from pages.components.session import owner, stores
from pages.components.session.account import Account
from pages.components.session.connection import Connection
from rerank_core.evaluation.experiments.options import ClientFactory, Only, RunOptions
from rerank_core.evaluation.experiments.records import Experiment
from rerank_core.evaluation.query_sets.query_set import QuerySet
from rerank_core.pricing.allowance import Purse
from rerank_core.pricing.budget import Budget
from rerank_core.pricing.table import PriceTable
from rerank_core.ranking.contender import Contender
from rerank_core.storage.replicas.records import Work

KIND, LABEL = "experiment", "Running"
"""What a run is called among all jobs, and in words."""

_OTHERS_KEY = "a key that was typed"
_OTHERS_ADDRESS = "an address or options that were typed"


def client_maker(as_they_are: Mapping[str, Connection]) -> ClientFactory:
    """What makes the client of each connection, on a worker thread."""

    def client_of(provider: str, *, max_retries: int, max_concurrency: int) -> rc.Client:
        """`max_concurrency` is held by the experiment itself, and is under the client's bound."""
        del max_concurrency
        return connections.client(replace(as_they_are[provider], max_retries=max_retries))

    return client_of


def options(
    as_they_are: Mapping[str, Connection], paid_by: Account, only: Only, budget: Budget | None, whose: str = ""
) -> RunOptions:
    """How the runner goes about it. Those who use the operator's key keep its rate together; `whose` tells apart those
    who use their own."""

    def purse_of(contender: Contender) -> Purse | None:
        return paid_by.purse(as_they_are[contender.provider], contender.model)

    def rate_of(provider: str) -> str:
        return f"{provider} {whose}" if as_they_are[provider].key_source == "typed" else provider

    paid = {
        name: each for name, each in as_they_are.items() if not each.provider.is_local and not each.provider.is_free
    }
    addresses = {name: address_of(each) for name, each in paid.items()}
    prices = next((each.prices for each in as_they_are.values()), None)
    return RunOptions(budget, prices, only, purse_of, addresses, rate_of)


def tokens(query_set: QuerySet, one: Experiment) -> int:
    """The tokens of all candidates of all queries, once for each of the models."""
    return size.of_many(list(query_set.documents.values()), query_set.pairs) * len(one.contenders)


def session_mark() -> str:
    """What tells this session's typed keys from others', without saying whose session it is."""
    return hashlib.blake2b(owner.owner().encode(), digest_size=8).hexdigest()


def work_of(one: Experiment, only: Only, as_they_are: Mapping[str, Connection]) -> Work | None:
    """A run as a row that another server can go on with; None where there is no other server, or where nothing is sent
    to a service. It holds no key: whoever goes on with it uses the operator's."""
    hosted = {name: each for name, each in as_they_are.items() if not each.provider.is_local}
    if not hosted or not replicas.shared():
        return None
    now, actor = connections.budget().now(), owner.actor()
    own = connections.prices()
    terms: dict[str, Any] = {
        "only": only,
        "left": None if now.remaining is None else str(now.remaining),
        "after": stores.experiments().last_request(),
        "timeouts": {name: each.timeout for name, each in hosted.items()},
        "addresses": {name: _address(each) for name, each in hosted.items()},
        "prices": None if own == PriceTable.default() else json.loads(json.dumps(own.rows(), default=str)),
    }
    alone = next(filter(None, map(_alone, hosted.values())), "")
    return Work(one.id, KIND, actor.keeper, actor.operator, terms, alone)


def server_connections(one: Experiment, terms: Mapping[str, Any]) -> dict[str, Connection] | None:
    """The operator's connections for a run that began elsewhere; None where this server does not have each of them as
    it was there."""
    table = None if terms["prices"] is None else PriceTable.from_rows(terms["prices"])
    made: dict[str, Connection] = {}
    for provider in {contender.provider for contender in one.contenders}:
        there = connections.of_server(provider, terms["timeouts"].get(provider, connections.TIMEOUT), table)
        if not there.set_up or (not there.provider.is_local and _address(there) != terms["addresses"].get(provider)):
            return None
        made[provider] = there
    return made


def left(terms: Mapping[str, Any], spent: Decimal | int) -> Budget | None:
    """What the spending limit of whoever started it leaves, of which so much is spent; None where there was none."""
    if terms["left"] is None:
        return None
    budget, gone = Budget(), Decimal(spent)
    budget.settle(budget.reserve(gone), gone)
    budget.set_limit(Decimal(terms["left"]))
    return budget


def _alone(there: Connection) -> str:
    """Why no other server can ask over this connection, as a sentence; empty where one can."""
    usual = connections.of_server(there.provider.id, there.timeout)
    typed = there.key_source == "typed"
    if not typed and (there.base_url, there.options, there.key_source) == (
        usual.base_url,
        usual.options,
        usual.key_source,
    ):
        return ""
    what = _OTHERS_KEY if typed else _OTHERS_ADDRESS
    return f"It was started with {what}, which no other server knows: somebody has to go on with it."


def _address(there: Connection) -> str:
    """A mark of where a connection leads."""
    led = repr((there.base_url, sorted(there.options.items())))
    return hashlib.blake2b(led.encode(), digest_size=16).hexdigest()
