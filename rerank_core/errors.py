"""Everything that can go wrong in a rerank call, as one tree.

* RerankError
  + ConfigurationError      no key, wrong address, unknown provider, use after close, a package that is missing
  + InvalidRequestError     the caller's input, found before anything was sent or refused by the provider
    - InvalidQueryError
    - InvalidDocumentsError
    - QueryTooLongError
    - TooManyDocumentsError
  + AuthenticationError     the provider does not know the key
  + PermissionDeniedError   the key is known and may not do this
  + ModelNotFoundError
  + RateLimitedError        too many requests; waiting helps
  + QuotaExceededError      money or quota is spent; waiting does not help
  + SpendingLimitError      the limit set here does not allow the call; nothing was sent
    - BudgetExceededError   the budget of whoever runs the server does not allow it
  + RequestTimeoutError     no whole reply in time
  + ConnectionFailedError   no connection, or it broke
  + ProviderError           the provider failed (5xx) or answered from another address (3xx)
  + BadResponseError        a 2xx that makes no sense
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rerank_core.models import Attempt, RerankRequest


def reference(error: BaseException) -> str:
    """Eight signs by which this error is called wherever it is shown or logged, so that the one finds the other; made
    at the first question, and the same at each later one."""
    known = vars(error)
    if "reference" not in known:
        known["reference"] = secrets.token_hex(4)
    return str(known["reference"])


class RerankError(Exception):
    """Base of every error that this library raises on purpose.

    `message` is one plain sentence, `hint` says what to do next; both are fit to be shown to a person
    and never hold a key. `code` is the provider's own error code where it sent one, else ours;
    `status` the HTTP status where there was one; `request_id` the provider's id of the request;
    `retryable` whether the same call may succeed later. `request` is the RerankRequest that failed,
    where one existed. `maybe_billed` says that the call may have cost something all the same: another batch
    of it was answered, or an attempt reached the provider, who did not refuse it. `attempts` are the tries that came to
    nothing (see `rerank_core.Attempt`).
    """

    default_code = "rerank_error"
    default_hint = "Try again; if it keeps failing, look at the message above."
    default_retryable = False

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        code: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retryable: bool | None = None,
        request: RerankRequest | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint or self.default_hint
        self.code = code or self.default_code
        self.status = status
        self.request_id = request_id
        self.retryable = self.default_retryable if retryable is None else retryable
        self.request = request
        self.maybe_billed = False
        self.attempts: tuple[Attempt, ...] = ()

    def __str__(self) -> str:
        return f"{self.message} {self.hint}"


class ConfigurationError(RerankError):
    """No key, a wrong address, an unknown provider, a closed client, or a package that is not installed."""

    default_code = "configuration"
    default_hint = "Check the connection's settings."


class InvalidRequestError(RerankError):
    """The request cannot be answered as it stands; the caller must change it."""

    default_code = "invalid_request"
    default_hint = "Change the request and try again."


class InvalidQueryError(InvalidRequestError):
    """The query is blank or not a string."""

    default_code = "invalid_query"
    default_hint = "Type a query of at least one word."


class InvalidDocumentsError(InvalidRequestError):
    """There are no documents, only blank ones, or something that is no document."""

    default_code = "invalid_documents"
    default_hint = "Give a list of strings, or of objects with a 'text' string."


class QueryTooLongError(InvalidRequestError):
    """The provider refuses a query of this length."""

    default_code = "query_too_long"
    default_hint = "Shorten the query and try again."


class TooManyDocumentsError(InvalidRequestError):
    """The provider refuses this many documents in one request."""

    default_code = "too_many_documents"
    default_hint = "Send fewer documents in one request."


class AuthenticationError(RerankError):
    """The provider does not accept the key (401)."""

    default_code = "authentication"
    default_hint = "Check the key: it may be mistyped, expired or for another service."


class PermissionDeniedError(RerankError):
    """The key is valid and lacks the permission for this (403)."""

    default_code = "permission_denied"
    default_hint = "Ask the owner of the key for permission to rerank with this model."


class ModelNotFoundError(RerankError):
    """The provider has no such model."""

    default_code = "model_not_found"
    default_hint = "Choose another model."


class RateLimitedError(RerankError):
    """Too many requests in a short time (429). `retry_after` is the wait in seconds, where one was named."""

    default_code = "rate_limited"
    default_hint = "Wait a little and try again."
    default_retryable = True

    def __init__(self, message: str, *, retry_after: float | None = None, **details: object) -> None:
        super().__init__(message, **details)  # type: ignore[arg-type]  # passed through unchanged
        self.retry_after = retry_after


class QuotaExceededError(RerankError):
    """The account's money, credit or quota is spent (402, or a 429 that says so). Retrying is useless."""

    default_code = "quota_exceeded"
    default_hint = "Raise the limit or top up the account at the provider, then try again."


class SpendingLimitError(RerankError):
    """The spending limit that was set here does not allow the call; nothing was sent."""

    default_code = "spending_limit"
    default_hint = "Raise the spending limit, or send fewer documents."


class BudgetExceededError(SpendingLimitError):
    """The budget that whoever runs the server has set does not allow the call; nothing was sent. No visitor can raise
    it."""

    default_code = "budget"
    default_hint = "Ask whoever runs this server, or use a key of your own."


class RequestTimeoutError(RerankError):
    """No whole reply came in time. The provider may have done, and billed, the work all the same."""

    default_code = "timeout"
    default_hint = "Raise the time-out, send fewer documents, or try again."
    default_retryable = True


class ConnectionFailedError(RerankError):
    """No connection could be made, or it broke before the reply was whole."""

    default_code = "connection_failed"
    default_hint = "Check the address and the network, then try again."
    default_retryable = True


class ProviderError(RerankError):
    """The provider failed (5xx), or sent the request elsewhere (3xx)."""

    default_code = "provider_error"
    default_hint = "The provider has a problem; try again in a minute."
    default_retryable = True


class BadResponseError(RerankError):
    """The provider answered with success and a body that makes no sense; no order is made from it."""

    default_code = "bad_response"
    default_hint = "Check that the address is that of a rerank API of this kind."
