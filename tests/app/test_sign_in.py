"""Sign-in, against a real identity provider: nothing comes before it, whoever speaks to the server and however."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from streamlit.proto.Common_pb2 import FileURLsRequest
from websockets.exceptions import InvalidStatus

from tests.support.app_server import wait_until
from tests.support.sign_in import (
    ALLOW,
    ANN,
    BOB,
    EVE,
    UNVERIFIED,
    Browser,
    SignInApp,
    Socket,
    identity_provider,
    sign_in_app,
    words,
)

pytestmark = pytest.mark.slow
KEY = "gw_prod_operators_canary"
HIDDEN = ("Duplicates", "Evaluate", "Spending limit", "Spent this session", "GateFlow", KEY)
"""What stands on the pages and in the frame around them, and on no sign-in page."""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignInApp]:
    """The app, with a key of the operator's, and the provider."""
    home = tmp_path_factory.mktemp("sign-in")
    key = f'[gateflow]\napi_key = "{KEY}"\n'
    with identity_provider() as provider, sign_in_app(home, provider, extra=key) as running:
        yield running


@pytest.fixture(autouse=True)
def _list(app: SignInApp) -> None:
    """Each test begins with the same list of who may come in."""
    app.allow(*ALLOW)


@pytest.fixture(scope="module")
def bob(app: SignInApp) -> Browser:
    """The browser of somebody who has signed in."""
    return app.sign_in(BOB)


def assert_only_sign_in(said: str) -> None:
    """The sign-in page and nothing else of the app."""
    assert "Sign in" in said
    assert not [word for word in HIDDEN if word in said]


def drawn(socket: Socket, wanted: str, **state: object) -> str:
    """What a page says once it says this; it is asked again until then, as its own timer does."""
    said = [words(socket.run(**state))]

    def there() -> bool:
        if not re.search(wanted, said[0]):
            said[0] = words(socket.run(**state))
        return bool(re.search(wanted, said[0]))

    wait_until(there, f"a page with {wanted}")
    return said[0]


def fragment_of(said: str) -> str:
    """The id of a part of a page that runs by itself."""
    found = re.search(r'fragment_id: "(\w+)"', said)
    assert found, "No part of this page runs by itself"
    return found[1]


# Before the sign-in


@pytest.mark.parametrize("page", ["", "compare", "search", "duplicates", "evaluate", "connections", "administration"])
def test_no_page_comes_before_the_sign_in(app, page):
    """Whichever page a stranger asks for by its name, the sign-in page comes, and no list of the pages."""
    with Socket(app) as stranger:
        got = stranger.run(page_name=page)
    assert_only_sign_in(words(got))
    assert not [message for message in got if message.WhichOneof("type") == "navigation"]


def test_no_page_comes_by_its_hash(app, bob):
    """The ids of the pages, as somebody sees them who has come in, open none of them for a stranger."""
    with Socket(app, bob) as inside:
        hashes = set(re.findall(r'page_script_hash: "(\w+)"', words(inside.run())))
    assert len(hashes) > 6
    with Socket(app) as stranger:
        for page in sorted(hashes):
            assert_only_sign_in(words(stranger.run(page_script_hash=page)))


def test_no_part_of_a_page_comes_by_its_id(app, bob):
    """What would run one part of a page, hand a file over or fetch rows goes to Streamlit from nobody outside."""
    with Socket(app, bob) as inside:
        fragment = fragment_of(drawn(inside, r'fragment_id: "\w'))
        with Socket(app) as stranger:
            stranger.run()
            stranger.send(rerun_script={"fragment_id": fragment})
            stranger.send(
                file_urls_request=FileURLsRequest(request_id="r", session_id=inside.session, file_names=["a"])
            )
            for operation in ("deferred_file", "dataframe_chunk", "install_skills"):
                stranger.send(backend_operation_request={"session_id": inside.session, operation: {}})
            got = stranger.run()
    assert_only_sign_in(words(got))
    kinds = [message.WhichOneof("type") for message in got]
    assert kinds.count("script_finished") == 1
    assert not [kind for kind in kinds if "file_urls" in kind or "operation" in kind]


def test_nobody_takes_up_the_session_of_somebody_else(app, bob):
    """Knowing the id of a session is no way in: a stranger gets a new one, and the person keeps theirs."""
    with Socket(app, bob) as inside:
        inside.run()
        with Socket(app, session=inside.session) as stranger:
            assert_only_sign_in(words(stranger.run()))
            assert stranger.session != inside.session
        assert "Spent this session" in words(inside.run())


def test_no_upload_comes_before_the_sign_in(app, bob):
    """A file is taken from somebody who has come in; a stranger is refused before its first byte is kept."""
    with Socket(app, bob) as inside:
        inside.run()
        inside.send(file_urls_request=FileURLsRequest(request_id="r", session_id=inside.session, file_names=["a.txt"]))
        (answer,) = [m for m in inside.until("file_urls_response") if m.WhichOneof("type") == "file_urls_response"]
        path = answer.file_urls_response.file_urls[0].upload_url
        url = app.url + "/" + path.lstrip("/")
        forged = {"X-Xsrftoken": "t", "Cookie": "_streamlit_xsrf=t"}
        assert httpx.put(url, files={"file": ("a.txt", b"x")}, headers=forged, trust_env=False).status_code == 403
        assert httpx.delete(url, headers=forged, trust_env=False).status_code == 403
        taken = bob.http.put(url, files={"file": ("a.txt", b"text")}, headers={"X-Xsrftoken": bob.xsrf})
        assert taken.status_code == 204, taken.text


def test_no_file_of_a_page_comes_before_the_sign_in(app, bob):
    """What a page offers for download is for those who have come in, also by its exact address."""
    with Socket(app, bob) as inside:
        tabs = re.search(r'id: "(\$\$ID-[\w-]+-tab)"', drawn(inside, r"-tab\""))
        assert tabs
        export = {"widgets": [{"id": tabs[1], "string_value": "Export"}]}
        offered = re.search(r'deferred_file_id: "(\w+)"', words(inside.run(widget_states=export)))
        assert offered
        asked = {"request_id": "r", "session_id": inside.session, "deferred_file": {"file_id": offered[1]}}
        inside.send(backend_operation_request=asked)
        address = re.search(r"/media/[\w.]+", words(inside.until("backend_operation_response")))
        assert address
        assert bob.http.get(app.url + address[0]).status_code == 200
        assert httpx.get(app.url + address[0], trust_env=False).status_code == 403


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 200),
        ("/compare", 200),
        ("/_stcore/health", 200),
        ("/_stcore/host-config", 200),
        ("/readyz", 200),
        ("/jobs", 404),
        ("/media/abc.png", 403),
        ("/media/_stcore/health", 403),
        ("//media/abc.png", 403),
        ("/component/x/y.js", 403),
        ("/app/static/x", 403),
        ("/_stcore/upload_file/a/b", 403),
        ("/compare/_stcore/upload_file/a/b", 403),
        ("/_stcore/bidi-components/x/y.js", 403),
        ("/_stcore/agent/openapi.json", 404),
        ("/_stcore/script-health-check", 404),
        ("/_stcore/metrics", 404),
    ],
)
def test_what_a_stranger_gets_over_http(app, path, status):
    """The frontend that every app of Streamlit's has, the way to the sign-in, and whether the app is ready."""
    assert app.server.get(path)[0] == status


# Who comes in


@pytest.mark.parametrize("person", [BOB, ANN], ids=["bob", "ann"])
def test_a_person_on_the_list_comes_in(app, person):
    """After the sign-in the page is drawn, with who has signed in and the way out."""
    with Socket(app, app.sign_in(person)) as inside:
        said = words(inside.run())
    assert "Spent this session" in said
    assert str(person["name"]) in said
    assert "Sign out" in said


def test_whoever_is_not_on_the_list_reads_what_to_do(app):
    """A stranger who has an account with the provider gets the address, why, and who to turn to."""
    with Socket(app, app.sign_in(EVE)) as outside:
        said = words(outside.run())
    assert_only_sign_in(said)
    assert "eve@elsewhere.example" in said
    assert "is not on the list of this app" in said
    assert "Ann from the search team, 12 34" in said


def test_an_address_that_is_not_verified_does_not_count(app):
    """Somebody whose provider has not verified the address stays outside, and reads why."""
    with Socket(app, app.sign_in(UNVERIFIED)) as outside:
        said = words(outside.run())
    assert_only_sign_in(said)
    assert "has not verified this address" in said


def test_a_sign_in_leads_to_the_page_that_was_asked_for(app):
    """With what its address said, and only within this app."""
    assert app.sign_in(BOB, "/search?top=3&mode=a%2Fb").landed == "/search?top=3&mode=a%2Fb"
    assert app.sign_in(BOB).landed == "/"
    browser = Browser(app)
    browser.http.cookies.set("rerank_came_for", "//elsewhere.example/x", domain="127.0.0.1", path="/")
    browser.sign_in(BOB)
    assert browser.landed == "/"


def test_a_sign_in_that_fails_leads_back_and_says_so(app):
    """Refused at the provider, or with an answer that nobody asked for, the sign-in page comes and says so."""
    for query in ("error=access_denied&state=x", "code=x&state=y"):
        answer = httpx.get(f"{app.url}/oauth2callback?{query}", trust_env=False)
        assert (answer.status_code, answer.headers["location"]) == (302, "/?sign_in=failed")
    with Socket(app) as stranger:
        said = words(stranger.run(query_string="sign_in=failed"))
    assert_only_sign_in(said)
    assert "The sign-in did not work" in said


@pytest.mark.parametrize("changed", ["signature", "claims", "no token"])
def test_a_forged_sign_in_is_none(app, bob, changed):
    """A cookie that this app did not sign, or that comes from a page of nobody's, brings nobody in."""
    headers = bob.headers()
    cookie = bob.http.cookies["_streamlit_user"]
    if changed == "signature":
        headers["Cookie"] = headers["Cookie"].replace(
            cookie, cookie[:-4] + ("AAAA" if cookie[-4:] != "AAAA" else "BBBB")
        )
    elif changed == "claims":
        headers["Cookie"] = headers["Cookie"].replace(cookie, "x" + cookie)
    with Socket(app, None if changed == "no token" else bob, headers=headers) as forged:
        assert_only_sign_in(words(forged.run()))


# Until when


def test_a_session_ends_when_the_list_drops_its_person(app):
    """The operator takes somebody off the list: their next click, also within a part of a page, is not answered, and
    the connection ends. What comes back is the sign-in page, which says why."""
    browser = app.sign_in(BOB)
    with Socket(app, browser) as inside:
        fragment = fragment_of(drawn(inside, r'fragment_id: "\w'))
        session = inside.session
        app.allow("@partner.example")
        inside.send(rerun_script={"fragment_id": fragment})
        assert inside.closed() == 1008
    with Socket(app, browser, session=session) as again:
        said = words(again.run())
        assert again.session != session
    assert_only_sign_in(said)
    assert "is not on the list of this app" in said
    assert browser.http.get(f"{app.url}/media/abc").status_code == 403


def test_a_silent_tab_ends_too(app):
    """A tab in which nobody does anything is closed as well."""
    with Socket(app, app.sign_in(BOB)) as inside:
        inside.run()
        app.allow("@partner.example")
        assert inside.closed() == 1008


def test_a_sign_out_ends_every_tab_and_the_sign_in_itself(app):
    """Signing out in one tab closes the others of the same browser; the cookie is worth nothing afterwards, also to
    somebody who kept it; another browser of the same person stays signed in."""
    browser, other = app.sign_in(BOB), app.sign_in(BOB)
    kept = browser.headers()
    with Socket(app, browser) as tab, Socket(app, other) as elsewhere:
        tab.run()
        elsewhere.run()
        gone = browser.http.get(f"{app.url}/auth/logout")
        assert gone.status_code == 302
        assert gone.headers["location"].startswith(app.provider)
        assert tab.closed() == 1008
        assert "Spent this session" in words(elsewhere.run())
    with Socket(app, browser, headers=kept) as replayed:
        assert_only_sign_in(words(replayed.run()))


def test_no_message_of_a_stranger_is_held(app, bob):
    """A stranger who announces a large message is cut off at its first bytes, before any of it is held; a person's long
    text arrives."""
    with Socket(app) as stranger:
        stranger.run()
        # the beginning of a frame of 100 MB; nothing of what it announces is sent
        stranger.connection.socket.sendall(b"\x82\xff" + (100_000_000).to_bytes(8, "big") + bytes(4))
        assert stranger.closed() == 1009
    with Socket(app, bob) as inside:
        inside.run()
        said = words(inside.run(query_string="x=" + "y" * 300_000))
        assert "Spent this session" in said


def test_nobody_drops_what_all_share(app, bob):
    """The message that would clear the caches of all sessions, the job manager among them, is answered to nobody."""
    with Socket(app, bob) as inside:
        inside.run()
        inside.send(clear_cache=True)
        inside.send(set_run_on_save=True)
        inside.send(backend_operation_request={"session_id": inside.session, "install_skills": {}})
        kinds = [message.WhichOneof("type") for message in inside.run()]
    assert "script_finished" in kinds
    assert not [kind for kind in kinds if "operation" in str(kind)]


def test_a_page_of_another_site_has_no_use_for_the_sign_in(app, bob):
    """A browser sends the cookie along for any page; the websocket of a page that is not ours is refused."""
    headers = bob.headers() | {"Origin": "https://elsewhere.example"}
    with pytest.raises(InvalidStatus):
        Socket(app, bob, headers=headers).__enter__()
