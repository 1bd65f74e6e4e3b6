"""What a shared server sends over a network is compressed: the page, its scripts and its styles, each once.

Streamlit compresses none of these, since it would do so anew for every visitor. Here what has been compressed is kept,
up to a bound. On this computer nothing is: there it costs time and saves none.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict

import anyio.to_thread
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pages.components.server import deployment

_KINDS = ("text/", "application/javascript", "application/json", "application/manifest+json", "image/svg+xml")
_LEAST = 500  # bytes; what is smaller fits into one packet as it is
_MOST_KEPT = 32 * 2**20  # bytes: all of Streamlit's files take a fifth of it


class Compressed:
    """Compresses files that do not change, for browsers that take it, where the server is shared."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()  # by address and version, the latest used last
        self._size = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or not _taken(scope) or not deployment.shared():
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def sent(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _may_be(Headers(raw=message["headers"]), message["status"]):
                start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    await self._send(scope["path"], start, bytes(body), send)

        await self.app(scope, receive, sent)

    async def _send(self, path: str, start: Message, body: bytes, send: Send) -> None:
        headers = MutableHeaders(scope=start)
        headers.add_vary_header("Accept-Encoding")
        if len(body) >= _LEAST:
            body = await self._compressed(path, headers.get("etag", ""), body)
            headers["content-encoding"], headers["content-length"] = "gzip", str(len(body))
            etag = headers.get("etag", "")
            if etag and not etag.startswith("W/"):
                headers["etag"] = f"W/{etag}"  # no longer the file byte by byte
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def _compressed(self, path: str, version: str, body: bytes) -> bytes:
        """The body compressed; what has a version is kept by it."""
        key = (path, version)
        found = self._kept.get(key) if version else None
        if found is None:
            found = await anyio.to_thread.run_sync(lambda: gzip.compress(body, 6, mtime=0))
            if version and key not in self._kept:
                self._kept[key] = found
                self._size += len(found)
        else:
            self._kept.move_to_end(key)
        while self._size > _MOST_KEPT:
            _, oldest = self._kept.popitem(last=False)
            self._size -= len(oldest)
        return found


def _taken(scope: Scope) -> bool:
    """Whether the browser takes gzip, and all of the file."""
    headers = Headers(scope=scope)
    coding = [part.strip().lower().replace(" ", "") for part in headers.get("accept-encoding", "").split(",")]
    wanted = any(part.split(";")[0] == "gzip" and not part.endswith((";q=0", ";q=0.0")) for part in coding)
    return wanted and "range" not in headers


def _may_be(headers: Headers, status: int) -> bool:
    """Whether an answer is one that is compressed: a text for the browser's cache, or the page itself."""
    kind = headers.get("content-type", "")
    whole = status == 200 and "content-encoding" not in headers and "no-store" not in headers.get("cache-control", "")
    return whole and kind.startswith(_KINDS)
