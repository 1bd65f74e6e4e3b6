"""What a browser may ask of Streamlit over the websocket, and for how long somebody who has come in stays in.

Streamlit itself would run a part of a page, clear what all sessions share, or take up a session again for whoever asks.
The gate in the frame is not asked then, since the frame does not run. So these rules stand before Streamlit.
"""

from __future__ import annotations

import asyncio

from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState

from pages.components.server import message_size, visitor
from pages.components.server.message_size import STRANGERS_MESSAGE

LOOK_AGAIN = 5.0
"""Seconds after which it is asked again whether the person at a silent websocket may still come in."""
FOR_ALL = {"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"}
_FOR_STRANGERS = {"rerun_script", "stop_script", "app_heartbeat"}
_OPERATIONS = {"deferred_file", "dataframe_chunk"}
_DRAW = BackMsg(rerun_script=ClientState()).SerializeToString()
_PROTOCOL = "sec-websocket-protocol"


def may_send(data: bytes, *, stranger: bool) -> bool:
    """Whether this message goes on to Streamlit.

    Clearing the caches that all share, watching the server's files, asking for its git state, and writing to its disk
    is for nobody. A stranger may draw the sign-in page and no more: no part of a page by its id, no file, no data.
    """
    if stranger and len(data) > STRANGERS_MESSAGE:
        return False
    message = BackMsg()
    try:
        message.ParseFromString(data)
    except DecodeError:
        return False
    kind = message.WhichOneof("type")
    if (
        kind == "backend_operation_request"
        and message.backend_operation_request.WhichOneof("payload") not in _OPERATIONS
    ):
        return False
    return kind in (_FOR_STRANGERS if stranger else FOR_ALL) and not (stranger and message.rerun_script.fragment_id)


async def everybody(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """A websocket where nobody signs in: only what is for nobody is kept away."""

    async def received() -> Message:
        while True:
            message = await receive()
            if message["type"] != "websocket.receive" or may_send(message.get("bytes") or b"", stranger=False):
                return message

    await app(scope, received, send)


async def signed_in(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """A websocket where people sign in. It is closed as soon as its person may not come in any more, whether they do
    something or not, and before anything that they ask for. The page in the browser connects again by itself, and is
    sent the sign-in page in place of what it shows.
    """
    who = visitor.of(Headers(scope=scope))
    person = who.person()
    ended = person is None and _session_of(scope) != ""
    if person is None:
        scope = _without_session(visitor.without_sign_in(scope) if who.signed_out() else scope)
    else:
        message_size.let_in(receive)
    pending: asyncio.Future[Message] | None = None
    connected = False

    async def received() -> Message:
        nonlocal pending, ended, connected
        while True:
            if ended and connected:
                ended = False
                return {"type": "websocket.receive", "bytes": _DRAW}
            pending = pending or asyncio.ensure_future(receive())
            await asyncio.wait({pending}, timeout=LOOK_AGAIN)
            if person is not None and who.person() is None:
                pending.cancel()
                await send({"type": "websocket.close", "code": 1008})
                return {"type": "websocket.disconnect", "code": 1008}
            if not pending.done():
                continue
            message, pending = pending.result(), None
            connected = True
            if message["type"] != "websocket.receive" or may_send(message.get("bytes") or b"", stranger=person is None):
                return message

    try:
        await app(scope, received, send)
    finally:
        if pending is not None:
            pending.cancel()


def _session_of(scope: Scope) -> str:
    """The session that the browser wants to take up again; empty where it begins anew."""
    parts = Headers(scope=scope).get(_PROTOCOL, "").split(",")
    return parts[2].strip() if len(parts) > 2 else ""


def _without_session(scope: Scope) -> Scope:
    """The handshake without the id of an earlier session, so that nobody takes one up again without having come in."""
    scope = {**scope, "headers": list(scope["headers"])}
    headers = MutableHeaders(scope=scope)
    if _PROTOCOL in headers:
        headers[_PROTOCOL] = ", ".join(part.strip() for part in headers[_PROTOCOL].split(",")[:2])
    return scope
