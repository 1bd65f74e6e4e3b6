"""One rerank call from request to response, as a generator that does no I/O.

It yields steps (`Send`, `Wait`, `Compute`, `Gather`) and receives their outcomes; building, retrying, batching
and merging all happen here, once, and a client is no more than a driver that carries the steps out.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from rerank_core.client.outcomes import Bill, redact, settle
from rerank_core.client.retry import named_wait, wait_before
from rerank_core.client.steps import Compute, Flow, Gather, OnProgress, Send, Settings, Settled, Wait
from rerank_core.errors import RateLimitedError, RequestTimeoutError, RerankError
from rerank_core.models import Cost, CostBasis, Progress, RerankRequest, RerankResponse, Usage, _ranked
from rerank_core.pricing.estimates import cost_of
from rerank_core.providers.spec import Part, ProviderSpec
from rerank_core.transport.reply import Failure, Reply

__all__ = ["rerank_flow"]


def rerank_flow(
    settings: Settings, request: RerankRequest, on_progress: OnProgress | None = None
) -> Flow[RerankResponse]:
    """The whole of one call. Every RerankError that leaves it names its request, says whether it may have been
    billed, and holds no key."""
    bill = Bill()
    try:
        return (yield from _call(settings, request, on_progress, bill))
    except RerankError as error:
        error.request = request
        error.maybe_billed = bill.may_hold_something_after(error)
        redact(error, settings.key)
        raise


def _call(
    settings: Settings, request: RerankRequest, on_progress: OnProgress | None, bill: Bill
) -> Flow[RerankResponse]:
    spec, clock = settings.spec, settings.timing.clock
    started = clock()
    deadline = math.inf if settings.total_timeout is None else started + settings.total_timeout
    model, warnings = _model(spec, request.model)
    parts, blank = _parts(spec, request, model)
    if blank:
        one = "1 document is blank: it was not scored, and stands last."
        many = f"{len(blank):,} documents are blank: they were not scored, and stand last."
        warnings.append(one if len(blank) == 1 else many)

    tally = _Tally(sum(len(part.texts) for part in parts), on_progress)
    settled: Sequence[Settled]
    if spec.compute is not None:
        settled = [(yield from _computed(settings, parts[0], deadline, tally))]
    elif len(parts) == 1:
        settled = [(yield from _sent(settings, parts[0], deadline, bill))]
        tally.add(settled[0])
    else:
        settled = yield Gather([_sent(settings, part, deadline, bill) for part in parts], tally.add)
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
    model = spec.default_model if asked is None else _repaired(asked)
    refusal = spec.accept(model) if spec.accept is not None and model is not None else None
    if refusal is not None:
        raise refusal
    return model, []


# Before sending


def _parts(spec: ProviderSpec, request: RerankRequest, model: str | None) -> tuple[list[Part], list[int]]:
    """The batches of a call, and the places of the blank documents that are in none of them."""
    texts = [text if text.isascii() else _repaired(text) for text in [document.text for document in request.documents]]
    places: Sequence[int] = range(len(texts))
    blank = [place for place, text in enumerate(texts) if not text or text.isspace()]
    if blank:
        left_out = set(blank)
        places = [place for place in places if place not in left_out]
        texts = [texts[place] for place in places]
    query = _repaired(request.query)
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


def _repaired(text: str) -> str:
    """The text as UTF-8 can carry it: halves of surrogate pairs are joined, single ones become U+FFFD."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


# Sending, and working here

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

_BILLED_TWICE = "A request got no whole answer and was sent again: the provider may have billed it twice."


def _sent(settings: Settings, part: Part, deadline: float, bill: Bill) -> Flow[Settled]:
    """One request over the network, with its retries."""
    assert settings.spec.build is not None
    timing = settings.timing
    body = settings.spec.build(part)
    data = _encode(body).encode()
    warnings: tuple[str, ...] = ()
    retry = unanswered = 0
    while True:
        bill.sending(part)
        try:
            outcome: Reply | Failure = yield Send(data, settings.timeout, deadline)
        except RerankError as error:  # the client was closed, perhaps before it sent anything
            bill.add(part, error.maybe_billed)
            raise
        result = settle(settings, part, body, outcome, warnings)
        bill.book(part, outcome, result)
        if isinstance(result, Settled):
            if unanswered and result.cost.amount is not None:
                return replace(result, cost=replace(result.cost, in_doubt=result.cost.amount * unanswered))
            return result
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
            unanswered += 1
        retry += 1
        yield Wait(wait)


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
    cost = cost_of(spec, answer.model, answer.search_units, answer.amount, settings.prices)
    return Settled(part, answer, cost, None, raw, answer.warnings)


# After the replies


def _merge(
    settings: Settings,
    request: RerankRequest,
    model: str | None,
    settled: Sequence[Settled],
    blank: Sequence[int],
    warnings: list[str],
    latency_ms: float,
) -> RerankResponse:
    documents, keep = request.documents, request.top_n
    order = _order(settings.spec, settled)[:keep]
    tail = [*(one.part.places[index] for one in settled for index in one.answer.unplaced), *blank]
    if tail:
        order += [(None, place) for place in tail[: None if keep is None else max(0, keep - len(order))]]
    answers = [one.answer for one in settled]
    units = [answer.search_units for answer in answers]
    latencies = [answer.latency_ms for answer in answers if answer.latency_ms is not None]
    models = {answer.model for answer in answers}
    single = settled[0] if len(settled) == 1 else None
    return RerankResponse(
        results=tuple([_ranked(rank, place, score, documents[place]) for rank, (score, place) in enumerate(order, 1)]),
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


def _order(spec: ProviderSpec, settled: Sequence[Settled]) -> list[tuple[float | None, int]]:
    """The (score, place in the caller's list) of all parts: by score, best first, equal scores in input order.
    Where there are no scores, the provider's own order."""
    if not spec.has_scores:
        return [(None, one.part.places[index]) for one in settled for index, _ in one.answer.rows]
    # Plain tuples sort without a key function; negating twice gives back the very same float.
    keyed = sorted(
        [(-score, one.part.places[index]) for one in settled for index, score in one.answer.rows if score is not None]
    )
    return [(-key, place) for key, place in keyed]


def _sum(costs: Sequence[Cost]) -> Cost:
    """The cost of several parts: unknown where any is, and named after the least certain of them."""
    if len(costs) == 1:
        return costs[0]
    amounts = [cost.amount for cost in costs if cost.amount is not None]
    if len(amounts) < len(costs):
        return Cost(None)
    in_doubt = sum((cost.in_doubt for cost in costs), Decimal(0))
    bases = {cost.basis for cost in costs}
    basis: CostBasis = bases.pop() if len(bases) == 1 else "computed"
    return Cost(sum(amounts, Decimal(0)), basis=basis, in_doubt=in_doubt)
