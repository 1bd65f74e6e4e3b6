"""One rerank call from request to response as a generator that does no I/O.

It yields steps (`Send`, `Wait`, `Compute`, `Gather`) and receives their outcomes; building, parsing, retrying,
batching and merging all happen here, once, and a client is no more than a driver that carries the steps out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal, TypeAlias, TypeVar

from rerank_core._retry import Timing, named_wait, wait_before
from rerank_core.errors import (
    BadResponseError,
    ConfigurationError,
    ConnectionFailedError,
    RateLimitedError,
    RequestTimeoutError,
    RerankError,
)
from rerank_core.keys import ApiKey
from rerank_core.models import Cost, CostBasis, Progress, RankedDocument, RerankRequest, RerankResponse, Usage
from rerank_core.pricing import cost_of
from rerank_core.providers.spec import Answer, Part, ProviderSpec

__all__ = [
    "Compute",
    "Failure",
    "Flow",
    "Gather",
    "Reply",
    "Send",
    "Settings",
    "Settled",
    "Step",
    "Wait",
    "rerank_flow",
]

T = TypeVar("T")
OnProgress: TypeAlias = Callable[[Progress], object]


@dataclass(frozen=True, slots=True)
class Settings:
    """What all calls of a client share. `total_timeout` None is no limit, for work on this computer."""

    spec: ProviderSpec
    key: ApiKey | None
    address: str
    timeout: float
    total_timeout: float | None
    max_retries: int
    timing: Timing


# Steps that a flow yields, and the outcomes that it is sent


@dataclass(frozen=True, slots=True)
class Send:
    """Post a body; the outcome is a Reply or a Failure. One attempt takes at most `timeout` seconds and ends
    by `deadline` on the client's clock, waiting for a free place included."""

    body: bytes
    timeout: float
    deadline: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for some seconds; the outcome is None."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Compute:
    """Run work on this computer; the outcome is what it returns. `report(done, total)` is called as it goes,
    and on the caller's side of things where `for_caller` is true."""

    work: Callable[[Callable[[int, int], None]], Any]
    report: Callable[[int, int], None]
    for_caller: bool


@dataclass(frozen=True, slots=True)
class Gather:
    """Drive flows side by side and hand each result to `each` as it comes, on the caller's side; the outcome
    is all results in order. The first error ends the others."""

    flows: Sequence[Generator[Step, Any, Settled]]
    each: Callable[[Settled], None]


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP reply that arrived whole. Names of headers are looked up in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that brought no reply. `billed`: the provider may have done the work all the same."""

    kind: Literal["timeout", "busy", "connection", "address", "reply"]
    detail: str
    billed: bool = False


Step: TypeAlias = Send | Wait | Compute | Gather
Flow: TypeAlias = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class Settled:
    """What one part of a call came to."""

    part: Part
    answer: Answer
    cost: Cost
    sent: Any
    raw: Any
    warnings: tuple[str, ...] = ()


# The call


def rerank_flow(
    settings: Settings, request: RerankRequest, on_progress: OnProgress | None = None
) -> Flow[RerankResponse]:
    """The whole of one call. Every RerankError that leaves it names its request and holds no key."""
    try:
        return (yield from _call(settings, request, on_progress))
    except RerankError as error:
        error.request = request
        _redact(error, settings.key)
        raise


def _call(settings: Settings, request: RerankRequest, on_progress: OnProgress | None) -> Flow[RerankResponse]:
    spec, clock = settings.spec, settings.timing.clock
    started = clock()
    deadline = math.inf if settings.total_timeout is None else started + settings.total_timeout
    model, warnings = _model(spec, request.model)
    parts, blank = _parts(spec, request, model)
    if blank:
        are = "1 document is blank: it was" if len(blank) == 1 else f"{len(blank):,} documents are blank: they were"
        warnings.append(f"{are} not scored, and stand last.")

    tally = _Tally(sum(len(part.texts) for part in parts), on_progress)
    settled: Sequence[Settled]
    if spec.compute is not None:
        settled = [(yield from _computed(settings, parts[0], deadline, tally))]
    elif len(parts) == 1:
        settled = [(yield from _sent(settings, parts[0], deadline))]
        tally.add(settled[0])
    else:
        settled = yield Gather([_sent(settings, part, deadline) for part in parts], tally.add)
    return _merge(settings, request, model, settled, blank, warnings, (clock() - started) * 1000)


class _Tally:
    """Counts what has been answered, and tells the caller."""

    def __init__(self, total: int, on_progress: OnProgress | None) -> None:
        self._done, self._total, self._tell = 0, total, on_progress
        self._costs: list[Cost] = []
        self.wanted = on_progress is not None

    def add(self, settled: Settled) -> None:
        if self._tell is not None:
            self._done += len(settled.part.texts)
            self._costs.append(settled.cost)
            self._tell(Progress(self._done, self._total, _sum(self._costs)))

    def report(self, done: int, total: int) -> None:
        if self._tell is not None:
            self._tell(Progress(done, total, Cost(Decimal(0), basis="free")))


def _model(spec: ProviderSpec, asked: str | None) -> tuple[str | None, list[str]]:
    """The model to use, and a warning where the one asked for is of no use."""
    if not spec.has_models:
        return None, [] if asked is None else [f"{spec.label} has no models to choose from: {asked} was ignored."]
    model = spec.default_model if asked is None else asked
    refusal = spec.accept(model) if spec.accept is not None and model is not None else None
    if refusal is not None:
        raise refusal
    return model, []


def _parts(spec: ProviderSpec, request: RerankRequest, model: str | None) -> tuple[list[Part], list[int]]:
    """The batches of a call, and the places of the blank documents that are in none of them."""
    texts = [_sendable(document.text) for document in request.documents]
    places: Sequence[int] = range(len(texts))
    blank = [place for place, text in enumerate(texts) if not text or text.isspace()]
    if blank:
        left_out = set(blank)
        places = [place for place in places if place not in left_out]
        texts = [texts[place] for place in places]
    query = _sendable(request.query)
    size = spec.batch_size or len(texts)
    return [
        Part(
            query,
            tuple(texts[start : start + size]),
            tuple(places[start : start + size]),
            model,
            None if request.top_n is None else min(request.top_n, len(texts) - start, size),
            request.return_documents,
        )
        for start in range(0, len(texts), size)
    ], blank


def _sendable(text: str) -> str:
    """The text as UTF-8 can carry it: halves of surrogate pairs are joined, single ones become U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def _sent(settings: Settings, part: Part, deadline: float) -> Flow[Settled]:
    """One request over the network, with its retries."""
    assert settings.spec.build is not None
    timing = settings.timing
    body = settings.spec.build(part)
    data = _encode(body).encode()
    warnings: tuple[str, ...] = ()
    for retry in range(settings.max_retries + 1):
        outcome: Reply | Failure = yield Send(data, settings.timeout, deadline)
        result = _settle(settings, part, body, outcome)
        if isinstance(result, Settled):
            return result if not warnings else _warned(result, warnings)
        if not result.retryable or retry == settings.max_retries:
            raise result
        named = None
        if isinstance(outcome, Reply):
            named = named_wait(outcome.headers, timing.now(), rate_limited=isinstance(result, RateLimitedError))
        wait = wait_before(retry, named, deadline - timing.clock(), timing.random)
        if wait is None:
            raise result
        if isinstance(outcome, Failure) and outcome.billed:
            warnings = (_BILLED_TWICE,)
        yield Wait(wait)
    raise AssertionError("the last attempt returns or raises")


_BILLED_TWICE = "A request got no whole answer in time and was sent again: the provider may have billed it twice."


def _computed(settings: Settings, part: Part, deadline: float, tally: _Tally) -> Flow[Settled]:
    """The work of a provider that runs on this computer."""
    spec, clock = settings.spec, settings.timing.clock
    assert spec.compute is not None
    compute = spec.compute

    def report(done: int, total: int) -> None:
        if clock() > deadline:
            raise RequestTimeoutError(
                f"The work took longer than {settings.total_timeout:g} seconds and was stopped.",
                hint="Raise the total time-out, or rank fewer or shorter documents.",
            )
        tally.report(done, total)

    raw = yield Compute(lambda reporter: compute(part, reporter), report, tally.wanted)
    answer = spec.parse(raw, part)
    return Settled(part, answer, cost_of(spec.id, answer.model, answer.search_units), None, raw)


# Reading one outcome


def _settle(settings: Settings, part: Part, sent: Any, outcome: Reply | Failure) -> Settled | RerankError:
    if isinstance(outcome, Failure):
        return _failed(settings, outcome)
    spec = settings.spec
    try:
        body = json.loads(outcome.body)
    except (ValueError, RecursionError):
        return _refused(settings, outcome, None)
    if settings.key is not None and settings.key.echoed_in(outcome.body):
        body = settings.key.scrub(body)
    if not 200 <= outcome.status < 300 or _holds_error(body):
        return _refused(settings, outcome, body)
    try:
        answer = spec.parse(body, part)
    except BadResponseError as error:
        if isinstance(body, dict) and not any(isinstance(value, list) for value in body.values()):
            said = _refused(settings, outcome, body)  # it may be an error of the flat kind
            if said.code != type(said).default_code or "message" in body or "detail" in body:
                return said
        error.status = outcome.status
        error.request_id = error.request_id or outcome.headers.get("x-request-id")
        return error
    cost = cost_of(spec.id, part.model, answer.search_units, answer.amount)
    return Settled(part, answer, cost, sent, body, answer.warnings)


def _holds_error(body: Any) -> bool:
    return isinstance(body, dict) and (bool(body.get("error")) or body.get("object") == "error")


def _refused(settings: Settings, reply: Reply, body: Any) -> RerankError:
    """The error that a reply amounts to which is no answer."""
    key = settings.key
    text = reply.body[:20_000].decode("utf-8", "replace")
    if key is not None:
        body, text = key.scrub(body), key.redact(text)
    error = settings.spec.explain(reply.status, body, text)
    error.request_id = error.request_id or reply.headers.get("x-request-id")
    if isinstance(error, ConfigurationError):
        error.hint = f"{error.hint} Requests go to {settings.address}."
    elif 300 <= reply.status < 400:
        location = reply.headers.get("location", "").partition("?")[0][:200]
        towards = f", which points to {location}" if location else ""
        error.hint = f"Check the address {settings.address}{towards}: redirects are never followed."
    if isinstance(error, RateLimitedError):
        error.retry_after = named_wait(reply.headers, settings.timing.now(), rate_limited=True)
    return error


def _failed(settings: Settings, failure: Failure) -> RerankError:
    spec, detail = settings.spec, failure.detail
    hint = spec.hints.get
    if failure.kind == "timeout":
        return RequestTimeoutError(f"{spec.label}: {detail}.", hint=hint(RequestTimeoutError))
    if failure.kind == "busy":
        return RequestTimeoutError(
            f"{spec.label}: {detail}.", code="busy", hint="Raise max_concurrency or total_timeout."
        )
    if failure.kind == "address":
        return ConfigurationError(
            f"{settings.address} cannot be used as an address: {detail}.", hint="Check the connection's address."
        )
    if failure.kind == "reply":
        return BadResponseError(f"{spec.label}: {detail}.", hint=hint(BadResponseError))
    if "CERTIFICATE_VERIFY_FAILED" in detail:
        return ConnectionFailedError(
            f"{settings.address} shows a certificate that is not trusted here: {detail}.",
            hint="Check the address; behind a company proxy, name its certificates in SSL_CERT_FILE.",
            retryable=False,
        )
    return ConnectionFailedError(
        f"The connection to {settings.address} failed: {detail}.", hint=hint(ConnectionFailedError)
    )


def _redact(error: RerankError, key: ApiKey | None) -> None:
    """Put the key out of sight in an error that is about to leave."""
    if key is None:
        return
    error.message, error.hint, error.code = (key.redact(text) for text in (error.message, error.hint, error.code))
    error.request_id = key.redact(error.request_id) if error.request_id else error.request_id
    error.args = (error.message,)


def _warned(settled: Settled, warnings: tuple[str, ...]) -> Settled:
    return Settled(settled.part, settled.answer, settled.cost, settled.sent, settled.raw, warnings + settled.warnings)


# Putting parts together


def _merge(
    settings: Settings,
    request: RerankRequest,
    model: str | None,
    settled: Sequence[Settled],
    blank: Sequence[int],
    warnings: list[str],
    latency_ms: float,
) -> RerankResponse:
    rows: list[tuple[int, float | None]] = []
    tail: list[int] = []
    for one in settled:
        places = one.part.places
        rows += [(places[index], score) for index, score in one.answer.rows]
        tail += [places[index] for index in one.answer.unplaced]
    if settings.spec.has_scores:
        rows.sort(key=_best_first)
    rows += [(place, None) for place in (*tail, *blank)]
    documents, keep = request.documents, request.top_n
    answers = [one.answer for one in settled]
    units = [answer.search_units for answer in answers]
    latencies = [answer.latency_ms for answer in answers if answer.latency_ms is not None]
    single = settled[0] if len(settled) == 1 else None
    models = {answer.model for answer in answers}
    return RerankResponse(
        results=tuple(
            RankedDocument(rank, place, score, documents[place]) for rank, (place, score) in enumerate(rows[:keep], 1)
        ),
        model=models.pop() if len(models) == 1 else model,
        provider=settings.spec.id,
        request=request,
        usage=Usage(None if None in units else math.fsum(unit for unit in units if unit is not None)),
        cost=_sum([one.cost for one in settled]),
        request_id=answers[0].request_id,
        latency_ms=latency_ms,
        provider_latency_ms=max(latencies) if latencies else None,
        sent=single.sent if single else tuple(one.sent for one in settled),
        raw=single.raw if single else tuple(one.raw for one in settled),
        warnings=tuple(dict.fromkeys([*warnings, *(text for one in settled for text in one.warnings)])),
    )


def _best_first(row: tuple[int, float | None]) -> tuple[float, int]:
    return (-row[1] if row[1] is not None else math.inf), row[0]


def _sum(costs: Sequence[Cost]) -> Cost:
    """The cost of several parts: unknown where any is, and named after the least certain of them."""
    if len(costs) == 1:
        return costs[0]
    amounts = [cost.amount for cost in costs if cost.amount is not None]
    if len(amounts) < len(costs):
        return Cost(None)
    bases = {cost.basis for cost in costs}
    basis: CostBasis = bases.pop() if len(bases) == 1 else "computed"
    return Cost(sum(amounts, Decimal(0)), basis=basis)
