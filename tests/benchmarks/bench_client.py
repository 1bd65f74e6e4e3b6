"""What the client costs on top of the wire: `python -m tests.benchmarks.bench_client` prints a markdown table.

Every figure is a ratio against a peer or an ideal in the same run, the rounds interleaved, on a server that runs
in a process of its own. Nothing here is a timed test.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from importlib.metadata import version

WORDS = ("the", "quick", "brown", "fox", "jumps", "over", "a", "lazy", "dog", "while", "scores", "come", "in", "order")
DOCUMENTS = [" ".join(WORDS[(place + step) % len(WORDS)] for step in range(40)) for place in range(1000)]
SIZES = {10: (1500, 0.8), 100: (600, 1.0), 1000: (200, 1.2)}  # documents: rounds, and the bar against bare httpx
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
        asked = json.loads(body)
        reply = self.reply(len(next(asked[name] for name in ("documents", "input", "texts") if name in asked)))
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


def interleaved(calls: dict[str, Callable[[], object]], rounds: int, first: int = 20) -> dict[str, list[float]]:
    """Processor seconds of each call, one after the other in every round, the order turning by one each time.

    What the process of the server takes is not in them, and what else the machine is doing hardly is.
    """
    names = list(calls)
    for call in calls.values():
        for _ in range(first):
            call()
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        for place in range(len(names)):
            name = names[(turn + place) % len(names)]
            start = time.process_time()
            calls[name]()
            taken[name].append(time.process_time() - start)
    return taken


def row(what: str, taken: dict[str, list[float]], ours: str, peer: str, bar: str) -> str:
    """A line of the table: medians in milliseconds, and the median of the ratios of each round."""
    ratio = statistics.median(a / b for a, b in zip(taken[ours], taken[peer], strict=True))
    mine, base = (statistics.median(taken[name]) * 1000 for name in (ours, peer))
    return f"| {what} | {mine:.2f} ms | {peer}, {base:.2f} ms | {ratio:.2f} | {bar} |"


def sdks(address: str) -> dict[str, Callable[[list[str]], object]]:
    """One call of each vendor's SDK that is installed, pointed at this address."""
    calls: dict[str, Callable[[list[str]], object]] = {}
    with suppress(ImportError):
        import cohere

        one = cohere.ClientV2(api_key="benchmark", base_url=address)
        calls["cohere.ClientV2"] = lambda texts: one.rerank(model="rerank-english-v3.0", query=QUERY, documents=texts)
    with suppress(ImportError):
        import mixedbread

        two = mixedbread.Mixedbread(api_key="benchmark", base_url=address)
        calls["mixedbread.Mixedbread"] = lambda texts: two.rerank(query=QUERY, input=texts)
    with suppress(ImportError):
        import zeroentropy

        three = zeroentropy.ZeroEntropy(api_key="benchmark", base_url=address)
        calls["zeroentropy.ZeroEntropy"] = lambda texts: three.models.rerank(
            model="zerank-2", query=QUERY, documents=texts
        )
    with suppress(ImportError):
        import isaacus

        four = isaacus.Isaacus(api_key="benchmark", base_url=address)
        calls["isaacus.Isaacus"] = lambda texts: four.rerankings.create(
            model="kanon-2-reranker", query=QUERY, texts=texts
        )
    with suppress(ImportError):
        import contextual

        five = contextual.ContextualAI(api_key="benchmark", base_url=address)
        calls["contextual.ContextualAI"] = lambda texts: five.rerank.create(
            model="ctxl-rerank-v2-instruct-multilingual", query=QUERY, documents=texts
        )
    return calls


def overhead(size: int, rounds: int) -> dict[str, list[float]]:
    """Processor seconds of one call with so many documents: bare httpx, this client, and the vendors' SDKs."""
    import httpx

    import rerank_core as rc

    documents = DOCUMENTS[:size]
    body = {"model": "rerank-english-v3.0", "query": QUERY, "documents": documents}
    headers = {"authorization": "Bearer gw_prod_benchmark"}
    with (
        server() as address,
        httpx.Client() as bare,
        rc.Client("gateflow", api_key="gw_prod_benchmark", base_url=address) as ours,
    ):
        calls: dict[str, Callable[[], object]] = {
            "httpx": lambda: bare.post(f"{address}/v1/rerank", json=body, headers=headers).json()["results"][:10],
            "rerank_core": lambda: ours.rerank(QUERY, documents)[:10],
            "all looked at": lambda: ours.rerank(QUERY, documents).results,
        }
        calls |= {name: partial(call, documents) for name, call in sdks(address).items()}
        return interleaved(calls, rounds)


def peaks(size: int = 1000) -> dict[str, float]:
    """Bytes that one call holds at its peak, by tracemalloc: bare httpx, and this client."""
    import httpx

    import rerank_core as rc

    documents = DOCUMENTS[:size]
    body = {"model": "rerank-english-v3.0", "query": QUERY, "documents": documents}
    found: dict[str, float] = {}
    with (
        server() as address,
        httpx.Client() as bare,
        rc.Client("gateflow", api_key="gw_prod_benchmark", base_url=address) as ours,
    ):
        calls: dict[str, Callable[[], object]] = {
            "httpx": lambda: bare.post(f"{address}/v1/rerank", json=body).json(),
            "rerank_core": lambda: ours.rerank(QUERY, documents),
        }
        for call in calls.values():
            call()
        tracemalloc.start()
        for name, call in calls.items():
            seen = []
            for _ in range(9):
                gc.collect()
                tracemalloc.reset_peak()
                before = tracemalloc.get_traced_memory()[0]
                kept = call()
                seen.append(tracemalloc.get_traced_memory()[1] - before)
                del kept
            found[name] = statistics.median(seen)
        tracemalloc.stop()
    return found


def many_threads(count: int = 500, width: int = 16, rounds: int = 7) -> dict[str, list[float]]:
    """Processor seconds of many requests without a delay: threads over one httpx client, and rerank_many."""
    import httpx

    import rerank_core as rc

    documents = DOCUMENTS[:20]
    body = {"model": "rerank-english-v3.0", "query": QUERY, "documents": documents}
    requests = [rc.RerankRequest(QUERY, documents) for _ in range(count)]
    with (
        server() as address,
        httpx.Client(limits=httpx.Limits(max_connections=width)) as bare,
        rc.Client("gateflow", api_key="gw_prod_benchmark", base_url=address, max_concurrency=width) as ours,
    ):

        def threads() -> None:
            with ThreadPoolExecutor(width) as pool:
                list(pool.map(lambda _: bare.post(f"{address}/v1/rerank", json=body).json(), range(count)))

        return interleaved({"httpx": threads, "rerank_many": lambda: list(ours.rerank_many(requests))}, rounds, 1)


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
        f"httpx {version('httpx')}. Milliseconds are of the processor where they are of calls.\n"
    )
    print("| what | measured | against | ratio | bar |\n|---|---|---|---|---|")
    base, ours, ratio = import_ratio()
    print(f"| import rerank_core | {ours * 1000:.0f} ms | import httpx, {base * 1000:.0f} ms | {ratio:.2f} | under 2 |")
    for size, (rounds, bar) in SIZES.items():
        taken = overhead(size, rounds)
        print(row(f"one call, {size:,} documents", taken, "rerank_core", "httpx", f"at most {bar}"))
        print(row("the same, every result looked at", taken, "all looked at", "httpx", ""))
        for peer in [*taken][3:]:
            print(row("the same", taken, "rerank_core", peer, "under 1"))
    held = peaks()
    mine, base = held["rerank_core"], held["httpx"]
    print(
        f"| memory at its peak, one call, 1,000 documents | {mine / 1000:.0f} KB | httpx, {base / 1000:.0f} KB | "
        f"{mine / base:.2f} | at most 1.2 |"
    )
    print(row("rerank_many, 500 requests, 16 threads", many_threads(), "rerank_many", "httpx", "at most 0.65"))
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
