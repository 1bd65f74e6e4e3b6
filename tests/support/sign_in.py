"""An app where people sign in: a real identity provider on loopback, the app set up with it, and people who sign in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.support.app_server import Server, clean_environment, free_port, start_server, wait_until
from tests.support.gate import PATIENCE

BOB = {"sub": "bob", "name": "Bob Miller", "email": "bob@example.com", "email_verified": True}
ANN = {"sub": "ann", "name": "Ann", "email": "ann@example.com", "email_verified": True}
EVE = {"sub": "eve", "name": "Eve", "email": "eve@elsewhere.example", "email_verified": True}
UNVERIFIED = {"sub": "unverified", "email": "carl@example.com", "email_verified": False}
PEOPLE = (BOB, ANN, EVE, UNVERIFIED)
ALLOW = ("@example.com",)


@contextmanager
def identity_provider(people: Sequence[dict[str, object]] = PEOPLE) -> Iterator[str]:
    """An OpenID Connect provider in a process of its own, which knows these people; gives its address."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    for person in people:
        command += ["--user-claims", json.dumps(person)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy())
    address = f"http://127.0.0.1:{port}"

    def answers() -> bool:
        assert process.poll() is None, "The identity provider ended at its start"
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(_metadata(address)) as reply:
                return bool(reply.status == 200)
        except OSError:
            return False

    try:
        wait_until(answers, "the identity provider")
        yield address
    finally:
        process.terminate()
        process.wait(10)


def _metadata(provider: str) -> str:
    return f"{provider}/.well-known/openid-configuration"


@dataclass
class SignInApp:
    """The running app, and the secrets file of its operator."""

    server: Server
    secrets: Path
    provider: str
    clients: ExitStack

    @property
    def url(self) -> str:
        """Where people open it."""
        return self.server.url

    def allow(self, *entries: str) -> None:
        """Change the list of who may come in, as the operator does in the file."""
        head, _, _ = self.secrets.read_text().partition("[access]")
        self.secrets.write_text(head + _access(entries))

    def sign_in(self, person: dict[str, object], path: str = "/") -> Browser:
        """Somebody opens a page, signs in with the provider, and is back."""
        browser = Browser(self)
        browser.http.get(self.url + path, headers={"accept": "text/html"}).raise_for_status()
        browser.http.get(f"{self.url}/_stcore/health")  # which sets the cookie against forged requests
        browser.sign_in(person)
        return browser


class Browser:
    """What a browser keeps, without the browser: cookies, and where the last step led."""

    def __init__(self, app: SignInApp) -> None:
        self.app = app
        # A connection that is kept could be closed by the server just when it is used again.
        fresh = httpx.Limits(max_keepalive_connections=0)
        self.http = app.clients.enter_context(httpx.Client(trust_env=False, timeout=PATIENCE, limits=fresh))
        self.landed = ""

    def sign_in(self, person: dict[str, object]) -> None:
        """Go through the provider as the button of the sign-in page does."""
        login = self.http.get(f"{self.app.url}/auth/login", params={"provider": provider_token(self.app)})
        back = self.http.post(login.headers["location"], data={"sub": str(person["sub"])})
        done = self.http.get(back.headers["location"])
        assert done.status_code == 302, done.text
        self.landed = done.headers["location"]

    def headers(self) -> dict[str, str]:
        """What a websocket of this browser says of itself."""
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.http.cookies.jar)
        return {"Origin": self.app.url, "Cookie": cookies}

    @property
    def xsrf(self) -> str:
        """The token that a page of ours repeats."""
        return self.http.cookies.get("_streamlit_xsrf") or ""


def provider_token(app: SignInApp) -> str:
    """The name of the provider as the app signs it into the address of its button."""
    code = "import streamlit.auth_util as a; print(a.encode_provider_token('default'))"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=app.secrets.parent.parent,
        env=clean_environment(app.secrets.parent.parent),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()[-1]


def _access(allow: Sequence[str]) -> str:
    return f'[access]\nallow = {json.dumps(list(allow))}\noperators = []\ncontact = "Ann from the search team, 12 34"\n'


@contextmanager
def sign_in_app(home: Path, provider: str, *, extra: str = "", **environment: str) -> Iterator[SignInApp]:
    """The app in this home folder, set up with this provider; `extra` is more for its secrets file."""
    port = free_port()
    folder = home / ".streamlit"
    folder.mkdir(parents=True)
    secrets = folder / "secrets.toml"
    secrets.write_text(
        f"{extra}\n[auth]\n"
        f'redirect_uri = "http://127.0.0.1:{port}/oauth2callback"\n'
        f'cookie_secret = "{"k" * 48}"\nclient_id = "rerank"\nclient_secret = "a-secret"\n'
        f'server_metadata_url = "{_metadata(provider)}"\n' + _access(ALLOW)
    )
    server = start_server(home, port=port, **environment)
    try:
        with ExitStack() as clients:
            yield SignInApp(server, secrets, provider, clients)
    finally:
        server.stop()


class Socket:
    """A websocket as Streamlit's frontend opens it, with whatever somebody wants to send over it."""

    def __init__(
        self,
        app: SignInApp,
        browser: Browser | None = None,
        *,
        session: str = "",
        headers: dict[str, str] | None = None,
    ) -> None:
        token = browser.xsrf if browser else ""
        protocols = ["streamlit", token or "none", *([session] if session else [])]
        self._connect = connect(
            app.url.replace("http://", "ws://") + "/_stcore/stream",
            additional_headers=headers or (browser.headers() if browser else {"Origin": app.url}),
            subprotocols=[Subprotocol(protocol) for protocol in protocols],
            proxy=None,
            max_size=None,
        )
        self.session = ""

    def __enter__(self) -> Socket:
        self.connection = self._connect.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._connect.__exit__(*error)

    def send(self, **message: object) -> None:
        """Send one message of Streamlit's protocol."""
        self.connection.send(BackMsg(**message).SerializeToString())  # type: ignore[arg-type]

    def run(self, **state: object) -> list[ForwardMsg]:
        """Ask for a run with this client state; gives all that is sent until it has ended."""
        self.send(rerun_script=ClientState(**state))  # type: ignore[arg-type]
        return self.until("script_finished")

    def until(self, kind: str) -> list[ForwardMsg]:
        """Everything that is sent up to the first message of this kind."""
        got: list[ForwardMsg] = []
        while not got or got[-1].WhichOneof("type") != kind:
            message = ForwardMsg()
            message.ParseFromString(self.connection.recv(PATIENCE))  # type: ignore[arg-type]
            if message.WhichOneof("type") == "new_session":
                self.session = message.new_session.initialize.session_id or self.session
            got.append(message)
        return got

    def closed(self) -> int:
        """Wait until the server closes; gives the code. What it still sends is thrown away."""
        try:
            while True:
                self.connection.recv(PATIENCE)
        except ConnectionClosed:
            assert self.connection.close_code is not None
            return self.connection.close_code


def words(messages: Sequence[ForwardMsg]) -> str:
    """Everything that these messages say, as text."""
    return "\n".join(str(message) for message in messages)
