"""The operator's command against a running server: it lists and ends work, and asks with a token that others lack."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.app_server import Server, clean_environment, start_server, wait_until
from tests.support.websocket_session import WebsocketSession

pytestmark = pytest.mark.slow

LIST = "\n".join(f"text {number} about a printer that does not print, and what to do then" for number in range(20_000))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home folder of its own."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Server]:
    """A running app that looks for closed tabs every second, and gives them one."""
    server = start_server(home, STREAMLIT_SERVER_DISCONNECTED_SESSION_TTL="1")
    yield server
    server.stop()


def jobs(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """What the command says."""
    return subprocess.run(
        [sys.executable, "-m", "pages.components.administration.jobs_command", *arguments],
        cwd=ROOT,
        env=clean_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )


async def at_work(server: Server) -> WebsocketSession:
    """A tab whose list of twenty thousand documents is being read."""
    tab = await WebsocketSession(server.url).__aenter__()
    await tab.open(query_string="example=own")
    await tab.type(Query="printer", Documents=LIST)
    await tab.press("Rerank")
    await tab.until(lambda heard: heard.works)
    await tab.until(lambda heard: "Go on when I close this tab" in tab.widgets)
    return tab


def test_it_lists_and_ends(server: Server, home: Path) -> None:
    """The list says what and how much, and no text; `end` ends it, and the page says who did."""

    async def scene() -> None:
        tab = await at_work(server)
        said = jobs(home).stdout
        assert "1 under way" in said
        assert "Reranking documents, session " in said
        assert "tokens: running for" in said
        assert "printer" not in said
        number = said.splitlines()[1].split()[0]
        ended = jobs(home, "end", number)
        assert (ended.returncode, ended.stdout.split(",")[0]) == (0, f"Ended: {number}. Reranking documents")
        heard = await tab.until(lambda heard: any("ended this work" in text for text in heard.texts))
        assert heard.errors == []
        await tab.close()

    asyncio.run(scene())
    wait_until(lambda: "nothing is under way" in jobs(home).stdout, "the work to end")
    again = jobs(home, "end", "1")
    assert (again.returncode, again.stderr.strip()) == (1, "That is not under way any more.")


def test_a_closed_tab_ends_its_work(server: Server, home: Path) -> None:
    """Once its time of grace is over."""

    async def scene() -> None:
        tab = await at_work(server)
        assert "1 under way" in jobs(home).stdout
        await tab.close()

    asyncio.run(scene())
    wait_until(lambda: "nothing is under way" in jobs(home).stdout, "the work to end")


def test_only_who_has_the_token_is_answered(server: Server, home: Path) -> None:
    """The file with it is its user's alone, and a request without it, or from a page, gets what an unknown address
    gets."""
    (path,) = (home / "servers").glob("*.json")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    token = json.loads(path.read_text())["token"]
    assert len(token) > 40
    assert server.get("/jobs")[0] == 404
    assert server.get("/jobs", Authorization="Bearer guessed")[0] == 404
    assert server.get("/jobs/1/end", method="POST")[0] == 404
    assert server.get("/jobs", Authorization=f"Bearer {token}", Origin=server.url)[0] == 404
    assert server.get("/jobs", Authorization=f"Bearer {token}")[0] == 200


def test_without_a_server_it_says_so(tmp_path: Path) -> None:
    """And what to do; what a server that was killed left behind does no harm."""
    (tmp_path / "servers").mkdir()
    (tmp_path / "servers" / "1.json").write_text('{"address": "http://127.0.0.1:9", "host": "localhost", "token": "x"}')
    (tmp_path / "servers" / "2.json").write_text("damaged")
    said = jobs(tmp_path)
    assert (said.returncode, said.stderr) == (
        1,
        "No server is running for this user and home folder. Start one: make run\n",
    )
