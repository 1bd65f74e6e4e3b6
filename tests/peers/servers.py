"""Servers of others, each started on a free port of 127.0.0.1, waited for, and stopped by its process."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.peers.conftest import environment
from tests.support import ROOT
from tests.support.app_server import free_port, wait_until
from tests.support.gate import PATIENCE


@contextmanager
def running(command: Callable[[int], list[str]], home: Path, health: str, **more: str) -> Iterator[str]:
    """The address of a program that `command` names for a port: its path and its arguments.

    `health` is a path that answers once it is ready, `more` is added to what it sees of this machine. Skipped where it
    is not installed.
    """
    port = free_port()
    arguments = command(port)
    if not Path(arguments[0]).exists():
        pytest.skip("The peers are not installed; `make peers` brings them.")
    with (home / "server.log").open("wb") as said:
        process = subprocess.Popen(
            arguments, cwd=home, env=environment(ROOT, HOME=str(home), **more), stdout=said, stderr=said
        )
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, (home / "server.log").read_text("utf-8", "replace")[-4000:]
        try:
            return httpx.get(address + health, timeout=PATIENCE).status_code < 500
        except httpx.TransportError:
            return False

    try:
        wait_until(answers, Path(arguments[0]).name)
        yield address
    finally:
        process.terminate()
        process.wait(PATIENCE)
