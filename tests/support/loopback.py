"""A real HTTP server on 127.0.0.1 whose every answer a test writes, down to resets and single bytes."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.support.gate import PATIENCE

Answer = Callable[["Loopback", socket.socket, "Received"], None]


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Loopback:
    """`answers` are used one after the other, the last one for ever. `url` is the base address.

    `requests` holds what came in, `connections` how many connections were made, and `at_once` the most requests
    that were under way together. `stop` is set when the server ends, so that no answer outlives it.
    """

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[Received] = []
        self.connections = 0
        self.at_once = 0
        self.stop = threading.Event()
        self._under_way = 0
        self._lock = threading.Lock()
        self._arrived = threading.Condition(self._lock)
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def script(self, *answers: Answer) -> Self:
        """Say what to answer."""
        self.answers = list(answers)
        return self

    def wait_for(self, count: int) -> None:
        """Wait until so many requests have been under way at once."""
        with self._arrived:
            assert self._arrived.wait_for(lambda: self.at_once >= count, PATIENCE), f"{self.at_once} came"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive(), "an answer outlived its server"

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stop.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with self._lock:
                self.connections += 1
                self._open.add(connection)
            self._start(self._talk, connection)

    def _talk(self, connection: socket.socket) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (received := _read(connection)) is not None:
                with self._arrived:
                    self.requests.append(received)
                    answer = self.answers[min(len(self.requests), len(self.answers)) - 1]
                    self._under_way += 1
                    self.at_once = max(self.at_once, self._under_way)
                    self._arrived.notify_all()
                try:
                    answer(self, connection, received)
                finally:
                    with self._lock:
                        self._under_way -= 1
        except OSError:
            return  # the client has gone, which several tests want
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()


def _read(connection: socket.socket) -> Received | None:
    """The next request of a connection, None at its end."""
    data = b""
    while b"\r\n\r\n" not in data:
        if not (more := connection.recv(65536)):
            return None
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        if not (more := connection.recv(65536)):
            return None
        body += more
    return Received(first.split(" ")[1], headers, body)


# Answers


def _head(status: int, length: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Something", f"content-length: {length}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def answers(status: int, body: Any = b"", **headers: str) -> Answer:
    """A whole reply; a dict or list becomes JSON."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()

    def answer(server: Loopback, connection: socket.socket, received: Received) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.sendall(_head(status, len(data), named) + data)

    return answer


def ranks() -> Answer:
    """A right reply to whatever was sent."""

    def answer(server: Loopback, connection: socket.socket, received: Received) -> None:
        count = len(received.json["documents"])
        rows = [{"index": place, "relevance_score": 1 - place / (count + 1)} for place in range(count)]
        answers(200, {"id": "rerank-1", "results": rows})(server, connection, received)

    return answer


def together(count: int) -> Answer:
    """A right reply, but only once so many requests have been under way at once."""

    def answer(server: Loopback, connection: socket.socket, received: Received) -> None:
        server.wait_for(count)
        ranks()(server, connection, received)

    return answer


def silent(server: Loopback, connection: socket.socket, received: Received) -> None:
    """No reply at all, until the server or the client ends."""
    server.stop.wait()


def hung_up(server: Loopback, connection: socket.socket, received: Received) -> None:
    """The connection ends in an orderly way, with no reply."""
    raise OSError


def reset(server: Loopback, connection: socket.socket, received: Received) -> None:
    """The connection is reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise OSError


def cut_short(body: bytes, status: int = 200) -> Answer:
    """A reply that promises more than it holds, after which the connection ends."""

    def answer(server: Loopback, connection: socket.socket, received: Received) -> None:
        connection.sendall(_head(status, len(body) + 100, {}) + body)
        raise OSError

    return answer


def drips(body: bytes, every: float = 0.02, *, head_too: bool = False) -> Answer:
    """A reply that comes byte by byte and would take minutes; its head comes whole unless `head_too`."""

    def answer(server: Loopback, connection: socket.socket, received: Received) -> None:
        head = _head(200, len(body), {"x-padding": "x" * 10_000} if head_too else {})
        if not head_too:
            connection.sendall(head)
        for byte in (head + body) if head_too else body:
            if server.stop.wait(every):
                return
            connection.sendall(bytes([byte]))

    return answer
