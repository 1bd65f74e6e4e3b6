"""Several providers, one after the other: who is asked next, with what, and what the answer says of it."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from rerank_core import errors
from rerank_core.client.events import LOGGER
from rerank_core.errors import RerankError
from rerank_core.models import RerankRequest, RerankResponse
from rerank_core.providers.choosing import counterpart
from rerank_core.providers.spec import ALIASES, ProviderSpec

LEFT_OUT = frozenset({"missing_key", "missing_option"})
"""Codes of a provider that cannot be asked as things are, and is left out of a chain."""


def chain(
    specs: Sequence[ProviderSpec], left_out: Sequence[str], request: RerankRequest
) -> Generator[tuple[int, RerankRequest], RerankResponse | RerankError, RerankResponse]:
    """One call to several providers, without I/O: yields the place of the next one in `specs` with what it is asked, is
    sent what that came to, and returns the answer to `request`. `left_out` are sentences on those that are not asked.
    Raises the last error where none answers, or where no other would do better."""
    passed: list[tuple[ProviderSpec, RerankError]] = []
    for place, spec in enumerate(specs):
        outcome = yield place, request_for(spec, request, specs[0]) if place else request
        if isinstance(outcome, RerankResponse):
            return _with_failures(outcome, request, passed, spec, left_out)
        if place + 1 == len(specs) or not _goes_on(outcome):
            raise _last_error(outcome, request, passed) from outcome
        LOGGER.warning("%s could not answer (%s); asking %s", spec.id, outcome.code, specs[place + 1].id)
        passed.append((spec, outcome))
    raise ValueError("a chain has one provider or more")


def _goes_on(error: RerankError) -> bool:
    """Whether the next provider may do better: not where the request itself makes no sense, the client was closed or a
    spending limit says no."""
    if isinstance(error, errors.SpendingLimitError) or error.code == "closed":
        return False
    return error.status is not None or not isinstance(error, errors.InvalidRequestError)


def request_for(spec: ProviderSpec, request: RerankRequest, first: ProviderSpec) -> RerankRequest:
    """The request to `first` as the next provider is asked: an alias means its own model; of a model that it does not
    have the one for the same use is asked for, else its usual one. A server that decides which models there are is
    asked for the name itself."""
    if request.model is None or (spec.takes_any_model and (not spec.has_models or first.model(request.model) is None)):
        return request
    return RerankRequest(
        request.query,
        request.documents,
        counterpart(first, request.model, spec),
        request.top_n,
        request.return_documents,
        request.rank_fields,
    )


def _with_failures(
    response: RerankResponse,
    request: RerankRequest,
    passed: Sequence[tuple[ProviderSpec, RerankError]],
    answered: ProviderSpec,
    left_out: Sequence[str],
) -> RerankResponse:
    """The answer to `request`, with a sentence on each provider that was asked before in vain or left out, and their
    attempts before its own."""
    if not passed and not left_out:
        return response
    said = [
        f"{spec.label} could not answer ({error.message.rstrip('.')}), so {answered.label} did."
        + (" It may have been billed all the same." if error.maybe_billed else "")
        for spec, error in passed
    ]
    asked = request.model
    if asked is not None and asked in ALIASES and answered.has_models and answered.resolved(asked) is None:
        said.append(f"{answered.label} has no model for {asked}: {response.model} answered, its usual one.")
    attempts = [attempt for _, error in passed for attempt in error.attempts]
    return replace(
        response,
        request=request,
        warnings=(*left_out, *said, *response.warnings),
        attempts=(*attempts, *response.attempts),
    )


def _last_error(
    error: RerankError, request: RerankRequest, passed: Sequence[tuple[ProviderSpec, RerankError]]
) -> RerankError:
    """The error of the last provider, with what the others said in its hint and their attempts before its own."""
    error.request = request
    if passed:
        error.attempts = (*(attempt for _, before in passed for attempt in before.attempts), *error.attempts)
        error.maybe_billed = error.maybe_billed or any(before.maybe_billed for _, before in passed)
        others = " ".join(f"{spec.label} before it: {before.message}" for spec, before in passed)
        error.hint = f"{error.hint} {others}"
    return error
