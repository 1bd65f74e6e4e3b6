"""One paid call: what it may cost is set aside first, and what it did cost is booked after. No widget in here, so
that it runs in a worker thread."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import rerank_core as rc
from pages.components.session import connection as connections
from rerank_core import pricing
from rerank_core.models import Progress
from rerank_core.pricing.budget import Budget, Reservation


def rerank(
    connection: connections.Connection,
    budget: Budget,
    request: rc.RerankRequest,
    *,
    reservation: Reservation | None = None,
    on_client: Callable[[rc.Client], object] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> rc.RerankResponse:
    """Send a request within the spending limit and book what it cost.

    `reservation` is money that the caller has set aside already; `on_client` gets the client before it is used, to
    break a call off by closing it. Raises SpendingLimitError, with nothing sent, where the most that the call may
    cost passes the limit, and whatever Client.rerank raises; what may have been billed then stays set aside.
    """
    reserved = reservation or budget.reserve(upper_bound(connection, request))
    try:
        with connections.client(connection) as client:
            if on_client is not None:
                on_client(client)
            response = client.rerank(
                request.query,
                request.documents,
                model=request.model,
                top_n=request.top_n,
                return_documents=request.return_documents,
                on_progress=on_progress,
            )
    except rc.RerankError as error:
        if error.maybe_billed:
            budget.settle(reserved, None)
        else:
            budget.release(reserved)
        raise
    except BaseException:
        budget.settle(reserved, None)
        raise
    budget.settle(reserved, response.cost.amount, in_doubt=response.cost.in_doubt)
    return response


def upper_bound(connection: connections.Connection, request: rc.RerankRequest) -> Decimal | None:
    """The most that a request may cost on this connection, every retry billed; None where nobody knows."""
    estimate = pricing.estimate_cost(
        connection.provider.id, request.model, request.query, request.documents, prices=connection.prices
    )
    return pricing.upper_bound(estimate, connection.max_retries)
