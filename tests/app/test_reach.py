"""Whether others can reach this copy of the app, as its requests show, and what a browser may ask of Streamlit."""

from __future__ import annotations

import logging
from urllib.parse import quote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect
from streamlit.proto.BackMsg_pb2 import BackMsg

import app as server
from pages.components.server import addresses, deployment, landing, messages, visitor
from pages.components.server.guard import Guard
from pages.components.session import stores
from tests.support.gate import PATIENCE, Gate
from tests.support.page import SIGN_IN, open_page

HERE = ("127.0.0.1", 50_000)


@pytest.fixture(autouse=True)
def _nobody_yet(monkeypatch):
    """No request has come yet, and no sign-in is set up."""
    monkeypatch.setattr(deployment, "_known", set())
    monkeypatch.setattr(deployment, "secrets", dict)
    monkeypatch.delenv("RERANK_ALLOW_ANONYMOUS", raising=False)


def client(peer=HERE) -> TestClient:
    """Somebody who talks to a server behind our guard, from this address."""

    async def page(_request):
        return PlainTextResponse("the app")

    async def stream(socket):
        await socket.accept()
        await socket.close()

    app = Starlette(
        routes=[Route("/", page), WebSocketRoute("/_stcore/stream", stream)],
        middleware=[Middleware(Guard)],
    )
    return TestClient(app, base_url="http://localhost:8501", client=peer)


ELSEWHERE = [
    (HERE, {"X-Forwarded-For": "203.0.113.9"}),
    (HERE, {"x-forwarded-proto": "https"}),
    (HERE, {"Forwarded": "for=203.0.113.9"}),
    (HERE, {"X-Real-IP": "203.0.113.9"}),
    (("203.0.113.9", 1), {}),
    (("::ffff:203.0.113.9", 1), {}),
    (("testclient", 1), {}),
]


@pytest.mark.parametrize("peer", [HERE, ("::1", 1), ("::ffff:127.0.0.1", 1), ("127.8.8.8", 1)])
def test_a_request_of_this_computer_is_answered(peer):
    """Whoever sits at this computer gets the app, and it counts as theirs alone."""
    assert client(peer).get("/").text == "the app"
    assert not deployment.shared()


@pytest.mark.parametrize(("peer", "headers"), ELSEWHERE)
def test_others_are_refused_where_nobody_signs_in(peer, headers, caplog):
    """A request from another computer, or through a proxy, gets a sentence that says what the operator can do."""
    with caplog.at_level(logging.WARNING):
        answer = client(peer).get("/", headers=headers)
    assert answer.status_code == 403
    assert "RERANK_ALLOW_ANONYMOUS=1" in answer.text
    assert "others can reach this app" in caplog.text
    with pytest.raises(WebSocketDisconnect), client(peer).websocket_connect("/_stcore/stream", headers=headers):
        pass


def test_a_request_of_nobody_known_is_refused_and_makes_nothing_shared():
    """A browser that gives a connection up before it is taken leaves no address: the app stays one person's own."""
    assert client(None).get("/").status_code == 403
    assert not deployment.shared()


@pytest.mark.parametrize(("peer", "headers"), ELSEWHERE)
def test_the_first_request_from_elsewhere_makes_the_app_shared(monkeypatch, peer, headers):
    """From then on an address that is typed has to be https and public, for everybody."""
    assert addresses.check("http://127.0.0.1:9") is None
    monkeypatch.setenv("RERANK_ALLOW_ANONYMOUS", "1")
    assert client(peer).get("/", headers=headers).text == "the app"
    assert deployment.shared()
    client().get("/")
    assert deployment.shared()
    assert "has to be https" in str(addresses.check("http://127.0.0.1:9"))


def test_an_app_that_is_open_to_all_says_so_on_every_page(monkeypatch):
    """Where others come without a sign-in, the page says what that means; on one's own computer it does not."""
    monkeypatch.setenv("RERANK_ALLOW_ANONYMOUS", "1")
    assert "without signing in" not in str(open_page("connections.py").warning)
    client().get("/", headers={"Forwarded": "for=203.0.113.9"})
    assert any("without signing in" in each.value for each in open_page("connections.py").warning)


def test_a_refused_request_from_elsewhere_is_no_open_door():
    """Where others are refused, the person at the computer reads that and what it changes, not that all come in."""
    assert client().get("/", headers={"Forwarded": "for=203.0.113.9"}).status_code == 403
    page = open_page("connections.py")
    assert "without signing in" not in str(page.warning)
    assert any("was refused" in each.value for each in page.info)


@pytest.mark.parametrize(
    ("message", "person", "stranger"),
    [
        ({"rerun_script": {"page_name": "compare"}}, True, True),
        ({"rerun_script": {"fragment_id": "a"}}, True, False),
        ({"rerun_script": {"query_string": "x" * 70_000}}, True, False),
        ({"stop_script": True}, True, True),
        ({"app_heartbeat": True}, True, True),
        ({"file_urls_request": {"request_id": "r"}}, True, False),
        ({"backend_operation_request": {"deferred_file": {"file_id": "f"}}}, True, False),
        ({"backend_operation_request": {"dataframe_chunk": {}}}, True, False),
        ({"backend_operation_request": {"install_skills": {}}}, False, False),
        ({"backend_operation_request": {"dismiss_skills_nudge": {}}}, False, False),
        ({"backend_operation_request": {}}, False, False),
        ({"clear_cache": True}, False, False),
        ({"set_run_on_save": True}, False, False),
        ({"load_git_info": True}, False, False),
        ({"debug_shutdown_runtime": True}, False, False),
        ({"debug_disconnect_websocket": True}, False, False),
        ({}, False, False),
    ],
)
def test_what_goes_on_to_streamlit(message, person, stranger):
    """What a page needs, from persons; the drawing of the sign-in page, from strangers; the rest from nobody."""
    data = BackMsg(**message).SerializeToString()
    assert messages.may_send(data, stranger=False) is person
    assert messages.may_send(data, stranger=True) is stranger


def test_every_kind_of_message_has_been_thought_of():
    """A later version of Streamlit may have more kinds: they are refused until somebody has decided."""
    kinds = {field.name for field in BackMsg.DESCRIPTOR.oneofs_by_name["type"].fields}
    refused = {
        "clear_cache",
        "set_run_on_save",
        "load_git_info",
        "debug_disconnect_websocket",
        "debug_shutdown_runtime",
    }
    assert kinds == refused | messages.FOR_ALL


@pytest.mark.parametrize("data", [b"\xff\xff\xff", b"", b"text"])
def test_what_is_no_message_goes_nowhere(data):
    """Bytes that mean nothing do not reach Streamlit."""
    assert not messages.may_send(data, stranger=False)


def test_the_work_of_somebody_who_is_dropped_ends(monkeypatch):
    """What a person had started is cancelled once they are off the list; what others started goes on."""
    gate = Gate()
    monkeypatch.setattr(deployment, "secrets", lambda: SIGN_IN)
    theirs = stores.jobs().submit(gate.hold, owner="bob@example.com", title="theirs")
    others = stores.jobs().submit(gate.hold, owner="ann@example.com", title="another's")
    gate.wait_until_held(2)
    server.end_work_of_the_dropped()
    assert not theirs.cancel_requested
    monkeypatch.setattr(deployment, "secrets", lambda: SIGN_IN | {"access": {"allow": ["ann@example.com"]}})
    server.end_work_of_the_dropped()
    assert theirs.wait(PATIENCE)
    gate.open()
    assert others.wait(PATIENCE)
    assert (theirs.state, others.state) == ("cancelled", "done")


@given(st.text() | st.from_regex(r"[/\\]{0,3}[a-z.:@%?#/\\ \t\r\n]*", fullmatch=True))
def test_a_sign_in_leads_nowhere_else(wanted):
    """Whatever stands in the cookie, the way back from the provider is a path of this server."""
    cookie = f"{landing.COOKIE}={quote(wanted, safe='')}".encode()
    scope = {"query_string": b"code=c&state=s", "headers": [(b"cookie", cookie)], "path": "/oauth2callback"}
    signed_in = (b"set-cookie", b'_streamlit_user="signed"; Path=/')
    message = {"type": "http.response.start", "status": 302, "headers": [(b"location", b"/"), signed_in]}
    landing.lead(scope, message)
    location = Headers(raw=message["headers"])["location"]
    split = urlsplit(urljoin("https://rerank.example/oauth2callback", location))
    assert (split.scheme, split.netloc) == ("https", "rerank.example")
    assert location.isascii()
    assert location.isprintable()


@given(
    st.binary(max_size=400), st.sampled_from(["", "_streamlit_user=", "_streamlit_user=chunks-3; _streamlit_user_1="])
)
def test_no_cookie_brings_the_server_down_or_somebody_in(text, name):
    """Any bytes for a cookie are a visitor who has not signed in."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(visitor, "get_cookie_secret", lambda: "k" * 48)
        who = visitor.of(Headers(raw=[(b"cookie", name.encode() + text)]))
    assert who.person() is None


@given(st.binary(max_size=400))
def test_no_message_brings_the_guard_down(data):
    """Any bytes are let through or not, and what a stranger may send a person may send too."""
    assert messages.may_send(data, stranger=False) >= messages.may_send(data, stranger=True)
