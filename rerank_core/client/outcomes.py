"""What the outcome of one attempt means: a checked reply, or the error that it amounts to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rerank_core import errors
from rerank_core.client.retry import named_wait
from rerank_core.client.steps import BatchResult, ClientSettings
from rerank_core.errors import RerankError
from rerank_core.models import Cost
from rerank_core.pricing.counts import doubt_tokens, doubt_units
from rerank_core.pricing.estimates import cost_of
from rerank_core.providers.billing import amount_of_headers
from rerank_core.providers.echoes import said_without_texts, without_texts
from rerank_core.providers.replies import NO_ROWS
from rerank_core.providers.shapes import seen
from rerank_core.providers.spec import Batch, ParsedReply
from rerank_core.transport.credentials import ApiKey
from rerank_core.transport.reply import Failure, Reply

_REFUSED_FOR_ALL = (  # what one batch is told of its key, its model or its address, its neighbours are told as well
    errors.AuthenticationError,
    errors.ConfigurationError,
    errors.ModelNotFoundError,
    errors.PermissionDeniedError,
    errors.QuotaExceededError,
)
_REFUSED = (*_REFUSED_FOR_ALL, errors.InvalidRequestError, errors.RateLimitedError)


class Bill:
    """Whether a call may have cost something although it failed. Its batches report from several threads."""

    def __init__(self) -> None:
        self._something = False
        self._under_way: set[int] = set()

    def sending(self, batch: Batch) -> None:
        """An attempt for a batch sets out."""
        self._under_way.add(batch.indexes[0])

    def add(self, batch: Batch, billed: bool) -> None:
        """An attempt is over; `billed` where it may have cost something."""
        self._something = self._something or billed  # never back to False, so that threads cannot lose it
        self._under_way.discard(batch.indexes[0])

    def book(self, batch: Batch, outcome: Reply | Failure, result: BatchResult | RerankError) -> None:
        """An attempt is over, with this outcome."""
        if isinstance(outcome, Failure):
            self.add(batch, outcome.billed)
        else:
            redirected = 300 <= outcome.status < 400
            self.add(batch, not redirected and not isinstance(result, _REFUSED))

    def may_hold_something_after(self, error: RerankError) -> bool:
        """Whether a call that ends in this error may have been billed. What was still under way may be, unless it was
        to be refused all the same."""
        refused = isinstance(error, _REFUSED_FOR_ALL) and error.status is not None
        return self._something or (bool(self._under_way) and not refused)


def interpret(
    settings: ClientSettings, batch: Batch, sent: Any, outcome: Reply | Failure, warnings: tuple[str, ...] = ()
) -> BatchResult | RerankError:
    """Read an outcome. `sent` is the body that was sent, `warnings` what its earlier attempts left behind."""
    if isinstance(outcome, Failure):
        return _failed(settings, outcome)
    spec = settings.spec
    try:
        body = json.loads(outcome.body)
    except (ValueError, RecursionError):
        return _refused(settings, batch, outcome, None)
    if not 200 <= outcome.status < 300 or _holds_error(body):
        return _refused(settings, batch, outcome, body)
    try:
        parsed = spec.parse(body, batch)
    except errors.BadResponseError as error:
        if isinstance(body, dict) and not any(isinstance(value, list) for value in body.values()):
            said = _refused(settings, batch, outcome, body)  # it may be an error of the flat kind
            if not isinstance(said, errors.BadResponseError) or "message" in body or "detail" in body:
                return said
        error.status = outcome.status
        error.request_id = error.request_id or outcome.headers.get("x-request-id")
        other = seen(body) if error.code == NO_ROWS else None
        if other is not None and spec.label not in other:
            error.hint = other
        return error
    if settings.key is not None and settings.key.echoed_in(outcome.body):  # after parsing, which may match by text
        body, parsed = settings.key.scrub(body), _scrubbed(parsed, settings.key)
    cost, doubts = _cost(settings, batch, parsed, outcome.headers)
    return BatchResult(batch, parsed, cost, sent, body, warnings + parsed.warnings + doubts)


def _cost(
    settings: ClientSettings, batch: Batch, parsed: ParsedReply, headers: Mapping[str, str]
) -> tuple[Cost, tuple[str, ...]]:
    """What a batch cost: what the reply names, else what it counts at the price in the table. A count that cannot be is
    not turned into money, with a sentence that says so."""
    named = parsed.amount if parsed.amount is not None else amount_of_headers(headers)
    units, tokens, doubts = parsed.search_units, parsed.tokens, []
    if named is None and not settings.spec.is_free:
        if units is not None and (doubt := doubt_units(units, batch.texts)):
            units, doubts = None, [doubt]
        if tokens is not None and (doubt := doubt_tokens(tokens, batch.query, batch.texts)):
            tokens, doubts = None, [*doubts, doubt]
    model = parsed.model or batch.model
    return cost_of(settings.spec, model, units, named, settings.prices, tokens=tokens), tuple(doubts)


def _scrubbed(parsed: ParsedReply, key: ApiKey) -> ParsedReply:
    """A reply with the key put out of sight in what it took from a body that echoes it."""
    request_id, model = (None if text is None else key.redact(text) for text in (parsed.request_id, parsed.model))
    return replace(parsed, request_id=request_id, model=model, warnings=tuple(map(key.redact, parsed.warnings)))


def _holds_error(body: Any) -> bool:
    return isinstance(body, dict) and (
        bool(body.get("error"))
        or body.get("object") == "error"
        or bool(body.get("errors"))
        or body.get("success") is False
    )


def _first_of_errors(body: Any) -> Any:
    """A body of success with the first of its `errors` as its one error, whose message and code then count."""
    errors = body.get("errors") if isinstance(body, dict) else None
    if not errors or body.get("error") or body.get("object") == "error":
        return body
    return {**body, "error": errors[0] if isinstance(errors, list) else errors}


def _refused(settings: ClientSettings, batch: Batch, reply: Reply, body: Any) -> RerankError:
    """The error that a reply amounts to which is no answer. It quotes neither the key nor a text that was sent."""
    key, spec = settings.key, settings.spec
    text = said_without_texts(reply.body[:20_000].decode("utf-8", "replace"), batch)
    body = without_texts(body, batch)
    if key is not None:
        body, text = key.scrub(body), key.redact(text)
    if 200 <= reply.status < 300:
        body = _first_of_errors(body)
    error = spec.explain(reply.status, body, text)
    if key is None and reply.status in spec.refuses_without_key:
        error = errors.AuthenticationError(
            f"{spec.label} answered {reply.status}, as it does where no key is sent.",
            hint=f"Set a key: it goes into {spec.key_variable} or the connection's settings.",
            status=reply.status,
        )
    error.request_id = error.request_id or reply.headers.get("x-request-id")
    if isinstance(error, errors.ConfigurationError):
        error.hint = f"{error.hint} Requests go to {settings.address}."
    elif 300 <= reply.status < 400:
        location = reply.headers.get("location", "").partition("?")[0][:200]
        towards = f", which points to {location}" if location else ""
        error.hint = f"Check the address {settings.address}{towards}: redirects are never followed."
    if isinstance(error, errors.RateLimitedError):
        error.retry_after = named_wait(reply.headers, settings.timing.now(), rate_limited=True)
    return error


def _failed(settings: ClientSettings, failure: Failure) -> RerankError:
    spec, detail = settings.spec, failure.detail
    hint = spec.hints.get
    if failure.kind == "timeout":
        return errors.RequestTimeoutError(f"{spec.label}: {detail}.", hint=hint(errors.RequestTimeoutError))
    if failure.kind == "busy":
        return errors.RequestTimeoutError(
            f"{spec.label}: {detail}.", code="busy", hint="Raise max_concurrency or total_timeout."
        )
    if failure.kind == "address":
        return errors.ConfigurationError(
            f"{settings.address} cannot be used as an address: {detail}.", hint="Check the connection's address."
        )
    if failure.kind == "reply":
        return errors.BadResponseError(f"{spec.label}: {detail}.", hint=hint(errors.BadResponseError))
    if "CERTIFICATE_VERIFY_FAILED" in detail:
        return errors.ConnectionFailedError(
            f"{settings.address} shows a certificate that is not trusted here: {detail}.",
            hint="Check the address; behind a company proxy, name its certificates in SSL_CERT_FILE.",
            retryable=False,
        )
    return errors.ConnectionFailedError(
        f"The connection to {settings.address} failed: {detail}.", hint=hint(errors.ConnectionFailedError)
    )


def redact(error: RerankError, key: ApiKey | None) -> None:
    """Put the key out of sight in an error that is about to leave."""
    if key is None:
        return
    error.message, error.hint, error.code = (key.redact(text) for text in (error.message, error.hint, error.code))
    error.request_id = key.redact(error.request_id) if error.request_id else error.request_id
    error.args = (error.message,)
