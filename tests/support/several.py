"""Two copies of the app on one PostgreSQL, behind Debian's nginx as the example of `deploy/` sets it up."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rerank_core.storage.database import Database
from tests.support import ROOT, nginx
from tests.support.app_server import Server, start_server
from tests.support.gate import PATIENCE
from tests.support.websocket_session import WebsocketSession

CONFIGURATION = ROOT / "deploy" / "nginx.conf"


@dataclass
class Copies:
    """The copies by their ports, what is in front of them, and their database."""

    database: Database
    proxy: nginx.Nginx
    servers: dict[str, Server] = field(default_factory=dict)

    def tab(self, browser: str) -> WebsocketSession:
        """A tab of a browser, which nginx knows again by its cookie."""
        return WebsocketSession(
            f"https://{nginx.NAME}",
            {"Cookie": f"rerank_replica={browser}"},
            host="127.0.0.1",
            port=self.proxy.https,
            ssl=self.proxy.trust,
            origin=f"https://{nginx.NAME}",
        )

    def kill(self, port: str) -> None:
        """End a copy as SIGKILL does."""
        process = self.servers.pop(port).process
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE) == -signal.SIGKILL


@contextlib.contextmanager
def copies(folder: Path, address: str, secrets: str = "", **environment: str) -> Iterator[Copies]:
    """Two copies with the same settings and the same `.streamlit/secrets.toml`; each has a home folder of its own."""
    environment = {
        "RERANK_DATABASE_URL": address,
        "RERANK_ALLOW_ANONYMOUS": "1",
        "STREAMLIT_SERVER_ALLOWED_HOSTS": f"{nginx.NAME} 127.0.0.1",
    } | environment
    servers: dict[str, Server] = {}
    with contextlib.ExitStack() as stack:
        for name in ("app-1", "app-2"):
            home = folder / name
            (home / ".streamlit").mkdir(parents=True)
            (home / ".streamlit" / "secrets.toml").write_text(secrets, "utf-8")
            server = start_server(home, wait="/_stcore/health", **environment)
            stack.callback(server.stop)
            servers[server.url.rpartition(":")[2]] = server
        text = CONFIGURATION.read_text("utf-8")
        for name, port in zip(("app-1", "app-2"), servers, strict=True):
            text = text.replace(f"{name}:8501", f"127.0.0.1:{port}")
        (folder / "proxy").mkdir()
        proxy = stack.enter_context(nginx.running(folder / "proxy", text))
        database = stack.enter_context(Database.open(address))
        yield Copies(database, proxy, servers)


def settled(text: str) -> str:
    """What a page said, without the signs by which markdown is escaped."""
    return text.replace("\\", "")


def said(heard: Any) -> str:
    """All that a tab has heard."""
    return settled("\n".join(heard.texts))
