"""Counts what comes over HTTP, before the guard has its say, so that refusals are counted too."""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.components.monitoring import metrics
from pages.components.server.guard import is_page, parts_of

_KINDS = {
    "auth": "sign_in",
    "oauth2callback": "sign_in",
    "readyz": "health",
    "jobs": "command",
    "media": "media",
    "static": "static",
    "vendor": "static",
    "component": "static",
    "parts": "static",
    "favicon.png": "static",
    "manifest.json": "static",
}
_INNER = {"upload_file": "upload", "health": "health", "stream": "websocket"}


def kind_of(scope: Scope) -> str:
    """What a request is for, as one of a few words."""
    if scope["type"] == "websocket":
        return "websocket"
    found = parts_of(scope["path"])
    if is_page(scope["path"]):
        return "page"
    if "_stcore" in found[:2]:
        return _INNER.get("".join(found[found.index("_stcore") + 1 :][:1]), metrics.OTHER)
    return _KINDS.get(found[0], metrics.OTHER)


class Counted:
    """Counts each request with how it was answered and how long it took; of a websocket, that it was opened."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        now = metrics.current()
        if now is None or scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        kind, began, counted = kind_of(scope), time.perf_counter(), False

        async def sent(message: Message) -> None:
            nonlocal counted
            if not counted:
                counted = True
                now.requests.labels(kind, _status(message)).inc()
            await send(message)

        try:
            await self.app(scope, receive, sent)
        finally:
            if scope["type"] == "http":
                now.request_seconds.labels(kind).observe(time.perf_counter() - began)


def _status(message: Message) -> str:
    if message["type"] == "http.response.start":
        return str(message["status"])
    return "101" if message["type"] == "websocket.accept" else "refused"
