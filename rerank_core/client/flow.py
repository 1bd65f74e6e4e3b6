"""One rerank call from request to response, as a generator that does no I/O.

It yields steps (`Send`, `Wait`, `Compute`, `Gather`) and receives their outcomes; building, retrying, batching
and merging all happen here, once, and a client is no more than a driver that carries the steps out.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from operator import itemgetter

from rerank_core.client.events import CallRecord
from rerank_core.client.outcomes import Bill, interpret, redact
from rerank_core.client.retry import named_wait, wait_before
from rerank_core.client.steps import BatchResult, ClientSettings, Compute, Flow, Gather, OnProgress, Send, Wait
from rerank_core.errors import InvalidDocumentsError, RateLimitedError, RequestTimeoutError, RerankError
from rerank_core.models import (
    Attempt,
    Cost,
    CostBasis,
    Progress,
    RerankRequest,
    RerankResponse,
    TextSpan,
    Usage,
    rows_of,
    spans_of_text,
)
from rerank_core.pricing.estimates import cost_of
from rerank_core.providers.choosing import chosen_model
from rerank_core.providers.spec import Batch, ProviderSpec
from rerank_core.transport.reply import Failure, Reply


def rerank_flow(
    settings: ClientSettings, request: RerankRequest, on_progress: OnProgress | None = None
) -> Flow[RerankResponse]:
    """The whole of one call. Every RerankError that leaves it names its request, says whether it may have been
    billed, and holds no key."""
    bill, record = Bill(), CallRecord(settings.spec.id, request, settings.on_event, settings.timing.clock)
    try:
        response = yield from _call(settings, request, on_progress, bill, record)
    except RerankError as error:
        error.request = request
        error.maybe_billed = bill.may_hold_something_after(error)
        error.attempts = record.attempts
        redact(error, settings.key)
        record.failed(error)
        raise
    record.answered(response)
    return response


def _call(
    settings: ClientSettings, request: RerankRequest, on_progress: OnProgress | None, bill: Bill, record: CallRecord
) -> Flow[RerankResponse]:
    spec = settings.spec
    ends_at = math.inf if settings.total_timeout is None else record.began + settings.total_timeout
    model, warnings = choose_model(spec, request.model, settings.options)
    batches, blank = split_into_batches(spec, request, model, settings.options)
    if blank:
        one = "1 document is blank: it was not scored, and stands last."
        many = f"{len(blank):,} documents are blank: they were not scored, and stand last."
        warnings.append(one if len(blank) == 1 else many)

    progress = _ProgressCount(sum(len(batch.texts) for batch in batches), on_progress)
    results: Sequence[BatchResult]
    if spec.compute is not None:
        results = [(yield from _computed(settings, batches[0], ends_at, progress, record))]
    elif len(batches) == 1:
        results = [(yield from _sent(settings, batches[0], ends_at, bill, record))]
        progress.add(results[0])
    else:
        results = yield Gather([_sent(settings, batch, ends_at, bill, record) for batch in batches], progress.add)
    return _merge(settings, request, model, results, blank, warnings, record)


class _ProgressCount:
    """Counts what has been answered, and tells the caller."""

    def __init__(self, total: int, on_progress: OnProgress | None) -> None:
        self._done, self._total, self._tell = 0, total, on_progress
        self._costs: list[Cost] = []
        self.wanted = on_progress is not None

    def add(self, result: BatchResult) -> None:
        if self._tell is not None:
            self._done += len(result.batch.texts)
            self._costs.append(result.cost)
            self._tell(Progress(self._done, self._total, _sum(self._costs)))

    def report(self, done: int, total: int) -> None:
        if self._tell is not None:
            self._tell(Progress(done, total, Cost(Decimal(0), basis="free")))


def choose_model(
    spec: ProviderSpec, asked: str | None, options: Mapping[str, str] | None = None
) -> tuple[str | None, list[str]]:
    """The model to use, by its real name, and a warning where the one asked for is of no use. Where the server decides
    which there are, the connection's option `model` is the one to use unless another is asked for by name. Raises
    ModelNotFoundError, as `chosen_model` does, and what the provider itself has against the model."""
    model = chosen_model(spec, None if asked is None else _repaired(asked))
    if spec.takes_any_model and not spec.has_models:
        ignored = [f"Which model answers is up to {spec.label}: {asked} chooses none there."]
        return model or (options or {}).get("model") or None, ignored if asked and model is None else []
    if not spec.has_models:
        return None, [] if asked is None else [f"{spec.label} has no models to choose from: {asked} was ignored."]
    refusal = spec.accept(model) if spec.accept is not None and model is not None else None
    if refusal is not None:
        raise refusal
    return model, []


# Before sending


def split_into_batches(
    spec: ProviderSpec, request: RerankRequest, model: str | None, options: Mapping[str, str] | None = None
) -> tuple[list[Batch], list[int]]:
    """The batches of a call, and the indexes of the blank documents that are in none of them. Raises
    InvalidDocumentsError for a document that is longer than the provider takes."""
    texts = request.ranked_texts()
    if not all(map(str.isascii, texts)):
        texts = [text if text.isascii() else _repaired(text) for text in texts]
    indexes: tuple[int, ...] | range = range(len(texts))
    blank: list[int] = []
    if "" in texts or any(map(str.isspace, texts)):
        blank = [index for index, text in enumerate(texts) if not text or text.isspace()]
        left_out = set(blank)
        indexes = tuple([index for index in indexes if index not in left_out])
        texts = [texts[index] for index in indexes]
    query = _repaired(request.query)
    if spec.max_characters is not None:
        _check_length(spec, texts, indexes, spec.max_characters)
    size = spec.request_size(model, options)
    return [
        Batch(
            query,
            tuple(texts[start:stop]),
            indexes[start:stop],
            model,
            None if request.top_n is None else min(request.top_n, stop - start),
            request.return_documents,
            options or {},
        )
        for start, stop in _parts(texts, len(query.encode()), size or len(texts), spec.max_bytes)
    ], blank


def _check_length(spec: ProviderSpec, texts: Sequence[str], indexes: Sequence[int], most: int) -> None:
    for index, text in zip(indexes, texts, strict=True):
        if len(text) > most:
            raise InvalidDocumentsError(
                f"Document {index + 1} has {len(text):,} characters; {spec.label} takes up to {most:,}.",
                hint="Cut long documents into parts, and rank those.",
            )


def _parts(texts: Sequence[str], query: int, size: int, most: int | None) -> Iterator[tuple[int, int]]:
    """Where each request begins and ends: at most `size` texts, and at most `most` bytes of UTF-8, the query counted
    with each text. A text that is longer by itself goes alone."""
    if most is None:
        yield from ((start, min(start + size, len(texts))) for start in range(0, len(texts), size))
        return
    start = used = 0
    for place, text in enumerate(texts):
        own = query + len(text.encode())
        if place > start and (place - start >= size or used + own > most):
            yield start, place
            start, used = place, 0
        used += own
    yield start, len(texts)


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


def _sent(settings: ClientSettings, batch: Batch, ends_at: float, bill: Bill, record: CallRecord) -> Flow[BatchResult]:
    """One request over the network, with its retries."""
    assert settings.spec.build is not None
    timing = settings.timing
    body = settings.spec.build(batch)
    data, address = _encode(body).encode(), settings.address_for(batch.model)
    warnings: tuple[str, ...] = ()
    retry = unanswered = 0
    while True:
        bill.sending(batch)
        began = timing.clock()
        try:
            outcome: Reply | Failure = yield Send(data, address, settings.timeout, ends_at)
        except RerankError as error:  # the client was closed, perhaps before it sent anything
            bill.add(batch, error.maybe_billed)
            raise
        result = interpret(settings, batch, body, outcome, warnings)
        bill.book(batch, outcome, result)
        attempt = _attempt(settings, batch, outcome, result, (timing.clock() - began) * 1000)
        if isinstance(result, BatchResult):
            record.add(attempt)
            if unanswered and result.cost.amount is not None:
                return replace(result, cost=replace(result.cost, in_doubt=result.cost.amount * unanswered))
            return result
        if not result.retryable or retry == settings.max_retries:
            record.add(attempt)
            raise result
        named = None
        if isinstance(outcome, Reply):
            named = named_wait(outcome.headers, timing.now(), rate_limited=isinstance(result, RateLimitedError))
        wait = wait_before(retry, named, ends_at - timing.clock(), timing.random)
        record.add(replace(attempt, again_in=wait))
        if wait is None:
            raise result
        if isinstance(outcome, Failure) and outcome.billed:
            warnings = (_BILLED_TWICE,)
            unanswered += 1
        retry += 1
        yield Wait(wait)


def _attempt(
    settings: ClientSettings,
    batch: Batch,
    outcome: Reply | Failure,
    result: BatchResult | RerankError,
    latency_ms: float,
) -> Attempt:
    status = outcome.status if isinstance(outcome, Reply) else None
    if isinstance(result, BatchResult):
        return Attempt(settings.spec.id, len(batch.texts), latency_ms, "answered", status)
    code = result.code if settings.key is None else settings.key.redact(result.code)
    return Attempt(settings.spec.id, len(batch.texts), latency_ms, "failed", status, code)


def _computed(
    settings: ClientSettings, batch: Batch, ends_at: float, progress: _ProgressCount, record: CallRecord
) -> Flow[BatchResult]:
    """The work of a provider that runs on this computer."""
    spec, clock = settings.spec, settings.timing.clock
    assert spec.compute is not None
    compute = spec.compute

    def report(done: int, total: int) -> None:
        if clock() > ends_at:
            raise RequestTimeoutError(
                f"The work took longer than {settings.total_timeout:g} seconds and was stopped.",
                hint="Raise the total time-out, or rank fewer or shorter documents.",
            )
        progress.report(done, total)

    began = clock()
    raw = yield Compute(lambda reporter: compute(batch, reporter), report, progress.wanted)
    parsed = spec.parse(raw, batch)
    record.add(Attempt(spec.id, len(batch.texts), (clock() - began) * 1000, "answered"))
    return BatchResult(batch, parsed, cost_of(spec, parsed.model, 0), None, raw, parsed.warnings)


# After the replies


def _merge(
    settings: ClientSettings,
    request: RerankRequest,
    model: str | None,
    results: Sequence[BatchResult],
    blank: Sequence[int],
    warnings: list[str],
    record: CallRecord,
) -> RerankResponse:
    keep = request.top_n
    order = _order(settings.spec, results)
    if keep is not None:
        order = order[:keep]
    tail = [*(one.batch.indexes[number] for one in results for number in one.parsed.missing), *blank]
    if tail:
        order = [*order, *((index, None) for index in tail[: None if keep is None else max(0, keep - len(order))])]
    replies = [one.parsed for one in results]
    latencies = [reply.latency_ms for reply in replies if reply.latency_ms is not None]
    models = {reply.model for reply in replies}
    single = results[0] if len(results) == 1 else None
    return RerankResponse(
        results=rows_of(request, order),
        model=models.pop() if len(models) == 1 else model,
        provider=settings.spec.id,
        request=request,
        usage=Usage(_total([reply.search_units for reply in replies]), _total([reply.tokens for reply in replies])),
        cost=_sum([one.cost for one in results]),
        request_id=replies[0].request_id,
        latency_ms=record.latency_ms,
        provider_latency_ms=max(latencies) if latencies else None,
        sent=single.sent if single else tuple(one.sent for one in results),
        raw=single.raw if single else tuple(one.raw for one in results),
        warnings=tuple(dict.fromkeys([*warnings, *(text for one in results for text in one.warnings)])),
        spans=_spans(request, results),
        attempts=record.attempts,
    )


def _total(counts: Sequence[float | None]) -> float | None:
    """The sum, None where any part is not known."""
    if len(counts) == 1:
        return counts[0]
    known = [count for count in counts if count is not None]
    return math.fsum(known) if len(known) == len(counts) else None


def _spans(request: RerankRequest, results: Sequence[BatchResult]) -> dict[int, tuple[TextSpan, ...]]:
    """The parts that the provider marked of what was sent, as parts of the documents' texts."""
    found: dict[int, tuple[TextSpan, ...]] = {}
    for one in results:
        for number, spans in one.parsed.spans.items():
            index = one.batch.indexes[number]
            own = spans_of_text(request.documents[index], request.rank_fields, spans)
            if own:
                found[index] = own
    return found


def _order(spec: ProviderSpec, results: Sequence[BatchResult]) -> Sequence[tuple[int, float | None]]:
    """The (index in the caller's list, score) of all batches: by score, best first.

    Among equal scores a reply that is sorted keeps its order, since it may be sorted by more than the rounded score
    that it shows; of one that is not, the input order counts. Where there are no scores, the provider's own order.
    """
    if not spec.has_scores:
        return [(one.batch.indexes[number], None) for one in results for number, _ in one.parsed.rows]
    if len(results) == 1:
        return _scored(results[0])
    # Sorting is stable, so equal scores of several batches stay in the order of the batches, which is the input's.
    return sorted((row for one in results for row in _scored(one)), key=itemgetter(1), reverse=True)


def _scored(one: BatchResult) -> Sequence[tuple[int, float | None]]:
    """The rows of one batch, best first."""
    indexes, rows = one.batch.indexes, one.parsed.rows
    scores = [score for _, score in rows if score is not None]
    if len(scores) < len(rows):
        rows = tuple(row for row in rows if row[1] is not None)
    if indexes != range(len(one.batch.texts)):
        rows = tuple([(indexes[at], score) for at, score in rows])
    if all(map(operator.ge, scores, islice(scores, 1, None))):
        return rows
    return sorted(sorted(rows, key=itemgetter(0)), key=itemgetter(1), reverse=True)


def _sum(costs: Sequence[Cost]) -> Cost:
    """The cost of several batches: unknown where any is, and named after the least certain of them."""
    if len(costs) == 1:
        return costs[0]
    amounts = [cost.amount for cost in costs if cost.amount is not None]
    if len(amounts) < len(costs):
        return Cost(None)
    in_doubt = sum((cost.in_doubt for cost in costs), Decimal(0))
    bases = {cost.basis for cost in costs}
    basis: CostBasis = bases.pop() if len(bases) == 1 else "computed"
    return Cost(sum(amounts, Decimal(0)), basis=basis, in_doubt=in_doubt)
