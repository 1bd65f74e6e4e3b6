"""Where the peers are, and how one of their programs is run."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support import ROOT
from tests.support.gate import PATIENCE

PEERS = ROOT / ".venv-peers"
PYTHON = PEERS / "bin" / "python"
PROGRAMS = Path(__file__).parent / "programs"
# langchain-cohere asks for an older cohere than the others do.
LANGCHAIN_COHERE = PEERS / "langchain-cohere"
# It pulls PyTorch, so CI leaves it out.
INFINITY = ROOT / ".venv-infinity"

Run = Callable[..., Any]


def _installed() -> None:
    if not PYTHON.exists():
        missing = "The peers are not installed; `make peers` brings them."
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)


def environment(*paths: Path, **more: str) -> dict[str, str]:
    """What a peer sees of this machine: no keys, no proxies, and these folders to import from."""
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "TMPDIR", "HOME")}
    return kept | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "LITELLM_LOCAL_MODEL_COST_MAP": "True"} | more


@pytest.fixture
def run_program(tmp_path: Path) -> Run:
    """Runs one of the programs in the peers' environment and gives the JSON of its last line."""
    _installed()

    def run(name: str, *arguments: str, first: Path | None = None) -> Any:
        paths = [*([first] if first else []), ROOT]
        keys = {name: value for name, value in os.environ.items() if name.endswith("_API_KEY")}  # those of the test
        done = subprocess.run(
            [str(PYTHON), str(PROGRAMS / f"{name}.py"), *arguments],
            cwd=tmp_path,
            env=environment(*paths, HOME=str(tmp_path), RERANK_PLAYGROUND_HOME=str(tmp_path / "home"), **keys),
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE,  # a whole program: on a busy computer a cluster alone takes minutes to start
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture
def served(tmp_path: Path) -> Iterator[str]:
    """The address of `rerank serve` with the keyword model, as a process of its own."""
    command = [sys.executable, "-m", "rerank_core.command", "serve", "--port", "0", "--model", "local-keyword"]
    process = subprocess.Popen(
        [*command, "--any-model"],
        cwd=ROOT,
        env=environment(ROOT, RERANK_PLAYGROUND_HOME=str(tmp_path / "home")),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"http://[\d.:]+\d", said)
        assert found, said
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
        if process.stderr is not None:
            process.stderr.close()
