"""One call that may cost money: what it may cost is set aside first, what it did cost is booked after, and the answer
is kept. No widget in here: all of it runs in a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

import rerank_core as rc
from pages.components.jobs import size
from pages.components.jobs.page_job import Task
from pages.components.jobs.payment import Payment
from pages.components.session import connection as connections
from pages.components.session import stores, unsaved
from pages.components.session.connection import Connection
from rerank_core import pricing
from rerank_core.client.sent import address_text, whole_list_name
from rerank_core.jobs import JobContext
from rerank_core.models import Progress
from rerank_core.pricing.allowance import booked
from rerank_core.storage.history.record import ALONE, Made, request_key
from rerank_core.storage.run_record import Run
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


@dataclass(frozen=True)
class Keeping:
    """Where a run is kept when it ends, and as part of what. `store` is None where it is in this session only. With
    `again` a request that has a saved answer is sent all the same."""

    store: RunStore | None
    made: Made = ALONE
    again: bool = False

    def saved(self, asked: str) -> Run | None:
        """The saved answer to a request; None where there is none, or where it is to be asked again."""
        if self.store is None or self.again or not asked:
            return None
        try:
            return self.store.answer(asked, self.made)
        except StoreError:  # what cannot be read is asked for
            return None

    def keep(self, run: Run, asked: str, sent: str = "") -> Run:
        """Keep an answer. Where that fails, it comes back with a warning that says so."""
        try:
            if self.store is not None:
                self.store.save(run, replace(self.made, asked=asked, sent=sent))
        except StoreError as error:
            warnings = (*run.response.warnings, str(error))
            return replace(run, response=replace(run.response, warnings=warnings))
        return run


def rerank_task(
    connection: Connection,
    request: rc.RerankRequest,
    order_name: str,
    name: str = "",
    *,
    keeping: Keeping,
    run_id: str,
) -> Task[Run]:
    """A request as a task of a page's job; its id is that of the run. Where the very same was answered before, the run
    is that one, with its own id, and costs nothing. Raises RerankError where it cannot be made."""
    there = answered_before(connection, request) is not None and not keeping.again and keeping.store is not None
    return Task(
        reranked_run,
        (connection, request, order_name, run_id, keeping),
        Decimal(0) if there else upper_bound(connection, request),
        RunAsked(connection.provider.id, request, order_name),
        name,
        run_id,
        None if there else connection,
        size.of_documents(request.documents),
    )


def keeping_for(run_id: str, made: Made, *, saved: bool, again: bool = False) -> Keeping:
    """How a run with this id is kept when it ends. Without `saved` it is in this session only, for an example that
    nobody asked for."""
    if saved:
        return Keeping(stores.runs(), made, again)
    unsaved.leave_out(run_id, made)
    return Keeping(None, made, again)


def asked_key(connection: Connection, request: rc.RerankRequest) -> str:
    """What names a request that costs money; empty for one that is free."""
    if connection.provider.is_free:
        return ""
    return request_key(connection.provider.id, address_of(connection), request)


def address_of(connection: Connection) -> str:
    """Where a connection leads, and how, as requests are known by."""
    return address_text(connection.base_url, connection.options)


def answered_before(connection: Connection, request: rc.RerankRequest) -> datetime | None:
    """When the very same request, which costs money, was answered; None where it was not."""
    asked = asked_key(connection, request)
    try:
        return stores.runs().answered(asked) if asked else None
    except StoreError:  # what cannot be read is asked for
        return None


def reranked_run(
    context: JobContext,
    payment: Payment,
    connection: Connection,
    request: rc.RerankRequest,
    order_name: str,
    run_id: str,
    keeping: Keeping,
) -> Run:
    """Send a request as part of a job, with its progress and its Cancel, and keep the answer as a run.

    Where the very same request was paid for before, its run comes back, which has another id, and nothing is sent.
    Where keeping fails, the answer is paid for and comes back all the same, with a warning that says so: only opening
    it again later is lost. Raises what `rerank` raises.
    """
    asked = asked_key(connection, request)
    there = keeping.saved(asked)
    if there is not None:
        return there
    estimate = estimated(connection, request)
    response = rerank(
        connection,
        payment,
        request,
        on_client=lambda client: context.on_cancel(client.close),
        on_progress=lambda at: context.progress(at.done, at.total, at.cost),
    )
    sent = whole_list_name(connection.provider.id, address_of(connection), request) if asked else ""
    return keeping.keep(Run(response, order_name, estimate=estimate, id=run_id), asked, sent)


def estimated(connection: Connection, request: rc.RerankRequest) -> pricing.CostEstimate:
    """What a request is likely to cost on this connection."""
    return connection.estimate(request.model, request.query, request.documents, request.rank_fields)


def upper_bound(connection: Connection, request: rc.RerankRequest) -> Decimal | None:
    """The most that a request may cost on this connection, every retry billed; None where nobody knows."""
    return pricing.upper_bound(estimated(connection, request), connection.max_retries)
