"""The app behind nginx with TLS, exactly as docs/operating.md says: pages, websockets, uploads, and nothing beside."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import http.client
import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from tests.support import ROOT
from tests.support.app_server import Server, free_port, start_server, wait_until
from tests.support.gate import PATIENCE

pytestmark = pytest.mark.slow

NAME = "rerank.example.org"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
MISSING = "NO NGINX ON THE PATH: its example was not run. Install it (Debian: apt install nginx-light)."


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


def certificate(folder: Path) -> ssl.SSLContext:
    """Write a certificate and its key for NAME; gives who trusts it."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    called = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    signed = (
        x509.CertificateBuilder()
        .subject_name(called)
        .issuer_name(called)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "fullchain.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "privkey.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, *private))
    return ssl.create_default_context(cafile=str(folder / "fullchain.pem"))


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    """nginx with the example of the page, on free ports, before an app that goes by that name."""
    if NGINX is None:
        if os.environ.get("CI") == "true":
            pytest.fail(MISSING)
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("proxy")
    trust, https, http_ = certificate(folder), free_port(), free_port()
    # Who signs in is tested elsewhere (test_sign_in.py); here the operator lets everybody in.
    app = start_server(
        folder, STREAMLIT_SERVER_ALLOWED_HOSTS=f"{NAME} 127.0.0.1", RERANK_ALLOW_ANONYMOUS="1", wait="/_stcore/health"
    )
    text = example().replace("/etc/ssl/rerank", str(folder)).replace("http://127.0.0.1:8501", app.url)
    text = text.replace("listen 443", f"listen 127.0.0.1:{https}").replace("listen 80", f"listen 127.0.0.1:{http_}")
    paths = "".join(
        f"{kind}_temp_path {folder / kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; pid {folder / 'nginx.pid'}; error_log {folder / 'error.log'};\n"
        f"{'user root;' if os.geteuid() == 0 else ''} events {{}}\n"
        f"http {{ access_log off; {paths}\n{text}\n}}\n"
    )
    said = (folder / "nginx.log").open("wb")
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(config)], stderr=said)
    try:
        wait_until(lambda: listens(process, https, folder / "nginx.log"), "nginx")
        yield Proxy(https, http_, trust, app)
    finally:
        process.terminate()
        process.wait(PATIENCE)
        said.close()
        app.stop()


def listens(process: subprocess.Popen[bytes], port: int, log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


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
