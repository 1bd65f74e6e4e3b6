"""Rerank search results with one call, hosted or on this computer.

    import rerank_core as rc

    with rc.Client("local") as client:
        response = client.rerank("How do I reset my password?", ["Billing", "How to reset your password"])
    for row in response.results:
        print(row.rank, row.relevance_score, row.document.text)

Importing this package loads neither an HTTP library nor a model: the client and everything heavy come in when
they are first used. Hosted providers, estimates, pasted text and plain files need nothing more; the models on this
computer, other files and measures need the extras `local`, `documents` and `evaluation`. Where one is missing,
ConfigurationError, or a problem of the import, says what to run.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rerank_core.errors import (
    AuthenticationError,
    BadResponseError,
    BudgetExceededError,
    ConfigurationError,
    ConnectionFailedError,
    InvalidDocumentsError,
    InvalidQueryError,
    InvalidRequestError,
    ModelNotFoundError,
    PermissionDeniedError,
    ProviderError,
    QueryTooLongError,
    QuotaExceededError,
    RateLimitedError,
    RequestTimeoutError,
    RerankError,
    SpendingLimitError,
    TooManyDocumentsError,
)
from rerank_core.models import (
    Attempt,
    Cost,
    Document,
    Progress,
    RankedDocument,
    RerankRequest,
    RerankResponse,
    TextSpan,
    Usage,
)

# Two functions take the names of modules, `providers` and `models`: those are loaded before the names are bound.
from rerank_core.providers import provider, providers
from rerank_core.providers.choosing import ModelChoice, models
from rerank_core.providers.spec import ModelSpec, ProviderSpec

if TYPE_CHECKING:
    from rerank_core import corpora, documents, evaluation, offline, retrieval
    from rerank_core.client.client import AsyncClient, Client
    from rerank_core.client.events import ClientEvent
    from rerank_core.documents import ParsedDocuments, parse_documents, read_documents
    from rerank_core.pricing.estimates import CostEstimate, estimate_cost
    from rerank_core.pricing.table import PriceTable
    from rerank_core.ranking.answering import answering_spans
    from rerank_core.ranking.orders import Comparison, compare_orders
    from rerank_core.storage.run_record import Run
    from rerank_core.storage.runs import RunStore
    from rerank_core.storage.sqlite_file import StoreError

__version__ = "0.1.0"

__all__ = [
    "AsyncClient",
    "Attempt",
    "AuthenticationError",
    "BadResponseError",
    "BudgetExceededError",
    "Client",
    "ClientEvent",
    "Comparison",
    "ConfigurationError",
    "ConnectionFailedError",
    "Cost",
    "CostEstimate",
    "Document",
    "InvalidDocumentsError",
    "InvalidQueryError",
    "InvalidRequestError",
    "ModelChoice",
    "ModelNotFoundError",
    "ModelSpec",
    "ParsedDocuments",
    "PermissionDeniedError",
    "PriceTable",
    "Progress",
    "ProviderError",
    "ProviderSpec",
    "QueryTooLongError",
    "QuotaExceededError",
    "RankedDocument",
    "RateLimitedError",
    "RequestTimeoutError",
    "RerankError",
    "RerankRequest",
    "RerankResponse",
    "Run",
    "RunStore",
    "SpendingLimitError",
    "StoreError",
    "TextSpan",
    "TooManyDocumentsError",
    "Usage",
    "answering_spans",
    "compare_orders",
    "corpora",
    "documents",
    "estimate_cost",
    "evaluation",
    "models",
    "offline",
    "parse_documents",
    "provider",
    "providers",
    "read_documents",
    "retrieval",
]

_WHERE = {
    "AsyncClient": "client",
    "Client": "client",
    "ClientEvent": "client.events",
    "Comparison": "ranking.orders",
    "CostEstimate": "pricing",
    "ParsedDocuments": "documents",
    "PriceTable": "pricing.table",
    "Run": "storage.run_record",
    "RunStore": "storage.runs",
    "StoreError": "storage.sqlite_file",
    "answering_spans": "ranking.answering",
    "compare_orders": "ranking.orders",
    "estimate_cost": "pricing",
    "parse_documents": "documents",
    "read_documents": "documents",
}
_SUBMODULES = frozenset({"corpora", "documents", "evaluation", "offline", "retrieval"})


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"{__name__}.{name}")
    if name in _WHERE:
        value = getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
