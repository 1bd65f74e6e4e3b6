"""What an operator sees from outside: numbers for Prometheus, log lines for programs, and the id beside an error."""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import re
import socket
from collections.abc import Iterator
from decimal import Decimal

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

import rerank_core as rc
from pages.components.administration import observed
from pages.components.display import errors
from pages.components.monitoring import endpoint, log_lines, metrics, settings
from pages.components.monitoring.settings import Monitoring
from pages.components.server import deployment
from rerank_core.client.events import ClientEvent
from rerank_core.errors import reference
from rerank_core.jobs import JobManager
from rerank_core.models import Attempt, Cost
from tests.support import ROOT
from tests.support.app_server import Server, free_port, start_server, wait_until
from tests.support.gate import PATIENCE
from tests.support.page import settled
from tests.support.websocket_session import WebsocketSession

PAGE = "playground.py"
TYPED = "what-somebody-typed"


@pytest.fixture
def numbers() -> Iterator[metrics.Metrics]:
    """Counting has begun, and ends with the test."""
    yield metrics.begin(observed.now)
    metrics.forget()


def read(numbers: metrics.Metrics) -> dict[str, float]:
    """Every number by its name and labels, as Prometheus names it."""
    return samples(generate_latest(numbers.registry).decode())


def samples(text: str) -> dict[str, float]:
    """The same of a text in Prometheus's format."""
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def test_calls_are_counted_with_their_time_their_cost_and_their_errors(numbers: metrics.Metrics) -> None:
    """One answered call, one of unknown cost and one that failed are counted each in its place."""
    metrics.call(ClientEvent("started", 1, "cohere", "rerank-v3.5", 3))
    metrics.call(ClientEvent("attempt", 1, "cohere", "rerank-v3.5", 3, attempt=Attempt("cohere", 3, 20.0, "answered")))
    cost = Cost(Decimal("0.002"), basis="computed", in_doubt=Decimal("0.004"))
    metrics.call(ClientEvent("answered", 1, "cohere", "rerank-v3.5", 3, latency_ms=250.0, cost=cost))
    metrics.call(ClientEvent("answered", 2, "cohere", "rerank-v3.5", 4, latency_ms=50.0, cost=Cost(None)))
    metrics.call(ClientEvent("failed", 3, "cohere", "rerank-v3.5", 4, latency_ms=5.0, code="x", error="rate_limited"))
    found = read(numbers)
    assert found["rerank_calls_total{model=rerank-v3.5,outcome=answered,provider=cohere}"] == 2
    assert found["rerank_calls_total{model=rerank-v3.5,outcome=failed,provider=cohere}"] == 1
    assert found["rerank_attempts_total{outcome=answered,provider=cohere}"] == 1
    assert found["rerank_call_seconds_bucket{le=0.1,provider=cohere}"] == 2
    assert found["rerank_call_seconds_count{provider=cohere}"] == 3
    assert found["rerank_documents_total{provider=cohere}"] == 7
    assert found["rerank_spent_usd_total{provider=cohere}"] == 0.002
    assert found["rerank_spent_in_doubt_usd_total{provider=cohere}"] == 0.004
    assert found["rerank_calls_of_unknown_cost_total{provider=cohere}"] == 1
    assert found["rerank_call_errors_total{error=rate_limited,provider=cohere}"] == 1


def test_the_guide_names_every_number(numbers: metrics.Metrics) -> None:
    """docs/operating.md has each number's name, and none that does not exist."""
    table = (ROOT / "docs" / "operating.md").read_text("utf-8").partition("| what | its name |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(rerank_\w*[a-z])(?:\{[\w,]+\})?`", table))
    numbers.calls.labels("cohere", "other", "failed").inc()
    there = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in text_string_to_metric_families(generate_latest(numbers.registry).decode())
    }
    assert named == {name for name in there if "process" not in name}


def test_no_label_holds_what_somebody_typed(numbers: metrics.Metrics) -> None:
    """A model, an error's code, an address and a page that are no names of ours are "other"."""
    event = ClientEvent("failed", 1, "cohere", TYPED, 1, latency_ms=1.0, code=TYPED, error=TYPED, request_id=TYPED)
    metrics.call(event)
    metrics.call(ClientEvent("answered", 1, TYPED, TYPED, 1, latency_ms=1.0, cost=Cost(Decimal(1), TYPED)))
    found = read(numbers)
    assert found["rerank_calls_total{model=other,outcome=failed,provider=cohere}"] == 1
    assert found["rerank_calls_total{model=other,outcome=answered,provider=other}"] == 1
    assert TYPED not in "".join(found)


def test_work_is_counted_when_it_ends_and_seen_while_it_waits(numbers: metrics.Metrics) -> None:
    """Every piece of background work counts once, by its kind and its end; the queue says how much there is now."""

    def failing(_context: object) -> None:
        raise RuntimeError(TYPED)

    manager = JobManager(workers=1, on_ended=metrics.job_ended)
    manager.submit(lambda _context: None, title="rerank").wait(PATIENCE)
    manager.submit(failing, title="rerank").wait(PATIENCE)
    manager.close()
    found = read(numbers)
    assert found["rerank_jobs_ended_total{kind=rerank,outcome=done}"] == 1
    assert found["rerank_jobs_ended_total{kind=rerank,outcome=failed}"] == 1
    assert found["rerank_unexpected_errors_total{where=job}"] == 1
    assert found["rerank_jobs{state=waiting}"] == found["rerank_jobs{state=running}"] == 0
    assert TYPED not in "".join(found)


def test_nothing_is_counted_unless_somebody_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it is delivered there is no port, no counting and no JSON, and an event costs nothing."""
    monkeypatch.setattr(deployment, "secrets", dict)
    assert settings.monitoring() == Monitoring(0, "127.0.0.1", False)
    assert settings.problem() is None
    metrics.call(ClientEvent("answered", 1, "cohere", None, 1, latency_ms=1.0, cost=Cost(Decimal(1))))
    assert metrics.current() is None


@pytest.mark.parametrize(
    ("section", "environment", "said"),
    [
        (5, {}, "Write it as [monitoring]"),
        ({"port": 9464}, {}, "knows no 'port'"),
        ({"metrics_port": "many"}, {}, "metrics_port in secrets.toml is no port"),
        ({"metrics_port": True}, {}, "is no port"),
        ({}, {"RERANK_METRICS_PORT": "70000"}, "RERANK_METRICS_PORT is no port"),
        ({"metrics_port": 9464, "metrics_address": "http://x/"}, {}, "is no address"),
        ({"json_log": "perhaps"}, {}, "neither true nor false"),
        ({"metrics_port": 8501}, {}, "the port of the app itself"),
    ],
)
def test_a_setting_that_makes_no_sense_is_said(monkeypatch, section, environment, said) -> None:
    """Each slip is one sentence that names it."""
    monkeypatch.setattr(deployment, "secrets", lambda: {"monitoring": section})
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    try:
        sentence = settings.problem() or ""
    except rc.ConfigurationError as error:
        sentence = str(error)
    assert said in sentence


def test_a_port_that_is_taken_is_said_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app does not start without the numbers that its operator asked for."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setenv("RERANK_METRICS_PORT", str(taken.getsockname()[1]))
        assert "Choose another metrics_port" in (settings.problem() or "")


def test_the_environment_goes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A container is told by its environment, whatever the file says."""
    monkeypatch.setattr(deployment, "secrets", lambda: {"monitoring": {"metrics_port": 1, "json_log": True}})
    monkeypatch.setenv("RERANK_METRICS_PORT", "9464")
    monkeypatch.setenv("RERANK_METRICS_ADDRESS", "0.0.0.0")
    monkeypatch.setenv("RERANK_JSON_LOG", "0")
    assert settings.monitoring() == Monitoring(9464, "0.0.0.0", False)


@pytest.mark.parametrize(
    ("address", "host", "path", "status"),
    [
        ("127.0.0.1", "localhost:9464", "/metrics", 200),
        ("127.0.0.1", "127.0.0.1", "/metrics?name[]=x", 200),
        ("127.0.0.1", "rerank.evil.test", "/metrics", 400),
        ("127.0.0.1", "localhost", "/", 404),
        ("127.0.0.1", "localhost", "/metrics/x", 404),
        ("0.0.0.0", "app:9464", "/metrics", 200),
    ],
)
def test_who_is_answered(numbers: metrics.Metrics, address: str, host: str, path: str, status: int) -> None:
    """One address has the numbers; for this computer alone they are asked for by its own names."""
    with endpoint.answering(numbers, Monitoring(0, address)) as port:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        connection.request("GET", path, headers={"Host": host})
        answer = connection.getresponse()
        assert answer.status == status
        assert ("rerank_ready" in answer.read().decode()) == (status == 200 and "name" not in path)
        connection.close()


def line_of(message: str, error: Exception | None = None, **extra: object) -> dict[str, object]:
    """A log record as it is written, read as JSON."""
    found = (type(error), error, error.__traceback__) if error is not None else None
    record = logging.getLogger("t").makeRecord("t", logging.ERROR, "f", 1, message, (), found, extra=extra)
    written = log_lines.JsonLines().format(record)
    assert "\n" not in written
    return json.loads(written)


def test_a_log_line_is_one_json_object() -> None:
    """Whatever stands in a message, a line is one object, with what the caller gave besides."""
    line = line_of('a "quoted"\nline \u2028 \x00', page="search")
    assert (line["level"], line["logger"], line["message"]) == ("error", "t", 'a "quoted"\nline \u2028 \x00')
    assert line["page"] == "search"
    assert str(line["time"]).endswith("+00:00")


def test_a_traceback_stands_under_the_reference_that_the_page_shows() -> None:
    """The line with the traceback and the page have the same eight signs."""
    try:
        raise ValueError("nobody foresaw this")
    except ValueError as error:
        failed = error
    line = line_of("It failed", failed)
    assert line["reference"] == reference(failed)
    assert "nobody foresaw this" in str(line["exception"])


def test_an_error_on_a_page_is_found_in_the_log(app, caplog: pytest.LogCaptureFixture) -> None:
    """A service that fails is shown with a reference, and the log has one line with it, without the service's words."""
    page = app({"example": "own"}, gateflow="html")
    page.selectbox(key="connection").select("gateflow")
    page.run()
    page.text_area[0].set_value("query")
    page.text_area[1].set_value("one text\n\nanother text")
    settled(page.run())
    next(button for button in page.button if button.label == "Rerank").click()
    settled(page.run())
    (facts,) = [text.value for text in page.text if "reference " in text.value]
    shown = facts.rpartition("reference ")[2]
    page.run()
    assert (
        sum(f"A page shows BadResponseError, HTTP status 200, reference {shown}" in line for line in caplog.messages)
        == 1
    )


def test_what_a_person_can_change_themselves_is_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """A question that was left empty is no line for the operator."""
    assert not errors._is_logged(rc.InvalidQueryError("The query is blank."))
    assert errors._facts(rc.InvalidQueryError("The query is blank.")) == ""
    assert caplog.messages == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, int]]:
    """The app with numbers and JSON lines, and the port of the numbers."""
    port = free_port()
    running = start_server(tmp_path_factory.mktemp("app"), RERANK_METRICS_PORT=str(port), RERANK_JSON_LOG="true")
    yield running, port
    assert running.stop() in (0, -15)


@pytest.mark.slow
def test_a_running_app_is_observed(server: tuple[Server, int]) -> None:
    """A press of Rerank is a session, a page, a call and a piece of work, and nothing typed is among the numbers."""
    app, port = server
    asked = Server(f"http://127.0.0.1:{port}", app.process, app.log)

    def found() -> dict[str, float]:
        return samples(asked.get("/metrics")[2])

    async def scene() -> None:
        tab = await WebsocketSession(app.url).__aenter__()
        await tab.open(query_string="example=own&connection=local")
        await tab.type(Query=TYPED, Documents=f"{TYPED} one\n\n{TYPED} two")
        await tab.press("Rerank")
        assert found()["rerank_sessions{}"] == 1
        await asyncio.to_thread(
            wait_until, lambda: found().get("rerank_jobs_ended_total{kind=rerank,outcome=done}") == 1, "the work"
        )
        await tab.close()

    asyncio.run(scene())
    app.get("/nothing/" + TYPED)
    now = found()
    assert sum(value for name, value in now.items() if name.startswith("rerank_calls_total{")) == 1
    assert now["rerank_page_seconds_count{page=playground}"] >= 2
    assert now["rerank_http_requests_total{kind=websocket,status=101}"] == 1
    assert now["rerank_http_requests_total{kind=other,status=404}"] == 1
    assert now["rerank_ready{}"] == 1
    assert TYPED not in "".join(now)
    lines = app.log.read_text().splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    assert [event for event in events if event["message"].startswith("rerank call=")]
    assert not [line for line in lines if not line.startswith("{") and ("INFO" in line or "WARNING" in line)]
    assert TYPED not in "\n".join(lines)
