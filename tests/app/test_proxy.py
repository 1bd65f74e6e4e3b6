"""The app behind nginx with TLS, exactly as docs/operating.md says: pages, websockets, uploads, and nothing beside."""

from __future__ import annotations

import asyncio
import http.client
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support import ROOT, nginx
from tests.support.app_server import Server, start_server
from tests.support.gate import PATIENCE
from tests.support.nginx import NAME

pytestmark = pytest.mark.slow


@dataclass
class Proxy:
    """A running nginx in front of a running app."""

    https: int
    http: int
    trust: ssl.SSLContext
    app: Server

    def ask(
        self, method: str, path: str, *, name: str = NAME, body: bytes = b"", **headers: str
    ) -> http.client.HTTPResponse:
        """The answer to a request over TLS, its body read."""
        connection = http.client.HTTPSConnection(NAME, timeout=PATIENCE)
        with socket.create_connection(("127.0.0.1", self.https), PATIENCE) as raw:
            connection.sock = self.trust.wrap_socket(raw, server_hostname=name)
        connection.request(method, path, body=body or None, headers={"Host": NAME} | headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer


def example() -> str:
    """The configuration that the page on operating shows."""
    (found,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "docs" / "operating.md").read_text("utf-8"), re.DOTALL)
    return found


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx with the example of the page, on free ports, before an app that goes by that name."""
    folder = tmp_path_factory.mktemp("proxy")
    # Who signs in is tested elsewhere (test_sign_in.py); here the operator lets everybody in.
    app = start_server(
        folder, STREAMLIT_SERVER_ALLOWED_HOSTS=f"{NAME} 127.0.0.1", RERANK_ALLOW_ANONYMOUS="1", wait="/_stcore/health"
    )
    try:
        with nginx.running(folder, example().replace("http://127.0.0.1:8501", app.url)) as running:
            yield Proxy(running.https, running.http, running.trust, app)
    finally:
        app.stop()


def test_a_page_comes_over_tls_with_the_headers_of_the_app(proxy: Proxy) -> None:
    """The browser is told to come by TLS only, and what it may load is what the app says."""
    answer = proxy.ask("GET", "/")
    assert answer.status == 200
    assert "default-src 'none'" in str(answer.getheader("content-security-policy"))
    assert str(answer.getheader("strict-transport-security")).startswith("max-age=")
    assert proxy.ask("GET", "/compare").status == 200


def test_plain_http_leads_to_tls(proxy: Proxy) -> None:
    """An address without s is answered with the one that has it, and with nothing else."""
    connection = http.client.HTTPConnection("127.0.0.1", proxy.http, timeout=PATIENCE)
    connection.request("GET", "/compare?example=support", headers={"Host": NAME})
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("location")) == (301, f"https://{NAME}/compare?example=support")
    connection.close()


def test_another_name_is_not_answered(proxy: Proxy) -> None:
    """Whoever comes by another name gets no certificate and no page."""
    with pytest.raises((ssl.SSLError, ConnectionError)):
        proxy.ask("GET", "/", name="other.example.org")


def test_the_operators_command_is_not_for_others(proxy: Proxy) -> None:
    """What answers `make jobs` is not reached through the proxy."""
    assert proxy.ask("GET", "/jobs").status == 404
    assert proxy.ask("POST", "/jobs/1").status == 404


async def opened(proxy: Proxy, then: Callable[[str], int] | None = None) -> tuple[str, int]:
    """What a tab that opens the first page hears until it is drawn, and what came of `then`, which is told the id of
    the session while the tab is open."""
    heard, session, came = [], "", 0
    async with connect(
        f"wss://{NAME}/_stcore/stream",
        host="127.0.0.1",
        port=proxy.https,
        ssl=proxy.trust,
        origin=f"https://{NAME}",
        subprotocols=["streamlit"],
        max_size=None,
        proxy=None,
        open_timeout=PATIENCE,
        ping_timeout=None,
    ) as tab:
        asked = BackMsg()
        asked.rerun_script.SetInParent()
        await tab.send(asked.SerializeToString())
        async with asyncio.timeout(PATIENCE):
            async for data in tab:
                message = ForwardMsg.FromString(data)
                session = message.new_session.initialize.session_id or session
                heard.append(str(message.delta))
                if message.WhichOneof("type") == "script_finished":
                    break
        if then is not None:
            came = await asyncio.to_thread(then, session)
    return " ".join(heard), came


def test_a_page_is_drawn_over_a_websocket(proxy: Proxy) -> None:
    """The websocket comes through, with the name that the browser is at, and draws the first page."""
    page, _ = asyncio.run(opened(proxy))
    assert "How do I reset my password" in page
    assert "without signing in" in page, "the page says that everybody may use it"


def test_large_uploads_come_through(proxy: Proxy) -> None:
    """A file of more than the megabyte that nginx lets through by itself arrives."""

    def upload(session: str) -> int:
        cookie = str(proxy.ask("GET", "/_stcore/health").getheader("set-cookie")).partition(";")[0]
        body = b'--edge\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n'
        body += b"x" * 3_000_000 + b"\r\n--edge--\r\n"
        about = {"Content-Type": "multipart/form-data; boundary=edge", "Cookie": cookie}
        about["X-Xsrftoken"] = cookie.partition("=")[2]
        return proxy.ask("PUT", f"/_stcore/upload_file/{session}/one", body=body, **about).status

    assert asyncio.run(opened(proxy, upload))[1] == 204


def test_a_page_of_another_site_has_no_websocket(proxy: Proxy) -> None:
    """The proxy passes on where a websocket comes from, and the app refuses what is not its own page."""

    async def refused() -> int:
        try:
            async with connect(
                f"wss://{NAME}/_stcore/stream",
                host="127.0.0.1",
                port=proxy.https,
                ssl=proxy.trust,
                origin="https://evil.example",
                proxy=None,
                open_timeout=PATIENCE,
            ):
                return 101
        except InvalidStatus as error:
            return error.response.status_code

    assert asyncio.run(refused()) == 403
