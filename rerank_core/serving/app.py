"""The server behind `rerank serve`, as an ASGI application."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus

import anyio
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rerank_core import __version__
from rerank_core.client.client import Client
from rerank_core.errors import (
    AuthenticationError,
    InvalidRequestError,
    ModelNotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitedError,
    RequestTimeoutError,
    RerankError,
    SpendingLimitError,
)
from rerank_core.models import RerankRequest, RerankResponse
from rerank_core.pricing import estimate_cost, upper_bound
from rerank_core.pricing.allowance import Purse, booked
from rerank_core.providers.choosing import chosen_model, names_text
from rerank_core.providers.spec import ALIASES, ProviderSpec
from rerank_core.serving import shapes
from rerank_core.transport.credentials import ApiKey

MAX_BYTES = 32_000_000
"""The largest request, in bytes; a larger one is refused with 413 before it is read whole."""
MAX_DOCUMENTS = 10_000
"""The most documents of one request."""
RETRIES = 2
"""How often the client that is served repeats a request."""
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

_STATUSES: tuple[tuple[type[RerankError], int], ...] = (
    (ModelNotFoundError, 404),
    (InvalidRequestError, 400),
    (RateLimitedError, 429),
    (RequestTimeoutError, 504),
    # The provider's trouble with this server's own key is nothing that the caller can mend.
    (AuthenticationError, 502),
    (PermissionDeniedError, 502),
    (QuotaExceededError, 502),
    # Not 429, which programs answer by asking again.
    (SpendingLimitError, 402),
)


@dataclass(frozen=True, slots=True)
class Served:
    """What is served: `spec` is the provider and `model` its model where a request names none. With `any_model` a
    model that does not exist is answered by that one too, and the reply says which it was. `key` is what callers must
    send, None for none. `purse_of` gives the purse that the calls of a model are paid from, None where nothing is
    counted. At most `at_once` requests are computed side by side and `waiting` more wait; beyond that a
    request is refused with 429."""

    spec: ProviderSpec
    model: str | None
    any_model: bool = False
    key: ApiKey | None = field(default=None, repr=False)
    purse_of: Callable[[str | None], Purse] | None = None
    at_once: int = 2
    waiting: int = 64

    def model_for(self, named: str | None) -> str | None:
        """The model that answers a request which names this one, or an alias of it. Raises ModelNotFoundError where
        there is none."""
        if named is None or named == self.model:
            return self.model
        try:
            return chosen_model(self.spec, named) or self.model
        except ModelNotFoundError:
            if self.any_model:
                return self.model
            raise ModelNotFoundError(
                "This server has no model of that name.", hint=f"Ask for one of {names_text(self.spec)}."
            ) from None


def make_app(served: Served, make_client: Callable[[], Client], *, only_loopback: bool) -> Starlette:
    """The application. `make_client` gives the one client that all requests share; it is closed at the end. With
    `only_loopback` a request that calls the server by another name than this computer's is refused, so that no web
    page can have a browser talk to it."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        client = make_client()
        app.state.rerank = _Answering(served, client)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(client.close)

    routes = [Route(path, _rerank, methods=["POST"]) for path in shapes.PATHS]
    routes += [Route(path, _health) for path in ("/health", "/healthz")]
    routes += [Route("/v1/models", _models), Route("/info", _info)]
    hosts = [Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK))] if only_loopback else []
    return Starlette(routes=routes, lifespan=lifespan, middleware=hosts)


class _Answering:
    """Requests to answers, a few at once."""

    def __init__(self, served: Served, client: Client) -> None:
        self.served, self._client = served, client
        self._places = anyio.CapacityLimiter(served.at_once)
        self._lock, self._here = threading.Lock(), 0

    async def answer(self, asked: shapes.ServedRequest) -> object:
        """The reply to a request. Raises RerankError."""
        with self._lock:
            if self._here >= self.served.at_once + self.served.waiting:
                raise RateLimitedError("Too many requests are waiting.", hint="Try again in a moment.")
            self._here += 1
        try:
            request = asked.request
            if len(request.documents) > MAX_DOCUMENTS:
                raise InvalidRequestError(
                    f"There are {len(request.documents):,} documents; the limit is {MAX_DOCUMENTS:,}.",
                    hint="Send fewer in one request.",
                )
            call = partial(self._paid, request, self.served.model_for(request.model))
            return shapes.reply(asked, await anyio.to_thread.run_sync(call, limiter=self._places))
        finally:
            with self._lock:
                self._here -= 1

    def _paid(self, request: RerankRequest, model: str | None) -> RerankResponse:
        """Send a request, held to a limit first where there is one."""
        call = partial(
            self._client.rerank,
            request.query,
            request.documents,
            model,
            request.top_n,
            rank_fields=request.rank_fields,
        )
        if self.served.purse_of is None:
            return call()
        fields = request.rank_fields
        estimate = estimate_cost(self.served.spec, model, request.query, request.documents, rank_fields=fields)
        return booked(self.served.purse_of(model).reserve(upper_bound(estimate, RETRIES)), call)


async def _rerank(request: Request) -> Response:
    answering: _Answering = request.app.state.rerank
    path, shape = request.url.path, shapes.shape_of(request.url.path, None)
    try:
        _check_key(request, answering.served.key)
        body = _parsed(await _body(request))
        shape = shapes.shape_of(path, body)
        return JSONResponse(await answering.answer(shapes.read(path, body)))
    except RerankError as error:
        return _refused(shape, error)


def _refused(shape: shapes.Shape, error: RerankError) -> Response:
    status = error.status if error.code in ("wrong_key", "too_large") else None
    if status is None:
        status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 502)
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else {}
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        headers["Retry-After"] = "1"
    return JSONResponse(shapes.refusal(shape, error), status, headers=headers)


def _check_key(request: Request, key: ApiKey | None) -> None:
    if key is None:
        return
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    right = scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), key.reveal().encode())
    if not right:
        raise AuthenticationError(
            "The key is missing or wrong.",
            hint="Send the server's key as a bearer token.",
            code="wrong_key",
            status=401,
        )


async def _body(request: Request) -> bytes:
    """The whole body, given up as soon as it is too long."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise InvalidRequestError(
                f"The request is larger than {MAX_BYTES // 1_000_000} MB.",
                hint="Send fewer documents in one request.",
                code="too_large",
                status=413,
            )
        parts.append(part)
    return b"".join(parts)


def _parsed(body: bytes) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidRequestError("The body is not JSON.", hint="Send an object with query and documents.") from None


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def _models(request: Request) -> Response:
    served: Served = request.app.state.rerank.served
    names = [one.id for one in served.spec.models] or [served.model or served.spec.id]
    names += [alias for alias in ALIASES if alias not in names and served.spec.model(alias) is not None]
    return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


async def _info(request: Request) -> Response:
    served: Served = request.app.state.rerank.served
    return JSONResponse(
        {
            "model_id": served.model or served.spec.id,
            "model_type": {"reranker": {"id2label": {}, "label2id": {}}},
            "max_client_batch_size": MAX_DOCUMENTS,
            "max_concurrent_requests": served.at_once + served.waiting,
            "version": __version__,
        }
    )
