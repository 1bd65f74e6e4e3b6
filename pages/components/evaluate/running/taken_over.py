"""Runs of other servers that this one goes on with: with the operator's connections, for whoever started them."""

from __future__ import annotations

from contextlib import suppress

from pages.components.evaluate.running import how
from pages.components.jobs import replicas
from pages.components.server import access, budget, deployment
from pages.components.session import stores
from pages.components.session.account import Account
from rerank_core import RerankError
from rerank_core.evaluation.experiments.ledger import ExperimentError
from rerank_core.evaluation.experiments.runner import run_experiment
from rerank_core.storage.ownership import NOBODY_SIGNS_IN, Actor
from rerank_core.storage.replicas.records import Work


def able(work: Work) -> bool:
    """Whether this server has all that a run needs, and whoever started it may still come in."""
    if deployment.signs_in() and not access.current().admits(work.owner):
        return False
    with suppress(RerankError):
        return how.server_connections(stores.experiments_for(_actor(work)).get(work.id), work.terms) is not None
    return True  # the experiment is gone, and `begin` says so


def begin(work: Work) -> None:
    """Hand a run to a worker. Raises RerankError where that cannot be."""
    actor = _actor(work)
    experiments = stores.experiments_for(actor)
    one = experiments.get(work.id)
    query_set = stores.query_sets_for(actor).get(one.query_set)
    there = how.server_connections(one, work.terms)
    if query_set is None or there is None:
        raise ExperimentError("This server has no query set or no key for this run.", retryable=query_set is not None)
    paid_by = Account(stores.spending(), budget.allowance(), actor.keeper, "Evaluate", one.id)
    left = how.left(work.terms, sum(experiments.spending(one.id, work.terms["after"])))
    options = how.options(there, paid_by, work.terms["only"], left)
    stores.jobs().submit(
        replicas.until_over,
        stores.replicas(),
        one.id,
        run_experiment,
        experiments,
        one.id,
        query_set,
        how.client_maker(there),
        options,
        owner=actor.keeper,
        title=how.KIND,
        label=how.LABEL,
        id=one.id,
        size=how.tokens(query_set, one),
    )


LASTING = replicas.LastingKind(able, begin)


def _actor(work: Work) -> Actor:
    return Actor(work.owner, work.operator) if deployment.signs_in() else NOBODY_SIGNS_IN
