"""One call that may cost money: what it may cost is set aside first, what it did cost is booked after, and the answer
is kept. No widget in here: all of it runs in a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

import rerank_core as rc
from pages.components.jobs import size
from pages.components.jobs.page_job import Task
from pages.components.jobs.payment import Payment
from pages.components.session import connection as connections
from pages.components.session import stores, unsaved
from pages.components.session.connection import Connection
from rerank_core import pricing
from rerank_core.jobs import JobContext
from rerank_core.models import Progress
from rerank_core.pricing.allowance import booked
from rerank_core.storage.run_record import Run, new_id
from rerank_core.storage.runs import RunStore
from rerank_core.storage.sqlite_file import StoreError


def rerank(
    connection: Connection,
    payment: Payment,
    request: rc.RerankRequest,
    *,
    on_client: Callable[[rc.Client], object] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> rc.RerankResponse:
    """Send a request within the spending limit and the operator's budget, and book what it cost.

    `on_client` gets the client before it is used, to break a call off by closing it. Raises SpendingLimitError, with
    nothing sent, where the most that the call may cost passes the limit or the budget, and whatever Client.rerank
    raises; what may have been billed then stays set aside.
    """
    unwritten = payment.cover(connection, request.model, upper_bound(connection, request))

    def call() -> rc.RerankResponse:
        with connections.client(connection) as client:
            if on_client is not None:
                on_client(client)
            return client.rerank(
                request.query,
                request.documents,
                model=request.model,
                top_n=request.top_n,
                return_documents=request.return_documents,
                rank_fields=request.rank_fields,
                on_progress=on_progress,
            )

    response = booked(payment, call)
    return replace(response, warnings=(*response.warnings, unwritten)) if unwritten else response


@dataclass(frozen=True)
class RunAsked:
    """What a run under way was asked, so that a page that is reloaded meanwhile shows its texts and its model again."""

    provider: str
    request: rc.RerankRequest
    order_name: str


def rerank_task(
    connection: Connection, request: rc.RerankRequest, order_name: str, name: str = "", *, saved: bool = True
) -> Task[Run]:
    """A request as a task of a page's job; its id is the run's. Without `saved` its run is in this session only, for an
    example that nobody asked for. Raises RerankError where it cannot be made."""
    run_id = new_id()
    return Task(
        reranked_run,
        (connection, request, order_name, run_id, store_for(run_id, saved=saved)),
        upper_bound(connection, request),
        RunAsked(connection.provider.id, request, order_name),
        name,
        run_id,
        connection,
        size.of_documents(request.documents),
    )


def store_for(run_id: str, *, saved: bool) -> RunStore | None:
    """Where a run with this id is saved when it ends; None, and remembered in this session, where it is not to be."""
    if saved:
        return stores.runs()
    unsaved.leave_out(run_id)
    return None


def reranked_run(
    context: JobContext,
    payment: Payment,
    connection: Connection,
    request: rc.RerankRequest,
    order_name: str,
    run_id: str,
    store: RunStore | None,
) -> Run:
    """Send a request as part of a job, with its progress and its Cancel, and save the answer as a run in `store`.

    Where saving fails, the answer is paid for and comes back all the same, with a warning that says so: only opening
    it again later is lost. Raises what `rerank` raises.
    """
    estimate = estimated(connection, request)
    response = rerank(
        connection,
        payment,
        request,
        on_client=lambda client: context.on_cancel(client.close),
        on_progress=lambda at: context.progress(at.done, at.total, at.cost),
    )
    run = Run(response, order_name, estimate=estimate, id=run_id)
    try:
        if store is not None:
            store.save(run)
    except StoreError as error:
        run = replace(run, response=replace(response, warnings=(*response.warnings, str(error))))
    return run


def estimated(connection: Connection, request: rc.RerankRequest) -> pricing.CostEstimate:
    """What a request is likely to cost on this connection."""
    return connection.estimate(request.model, request.query, request.documents, request.rank_fields)


def upper_bound(connection: Connection, request: rc.RerankRequest) -> Decimal | None:
    """The most that a request may cost on this connection, every retry billed; None where nobody knows."""
    return pricing.upper_bound(estimated(connection, request), connection.max_retries)
