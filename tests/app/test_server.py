"""The server as it is started for real: who gets an answer, what stands on it, when it is ready, how it ends."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from pages.components.server import guard, warm_up
from rerank_core.offline import computed
from rerank_core.storage.sqlite_file import home
from tests.support import ROOT
from tests.support.app_server import Server, start_server
from tests.support.gate import PATIENCE

NOWHERE = "rerank.evil.test"
SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The app, running for the tests of this file."""
    running = start_server(tmp_path_factory.mktemp("app"))
    yield running
    running.stop()


def directives(policy: str) -> dict[str, list[str]]:
    """A content security policy by what it governs."""
    return {name: sources for name, *sources in (part.split() for part in policy.split(";"))}


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/connections", 200),
        ("/_stcore/health", 200),
        ("/readyz", 200),
        ("/favicon.png", 200),
        ("/_stcore/metrics", 404),
        ("/_stcore/metrics/", 404),
        ("/_stcore//metrics", 404),
        ("/nothing-here", 404),
        ("/.env", 404),
        ("/healthz", 404),
        ("/pages/main.py", 404),
        ("/media/0123.png", 404),
    ],
)
def test_every_answer_carries_the_security_headers(server, path, status):
    """Pages, probes and refusals alike carry the policy and the other headers; what is private is not there."""
    got, headers, text = server.get(path)
    assert got == status, text
    assert {name: headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert directives(headers["content-security-policy"])["default-src"] == ["'none'"]


def test_a_refused_upload_carries_the_headers(server):
    """An answer of Streamlit's own to a refused request carries them too."""
    got, headers, _text = server.get("/_stcore/upload_file/a/b", method="PUT")
    assert got in (400, 403, 404, 405)
    assert headers["x-frame-options"] == "DENY"


def test_the_policy_names_the_inline_scripts_of_the_page_and_no_other(server):
    """The hash in the policy is that of the script inside the page that is served; there is no 'unsafe-inline'."""
    _status, headers, html = server.get("/")
    policy = directives(headers["content-security-policy"])
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    hashes = {f"'sha256-{base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()}'" for code in scripts}
    assert scripts
    assert set(policy["script-src"]) == {"'self'", "blob:"} | hashes
    assert policy["connect-src"] == policy["default-src"] or policy["connect-src"] == ["'self'"]
    assert policy["img-src"] == ["'self'", "data:", "blob:"]
    assert policy["frame-ancestors"] == policy["form-action"] == policy["base-uri"] == ["'none'"]
    assert not any(source.startswith(("http:", "https:", "*")) for sources in policy.values() for source in sources)


@pytest.mark.parametrize("host", [NOWHERE, "localhost.evil.test", "evil@localhost", "localhost/x", "127.0.0.1.", ""])
@pytest.mark.parametrize("path", ["/", "/readyz", "/_stcore/health"])
def test_another_host_name_is_refused(server, host, path):
    """A page of another site cannot point its own name at the app: the name has to be one of ours."""
    status, headers, text = server.get(path, Host=host)
    if host == "127.0.0.1.":
        assert status == 200  # the same name, written in full
        return
    assert status == 400
    assert "content-security-policy" in headers
    assert "stApp" not in text


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "[::1]"])
def test_the_names_of_this_computer_are_welcome(server, host):
    """localhost and the loopback addresses are ours, with any port."""
    assert server.get("/", Host=f"{host}:8501")[0] == 200


def socket_of(server: Server, *, origin: str | None, host: str | None = None):
    """Open the WebSocket that a page opens, with the Origin and Host of somebody's choice."""
    address = server.url.replace("http:", "ws:") + "/_stcore/stream"
    headers = {"Host": host} if host else {}
    return connect(
        address,
        origin=origin,
        additional_headers=headers,
        subprotocols=["streamlit"],
        proxy=None,
        open_timeout=PATIENCE,
    )


def test_a_websocket_of_our_own_page_is_accepted(server):
    """A page that came from the app may talk to it."""
    with socket_of(server, origin=server.url) as opened:
        assert opened.subprotocol == "streamlit"


@pytest.mark.parametrize("origin", [f"http://{NOWHERE}", "null", "http://localhost:1", "https://127.0.0.1"])
def test_a_websocket_of_a_foreign_page_is_refused(server, origin):
    """A page of another site, or of another port of this computer, gets no session, and no look-up is made for it."""
    with pytest.raises(InvalidStatus) as refused:
        socket_of(server, origin=origin)
    assert refused.value.response.status_code == 403


def test_readyz_says_which_model_is_loaded(server):
    """Once it is 200 the answer names the model that is loaded."""
    status, headers, text = server.get("/readyz")
    said = json.loads(text)
    assert (status, said["ready"], said["model"]) == (200, True, "local-english")
    assert headers["cache-control"] == "no-store"


@pytest.mark.slow
def test_readyz_is_503_while_the_model_loads(monkeypatch):
    """Before the model is loaded the answer is 503 with the reason, so that no visitor is sent here yet."""

    monkeypatch.setattr(warm_up, "readiness", warm_up.Readiness())
    before = asyncio.run(warm_up.ready(None))
    assert before.status_code == 503
    assert json.loads(before.body) == {"ready": False, "model": None, "reason": "The default model is being loaded."}
    warm_up.warm()
    after = asyncio.run(warm_up.ready(None))
    assert after.status_code == 200
    assert json.loads(after.body)["ready"] is True


def test_without_the_default_models_weights_the_app_gets_ready_with_keywords(monkeypatch):
    """Where the weights are missing the app still gets ready, with the keyword model, and says why."""
    from rerank_core import offline
    from rerank_core.errors import ConfigurationError

    load = offline.load

    def without_weights(model_id: str) -> None:
        if model_id == "local-english":
            raise ConfigurationError("The weights are not installed.", hint="Install them.")
        load(model_id)

    monkeypatch.setattr(warm_up, "readiness", warm_up.Readiness())
    monkeypatch.setattr(offline, "load", without_weights)
    warm_up.warm()
    said = json.loads(asyncio.run(warm_up.ready(None)).body)
    assert (said["ready"], said["model"]) == (True, "local-keyword")
    assert "The weights are not installed." in said["reason"]


def test_a_start_that_fails_is_not_ready_and_says_so(monkeypatch):
    """Where not even the keyword model loads, the app stays unready and points to its log."""
    from rerank_core import offline

    def broken(_model_id: str) -> None:
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(warm_up, "readiness", warm_up.Readiness())
    monkeypatch.setattr(offline, "load", broken)
    warm_up.warm()
    answer = asyncio.run(warm_up.ready(None))
    assert answer.status_code == 503
    assert "log" in json.loads(answer.body)["reason"]
    assert b"fire" not in answer.body


def test_a_failing_route_tells_the_caller_nothing():
    """A 500 carries the headers, which the guard cannot add to it, and no word of the failure."""
    import app

    answer = asyncio.run(app.on_server_error(None, ValueError("gw_prod_secret")))
    assert answer.status_code == 500
    assert b"secret" not in answer.body
    assert answer.headers["content-security-policy"] == guard.HEADERS["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/", True),
        ("/connections", True),
        ("/connections/_stcore/health", True),
        ("/static/js/index.js", True),
        ("/_stcore/stream", True),
        ("/_stcore/metrics", False),
        ("/main", False),
        ("/components", False),
        ("/admin", False),
        ("/search/x", False),
    ],
)
@pytest.mark.parametrize("base", ["", "rerank"])
def test_addresses_are_known_under_a_base_path_too(monkeypatch, path, known, base):
    """The same addresses mean something whether the app lives at the root or below a path."""
    monkeypatch.setattr(guard.st, "get_option", lambda _name: base)
    assert guard.route_known((f"/{base}" if base else "") + path) is known


@pytest.mark.parametrize(
    ("allowed", "host", "fine"),
    [
        ([], NOWHERE, True),
        (["*"], NOWHERE, True),
        (["rerank.example"], "rerank.example", True),
        (["rerank.example"], "RERANK.example:443", True),
        (["rerank.example"], "a.rerank.example", False),
        (["*.example"], "rerank.example", True),
        (["*.example"], "example", False),
        (["rerank.example"], None, False),
        (["rerank.example"], "rerank.example:port", False),
        (["rerank.example"], "rerank.example/@evil", False),
    ],
)
def test_the_operator_says_which_names_are_ours(monkeypatch, allowed, host, fine):
    """`server.allowedHosts` decides: exact names, names under a star, or anything where the list is empty."""
    monkeypatch.setattr(guard.st, "get_option", lambda _name: allowed)
    assert guard.host_allowed(host) is fine


@pytest.mark.slow
def test_it_ends_when_it_is_told_to(tmp_path):
    """After SIGTERM the process is gone within seconds, also with a visitor connected, and leaves no complaint."""
    running = start_server(tmp_path)
    with socket_of(running, origin=running.url):
        code = running.stop()
    assert code in (0, -15, 143)
    log = running.log.read_text()
    assert "Traceback" not in log, log


def test_it_listens_on_this_computer_only(server):
    """Nothing in the project's settings opens the app to the network or to a measuring service."""
    import tomllib

    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["server"]["enableXsrfProtection"] is True
    assert set(settings["server"]["allowedHosts"]) == {"127.0.0.1", "localhost", "::1"}
    assert settings["browser"]["gatherUsageStats"] is False
    assert settings["client"]["showErrorDetails"] == "none"


def test_it_does_not_watch_its_own_files():
    """No visit waits while the files of the app are looked through for changes, which nobody makes to a running app."""
    import tomllib

    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert settings["server"]["fileWatcherType"] == "none"


def test_a_page_that_ends_holds_up_nobody():
    """No run of a page ends with a look at every object of the process, during which all others stand still."""
    import tomllib

    settings = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text("utf-8"))
    assert settings["runner"]["postScriptGC"] is False


def test_the_app_keeps_what_the_models_compute(monkeypatch):
    """From its start on, the server looks up and keeps vectors and scores in the home folder."""
    import app

    monkeypatch.setattr(warm_up, "warm", lambda: None)
    option = app.st.get_option
    monkeypatch.setattr(app.st, "get_option", lambda name: name == "server.headless" or option(name))
    monkeypatch.setattr(computed, "_store", None)

    async def started():
        async with app.lifespan(None):
            return computed._store

    store = asyncio.run(started())
    assert store.path == home() / "computed.sqlite3"
