"""What the command `make jobs` asks of a running server: the list of the work under way, and an end to one piece of it.

Each server writes down, in the home folder and for its own user alone, where it listens and a token that is made anew
at every start. Whoever can read that file runs the server, and asks with the token. Others get nothing, from browsers
too.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Iterator
from dataclasses import asdict

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pages.components.administration import listing
from pages.components.administration.written_down import PATH, Running, folder
from pages.components.server.guard import HEADERS

_TOKEN = secrets.token_urlsafe(32)


@contextlib.contextmanager
def write_down() -> Iterator[None]:
    """Write this server down while it runs. Where the folder cannot be written, there is no command and all else
    works."""
    # the name too: two containers on one folder both have a process of number 1
    path = folder() / f"{socket.gethostname()}-{os.getpid()}.json"
    with contextlib.suppress(OSError):
        folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)  # of an earlier process with this number
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(asdict(_this_server()), file)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _this_server() -> Running:
    address = st.get_option("server.address") or "127.0.0.1"
    address = "127.0.0.1" if address in ("0.0.0.0", "::") else address  # noqa: S104  # compared, not bound to
    address = f"[{address}]" if ":" in address else address
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    base = st.get_option("server.baseUrlPath").strip("/")
    port = st.get_option("server.port")
    allowed = [name for name in st.get_option("server.allowedHosts") if not name.startswith("*")]
    host = allowed[0] if allowed else address
    return Running(f"{scheme}://{address}:{port}{'/' + base if base else ''}", f"{host}:{port}", _TOKEN)


def _may(request: Request) -> bool:
    given = request.headers.get("authorization", "")
    return "origin" not in request.headers and secrets.compare_digest(given.encode(), f"Bearer {_TOKEN}".encode())


async def _jobs(request: Request) -> Response:
    if not _may(request):
        return JSONResponse({"error": "There is nothing at this address."}, 404, headers=HEADERS)
    return JSONResponse([asdict(one) | {"standing": one.standing} for one in listing.under_way()], headers=HEADERS)


async def _end(request: Request) -> Response:
    if not _may(request):
        return JSONResponse({"error": "There is nothing at this address."}, 404, headers=HEADERS)
    ended = listing.end(request.path_params["number"])
    if ended is None:
        return JSONResponse({"error": "That is not under way any more."}, 409, headers=HEADERS)
    return JSONResponse(asdict(ended), headers=HEADERS)


ROUTES = (Route(PATH, _jobs), Route(f"{PATH}/{{number:int}}/end", _end, methods=["POST"]))
