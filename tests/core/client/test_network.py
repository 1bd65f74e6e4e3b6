"""Both clients against a real server: slow, broken, rude and rightly answering."""

from __future__ import annotations

import asyncio
import gc
import gzip
import json
import logging
import socket
import threading
import warnings
import zlib
from contextlib import suppress
from dataclasses import replace

import httpx
import pytest

import rerank_core as rc
from rerank_core.client.retry import Timing
from rerank_core.transport.exchange import LARGEST_REPLY
from tests.support.both import KEY, Handle, World, reply
from tests.support.gate import PATIENCE
from tests.support.loopback import Loopback, answers, cut_short, drips, hung_up, ranks, reset, silent, together

GOOD = json.dumps(reply([0.2, 0.9])).encode()
SMALL = replace(rc.provider("gateflow"), max_documents=100)
QUICK = Timing(random=lambda: 0.0)
SOON = 0.3  # seconds that a time-out test is ready to lose
FOR_EVER = 3600  # seconds after which nobody would wait any more


def patient(handle: Handle, *, timeout: float = PATIENCE) -> Handle:
    """The same client with another time-out, for what comes next: with a long one a right answer is in time on every
    machine."""
    settings = handle.client._settings
    handle.client._settings = replace(settings, timeout=timeout, total_timeout=3 * timeout)
    return handle


def test_a_right_answer_over_a_real_connection(world: World, loopback: Loopback):
    """What the server receives and what comes back, over one connection for several calls."""
    loopback.script(answers(200, GOOD, content_type="application/json"))
    client = world.client(base_url=loopback.url)
    for _ in range(3):
        assert [row.index for row in client.rerank("q", ["a", "b"]).results] == [1, 0]
    assert loopback.connections == 1
    assert loopback.requests[0].path == "/v1/rerank"
    assert loopback.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert loopback.requests[0].headers["host"] == loopback.url.removeprefix("http://")
    assert loopback.requests[0].json["documents"] == ["a", "b"]


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
def test_large_bodies_arrive_whole(world: World, loopback: Loopback, size: int):
    """A body of several megabytes is sent in pieces and arrives byte for byte."""
    loopback.script(ranks())
    documents = ["x" * size + str(place) + "é" for place in range(3)]
    world.client(base_url=loopback.url).rerank("q", documents)
    assert loopback.requests[0].json["documents"] == documents


def test_a_packed_reply_is_unpacked(world: World, loopback: Loopback):
    """Packed by gzip or deflate; what unpacks to more than is read of any reply is given up."""
    client = world.client(base_url=loopback.url, max_retries=0)
    for encoding, packed in (("gzip", gzip.compress(GOOD)), ("deflate", zlib.compress(GOOD))):
        loopback.script(answers(200, packed, content_encoding=encoding))
        assert [row.index for row in client.rerank("q", ["a", "b"])] == [1, 0]
    loopback.script(answers(200, gzip.compress(b" " * (LARGEST_REPLY + 1)), content_encoding="gzip"))
    with pytest.raises(rc.BadResponseError, match="larger than"):
        client.rerank("q", ["a", "b"])


def test_a_connection_that_the_server_has_closed_is_made_anew(world: World, loopback: Loopback):
    """It said that it would, so nothing is sent into the closed one."""
    loopback.script(answers(200, GOOD, connection="close"))
    client = world.client(base_url=loopback.url, max_retries=0)
    for _ in range(2):
        assert len(client.rerank("q", ["a", "b"])) == 2
    assert loopback.connections == 2


@pytest.mark.slow
def test_a_server_that_fails_twice_and_then_works(world: World, loopback: Loopback):
    """Three requests, one response."""
    loopback.script(answers(503, b"busy", retry_after="0"), answers(500), ranks())
    assert len(world.client(base_url=loopback.url).rerank("q", ["a", "b"]).results) == 2
    assert len(loopback.requests) == 3


def test_a_server_that_never_answers_is_given_up(world: World, loopback: Loopback):
    """The attempt ends after its time-out, and the connection is not used again."""
    loopback.script(silent, ranks())
    client = world.client(base_url=loopback.url, timeout=SOON, max_retries=0)
    with pytest.raises(rc.RequestTimeoutError):
        client.rerank("q", ["a"])
    assert len(patient(client).rerank("q", ["a"]).results) == 1
    assert loopback.connections == 2


@pytest.mark.parametrize("head_too", [False, True])
def test_a_reply_that_drips_is_given_up_in_time(world: World, loopback: Loopback, head_too: bool):
    """Bytes that keep coming, of the body or already of the head, do not extend the attempt."""
    loopback.script(drips(GOOD, head_too=head_too))
    with pytest.raises(rc.RequestTimeoutError):
        world.client(base_url=loopback.url, timeout=SOON, max_retries=0).rerank("q", ["a", "b"])


def test_a_dripping_reply_over_a_foreign_transport_is_given_up_too(world: World, loopback: Loopback):
    """The clock is also kept where the caller brings httpx's own transport."""
    transport = httpx.HTTPTransport() if world.kind is rc.Client else httpx.AsyncHTTPTransport()
    loopback.script(drips(GOOD))
    with pytest.raises(rc.RequestTimeoutError):
        world.client(base_url=loopback.url, timeout=SOON, max_retries=0, transport=transport).rerank("q", ["a", "b"])


def test_a_retried_read_time_out_warns_of_a_second_bill(world: World, loopback: Loopback):
    """The whole request had left, so the provider may have done the work twice."""
    loopback.script(silent, ranks())
    # Should the right answer be late, it is asked for again.
    client = world.client(base_url=loopback.url, timeout=SOON, total_timeout=PATIENCE, max_retries=100, _timing=QUICK)
    response = client.rerank("q", ["a"])
    assert any("billed it twice" in warning for warning in response.warnings)


def test_a_server_that_does_not_read_is_given_up(world: World):
    """A request that cannot be sent whole ends in time, and was not billed."""
    with socket.create_server(("127.0.0.1", 0), backlog=1) as deaf:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client = world.client(base_url=f"http://127.0.0.1:{deaf.getsockname()[1]}", timeout=SOON, max_retries=0)
        with pytest.raises(rc.RequestTimeoutError) as info:
            client.rerank("q", ["x" * 8_000_000])
        assert "sent" in info.value.message


def test_a_server_that_reads_in_sips_is_given_up(world: World):
    """A request that trickles out, piece by piece, does not extend the attempt either."""
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=1) as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def sip() -> None:
            with suppress(OSError):  # the client may have given up before it connected
                connection, _ = slow.accept()
                with connection:
                    while not done.wait(0.02) and connection.recv(65536):
                        continue

        thread = threading.Thread(target=sip)
        thread.start()
        client = world.client(base_url=f"http://127.0.0.1:{slow.getsockname()[1]}", timeout=SOON, max_retries=0)
        try:
            with pytest.raises(rc.RequestTimeoutError):
                client.rerank("q", ["x" * 40_000_000])
        finally:
            done.set()
            slow.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_an_asynchronous_transport_that_never_returns_is_given_up():
    """The wall clock of an attempt also ends what a caller's own transport would wait for in vain."""

    async def run() -> None:
        async def never(request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

        async with rc.AsyncClient(
            "gateflow", api_key=KEY, transport=httpx.MockTransport(never), timeout=SOON, max_retries=0
        ) as client:
            with pytest.raises(rc.RequestTimeoutError):
                await client.rerank("q", ["a"])

    asyncio.run(run())


def test_an_interrupted_connection_is_not_kept(world: World, loopback: Loopback):
    """After a time-out the client holds on to nothing of that attempt; after an answer it keeps the connection."""
    loopback.script(ranks(), silent)
    client = world.client(base_url=loopback.url, max_retries=0)
    client.rerank("q", ["a"])
    assert len(client.client._transports.all) == 1
    patient(client, timeout=SOON)
    with pytest.raises(rc.RequestTimeoutError):
        client.rerank("q", ["a"])
    assert client.client._transports.all == []


def test_a_connection_that_does_not_come_about_is_given_up(world: World):
    """A full backlog leaves the connection hanging; the attempt ends in time."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        crowd = [socket.socket() for _ in range(4)]
        try:
            for one in crowd:
                one.setblocking(False)
                one.connect_ex(address)
            client = world.client(base_url=f"http://127.0.0.1:{address[1]}", timeout=SOON, max_retries=0)
            with pytest.raises(rc.RequestTimeoutError) as info:
                client.rerank("q", ["a"])
            assert "connection" in info.value.message
        finally:
            for one in crowd:
                one.close()


def test_a_name_that_takes_for_ever_to_look_up_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch):
    """The system's own look-up knows no time-out; the attempt keeps to its own."""
    done = threading.Event()
    real = socket.getaddrinfo

    def stuck(host, *args, **details):
        if "slow" not in str(host):  # asyncio hands it over as bytes
            return real(host, *args, **details)
        done.wait()
        raise socket.gaierror(8, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", stuck)
    client = world.client(base_url="http://slow.example", timeout=SOON, max_retries=0)
    try:
        with pytest.raises(rc.RequestTimeoutError):
            client.rerank("q", ["a"])
    finally:
        done.set()


def test_a_name_that_does_not_exist_and_a_closed_port(world: World, monkeypatch: pytest.MonkeyPatch):
    """Both are ConnectionFailedErrors that name the address, after all attempts."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: (_ for _ in ()).throw(socket.gaierror(8, "no name")))
    for url in (f"http://127.0.0.1:{port}", "http://nowhere.invalid"):
        if "127" in url:
            monkeypatch.undo()
        with pytest.raises(rc.ConnectionFailedError) as info:
            world.client(base_url=url, max_retries=1).rerank("q", ["a"])
        assert url in info.value.message


@pytest.mark.parametrize(
    "rude", [hung_up, reset, cut_short(GOOD[:40]), lambda _, connection, __: connection.sendall(b"SSH-2.0\r\n\r\n")]
)
def test_broken_connections_are_retried(world: World, loopback: Loopback, rude):
    """A server that hangs up, resets, breaks off or speaks another protocol is a failed connection: tried again."""
    loopback.script(rude, ranks())
    assert len(world.client(base_url=loopback.url).rerank("q", ["a", "b"]).results) == 2
    loopback.script(rude)
    with pytest.raises(rc.ConnectionFailedError):
        world.client(base_url=loopback.url, max_retries=0).rerank("q", ["a", "b"])


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (answers(200, GOOD[:40]), rc.BadResponseError),
        (answers(200, b"<html><title>Welcome</title></html>", content_type="text/html"), rc.BadResponseError),
        (answers(200, b""), rc.BadResponseError),
        (answers(204), rc.BadResponseError),
        (answers(200, {"error": {"code": "invalid_documents", "message": "m"}}), rc.InvalidDocumentsError),
        (answers(200, GOOD, content_encoding="gzip"), rc.BadResponseError),
        (answers(502, b"<html><title>Bad gateway</title></html>", content_type="text/html"), rc.ProviderError),
        (answers(301, location="https://elsewhere.example/"), rc.ProviderError),
        (answers(404, {"detail": "Not Found"}), rc.ConfigurationError),
    ],
)
def test_wrong_answers_over_a_real_connection(world: World, loopback: Loopback, answer, kind):
    """Truncated JSON, web pages, nothing, errors inside a success: each its own error, and the connection is fine."""
    loopback.script(answer, ranks())
    client = world.client(base_url=loopback.url, max_retries=0)
    with pytest.raises(kind):
        client.rerank("q", ["a", "b"])
    assert len(client.rerank("q", ["a", "b"]).results) == 2


def test_each_form_of_retry_after_over_a_real_connection(world: World, loopback: Loopback):
    """429s with an int, a float, a date in the past, a reset and nonsense are all got over."""
    loopback.script(
        answers(429, retry_after="0"),
        answers(429, retry_after="0.01"),
        answers(429, retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
        answers(429, x_ratelimit_reset="0.01"),
        answers(429, retry_after="whenever"),
        ranks(),
    )
    assert len(world.client(base_url=loopback.url, max_retries=5, _timing=QUICK).rerank("q", ["a"]).results) == 1
    assert len(loopback.requests) == 6


def test_no_more_requests_at_once_than_allowed(world: World, loopback: Loopback):
    """Batches and rerank_many share the places: three at most here, and three there are."""
    loopback.script(together(3), together(3), together(3), ranks())
    client = world.client(SMALL, base_url=loopback.url, max_concurrency=3)
    requests = [rc.RerankRequest("q", [f"d{place}" for place in range(250)]) for _ in range(4)]
    outcomes = client.many(requests)
    assert all(isinstance(outcome, rc.RerankResponse) for outcome in outcomes)
    assert loopback.at_once == 3
    assert len(loopback.requests) == 12
    assert loopback.connections <= 3


def test_batches_run_side_by_side(world: World, loopback: Loopback):
    """Five batches are under way together: none of them is answered before all have come."""
    loopback.script(together(5))
    response = world.client(SMALL, base_url=loopback.url).rerank("q", [f"d{place}" for place in range(500)])
    assert len(response.results) == 500
    assert loopback.at_once == 5


def test_leaving_rerank_many_early_stops_what_is_under_way(world: World, loopback: Loopback):
    """The loop is left at once although other requests would never have been answered, and nothing is left open."""
    loopback.script(ranks(), silent)
    client = world.client(base_url=loopback.url, max_concurrency=4, timeout=FOR_EVER)
    assert len(client.many((rc.RerankRequest("q", ["a"]) for _ in iter(int, 1)), stop_after=1)) == 1
    client.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gc.collect()
    assert not [thread for thread in threading.enumerate() if thread.name == "rerank-worker"]


def test_a_failed_batch_ends_its_neighbours(world: World, loopback: Loopback):
    """The error comes at once, although the other batch would never have been answered."""
    loopback.script(silent, answers(400, {"message": "no"}))
    client = world.client(SMALL, base_url=loopback.url, timeout=FOR_EVER)
    with pytest.raises(rc.InvalidRequestError):
        client.rerank("q", [f"d{place}" for place in range(200)])


def test_closing_ends_what_is_under_way_in_another_thread(loopback: Loopback):
    """A call that waits for its reply, and one that waits for its retry, fail at once when the client closes."""
    loopback.script(silent, answers(503, retry_after="60"))
    client = rc.Client("gateflow", api_key=KEY, base_url=loopback.url)
    found: list[rc.RerankError] = []

    def call() -> None:
        try:
            client.rerank("q", ["a"])
        except rc.RerankError as error:
            found.append(error)

    threads = [threading.Thread(target=call) for _ in range(2)]
    for place, thread in enumerate(threads):
        thread.start()
        while len(loopback.requests) <= place:
            assert thread.is_alive()
    client.close()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert [type(error) for error in found] == [rc.ConfigurationError] * 2
    assert all("closed" in error.message for error in found)


async def closing_while_asleep(server: Loopback) -> list[object]:
    """What two calls come to that are under way when their AsyncClient is closed."""
    client = rc.AsyncClient("gateflow", api_key=KEY, base_url=server.url)
    calls = [asyncio.create_task(client.rerank("q", ["a"])) for _ in range(2)]
    while len(server.requests) < 2:
        await asyncio.sleep(0)
    await client.aclose()
    return await asyncio.gather(*calls, return_exceptions=True)


def test_closing_ends_what_is_under_way_in_another_task(loopback: Loopback):
    """The same for the asynchronous client."""
    loopback.script(silent, answers(503, retry_after="60"))
    found = asyncio.run(closing_while_asleep(loopback))
    assert [type(error) for error in found] == [rc.ConfigurationError] * 2


def test_a_client_is_shared_between_threads(loopback: Loopback):
    """Twenty threads with one client each get their own answer, over no more connections than allowed."""
    loopback.script(ranks())
    failed: list[object] = []
    with rc.Client("gateflow", api_key=KEY, base_url=loopback.url, max_concurrency=4) as client:

        def call(size: int) -> None:
            for _ in range(5):
                response = client.rerank("q", [f"{size} {place}" for place in range(size)])
                if [row.document.text for row in response.results] != [f"{size} {place}" for place in range(size)]:
                    failed.append(size)

        threads = [threading.Thread(target=call, args=(size,)) for size in range(1, 21)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
    assert not failed
    assert len(loopback.requests) == 100
    assert loopback.connections <= 4


def test_nothing_stays_open_after_closing(world: World, loopback: Loopback):
    """After success, failure and time-out alike the sockets are closed with the client: no ResourceWarning."""
    loopback.script(ranks(), answers(500), silent, hung_up, cut_short(GOOD))
    client = world.client(base_url=loopback.url, timeout=SOON, max_retries=0)
    for _ in range(5):
        try:
            client.rerank("q", ["a"])
        except rc.RerankError:
            continue
    client.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        gc.collect()


def test_no_log_line_holds_the_key(world: World, loopback: Loopback, caplog: pytest.LogCaptureFixture):
    """Not even with every logger of httpx, httpcore and asyncio at its most talkative, in success and failure."""
    caplog.set_level(logging.DEBUG)
    loopback.script(ranks(), answers(500, {"error": {"message": KEY}}), reset, silent)
    client = world.client(base_url=loopback.url, timeout=SOON, max_retries=0)
    for _ in range(4):
        try:
            client.rerank("q", ["a"])
        except rc.RerankError as error:
            logging.getLogger("somebody").error("it failed", exc_info=error)
    assert len(caplog.records) > 10
    assert KEY not in caplog.text


def test_an_environment_proxy_is_used_unless_no_proxy_names_the_host(
    world: World, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
):
    """HTTP_PROXY carries the request to the proxy with the full address; NO_PROXY keeps it off."""
    loopback.script(ranks())
    monkeypatch.setenv("HTTP_PROXY", loopback.url)
    world.client(base_url="http://gw.example").rerank("q", ["a"])
    assert loopback.requests[0].path == "http://gw.example/v1/rerank"
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    world.client(base_url=loopback.url).rerank("q", ["a"])
    assert loopback.requests[1].path == "/v1/rerank"


def test_a_broken_proxy_setting_is_a_configuration_error(world: World, monkeypatch: pytest.MonkeyPatch):
    """What the environment names must be an address of a kind that can be used; the hint says where it is from."""
    for wrong in ("ftp://proxy:1", "http://", "http://proxy:port"):
        monkeypatch.setenv("HTTPS_PROXY", wrong)
        with pytest.raises(rc.ConfigurationError) as info:
            world.client()
        assert "PROXY" in info.value.hint


def test_a_client_that_is_forgotten_leaves_no_socket_open(loopback: Loopback):
    """Without close, the connections go with the client: no ResourceWarning."""
    loopback.script(ranks())
    client = rc.Client("gateflow", api_key=KEY, base_url=loopback.url)
    client.rerank("q", ["a"])
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        del client
        gc.collect()
