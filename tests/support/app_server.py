"""The app as a user starts it, for tests that need the real thing: a process of its own on a free port of loopback."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support import ROOT
from tests.support.gate import PATIENCE


@dataclass
class Server:
    """A running app: its address, its process, and what it has written so far."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def get(self, path: str, *, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
        """Status, headers (names in lower case) and text of a path; errors of HTTP are answers too."""
        request = urllib.request.Request(self.url + path, headers=headers, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=PATIENCE) as reply:
                return (
                    reply.status,
                    {k.lower(): v for k, v in reply.headers.items()},
                    reply.read().decode(errors="replace"),
                )
        except urllib.error.HTTPError as error:
            with error:
                return (
                    error.code,
                    {k.lower(): v for k, v in error.headers.items()},
                    error.read().decode(errors="replace"),
                )

    def stop(self) -> int:
        """End the app as a supervisor would; gives its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
            raise


def clean_environment(home: Path, **extra: str) -> dict[str, str]:
    """The environment of a fresh machine: no keys, no proxies, no settings of ours, a home of its own."""
    dropped = re.compile(r"(?i)^(GATEFLOW|FLASHRANK|RERANK|STREAMLIT|COHERE)_|_proxy$|^PYTHONWARNINGS$")
    kept = {name: value for name, value in os.environ.items() if not dropped.search(name)}
    return kept | {"RERANK_PLAYGROUND_HOME": str(home), "HOME": str(home), "PYTHONPATH": str(ROOT)} | extra


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_server(
    home: Path,
    *,
    script: Path = ROOT / "app.py",
    root: Path = ROOT,
    wait: str = "/readyz",
    port: int | None = None,
    **extra: str,
) -> Server:
    """Start the app (or a host page of a test's own, or another checkout's app at `root`) and wait until it answers at
    `wait` with 200. Without `port`, on one that is free."""
    port = port or free_port()
    log = home / "server.log"
    options = {
        "server.port": str(port),
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
    }
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += [part for name, value in options.items() for part in (f"--{name}", value)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=root,
            env=clean_environment(home, PYTHONPATH=str(root), **extra),
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    server = Server(f"http://127.0.0.1:{port}", process, log)
    try:
        for path in dict.fromkeys(("/_stcore/health", wait)):
            wait_until(lambda path=path: _answers(server, path), f"{path} of the app")
    except BaseException:
        process.kill()
        process.wait(5)
        print(log.read_text())
        raise
    return server


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Poll until something holds; fails with a sentence when it takes too long."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"Waited {PATIENCE:g} s for {what}"
        time.sleep(0.05)


def _answers(server: Server, path: str) -> bool:
    assert server.process.poll() is None, f"The app ended at its start:\n{server.log.read_text()}"
    try:
        status, _headers, text = server.get(path)
    except OSError:
        return False
    assert "start failed" not in text, f"The app did not get ready:\n{server.log.read_text()}"
    return status == 200
