"""How much room uploads may take, and what is said where there is none; at the server as it runs."""

from __future__ import annotations

import gc
import http.client
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from pages.components.server import deployment, startup
from pages.components.server.limits import ServerLimits
from pages.components.server.upload_room import Full, UploadRoom
from tests.support.app_server import start_server, wait_until
from tests.support.gate import PATIENCE

MEGABYTE = 1_000_000


class Files:
    """Something that keeps files."""

    def __init__(self, held_bytes: int) -> None:
        self.held_bytes = held_bytes


def room(own: int = 10, everybody: int = 20, kept: dict[str, int] | None = None) -> UploadRoom:
    """A room of so many megabytes a session and in all."""
    allowed = ServerLimits(upload_megabytes_session=own, upload_megabytes_total=everybody)
    return UploadRoom(lambda: allowed, lambda: kept or {})


def test_a_session_gets_its_share_and_no_more():
    """What is on its way, what Streamlit keeps and what stands on a page count together."""
    shared = room(kept={"a": 4 * MEGABYTE})
    files = Files(3 * MEGABYTE)
    shared.holds("a", files)
    with shared.coming("a", 3 * MEGABYTE):
        assert shared.used() == {"a": 10 * MEGABYTE}
        with pytest.raises(Full, match="one tab may hold 10 MB"), shared.coming("a", 1):
            pass
        with shared.coming("b", 10 * MEGABYTE):
            assert sum(shared.used().values()) == 20 * MEGABYTE
            with pytest.raises(Full, match="no room for it now"), shared.coming("c", 1):
                pass
    assert shared.used() == {"a": 7 * MEGABYTE}


def test_what_went_with_its_session_is_not_counted_any_more():
    """Nobody has to give the room back: what nothing holds takes none."""
    shared = room()
    files = Files(9 * MEGABYTE)
    shared.holds("a", files)
    with pytest.raises(Full), shared.coming("a", 2 * MEGABYTE):
        pass
    assert shared.refusal("a")
    del files
    gc.collect()
    with shared.coming("a", 10 * MEGABYTE):
        assert not shared.refusal("a")
    assert shared.used() == {}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 12 * MEGABYTE)), max_size=12))
def test_the_room_is_never_overfilled(asked):
    """Whatever is uploaded at once, nobody has more than a share and all together no more than there is."""
    shared, open_ones = room(), []
    for session, size in asked:
        upload = shared.coming(session, size)
        try:
            upload.__enter__()
        except Full:
            continue
        open_ones.append(upload)
        used = shared.used()
        assert max(used.values(), default=0) <= 10 * MEGABYTE
        assert sum(used.values()) <= 20 * MEGABYTE
    for upload in open_ones:
        upload.__exit__(None, None, None)
    assert shared.used() == {}


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({}, None),
        ({"upload_megabytes_session": 5, "upload_megabytes_total": 5}, None),
        ({"upload_megabytes_session": 0}, "a whole number of at least 1"),
        ({"upload_megabytes_session": "5"}, "a whole number of at least 1"),
        ({"upload_megabytes_total": True}, "a whole number of at least 1"),
        ({"upload_megabytes_total": 10}, "must be at least upload_megabytes_session"),
        ({"upload_gigabytes": 1}, "knows no 'upload_gigabytes'"),
    ],
)
def test_a_limit_that_makes_no_sense_is_refused_with_its_cure(monkeypatch, section, said):
    """The operator reads at the start which value is wrong and what would be right."""
    monkeypatch.setattr(deployment, "secrets", lambda: {"limits": section})
    found = [each for each in startup.problems() if "[limits]" in each]
    assert len(found) == (said is not None)
    assert all(str(said) in each and "restart the app" in each for each in found)


SETTINGS = "[limits]\nupload_megabytes_session = 2\nupload_megabytes_total = 3\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The app with little room for uploads."""
    home = tmp_path_factory.mktemp("app")
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "secrets.toml").write_text(SETTINGS)
    running = start_server(home)
    yield running
    running.stop()


@contextmanager
def session_of(server):
    """A page that is open: its id, and what it is told from now on."""
    address = server.url.replace("http:", "ws:") + "/_stcore/stream"
    options = {"origin": server.url, "subprotocols": ["streamlit"], "proxy": None, "open_timeout": PATIENCE}
    with connect(address, **options, max_queue=None) as opened:  # what is not read must not hold up the end
        message = BackMsg()
        message.rerun_script.SetInParent()
        opened.send(message.SerializeToString())
        yield next(one.new_session.initialize.session_id for one in told(opened) if one.HasField("new_session")), opened


def told(opened):
    """What the page is told, message by message."""
    while True:
        message = ForwardMsg()
        message.ParseFromString(opened.recv(PATIENCE))
        yield message


def put(server, session: str, name: str, size: int, **headers: str) -> tuple[int, str]:
    """Upload a file as a browser does, so many bytes large with all that is around it."""
    _status, got, _text = server.get("/_stcore/health")
    cookie = got.get("set-cookie", "").partition(";")[0]
    edge = "edge"
    before = f'--{edge}\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n'.encode()
    after = f"\r\n--{edge}--\r\n".encode()
    body = before + b"x" * (size - len(before) - len(after)) + after
    where = urlsplit(server.url)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=PATIENCE)
    sent = {
        "Content-Type": f"multipart/form-data; boundary={edge}",
        "Cookie": cookie,
        "X-Xsrftoken": cookie.partition("=")[2],
    }
    chunked = "Transfer-Encoding" in headers
    try:
        connection.request(
            "PUT",
            f"/_stcore/upload_file/{session}/{name}",
            iter([body]) if chunked else body,
            sent | headers,
            encode_chunked=chunked,
        )
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def test_uploads_beyond_the_quota_are_refused_until_there_is_room_again(server):
    """A tab that sends more than its share gets 413 with a sentence, and so do all together; a closed tab gives its
    room back."""
    with session_of(server) as (first, told_first), session_of(server) as (second, _):
        assert put(server, first, "1", MEGABYTE)[0] == 204
        assert put(server, first, "2", MEGABYTE)[0] == 204
        status, text = put(server, first, "3", MEGABYTE)
        assert status == 413
        assert "one tab may hold 2 MB" in text
        assert put(server, second, "1", MEGABYTE)[0] == 204
        status, text = put(server, second, "2", MEGABYTE)
        assert status == 413
        assert "no room for it now" in text
        assert next(one for one in told(told_first) if "one tab may hold 2 MB" in str(one))
    with session_of(server) as (third, _):
        wait_until(lambda: put(server, third, "1", MEGABYTE)[0] == 204, "the room of the closed tabs")


def test_an_upload_that_does_not_say_its_size_is_refused(server):
    """Nobody gets past the quota by leaving the size out."""
    with session_of(server) as (session, _):
        assert put(server, session, "1", 1000, **{"Transfer-Encoding": "chunked"})[0] == 411


def test_what_is_refused_without_a_page_takes_no_room(server):
    """An upload to a page that is not open is refused, and the next one finds the same room."""
    for _ in range(5):
        assert put(server, "no-such-session", "1", MEGABYTE)[0] in (400, 403)
