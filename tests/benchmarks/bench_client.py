"""What the client costs on top of the wire: `python -m tests.benchmarks.bench_client` prints a markdown table.

Every figure is a ratio against a peer or an ideal in the same run, the rounds interleaved, on a server that runs
in a process of its own. Nothing here is a timed test.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "scores", "come", "in", "order")
DOCUMENTS = [" ".join(WORDS[(place + step) % len(WORDS)] for step in range(40)) for place in range(100)]
QUERY = "which fox jumps"


# The server


class Answering(asyncio.Protocol):
    """HTTP/1.1 by hand: it answers every POST with one row a document, after a delay."""

    delay = 0.0
    connections = 0
    replies: dict[int, bytes] = {}  # noqa: RUF012  # shared on purpose

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        Answering.connections += 1
        self.transport = transport
        self.data = b""

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, gap, body = self.data.partition(b"\r\n\r\n")
        if not gap:
            return
        if head.startswith(b"GET"):
            self.data = b""
            self.send(json.dumps({"connections": Answering.connections}).encode())
            return
        length = next(
            int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
        )
        if len(body) < length:
            return
        self.data = b""
        reply = self.reply(len(json.loads(body)["documents"]))
        if self.delay:
            asyncio.get_running_loop().call_later(self.delay, self.send, reply)
        else:
            self.send(reply)

    def reply(self, count: int) -> bytes:
        if count not in self.replies:
            rows = [{"index": i, "relevance_score": round(0.999 - i * 0.00731 % 0.98, 8)} for i in range(count)]
            gateway = {"request_id": "req_1", "provider": "cohere", "latency_ms": 145, "cost": {"total": 0.001}}
            units = {"billed_units": {"search_units": 1}}
            self.replies[count] = json.dumps(
                {"id": "rerank-1", "results": rows, "meta": units, "gateflow": gateway}
            ).encode()
        return self.replies[count]

    def send(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self.transport.write(head + body)  # type: ignore[attr-defined]


async def serve(delay: float) -> None:
    """Print the port, then answer until the process is ended."""
    Answering.delay = delay
    server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


@contextmanager
def server(delay: float = 0.0) -> Iterator[str]:
    """The address of such a server in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.bench_client", "--serve", str(delay)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


# The measurements


def import_ratio(rounds: int = 9) -> tuple[float, float, float]:
    """Median seconds to import httpx and rerank_core in fresh processes, and their ratio."""

    def seconds(code: str) -> float:
        timed = f"import time; t = time.perf_counter(); {code}; print(time.perf_counter() - t)"
        return float(subprocess.run([sys.executable, "-c", timed], capture_output=True, check=True).stdout)

    rows = [(seconds("import httpx"), seconds("import rerank_core")) for _ in range(rounds)]
    httpx_s, ours = (statistics.median(column) for column in zip(*rows, strict=True))
    return httpx_s, ours, statistics.median(b / a for a, b in rows)


def interleaved(calls: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call, one after the other in every round, the order turning by one each time."""
    names = list(calls)
    for call in calls.values():
        for _ in range(20):
            call()
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for place in range(len(names)):
            name = names[(turn + place) % len(names)]
            start = time.perf_counter()
            calls[name]()
            taken[name].append(time.perf_counter() - start)
    return taken


def overhead(rounds: int = 600) -> dict[str, list[float]]:
    """One call with 100 documents: bare httpx, this client, and Cohere's own."""
    import cohere
    import httpx

    import rerank_core as rc

    body = {"model": "rerank-english-v3.0", "query": QUERY, "documents": DOCUMENTS}
    with (
        server() as address,
        httpx.Client() as bare,
        rc.Client("gateflow", api_key="gw_prod_benchmark", base_url=address) as ours,
    ):
        theirs = cohere.ClientV2(api_key="benchmark", base_url=address)
        headers = {"authorization": "Bearer gw_prod_benchmark"}
        return interleaved(
            {
                "httpx": lambda: bare.post(f"{address}/v1/rerank", json=body, headers=headers).json(),
                "rerank_core": lambda: ours.rerank(QUERY, DOCUMENTS),
                "cohere": lambda: theirs.rerank(model="rerank-english-v3.0", query=QUERY, documents=DOCUMENTS),
            },
            rounds,
        )


def many(count: int = 500, width: int = 16, delay: float = 0.15) -> tuple[float, int]:
    """Seconds for rerank_many over the ideal, and how many connections it opened."""
    import httpx

    import rerank_core as rc

    requests = (rc.RerankRequest(QUERY, DOCUMENTS[:20]) for _ in range(count))
    with (
        server(delay) as address,
        rc.Client("gateflow", api_key="gw_prod_benchmark", base_url=address, max_concurrency=width) as client,
    ):
        start = time.perf_counter()
        outcomes = list(client.rerank_many(requests))
        seconds = time.perf_counter() - start
        assert all(isinstance(outcome, rc.RerankResponse) for outcome in outcomes)
        opened = httpx.get(address).json()["connections"] - 1
    return seconds / (count / width * delay), opened


async def many_async(count: int = 500, width: int = 16, delay: float = 0.15) -> float:
    """The same ratio for the asynchronous client."""
    import rerank_core as rc

    with server(delay) as address:
        async with rc.AsyncClient(
            "gateflow", api_key="gw_prod_benchmark", base_url=address, max_concurrency=width
        ) as client:
            start = time.perf_counter()
            requests = (rc.RerankRequest(QUERY, DOCUMENTS[:20]) for _ in range(count))
            outcomes = [outcome async for outcome in client.rerank_many(requests)]
            assert all(isinstance(outcome, rc.RerankResponse) for outcome in outcomes)
            return (time.perf_counter() - start) / (count / width * delay)


def main() -> None:
    """Measure everything and print the table."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"httpx {version('httpx')}, cohere {version('cohere')}\n"
    )
    print("| what | measured | against | ratio | bar |\n|---|---|---|---|---|")
    base, ours, ratio = import_ratio()
    print(f"| import rerank_core | {ours * 1000:.0f} ms | import httpx, {base * 1000:.0f} ms | {ratio:.2f} | under 2 |")
    taken = overhead()
    middle = {name: statistics.median(values) for name, values in taken.items()}
    for peer, bar in (("httpx", "1.3"), ("cohere", "1.0")):
        ours, base = middle["rerank_core"] * 1000, middle[peer] * 1000
        by_round = statistics.median(a / b for a, b in zip(taken["rerank_core"], taken[peer], strict=True))
        what = "bare httpx post and json()" if peer == "httpx" else "cohere.ClientV2.rerank"
        print(f"| 100 documents on loopback | {ours:.2f} ms | {what}, {base:.2f} ms | {by_round:.2f} | at most {bar} |")
    slower, opened = many()
    print(f"| rerank_many, 500 requests, 150 ms each, 16 at once | | ideal 4.69 s | {slower:.2f} | at most 1.15 |")
    print(f"| the same, asynchronous | | ideal 4.69 s | {asyncio.run(many_async()):.2f} | at most 1.15 |")
    print(f"| connections opened by it | {opened} | 16 at once | {opened / 16:.2f} | at most 1 |")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--serve", type=float, default=None, help="seconds to wait before an answer")
    chosen = arguments.parse_args()
    if chosen.serve is None:
        main()
    else:
        asyncio.run(serve(chosen.serve))
