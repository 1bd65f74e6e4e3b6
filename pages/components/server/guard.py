"""Who may talk to the server, how much may be uploaded, and what a browser may load into a page of ours."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

import anyio.to_thread
import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.components.server import deployment, landing, messages, upload_room, visitor


def inline_script_hashes() -> str:
    """The hashes of the scripts inside Streamlit's own index.html, so that the policy allows those and no others."""
    html = (Path(st.__file__).parent / "static" / "index.html").read_text("utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    digests = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)


# Nothing from other servers: a picture address inside somebody's document is never fetched. `blob:` is for our own
# component's script, 'unsafe-inline' styles for charts and formulas, data: for icons and the fonts of formulas.
POLICY = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "connect-src": "'self'",
    "font-src": "'self' data:",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    "img-src": "'self' data: blob:",
    "script-src": f"'self' blob: {inline_script_hashes()}",
    "style-src": "'self' 'unsafe-inline'",
}
HEADERS = {
    "content-security-policy": "; ".join(f"{what} {where}" for what, where in POLICY.items()),
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}


PAGES = {path.stem for path in Path(__file__).parents[2].glob("*.py")} - {"main", "__init__"}
# The first part of every address that means something: Streamlit's own, ours, and the pages.
KNOWN = {"", "_stcore", "app", "auth", "component", "favicon.png", "index.html", "manifest.json", "media"}
KNOWN |= {"jobs", "oauth2callback", "parts", "readyz", "static", "vendor"} | PAGES
# Who has not come in gets the frontend, which is the same for every app of Streamlit's, and the way to the sign-in.
# What answers the operator's command asks for a token of its own.
STRANGERS = {"", "auth", "favicon.png", "index.html", "jobs", "manifest.json", "oauth2callback", "readyz", "static"}
_STRANGERS_PARTS = (["health"], ["host-config"])
_NOBODYS = (["metrics"], ["agent"], ["script-health-check"])
UNINVITED = (
    "This app is for the computer that it runs on. To let others in, whoever runs it sets up sign-in, or starts it "
    f"with {deployment.ANONYMOUS_VARIABLE}=1; docs/operating.md says how."
)
NOT_FOUND = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Not found</title>'
    '<link rel="icon" href="data:,"><style>:root {{color-scheme: light dark; font: 1.1rem/1.5 system-ui; margin: 3rem}}'
    '</style><p>There is nothing at this address.</p><p><a href="{home}">Open Rerank Playground</a></p></html>'
)


def host_allowed(host: str | None) -> bool:
    """Whether `server.allowedHosts` names this Host header; a page of another site cannot point its name at us."""
    allowed = [name.strip().lower().rstrip(".") for name in st.get_option("server.allowedHosts")]
    if not allowed or "*" in allowed:
        return True
    try:
        split = urlsplit(f"//{host or ''}")
        name, _ = (split.hostname or "").rstrip("."), split.port
    except ValueError:
        return False
    if split.netloc != host or "@" in host:
        return False
    return any(name == entry or (entry.startswith("*.") and name.endswith(entry[1:])) for entry in allowed)


def origin_allowed(origin: str | None, host: str | None) -> bool:
    """Whether a WebSocket comes from a page of ours. Programs other than browsers send no origin."""
    return origin is None or urlsplit(origin).netloc == host or origin in st.get_option("server.corsAllowedOrigins")


def parts_of(path: str) -> list[str]:
    """The parts of an address below the base path."""
    base, parts = ([part for part in text.split("/") if part] for text in (st.get_option("server.baseUrlPath"), path))
    return parts[len(base) :] if parts[: len(base)] == base else parts


def route_known(path: str) -> bool:
    """Whether anything lives at this address. Streamlit answers every other one with its first page and a 200."""
    parts = parts_of(path)
    if parts[:1] == ["_stcore"] and parts[1:2] in _NOBODYS:
        return False
    first, rest = "".join(parts[:1]), parts[1:]
    return first in KNOWN and (first not in PAGES or not rest or rest[0] == "_stcore")


def for_strangers(path: str) -> bool:
    """Whether somebody who has not signed in may have what is at this address: what the sign-in page is made of."""
    parts = parts_of(path)
    if parts[:1] and parts[0] in PAGES:
        parts = parts[1:]
    return parts[1:2] in _STRANGERS_PARTS if parts[:1] == ["_stcore"] else "".join(parts[:1]) in STRANGERS


def is_page(path: str) -> bool:
    """Whether a page of ours is at this address."""
    parts = parts_of(path)
    return not parts or (len(parts) == 1 and parts[0] in PAGES)


class Guard:
    """Refuses strangers before Streamlit sees them, and puts the headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        uninvited = deployment.notice(scope) and not (deployment.signs_in() or deployment.anonymous_allowed())
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, uninvited=uninvited)
        else:
            await self._http(scope, receive, send, uninvited=uninvited)

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, *, uninvited: bool) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host")
        if uninvited or not host_allowed(host) or not origin_allowed(headers.get("origin"), host):
            await receive()
            await send({"type": "websocket.close", "code": 1008})
        elif deployment.signs_in():
            await messages.signed_in(self.app, scope, receive, send)
        else:
            await messages.everybody(self.app, scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send, *, uninvited: bool) -> None:
        headers, path = Headers(scope=scope), scope["path"]
        who = visitor.of(headers) if deployment.signs_in() else None
        stranger = who is not None and who.person() is None

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
                if stranger and is_page(path):
                    landing.ask(scope, message)
                if who is not None and parts_of(path) == ["oauth2callback"]:
                    landing.lead(scope, message)
                if who is not None and parts_of(path) == ["auth", "login"] and message["status"] >= 400:
                    landing.fail(message)
            await send(message)

        answer = PlainTextResponse(UNINVITED, 403) if uninvited else _refusal(headers, path, stranger=stranger)
        if answer is None and who is not None and parts_of(path) == ["auth", "logout"]:
            await anyio.to_thread.run_sync(who.sign_out)
        usual = self._upload if _uploads_to(scope) else self.app
        await (answer or usual)(scope, receive, with_headers)

    async def _upload(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let an upload through if there is room for it. One that does not say how large it is cannot be let in."""
        session, headers = _uploads_to(scope), Headers(scope=scope)
        length = headers.get("content-length", "")
        if not (length.isascii() and length.isdecimal()) or "transfer-encoding" in headers:
            await PlainTextResponse("An upload must say how large it is.", 411)(scope, receive, send)
            return
        try:
            with upload_room.ROOM.coming(session, int(length)):
                await self.app(scope, receive, send)
        except upload_room.Full as full:
            upload_room.draw_again(session)
            await PlainTextResponse(str(full), 413)(scope, receive, send)


def _refusal(headers: Headers, path: str, *, stranger: bool) -> ASGIApp | None:
    """What a request gets instead of an answer of the app's; None where it may have that."""
    if not host_allowed(headers.get("host")):
        return PlainTextResponse("This server does not go by that name. See server.allowedHosts.", 400)
    if not route_known(path):
        return HTMLResponse(NOT_FOUND.format(home=f"/{st.get_option('server.baseUrlPath').strip('/')}"), 404)
    if stranger and not for_strangers(path):
        return PlainTextResponse("Sign in first.", 403)
    return None


def _uploads_to(scope: Scope) -> str:
    """The session to which a request uploads a file; "" where it does something else."""
    parts = parts_of(scope["path"])
    uploads = scope["method"] == "PUT" and parts[:2] == ["_stcore", "upload_file"]
    return parts[2] if uploads and len(parts) > 2 else ""
