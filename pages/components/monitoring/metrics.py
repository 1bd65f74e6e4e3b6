"""The numbers of this server for Prometheus. Where nobody asked for them, nothing is counted.

No label holds what somebody typed: providers and models go by the names of the catalogue, errors by the library's own
codes, and what is not among those is "other".
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import rerank_core as rc
from rerank_core.errors import RerankError

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Counter, Histogram
    from prometheus_client.metrics_core import Metric

    from rerank_core.client.events import ClientEvent
    from rerank_core.jobs import Job

log = logging.getLogger("rerank_playground")
OTHER = "other"
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


@dataclass(frozen=True, slots=True)
class Gauge:
    """A number as it is at the moment of the question: its `name`, what it is, and for which `labels`
    (name and value) it has which value."""

    name: str
    about: str
    values: Iterable[tuple[tuple[tuple[str, str], ...], float]]


class Metrics:
    """What is counted. `now` gives the numbers of the moment, each time somebody asks."""

    def __init__(self, now: Callable[[], Iterable[Gauge]]) -> None:
        from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics

        self.registry: CollectorRegistry = CollectorRegistry(auto_describe=False)
        self._now = now
        disable_created_metrics()  # type: ignore[no-untyped-call]  # they say when this process began, once more for every number

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(name, about, labels, registry=self.registry)

        def seconds(name: str, about: str, *labels: str) -> Histogram:
            return Histogram(name, about, labels, registry=self.registry, buckets=_SECONDS)

        self.requests = counter("rerank_http_requests_total", "Requests, and websockets opened", "kind", "status")
        self.request_seconds = seconds("rerank_http_request_seconds", "How long a request over HTTP took", "kind")
        self.page_seconds = seconds("rerank_page_seconds", "How long a page took to draw", "page")
        self.calls = counter("rerank_calls_total", "Calls of a model", "provider", "model", "outcome")
        self.call_seconds = seconds("rerank_call_seconds", "How long a call took, with its retries", "provider")
        self.documents = counter("rerank_documents_total", "Documents in answered calls", "provider")
        self.attempts = counter("rerank_attempts_total", "Single requests of the calls", "provider", "outcome")
        self.call_errors = counter(
            "rerank_call_errors_total", "Calls that came to nothing, by the kind of error", "provider", "error"
        )
        self.spent = counter("rerank_spent_usd_total", "What calls have cost, in US dollars", "provider")
        self.doubt = counter("rerank_spent_in_doubt_usd_total", "What retries may have cost besides", "provider")
        self.unpriced = counter("rerank_calls_of_unknown_cost_total", "Answered calls without a known cost", "provider")
        self.jobs = counter("rerank_jobs_ended_total", "Background work that came to its end", "kind", "outcome")
        self.job_seconds = seconds("rerank_job_seconds", "How long background work took, without its wait", "kind")
        self.failures = counter("rerank_unexpected_errors_total", "Failures that nobody foresaw", "where")
        ProcessCollector(namespace="rerank", registry=self.registry)
        self.registry.register(self)

    def collect(self) -> Iterator[Metric]:
        """The numbers of the moment, for the registry."""
        from prometheus_client.core import GaugeMetricFamily

        for gauge in self._now():
            values = list(gauge.values)
            names = [name for name, _value in values[0][0]] if values else []
            family = GaugeMetricFamily(gauge.name, gauge.about, labels=names)
            for labels, value in values:
                family.add_metric([text for _name, text in labels], value)
            yield family


class _State:
    on: Metrics | None = None


def begin(now: Callable[[], Iterable[Gauge]]) -> Metrics:
    """Count from now on; the same numbers where that has begun before."""
    _State.on = _State.on or Metrics(now)
    return _State.on


def forget() -> None:
    """Count no more, and begin anew the next time; for tests."""
    _State.on = None


def current() -> Metrics | None:
    """The numbers; None where nobody asked for them."""
    return _State.on


@contextmanager
def drawn(page: str) -> Iterator[None]:
    """A page of this name is being drawn; "" is the first one."""
    began = time.perf_counter()
    try:
        yield
    finally:
        if _State.on is not None:
            _State.on.page_seconds.labels(page or "playground").observe(time.perf_counter() - began)


def failed(where: str) -> None:
    """Something failed that nobody foresaw: in a "page", a "route" or a "job"."""
    if _State.on is not None:
        _State.on.failures.labels(where).inc()


def call(event: ClientEvent) -> None:
    """A client reports a moment of a call."""
    now, provider = _State.on, event.provider if event.provider in _catalogue() else OTHER
    if now is None:
        return
    if event.kind == "attempt" and event.attempt is not None:
        now.attempts.labels(provider, event.attempt.outcome).inc()
    elif event.kind in ("answered", "failed"):
        now.calls.labels(provider, _model(provider, event.model), event.kind).inc()
        now.call_seconds.labels(provider).observe((event.latency_ms or 0.0) / 1000)
    if event.kind == "failed":
        now.call_errors.labels(provider, event.error if event.error in _codes() else OTHER).inc()
    if event.kind == "answered":
        now.documents.labels(provider).inc(event.documents)
    if event.kind == "answered" and event.cost is not None:
        if event.cost.amount is None or event.cost.currency != "USD":
            now.unpriced.labels(provider).inc()
        else:
            now.spent.labels(provider).inc(float(event.cost.amount))
            now.doubt.labels(provider).inc(float(event.cost.in_doubt))


def job_ended(job: Job[Any]) -> None:
    """A piece of background work that had begun has come to its end."""
    if _State.on is not None:
        _State.on.jobs.labels(job.title, job.state).inc()
        _State.on.job_seconds.labels(job.title).observe(job.progress.elapsed)
        if job.state == "failed" and not isinstance(job.exception, RerankError):
            failed("job")


def _model(provider: str, model: str | None) -> str:
    return model if model is not None and model in _catalogue().get(provider, ()) else OTHER


@cache
def _catalogue() -> dict[str, frozenset[str]]:
    return {spec.id: frozenset(model.id for model in spec.models) for spec in rc.providers()}


@cache
def _codes() -> frozenset[str]:
    kinds, found = [RerankError], set()
    while kinds:
        kind = kinds.pop()
        found.add(kind.default_code)
        kinds += kind.__subclasses__()
    return frozenset(found)
